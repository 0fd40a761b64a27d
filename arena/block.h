/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks that are lent. A message is a chain of blocks in its sender's window; its first block has a word for each
 * receiver that needs it: the receiver's name (slot and generation), 0 when it is released. No counts: releasing twice
 * is releasing once, so others can do it for the dead, and a word whose receiver has died counts as released.
 *
 * The owner sets a word, then sends (block, index of the word) by ring or inbox. The receiver lists the block in its
 * own slot, then moves the ring on, reads, and at last stores 0 and takes it off its list. The owner finds released
 * blocks when it allocates next: it looks at the oldest that are out. No message goes back.
 *
 * The list of the receiver is for pvmd: the window of a dead sender is needed for as long as somebody living lists a
 * block of it.
 */
#ifndef PVMI_ARENA_BLOCK_H
#define PVMI_ARENA_BLOCK_H

#include "arena/heap.h"
#include "arena/region.h"

/* ---- the owner's side ---- */

/* Chains that the owner has dropped and that receivers still need, oldest first. */
struct pvmi_lend {
    struct pvmi_heap *heap;
    uint64_t *out;
    uint32_t first;
    uint32_t count;
    uint32_t room;       /* a power of two */
    uint32_t lent;       /* chains that have words and are not dropped: each has room kept in out */
    struct pvmi_regions *regions;    /* to which blocks of extents may refer; NULL: none does */
};

void pvmi_lend_init(struct pvmi_lend *lend, struct pvmi_heap *heap);
void pvmi_lend_fini(struct pvmi_lend *lend);

/*
 * A word for receiver in the first block of a chain, to be published with the index in a cell. Until the cell is
 * published, pvmi_lend_undo() takes it back. Returns PvmOk, or PvmNoMem and nothing is changed.
 */
int pvmi_lend_to(struct pvmi_lend *lend, uint64_t position, uint32_t receiver, uint32_t *ret_index);
void pvmi_lend_undo(struct pvmi_lend *lend, uint64_t position, uint32_t index);

/* Whether a living receiver needs the chain. */
bool pvmi_lend_busy(struct pvmi_lend *lend, uint64_t position);

/* The owner needs the chain no more: it is freed now, or when the last receiver has released it. */
void pvmi_lend_drop(struct pvmi_lend *lend, uint64_t position);

/* The same for a chain that was lent, without asking now: receivers write there when they release it. */
void pvmi_lend_leave(struct pvmi_lend *lend, uint64_t position);

/* Looks at the max oldest of those that are out, and frees what it can. Returns how many chains. */
uint32_t pvmi_lend_reclaim(struct pvmi_lend *lend, uint32_t max);

/* pvmi_heap_new() that looks at a few that are out if none is free, and at all of them before it gives PvmNoMem. */
int pvmi_lend_new(struct pvmi_lend *lend, uint32_t size, uint64_t *ret_position, struct pvmi_arena_block **ret_block);

/* Makes an empty block one of extents, which refers to no bytes yet. */
void pvmi_lend_refer(struct pvmi_arena_block *block);

/* Adds an extent, if there is room. What it lies in stays until the chain is freed. Returns whether there was. */
bool pvmi_lend_add_extent(struct pvmi_lend *lend, struct pvmi_arena_block *block,
                          const struct pvmi_arena_extent *extent);

/* ---- the receiver's side ---- */

/* Something held of another task. */
struct pvmi_hold {
    uint64_t block;
    uint32_t index;    /* of the word */
    uint32_t entry;    /* in the own list */
};

/* The own list: pages in the own window, and which entries are free. */
struct pvmi_holds {
    struct pvmi_heap *heap;
    struct pvmi_hold_page **pages;
    uint32_t page_count;
    uint32_t *free;
    uint32_t free_count;
};

void pvmi_holds_init(struct pvmi_holds *holds, struct pvmi_heap *heap);
void pvmi_holds_fini(struct pvmi_holds *holds);

/* Room for one more, before a record is taken. Returns PvmOk, or PvmNoMem. */
int pvmi_hold_reserve(struct pvmi_holds *holds);

/* Lists block, after pvmi_hold_reserve() and before the ring or the inbox moves on. */
void pvmi_hold_add(struct pvmi_holds *holds, uint64_t block, uint32_t index, struct pvmi_hold *ret_hold);

/* Releases it. Returns PvmOk, also when the sender is long dead; PvmNoMem when its word could not be mapped: it is
 * still held then. */
int pvmi_hold_release(struct pvmi_holds *holds, const struct pvmi_hold *hold);

/*
 * Pins a block of bytes that a peer has told of, after checks: ret_pin->at is the block, its header and capacity mapped; of
 * its length, ret_length is what may be read (the peer may change the header any time). ret_next is the position of the next.
 * Returns PvmOk, PvmBadMsg, PvmNoMem.
 */
int pvmi_block_pin(struct pvmi_arena *arena, uint64_t position, struct pvmi_pin *ret_pin, uint32_t *ret_length,
                   uint64_t *ret_next);

/* A look through the pieces of a chain, of which the peer may change all that it says at any time. */
struct pvmi_walk {
    struct pvmi_arena *arena;
    uint64_t position;          /* of the next block */
    struct pvmi_pin extents;    /* of the block of extents that is being looked through */
    uint32_t extents_at;
    uint32_t extents_count;     /* 0: none is */
};

static inline void pvmi_walk_begin(struct pvmi_walk *walk, struct pvmi_arena *arena, uint64_t position)
{
    *walk = (struct pvmi_walk){ .arena = arena, .position = position };
}

/*
 * Pins the next piece: *ret_length bytes, not 0, at *ret_bytes. Returns PvmOk; PvmBadMsg (also when there is none), PvmNoMem.
 */
int pvmi_walk_next(struct pvmi_walk *walk, struct pvmi_pin *ret_pin, const uint8_t **ret_bytes, uint32_t *ret_length);

/* Whenever one ends. */
static inline void pvmi_walk_end(struct pvmi_walk *walk)
{
    pvmi_arena_unpin(&walk->extents);
}

/*
 * Copies a chain of length bytes into blocks of the own heap: for what a dead sender left, whose slot shall come back.
 * Returns PvmOk, PvmBadMsg (the chain has not that length), PvmNoMem.
 */
int pvmi_block_copy(struct pvmi_arena *arena, uint64_t position, uint64_t length, struct pvmi_lend *own,
                    uint64_t *ret_position);

#endif
