/* SPDX-License-Identifier: BSD-3-Clause */
/* The keeper as the daemon sees it: messages over its socket, real processes below it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/passing.h"
#include "pvmd/keeper/keeper.h"
#include "pvmd/keeper/reap.h"
#include "wire/control.h"
#include "wire/reader.h"

#define ARCH "TESTARCH"

struct fixture {
    int fd;
    pid_t keeper;
    char folder[64];
    char path_variable[128];
    int passed;        /* descriptor that came with the last message, or -1 */
    int connection;    /* and the second one */
};

static int start_keeper(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof(fixture));
    snprintf(fixture.folder, sizeof(fixture.folder), "/tmp/test-keeper.XXXXXX");
    if (mkdtemp(fixture.folder) == NULL)
        return -1;
    snprintf(fixture.path_variable, sizeof(fixture.path_variable), "PATH=/usr/bin:/bin:/usr/bin");
    fixture.passed = -1;
    fixture.connection = -1;
    *state = &fixture;
    return keeper_fork(&(struct rlimit){ 77, 88 }, &fixture.fd, &fixture.keeper);
}

static int end_keeper(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    int status;

    if (fixture->fd >= 0)
        close(fixture->fd);
    if (fixture->passed >= 0)
        close(fixture->passed);
    if (fixture->connection >= 0)
        close(fixture->connection);
    waitpid(fixture->keeper, &status, 0);
    snprintf(command, sizeof(command), "rm -rf %s", fixture->folder);
    return system(command);
}

/* ---- talking ---- */

static void say(struct fixture *fixture, int type, const void *msg)
{
    struct pvmi_buffer out;
    uint8_t length[4];
    uint8_t *at = length;

    pvmi_buffer_init(&out, KEEPER_MESSAGE_MAX);
    assert_int_equal(pvmi_control_encode(type, msg, &out), PvmOk);
    pvmi_put_u32(&at, (uint32_t)out.length);
    assert_int_equal(send(fixture->fd, length, 4, 0), 4);
    assert_int_equal(send(fixture->fd, out.data, out.length, 0), out.length);
    pvmi_buffer_fini(&out);
}

static void read_whole(struct fixture *fixture, uint8_t *data, size_t length)
{
    while (length > 0) {
        struct pollfd ready = { .fd = fixture->fd, .events = POLLIN };
        int fds[PVMI_PASSING_MAX];
        int count;

        assert_true(poll(&ready, 1, 20000) > 0);
        ssize_t n = pvmi_passing_recv(fixture->fd, data, length, 0, fds, &count);
        assert_true(n > 0);
        if (count > 0)
            fixture->passed = fds[0];
        if (count > 1)
            fixture->connection = fds[1];
        data += n;
        length -= (size_t)n;
    }
}

/* The next message, which must be of this type; to be freed. */
static struct pvmi_control hear(struct fixture *fixture, int type)
{
    struct pvmi_control control;
    struct pvmi_reader reader;
    uint8_t start[4];
    uint8_t body[65536];

    read_whole(fixture, start, 4);
    pvmi_reader_init(&reader, start, 4);
    uint32_t length = pvmi_get_u32(&reader);
    assert_true(length <= sizeof(body));
    read_whole(fixture, body, length);
    assert_int_equal(pvmi_control_decode(body, length, &control), PvmOk);
    if (control.type != type && control.type == PVMI_MSG_run_failed)
        print_message("%s\n", ((struct pvmi_msg_run_failed *)control.msg)->error.text);
    assert_int_equal(control.type, type);
    return control;
}

static void fill_run(struct fixture *fixture, struct pvmi_msg_run *run, const char *file, char **argv, uint32_t argc)
{
    static char *env[4];

    env[0] = fixture->path_variable;
    env[1] = (char *)"PVM_ARCH=" ARCH;
    env[2] = (char *)"TEST_MARK=1";
    *run = (struct pvmi_msg_run){
        .handle = 7, .tid = 0x40001, .file = file, .argv = { argv, argc }, .env = { env, 3 },
    };
}

/* Runs sh -c SCRIPT and returns its pid; its output is fixture->passed. */
static pid_t run_script(struct fixture *fixture, const char *script)
{
    char *argv[] = { (char *)"-c", (char *)script };
    struct pvmi_msg_run run;

    fill_run(fixture, &run, "sh", argv, 2);
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    pid_t pid = ((struct pvmi_msg_run_started *)control.msg)->pid;
    pvmi_control_free(&control);
    assert_true(fixture->passed >= 0);
    return pid;
}

/* A run_arena with the descriptor of a file that has text in it. */
static void say_arena(struct fixture *fixture, const char *text)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct pvmi_msg_run_arena msg = { .slots = 64 };
    struct pvmi_buffer out;
    uint8_t room[4] = { 0 };
    uint8_t *at;

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    pvmi_buffer_init(&out, KEEPER_MESSAGE_MAX);
    assert_int_equal(pvmi_buffer_append(&out, room, sizeof(room)), PvmOk);
    assert_int_equal(pvmi_control_encode(PVMI_MSG_run_arena, &msg, &out), PvmOk);
    at = out.data;
    pvmi_put_u32(&at, (uint32_t)(out.length - 4));
    assert_int_equal(pvmi_passing_send(fixture->fd, out.data, out.length, 0, &fd, 1), out.length);
    pvmi_buffer_fini(&out);
    close(fd);
}

/* The same as run_script() for a process with a connection in which hello lies. */
static void run_connected(struct fixture *fixture, const char *script, const char *hello, bool connected)
{
    char *argv[] = { (char *)"-c", (char *)script };
    struct pvmi_msg_run run;

    fill_run(fixture, &run, "bash", argv, 2);
    run.hello.data = (const uint8_t *)hello;
    run.hello.length = (uint32_t)strlen(hello);
    run.slot = 0x123;
    run.slot_nonce = 0x456;
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    assert_int_equal(((struct pvmi_msg_run_started *)control.msg)->connected, connected);
    pvmi_control_free(&control);
    assert_int_equal(fixture->connection >= 0, connected);
}

/* All output, to its end. */
static void read_output(struct fixture *fixture, char *text, size_t text_max)
{
    size_t length = 0;
    ssize_t n;

    while ((n = read(fixture->passed, text + length, text_max - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = '\0';
    close(fixture->passed);
    fixture->passed = -1;
}

static int hear_end(struct fixture *fixture)
{
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_ended);
    int status = ((struct pvmi_msg_run_ended *)control.msg)->status;

    assert_int_equal(((struct pvmi_msg_run_ended *)control.msg)->handle, 7);
    pvmi_control_free(&control);
    return status;
}

static void expect_failed(struct fixture *fixture, const char *file, int code, const char *part)
{
    struct pvmi_msg_run run;

    fill_run(fixture, &run, file, NULL, 0);
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_failed);
    const struct pvmi_msg_run_failed *failed = control.msg;
    assert_int_equal(failed->handle, 7);
    assert_int_equal(failed->error.code, code);
    if (strstr(failed->error.text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, failed->error.text);
    pvmi_control_free(&control);
}

static void make_file(struct fixture *fixture, const char *name, const char *text, mode_t mode, char path[160])
{
    snprintf(path, 160, "%s/%s", fixture->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    fchmod(fd, mode);
    close(fd);
}

/* Waits until fd, the reading end of a pipe, is at its end: all who held the other one have gone. */
static void await_end(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char rest[64];

    do
        assert_true(poll(&ready, 1, 20000) > 0);
    while (read(fd, rest, sizeof(rest)) > 0);
}

/* ---- starting ---- */

static void the_end_of_a_process_is_told_with_its_status(void **state)
{
    struct fixture *fixture = *state;

    run_script(fixture, "exit 3");
    int status = hear_end(fixture);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
}

static void stdout_and_stderr_come_over_one_pipe_in_order(void **state)
{
    struct fixture *fixture = *state;
    char text[64];

    run_script(fixture, "echo one; echo two >&2; echo three");
    read_output(fixture, text, sizeof(text));
    assert_string_equal(text, "one\ntwo\nthree\n");
    hear_end(fixture);
}

static void a_process_has_its_own_group_in_our_session_no_terminal_no_input_and_no_descriptor_of_ours(void **state)
{
    struct fixture *fixture = *state;
    char text[256];
    char expected[256];

    pid_t pid = run_script(fixture, "cd /proc/$$/fd; echo *; read x || echo no input;"
                                    " cut -d' ' -f5,6,7 /proc/$$/stat; echo $TEST_MARK");
    read_output(fixture, text, sizeof(text));
    /* The glob itself opens one. */
    snprintf(expected, sizeof(expected), "0 1 2 3\nno input\n%d %d 0\n1\n", (int)pid, (int)getsid(0));
    assert_string_equal(text, expected);
    hear_end(fixture);
}

static void a_process_may_open_as_many_files_as_the_daemon_before_it_raised_its_limit(void **state)
{
    struct fixture *fixture = *state;
    char text[64];

    run_script(fixture, "ulimit -Sn; ulimit -Hn");
    read_output(fixture, text, sizeof(text));
    assert_string_equal(text, "77\n88\n");
    hear_end(fixture);
}

static void signals_are_as_in_a_fresh_process(void **state)
{
    struct fixture *fixture = *state;
    unsigned long long blocked, ignored;
    char text[256];

    signal(SIGUSR1, SIG_IGN);
    run_script(fixture, "grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f2");
    read_output(fixture, text, sizeof(text));
    assert_int_equal(sscanf(text, "%llx\n%llx\n", &blocked, &ignored), 2);
    assert_true(blocked == 0);
    /* Signals 32 and 33 are libc's own: it lets nobody change them, and some versions of make ignore them. */
    assert_true((ignored & ~0x180000000ull) == 0);
    hear_end(fixture);
}

static void the_first_word_of_argv_is_the_whole_path(void **state)
{
    struct fixture *fixture = *state;
    struct pvmi_msg_run run;
    char *directories[] = { (char *)"/no/such/folder", fixture->folder };
    char *argv[] = { (char *)"a b", (char *)"" };
    char path[160];
    char text[256];
    char expected[400];

    make_file(fixture, "prog", "#!/bin/sh\necho \"$0|$1|$2|$#\"\n", 0755, path);
    fill_run(fixture, &run, "prog", argv, 2);
    run.path.v = directories;
    run.path.n = 2;
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    assert_string_equal(((struct pvmi_msg_run_started *)control.msg)->path, path);
    pvmi_control_free(&control);
    read_output(fixture, text, sizeof(text));
    snprintf(expected, sizeof(expected), "%s|a b||2\n", path);
    assert_string_equal(text, expected);
    hear_end(fixture);
}

static void a_process_runs_in_its_directory_or_in_ours_if_that_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    const char *directories[] = { fixture->folder, "/no/such/folder" };
    char here[256];
    char text[256];

    assert_non_null(getcwd(here, sizeof(here)));
    for (int i = 0; i < 2; i++) {
        struct pvmi_msg_run run;

        fill_run(fixture, &run, "pwd", NULL, 0);
        run.directory = directories[i];
        say(fixture, PVMI_MSG_run, &run);
        struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
        pvmi_control_free(&control);
        read_output(fixture, text, sizeof(text));
        text[strcspn(text, "\n")] = '\0';
        assert_string_equal(text, i == 0 ? fixture->folder : here);
        hear_end(fixture);
    }
}

static void a_name_with_a_slash_is_taken_from_the_directory_of_the_task(void **state)
{
    struct fixture *fixture = *state;
    struct pvmi_msg_run run;
    char path[160];
    char text[256];

    make_file(fixture, "prog", "#!/bin/sh\necho here\n", 0755, path);
    fill_run(fixture, &run, "./prog", NULL, 0);
    run.directory = fixture->folder;
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    pvmi_control_free(&control);
    read_output(fixture, text, sizeof(text));
    assert_string_equal(text, "here\n");
    hear_end(fixture);
}

static void the_places_of_pvm_3_are_searched(void **state)
{
    struct fixture *fixture = *state;
    struct pvmi_msg_run run;
    char path[160];
    char command[256];
    char root[128];

    snprintf(command, sizeof(command), "mkdir -p %s/bin/" ARCH, fixture->folder);
    assert_int_equal(system(command), 0);
    make_file(fixture, "bin/" ARCH "/prog", "#!/bin/sh\n", 0755, path);
    snprintf(root, sizeof(root), "PVM_ROOT=%s", fixture->folder);
    fill_run(fixture, &run, "prog", NULL, 0);
    run.env.v[2] = root;
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    assert_string_equal(((struct pvmi_msg_run_started *)control.msg)->path, path);
    pvmi_control_free(&control);
    hear_end(fixture);
}

static void a_debugger_script_gets_the_path_and_the_arguments(void **state)
{
    struct fixture *fixture = *state;
    struct pvmi_msg_run run;
    char *argv[] = { (char *)"word" };
    char script[160];
    char text[256];

    make_file(fixture, "debugger", "#!/bin/sh\necho \"debugging $*\"\nexec \"$@\"\n", 0755, script);
    fill_run(fixture, &run, "/bin/echo", argv, 1);
    run.debugger = script;
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    pvmi_control_free(&control);
    read_output(fixture, text, sizeof(text));
    assert_string_equal(text, "debugging /bin/echo word\nword\n");
    hear_end(fixture);
}

static void a_signal_reaches_the_process(void **state)
{
    struct fixture *fixture = *state;
    struct pvmi_msg_run_signal kill_it = { .handle = 7, .signum = SIGTERM };

    run_script(fixture, "exec sleep 100");
    say(fixture, PVMI_MSG_run_signal, &kill_it);
    int status = hear_end(fixture);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* ---- what fails ---- */

static void what_is_not_found_names_the_folders(void **state)
{
    expect_failed(*state, "no-such-program", PvmNoFile, "no executable no-such-program in /usr/bin, /bin: copy");
    expect_failed(*state, "/no/such/program", PvmNoFile, "no file /no/such/program");
    expect_failed(*state, "", PvmNoFile, "no file");
}

static void what_may_not_be_executed_is_named(void **state)
{
    struct fixture *fixture = *state;
    char path[160];

    make_file(fixture, "text", "no program\n", 0644, path);
    expect_failed(fixture, path, PvmNoFile, "is not a file that may be executed");
    expect_failed(fixture, fixture->folder, PvmNoFile, "is not a file that may be executed");
}

static void what_the_kernel_refuses_is_told_with_the_reason(void **state)
{
    struct fixture *fixture = *state;
    char path[160];

    make_file(fixture, "garbage", "\001\002\003", 0755, path);
    expect_failed(fixture, path, PvmNoFile, "cannot be executed: made for another machine");
    make_file(fixture, "script", "#!/no/such/interpreter\n", 0755, path);
    expect_failed(fixture, path, PvmNoFile, "its interpreter");
    run_script(fixture, "true");    /* and the keeper goes on */
    hear_end(fixture);
}

/* ---- the end ---- */

static void descendants_end_when_the_daemon_has_gone(void **state)
{
    struct fixture *fixture = *state;
    char go;

    /* A child, one in a session of its own, and one whose parent has gone: all hold the pipe. */
    run_script(fixture, "sleep 1000 & setsid sleep 1000 & (sleep 1000 & ) ; trap '' TERM INT; echo; wait; wait");
    assert_int_equal(read(fixture->passed, &go, 1), 1);
    close(fixture->fd);
    fixture->fd = -1;
    await_end(fixture->passed);
    assert_int_equal(waitpid(fixture->keeper, NULL, 0), fixture->keeper);
}

static void signals_of_the_terminal_do_not_end_the_keeper(void **state)
{
    struct fixture *fixture = *state;

    kill(fixture->keeper, SIGINT);
    kill(fixture->keeper, SIGTERM);
    kill(fixture->keeper, SIGHUP);
    run_script(fixture, "true");
    hear_end(fixture);
}

/* vfork() lets the parent go on a little before the new program's environment can be read. */
static void await_environment(int pid)
{
    char path[64];
    char byte;
    ssize_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    while (count <= 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        count = read(fd, &byte, 1);
        close(fd);
        sched_yield();
    }
}

static void marked_processes_are_ended_and_no_others(void **state)
{
    struct fixture *fixture = *state;
    struct pvmi_msg_run run;
    char *argv[] = { (char *)"1000" };
    char mark[64];
    char value[32];

    snprintf(value, sizeof(value), "%d-mark", (int)getpid());
    snprintf(mark, sizeof(mark), "TEST_KEEPER=%s", value);
    fill_run(fixture, &run, "sleep", argv, 1);
    run.env.v[2] = mark;
    say(fixture, PVMI_MSG_run, &run);
    struct pvmi_control control = hear(fixture, PVMI_MSG_run_started);
    await_environment(((struct pvmi_msg_run_started *)control.msg)->pid);
    pvmi_control_free(&control);

    value[0]++;
    assert_int_equal(reap_marked("TEST_KEEPER", value), 0);
    value[0]--;
    assert_int_equal(reap_marked("TEST_KEEPER", value), 1);
    int status = hear_end(fixture);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* Its first descriptors are free, as ever; what it inherits is named by number, and is the last that it has. */
static void a_process_inherits_the_arena_and_a_connection(void **state)
{
    struct fixture *fixture = *state;
    char text[4096];
    char word[16] = "";
    char *variable;
    unsigned arena, socket;

    say_arena(fixture, "memory\n");
    run_connected(fixture, "read -ru 62 a; read -ru 63 b; echo $a $b; echo back >&63; cd /proc/self/fd; echo *; echo =$PVM_SLOT",
                  "hello\n", true);
    read_output(fixture, text, sizeof(text));
    assert_non_null(strstr(text, "memory hello\n0 1 2 "));
    assert_non_null(strstr(text, " 62 63\n"));
    variable = strchr(text, '=');
    assert_non_null(variable);
    assert_int_equal(sscanf(variable, "=%x:%*x:%*x:%x:", &arena, &socket), 2);
    assert_int_equal(arena, 62);
    assert_int_equal(socket, 63);
    assert_non_null(strstr(variable, ":123:456\n"));
    assert_int_equal(read(fixture->connection, word, sizeof(word)), 5);
    assert_string_equal(word, "back\n");
    assert_int_equal(read(fixture->connection, word, sizeof(word)), 0);    /* nobody else has the other end */
    assert_int_equal(hear_end(fixture), 0);
}

static void without_an_arena_it_inherits_nothing(void **state)
{
    struct fixture *fixture = *state;
    char text[4096];

    run_connected(fixture, "cd /proc/self/fd; echo * =$PVM_SLOT", "hello\n", false);
    read_output(fixture, text, sizeof(text));
    assert_null(strstr(text, "62"));
    assert_non_null(strstr(text, "=\n"));
    assert_int_equal(hear_end(fixture), 0);
}

#define KEPT(test) cmocka_unit_test_setup_teardown(test, start_keeper, end_keeper)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT(the_end_of_a_process_is_told_with_its_status),
        KEPT(stdout_and_stderr_come_over_one_pipe_in_order),
        KEPT(a_process_has_its_own_group_in_our_session_no_terminal_no_input_and_no_descriptor_of_ours),
        KEPT(a_process_may_open_as_many_files_as_the_daemon_before_it_raised_its_limit),
        KEPT(signals_are_as_in_a_fresh_process),
        KEPT(the_first_word_of_argv_is_the_whole_path),
        KEPT(a_process_runs_in_its_directory_or_in_ours_if_that_is_not_there),
        KEPT(a_name_with_a_slash_is_taken_from_the_directory_of_the_task),
        KEPT(the_places_of_pvm_3_are_searched),
        KEPT(a_debugger_script_gets_the_path_and_the_arguments),
        KEPT(a_signal_reaches_the_process),
        KEPT(what_is_not_found_names_the_folders),
        KEPT(what_may_not_be_executed_is_named),
        KEPT(what_the_kernel_refuses_is_told_with_the_reason),
        KEPT(a_process_inherits_the_arena_and_a_connection),
        KEPT(without_an_arena_it_inherits_nothing),
        KEPT(descendants_end_when_the_daemon_has_gone),
        KEPT(signals_of_the_terminal_do_not_end_the_keeper),
        KEPT(marked_processes_are_ended_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
