/* SPDX-License-Identifier: BSD-3-Clause */
/* A 32-bit task and a 64-bit one send each other messages through the same arena; and each is started as pvmd will start
 * tasks, by handover. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "arena/handover.h"
#include "arena_task.h"

#define COUNT 5000

/* The program beside this one; "" when it was not built. */
static char peer[PATH_MAX];

/* Starts it with a descriptor that it inherits. */
static pid_t start_peer(struct arena_daemon *daemon, const char *role, uint32_t slot, uint32_t receiver)
{
    char text[PVMI_HANDOVER_TEXT], name[16], count[16];
    struct pvmi_handover handover = { .slot = slot, .nonce = slot + 1000 };
    int fd = dup(daemon->arena->fd);
    int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t pid;

    assert_int_equal(pvmi_handover_describe(fd, &handover.arena), PvmOk);
    assert_int_equal(pvmi_handover_describe(socket_fd, &handover.socket), PvmOk);
    pvmi_handover_write(&handover, text);
    snprintf(name, sizeof(name), "%x", receiver);
    snprintf(count, sizeof(count), "%d", COUNT);
    pid = fork();
    if (pid == 0) {
        execl(peer, peer, role, text, name, count, (char *)NULL);
        _exit(2);
    }
    close(fd);
    close(socket_fd);
    return pid;
}

/* So many slots that those behind them lie beyond what 32 bits can say. */
static void use_slots(struct arena_daemon *daemon)
{
    for (int i = 0; i < 5; i++)
        daemon_reserve(daemon, 100 + i);
    assert_true((uint64_t)5 * daemon->arena->stride > UINT32_MAX);
}

static void a_32_bit_task_sends_to_a_64_bit_one(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    uint64_t sum = 0;

    (void)state;
    if (peer[0] == '\0')
        skip();
    daemon_make(&daemon, ARENA_PAGES);
    use_slots(&daemon);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    uint32_t slot = daemon_reserve(&daemon, 2);
    pid_t pid = start_peer(&daemon, "send", slot, task.self.name);

    for (uint32_t i = 0; i < COUNT; i++)
        sum += task_receive(&task);
    assert_int_equal(sum, (uint64_t)COUNT * (COUNT - 1) / 2);
    assert_int_equal(status_of(pid), 0);
    daemon_bury(&daemon, slot);
    struct arena_record record;
    struct pvmi_hold hold;

    assert_false(task_take(&task, &record, &hold));
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    task_end(&task, false);
    daemon_end(&daemon);
}

static void a_64_bit_task_sends_to_a_32_bit_one(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;

    (void)state;
    if (peer[0] == '\0')
        skip();
    daemon_make(&daemon, ARENA_PAGES);
    use_slots(&daemon);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    uint32_t slot = daemon_reserve(&daemon, 2);
    uint32_t receiver = name_of(daemon.arena, slot);
    pid_t pid = start_peer(&daemon, "receive", slot, 0);

    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(task_send(&task, receiver, i, i % 9 == 8 ? 5000 : i % 200, 1300), PvmOk);
    assert_int_equal(status_of(pid), 0);
    task_end(&task, false);
    daemon_end(&daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_32_bit_task_sends_to_a_64_bit_one),
        cmocka_unit_test(a_64_bit_task_sends_to_a_32_bit_one),
    };
    ssize_t length = readlink("/proc/self/exe", peer, sizeof(peer) - 32);

    if (length > 0) {
        peer[length] = '\0';
        strcpy(strrchr(peer, '/') + 1, "arena_peer32");
    }
    if (length <= 0 || access(peer, X_OK) != 0)
        peer[0] = '\0';
    return cmocka_run_group_tests(tests, NULL, NULL);
}
