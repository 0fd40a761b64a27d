/* SPDX-License-Identifier: BSD-3-Clause */
/* A transport around another: does the same, and writes a line for each call and event. */
#include <assert.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "transport/transport.h"

struct logged_transport {
    struct pvmi_transport base;
    struct pvmi_transport_ops ops;    /* with the inner one's name */
    struct pvmi_transport *inner;
    unsigned endpoint_count;          /* made so far: numbers for the log */
    struct pvmi_list endpoints;
};

/* The inner endpoint's owner is this one. */
struct logged_endpoint {
    struct pvmi_endpoint base;
    struct pvmi_list link;
    struct pvmi_endpoint *inner;
    unsigned number;
};

static struct logged_transport *logged_of(const struct pvmi_transport *transport)
{
    return PVMI_CONTAINER(transport, struct logged_transport, base);
}

static struct logged_endpoint *logged_endpoint_of(const struct pvmi_endpoint *endpoint)
{
    return PVMI_CONTAINER(endpoint, struct logged_endpoint, base);
}

static const char *logged_result(int rc)
{
    if (rc == PVMI_AGAIN)
        return "again";
    if (rc == PVMI_CLOSED)
        return "closed";
    return rc >= 0 ? "ok" : pvmi_error_name(rc);
}

static void logged_frame(const struct logged_transport *tp, unsigned number, const char *what,
                         const struct pvmi_frame_header *header, const char *result)
{
    pvmi_log(PVMI_LOG_DEBUG, "%s %u: %s kind %u src t%" PRIx32 " dst t%" PRIx32 " tag %" PRId32
             " message %" PRIu32 " at %" PRIu64 " length %" PRIu32 "%s%s", tp->ops.name, number, what,
             header->kind, (uint32_t)header->src, (uint32_t)header->dst, header->tag, header->message,
             header->offset, header->length, result[0] != '\0' ? ": " : "", result);
}

static void logged_on_frame(void *user, struct pvmi_endpoint *inner, struct pvmi_frame *frame)
{
    struct logged_transport *tp = user;
    struct logged_endpoint *ep = inner->owner;

    logged_frame(tp, ep->number, "came", &frame->header, "");
    tp->base.events->frame(tp->base.user, &ep->base, frame);
}

static void logged_on_down(void *user, struct pvmi_endpoint *inner, int reason)
{
    struct logged_transport *tp = user;
    struct logged_endpoint *ep = inner->owner;

    pvmi_log(PVMI_LOG_DEBUG, "%s %u: down: %s", tp->ops.name, ep->number, logged_result(reason));
    tp->base.events->down(tp->base.user, &ep->base, reason);
}

static const struct pvmi_transport_events logged_events = {
    .frame = logged_on_frame,
    .down = logged_on_down,
};

/* There is nothing to open without an inner transport: see pvmi_transport_logged(). */
static int logged_open(const struct pvmi_transport_events *events, void *user, struct pvmi_transport **ret_tp)
{
    (void)events;
    (void)user;
    (void)ret_tp;
    return PvmNotImpl;
}

static int logged_connect(struct pvmi_transport *transport, const struct pvmi_address *peer,
                          struct pvmi_endpoint **ret_ep)
{
    struct logged_transport *tp = logged_of(transport);
    struct logged_endpoint *ep = pvmi_calloc(1, sizeof(*ep));
    int rc;

    if (ep == NULL)
        return PvmNoMem;
    ep->base.tp = transport;
    ep->number = ++tp->endpoint_count;
    rc = tp->inner->ops->connect(tp->inner, peer, &ep->inner);
    pvmi_log(PVMI_LOG_DEBUG, "%s %u: connect to t%" PRIx32 " path %s descriptor %d: %s", tp->ops.name,
             ep->number, (uint32_t)peer->tid, peer->path != NULL ? peer->path : "none", peer->fd,
             logged_result(rc));
    if (rc != PvmOk) {
        pvmi_free(ep);
        return rc;
    }
    ep->inner->owner = ep;
    pvmi_list_push(&tp->endpoints, &ep->link);
    *ret_ep = &ep->base;
    return PvmOk;
}

static int logged_send(struct pvmi_endpoint *endpoint, struct pvmi_frame *frame)
{
    struct logged_endpoint *ep = logged_endpoint_of(endpoint);
    struct logged_transport *tp = logged_of(endpoint->tp);
    struct pvmi_frame_header header = frame->header;    /* the frame may be gone afterwards, and ep too */
    unsigned number = ep->number;
    int rc = tp->inner->ops->send(ep->inner, frame);

    logged_frame(tp, number, "send", &header, logged_result(rc));
    return rc;
}

static int logged_progress(struct pvmi_transport *transport)
{
    struct logged_transport *tp = logged_of(transport);
    int rc = tp->inner->ops->progress(tp->inner);

    /* A waiting task calls it all the time: only what it did is worth a line. */
    if (rc != 0)
        pvmi_log(PVMI_LOG_DEBUG, "%s: progress: %d events: %s", tp->ops.name, rc > 0 ? rc : 0,
                 logged_result(rc));
    return rc;
}

static int logged_event_fd(const struct pvmi_transport *transport)
{
    const struct pvmi_transport *inner = logged_of(transport)->inner;

    return inner->ops->event_fd(inner);
}

static bool logged_pending(const struct pvmi_endpoint *endpoint)
{
    const struct pvmi_endpoint *inner = logged_endpoint_of(endpoint)->inner;

    return inner->tp->ops->pending(inner);
}

static void logged_take_unsent(struct pvmi_endpoint *endpoint, struct pvmi_list *ret_frames)
{
    struct logged_endpoint *ep = logged_endpoint_of(endpoint);

    pvmi_log(PVMI_LOG_DEBUG, "%s %u: take back what is not sent", logged_of(endpoint->tp)->ops.name,
             ep->number);
    ep->inner->tp->ops->take_unsent(ep->inner, ret_frames);
}

static void logged_disconnect(struct pvmi_endpoint *endpoint)
{
    struct logged_endpoint *ep;

    if (endpoint == NULL)
        return;
    ep = logged_endpoint_of(endpoint);
    pvmi_log(PVMI_LOG_DEBUG, "%s %u: disconnect", logged_of(endpoint->tp)->ops.name, ep->number);
    ep->inner->tp->ops->disconnect(ep->inner);
    pvmi_list_remove(&ep->link);
    pvmi_free(ep);
}

static void logged_close(struct pvmi_transport *transport)
{
    struct logged_transport *tp;

    if (transport == NULL)
        return;
    tp = logged_of(transport);
    pvmi_log(PVMI_LOG_DEBUG, "%s: close", tp->ops.name);
    PVMI_LIST_EACH(node, &tp->endpoints)
        pvmi_free(PVMI_CONTAINER(node, struct logged_endpoint, link));    /* the inner ones: see below */
    tp->inner->ops->close(tp->inner);
    pvmi_free(tp);
}

static const struct pvmi_transport_ops logged_ops = {
    .open = logged_open,
    .close = logged_close,
    .connect = logged_connect,
    .send = logged_send,
    .progress = logged_progress,
    .event_fd = logged_event_fd,
    .pending = logged_pending,
    .take_unsent = logged_take_unsent,
    .disconnect = logged_disconnect,
};

int pvmi_transport_logged(struct pvmi_transport *inner, struct pvmi_transport **ret_tp)
{
    struct logged_transport *tp = pvmi_calloc(1, sizeof(*tp));

    if (tp == NULL)
        return PvmNoMem;
    tp->ops = logged_ops;
    tp->ops.name = inner->ops->name;
    tp->base.ops = &tp->ops;
    tp->base.events = inner->events;
    tp->base.user = inner->user;
    tp->inner = inner;
    pvmi_list_init(&tp->endpoints);
    inner->events = &logged_events;
    inner->user = tp;
    *ret_tp = &tp->base;
    return PvmOk;
}
