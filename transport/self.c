/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * To oneself: send() puts the frame into a queue, the next progress() hands it over. The simplest transport,
 * and the one to read first. What a callback sends comes with the progress() after, so that a program that
 * answers itself does not spin in one call. There is always room.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/log.h"
#include "transport/transport.h"

struct self_transport {
    struct pvmi_transport base;
    int event_fd;
    bool signalled;                /* event_fd is readable */
    bool progressing;
    struct pvmi_list endpoints;    /* struct self_endpoint */
    struct pvmi_list closing;      /* disconnected inside progress(), to be freed after it */
};

struct self_endpoint {
    struct pvmi_endpoint base;
    struct pvmi_list link;
    struct pvmi_list queue;       /* frames sent */
    struct pvmi_list arriving;    /* those of them that this progress() hands over */
};

static struct self_transport *self_of(const struct pvmi_endpoint *ep)
{
    return PVMI_CONTAINER(ep->tp, struct self_transport, base);
}

static int self_open(const struct pvmi_transport_events *events, void *user, struct pvmi_transport **ret_tp)
{
    struct self_transport *tp = pvmi_calloc(1, sizeof(*tp));

    if (tp == NULL)
        return PvmNoMem;
    tp->event_fd = pvmi_descriptor_move(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (tp->event_fd < 0) {
        pvmi_log(PVMI_LOG_ERROR, "event descriptor for messages to oneself: %s", strerror(errno));
        pvmi_free(tp);
        return PvmSysErr;
    }
    tp->base.ops = &pvmi_transport_self;
    tp->base.events = events;
    tp->base.user = user;
    pvmi_list_init(&tp->endpoints);
    pvmi_list_init(&tp->closing);
    *ret_tp = &tp->base;
    return PvmOk;
}

static int self_connect(struct pvmi_transport *transport, const struct pvmi_address *peer,
                        struct pvmi_endpoint **ret_ep)
{
    struct self_transport *tp = PVMI_CONTAINER(transport, struct self_transport, base);
    struct self_endpoint *ep = pvmi_calloc(1, sizeof(*ep));

    (void)peer;
    if (ep == NULL)
        return PvmNoMem;
    ep->base.tp = transport;
    pvmi_list_init(&ep->queue);
    pvmi_list_init(&ep->arriving);
    pvmi_list_push(&tp->endpoints, &ep->link);
    *ret_ep = &ep->base;
    return PvmOk;
}

/* The counter of an eventfd that is read at each progress() cannot overflow, so neither call can fail. */
static void self_signal(struct self_transport *tp)
{
    if (!tp->signalled)
        tp->signalled = eventfd_write(tp->event_fd, 1) == 0;
}

static void self_unsignal(struct self_transport *tp)
{
    eventfd_t count;

    if (tp->signalled)
        tp->signalled = eventfd_read(tp->event_fd, &count) != 0;
}

static int self_send(struct pvmi_endpoint *endpoint, struct pvmi_frame *frame)
{
    struct self_endpoint *ep = PVMI_CONTAINER(endpoint, struct self_endpoint, base);

    pvmi_list_push(&ep->queue, &frame->link);
    self_signal(self_of(endpoint));
    return PvmOk;
}

/* Hands over what stood in the queue. The owner may disconnect ep in between, which empties arriving. */
static int self_deliver(struct self_endpoint *ep)
{
    struct pvmi_transport *tp = ep->base.tp;
    struct pvmi_list *node;
    int count = 0;

    while ((node = pvmi_list_pop(&ep->arriving)) != NULL) {
        tp->events->frame(tp->user, &ep->base, PVMI_CONTAINER(node, struct pvmi_frame, link));
        count++;
    }
    return count;
}

static void self_endpoint_free(struct self_endpoint *ep)
{
    pvmi_list_remove(&ep->link);
    pvmi_frame_free_all(&ep->arriving);
    pvmi_frame_free_all(&ep->queue);
    pvmi_free(ep);
}

static void self_free_all(struct pvmi_list *endpoints)
{
    PVMI_LIST_EACH(node, endpoints)
        self_endpoint_free(PVMI_CONTAINER(node, struct self_endpoint, link));
}

static int self_progress(struct pvmi_transport *transport)
{
    struct self_transport *tp = PVMI_CONTAINER(transport, struct self_transport, base);
    struct pvmi_list turn;
    struct pvmi_list *node;
    int total = 0;

    if (tp->progressing || !tp->signalled)
        return 0;
    self_unsignal(tp);
    PVMI_LIST_EACH(each, &tp->endpoints) {
        struct self_endpoint *ep = PVMI_CONTAINER(each, struct self_endpoint, link);

        pvmi_list_join(&ep->arriving, &ep->queue);
    }

    /* Endpoints come and go in the callbacks: each goes back to its list before its frames go out. */
    tp->progressing = true;
    pvmi_list_init(&turn);
    pvmi_list_join(&turn, &tp->endpoints);
    while ((node = pvmi_list_pop(&turn)) != NULL) {
        pvmi_list_push(&tp->endpoints, node);
        total += self_deliver(PVMI_CONTAINER(node, struct self_endpoint, link));
    }
    tp->progressing = false;
    self_free_all(&tp->closing);
    return total;
}

static int self_event_fd(const struct pvmi_transport *transport)
{
    return PVMI_CONTAINER(transport, struct self_transport, base)->event_fd;
}

static bool self_pending(const struct pvmi_endpoint *endpoint)
{
    const struct self_endpoint *ep = PVMI_CONTAINER(endpoint, struct self_endpoint, base);

    return !pvmi_list_empty(&ep->arriving) || !pvmi_list_empty(&ep->queue);
}

static void self_take_unsent(struct pvmi_endpoint *endpoint, struct pvmi_list *ret_frames)
{
    struct self_endpoint *ep = PVMI_CONTAINER(endpoint, struct self_endpoint, base);

    pvmi_list_join(ret_frames, &ep->arriving);
    pvmi_list_join(ret_frames, &ep->queue);
}

static void self_disconnect(struct pvmi_endpoint *endpoint)
{
    struct self_endpoint *ep;
    struct self_transport *tp;

    if (endpoint == NULL)
        return;
    ep = PVMI_CONTAINER(endpoint, struct self_endpoint, base);
    tp = self_of(endpoint);
    if (!tp->progressing) {
        self_endpoint_free(ep);
        return;
    }
    pvmi_frame_free_all(&ep->arriving);
    pvmi_frame_free_all(&ep->queue);
    pvmi_list_remove(&ep->link);
    pvmi_list_push(&tp->closing, &ep->link);
}

static void self_close(struct pvmi_transport *transport)
{
    struct self_transport *tp;

    if (transport == NULL)
        return;
    tp = PVMI_CONTAINER(transport, struct self_transport, base);
    assert(!tp->progressing);
    self_free_all(&tp->endpoints);
    close(tp->event_fd);
    pvmi_free(tp);
}

const struct pvmi_transport_ops pvmi_transport_self = {
    .name = "self",
    .open = self_open,
    .close = self_close,
    .connect = self_connect,
    .send = self_send,
    .progress = self_progress,
    .event_fd = self_event_fd,
    .pending = self_pending,
    .take_unsent = self_take_unsent,
    .disconnect = self_disconnect,
};
