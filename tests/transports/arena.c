/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/transports/arena.h"

#include <sys/eventfd.h>

#include "base/alloc.h"
#include "tests/unit/shm_side.h"

#define TID 0x40001    /* of the task whose transport it is */

/* A message on its way: sender's numbers put frames in order. */
struct arena_path {
    struct pvmi_shm_peer *to;
    uint32_t sent;
    uint32_t next;               /* number of what comes next */
    struct pvmi_list early;      /* frames that wait for it */
};

struct arena_end {
    struct side side;
    struct arena_path path;
};

struct arena_transport {
    struct pvmi_transport base;
    struct side side;
    int event_fd;
    bool progressing;
    struct pvmi_list endpoints;
    struct pvmi_list closing;
};

struct arena_endpoint {
    struct pvmi_endpoint base;
    struct pvmi_list link;
    int32_t tid;
    bool down;
    struct arena_path path;
};

static struct arena_daemon machine;
static int64_t pages_at_first;
static struct arena_transport *poked;    /* whose task sleeps over its descriptor */

void arena_begin(void)
{
    daemon_make(&machine, ARENA_PAGES);
    pages_at_first = atomic_load(&machine.arena->header->pages_free);
}

bool arena_end(void)
{
    bool back = pvmi_heal_sweep(&machine.self) == 0;

    pvmi_budget_audit(machine.arena);
    back = back && atomic_load(&machine.arena->header->pages_free) == pages_at_first;
    daemon_end(&machine);
    return back;
}

/* Only the transport's own task ever sleeps. */
static void ring_bell(void)
{
    if (poked != NULL)
        eventfd_write(poked->event_fd, 1);
}

static void on_poke(void *user, uint32_t name)
{
    (void)user;
    (void)name;
    ring_bell();
}

static void bury(const struct side *side)
{
    MUST(pvmi_heal_dead(&machine.self, side->slot, on_poke, NULL) == PvmOk);
    pvmi_heal_sweep(&machine.self);
}

/* ---- frames as messages ---- */

static int lend_body(struct pvmi_shm *shm, struct pvmi_shm_peer *to, struct pvmi_shm_head *head, const uint8_t *bytes,
                     size_t length)
{
    struct pvmi_arena_block *block, *last = NULL;
    uint64_t first = 0, position;
    int rc = PvmOk;

    for (size_t at = 0, piece; rc == PvmOk && at < length; at += piece) {
        piece = length - at < PVMI_HEAP_BYTES_MAX ? length - at : PVMI_HEAP_BYTES_MAX;
        rc = pvmi_lend_new(&shm->lend, (uint32_t)piece, &position, &block);
        if (rc != PvmOk)
            break;
        memcpy(pvmi_block_data(block), bytes + at, piece);
        block->length = (uint32_t)piece;
        if (last == NULL)
            first = position;
        else
            last->next = position;
        last = block;
    }
    if (rc == PvmOk)
        rc = pvmi_shm_lend(to, head, first, length);
    if (first != 0)
        pvmi_lend_drop(&shm->lend, first);
    return rc;
}

static int path_send(struct arena_path *path, struct pvmi_shm *shm, const struct pvmi_frame *frame)
{
    struct pvmi_shm_head head = { .message = path->sent + 1, .tag = frame->header.tag };
    size_t length = frame->header.length;
    int rc = length <= PVMI_SHM_SHORT_MAX ? pvmi_shm_send(path->to, &head, pvmi_frame_bytes(frame), length)
                                          : lend_body(shm, path->to, &head, pvmi_frame_bytes(frame), length);

    if (rc == PvmOk)
        path->sent++;
    return rc;
}

static void read_lent(struct side *side, const struct pvmi_shm_lent *lent, uint8_t *bytes)
{
    uint64_t position = lent->position, next;
    struct pvmi_pin pin;
    uint32_t length;

    for (size_t at = 0; at < lent->length; at += length, position = next) {
        MUST(pvmi_block_pin(side->arena, position, &pin, &length, &next) == PvmOk);
        MUST(length <= lent->length - at);
        memcpy(bytes + at, pvmi_block_data(pin.at), length);
        pvmi_arena_unpin(&pin);
    }
}

/* The arrived message as a frame, taken. */
static struct pvmi_frame *take_frame(struct side *side, const struct pvmi_shm_arrival *arrival)
{
    size_t length = (size_t)arrival->lent.length;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .message = arrival->head.message,
                                        .tag = arrival->head.tag };
    struct pvmi_blob *blob = pvmi_blob_new(length);
    struct pvmi_frame *frame = pvmi_frame_new(&header, blob, 0, (uint32_t)length);
    struct pvmi_hold hold;

    MUST(blob != NULL && frame != NULL);
    if (arrival->lent.position == 0) {
        pvmi_shm_read(side->shm, blob->data, length);
        pvmi_shm_pass(side->shm);
    } else {
        MUST(pvmi_hold_reserve(&side->shm->holds) == PvmOk);
        pvmi_hold_add(&side->shm->holds, arrival->lent.position, arrival->lent.index, &hold);
        pvmi_shm_pass(side->shm);
        read_lent(side, &arrival->lent, blob->data);
        MUST(pvmi_hold_release(&side->shm->holds, &hold) == PvmOk);
    }
    pvmi_blob_unref(blob);
    return frame;
}

static struct pvmi_frame *frame_at(struct pvmi_list *node)
{
    return PVMI_CONTAINER(node, struct pvmi_frame, link);
}

/* The next in its turn, or NULL. */
static struct pvmi_frame *path_next(struct arena_path *path)
{
    PVMI_LIST_EACH(node, &path->early) {
        if (frame_at(node)->header.message == path->next) {
            pvmi_list_remove(node);
            path->next++;
            return frame_at(node);
        }
    }
    return NULL;
}

static void path_init(struct arena_path *path)
{
    path->next = 1;
    pvmi_list_init(&path->early);
}

/* ---- the other end ---- */

struct arena_end *arena_end_new(int32_t tid)
{
    struct arena_end *end = pvmi_calloc(1, sizeof(*end));

    MUST(end != NULL);
    path_init(&end->path);
    side_reserve(&end->side, &machine, tid);
    side_open(&end->side, &machine, on_poke, NULL);
    return end;
}

void arena_end_move(struct arena_end *end, bool (*on_frame)(void *user, struct pvmi_frame *frame), void *user)
{
    struct pvmi_shm_arrival arrival;
    struct pvmi_frame *frame;

    while (pvmi_shm_next(end->side.shm, &arrival) == PvmOk) {
        frame = take_frame(&end->side, &arrival);
        pvmi_list_push(&end->path.early, &frame->link);
        while ((frame = path_next(&end->path)) != NULL)
            on_frame(user, frame);
    }
}

void arena_end_send(struct arena_end *end, struct pvmi_frame *frame)
{
    if (end->path.to == NULL)
        MUST(pvmi_shm_connect(end->side.shm, TID, &end->path.to) == PvmOk);
    MUST(path_send(&end->path, end->side.shm, frame) == PvmOk);
    pvmi_frame_free(frame);
}

void arena_end_close(struct arena_end *end)
{
    if (end->path.to != NULL)
        pvmi_shm_disconnect(end->path.to);
    side_close(&end->side);
    bury(&end->side);
    pvmi_frame_free_all(&end->path.early);
    pvmi_free(end);
}

/* ---- the transport ---- */

static struct arena_transport *transport_of(const struct pvmi_transport *transport)
{
    return PVMI_CONTAINER(transport, struct arena_transport, base);
}

static struct arena_endpoint *endpoint_of(const struct pvmi_endpoint *endpoint)
{
    return PVMI_CONTAINER(endpoint, struct arena_endpoint, base);
}

static struct arena_endpoint *endpoint_at(struct pvmi_list *node)
{
    return PVMI_CONTAINER(node, struct arena_endpoint, link);
}

/* From now on what comes rings the bell, and what has come while we went to rest. */
static void rest(struct arena_transport *tp)
{
    eventfd_t count;

    eventfd_read(tp->event_fd, &count);
    pvmi_wake_rest(&tp->side.self);
    pvmi_wake_recheck(&tp->side.self);
    if (pvmi_shm_ready(tp->side.shm))
        ring_bell();
}

static int arena_open(const struct pvmi_transport_events *events, void *user, struct pvmi_transport **ret_tp)
{
    struct arena_transport *tp = pvmi_calloc(1, sizeof(*tp));
    struct pvmi_shm_arrival none;

    if (tp == NULL)
        return PvmNoMem;
    tp->base = (struct pvmi_transport){ &arena_frames, events, user };
    tp->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    MUST(tp->event_fd >= 0);
    pvmi_list_init(&tp->endpoints);
    pvmi_list_init(&tp->closing);
    side_reserve(&tp->side, &machine, TID);
    side_open(&tp->side, &machine, on_poke, NULL);
    poked = tp;
    MUST(pvmi_shm_next(tp->side.shm, &none) == PVMI_AGAIN);    /* until it has looked once there may be something */
    rest(tp);
    *ret_tp = &tp->base;
    return PvmOk;
}

static int arena_connect(struct pvmi_transport *transport, const struct pvmi_address *address,
                         struct pvmi_endpoint **ret_ep)
{
    struct arena_transport *tp = transport_of(transport);
    struct arena_endpoint *ep = pvmi_calloc(1, sizeof(*ep));
    int rc;

    if (ep == NULL)
        return PvmNoMem;
    rc = pvmi_shm_connect(tp->side.shm, address->tid, &ep->path.to);
    if (rc != PvmOk) {
        pvmi_free(ep);
        return rc;
    }
    ep->base.tp = transport;
    ep->tid = address->tid;
    path_init(&ep->path);
    pvmi_list_push(&tp->endpoints, &ep->link);
    *ret_ep = &ep->base;
    return PvmOk;
}

static int arena_send(struct pvmi_endpoint *endpoint, struct pvmi_frame *frame)
{
    struct arena_endpoint *ep = endpoint_of(endpoint);
    int rc;

    if (!pvmi_shm_lives(ep->path.to))
        return PVMI_CLOSED;
    rc = path_send(&ep->path, transport_of(endpoint->tp)->side.shm, frame);
    if (rc == PvmOk)
        pvmi_frame_free(frame);
    return rc;
}

static void endpoint_free(struct arena_endpoint *ep)
{
    pvmi_list_remove(&ep->link);
    pvmi_frame_free_all(&ep->path.early);
    pvmi_shm_disconnect(ep->path.to);
    pvmi_free(ep);
}

static void free_all(struct pvmi_list *endpoints)
{
    PVMI_LIST_EACH(node, endpoints)
        endpoint_free(endpoint_at(node));
}

/* The frame to the endpoint whose peer has sent it; nobody has that any more: dropped. */
static void sort_in(struct arena_transport *tp, int32_t src, struct pvmi_frame *frame)
{
    PVMI_LIST_EACH(node, &tp->endpoints) {
        if (endpoint_at(node)->tid == src) {
            pvmi_list_push(&endpoint_at(node)->path.early, &frame->link);
            return;
        }
    }
    pvmi_frame_free(frame);
}

/* What is in its turn, and then the end. */
static int deliver(struct arena_transport *tp, struct arena_endpoint *ep)
{
    bool over = !pvmi_shm_lives(ep->path.to);
    struct pvmi_frame *frame;
    int events = 0;

    while ((frame = path_next(&ep->path)) != NULL) {
        events++;
        tp->base.events->frame(tp->base.user, &ep->base, frame);
    }
    if (over && !ep->down && ep->path.next != 0) {
        ep->down = true;
        events++;
        tp->base.events->down(tp->base.user, &ep->base, PVMI_CLOSED);
    }
    return events;
}

static int arena_progress(struct pvmi_transport *transport)
{
    struct arena_transport *tp = transport_of(transport);
    struct pvmi_shm_arrival arrival;
    struct pvmi_list turn, *node;
    int events = 0;

    if (tp->progressing)
        return 0;
    tp->progressing = true;
    pvmi_wake_enter(&tp->side.self);
    while (pvmi_shm_next(tp->side.shm, &arrival) == PvmOk)
        sort_in(tp, arrival.src, take_frame(&tp->side, &arrival));
    pvmi_list_init(&turn);
    pvmi_list_join(&turn, &tp->endpoints);
    while ((node = pvmi_list_pop(&turn)) != NULL) {
        pvmi_list_push(&tp->endpoints, node);
        events += deliver(tp, endpoint_at(node));
    }
    tp->progressing = false;
    free_all(&tp->closing);
    rest(tp);
    return events;
}

static int arena_event_fd(const struct pvmi_transport *transport)
{
    return transport_of(transport)->event_fd;
}

/* What was sent lies there. */
static bool arena_pending(const struct pvmi_endpoint *endpoint)
{
    (void)endpoint;
    return false;
}

static void arena_take_unsent(struct pvmi_endpoint *endpoint, struct pvmi_list *ret_frames)
{
    (void)endpoint;
    (void)ret_frames;
}

static void arena_disconnect(struct pvmi_endpoint *endpoint)
{
    struct arena_endpoint *ep;

    if (endpoint == NULL)
        return;
    ep = endpoint_of(endpoint);
    if (!transport_of(endpoint->tp)->progressing) {
        endpoint_free(ep);
        return;
    }
    ep->path.next = 0;    /* nothing is in its turn any more */
    pvmi_list_remove(&ep->link);
    pvmi_list_push(&transport_of(endpoint->tp)->closing, &ep->link);
}

static void arena_close(struct pvmi_transport *transport)
{
    struct arena_transport *tp;

    if (transport == NULL)
        return;
    tp = transport_of(transport);
    poked = NULL;
    free_all(&tp->endpoints);
    pvmi_wake_enter(&tp->side.self);
    side_close(&tp->side);
    bury(&tp->side);
    close(tp->event_fd);
    pvmi_free(tp);
}

const struct pvmi_transport_ops arena_frames = {
    .name = "arena",
    .open = arena_open,
    .close = arena_close,
    .connect = arena_connect,
    .send = arena_send,
    .progress = arena_progress,
    .event_fd = arena_event_fd,
    .pending = arena_pending,
    .take_unsent = arena_take_unsent,
    .disconnect = arena_disconnect,
};
