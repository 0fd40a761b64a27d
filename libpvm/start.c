/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_start_pvmd(): starts the daemon of this host, detached, and enrols with it.
 *
 *   this process --fork--> (new session) --fork--> pvmd      the one in the middle ends at once, so that the
 *                                                            daemon is no child that the program must wait for
 *
 * The daemon prints one line on stdout when it is ready, the path of its socket. Ending without one, it has
 * said why on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/env.h"
#include "base/limit.h"
#include "base/rundir.h"
#include "base/terminal.h"
#include "libpvm/call.h"
#include "libpvm/detail.h"
#include "libpvm/machine.h"
#include "libpvm/progress.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

#define READY_TIMEOUT_US 60000000
#define PENDING_POLL_US 50000

/* ---- finding pvmd ---- */

/* Writes DIRECTORY, below and "/pvmd" if that can be executed. An empty directory is none. */
static bool try_directory(const char *directory, size_t length, const char *below, char *path, size_t path_max)
{
    int written = snprintf(path, path_max, "%.*s%s/pvmd", (int)length, directory, below);

    return length > 0 && written > 0 && (size_t)written < path_max && access(path, X_OK) == 0;
}

/* Where this build was installed, then PATH, then below PVM_ROOT. */
static int find_pvmd(char *path, size_t path_max)
{
    const char *at = getenv("PATH");
    const char *root = pvmi_env(PVMI_ENV_PVM_ROOT);

    if (try_directory(PVMI_BINDIR, strlen(PVMI_BINDIR), "", path, path_max))
        return PvmOk;
    while (at != NULL) {
        const char *end = strchrnul(at, ':');

        if (try_directory(at, (size_t)(end - at), "", path, path_max))
            return PvmOk;
        at = *end == '\0' ? NULL : end + 1;
    }
    if (root != NULL && try_directory(root, strlen(root), "/lib", path, path_max))
        return PvmOk;
    return pvmi_call_fail(PvmCantStart, "no pvmd in %s, nor in PATH, nor in $PVM_ROOT/lib", PVMI_BINDIR);
}

/* ---- starting it ---- */

/* What the daemon prints until it is ready. */
struct start {
    int out_fd;         /* reading ends; -1 closed */
    int err_fd;
    char line[1024];    /* of stdout */
    char words[400];    /* of stderr */
};

/* In the child: becomes the daemon. Only calls that are safe between fork and exec. */
static void __attribute__((noreturn)) become_pvmd(const char *path, char **argv, int out_fd, int err_fd)
{
    sigset_t none;
    int null_fd;
    pid_t pid;

    pvmi_terminal_leave();
    pid = fork();
    if (pid != 0)
        _exit(pid < 0 ? 1 : 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    null_fd = open("/dev/null", O_RDONLY);
    if (null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0 &&
        dup2(err_fd, STDERR_FILENO) >= 0) {
        for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
            close(fd);    /* the program's files are none of the daemon's business */
        execv(path, argv);
    }
    _exit(127);
}

/* A pipe with no end where the daemon's stdin, stdout and stderr will be. */
static int make_pipe(int ends[2])
{
    int made[2];

    if (pipe2(made, O_CLOEXEC) < 0)
        return pvmi_call_fail(PvmSysErr, "cannot make a pipe: %s%s", strerror(errno), pvmi_limit_text(errno));
    ends[0] = pvmi_descriptor_move(made[0]);
    ends[1] = pvmi_descriptor_move(made[1]);
    if (ends[0] >= 0 && ends[1] >= 0)
        return PvmOk;
    pvmi_call_fail(PvmSysErr, "cannot make a pipe: %s%s", strerror(errno), pvmi_limit_text(errno));
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return PvmSysErr;
}

static int start_process(const char *path, char **argv, struct start *start)
{
    int out[2];
    int err[2];
    int status;
    pid_t pid;
    int rc = make_pipe(out);

    if (rc != PvmOk)
        return rc;
    rc = make_pipe(err);
    if (rc != PvmOk) {
        close(out[0]);
        close(out[1]);
        return rc;
    }
    pid = fork();
    if (pid == 0)
        become_pvmd(path, argv, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    start->out_fd = out[0];
    start->err_fd = err[0];
    if (pid < 0)
        return pvmi_call_fail(PvmSysErr, "cannot start %s: %s%s", path, strerror(errno),
                              pvmi_limit_text(errno));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return PvmOk;
}

static char **pvmd_argv(const char *path, int argc, char **argv)
{
    char **all = pvmi_calloc((size_t)argc + 2, sizeof(*all));

    if (all == NULL)
        return NULL;
    all[0] = (char *)path;
    for (int i = 0; i < argc; i++)
        all[i + 1] = argv[i];
    return all;
}

/* ---- waiting for the ready line ---- */

/* Reads more of text from *fd; closes that at its end. */
static void read_more(int *fd, char *text, size_t text_max)
{
    size_t used = strlen(text);
    char rest[256];
    ssize_t n;

    if (used + 1 < text_max)
        n = read(*fd, text + used, text_max - used - 1);
    else
        n = read(*fd, rest, sizeof(rest));    /* so that the daemon never waits for us */
    if (n > 0 && used + 1 < text_max)
        text[used + (size_t)n] = '\0';
    if (n == 0 || (n < 0 && errno != EINTR)) {
        close(*fd);
        *fd = -1;
    }
}

static void first_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
}

static int wait_ready(const char *path, struct start *start)
{
    uint64_t deadline_us = pvmi_clock_us() + READY_TIMEOUT_US;

    while (strchr(start->line, '\n') == NULL && start->out_fd >= 0 && pvmi_clock_us() < deadline_us) {
        struct pollfd fds[2] = { { .fd = start->out_fd, .events = POLLIN },
                                 { .fd = start->err_fd, .events = POLLIN } };

        if (poll(fds, 2, 1000) <= 0)
            continue;
        if (fds[1].revents != 0)
            read_more(&start->err_fd, start->words, sizeof(start->words));
        if (fds[0].revents != 0)
            read_more(&start->out_fd, start->line, sizeof(start->line));
    }
    if (strchr(start->line, '\n') != NULL) {
        first_line(start->line);
        return PvmOk;
    }
    if (start->out_fd >= 0)
        return pvmi_call_fail(PvmCantStart, "%s has not become ready within %d s", path,
                              READY_TIMEOUT_US / 1000000);
    while (start->err_fd >= 0)
        read_more(&start->err_fd, start->words, sizeof(start->words));
    first_line(start->words);
    return pvmi_call_fail(PvmCantStart, "%s has ended%s%s", path, start->words[0] == '\0' ? "" : ": ",
                          start->words);
}

static int run_pvmd(const char *path, char **argv, struct start *start)
{
    int rc = start_process(path, argv, start);

    if (rc == PvmOk)
        rc = wait_ready(path, start);
    if (start->out_fd >= 0)
        close(start->out_fd);
    if (start->err_fd >= 0)
        close(start->err_fd);
    return rc;
}

/* ---- the API ---- */

/* A daemon that this program would find and that answers. */
static bool is_running(void)
{
    char path[PVMI_RUNDIR_PATH_MAX];
    struct pvmi_fault fault;
    int fd;

    if (pvmi_task.tid != 0 && !pvmi_task.lost)
        return true;
    if (pvmi_rundir_find(path, sizeof(path), &fault) != PvmOk)
        return false;
    fd = pvmi_rundir_connect(path);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int wait_for_hosts(void)
{
    int pending;

    while ((pending = pvmi_machine_pending()) > 0) {
        int rc = pvmi_progress_wait(pvmi_clock_us() + PENDING_POLL_US);

        if (rc == PvmSysErr)
            return pvmi_call_fail(rc, "the daemon of this host has gone");
        if (rc == PvmNoMem)
            return pvmi_call_fail(rc, "no memory for what the daemon says");
    }
    return pending;
}

static int start_pvmd(int argc, char **argv, bool block)
{
    struct start start = { .out_fd = -1, .err_fd = -1 };
    char path[PVMI_RUNDIR_PATH_MAX];
    char **all;
    int rc;

    pvmi_detail_clear();
    if (argc < 0 || (argc > 0 && argv == NULL))
        return pvmi_call_fail(PvmBadParam, "%d arguments", argc);
    if (is_running())
        return pvmi_call_fail(PvmDupHost, "a pvmd is already running on this host");
    rc = find_pvmd(path, sizeof(path));
    if (rc != PvmOk)
        return rc;
    all = pvmd_argv(path, argc, argv);
    if (all == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for %d arguments", argc);
    unsetenv(pvmi_env_name(PVMI_ENV_PVMSOCK));    /* that of a daemon that is no more */
    rc = run_pvmd(path, all, &start);
    pvmi_free(all);
    if (rc != PvmOk)
        return rc;
    setenv(pvmi_env_name(PVMI_ENV_PVMSOCK), start.line, 1);
    rc = pvmi_task_enroll();
    if (rc != PvmOk)
        return rc;
    return block ? wait_for_hosts() : PvmOk;
}

int pvm_start_pvmd(int argc, char **argv, int block)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_START_PVMD, block, argc, argv);
    return pvmi_call_leave("pvm_start_pvmd", start_pvmd(argc, argv, block != 0));
}
