/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * To the local daemon: frames over a Unix socket. One epoll descriptor holds all sockets; it is readable
 * whenever one of them has bytes, has room that something waits for, or has failed.
 *
 * A callback may disconnect any endpoint, also its own, while progress() is at work on it; such an endpoint
 * is emptied at once and freed when progress() has done.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/log.h"
#include "base/rundir.h"
#include "transport/stream.h"
#include "transport/transport.h"

#define UNIX_WAITING_MAX (1024 * 1024)    /* bytes that wait in one endpoint before send says PVMI_AGAIN */
#define UNIX_EVENTS 16                    /* endpoints served by one progress() */

struct unix_transport {
    struct pvmi_transport base;
    int epoll_fd;
    struct pvmi_list endpoints;    /* struct unix_endpoint */
    struct pvmi_list closing;      /* disconnected inside progress(), to be freed after it */
    bool progressing;
};

struct unix_endpoint {
    struct pvmi_endpoint base;
    struct pvmi_list link;
    struct pvmi_stream stream;
    uint32_t watched;     /* epoll events asked for */
    int write_error;      /* sending has failed, but there may still be something to read */
    int down;             /* the reason that was told to the owner, or 0 */
    bool starved;         /* what has come found no memory: the next progress() tries again */
    bool disconnected;
};

static struct unix_transport *unix_of(const struct pvmi_endpoint *ep)
{
    return PVMI_CONTAINER(ep->tp, struct unix_transport, base);
}

static int unix_open(const struct pvmi_transport_events *events, void *user, struct pvmi_transport **ret_tp)
{
    struct unix_transport *tp = pvmi_calloc(1, sizeof(*tp));

    if (tp == NULL)
        return PvmNoMem;
    tp->epoll_fd = pvmi_descriptor_move(epoll_create1(EPOLL_CLOEXEC));
    if (tp->epoll_fd < 0) {
        pvmi_log(PVMI_LOG_ERROR, "epoll descriptor for the daemon's socket: %s", strerror(errno));
        pvmi_free(tp);
        return PvmSysErr;
    }
    tp->base.ops = &pvmi_transport_unix;
    tp->base.events = events;
    tp->base.user = user;
    pvmi_list_init(&tp->endpoints);
    pvmi_list_init(&tp->closing);
    *ret_tp = &tp->base;
    return PvmOk;
}

/* Asks for writing only while something waits: a socket is nearly always writable. */
static void unix_watch(struct unix_endpoint *ep)
{
    bool writing = ep->write_error != 0 || pvmi_stream_wants_write(&ep->stream);
    uint32_t wanted = EPOLLIN | (writing ? EPOLLOUT : 0u);
    struct epoll_event event = { .events = wanted, .data.ptr = ep };

    if (ep->down != 0 || ep->disconnected || wanted == ep->watched)
        return;
    if (epoll_ctl(unix_of(&ep->base)->epoll_fd, EPOLL_CTL_MOD, ep->stream.pipe->fd, &event) == 0)
        ep->watched = wanted;
}

/* Takes over fd on success. */
static int unix_add(struct unix_transport *tp, int fd, struct pvmi_endpoint **ret_ep)
{
    struct epoll_event event = { .events = EPOLLIN };
    struct unix_endpoint *ep = pvmi_calloc(1, sizeof(*ep));
    struct pvmi_pipe *pipe;

    if (ep == NULL)
        return PvmNoMem;
    event.data.ptr = ep;
    if (epoll_ctl(tp->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        pvmi_log(PVMI_LOG_ERROR, "watch the daemon's socket: %s", strerror(errno));
        pvmi_free(ep);
        return PvmSysErr;
    }
    pipe = pvmi_pipe_new_passing(fd);
    if (pipe == NULL) {
        epoll_ctl(tp->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        pvmi_free(ep);
        return PvmNoMem;
    }
    pvmi_stream_init(&ep->stream, pipe);
    ep->base.tp = &tp->base;
    ep->watched = EPOLLIN;
    pvmi_list_push(&tp->endpoints, &ep->link);
    *ret_ep = &ep->base;
    return PvmOk;
}

static int unix_connect(struct pvmi_transport *transport, const struct pvmi_address *peer,
                        struct pvmi_endpoint **ret_ep)
{
    struct unix_transport *tp = PVMI_CONTAINER(transport, struct unix_transport, base);
    int fd = peer->fd;
    int rc;

    if (fd < 0) {
        fd = pvmi_rundir_connect(peer->path);
        if (fd < 0) {
            pvmi_log(PVMI_LOG_INFO, "connect to %s: %s", peer->path, strerror(errno));
            return PvmSysErr;
        }
    }
    rc = unix_add(tp, fd, ret_ep);
    if (rc != PvmOk && peer->fd < 0)
        close(fd);
    return rc;
}

static int unix_send(struct pvmi_endpoint *endpoint, struct pvmi_frame *frame)
{
    struct unix_endpoint *ep = PVMI_CONTAINER(endpoint, struct unix_endpoint, base);
    int rc;

    if (ep->down != 0)
        return ep->down;
    if (ep->stream.out_bytes > UNIX_WAITING_MAX)
        return PVMI_AGAIN;

    /* A failure is told by progress(), behind the last frames that the peer sent. The frame waits until then,
     * for take_unsent(). */
    rc = pvmi_stream_send(&ep->stream, frame);
    if (rc != PvmOk)
        ep->write_error = rc;
    unix_watch(ep);
    return PvmOk;
}

static void unix_go_down(struct unix_endpoint *ep, int reason)
{
    struct unix_transport *tp = unix_of(&ep->base);

    ep->down = reason;
    epoll_ctl(tp->epoll_fd, EPOLL_CTL_DEL, ep->stream.pipe->fd, NULL);
    tp->base.events->down(tp->base.user, &ep->base, reason);
}

/* One call of the owner's while progress() reads; false when it has disconnected the endpoint. */
static bool unix_on_frame(void *user, struct pvmi_frame *frame)
{
    struct unix_endpoint *ep = user;
    struct unix_transport *tp = unix_of(&ep->base);

    tp->base.events->frame(tp->base.user, &ep->base, frame);
    return !ep->disconnected;
}

/* Moves what moves on ep. Returns events. */
static int unix_serve(struct unix_endpoint *ep, uint32_t events)
{
    int count = 0;
    int rc = PvmOk;

    if ((events & EPOLLOUT) != 0 && ep->write_error == 0) {
        ep->write_error = pvmi_stream_writable(&ep->stream);
        count++;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        rc = pvmi_stream_readable(&ep->stream, unix_on_frame, ep);
        if (rc > 0)
            count += rc;
    } else {
        rc = ep->write_error;    /* nothing is left to read */
    }
    if (ep->disconnected)
        return count;
    ep->starved = rc == PvmNoMem;
    if (rc < 0 && !ep->starved) {
        unix_go_down(ep, rc);
        return count + 1;
    }
    unix_watch(ep);
    return count;
}

static void unix_endpoint_free(struct unix_endpoint *ep)
{
    pvmi_list_remove(&ep->link);
    /* Closing would leave it in the epoll descriptor when a child of ours still has the socket. */
    if (ep->down == 0)
        epoll_ctl(unix_of(&ep->base)->epoll_fd, EPOLL_CTL_DEL, ep->stream.pipe->fd, NULL);
    pvmi_stream_fini(&ep->stream);
    pvmi_free(ep);
}

static void unix_free_all(struct pvmi_list *endpoints)
{
    PVMI_LIST_EACH(node, endpoints)
        unix_endpoint_free(PVMI_CONTAINER(node, struct unix_endpoint, link));
}

/* Serves those that lacked memory once more: no event need come for what they have read already. */
static int unix_serve_starved(struct unix_transport *tp)
{
    struct pvmi_list turn;
    struct pvmi_list *node;
    int count = 0;

    pvmi_list_init(&turn);
    pvmi_list_join(&turn, &tp->endpoints);
    while ((node = pvmi_list_pop(&turn)) != NULL) {
        struct unix_endpoint *ep = PVMI_CONTAINER(node, struct unix_endpoint, link);

        pvmi_list_push(&tp->endpoints, node);
        if (ep->starved && ep->down == 0)
            count += unix_serve(ep, EPOLLIN);
    }
    return count;
}

static bool unix_is_starved(const struct unix_transport *tp)
{
    PVMI_LIST_EACH(node, &tp->endpoints) {
        if (PVMI_CONTAINER(node, struct unix_endpoint, link)->starved)
            return true;
    }
    return false;
}

static int unix_progress(struct pvmi_transport *transport)
{
    struct unix_transport *tp = PVMI_CONTAINER(transport, struct unix_transport, base);
    struct epoll_event events[UNIX_EVENTS];
    int total = 0;
    int count;

    if (tp->progressing)
        return 0;
    do {
        count = epoll_wait(tp->epoll_fd, events, UNIX_EVENTS, 0);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        pvmi_log(PVMI_LOG_ERROR, "wait for the daemon's socket: %s", strerror(errno));
        return PvmSysErr;
    }

    tp->progressing = true;
    if (unix_is_starved(tp))
        total += unix_serve_starved(tp);
    for (int i = 0; i < count; i++) {
        struct unix_endpoint *ep = events[i].data.ptr;

        if (ep->down == 0 && !ep->disconnected)
            total += unix_serve(ep, events[i].events);
    }
    tp->progressing = false;
    unix_free_all(&tp->closing);
    return total == 0 && unix_is_starved(tp) ? PvmNoMem : total;
}

static int unix_event_fd(const struct pvmi_transport *transport)
{
    return PVMI_CONTAINER(transport, struct unix_transport, base)->epoll_fd;
}

static bool unix_pending(const struct pvmi_endpoint *endpoint)
{
    const struct unix_endpoint *ep = PVMI_CONTAINER(endpoint, struct unix_endpoint, base);

    return !pvmi_list_empty(&ep->stream.out);
}

static void unix_take_unsent(struct pvmi_endpoint *endpoint, struct pvmi_list *ret_frames)
{
    struct unix_endpoint *ep = PVMI_CONTAINER(endpoint, struct unix_endpoint, base);

    pvmi_stream_take_unsent(&ep->stream, ret_frames);
    unix_watch(ep);
}

int pvmi_unix_take_passed(struct pvmi_endpoint *endpoint)
{
    return pvmi_pipe_take_passed(PVMI_CONTAINER(endpoint, struct unix_endpoint, base)->stream.pipe);
}

static void unix_disconnect(struct pvmi_endpoint *endpoint)
{
    struct unix_endpoint *ep;
    struct unix_transport *tp;

    if (endpoint == NULL)
        return;
    ep = PVMI_CONTAINER(endpoint, struct unix_endpoint, base);
    tp = unix_of(endpoint);
    assert(!ep->disconnected);
    if (!tp->progressing) {
        unix_endpoint_free(ep);
        return;
    }
    ep->disconnected = true;
    pvmi_list_remove(&ep->link);
    pvmi_list_push(&tp->closing, &ep->link);
}

static void unix_close(struct pvmi_transport *transport)
{
    struct unix_transport *tp;

    if (transport == NULL)
        return;
    tp = PVMI_CONTAINER(transport, struct unix_transport, base);
    assert(!tp->progressing);
    unix_free_all(&tp->endpoints);
    close(tp->epoll_fd);
    pvmi_free(tp);
}

const struct pvmi_transport_ops pvmi_transport_unix = {
    .name = "unix",
    .open = unix_open,
    .close = unix_close,
    .connect = unix_connect,
    .send = unix_send,
    .progress = unix_progress,
    .event_fd = unix_event_fd,
    .pending = unix_pending,
    .take_unsent = unix_take_unsent,
    .disconnect = unix_disconnect,
};
