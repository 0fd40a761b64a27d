/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   STARTING --run_started--> RUNNING --run_ended--> forgotten, once its output has ended too
 *       \--run_failed--> forgotten
 *
 * The output has ended when no process holds the pipe any more; or, for something that the task has left
 * behind may hold it for ever, 1 s after the task's end, when what is in the pipe then has been read.
 */
#include "pvmd/io/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/log.h"
#include "base/table.h"
#include "pvm3.h"
#include "pvmd/io/arena_keeper.h"
#include "pvmd/io/keeper_link.h"
#include "pvmd/io/links.h"
#include "pvmd/io/own.h"
#include "pvmd/io/watch.h"
#include "transport/pipe.h"

#define TASKS_OUTPUT_READ 65536
#define TASKS_GRACE_MS 1000
#define TASKS_DESCRIPTORS 2     /* of a process: its output, and its connection when it enrols */
#define TASKS_SPARE 4           /* left for others: a console must be able to connect, and to halt */

struct process {
    struct io *io;
    uint64_t handle;
    int32_t tid;
    int32_t pid;
    uint64_t link;           /* that it has inherited; 0 none */
    int set_aside[TASKS_DESCRIPTORS];    /* placeholders; -1 in use, or given back */
    bool started;
    bool ended;
    int fd;                  /* its output; -1 none, or at its end */
    struct watch *watch;
    size_t granted;          /* bytes that may be read */
    struct alarm *grace;     /* runs from the end on */
    bool late;               /* it has rung: what is left is all */
    size_t left;             /* late: bytes that were in the pipe then, and are still to be read */
};

struct tasks {
    struct pvmi_table handles;    /* struct process */
    struct pvmi_table pids;       /* of those whose connection is still awaited */
    char *socket;
};

extern char **environ;

struct tasks *tasks_new(const char *socket)
{
    struct tasks *tasks = pvmi_calloc(1, sizeof(*tasks));

    if (tasks == NULL)
        return NULL;
    pvmi_table_init(&tasks->handles);
    pvmi_table_init(&tasks->pids);
    tasks->socket = pvmi_strdup(socket);
    if (tasks->socket == NULL) {
        pvmi_free(tasks);
        return NULL;
    }
    return tasks;
}

static void process_close_output(struct process *process)
{
    watch_free(process->watch);
    process->watch = NULL;
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
}

static void process_give_back(struct process *process, int which)
{
    if (process->set_aside[which] >= 0)
        close(process->set_aside[which]);
    process->set_aside[which] = -1;
}

static void process_forget_pid(struct process *process)
{
    if (pvmi_table_get(&process->io->tasks->pids, (uint64_t)process->pid) == process)
        pvmi_table_remove(&process->io->tasks->pids, (uint64_t)process->pid);
}

static void process_free(struct process *process)
{
    process_close_output(process);
    process_forget_pid(process);
    for (int i = 0; i < TASKS_DESCRIPTORS; i++)
        process_give_back(process, i);
    alarm_free(process->grace);
    pvmi_free(process);
}

void tasks_free(struct tasks *tasks)
{
    struct process *process;
    uint32_t cursor = 0;

    if (tasks == NULL)
        return;
    while ((process = pvmi_table_next(&tasks->handles, &cursor, NULL)) != NULL)
        process_free(process);
    pvmi_table_fini(&tasks->handles);
    pvmi_table_fini(&tasks->pids);
    pvmi_free(tasks->socket);
    pvmi_free(tasks);
}

static void process_settle(struct process *process)
{
    if (!process->ended || process->fd >= 0)
        return;
    pvmi_table_remove(&process->io->tasks->handles, process->handle);
    process_free(process);
}

/* ---- starting ---- */

static void process_fail(struct io *io, uint64_t handle, const struct pvmi_fault *fault)
{
    struct core_event *event = io_event(io, CORE_EVENT_START_FAILED, handle);

    event->start_failed.fault = *fault;
    io_post(io, event);
}

/* Variables of the daemon's environment that mean something else in a task. */
static bool is_own_variable(const char *entry)
{
    static const enum pvmi_env names[] = {
        PVMI_ENV_PVMSOCK,  PVMI_ENV_PVMEPID,   PVMI_ENV_PVMCTX,    PVMI_ENV_PVMTMASK,
        PVMI_ENV_PVMTRCBUF, PVMI_ENV_PVMTRCOPT, PVMI_ENV_PVM_CLAIM, PVMI_ENV_PVM_RUN,
        PVMI_ENV_PVM_SLOT,  PVMI_ENV_PVM_ARCH,
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = pvmi_env_name(names[i]);
        size_t length = strlen(name);

        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return true;
    }
    return false;
}

/* True when one of the entries sets the same variable. */
static bool is_overridden(const char *entry, char *const *entries)
{
    size_t length = strcspn(entry, "=") + 1;

    for (; entries != NULL && *entries != NULL; entries++)
        if (strncmp(*entries, entry, length) == 0)
            return true;
    return false;
}

static uint32_t count_strings(char *const *strings)
{
    uint32_t count = 0;

    while (strings != NULL && strings[count] != NULL)
        count++;
    return count;
}

/* The strings that are made for one start. */
struct made {
    char *texts[6];    /* NULL-terminated */
    int count;
    bool no_memory;
};

static void made_add(struct made *made, char *text)
{
    if (text == NULL)
        made->no_memory = true;
    else
        made->texts[made->count++] = text;
}

static void made_free(struct made *made)
{
    for (int i = 0; i < made->count; i++)
        pvmi_free(made->texts[i]);
}

/* The daemon's environment, then what core adds, then what says who the task is. */
static int start_env(const struct io *io, const struct core_action *action, struct made *made,
                     struct pvmi_strings *ret_env)
{
    uint32_t count = count_strings(environ);
    uint32_t added = count_strings(action->start.env);
    char arch[32];
    uint32_t n = 0;

    own_arch(arch, sizeof(arch));
    made_add(made, pvmi_asprintf("PVMSOCK=%s", io->tasks->socket));
    made_add(made, pvmi_asprintf("PVM_ARCH=%s", arch));
    made_add(made, pvmi_asprintf("PVM_RUN=%s", io->own.run));
    made_add(made, pvmi_asprintf("PVM_CLAIM=%x:%llx", (unsigned)action->start.tid,
                                 (unsigned long long)action->start.nonce));
    made_add(made, pvmi_strdup("PVMEPID=00000000000"));    /* the keeper puts the pid there */
    if (made->no_memory)
        return PvmNoMem;
    ret_env->v = pvmi_calloc(count + added + (size_t)made->count, sizeof(char *));
    if (ret_env->v == NULL)
        return PvmNoMem;

    for (uint32_t i = 0; i < count; i++)
        if (!is_own_variable(environ[i]) && !is_overridden(environ[i], action->start.env))
            ret_env->v[n++] = environ[i];
    for (uint32_t i = 0; i < added; i++)
        if (!is_overridden(action->start.env[i], made->texts))
            ret_env->v[n++] = action->start.env[i];
    for (int i = 0; i < made->count; i++)
        ret_env->v[n++] = made->texts[i];
    ret_env->n = n;
    return PvmOk;
}

/* $PVM_DEBUGGER wins, then bx=, then the place where PVM 3 has its script. */
static int start_debugger(const struct core_action *action, char **ret_script)
{
    const char *root = pvmi_env(PVMI_ENV_PVM_ROOT);
    const char *script = pvmi_env(PVMI_ENV_PVM_DEBUGGER);

    *ret_script = NULL;
    if ((action->start.flags & PvmTaskDebug) == 0)
        return PvmOk;
    if (script == NULL)
        script = action->start.debugger;
    if (script != NULL)
        *ret_script = pvmi_strdup(script);
    else if (root != NULL)
        *ret_script = pvmi_asprintf("%s/lib/debugger", root);
    else
        return PvmNoFile;
    return *ret_script != NULL ? PvmOk : PvmNoMem;
}

/* What the process is to find in its connection: the bytes of a frame. Without memory for it it inherits none. */
static void start_hello(struct io *io, const struct core_action *action, uint8_t **ret_hello, struct pvmi_msg_run *run)
{
    const struct pvmi_frame *frame = action->start.enrolled;
    size_t length;

    *ret_hello = NULL;
    if (frame == NULL || !arena_keeper_reserve(io, action->start.tid, &run->slot, &run->slot_nonce))
        return;
    length = PVMI_FRAME_HEADER_SIZE + (size_t)frame->header.length;
    *ret_hello = pvmi_malloc(length);
    if (*ret_hello == NULL)
        return;
    pvmi_frame_header_encode(&frame->header, *ret_hello);
    memcpy(*ret_hello + PVMI_FRAME_HEADER_SIZE, pvmi_frame_bytes(frame), frame->header.length);
    run->hello.data = *ret_hello;
    run->hello.length = (uint32_t)length;
}

static int start_send(struct io *io, const struct core_action *action)
{
    struct made made = { .count = 0 };
    struct pvmi_strings env = { NULL, 0 };
    uint8_t *hello;
    char *debugger;
    int rc = start_debugger(action, &debugger);

    if (rc == PvmOk)
        rc = start_env(io, action, &made, &env);
    if (rc == PvmOk) {
        struct pvmi_msg_run run = {
            .handle = action->handle,
            .tid = action->start.tid,
            .file = action->start.file,
            .argv = { action->start.argv, count_strings(action->start.argv) },
            .env = env,
            .path = { action->start.path, count_strings(action->start.path) },
            .directory = action->start.directory,
            .debugger = debugger,
            .find = action->start.find,
        };
        start_hello(io, action, &hello, &run);
        rc = keeper_link_send(io, PVMI_MSG_run, &run);
        pvmi_free(hello);
    }
    pvmi_free(debugger);
    pvmi_free(env.v);
    made_free(&made);
    return rc;
}

/* So many placeholders; false, and none, when there are not so many descriptors left. */
static bool set_aside(int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        fds[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        if (fds[i] >= 0)
            continue;
        while (i-- > 0)
            close(fds[i]);
        return false;
    }
    return true;
}

/* A start is refused rather than that a running task is dumb. */
static bool process_set_aside(struct process *process)
{
    int spare[TASKS_SPARE];

    if (set_aside(process->set_aside, TASKS_DESCRIPTORS)) {
        if (set_aside(spare, TASKS_SPARE)) {
            for (int i = 0; i < TASKS_SPARE; i++)
                close(spare[i]);
            return true;
        }
        for (int i = 0; i < TASKS_DESCRIPTORS; i++)
            process_give_back(process, i);
    }
    for (int i = 0; i < TASKS_DESCRIPTORS; i++)
        process->set_aside[i] = -1;
    return false;
}

static int process_new(struct io *io, uint64_t handle, int32_t tid, struct process **ret_process)
{
    struct process *process = pvmi_calloc(1, sizeof(*process));

    if (process == NULL)
        return PvmNoMem;
    process->io = io;
    process->handle = handle;
    process->tid = tid;
    process->fd = -1;
    if (!process_set_aside(process)) {
        pvmi_free(process);
        return PvmOutOfRes;
    }
    if (pvmi_table_set(&io->tasks->handles, handle, process) != PvmOk) {
        process_free(process);
        return PvmNoMem;
    }
    *ret_process = process;
    return PvmOk;
}

static void tasks_explain_limit(struct pvmi_fault *fault, const struct io *io, const char *file)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    pvmi_fault_set(fault, PvmOutOfRes, io->own.name,
                   "cannot start %s: pvmd may open no more than %llu files (ulimit -n when it was started)", file,
                   (unsigned long long)files.rlim_cur);
}

void tasks_start(struct io *io, const struct core_action *action)
{
    struct process *process = NULL;
    struct pvmi_fault fault;
    int rc = process_new(io, action->handle, action->start.tid, &process);

    if (rc == PvmOk)
        rc = start_send(io, action);
    if (rc == PvmOk)
        return;
    if (process != NULL) {
        pvmi_table_remove(&io->tasks->handles, action->handle);
        process_free(process);
    }
    if (rc == PvmOutOfRes)
        tasks_explain_limit(&fault, io, action->start.file);
    else
        pvmi_fault_set(&fault, rc, io->own.name, "cannot start %s: %s", action->start.file,
                       rc == PvmNoFile    ? "no debugger script (set PVM_DEBUGGER, or bx= in the host file)"
                       : rc == PvmOverflow ? "its arguments and environment are too long"
                                           : "no memory");
    process_fail(io, action->handle, &fault);
}

void tasks_signal(struct io *io, uint64_t handle, int32_t pid, int signum)
{
    struct pvmi_msg_run_signal msg = { .handle = handle, .signum = signum };

    if (handle != 0) {
        if (pvmi_table_get(&io->tasks->handles, handle) != NULL)
            keeper_link_send(io, PVMI_MSG_run_signal, &msg);
    } else if (pid > 1) {
        kill(pid, signum);
    }
}

/* ---- output ---- */

static void process_post_output(struct process *process, struct pvmi_blob *bytes, bool eof)
{
    struct core_event *event = io_event(process->io, CORE_EVENT_OUTPUT, process->handle);

    event->output.bytes = bytes;
    event->output.eof = eof;
    if (eof)
        process_close_output(process);
    io_post(process->io, event);
}

/* Reads what is granted, once. */
static void process_read(struct process *process)
{
    static uint8_t room[TASKS_OUTPUT_READ];
    size_t want = process->granted < sizeof(room) ? process->granted : sizeof(room);
    struct pvmi_blob *bytes;
    ssize_t n;

    if (process->late && want > process->left)
        want = process->left;
    n = want > 0 ? read(process->fd, room, want) : 0;
    if (n < 0 && (errno == EINTR || (errno == EAGAIN && !process->late)))
        return;
    if (n <= 0) {
        process_post_output(process, NULL, true);
        return;
    }
    bytes = pvmi_blob_copy(room, (size_t)n);
    if (bytes == NULL) {
        pvmi_log(PVMI_LOG_ERROR, "no memory for %zd bytes of a task's output: lost", n);
        return;
    }
    process->granted -= (size_t)n;
    process->left -= process->late ? (size_t)n : 0;
    process_post_output(process, bytes, false);
}

static void process_watch(struct process *process)
{
    if (process->watch != NULL)
        watch_set(process->watch, process->granted > 0 ? UV_READABLE : 0);
}

static void process_on_output(void *owner, int events)
{
    struct process *process = owner;

    (void)events;
    if (process->granted > 0)
        process_read(process);
    process_watch(process);
    process_settle(process);
}

static void process_on_grace(void *owner)
{
    struct process *process = owner;
    int left = 0;

    if (!process->late && process->fd >= 0 && ioctl(process->fd, FIONREAD, &left) == 0)
        process->left = (size_t)left;
    process->late = true;
    while (process->fd >= 0 && process->granted > 0)
        process_read(process);
    process_watch(process);
    process_settle(process);
}

void tasks_grant(struct io *io, uint64_t handle, size_t bytes)
{
    struct process *process = pvmi_table_get(&io->tasks->handles, handle);

    if (process == NULL)
        return;
    process->granted += bytes;
    process_watch(process);
    if (process->late && process->grace != NULL)
        alarm_set(process->grace, 0);    /* nothing may come on the pipe any more: look at once */
}

/* ---- what the keeper says ---- */

/* Our end of what the process has inherited becomes a link, as if it had come to our door itself. */
static void process_connect(struct process *process, int connection)
{
    struct pvmi_pipe *pipe = pvmi_pipe_new_socket(connection);
    struct core_event in = { .type = CORE_EVENT_LINK_IN };

    if (pipe == NULL) {
        close(connection);    /* it finds that out, and connects */
        return;
    }
    in.link_in.kind = CORE_LINK_TASK;
    in.link_in.pid = process->pid;
    in.link_in.start = process->handle;
    links_offer(process->io, pipe, NULL, &in);
}

void tasks_on_started(struct io *io, const struct pvmi_msg_run_started *msg, int fd, int connection)
{
    struct process *process = pvmi_table_get(&io->tasks->handles, msg->handle);
    struct core_event *event;

    if (process == NULL) {
        if (fd >= 0)
            close(fd);
        if (connection >= 0)
            close(connection);
        return;
    }
    process->started = true;
    process->pid = msg->pid;
    process_give_back(process, 0);
    if (connection >= 0 || pvmi_table_set(&io->tasks->pids, (uint64_t)msg->pid, process) != PvmOk)
        process_give_back(process, 1);
    process->fd = fd;
    if (fd >= 0) {
        fcntl(fd, F_SETFL, O_NONBLOCK);
        process->watch = watch_new(io->loop, fd, process_on_output, process);
    }
    event = io_event(io, CORE_EVENT_STARTED, msg->handle);
    event->started.pid = msg->pid;
    event->started.path = pvmi_strdup(msg->path != NULL ? msg->path : "");
    io_post(io, event);
    if (connection >= 0)
        process_connect(process, connection);
    if (process->watch == NULL) {
        pvmi_log(PVMI_LOG_ERROR, "the output of process %d is lost: out of descriptors or memory", (int)msg->pid);
        process_post_output(process, NULL, true);
    }
    process_watch(process);
}

void tasks_on_found(struct io *io, const struct pvmi_msg_run_started *msg)
{
    struct process *process = pvmi_table_remove(&io->tasks->handles, msg->handle);
    struct core_event *event;

    if (process == NULL)
        return;
    process_free(process);
    event = io_event(io, CORE_EVENT_STARTED, msg->handle);
    event->started.path = pvmi_strdup(msg->path != NULL ? msg->path : "");
    io_post(io, event);
}

void tasks_on_failed(struct io *io, const struct pvmi_msg_run_failed *msg)
{
    struct process *process = pvmi_table_remove(&io->tasks->handles, msg->handle);
    struct pvmi_fault fault;

    if (process == NULL)
        return;
    process_free(process);
    pvmi_fault_set(&fault, msg->error.code, io->own.name, "%s", msg->error.text != NULL ? msg->error.text : "");
    process_fail(io, msg->handle, &fault);
}

int32_t tasks_linked(struct io *io, uint64_t handle, uint64_t link)
{
    struct process *process = pvmi_table_get(&io->tasks->handles, handle);

    if (process == NULL)
        return 0;
    process->link = link;
    if (process->ended)
        links_drain(io, link);
    return process->tid;
}

void tasks_on_connection(struct io *io, int32_t pid)
{
    struct process *process = pvmi_table_get(&io->tasks->pids, (uint64_t)pid);

    if (process == NULL)
        return;
    process_give_back(process, 1);
    process_forget_pid(process);
}

void tasks_on_ended(struct io *io, const struct pvmi_msg_run_ended *msg)
{
    struct process *process = pvmi_table_get(&io->tasks->handles, msg->handle);
    struct core_event *event = io_event(io, CORE_EVENT_ENDED, msg->handle);

    event->ended.status = msg->status;
    event->ended.user_us = (uint64_t)msg->user_us;
    event->ended.system_us = (uint64_t)msg->system_us;
    io_post(io, event);
    if (process == NULL)
        return;
    process->ended = true;
    if (process->link != 0)
        links_drain(io, process->link);
    if (process->fd >= 0) {
        process->grace = alarm_new(io->loop, process_on_grace, process);
        if (process->grace != NULL)
            alarm_set(process->grace, TASKS_GRACE_MS);
    }
    process_settle(process);
}
