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

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/table.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/output.h"
#include "libpvm/request.h"
#include "libpvm/watch.h"
#include "wire/tid.h"

struct arrival {
    struct pvmi_list link;      /* in source.arrivals */
    uint32_t number;
    uint64_t length;            /* bytes of the whole message */
    bool whole;
    struct pvmi_msgbuf *buf;    /* NULL: the sender gave this message up */
};

struct source {
    uint32_t next;              /* number of the next message to hand on */
    size_t held;                /* arrivals in the list */
    struct pvmi_list arrivals;
};

static struct pvmi_table arrive_sources;    /* by tid */
static struct pvmi_list arrive_stalled = { &arrive_stalled, &arrive_stalled };

/* ---- whole messages ---- */

static void message_arrived(struct pvmi_msgbuf *buf, int kind)
{
    if (kind == PVMI_FRAME_OUTPUT)
        buf->src = PVMI_TID_PVMD;
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

static struct source *source_get(int32_t tid)
{
    struct source *source = pvmi_table_get(&arrive_sources, (uint32_t)tid);

    if (source != NULL)
        return source;
    source = pvmi_calloc(1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->next = 1;
    pvmi_list_init(&source->arrivals);
    if (pvmi_table_set(&arrive_sources, (uint32_t)tid, source) != PvmOk) {
        pvmi_free(source);
        return NULL;
    }
    return source;
}

/* Numbers come round, and 0 is none. */
static uint32_t number_after(uint32_t number)
{
    return number + 1 == 0 ? 1 : number + 1;
}

static bool number_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static void arrival_free(struct source *source, struct arrival *arrival)
{
    pvmi_list_remove(&arrival->link);
    source->held--;
    pvmi_msgbuf_free(arrival->buf);
    pvmi_free(arrival);
}

/* Finds the arrival of number, or where it belongs: *ret_where is the node to insert before. */
static struct arrival *arrival_find(struct source *source, uint32_t number, struct pvmi_list **ret_where)
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
static int arrival_new(struct source *source, const struct pvmi_frame_header *header, struct pvmi_list *where,
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
static void source_advance(struct source *source)
{
    while (!pvmi_list_empty(&source->arrivals)) {
        struct arrival *first = PVMI_CONTAINER(source->arrivals.next, struct arrival, link);
        struct pvmi_msgbuf *buf = first->buf;

        if (first->number != source->next && source->held > PVMI_ARRIVE_HELD_MAX) {
            pvmi_log(PVMI_LOG_ERROR, "message %u of a task is missing, %zu later ones wait: given up",
                     source->next, source->held);
            source->next = first->number;
        }
        if (first->number != source->next || !first->whole)
            return;
        source->next = number_after(source->next);
        first->buf = NULL;
        arrival_free(source, first);
        if (buf != NULL)
            message_arrived(buf, PVMI_FRAME_DATA);
    }
}

static int take_data(const struct pvmi_frame *frame)
{
    const struct pvmi_frame_header *header = &frame->header;
    struct source *source = source_get(header->src);
    struct pvmi_list *where;
    struct arrival *arrival;
    int rc;

    if (source == NULL)
        return PvmNoMem;
    if (number_before(header->message, source->next))
        return PvmOk;    /* a double */
    if (header->message == source->next && pvmi_list_empty(&source->arrivals) &&
        header->length == header->message_length) {
        rc = take_whole(frame);
        if (rc == PvmOk)
            source->next = number_after(source->next);
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

/* ---- frames ---- */

static int take_frame(const struct pvmi_frame *frame)
{
    switch (frame->header.kind) {
    case PVMI_FRAME_DATA:
        return frame->header.message == 0 ? PvmBadMsg : take_data(frame);
    case PVMI_FRAME_CONTROL:
        return pvmi_request_arrived(pvmi_frame_bytes(frame), frame->header.length);
    case PVMI_FRAME_OUTPUT:
    case PVMI_FRAME_NOTICE:
        return take_whole(frame);
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
    if (!pvmi_list_empty(&arrive_stalled) || !try_frame(frame))
        pvmi_list_push(&arrive_stalled, &frame->link);
}

int pvmi_arrive_retry(void)
{
    int went = 0;

    while (!pvmi_list_empty(&arrive_stalled)) {
        if (!try_frame(PVMI_CONTAINER(arrive_stalled.next, struct pvmi_frame, link)))
            break;
        went++;
    }
    return went;
}

bool pvmi_arrive_stalled(void)
{
    return !pvmi_list_empty(&arrive_stalled);
}

void pvmi_arrive_reset(void)
{
    struct source *source;
    uint32_t cursor = 0;

    while ((source = pvmi_table_next(&arrive_sources, &cursor, NULL)) != NULL) {
        while (!pvmi_list_empty(&source->arrivals))
            arrival_free(source, PVMI_CONTAINER(source->arrivals.next, struct arrival, link));
        pvmi_free(source);
    }
    pvmi_table_fini(&arrive_sources);
    pvmi_frame_free_all(&arrive_stalled);
}
