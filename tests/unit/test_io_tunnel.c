/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections through ssh, with a script in the place of ssh: what it is told, what it says, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/io/tunnel.h"

struct world {
    struct io io;
    uv_signal_t child;
    char folder[32];
    char old_path[4096];
    int fd;                 /* our end */
    bool ended;
    enum tunnel_end end;
    char text[128];
};

static void on_child(uv_signal_t *handle, int signum)
{
    (void)signum;
    tunnels_on_child(handle->data);
}

static int open_world(void **state)
{
    static struct world world;
    char path[8192];

    memset(&world, 0, sizeof(world));
    if (io_open(&world.io) != PvmOk)
        return -1;
    world.io.tunnels = tunnels_new();
    world.fd = -1;
    getrlimit(RLIMIT_NOFILE, &world.io.own.files);
    uv_signal_init(world.io.loop, &world.child);
    world.child.data = &world.io;
    uv_signal_start(&world.child, on_child, SIGCHLD);
    strcpy(world.folder, "/tmp/pvm-tunnel.XXXXXX");
    if (mkdtemp(world.folder) == NULL)
        return -1;
    snprintf(world.old_path, sizeof(world.old_path), "%s", getenv("PATH"));
    snprintf(path, sizeof(path), "%s:%s", world.folder, world.old_path);
    setenv("PATH", path, 1);
    *state = &world;
    return 0;
}

/* Alive, or not yet waited for. */
static bool has_child(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    char path[64];

    if (world->fd >= 0)
        close(world->fd);
    uv_close((uv_handle_t *)&world->child, NULL);
    io_close(&world->io);
    setenv("PATH", world->old_path, 1);
    snprintf(path, sizeof(path), "%s/ssh", world->folder);
    unlink(path);
    rmdir(world->folder);
    /* No process is left. */
    return !has_child() && pvmi_alloc_count() == 0 ? 0 : -1;
}

static void on_end(void *owner, enum tunnel_end end, const char *text)
{
    struct world *world = owner;

    assert_false(world->ended);
    world->ended = true;
    world->end = end;
    snprintf(world->text, sizeof(world->text), "%s", text);
}

/* Starts a tunnel through a script with this body. */
static struct tunnel *start(struct world *world, const char *body)
{
    struct tunnel_way way = { .address = (char *)"alias", .login = (char *)"me" };
    struct pvmi_fault fault;
    char path[64];

    snprintf(path, sizeof(path), "%s/ssh", world->folder);
    FILE *script = fopen(path, "w");
    assert_non_null(script);
    fprintf(script, "#!/bin/sh\n%s\n", body);
    fchmod(fileno(script), 0700);
    fclose(script);
    struct tunnel *tunnel = tunnel_start(&world->io, &way, "127.0.0.1:4000", on_end, world, &world->fd, &fault);
    assert_non_null(tunnel);
    return tunnel;
}

static void await_end(struct world *world)
{
    while (!world->ended)
        uv_run(world->io.loop, UV_RUN_ONCE);
}

/* ---- what it is told and what it says ---- */

static void ssh_gets_its_options_the_target_and_the_way(void **state)
{
    struct world *world = *state;

    start(world, "echo \"$*\" | cut -d' ' -f13- >&2; exit 1");
    await_end(world);
    assert_string_equal(world->text, "nor through ssh: -W 127.0.0.1:4000 -l me alias");
    assert_int_equal(world->end, TUNNEL_FAILED);
}

static void ssh_asks_nothing_and_is_no_master_for_others(void **state)
{
    struct world *world = *state;

    start(world, "echo \"$*\" | cut -d' ' -f1-6 >&2; exit 1");
    await_end(world);
    assert_string_equal(world->text, "nor through ssh: -o BatchMode=yes -o ConnectTimeout=10 -o ControlMaster=no");
}

static void each_end_has_its_meaning(void **state)
{
    static const struct {
        const char *said;
        int status;
        enum tunnel_end end;
        const char *text;
    } cases[] = {
        { "channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\n", 255 << 8,
          TUNNEL_REFUSED, "nor through ssh: channel 0: open failed: connect failed: Connection refused" },
        { "channel 0: open failed: administratively prohibited: open failed\r\nstdio forwarding failed\r\n", 255 << 8,
          TUNNEL_FORBIDDEN, "and its ssh server forbids forwarding (AllowTcpForwarding)" },
        { "ssh: connect to host alias port 22: Connection refused\r\n", 255 << 8,
          TUNNEL_FAILED, "nor through ssh: ssh: connect to host alias port 22: Connection refused" },
        { "", 0, TUNNEL_CLOSED, "through ssh: our hello was not accepted" },
        { "", 255 << 8, TUNNEL_CLOSED, "through ssh: our hello was not accepted" },
        { "", SIGKILL, TUNNEL_FAILED, "nor through ssh: ssh was killed by signal 9" },
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(tunnel_explain(cases[i].said, cases[i].status, text, sizeof(text)), cases[i].end);
        assert_string_equal(text, cases[i].text);
    }
}

static void the_last_of_many_words_counts(void **state)
{
    struct world *world = *state;

    start(world, "i=0; while [ $i -lt 100 ]; do echo \"a line of a banner, number $i\" >&2; i=$((i + 1)); done\n"
                 "echo 'the reason' >&2; exit 255");
    await_end(world);
    assert_string_equal(world->text, "nor through ssh: the reason");
}

/* ---- what goes through it ---- */

static void bytes_go_both_ways_and_it_ends_with_our_side(void **state)
{
    struct world *world = *state;
    struct tunnel *tunnel = start(world, "exec cat");
    char back[8];
    size_t have = 0;
    ssize_t n;

    assert_int_equal(send(world->fd, "there", 6, MSG_NOSIGNAL), 6);
    assert_int_not_equal(fcntl(world->fd, F_GETFL) & O_NONBLOCK, 0);
    while (have < 6) {
        n = recv(world->fd, back + have, sizeof(back) - have, MSG_DONTWAIT);
        assert_int_not_equal(n, 0);
        have += n > 0 ? (size_t)n : 0;
    }
    assert_string_equal(back, "there");
    tunnel_keep(tunnel);
    close(world->fd);
    world->fd = -1;
    tunnel_close(tunnel, false);
    uv_run(world->io.loop, UV_RUN_ONCE);
    assert_false(world->ended);
}

static void a_link_that_has_it_closes_it_after_its_end(void **state)
{
    struct world *world = *state;
    struct tunnel *tunnel = start(world, "exit 0");
    char byte;

    tunnel_keep(tunnel);
    while (recv(world->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
        uv_run(world->io.loop, UV_RUN_NOWAIT);
    while (has_child())
        uv_run(world->io.loop, UV_RUN_ONCE);
    tunnel_close(tunnel, false);
    assert_false(world->ended);
}

/* ---- its end ---- */

static void one_that_does_not_end_is_killed(void **state)
{
    struct world *world = *state;
    struct tunnel *tunnel = start(world, "trap '' TERM; while :; do sleep 100; done");

    tunnel_close(tunnel, true);
    while (has_child())
        uv_run(world->io.loop, UV_RUN_ONCE);
    assert_false(world->ended);
}

static void those_that_are_left_at_the_end_are_killed(void **state)
{
    struct world *world = *state;

    tunnel_close(start(world, "exec sleep 1000"), false);
}

static void without_memory_none_is_started(void **state)
{
    struct world *world = *state;
    struct tunnel_way way = { .address = (char *)"alias" };
    struct tunnel *tunnel = NULL;
    struct pvmi_fault fault;

    start(world, "exit 0");
    await_end(world);
    close(world->fd);
    world->ended = false;
    for (int nth = 0; tunnel == NULL; nth++) {
        assert_true(nth < 200);
        pvmi_alloc_fail_nth(nth);
        tunnel = tunnel_start(&world->io, &way, "127.0.0.1:4000", on_end, world, &world->fd, &fault);
        pvmi_alloc_fail_nth(-1);
    }
    await_end(world);
}

#define TUNNELLED(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TUNNELLED(ssh_gets_its_options_the_target_and_the_way),
        TUNNELLED(ssh_asks_nothing_and_is_no_master_for_others),
        TUNNELLED(each_end_has_its_meaning),
        TUNNELLED(the_last_of_many_words_counts),
        TUNNELLED(bytes_go_both_ways_and_it_ends_with_our_side),
        TUNNELLED(a_link_that_has_it_closes_it_after_its_end),
        TUNNELLED(one_that_does_not_end_is_killed),
        TUNNELLED(those_that_are_left_at_the_end_are_killed),
        TUNNELLED(without_memory_none_is_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
