/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel gives the descriptors of at most one message with each read, in the order of the bytes they were sent
 * with. They wait in a queue for the run_started that they belong to; one that was lost because we are out
 * of descriptors leaves a -1 there, so that the others keep their places.
 */
#include "pvmd/io/keeper_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/passing.h"
#include "pvmd/io/tasks.h"
#include "pvmd/io/watch.h"
#include "pvmd/keeper/keeper.h"
#include "pvmd/keeper/reap.h"
#include "wire/reader.h"

#define KEEPER_LINK_READ 65536
#define KEEPER_LINK_RETRY_MS 50      /* out of memory: so long until the next try */
#define KEEPER_LINK_END_MS 3000

struct keeper_link {
    struct io *io;
    int fd;
    pid_t pid;                   /* 0: reaped */
    struct watch *watch;
    struct alarm *retry;
    struct pvmi_buffer in;
    struct pvmi_buffer out;
    struct pvmi_buffer passed;   /* struct passed: descriptors that have come */
    int spare[PVMI_PASSING_MAX]; /* placeholders for those that come: tasks.c has set aside as many for them, and gives
                                  * these back when it knows whose they are; -1 none */
};

/* What came with one message. */
struct passed {
    int fds[PVMI_PASSING_MAX];    /* -1 none */
};

static void keeper_link_on_ready(void *owner, int events);
static void keeper_link_on_retry(void *owner);

static void keeper_link_set_spare(struct keeper_link *keeper, bool wanted)
{
    for (int i = 0; i < PVMI_PASSING_MAX; i++) {
        if (wanted && keeper->spare[i] < 0)
            keeper->spare[i] = fcntl(keeper->fd, F_DUPFD_CLOEXEC, 0);
        if (wanted || keeper->spare[i] < 0)
            continue;
        close(keeper->spare[i]);
        keeper->spare[i] = -1;
    }
}

struct keeper_link *keeper_link_new(struct io *io, int fd, pid_t pid)
{
    struct keeper_link *keeper = pvmi_calloc(1, sizeof(*keeper));

    if (keeper == NULL)
        return NULL;
    keeper->io = io;
    keeper->fd = fd;
    keeper->pid = pid;
    pvmi_buffer_init(&keeper->in, KEEPER_MESSAGE_MAX + KEEPER_LINK_READ + 4);
    pvmi_buffer_init(&keeper->out, SIZE_MAX);
    pvmi_buffer_init(&keeper->passed, SIZE_MAX);
    for (int i = 0; i < PVMI_PASSING_MAX; i++)
        keeper->spare[i] = -1;
    keeper_link_set_spare(keeper, true);
    keeper->watch = watch_new(io->loop, fd, keeper_link_on_ready, keeper);
    keeper->retry = alarm_new(io->loop, keeper_link_on_retry, keeper);
    if (keeper->watch == NULL || keeper->retry == NULL) {
        keeper_link_set_spare(keeper, false);
        watch_free(keeper->watch);
        alarm_free(keeper->retry);
        pvmi_free(keeper);
        return NULL;
    }
    return keeper;
}

static void keeper_link_watch(struct keeper_link *keeper)
{
    watch_set(keeper->watch, UV_READABLE | (keeper->out.length > 0 ? UV_WRITABLE : 0));
}

void keeper_link_start(struct keeper_link *keeper)
{
    keeper_link_watch(keeper);
}

void keeper_link_finish(struct io *io)
{
    struct keeper_link *keeper = io->keeper;

    if (keeper == NULL || keeper->pid == 0)
        return;
    shutdown(keeper->fd, SHUT_WR);
    kill(keeper->pid, SIGCONT);    /* if somebody has stopped it */
}

void keeper_link_end(struct keeper_link *keeper)
{
    struct pollfd ended = { .events = POLLIN };
    uint64_t limit_ms = pvmi_clock_ms() + KEEPER_LINK_END_MS;
    uint64_t now_ms;
    char unread[4096];

    if (keeper == NULL || keeper->pid == 0)
        return;
    keeper_link_finish(keeper->io);
    ended.fd = keeper->fd;
    while ((now_ms = pvmi_clock_ms()) < limit_ms) {
        if (poll(&ended, 1, (int)(limit_ms - now_ms)) <= 0)
            continue;
        if (recv(keeper->fd, unread, sizeof(unread), MSG_DONTWAIT) == 0)
            return;
    }
    keeper->pid = 0;
    pvmi_log(PVMI_LOG_WARN, "the keeper still has processes that cannot be killed; it ends them when it can");
}

/* The descriptors that came first; -1 where there is none. */
static struct passed keeper_link_pop(struct keeper_link *keeper)
{
    struct passed passed = { { -1, -1 } };

    if (keeper->passed.length < sizeof(passed))
        return passed;
    memcpy(&passed, keeper->passed.data, sizeof(passed));
    pvmi_buffer_consume(&keeper->passed, sizeof(passed));
    return passed;
}

static void passed_close(struct passed *passed)
{
    for (int i = 0; i < PVMI_PASSING_MAX; i++)
        if (passed->fds[i] >= 0)
            close(passed->fds[i]);
}

void keeper_link_free(struct keeper_link *keeper)
{
    if (keeper == NULL)
        return;
    watch_free(keeper->watch);
    alarm_free(keeper->retry);
    keeper_link_set_spare(keeper, false);
    keeper_link_end(keeper);
    if (keeper->pid != 0)
        waitpid(keeper->pid, NULL, 0);
    close(keeper->fd);
    while (keeper->passed.length > 0) {
        struct passed passed = keeper_link_pop(keeper);

        passed_close(&passed);
    }
    pvmi_buffer_fini(&keeper->in);
    pvmi_buffer_fini(&keeper->out);
    pvmi_buffer_fini(&keeper->passed);
    pvmi_free(keeper);
}

/* Without it we can neither start nor see tasks, and those that there are belong to nobody: the end. */
static void keeper_link_lost(struct keeper_link *keeper)
{
    struct io *io = keeper->io;

    watch_set(keeper->watch, 0);
    if (io->stopping)
        return;
    reap_marked(pvmi_env_name(PVMI_ENV_PVM_RUN), io->own.run);
    io_stop(io, "the keeper has ended: its tasks were killed, and this daemon ends");
}

void keeper_link_on_child(struct io *io)
{
    struct keeper_link *keeper = io->keeper;

    if (keeper->pid == 0 || waitpid(keeper->pid, NULL, WNOHANG) != keeper->pid)
        return;
    keeper->pid = 0;
    keeper_link_lost(keeper);
}

/* ---- to the keeper ---- */

static void keeper_link_write(struct keeper_link *keeper)
{
    while (keeper->out.length > 0) {
        ssize_t n = send(keeper->fd, keeper->out.data, keeper->out.length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            pvmi_buffer_consume(&keeper->out, (size_t)n);
        } else if (n < 0 && errno != EINTR) {
            if (errno != EAGAIN)
                keeper->out.length = 0;    /* it is gone: the read, or SIGCHLD, will say so */
            break;
        }
    }
    keeper_link_watch(keeper);
}

int keeper_link_pass_arena(struct io *io, int fd, uint32_t slots)
{
    struct keeper_link *keeper = io->keeper;
    struct pvmi_msg_run_arena msg = { .slots = slots };
    struct pvmi_buffer out;
    uint8_t length[4] = { 0 };
    uint8_t *at = length;
    int rc = PvmOutOfRes;

    pvmi_buffer_init(&out, KEEPER_MESSAGE_MAX);
    if (pvmi_buffer_append(&out, length, sizeof(length)) == PvmOk &&
        pvmi_control_encode(PVMI_MSG_run_arena, &msg, &out) == PvmOk) {
        pvmi_put_u32(&at, (uint32_t)(out.length - sizeof(length)));
        memcpy(out.data, length, sizeof(length));
        if (pvmi_passing_send(keeper->fd, out.data, out.length, MSG_NOSIGNAL | MSG_DONTWAIT, &fd, 1) ==
            (ssize_t)out.length)
            rc = PvmOk;
    }
    pvmi_buffer_fini(&out);
    return rc;
}

int keeper_link_send(struct io *io, int type, const void *msg)
{
    struct keeper_link *keeper = io->keeper;
    size_t before = keeper->out.length;
    uint8_t room[4] = { 0 };
    uint8_t *at;
    int rc = pvmi_buffer_append(&keeper->out, room, sizeof(room));

    if (rc == PvmOk)
        rc = pvmi_control_encode(type, msg, &keeper->out);
    if (rc == PvmOk && keeper->out.length - before - 4 > KEEPER_MESSAGE_MAX)
        rc = PvmOverflow;
    if (rc != PvmOk) {
        keeper->out.length = before;
        return rc;
    }
    at = keeper->out.data + before;
    pvmi_put_u32(&at, (uint32_t)(keeper->out.length - before - 4));
    keeper_link_write(keeper);
    return PvmOk;
}

/* ---- from the keeper ---- */

/* Its output, and its connection. */
static void keeper_link_on_started(struct keeper_link *keeper, const struct pvmi_msg_run_started *started)
{
    struct passed passed = keeper_link_pop(keeper);

    tasks_on_started(keeper->io, started, passed.fds[0], passed.fds[1]);
}

static void keeper_link_on_message(struct keeper_link *keeper, const struct pvmi_control *control)
{
    const struct pvmi_msg_run_started *started = control->msg;

    switch (control->type) {
    case PVMI_MSG_run_started:
        if (started->pid == 0)
            tasks_on_found(keeper->io, started);
        else
            keeper_link_on_started(keeper, started);
        break;
    case PVMI_MSG_run_failed:
        tasks_on_failed(keeper->io, control->msg);
        break;
    case PVMI_MSG_run_ended:
        tasks_on_ended(keeper->io, control->msg);
        break;
    default:
        break;
    }
}

/* True when a whole message was there and is done. */
static bool keeper_link_next(struct keeper_link *keeper)
{
    struct pvmi_control control;
    struct pvmi_reader reader;
    uint32_t length;
    int rc;

    if (keeper->in.length < 4)
        return false;
    pvmi_reader_init(&reader, keeper->in.data, keeper->in.length);
    length = pvmi_get_u32(&reader);
    if (keeper->in.length - 4 < length)
        return false;
    rc = pvmi_control_decode(keeper->in.data + 4, length, &control);
    if (rc == PvmNoMem) {
        alarm_set(keeper->retry, KEEPER_LINK_RETRY_MS);
        return false;
    }
    pvmi_buffer_consume(&keeper->in, 4 + (size_t)length);
    if (rc == PvmOk) {
        keeper_link_on_message(keeper, &control);
        pvmi_control_free(&control);
    }
    return true;
}

/* Returns bytes read; 0 nothing now; negative: the keeper is gone. */
static int keeper_link_read(struct keeper_link *keeper)
{
    struct passed passed = { { -1, -1 } };
    int count;
    ssize_t n;

    if (pvmi_buffer_reserve(&keeper->in, KEEPER_LINK_READ) != PvmOk ||
        pvmi_buffer_reserve(&keeper->passed, sizeof(passed)) != PvmOk) {
        alarm_set(keeper->retry, KEEPER_LINK_RETRY_MS);
        return 0;
    }
    keeper_link_set_spare(keeper, false);
    n = pvmi_passing_recv(keeper->fd, keeper->in.data + keeper->in.length, KEEPER_LINK_READ, MSG_DONTWAIT, passed.fds,
                          &count);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (n == 0)
        return -1;
    keeper->in.length += (size_t)n;
    if (count > 0)    /* room was made before the read */
        pvmi_buffer_append(&keeper->passed, &passed, sizeof(passed));
    return (int)n;
}

static void keeper_link_on_ready(void *owner, int events)
{
    struct keeper_link *keeper = owner;
    int n;

    if ((events & UV_WRITABLE) != 0)
        keeper_link_write(keeper);
    if ((events & UV_READABLE) == 0)
        return;
    n = keeper_link_read(keeper);
    while (keeper_link_next(keeper))
        continue;
    keeper_link_set_spare(keeper, true);
    if (n < 0)
        keeper_link_lost(keeper);
    else
        keeper_link_watch(keeper);
}

static void keeper_link_on_retry(void *owner)
{
    struct keeper_link *keeper = owner;

    while (keeper_link_next(keeper))
        continue;
}
