/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_getfds(): when its descriptor is readable. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fake_answers.h"

#define PEER 0x40099    /* what is sent there comes back */

static int the_descriptor(void)
{
    int *fds = NULL;

    assert_int_equal(pvm_getfds(&fds), 1);
    assert_true(fds[0] >= 0);
    return fds[0];
}

/* Readable within the time; 0 for now. */
static bool readable(int fd, int timeout_ms)
{
    struct pollfd poller = { .fd = fd, .events = POLLIN };

    return poll(&poller, 1, timeout_ms) == 1;
}

static void send_to(int tid, int tag)
{
    assert_true(pvm_initsend(PvmDataRaw) > 0);
    assert_int_equal(pvm_send(tid, tag), PvmOk);
}

/* The library has read all that comes, and has queued it. */
static void until_queued(int tag)
{
    while (pvm_probe(-1, tag) == 0)
        ;
}

static void it_is_quiet_while_nothing_comes(void **state)
{
    int fd = the_descriptor();

    (void)state;
    assert_false(readable(fd, 0));
    assert_int_equal(pvm_nrecv(-1, -1), 0);
    assert_false(readable(fd, 0));
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void it_is_readable_for_what_comes_from_others_and_from_oneself(void **state)
{
    int fd = the_descriptor();

    (void)state;
    send_to(PEER, 1);
    assert_true(readable(fd, -1));
    assert_true(pvm_recv(PEER, 1) > 0);
    assert_false(readable(fd, 0));
    send_to(pvm_mytid(), 2);
    assert_true(readable(fd, 0));
    assert_true(pvm_nrecv(-1, 2) > 0);
    assert_false(readable(fd, 0));
}

static void it_is_readable_for_what_is_queued_until_a_receive_finds_nothing(void **state)
{
    int fd = the_descriptor();

    (void)state;
    send_to(pvm_mytid(), 1);
    send_to(pvm_mytid(), 2);
    assert_true(pvm_recv(-1, 2) > 0);
    assert_true(readable(fd, 0));            /* 1 was read by that */
    assert_true(pvm_nrecv(-1, 1) > 0);
    assert_false(readable(fd, 0));           /* the last one is taken */

    send_to(pvm_mytid(), 1);
    until_queued(1);
    assert_true(readable(fd, 0));
    assert_int_equal(pvm_nrecv(-1, 7), 0);
    assert_false(readable(fd, 0));           /* the program does not want 1, and may sleep */
    send_to(pvm_mytid(), 7);
    assert_true(readable(fd, 0));
    assert_int_equal(pvm_pstat(CHILD_A), PvmOk);
    assert_true(readable(fd, 0));
    assert_true(pvm_probe(-1, 7) > 0);
    assert_true(readable(fd, 0));
    assert_int_equal(pvm_precv(-1, 7, NULL, 0, PVM_BYTE, NULL, NULL, NULL), PvmOk);
    assert_int_equal(pvm_precv(-1, 1, NULL, 0, PVM_BYTE, NULL, NULL, NULL), PvmOk);
    assert_false(readable(fd, 0));
}

static void it_is_readable_for_what_stands_behind_a_received_message(void **state)
{
    int fd = the_descriptor();

    (void)state;
    send_to(pvm_mytid(), 1);
    send_to(pvm_mytid(), 2);
    assert_true(pvm_recv(-1, 1) > 0);
    assert_true(readable(fd, 0));
    assert_true(pvm_recv(-1, 2) > 0);
    assert_false(readable(fd, 0));
}

static void what_was_queued_before_counts(void **state)
{
    (void)state;
    send_to(pvm_mytid(), 1);
    until_queued(1);
    assert_true(readable(the_descriptor(), 0));
    assert_true(pvm_nrecv(-1, 1) > 0);
}

static int handled;

static int handler(int mid)
{
    (void)mid;
    handled++;
    return 0;
}

static void messages_for_handlers_make_it_readable(void **state)
{
    int fd = the_descriptor();

    (void)state;
    assert_true(pvm_addmhf(-1, 3, 0, handler) >= 0);
    send_to(pvm_mytid(), 3);
    assert_true(readable(fd, 0));
    assert_int_equal(pvm_nrecv(-1, -1), 0);
    assert_int_equal(handled, 1);
    assert_false(readable(fd, 0));
}

static void it_stays_the_same_across_pvm_exit(void **state)
{
    int fd = the_descriptor();

    (void)state;
    send_to(pvm_mytid(), 1);
    until_queued(1);
    assert_int_equal(pvm_exit(), PvmOk);
    assert_false(readable(fd, 0));
    assert_true(pvm_mytid() > 0);
    send_to(PEER, 1);
    assert_true(readable(fd, -1));
    assert_int_equal(the_descriptor(), fd);
    assert_true(pvm_recv(PEER, 1) > 0);
}

static void it_tells_that_the_daemon_has_gone(void **state)
{
    int fd = the_descriptor();

    (void)state;
    fake_stop();
    assert_true(readable(fd, -1));
    assert_int_equal(pvm_nrecv(-1, -1), PvmSysErr);
}

static void a_forked_child_leaves_the_parents_alone(void **state)
{
    int fd = the_descriptor();
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        bool closed = fcntl(fd, F_GETFD) == -1;
        int *fds;

        _exit(closed && pvm_mytid() != FAKE_TID && pvm_getfds(&fds) == 1 && pvm_exit() == PvmOk ? 7 : 8);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 7);
    send_to(PEER, 1);
    assert_true(readable(fd, -1));
    assert_true(pvm_recv(PEER, 1) > 0);
    assert_false(readable(fd, 0));
}

/* Runs before the others: the descriptor is made once. */
static void without_descriptors_it_fails_and_works_later(void **state)
{
    struct rlimit limit;
    struct rlimit none;
    int *fds;
    int rc;

    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_int_equal(pvm_getfds(NULL), PvmBadParam);
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    rc = pvm_getfds(&fds);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(rc, PvmSysErr);
    assert_true(the_descriptor() >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_descriptors_it_fails_and_works_later),
        TEST(it_is_quiet_while_nothing_comes),
        TEST(it_is_readable_for_what_comes_from_others_and_from_oneself),
        TEST(it_is_readable_for_what_is_queued_until_a_receive_finds_nothing),
        TEST(it_is_readable_for_what_stands_behind_a_received_message),
        TEST(what_was_queued_before_counts),
        TEST(messages_for_handlers_make_it_readable),
        TEST(it_stays_the_same_across_pvm_exit),
        TEST(it_tells_that_the_daemon_has_gone),
        TEST(a_forked_child_leaves_the_parents_alone),
    };

    return cmocka_run_group_tests_name("getfds", tests, NULL, NULL);
}
