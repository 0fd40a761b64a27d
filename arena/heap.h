/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The blocks of the own window. Only the owner allocates and frees, and its lists of free blocks lie in its private
 * memory: nothing of them has to be healed.
 *
 * Blocks hold 2^k bytes or a little more, from 2^8 to 2^22; larger messages are chains of blocks. Blocks of a size are
 * reused last freed first: those are warm in the cache. But if a receiver has just read one on a processor with a cache of
 * its own, writing it costs more than writing one that both have forgotten: then the owner spreads what it sends over more
 * blocks (pvmi_heap_spread()), and these are reused first freed first.
 *
 * Small ones are cut from areas, each for one size, of 16 KiB doubling to 256 KiB; their headers are not a power of two
 * apart, for lines at such distances push each other out of the cache. Large ones, from 16 KiB on, have their own pages.
 *
 * The window grows by these, each from the budget and populated before it is used. Where the budget is used up, the
 * memory of all that is free goes back to it (large blocks, areas without a block in use), and then it is PvmNoMem.
 * Where the window is used up, the task claims another slot.
 */
#ifndef PVMI_ARENA_HEAP_H
#define PVMI_ARENA_HEAP_H

#include "arena/slot.h"

#define PVMI_HEAP_SMALLEST 8       /* exponents */
#define PVMI_HEAP_LARGE 14         /* from here on in pages of their own */
#define PVMI_HEAP_LARGEST 22
#define PVMI_HEAP_KINDS (PVMI_HEAP_LARGEST - PVMI_HEAP_SMALLEST + 1)
#define PVMI_HEAP_BYTES_MAX \
    ((1u << PVMI_HEAP_LARGEST) + PVMI_ARENA_PAGE - (uint32_t)sizeof(struct pvmi_arena_block))

/* A block that is free, where it is. Warm ones have their memory, cold ones only their place. */
struct pvmi_heap_free {
    uint64_t *positions;    /* in the order in which they were freed, in a circle */
    uint32_t first;
    uint32_t count;
    uint32_t room;          /* a power of two, or 0 */
};

/* Where small blocks of a size are cut from. A cold one has only its place, and may serve another size. */
struct pvmi_heap_area {
    uint64_t position;
    uint32_t length;
    uint32_t used;       /* blocks that are not free */
    uint8_t kind;
    bool cold;
};

/* What is left of the area that is being cut. */
struct pvmi_heap_cut {
    uint32_t area;
    uint32_t left;       /* bytes, at its end */
    uint32_t next;       /* bytes of the next area */
};

struct pvmi_heap_window {
    uint32_t slot;
    uint32_t generation;
};

struct pvmi_heap {
    struct pvmi_self *self;
    struct pvmi_heap_free warm[PVMI_HEAP_KINDS];
    struct pvmi_heap_free cold[PVMI_HEAP_KINDS];
    struct pvmi_heap_window *windows;    /* the own slot, and those that were claimed since */
    uint32_t window_count;
    uint32_t top;            /* offset in the last window from where nothing was used yet */
    struct pvmi_heap_area *areas;
    uint32_t area_count;
    uint32_t area_room;
    struct pvmi_heap_cut cut[PVMI_HEAP_KINDS];
    uint32_t made[PVMI_HEAP_KINDS];    /* blocks of a kind that there are, free or not */
    uint32_t spread[PVMI_HEAP_KINDS];    /* over how many blocks messages are spread; 0: as few as can be */
    uint64_t spread_bytes;             /* the sum of these */
};

/* Returns PvmOk, or PvmNoMem. */
int pvmi_heap_init(struct pvmi_heap *heap, struct pvmi_self *self);

/* Forgets the private part; the window itself ends with the slot. */
void pvmi_heap_fini(struct pvmi_heap *heap);

/*
 * A block with room for at least size bytes, of length 0, without holders, next 0. Its address is good as long as the
 * slot is, for the own window stays mapped. Returns PvmOk, PvmNoMem, PvmBadParam (size above PVMI_HEAP_BYTES_MAX).
 */
int pvmi_heap_new(struct pvmi_heap *heap, uint32_t size, uint64_t *ret_position, struct pvmi_arena_block **ret_block);

/* Whether one with that much room is free. */
bool pvmi_heap_any(const struct pvmi_heap *heap, uint32_t size);

/* Frees it; the owner only, and when nobody holds it. This cannot fail. */
void pvmi_heap_free(struct pvmi_heap *heap, uint64_t position);

/*
 * From now on blocks for size bytes are taken in turn from twice as many: until they are four times as large as the
 * cache of a processor, those of all sizes twice that, or half of the budget is used up.
 */
void pvmi_heap_spread(struct pvmi_heap *heap, uint32_t size);

/* The block at an own position, which pvmi_heap_new() has given. */
struct pvmi_arena_block *pvmi_heap_block(struct pvmi_heap *heap, uint64_t position);

/* Its bytes. */
static inline uint8_t *pvmi_block_data(struct pvmi_arena_block *block)
{
    return (uint8_t *)(block + 1);
}

/* Gives the memory of what is free back to the budget. Returns how many pages. */
uint32_t pvmi_heap_trim(struct pvmi_heap *heap);

#endif
