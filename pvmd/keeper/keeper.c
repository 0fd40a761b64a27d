/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One loop: poll() over the socket to the daemon and a signalfd for SIGCHLD. What goes to the daemon is
 * written blocking: the daemon always reads, and one that is gone ends us.
 */
#include "pvmd/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/limit.h"
#include "base/passing.h"
#include "base/table.h"
#include "base/terminal.h"
#include "pvmd/keeper/connection.h"
#include "pvmd/keeper/find.h"
#include "pvmd/keeper/reap.h"
#include "pvmd/keeper/start.h"
#include "wire/control.h"
#include "wire/reader.h"

#define KEEPER_READ_SIZE 65536
#define KEEPER_PAUSE_MS 50    /* out of memory: so long until the next try */

struct keeper {
    int fd;                        /* to the daemon */
    int signals;                   /* signalfd */
    int null;                      /* /dev/null, stdin of tasks */
    struct pvmi_buffer in;
    struct pvmi_table by_pid;      /* struct child */
    struct pvmi_table by_handle;
    struct pvmi_handover_file arena;    /* that tasks inherit; fd -1: there is none */
    struct rlimit files;           /* of tasks */
    int passed;                    /* the descriptor that has come last, -1 none */
    bool over;                     /* the daemon is gone */
};

/* A task's process. */
struct child {
    uint64_t handle;
    pid_t pid;
};

/* ---- to the daemon ---- */

/* Writes all of it; the descriptors travel with the first byte. */
static void keeper_write(struct keeper *keeper, const uint8_t *data, size_t length, const int *fds, int count)
{
    size_t done = 0;

    while (done < length && !keeper->over) {
        ssize_t n = pvmi_passing_send(keeper->fd, data + done, length - done, MSG_NOSIGNAL, fds, done == 0 ? count : 0);

        if (n >= 0)
            done += (size_t)n;
        else if (errno == ENOMEM || errno == ENOBUFS || errno == ETOOMANYREFS)
            poll(NULL, 0, KEEPER_PAUSE_MS);
        else if (errno != EINTR)
            keeper->over = true;
    }
}

static void keeper_pass(struct keeper *keeper, int type, const void *msg, const int *fds, int count)
{
    struct pvmi_buffer out;
    uint8_t room[4] = { 0 };
    uint8_t *at;

    pvmi_buffer_init(&out, KEEPER_MESSAGE_MAX);
    while (pvmi_buffer_append(&out, room, sizeof(room)) != PvmOk ||
           pvmi_control_encode(type, msg, &out) != PvmOk) {
        out.length = 0;
        poll(NULL, 0, KEEPER_PAUSE_MS);
    }
    at = out.data;
    pvmi_put_u32(&at, (uint32_t)(out.length - 4));
    keeper_write(keeper, out.data, out.length, fds, count);
    pvmi_buffer_fini(&out);
}

static void keeper_tell(struct keeper *keeper, int type, const void *msg)
{
    keeper_pass(keeper, type, msg, NULL, 0);
}

static void keeper_tell_failed(struct keeper *keeper, uint64_t handle, const struct pvmi_fault *fault)
{
    struct pvmi_msg_run_failed failed = {
        .handle = handle,
        .error = { .code = fault->code, .host = fault->host, .text = fault->text },
    };

    keeper_tell(keeper, PVMI_MSG_run_failed, &failed);
}

/* ---- starting ---- */

/* argv of the process: [debugger] path argv... NULL. */
static char **run_argv(const struct pvmi_msg_run *run, char *path)
{
    char **argv = pvmi_calloc((size_t)run->argv.n + 3, sizeof(*argv));
    size_t n = 0;

    if (argv == NULL)
        return NULL;
    if (run->debugger != NULL)
        argv[n++] = (char *)run->debugger;
    argv[n++] = path;
    for (uint32_t i = 0; i < run->argv.n; i++)
        argv[n++] = run->argv.v[i];
    return argv;
}

/* What the daemon says, and what it inherits. */
static char **run_env(const struct pvmi_msg_run *run, struct connection *connection)
{
    char **env = pvmi_calloc((size_t)run->env.n + 2, sizeof(*env));

    if (env != NULL && run->env.n > 0)
        memcpy(env, run->env.v, run->env.n * sizeof(*env));
    if (env != NULL && connection->ours >= 0)
        env[run->env.n] = connection->variable;
    return env;
}

/* Where the pid goes: io leaves room for it behind "PVMEPID=". NULL for none. */
static char *run_pid_text(const struct pvmi_msg_run *run)
{
    static const char name[] = "PVMEPID=";

    for (uint32_t i = 0; i < run->env.n; i++)
        if (strncmp(run->env.v[i], name, strlen(name)) == 0 &&
            strlen(run->env.v[i]) + 1 >= strlen(name) + START_PID_ROOM)
            return run->env.v[i] + strlen(name);
    return NULL;
}

static void explain_start(struct pvmi_fault *fault, const char *path, const char *step, int error)
{
    if (strcmp(step, "exec") != 0) {
        pvmi_fault_set(fault, PvmOutOfRes, NULL, "cannot start a process for %s (%s): %s%s", path, step,
                       strerror(error), pvmi_limit_text(error));
    } else if (error == ENOEXEC) {
        pvmi_fault_set(fault, PvmNoFile, NULL,
                       "%s cannot be executed: made for another machine, or a script without #!", path);
    } else if (error == ENOENT && access(path, F_OK) == 0) {
        pvmi_fault_set(fault, PvmNoFile, NULL,
                       "%s cannot be executed: its interpreter (#! line or ld.so) is missing", path);
    } else {
        pvmi_fault_set(fault, error == ENOMEM || error == EAGAIN ? PvmOutOfRes : PvmNoFile, NULL,
                       "%s cannot be executed: %s%s", path, strerror(error), pvmi_limit_text(error));
    }
}

/* Remembers the process, so that its end can be told. */
static int keeper_add(struct keeper *keeper, uint64_t handle, pid_t pid)
{
    struct child *child = pvmi_malloc(sizeof(*child));

    if (child == NULL)
        return PvmNoMem;
    *child = (struct child){ .handle = handle, .pid = pid };
    if (pvmi_table_set(&keeper->by_pid, (uint64_t)pid, child) != PvmOk)
        goto err_free;
    if (pvmi_table_set(&keeper->by_handle, handle, child) != PvmOk)
        goto err_remove;
    return PvmOk;

err_remove:
    pvmi_table_remove(&keeper->by_pid, (uint64_t)pid);
err_free:
    pvmi_free(child);
    return PvmNoMem;
}

/* Starts what was found, with stdout and stderr on out. Returns PvmOk, else with fault. */
static int keeper_start(struct keeper *keeper, const struct pvmi_msg_run *run, char *path, int out,
                        struct connection *connection, pid_t *ret_pid, struct pvmi_fault *fault)
{
    char **argv = run_argv(run, path);
    char **env = run_env(run, connection);
    const char *step;
    int error = ENOMEM;

    if (argv != NULL && env != NULL) {
        struct start_spec spec = {
            .path = argv[0],
            .argv = argv,
            .env = env,
            .directory = run->directory,
            .pid_text = run_pid_text(run),
            .fds = { keeper->null, out, out },
            .inherit = connection->ours >= 0 ? connection->inherit : NULL,
            .files = &keeper->files,
            .same_session = true,
        };
        error = start_process(&spec, ret_pid, &step);
        if (error != 0)
            explain_start(fault, argv[0], step, error);
    } else {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory to start %s", path);
    }
    pvmi_free(argv);
    pvmi_free(env);
    return error == 0 ? PvmOk : fault->code;
}

/* The whole of a run whose executable stands at path. */
static int keeper_run_path(struct keeper *keeper, const struct pvmi_msg_run *run, char *path,
                           struct pvmi_fault *fault)
{
    struct pvmi_msg_run_started started = { .handle = run->handle, .path = path };
    struct connection connection;
    int output[2];
    pid_t pid = -1;
    int rc;

    if (pipe2(output, O_CLOEXEC) < 0) {
        pvmi_fault_set(fault, PvmOutOfRes, NULL, "no pipe for the output of %s: %s%s", path, strerror(errno),
                       pvmi_limit_text(errno));
        return fault->code;
    }
    connection_make(&keeper->arena, run, &keeper->files, &connection);
    rc = keeper_start(keeper, run, path, output[1], &connection, &pid, fault);
    close(output[1]);
    if (rc == PvmOk && keeper_add(keeper, run->handle, pid) != PvmOk) {
        kill(pid, SIGKILL);
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory to start %s", path);
        rc = PvmNoMem;
    }
    if (rc == PvmOk) {
        const int fds[2] = { output[0], connection.ours };

        started.pid = pid;
        started.connected = connection.ours >= 0;
        keeper_pass(keeper, PVMI_MSG_run_started, &started, fds, 1 + started.connected);
    }
    connection_close(&connection);
    close(output[0]);
    return rc;
}

static void keeper_run(struct keeper *keeper, const struct pvmi_msg_run *run)
{
    struct find_request request = {
        .file = run->file != NULL ? run->file : "",
        .path = &run->path,
        .env = &run->env,
        .directory = run->directory,
    };
    struct pvmi_fault fault;
    char *path = NULL;
    int rc;

    pvmi_fault_clear(&fault);
    rc = find_executable(&request, &path, &fault);
    if (rc == PvmOk && run->find != 0)
        keeper_tell(keeper, PVMI_MSG_run_started,
                    &(struct pvmi_msg_run_started){ .handle = run->handle, .path = path });
    else if (rc == PvmOk)
        rc = keeper_run_path(keeper, run, path, &fault);
    if (rc != PvmOk)
        keeper_tell_failed(keeper, run->handle, &fault);
    pvmi_free(path);
}

/* ---- what the daemon says ---- */

static void keeper_on_message(struct keeper *keeper, const struct pvmi_control *control)
{
    if (control->type == PVMI_MSG_run) {
        keeper_run(keeper, control->msg);
    } else if (control->type == PVMI_MSG_run_signal) {
        const struct pvmi_msg_run_signal *msg = control->msg;
        const struct child *child = pvmi_table_get(&keeper->by_handle, msg->handle);

        /* Not yet waited for, so the pid is still this child's. */
        if (child != NULL)
            kill(child->pid, msg->signum);
    } else if (control->type == PVMI_MSG_run_arena && keeper->passed >= 0) {
        if (pvmi_handover_describe(keeper->passed, &keeper->arena) == PvmOk)
            keeper->passed = -1;
        else
            keeper->arena.fd = -1;
    }
}

/* Takes whole messages out of what was read. Returns false when there is none, or no memory now. */
static bool keeper_next(struct keeper *keeper)
{
    struct pvmi_control control;
    struct pvmi_reader reader;
    uint32_t length;
    int rc;

    if (keeper->in.length < 4)
        return false;
    pvmi_reader_init(&reader, keeper->in.data, keeper->in.length);
    length = pvmi_get_u32(&reader);
    if (length > KEEPER_MESSAGE_MAX) {
        keeper->over = true;
        return false;
    }
    if (keeper->in.length - 4 < length)
        return false;

    rc = pvmi_control_decode(keeper->in.data + 4, length, &control);
    if (rc == PvmNoMem) {
        poll(NULL, 0, KEEPER_PAUSE_MS);
        return false;
    }
    if (rc == PvmOk) {
        keeper_on_message(keeper, &control);
        pvmi_control_free(&control);
    }
    pvmi_buffer_consume(&keeper->in, 4 + (size_t)length);
    return true;
}

static void keeper_read(struct keeper *keeper)
{
    int fds[PVMI_PASSING_MAX];
    ssize_t n;
    int count;

    if (pvmi_buffer_reserve(&keeper->in, KEEPER_READ_SIZE) != PvmOk) {
        poll(NULL, 0, KEEPER_PAUSE_MS);
        return;
    }
    n = pvmi_passing_recv(keeper->fd, keeper->in.data + keeper->in.length, KEEPER_READ_SIZE, MSG_DONTWAIT, fds, &count);
    while (count > 0) {
        if (keeper->passed >= 0)
            close(keeper->passed);
        keeper->passed = fds[--count];
    }
    if (n > 0)
        keeper->in.length += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        keeper->over = true;
}

/* ---- ends ---- */

static int64_t microseconds(const struct timeval *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_usec;
}

/* Collects all that have ended; orphans of tasks, which came to us, are nobody's business. */
static void keeper_reap(struct keeper *keeper)
{
    struct signalfd_siginfo info;
    struct rusage usage;
    int status;
    pid_t pid;

    while (read(keeper->signals, &info, sizeof(info)) > 0)
        continue;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        struct child *child = pvmi_table_remove(&keeper->by_pid, (uint64_t)pid);
        struct pvmi_msg_run_ended ended = { .status = status };

        if (child == NULL)
            continue;
        pvmi_table_remove(&keeper->by_handle, child->handle);
        ended.handle = child->handle;
        ended.user_us = microseconds(&usage.ru_utime);
        ended.system_us = microseconds(&usage.ru_stime);
        pvmi_free(child);
        keeper_tell(keeper, PVMI_MSG_run_ended, &ended);
    }
}

static void keeper_loop(struct keeper *keeper)
{
    struct pollfd polled[2] = {
        { .fd = keeper->fd, .events = POLLIN },
        { .fd = keeper->signals, .events = POLLIN },
    };

    while (!keeper->over) {
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[0].revents != 0)
            keeper_read(keeper);
        while (!keeper->over && keeper_next(keeper))
            continue;
        if (polled[1].revents != 0)
            keeper_reap(keeper);
    }
}

/* ---- the process ---- */

/* Ctrl-C in the terminal and a kill of the group are the daemon's to act upon: it ends us last. */
static int keeper_signals(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
    sigset_t wanted;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_SETMASK, &wanted, NULL);
    return signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Nothing of the daemon's stays open here: a pipe to who started it would never end. */
static int keeper_descriptors(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (dup2(null, i) < 0)
            return -1;
    if (fd > 3)
        close_range(3, (unsigned)fd - 1, 0);
    close_range((unsigned)fd + 1, ~0U, 0);
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static __attribute__((noreturn)) void keeper_main(int fd, const struct rlimit *files)
{
    struct keeper keeper = { .fd = fd, .arena = { .fd = -1 }, .files = *files, .passed = -1 };

    pvmi_terminal_leave();
    prctl(PR_SET_NAME, "pvmd-keeper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    keeper.null = keeper_descriptors(fd);
    keeper.signals = keeper_signals();
    if (keeper.null < 0 || keeper.signals < 0)
        _exit(1);
    pvmi_buffer_init(&keeper.in, KEEPER_MESSAGE_MAX + KEEPER_READ_SIZE + 4);
    pvmi_table_init(&keeper.by_pid);
    pvmi_table_init(&keeper.by_handle);

    keeper_loop(&keeper);
    reap_descendants();
    close(fd);    /* says so before our own memory goes: the daemon need not wait for that */
    _exit(0);
}

int keeper_fork(const struct rlimit *files, int *ret_fd, pid_t *ret_pid)
{
    int ends[2];
    sigset_t all;
    sigset_t before;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return PvmSysErr;
    /* A signal that comes before the keeper ignores it must not end it either. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return PvmSysErr;
    }
    if (pid == 0)
        keeper_main(ends[1], files);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *ret_fd = ends[0];
    *ret_pid = pid;
    return PvmOk;
}
