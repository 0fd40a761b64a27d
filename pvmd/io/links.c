/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame is handed to the core from inside pvmi_stream_readable(), and the core may close that very link
 * in its answer. So a link that is being read or written (busy) is only marked, and freed afterwards.
 */
#include "pvmd/io/links.h"

#include <assert.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/passing.h"
#include "base/table.h"
#include "pvmd/io/arena_keeper.h"
#include "pvmd/io/tasks.h"
#include "pvmd/io/watch.h"
#include "transport/stream.h"

#define LINK_CONGESTED_BYTES (1024 * 1024)    /* above: CONGESTED */
#define LINK_WRITABLE_BYTES (256 * 1024)      /* and below again: WRITABLE */
#define LINK_LINGER_MS 2000
#define LINKS_LOG_KEY 0x6c696e6b0000    /* of pvmi_log_allow(), plus the host */

enum link_state { LINK_OFFERED, LINK_UP, LINK_LINGERING, LINK_GONE };

struct link {
    struct io *io;
    struct pvmi_list node;      /* in all */
    struct pvmi_list again;     /* in again, when frames wait that are already read */
    enum link_state state;
    uint64_t handle;            /* OFFERED: the token */
    struct pvmi_stream stream;
    struct watch *watch;
    struct tunnel *tunnel;      /* or NULL */
    uint64_t start;             /* of the process that has inherited the other end; 0: it has come by itself */
    int pid;                    /* of the task that made it, or 0 */
    int host;                   /* the daemon that made it; 0: a task did, or we */
    uint64_t incarnation;
    enum pvmi_channel channel;
    struct alarm *alarm;        /* LINGERING */
    bool busy;                  /* inside readable() or writable() */
    bool reading;
    bool congested;
    bool draining;              /* what is in its socket is all */
    uint32_t slot;              /* of the task in shared memory: it sleeps there, not over its socket; 0 none */
    uint32_t woken;             /* at which sleep we have woken it */
};

struct links {
    struct pvmi_list all;
    struct pvmi_list again;
    struct pvmi_table tokens;
    struct pvmi_table handles;
    uint64_t next_token;
    uv_idle_t idle;             /* runs while there are links in again */
};

static void link_on_ready(void *owner, int events);
static void link_receive(struct link *link);

/* ---- birth and end ---- */

static void links_on_idle(uv_idle_t *idle)
{
    struct io *io = idle->data;
    struct pvmi_list now;
    struct pvmi_list *node;

    pvmi_list_init(&now);
    pvmi_list_join(&now, &io->links->again);
    uv_idle_stop(idle);
    while ((node = pvmi_list_pop(&now)) != NULL)
        link_receive(PVMI_CONTAINER(node, struct link, again));
}

struct links *links_new(struct io *io)
{
    struct links *links = pvmi_calloc(1, sizeof(*links));

    if (links == NULL)
        return NULL;
    pvmi_list_init(&links->all);
    pvmi_list_init(&links->again);
    pvmi_table_init(&links->tokens);
    pvmi_table_init(&links->handles);
    uv_idle_init(io->loop, &links->idle);
    links->idle.data = io;
    return links;
}

/* The task's socket has something new: bytes, or its end. */
static void link_mail(struct link *link)
{
    if (link->slot != 0)
        arena_keeper_mail(link->io, link->slot, &link->woken);
}

static void link_free(struct link *link)
{
    watch_free(link->watch);
    alarm_free(link->alarm);
    pvmi_stream_fini(&link->stream);
    link_mail(link);
    tunnel_close(link->tunnel, false);
    pvmi_free(link);
}

static bool links_wait(const struct links *links)
{
    PVMI_LIST_EACH(node, &links->all)
        if (PVMI_CONTAINER(node, struct link, node)->stream.out_bytes > 0)
            return true;
    return false;
}

/* Out of all tables; freed now, or when the read that we are in has returned. */
static void link_end(struct link *link)
{
    struct links *links = link->io->links;

    if (link->state == LINK_OFFERED)
        pvmi_table_remove(&links->tokens, link->handle);
    else if (link->state == LINK_UP)
        pvmi_table_remove(&links->handles, link->handle);
    link->state = LINK_GONE;
    pvmi_list_remove(&link->node);
    pvmi_list_remove(&link->again);
    if (link->io->stopping && !links_wait(links))
        uv_stop(link->io->loop);
    if (!link->busy)
        link_free(link);
}

static void links_on_idle_close(uv_handle_t *handle)
{
    pvmi_free(PVMI_CONTAINER(handle, struct links, idle));
}

void links_free(struct links *links)
{
    if (links == NULL)
        return;
    PVMI_LIST_EACH(node, &links->all)
        link_end(PVMI_CONTAINER(node, struct link, node));
    pvmi_table_fini(&links->tokens);
    pvmi_table_fini(&links->handles);
    uv_close((uv_handle_t *)&links->idle, links_on_idle_close);
}

/* Takes pipe and watch; NULL, and both are closed, when there is no memory. */
static struct link *link_new(struct io *io, struct pvmi_pipe *pipe, struct watch *watch, enum link_state state,
                             uint64_t handle, struct pvmi_table *table)
{
    struct link *link = pvmi_calloc(1, sizeof(*link));

    if (link != NULL && watch == NULL)
        watch = watch_new(io->loop, pipe->fd, link_on_ready, link);
    if (link == NULL || watch == NULL || pvmi_table_set(table, handle, link) != PvmOk) {
        pvmi_log(PVMI_LOG_ERROR, "no memory for a connection: closed");
        watch_free(watch);
        pipe->ops->close(pipe);
        pvmi_free(link);
        return NULL;
    }
    link->io = io;
    link->state = state;
    link->handle = handle;
    link->watch = watch;
    link->reading = true;
    watch_give(watch, link_on_ready, link);
    watch_set(watch, 0);
    pvmi_stream_init(&link->stream, pipe);
    pvmi_list_init(&link->again);
    pvmi_list_push(&io->links->all, &link->node);
    return link;
}

/* ---- what moves ---- */

static void link_watch(struct link *link)
{
    bool wants_read = link->reading && (link->state == LINK_UP || link->state == LINK_LINGERING);
    bool wants_write = link->state != LINK_OFFERED && pvmi_stream_wants_write(&link->stream);

    watch_set(link->watch, (wants_read ? UV_READABLE : 0) | (wants_write ? UV_WRITABLE : 0));
}

/* Reads again without waiting for the descriptor. */
static void link_read_again(struct link *link)
{
    struct links *links = link->io->links;

    if (!pvmi_list_empty(&link->again))
        return;
    pvmi_list_push(&links->again, &link->again);
    uv_idle_start(&links->idle, links_on_idle);
}

/* The connection is of no more use: code as of the stream. */
static void link_fail(struct link *link, int code)
{
    struct io *io = link->io;
    bool up = link->state == LINK_UP;
    uint64_t handle = link->handle;
    enum core_down_reason reason = code == PvmBadMsg ? CORE_DOWN_PROTOCOL : CORE_DOWN_CLOSED;
    const char *text = code == PVMI_CLOSED ? "closed by the other side"
                       : code == PvmBadMsg ? "bytes that are no frame"
                       : code == PvmNoMem  ? "no memory to receive a frame"
                                           : "connection broken";

    if (reason == CORE_DOWN_PROTOCOL && pvmi_log_allow(LINKS_LOG_KEY + (uint64_t)link->host, pvmi_clock_ms()))
        pvmi_log(PVMI_LOG_WARN, "%s %d: %s: closed", link->host > 0 ? "link of host" : "connection of process",
                 link->host > 0 ? link->host : link->pid, text);
    link_end(link);
    if (up)
        io_post_down(io, handle, reason, text);
}

static void link_mark(struct link *link)
{
    struct io *io = link->io;
    size_t waiting = link->stream.out_bytes;

    if (link->state != LINK_UP)
        return;
    if (!link->congested && waiting > LINK_CONGESTED_BYTES) {
        link->congested = true;
        io_post(io, io_event(io, CORE_EVENT_LINK_CONGESTED, link->handle));
    } else if (link->congested && waiting < LINK_WRITABLE_BYTES) {
        link->congested = false;
        io_post(io, io_event(io, CORE_EVENT_LINK_WRITABLE, link->handle));
    }
}

static bool link_on_frame(void *user, struct pvmi_frame *frame)
{
    struct link *link = user;
    struct core_event *event;

    if (link->state != LINK_UP) {
        pvmi_frame_free(frame);
        return link->state == LINK_LINGERING;
    }
    event = io_event(link->io, CORE_EVENT_FRAME, link->handle);
    event->frame.frame = frame;
    io_post(link->io, event);
    if (link->state == LINK_UP && !link->reading)
        link_read_again(link);    /* looked at again when it may be read */
    return (link->state == LINK_UP && link->reading) || link->state == LINK_LINGERING;
}

/* After a read that found so many frames. */
static int link_drained(struct link *link, int frames)
{
    int left = 0;

    if (frames == 0 && (ioctl(link->stream.pipe->fd, FIONREAD, &left) != 0 || left == 0))
        return PVMI_CLOSED;
    link_read_again(link);
    return PvmOk;
}

/* While busy. */
static void link_read(struct link *link)
{
    int rc;

    if (!link->reading || (link->state != LINK_UP && link->state != LINK_LINGERING))
        return;
    rc = pvmi_stream_readable(&link->stream, link_on_frame, link);
    if (rc >= 0 && link->draining && link->state == LINK_UP && link->reading)
        rc = link_drained(link, rc);
    if (rc < 0 && link->state != LINK_GONE)
        link_fail(link, rc);
}

/* At the end of this daemon links stay open until links_free(): when the other side sees one closed, all is gone. */
static void link_flushed(struct link *link)
{
    if (!link->io->stopping)
        link_end(link);
    else if (!links_wait(link->io->links))
        uv_stop(link->io->loop);
}

/* While busy. */
static void link_write(struct link *link)
{
    int rc = pvmi_stream_writable(&link->stream);

    link_mail(link);
    if (rc < 0)
        link_fail(link, rc);
    else if (link->state == LINK_LINGERING && link->stream.out_bytes == 0)
        link_flushed(link);
    else
        link_mark(link);
}

/* No longer busy: frees what has ended meanwhile. */
static void link_settle(struct link *link)
{
    link->busy = false;
    if (link->state == LINK_GONE)
        link_free(link);
    else
        link_watch(link);
}

static void link_receive(struct link *link)
{
    link->busy = true;
    link_read(link);
    link_settle(link);
}

static void link_on_ready(void *owner, int events)
{
    struct link *link = owner;

    link->busy = true;
    if ((events & UV_WRITABLE) != 0)
        link_write(link);
    if ((events & UV_READABLE) != 0)
        link_read(link);
    link_settle(link);
}

/* ---- what the core says ---- */

void links_offer(struct io *io, struct pvmi_pipe *pipe, struct watch *watch, const struct core_event *link_in)
{
    uint64_t token = ++io->links->next_token;
    struct link *link = link_new(io, pipe, watch, LINK_OFFERED, token, &io->links->tokens);
    struct core_event *event;

    if (link == NULL)
        return;
    link->pid = link_in->link_in.pid;
    link->start = link_in->link_in.start;
    if (link_in->link_in.kind == CORE_LINK_DAEMON) {
        link->host = link_in->link_in.host;
        link->incarnation = link_in->link_in.incarnation;
        link->channel = link_in->link_in.channel;
    }
    event = io_event(io, CORE_EVENT_LINK_IN, 0);
    event->link_in = link_in->link_in;
    event->link_in.token = token;
    io_post(io, event);
}

void links_up(struct io *io, uint64_t handle, struct pvmi_pipe *pipe, struct watch *watch, struct tunnel *tunnel)
{
    struct link *link = link_new(io, pipe, watch, LINK_UP, handle, &io->links->handles);

    if (link == NULL) {
        tunnel_close(tunnel, true);
        io_post_down(io, handle, CORE_DOWN_UNREACHED, "no memory for a connection");
        return;
    }
    link->tunnel = tunnel;
    link_watch(link);
    link_read_again(link);    /* TLS may hold bytes that came with the handshake */
    io_post(io, io_event(io, CORE_EVENT_LINK_UP, handle));
}

void links_adopt(struct io *io, uint64_t token, uint64_t handle)
{
    struct link *link = pvmi_table_get(&io->links->tokens, token);

    if (link == NULL)
        return;
    if (pvmi_table_set(&io->links->handles, handle, link) != PvmOk) {
        link_end(link);
        io_post_down(io, handle, CORE_DOWN_CLOSED, "no memory for a connection");
        return;
    }
    pvmi_table_remove(&io->links->tokens, token);
    link->handle = handle;
    link->state = LINK_UP;
    if (link->start != 0)
        arena_keeper_linked(io, tasks_linked(io, link->start, handle), handle);
    link_watch(link);
    link_read_again(link);
}

void links_refuse(struct io *io, uint64_t token)
{
    struct link *link = pvmi_table_get(&io->links->tokens, token);

    if (link != NULL)
        link_end(link);
}

bool links_has_incoming(const struct io *io, int host, uint64_t incarnation, enum pvmi_channel channel)
{
    PVMI_LIST_EACH(node, &io->links->all) {
        const struct link *link = PVMI_CONTAINER(node, struct link, node);

        if (link->state == LINK_UP && link->host == host && link->incarnation == incarnation &&
            link->channel == channel)
            return true;
    }
    return false;
}

void links_send(struct io *io, uint64_t handle, struct pvmi_frame *frame)
{
    struct link *link = pvmi_table_get(&io->links->handles, handle);
    int rc;

    if (frame == NULL)
        return;
    if (link == NULL) {
        pvmi_frame_free(frame);
        return;
    }
    rc = pvmi_stream_send(&link->stream, frame);
    link_mail(link);
    if (rc < 0) {
        link_fail(link, rc);
        return;
    }
    link_watch(link);
    link_mark(link);
}

bool links_pass(struct io *io, uint64_t handle, const uint8_t *bytes, size_t length, int fd)
{
    struct link *link = pvmi_table_get(&io->links->handles, handle);
    ssize_t sent;

    if (link == NULL || link->stream.out_bytes > 0)
        return false;
    sent = pvmi_passing_send(link->stream.pipe->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT, &fd, 1);
    if (sent > 0 && (size_t)sent < length)    /* a socket that took so little of the first bytes will not get far */
        link_fail(link, PvmSysErr);
    return sent == (ssize_t)length;
}

void links_drain(struct io *io, uint64_t handle)
{
    struct link *link = pvmi_table_get(&io->links->handles, handle);

    if (link == NULL)
        return;
    link->draining = true;
    link_read_again(link);
}

void links_set_slot(struct io *io, uint64_t handle, uint32_t slot)
{
    struct link *link = pvmi_table_get(&io->links->handles, handle);

    if (link == NULL)
        return;
    link->slot = slot;
    link->woken = ARENA_NEVER_WOKEN;
}

void links_read(struct io *io, uint64_t handle, bool on)
{
    struct link *link = pvmi_table_get(&io->links->handles, handle);

    if (link == NULL || link->reading == on)
        return;
    link->reading = on;
    link_watch(link);
    if (on)
        link_read_again(link);
}

static void link_on_linger_end(void *owner)
{
    link_end(owner);
}

/* What waits goes out first. What comes meanwhile is read and dropped: a close with bytes unread would make
 * the kernel reset the connection, and with it what the other side has not taken yet. */
static void link_linger(struct link *link)
{
    struct io *io = link->io;

    if (link->state == LINK_UP)
        pvmi_table_remove(&io->links->handles, link->handle);
    link->state = LINK_LINGERING;
    link->alarm = alarm_new(io->loop, link_on_linger_end, link);
    if (link->alarm == NULL || (link->stream.out_bytes == 0 && !io->stopping)) {
        link_end(link);
        return;
    }
    link->reading = true;
    alarm_set(link->alarm, LINK_LINGER_MS);
    link_watch(link);
}

bool links_close(struct io *io, uint64_t handle, bool flush)
{
    struct link *link = pvmi_table_get(&io->links->handles, handle);

    if (link == NULL)
        return false;
    if (flush)
        link_linger(link);
    else
        link_end(link);
    return true;
}

bool links_finish(struct io *io)
{
    PVMI_LIST_EACH(node, &io->links->all) {
        struct link *link = PVMI_CONTAINER(node, struct link, node);

        if (link->state == LINK_OFFERED)
            link_end(link);
        else if (link->state == LINK_UP)
            link_linger(link);
    }
    return !links_wait(io->links);
}
