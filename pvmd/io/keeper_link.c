/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel gives at most one passed descriptor with each read, in the order of the bytes they were sent
 * with. They wait in a queue for the run_started that each belongs to; one that was lost because we are out
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
    struct pvmi_buffer passed;   /* ints: descriptors that have come */
    int spare;                   /* a placeholder for one that comes: tasks.c has set aside one for it, and gives
                                  * that back when it knows whose it is; -1 none */
};

static void keeper_link_on_ready(void *owner, int events);
static void keeper_link_on_retry(void *owner);

static void keeper_link_set_spare(struct keeper_link *keeper, bool wanted)
{
    if (wanted && keeper->spare < 0)
        keeper->spare = fcntl(keeper->fd, F_DUPFD_CLOEXEC, 0);
    if (wanted || keeper->spare < 0)
        return;
    close(keeper->spare);
    keeper->spare = -1;
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
    keeper->spare = fcntl(fd, F_DUPFD_CLOEXEC, 0);
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

/* Tells the keeper to end, and waits for that without the loop, which is over: its end of the socket closes then. */
static void keeper_link_end(struct keeper_link *keeper)
{
    struct pollfd ended = { .fd = keeper->fd, .events = POLLIN };
    uint64_t limit_ms = pvmi_clock_ms() + KEEPER_LINK_END_MS;
    uint64_t now_ms;
    char unread[4096];

    shutdown(keeper->fd, SHUT_WR);
    kill(keeper->pid, SIGCONT);    /* if somebody has stopped it */
    while ((now_ms = pvmi_clock_ms()) < limit_ms) {
        if (poll(&ended, 1, (int)(limit_ms - now_ms)) <= 0)
            continue;
        if (recv(keeper->fd, unread, sizeof(unread), MSG_DONTWAIT) == 0) {
            waitpid(keeper->pid, NULL, 0);
            return;
        }
    }
    pvmi_log(PVMI_LOG_WARN, "the keeper still has processes that cannot be killed; it ends them when it can");
}

/* The descriptor that came first, or -1. */
static int keeper_link_pop(struct keeper_link *keeper)
{
    int fd = -1;

    if (keeper->passed.length < sizeof(fd))
        return -1;
    memcpy(&fd, keeper->passed.data, sizeof(fd));
    pvmi_buffer_consume(&keeper->passed, sizeof(fd));
    return fd;
}

void keeper_link_free(struct keeper_link *keeper)
{
    if (keeper == NULL)
        return;
    watch_free(keeper->watch);
    alarm_free(keeper->retry);
    keeper_link_set_spare(keeper, false);
    if (keeper->pid != 0)
        keeper_link_end(keeper);
    close(keeper->fd);
    while (keeper->passed.length > 0) {
        int fd = keeper_link_pop(keeper);

        if (fd >= 0)
            close(fd);
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

    if (io->stopping)
        return;
    watch_set(keeper->watch, 0);
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

static void keeper_link_on_message(struct keeper_link *keeper, const struct pvmi_control *control)
{
    const struct pvmi_msg_run_started *started = control->msg;

    switch (control->type) {
    case PVMI_MSG_run_started:
        if (started->pid == 0)
            tasks_on_found(keeper->io, started);
        else
            tasks_on_started(keeper->io, started, keeper_link_pop(keeper));
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

static void keeper_link_take_passed(struct keeper_link *keeper, struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(fd)))
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    else if ((message->msg_flags & MSG_CTRUNC) == 0)
        return;
    /* Room was made before the read. */
    memcpy(keeper->passed.data + keeper->passed.length, &fd, sizeof(fd));
    keeper->passed.length += sizeof(fd);
}

/* Returns bytes read; 0 nothing now; negative: the keeper is gone. */
static int keeper_link_read(struct keeper_link *keeper)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part;
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room };
    ssize_t n;

    if (pvmi_buffer_reserve(&keeper->in, KEEPER_LINK_READ) != PvmOk ||
        pvmi_buffer_reserve(&keeper->passed, sizeof(int)) != PvmOk) {
        alarm_set(keeper->retry, KEEPER_LINK_RETRY_MS);
        return 0;
    }
    message.msg_controllen = sizeof(control.room);
    part.iov_base = keeper->in.data + keeper->in.length;
    part.iov_len = KEEPER_LINK_READ;
    keeper_link_set_spare(keeper, false);
    n = recvmsg(keeper->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (n == 0)
        return -1;
    keeper->in.length += (size_t)n;
    keeper_link_take_passed(keeper, &message);
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
