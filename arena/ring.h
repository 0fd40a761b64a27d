/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring: records from one sender to one receiver, in order, without end: the sender never waits. It lies in the window
 * of the sender.
 *
 * Records are up to PVMI_RECORD_MAX bytes in cells of 64. Every cell bears a number, (n << 1 | 1) for the nth of this
 * ring, so that neither zeros nor what stood there a lap ago look like it. A record's further cells are written first,
 * with their own numbers, then the first cell's bytes, then its number with release: that publishes all of them. A
 * sender that is killed in between has sent nothing.
 *
 * The cells form a circle, a chunk: first of 64 cells, which is a page. Where the receiver is slow and the circle full,
 * the sender makes a chunk of 1024, zeroes it, and writes into the one cell that it always keeps free where it is: the
 * LINK. Then it goes on there. The receiver follows, and that frees the chunk before. A ring that was drained stays
 * with its large chunk.
 *
 * The receiver tells how far it is each eighth of a lap (consumed): the only line that it writes. A CLOSE is the last
 * record: the receiver answers by closed, and the ring can be opened again for another receiver. Rings are never freed,
 * so that the list of a slot's rings can be walked by others at any time.
 *
 * Opening: the sender writes the ring, then the receiver's name into it, links it into the list of its slot, then sets
 * its bit in the receiver's request map (inbox.h). The receiver looks through the list for its own name.
 */
#ifndef PVMI_ARENA_RING_H
#define PVMI_ARENA_RING_H

#include <string.h>

#include "arena/heap.h"

/* What the first cell of a record says it is. */
enum pvmi_ring_kind { PVMI_RING_DATA = 1, PVMI_RING_LINK, PVMI_RING_CLOSE };

#define PVMI_RING_CELLS 64
#define PVMI_RING_CELLS_LARGE 1024

/* ---- the sender's side ---- */

/* A chunk that the receiver may still be reading. */
struct pvmi_ring_old {
    struct pvmi_ring_old *next;
    uint64_t position;
    uint32_t until;    /* free when all before this number are consumed */
};

struct pvmi_ring_out {
    struct pvmi_heap *heap;
    struct pvmi_ring *ring;
    uint64_t position;            /* of ring */
    uint32_t receiver;            /* name */
    uint32_t number;              /* of the next cell */
    uint32_t base;                /* of the first cell of this chunk */
    uint32_t consumed;            /* as last read */
    uint32_t cell_count;
    struct pvmi_ring_cell *cells;
    uint64_t chunk;               /* position of the block in which they are */
    struct pvmi_ring_old *old;    /* oldest first */
};

/*
 * A ring to receiver. The caller then sets its bit (pvmi_inbox_request()). One that was closed is used again.
 * Returns PvmOk, or PvmNoMem.
 */
int pvmi_ring_open(struct pvmi_heap *heap, uint32_t receiver, struct pvmi_ring_out *ret_out);

/*
 * Sends a record: head, then data (each may be empty), together at most PVMI_RECORD_MAX bytes. The caller wakes the
 * receiver afterwards. Returns PvmOk, or PvmNoMem when the ring is full and cannot grow: nothing was sent.
 */
int pvmi_ring_put(struct pvmi_ring_out *out, const void *head, size_t head_size, const void *data, size_t data_size);

/* A few bytes: calling memcpy() takes longer. */
static inline void pvmi_ring_copy_few(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size >= 16) {
        for (size_t at = 0; at + 16 < size; at += 16)
            memcpy(to + at, from + at, 16);
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = from[i];
    }
}

/* The same for a record that fits one cell, which the caller writes there himself: begin() gives its PVMI_RING_CELL_BYTES,
 * NULL when it takes more to have room; end() publishes it. */
static inline uint8_t *pvmi_ring_one_begin(struct pvmi_ring_out *out)
{
    uint32_t from = (int32_t)(out->consumed - out->base) > 0 ? out->consumed : out->base;

    if (out->ring == NULL || out->number - from + 1 >= out->cell_count)
        return NULL;
    return out->cells[(out->number - out->base) & (out->cell_count - 1)].first.bytes;
}

static inline void pvmi_ring_one_end(struct pvmi_ring_out *out, size_t size)
{
    struct pvmi_ring_cell *cell = &out->cells[(out->number - out->base) & (out->cell_count - 1)];

    cell->first.size = (uint16_t)size;
    cell->first.kind = PVMI_RING_DATA;
    pvmi_arena_step("ring publish");
    atomic_store_explicit(&cell->number, out->number << 1 | 1, memory_order_release);
    out->number++;
    pvmi_arena_step("ring published");
}

/* Sends the last record. As pvmi_ring_put(). */
int pvmi_ring_close(struct pvmi_ring_out *out);

/* Whether the receiver has read the last record, or is dead: the ring can go. */
bool pvmi_ring_finished(const struct pvmi_ring_out *out);

/* After that: gives its chunks back, and the ring is for nobody. */
void pvmi_ring_fini(struct pvmi_ring_out *out);

/* Before the sender leaves the slot: frees what is private, and the receiver may read on. */
void pvmi_ring_forget(struct pvmi_ring_out *out);

/* ---- the receiver's side ---- */

struct pvmi_ring_in {
    struct pvmi_arena *arena;
    struct pvmi_ring *ring;
    uint64_t position;
    uint32_t sender;             /* name */
    uint32_t opening;
    uint32_t number;             /* of the next cell */
    uint32_t base;
    uint32_t cell_count;
    uint32_t record_cells;       /* of the record that was got and not yet passed */
    uint32_t published;          /* consumed, as last stored */
    struct pvmi_ring_cell *cells;
    struct pvmi_pin ring_pin;
    struct pvmi_pin chunk_pin;
};

/*
 * Looks for a ring of sender to receiver that is not open yet; known are the positions of those that are.
 * Returns PvmOk; PvmNotFound; PvmBadMsg (its list is broken), PvmNoMem (mapping is refused: try again later).
 */
int pvmi_ring_accept(struct pvmi_arena *arena, uint32_t receiver, uint32_t sender,
                     bool (*known)(void *user, uint64_t position), void *user, struct pvmi_ring_in *ret_in);

/* Whether something is there: one load. */
static inline bool pvmi_ring_ready(const struct pvmi_ring_in *in)
{
    const struct pvmi_ring_cell *cell = &in->cells[(in->number - in->base) & (in->cell_count - 1)];

    return atomic_load_explicit(&cell->number, memory_order_acquire) == (in->number << 1 | 1);
}

/*
 * Copies the next record to ret_bytes[PVMI_RECORD_MAX]. It stays the next until pvmi_ring_advance(): before that, list
 * what it refers to. Returns PvmOk; PVMI_AGAIN: nothing there; PVMI_CLOSED: the sender has closed, pvmi_ring_leave() is
 * next; PvmBadMsg, PvmNoMem (the next chunk cannot be mapped: try again later).
 */
int pvmi_ring_get(struct pvmi_ring_in *in, void *ret_bytes, size_t *ret_size);

/*
 * The same in two steps, for who knows after the first bytes where the others shall go: peek() gives the address of the
 * first PVMI_RING_CELL_BYTES at most, where they lie, and the size of all of it; copy() copies length bytes from offset at.
 * The sender may change them at any time: what is relied on has to be copied first, and checked then.
 */
int pvmi_ring_peek(struct pvmi_ring_in *in, const uint8_t **ret_bytes, size_t *ret_size);
void pvmi_ring_copy(const struct pvmi_ring_in *in, size_t at, void *to, size_t length);

/* pvmi_ring_peek() for a record of one cell that is there. False: there is none, or it is something else. */
static inline bool pvmi_ring_peek_one(struct pvmi_ring_in *in, const uint8_t **ret_bytes, size_t *ret_size)
{
    const struct pvmi_ring_cell *cell = &in->cells[(in->number - in->base) & (in->cell_count - 1)];

    if (atomic_load_explicit(&cell->number, memory_order_acquire) != (in->number << 1 | 1) ||
        cell->first.kind != PVMI_RING_DATA)
        return false;
    *ret_size = cell->first.size;
    if (*ret_size > PVMI_RING_CELL_BYTES)
        return false;
    in->record_cells = 1;
    *ret_bytes = cell->first.bytes;
    return true;
}

/* Tells the sender how far we are: each eighth of a lap. */
void pvmi_ring_consumed(struct pvmi_ring_in *in);

static inline void pvmi_ring_advance(struct pvmi_ring_in *in)
{
    assert(in->record_cells > 0);
    in->number += in->record_cells;
    in->record_cells = 0;
    if (in->number - in->published >= in->cell_count / 8)
        pvmi_ring_consumed(in);
}

/*
 * Whether the sender is dead and all that it had published is read. Ask after PVMI_AGAIN only. Then leave.
 */
bool pvmi_ring_ended(struct pvmi_ring_in *in);

/* Reads it no more, and tells sender and pvmd so. */
void pvmi_ring_leave(struct pvmi_ring_in *in);

#endif
