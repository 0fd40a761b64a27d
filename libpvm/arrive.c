/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   frame --> the next message of its source, whole: straight on
 *         --> else into an arrival (number, what has come) of its source; the arrivals are kept in order of
 *             number, and the first one goes on as soon as it is whole and its number is the next
 *
 * A sender that cannot finish a message says so with a frame whose message_length is where it stopped: the
 * number is skipped then.
 */
#include "libpvm/arrive.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/output.h"
#include "libpvm/peer.h"
#include "libpvm/request.h"
#include "libpvm/sweep.h"
#include "libpvm/task.h"
#include "libpvm/watch.h"
#include "wire/tid.h"

struct arrival {
    struct pvmi_list link;      /* in source.arrivals */
    uint32_t number;
    uint64_t length;            /* bytes of the whole message */
    bool whole;
    struct pvmi_msgbuf *buf;    /* NULL: the sender gave this message up */
};

static struct arrival *arrive_spare;    /* for a message that comes early, and whose place there must be */
struct pvmi_list pvmi_arrive_waiting = { &pvmi_arrive_waiting, &pvmi_arrive_waiting };

/* ---- whole messages ---- */

/* The daemon of a task, as programs see it. */
static int32_t pvmd_of(int32_t tid)
{
    int host = pvmi_tid_host(tid);

    return host == pvmi_tid_host(pvmi_task.tid) ? PVMI_TID_PVMD : PVMI_TID_PVMD | pvmi_tid_of_host(host);
}

static void message_arrived(struct pvmi_msgbuf *buf, int kind)
{
    if (kind == PVMI_FRAME_OUTPUT)
        buf->src = pvmd_of(buf->src);
    if (kind == PVMI_FRAME_OUTPUT && buf->ctx == PVMI_CONTEXT_CONTROL && buf->tag == PVMI_TAG_OUTPUT) {
        pvmi_output_arrived(buf);
        pvmi_msgbuf_free(buf);
    } else if (kind == PVMI_FRAME_NOTICE && buf->ctx == PVMI_CONTEXT_PVMD) {
        pvmi_watch_arrived(buf);
        pvmi_msgbuf_free(buf);
    } else {
        pvmi_line_push(buf);
    }
}

/* A frame that is a whole message. Returns PvmOk, PvmNoMem, PvmBadMsg. */
static int take_whole(const struct pvmi_frame *frame)
{
    const struct pvmi_frame_header *header = &frame->header;
    struct pvmi_msgbuf *buf;
    int rc;

    if (header->offset != 0 || header->length != header->message_length)
        return PvmBadMsg;
    rc = pvmi_msgbuf_arriving(header, &buf);
    if (rc != PvmOk)
        return rc;
    rc = pvmi_msgbuf_fill(buf, pvmi_frame_bytes(frame), header->length, header->length);
    if (rc != PvmOk)
        pvmi_msgbuf_free(buf);
    else
        message_arrived(buf, header->kind);
    return rc;
}

/* ---- messages of tasks, by source and number ---- */

static bool number_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static void arrival_free(struct pvmi_peer *source, struct arrival *arrival)
{
    pvmi_list_remove(&arrival->link);
    source->held--;
    pvmi_msgbuf_free(arrival->buf);
    pvmi_free(arrival);
}

/* Finds the arrival of number, or where it belongs: *ret_where is the node to insert before. */
static struct arrival *arrival_find(struct pvmi_peer *source, uint32_t number, struct pvmi_list **ret_where)
{
    struct pvmi_list *node = &source->arrivals;

    /* Most often it is the last one: look from the end. */
    while (node->prev != &source->arrivals) {
        struct arrival *arrival = PVMI_CONTAINER(node->prev, struct arrival, link);

        if (arrival->number == number)
            return arrival;
        if (number_before(arrival->number, number))
            break;
        node = node->prev;
    }
    *ret_where = node;
    return NULL;
}

/* The first frame of a message. Returns PvmOk, PvmNoMem, PvmBadMsg. */
static int arrival_new(struct pvmi_peer *source, const struct pvmi_frame_header *header, struct pvmi_list *where,
                       struct arrival **ret_arrival)
{
    bool given_up = header->length == 0 && header->offset != 0;
    struct arrival *arrival;
    int rc;

    if (header->offset != 0 && !given_up)
        return PvmBadMsg;
    arrival = pvmi_calloc(1, sizeof(*arrival));
    if (arrival == NULL)
        return PvmNoMem;
    arrival->number = header->message;
    arrival->length = header->message_length;
    if (!given_up) {
        rc = pvmi_msgbuf_arriving(header, &arrival->buf);
        if (rc != PvmOk) {
            pvmi_free(arrival);
            return rc;
        }
    }
    arrival->whole = given_up;
    pvmi_list_insert(where, &arrival->link);
    source->held++;
    *ret_arrival = arrival;
    return PvmOk;
}

/* Puts a frame's bytes into its message. Returns PvmOk, PvmNoMem, or PvmBadMsg for bytes that do not follow. */
static int arrival_fill(struct arrival *arrival, const struct pvmi_frame *frame)
{
    const struct pvmi_frame_header *header = &frame->header;
    uint64_t have;
    int rc;

    if (arrival->whole)
        return PvmOk;    /* a double */
    if (header->message_length != arrival->length) {
        pvmi_msgbuf_free(arrival->buf);
        arrival->buf = NULL;
        arrival->whole = true;
        return PvmOk;
    }
    have = arrival->buf->length;
    if (header->offset < have)
        return PvmOk;
    if (header->offset != have || header->length > arrival->length - have)
        return PvmBadMsg;
    rc = pvmi_msgbuf_fill(arrival->buf, pvmi_frame_bytes(frame), header->length, arrival->length - have);
    arrival->whole = arrival->buf->length == arrival->length;
    return rc;
}

/* Hands on what is whole and next. */
static void source_advance(struct pvmi_peer *source)
{
    while (!pvmi_list_empty(&source->arrivals)) {
        struct arrival *first = PVMI_CONTAINER(source->arrivals.next, struct arrival, link);
        struct pvmi_msgbuf *buf = first->buf;

        if (first->number != source->receive_next && source->held > PVMI_ARRIVE_HELD_MAX) {
            pvmi_log(PVMI_LOG_ERROR, "message %u of a task is missing, %zu later ones wait: given up",
                     source->receive_next, source->held);
            source->receive_next = first->number;
        }
        if (first->number != source->receive_next || !first->whole)
            return;
        source->receive_next = pvmi_peer_number_after(source->receive_next);
        first->buf = NULL;
        arrival_free(source, first);
        if (buf != NULL)
            message_arrived(buf, PVMI_FRAME_DATA);
    }
}

static int take_data(const struct pvmi_frame *frame)
{
    const struct pvmi_frame_header *header = &frame->header;
    struct pvmi_peer *source = pvmi_peer_get(header->src);
    struct pvmi_list *where;
    struct arrival *arrival;
    int rc;

    if (source == NULL)
        return PvmNoMem;
    if (number_before(header->message, source->receive_next))
        return PvmOk;    /* a double */
    if (header->message == source->receive_next && pvmi_list_empty(&source->arrivals) &&
        header->length == header->message_length) {
        rc = take_whole(frame);
        if (rc == PvmOk)
            source->receive_next = pvmi_peer_number_after(source->receive_next);
        return rc;
    }

    arrival = arrival_find(source, header->message, &where);
    if (arrival == NULL) {
        rc = arrival_new(source, header, where, &arrival);
        if (rc != PvmOk)
            return rc;
    }
    rc = arrival_fill(arrival, frame);
    source_advance(source);
    return rc;
}

/* ---- messages that come whole ---- */

int pvmi_arrive_reserve(const struct pvmi_peer *source, uint32_t number)
{
    if (arrive_spare == NULL && number != source->receive_next)
        arrive_spare = pvmi_calloc(1, sizeof(*arrive_spare));
    return arrive_spare == NULL && number != source->receive_next ? PvmNoMem : PvmOk;
}

/* Early. buf NULL: it is not to be waited for. */
static void hold_back(struct pvmi_peer *source, uint32_t number, struct pvmi_msgbuf *buf)
{
    struct pvmi_list *where;
    struct arrival *arrival = arrival_find(source, number, &where);

    if (arrival != NULL || number_before(number, source->receive_next)) {    /* a double */
        pvmi_msgbuf_free(buf);
        return;
    }
    assert(arrive_spare != NULL);
    arrival = arrive_spare;
    arrive_spare = NULL;
    arrival->number = number;
    arrival->buf = buf;
    arrival->whole = true;
    pvmi_list_insert(where, &arrival->link);
    source->held++;
    source_advance(source);
}

void pvmi_arrive_message(struct pvmi_peer *source, uint32_t number, struct pvmi_msgbuf *buf)
{
    if (number != source->receive_next) {
        hold_back(source, number, buf);
        return;
    }
    source->receive_next = pvmi_peer_number_after(number);
    pvmi_line_push(buf);
    if (!pvmi_list_empty(&source->arrivals))
        source_advance(source);
}

void pvmi_arrive_skip(struct pvmi_peer *source, uint32_t number)
{
    if (number != source->receive_next) {
        hold_back(source, number, NULL);
        return;
    }
    source->receive_next = pvmi_peer_number_after(number);
    source_advance(source);
}

/* ---- frames ---- */

/* What the daemon tells of a task's end comes behind all that this task had sent through the arena. */
static int take_frame(const struct pvmi_frame *frame)
{
    int rc;

    switch (frame->header.kind) {
    case PVMI_FRAME_DATA:
        return frame->header.message == 0 ? PvmBadMsg : take_data(frame);
    case PVMI_FRAME_CONTROL:
        rc = pvmi_sweep_all();
        if (rc != PvmOk)
            return rc;
        return pvmi_request_arrived(pvmi_frame_bytes(frame), frame->header.length);
    case PVMI_FRAME_OUTPUT:
        return take_whole(frame);
    case PVMI_FRAME_NOTICE:
        rc = pvmi_sweep_all();
        return rc == PvmOk ? take_whole(frame) : rc;
    default:
        return PvmOk;    /* PING and the like are between the ends of a connection */
    }
}

/* Returns false when there is no memory for the frame, which then stays. */
static bool try_frame(struct pvmi_frame *frame)
{
    int rc = take_frame(frame);

    if (rc == PvmNoMem)
        return false;
    if (rc != PvmOk)
        pvmi_log(PVMI_LOG_ERROR, "dropped a frame of kind %d from t%x: %s", frame->header.kind,
                 (unsigned)frame->header.src, pvmi_error_text(rc));
    pvmi_frame_free(frame);
    return true;
}

void pvmi_arrive_frame(struct pvmi_frame *frame)
{
    if (!pvmi_list_empty(&pvmi_arrive_waiting) || !try_frame(frame))
        pvmi_list_push(&pvmi_arrive_waiting, &frame->link);
}

int pvmi_arrive_retry(void)
{
    int went = 0;

    while (!pvmi_list_empty(&pvmi_arrive_waiting)) {
        if (!try_frame(PVMI_CONTAINER(pvmi_arrive_waiting.next, struct pvmi_frame, link)))
            break;
        went++;
    }
    return went;
}

static void forget_arrivals(struct pvmi_peer *source)
{
    while (!pvmi_list_empty(&source->arrivals))
        arrival_free(source, PVMI_CONTAINER(source->arrivals.next, struct arrival, link));
}

void pvmi_arrive_reset(void)
{
    pvmi_peer_each(forget_arrivals);
    pvmi_free(arrive_spare);
    arrive_spare = NULL;
    pvmi_frame_free_all(&pvmi_arrive_waiting);
}
