/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vfork: the child runs in our memory, on our stack, until it has called execve or _exit; we stand still
 * meanwhile. So it may only make system calls and write what we want to read afterwards. All signals are
 * blocked around it: a handler of ours (libuv's) must not run in the child, where it would write to our
 * own pipes.
 */
#include "pvmd/keeper/start.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child tells, through the memory that it shares with us. */
struct start_report {
    int error;
    const char *step;
};

static void child_reset_signals(void)
{
    struct sigaction plain = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int signum = 1; signum <= SIGRTMAX; signum++)
        sigaction(signum, &plain, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static __attribute__((noreturn)) void child_fail(volatile struct start_report *report, const char *step)
{
    report->step = step;
    report->error = errno;
    _exit(127);
}

/* The pid as text, for PVMEPID: nobody knows it sooner, and env is in the memory we share. */
static void child_write_pid(char text[START_PID_ROOM])
{
    char digits[START_PID_ROOM];
    long pid = getpid();
    int count = 0;

    do
        digits[count++] = (char)('0' + pid % 10);
    while ((pid /= 10) > 0);
    for (int i = 0; i < count; i++)
        text[i] = digits[count - 1 - i];
    text[count] = '\0';
}

/* An old kernel has no close_range; then everything of ours is close-on-exec anyway. */
static void child_descriptors(const struct start_spec *spec, volatile struct start_report *report)
{
    for (int i = 0; i < 3; i++)
        if (dup2(spec->fds[i], i) < 0)
            child_fail(report, "connect");
    for (int i = 0; spec->inherit != NULL && i < 2; i++)
        if (dup2(spec->inherit[i].fd, spec->inherit[i].number) < 0)
            child_fail(report, "connect");
    if (spec->inherit != NULL) {
        close_range(3, (unsigned)spec->inherit[0].number - 1, 0);
        close_range((unsigned)spec->inherit[1].number + 1, ~0U, 0);
    } else {
        close_range(3, ~0U, 0);
    }
}

static __attribute__((noreturn, noinline)) void child_run(const struct start_spec *spec,
                                                          volatile struct start_report *report)
{
    if (spec->same_session)
        setpgid(0, 0);
    else
        setsid();
    child_descriptors(spec, report);
    if (spec->files != NULL)
        setrlimit(RLIMIT_NOFILE, spec->files);
    if (spec->directory != NULL && chdir(spec->directory) < 0)
        errno = 0;    /* as in PVM 3, the task then runs where its daemon does */
    if (spec->pid_text != NULL)
        child_write_pid(spec->pid_text);
    child_reset_signals();
    execve(spec->path, spec->argv, spec->env);
    child_fail(report, "exec");
}

/* Apart from its caller, so that no variable of that one lives in a register across the vfork. */
static __attribute__((noinline)) pid_t start_vfork(const struct start_spec *spec,
                                                   volatile struct start_report *report)
{
    pid_t pid = vfork();

    if (pid == 0)
        child_run(spec, report);
    return pid;
}

int start_process(const struct start_spec *spec, pid_t *ret_pid, const char **ret_step)
{
    volatile struct start_report report = { 0, "" };
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = start_vfork(spec, &report);
    int error = pid < 0 ? errno : report.error;
    sigprocmask(SIG_SETMASK, &before, NULL);

    if (pid < 0) {
        *ret_step = "start";
        return error;
    }
    if (error != 0) {
        *ret_step = report.step;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        return error;
    }
    *ret_pid = pid;
    return 0;
}
