/* SPDX-License-Identifier: BSD-3-Clause */
/* Leaving a terminal, in a session that has one. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/terminal.h"

enum { NO_TERMINAL = 1, NOT_LEFT, NO_GROUP, OTHER_SESSION, LEADER_LOST_IT };

static int wait_for(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* In the child of a session's leader: which part of the promise is not kept, or 0. */
static int leave(pid_t session)
{
    if (open_terminal() < 0)
        return NO_TERMINAL;
    pvmi_terminal_leave();
    if (open_terminal() >= 0)
        return NOT_LEFT;
    if (getpgrp() != getpid())
        return NO_GROUP;
    return getsid(0) == session ? 0 : OTHER_SESSION;
}

/* The leader of a session with the terminal of that name. */
static int lead(const char *name)
{
    pid_t child;
    int status;

    setsid();
    if (ioctl(open(name, O_RDWR), TIOCSCTTY, 0) < 0)
        return NO_TERMINAL;
    child = fork();
    if (child == 0)
        _exit(leave(getppid()));
    waitpid(child, &status, 0);
    if (open_terminal() < 0)
        return LEADER_LOST_IT;
    return WIFEXITED(status) ? WEXITSTATUS(status) : NO_TERMINAL;
}

static void the_child_leaves_the_terminal_and_stays_in_the_session(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    pid_t leader;

    (void)state;
    if (master < 0)
        skip();    /* no terminals here */
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    leader = fork();
    assert_true(leader >= 0);
    if (leader == 0)
        _exit(lead(ptsname(master)));
    assert_int_equal(wait_for(leader), 0);
    close(master);
}

static void without_a_terminal_it_becomes_a_group_only(void **state)
{
    pid_t session = getsid(0), child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        pvmi_terminal_leave();
        _exit(getpgrp() != getpid() ? NO_GROUP : getsid(0) != session ? OTHER_SESSION : 0);
    }
    assert_int_equal(wait_for(child), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_child_leaves_the_terminal_and_stays_in_the_session),
        cmocka_unit_test(without_a_terminal_it_becomes_a_group_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
