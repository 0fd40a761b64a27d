/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/ring.h"

#include <string.h>

#include "base/alloc.h"

/* The contents of a LINK. */
struct link_record {
    uint64_t chunk;
    uint32_t cells;
};

static uint32_t mark(uint32_t number)
{
    return number << 1 | 1;
}

static uint32_t cells_for(size_t size)
{
    if (size <= PVMI_RING_CELL_BYTES)
        return 1;
    return 1 + (uint32_t)((size - PVMI_RING_CELL_BYTES + PVMI_RING_MORE_BYTES - 1) / PVMI_RING_MORE_BYTES);
}

/* ---- the sender's side ---- */

/* Zeroed: no cell in it has a number yet. */
static int chunk_new(struct pvmi_heap *heap, uint32_t cells, uint64_t *ret_position, struct pvmi_ring_cell **ret_cells)
{
    struct pvmi_arena_block *block;
    int rc = pvmi_heap_new(heap, cells * (uint32_t)sizeof(struct pvmi_ring_cell), ret_position, &block);

    if (rc != PvmOk)
        return rc;
    *ret_cells = (struct pvmi_ring_cell *)(void *)pvmi_block_data(block);
    memset(*ret_cells, 0, cells * sizeof(struct pvmi_ring_cell));
    return PvmOk;
}

/* A ring of the own list that is for nobody, else a new one; position of its block's bytes. */
static int ring_find(struct pvmi_heap *heap, uint64_t *ret_position, struct pvmi_ring **ret_ring, bool *ret_new)
{
    struct pvmi_arena_block *block;
    struct pvmi_ring *ring;
    uint64_t at = atomic_load_explicit(&heap->self->control->rings, memory_order_relaxed);
    int rc;

    for (; at != 0; at = atomic_load_explicit(&ring->next, memory_order_relaxed)) {
        ring = (struct pvmi_ring *)(void *)pvmi_block_data(pvmi_heap_block(heap, at - sizeof(*block)));
        if (atomic_load_explicit(&ring->peer, memory_order_relaxed) == 0) {
            *ret_position = at;
            *ret_ring = ring;
            *ret_new = false;
            return PvmOk;
        }
    }
    rc = pvmi_heap_new(heap, sizeof(*ring), &at, &block);
    if (rc != PvmOk)
        return rc;
    *ret_ring = (struct pvmi_ring *)(void *)pvmi_block_data(block);
    memset(*ret_ring, 0, sizeof(**ret_ring));
    *ret_position = at + sizeof(*block);
    *ret_new = true;
    return PvmOk;
}

int pvmi_ring_open(struct pvmi_heap *heap, uint32_t receiver, struct pvmi_ring_out *ret_out)
{
    _Atomic uint64_t *head = &heap->self->control->rings;
    struct pvmi_ring_out out;
    bool fresh;
    int rc;

    memset(&out, 0, sizeof(out));
    rc = chunk_new(heap, PVMI_RING_CELLS, &out.chunk, &out.cells);
    if (rc != PvmOk)
        return rc;
    rc = ring_find(heap, &out.position, &out.ring, &fresh);
    if (rc != PvmOk) {
        pvmi_heap_free(heap, out.chunk);
        return rc;
    }
    out.heap = heap;
    out.receiver = receiver;
    out.cell_count = PVMI_RING_CELLS;
    out.ring->first = 0;
    out.ring->cells = PVMI_RING_CELLS;
    out.ring->chunk = out.chunk;
    atomic_store_explicit(&out.ring->consumed, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&out.ring->opening, 1, memory_order_relaxed);
    pvmi_arena_step("ring named");
    atomic_store_explicit(&out.ring->peer, receiver, memory_order_release);
    if (fresh) {
        atomic_store_explicit(&out.ring->next, atomic_load_explicit(head, memory_order_relaxed), memory_order_relaxed);
        pvmi_arena_step("ring linked");
        atomic_store_explicit(head, out.position, memory_order_release);
    }
    *ret_out = out;
    return PvmOk;
}

/* Frees the chunks that the receiver has left. */
static void free_old(struct pvmi_ring_out *out)
{
    while (out->old != NULL && (int32_t)(out->consumed - out->old->until) >= 0) {
        struct pvmi_ring_old *old = out->old;

        out->old = old->next;
        pvmi_heap_free(out->heap, old->position);
        pvmi_free(old);
    }
}

/* Cells of this chunk that hold something unread. One that the receiver has not come to has none before base. */
static uint32_t cells_used(const struct pvmi_ring_out *out)
{
    uint32_t from = (int32_t)(out->consumed - out->base) > 0 ? out->consumed : out->base;

    return out->number - from;
}

/* One cell stays free, for the LINK. */
static bool has_room(struct pvmi_ring_out *out, uint32_t cells)
{
    if (cells_used(out) + cells < out->cell_count)
        return true;
    out->consumed = atomic_load_explicit(&out->ring->consumed, memory_order_acquire);
    free_old(out);
    return cells_used(out) + cells < out->cell_count;
}

static struct pvmi_ring_cell *cell_at(const struct pvmi_ring_out *out, uint32_t number)
{
    return &out->cells[(number - out->base) & (out->cell_count - 1)];
}

static void publish(struct pvmi_ring_out *out, enum pvmi_ring_kind kind, size_t size, uint32_t cells)
{
    struct pvmi_ring_cell *cell = cell_at(out, out->number);

    cell->first.size = (uint16_t)size;
    cell->first.kind = (uint8_t)kind;
    pvmi_arena_step("ring publish");
    atomic_store_explicit(&cell->number, mark(out->number), memory_order_release);
    out->number += cells;
    pvmi_arena_step("ring published");
}

/* Goes on in a chunk more. */
static int grow(struct pvmi_ring_out *out)
{
    struct pvmi_ring_old *old = pvmi_malloc(sizeof(*old));
    struct pvmi_ring_old **end = &out->old;
    struct link_record link = { 0, PVMI_RING_CELLS_LARGE };
    struct pvmi_ring_cell *cells;
    int rc;

    if (old == NULL)
        return PvmNoMem;
    rc = chunk_new(out->heap, PVMI_RING_CELLS_LARGE, &link.chunk, &cells);
    if (rc != PvmOk) {
        pvmi_free(old);
        return rc;
    }
    memcpy(cell_at(out, out->number)->first.bytes, &link, sizeof(link));
    pvmi_arena_step("ring link");
    publish(out, PVMI_RING_LINK, sizeof(link), 1);
    old->next = NULL;
    old->position = out->chunk;
    old->until = out->number;
    while (*end != NULL)
        end = &(*end)->next;
    *end = old;
    out->chunk = link.chunk;
    out->cells = cells;
    out->cell_count = PVMI_RING_CELLS_LARGE;
    out->base = out->number;
    return PvmOk;
}

/* Bytes from head, then from data. */
struct source {
    const uint8_t *head;
    size_t head_left;
    const uint8_t *data;
    size_t data_left;
};

static void source_read(struct source *from, uint8_t *to, size_t room)
{
    size_t size = from->head_left < room ? from->head_left : room;

    if (size > 0) {
        memcpy(to, from->head, size);
        from->head += size;
        from->head_left -= size;
    }
    room -= size;
    to += size;
    size = from->data_left < room ? from->data_left : room;
    if (size > 0) {
        memcpy(to, from->data, size);
        from->data += size;
        from->data_left -= size;
    }
}

int pvmi_ring_put(struct pvmi_ring_out *out, const void *head, size_t head_size, const void *data, size_t data_size)
{
    struct source from = { head, head_size, data, data_size };
    uint32_t cells = cells_for(head_size + data_size);

    assert(head_size + data_size <= PVMI_RECORD_MAX);
    if (!has_room(out, cells)) {
        int rc = grow(out);

        if (rc != PvmOk)
            return rc;
    }
    source_read(&from, cell_at(out, out->number)->first.bytes, PVMI_RING_CELL_BYTES);
    for (uint32_t i = 1; i < cells; i++) {
        struct pvmi_ring_cell *cell = cell_at(out, out->number + i);

        atomic_store_explicit(&cell->number, mark(out->number + i), memory_order_relaxed);
        if (from.head_left == 0 && from.data_left >= PVMI_RING_MORE_BYTES) {
            memcpy(cell->more, from.data, PVMI_RING_MORE_BYTES);    /* a known size: a few instructions */
            from.data += PVMI_RING_MORE_BYTES;
            from.data_left -= PVMI_RING_MORE_BYTES;
        } else {
            source_read(&from, cell->more, PVMI_RING_MORE_BYTES);
        }
        pvmi_arena_step("ring follower");
    }
    publish(out, PVMI_RING_DATA, head_size + data_size, cells);
    return PvmOk;
}

int pvmi_ring_close(struct pvmi_ring_out *out)
{
    if (!has_room(out, 1)) {
        int rc = grow(out);

        if (rc != PvmOk)
            return rc;
    }
    publish(out, PVMI_RING_CLOSE, 0, 1);
    return PvmOk;
}

bool pvmi_ring_finished(const struct pvmi_ring_out *out)
{
    uint32_t opening = atomic_load_explicit(&out->ring->opening, memory_order_relaxed);

    return atomic_load_explicit(&out->ring->closed, memory_order_acquire) == opening ||
           !pvmi_slot_lives(out->heap->self->arena, out->receiver);
}

void pvmi_ring_fini(struct pvmi_ring_out *out)
{
    out->consumed = out->number;
    free_old(out);
    pvmi_heap_free(out->heap, out->chunk);
    atomic_store_explicit(&out->ring->peer, 0, memory_order_release);
    memset(out, 0, sizeof(*out));
}

void pvmi_ring_forget(struct pvmi_ring_out *out)
{
    while (out->old != NULL) {
        struct pvmi_ring_old *old = out->old;

        out->old = old->next;
        pvmi_free(old);
    }
    memset(out, 0, sizeof(*out));
}

/* ---- the receiver's side ---- */

/* The pinned cells of a chunk: size and place come from the peer. */
static int chunk_pin(struct pvmi_arena *arena, uint64_t position, uint32_t cells, struct pvmi_pin *ret_pin)
{
    struct pvmi_arena_block *block;
    int rc;

    if (cells != PVMI_RING_CELLS && cells != PVMI_RING_CELLS_LARGE)
        return PvmBadMsg;
    rc = pvmi_arena_pin(arena, position, sizeof(*block) + cells * sizeof(struct pvmi_ring_cell), ret_pin);
    if (rc != PvmOk)
        return rc;
    if ((pvmi_position_offset(position) & (PVMI_ARENA_LINE - 1)) != 0) {
        pvmi_arena_unpin(ret_pin);
        return PvmBadMsg;
    }
    return PvmOk;
}

static struct pvmi_ring_cell *pinned_cells(const struct pvmi_pin *pin)
{
    return (struct pvmi_ring_cell *)(void *)pvmi_block_data(pin->at);
}

/* The ring at position, if it is to receiver and not left. */
static int accept_one(struct pvmi_arena *arena, uint64_t position, uint32_t receiver, struct pvmi_ring_in *ret_in)
{
    struct pvmi_ring_in in;
    int rc;

    memset(&in, 0, sizeof(in));
    rc = pvmi_arena_pin(arena, position, sizeof(struct pvmi_ring), &in.ring_pin);
    if (rc != PvmOk)
        return rc;
    in.ring = in.ring_pin.at;
    in.opening = atomic_load_explicit(&in.ring->opening, memory_order_relaxed);
    if (atomic_load_explicit(&in.ring->peer, memory_order_acquire) != receiver) {
        pvmi_arena_unpin(&in.ring_pin);
        return PvmNotFound;
    }
    in.opening = atomic_load_explicit(&in.ring->opening, memory_order_relaxed);    /* that of this name */
    if (atomic_load_explicit(&in.ring->closed, memory_order_relaxed) == in.opening) {
        pvmi_arena_unpin(&in.ring_pin);
        return PvmNotFound;
    }
    rc = chunk_pin(arena, in.ring->chunk, in.ring->cells, &in.chunk_pin);
    if (rc != PvmOk) {
        pvmi_arena_unpin(&in.ring_pin);
        return rc;
    }
    in.arena = arena;
    in.position = position;
    in.cell_count = in.ring->cells;
    in.number = in.base = in.published = in.ring->first;
    in.cells = pinned_cells(&in.chunk_pin);
    *ret_in = in;
    return PvmOk;
}

int pvmi_ring_accept(struct pvmi_arena *arena, uint32_t receiver, uint32_t sender,
                     bool (*known)(void *user, uint64_t position), void *user, struct pvmi_ring_in *ret_in)
{
    struct pvmi_slot_page *control = pvmi_arena_control(arena, pvmi_name_slot(sender));
    uint64_t at;

    if (control == NULL)
        return PvmNoMem;
    at = atomic_load_explicit(&control->rings, memory_order_acquire);
    for (uint32_t rings = 0; at != 0; rings++) {
        void *ring;
        int rc = rings > arena->slots ? PvmBadMsg : pvmi_arena_at(arena, at, sizeof(struct pvmi_ring), &ring);
        uint64_t next;

        if (rc != PvmOk)
            return rc;
        next = atomic_load_explicit(&((struct pvmi_ring *)ring)->next, memory_order_acquire);
        rc = known(user, at) ? PvmNotFound : accept_one(arena, at, receiver, ret_in);
        if (rc == PvmOk)
            ret_in->sender = sender;
        if (rc != PvmNotFound)
            return rc;
        at = next;
    }
    return PvmNotFound;
}

static const struct pvmi_ring_cell *in_cell(const struct pvmi_ring_in *in, uint32_t number)
{
    return &in->cells[(number - in->base) & (in->cell_count - 1)];
}

static void publish_consumed(struct pvmi_ring_in *in)
{
    in->published = in->number;
    atomic_store_explicit(&in->ring->consumed, in->number, memory_order_release);
}

/* Goes on in the chunk that the LINK names. */
static int follow(struct pvmi_ring_in *in, const struct pvmi_ring_cell *cell)
{
    struct link_record link;
    struct pvmi_pin pin;
    int rc;

    memcpy(&link, cell->first.bytes, sizeof(link));
    rc = chunk_pin(in->arena, link.chunk, link.cells, &pin);
    if (rc != PvmOk)
        return rc;
    pvmi_arena_unpin(&in->chunk_pin);
    in->chunk_pin = pin;
    in->cells = pinned_cells(&pin);
    in->cell_count = link.cells;
    in->base = ++in->number;
    pvmi_arena_step("ring followed");
    publish_consumed(in);
    return PvmOk;
}

void pvmi_ring_copy(const struct pvmi_ring_in *in, size_t at, void *to, size_t length)
{
    uint8_t *next = to;
    uint32_t cell = in->number;
    size_t part;

    if (at < PVMI_RING_CELL_BYTES) {
        part = length < PVMI_RING_CELL_BYTES - at ? length : PVMI_RING_CELL_BYTES - at;
        memcpy(next, in_cell(in, cell)->first.bytes + at, part);
        at = 0;
    } else {
        part = 0;
        at -= PVMI_RING_CELL_BYTES;
        cell += (uint32_t)(at / PVMI_RING_MORE_BYTES);
        at %= PVMI_RING_MORE_BYTES;
    }
    next += part;
    length -= part;
    for (; at == 0 && length >= PVMI_RING_MORE_BYTES; next += PVMI_RING_MORE_BYTES, length -= PVMI_RING_MORE_BYTES)
        memcpy(next, in_cell(in, ++cell)->more, PVMI_RING_MORE_BYTES);    /* a known size: a few instructions */
    for (; length > 0; next += part, length -= part, at = 0) {
        part = length < PVMI_RING_MORE_BYTES - at ? length : PVMI_RING_MORE_BYTES - at;
        pvmi_ring_copy_few(next, in_cell(in, ++cell)->more + at, part);
    }
}

int pvmi_ring_peek(struct pvmi_ring_in *in, const uint8_t **ret_bytes, size_t *ret_size)
{
    while (pvmi_ring_ready(in)) {
        const struct pvmi_ring_cell *cell = in_cell(in, in->number);
        size_t size = cell->first.size;
        int rc;

        if (cell->first.kind == PVMI_RING_DATA) {
            if (size > PVMI_RECORD_MAX)
                return PvmBadMsg;
            in->record_cells = cells_for(size);
            for (uint32_t i = 1; i < in->record_cells; i++)    /* they come side by side, not one after the other */
                __builtin_prefetch(in_cell(in, in->number + i));
            *ret_bytes = cell->first.bytes;
            *ret_size = size;
            return PvmOk;
        }
        if (cell->first.kind == PVMI_RING_CLOSE)
            return PVMI_CLOSED;
        if (cell->first.kind != PVMI_RING_LINK)
            return PvmBadMsg;
        rc = follow(in, cell);
        if (rc != PvmOk)
            return rc;
    }
    return PVMI_AGAIN;
}

int pvmi_ring_get(struct pvmi_ring_in *in, void *ret_bytes, size_t *ret_size)
{
    const uint8_t *first;
    size_t size;
    int rc = pvmi_ring_peek(in, &first, &size);

    if (rc != PvmOk)
        return rc;
    pvmi_ring_copy(in, 0, ret_bytes, size);
    *ret_size = size;
    return PvmOk;
}

void pvmi_ring_consumed(struct pvmi_ring_in *in)
{
    pvmi_arena_step("ring consumed");
    publish_consumed(in);
}

/* The sender's death is loaded first: all its stores come before that. */
bool pvmi_ring_ended(struct pvmi_ring_in *in)
{
    return pvmi_slot_ended(in->arena, in->sender) && !pvmi_ring_ready(in);
}

void pvmi_ring_leave(struct pvmi_ring_in *in)
{
    publish_consumed(in);
    pvmi_arena_step("ring leaving");
    atomic_store_explicit(&in->ring->closed, in->opening, memory_order_release);
    pvmi_arena_unpin(&in->chunk_pin);
    pvmi_arena_unpin(&in->ring_pin);
    memset(in, 0, sizeof(*in));
}
