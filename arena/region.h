/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for the data of the program itself, in windows of this task, so that messages can say where the data are
 * instead of holding them: such a body has blocks of extents (layout.h) among those with bytes. libpvm/memory makes
 * pvm_alloc() of it.
 *
 * A region is a run of addresses of this process, with one large object or many small ones of a size; all that is said of
 * them stands in private memory. An object is free again when the program has freed it and no body refers to it any
 * more; bodies count as pvmi_lend has them, so a receiver that was killed holds nothing. What is free is used again, last
 * freed first; at most PVMI_REGION_SPARE bytes of it keep their memory, and none where the budget is used up.
 *
 * Without an arena, or room in it, an object is ordinary memory, and so is all of a region from the moment that the task
 * leaves the arena: at the same addresses, with the same contents. Messages do not refer to that.
 *
 * The owner alone uses these functions; receivers see extents.
 */
#ifndef PVMI_ARENA_REGION_H
#define PVMI_ARENA_REGION_H

#include "arena/heap.h"
#include "arena/span.h"
#include "base/list.h"

#define PVMI_REGION_SMALLEST 6    /* exponents of the sizes of small objects */
#define PVMI_REGION_LARGE 16      /* from here on in a region of their own */
#define PVMI_REGION_KINDS (PVMI_REGION_LARGE - PVMI_REGION_SMALLEST)
#define PVMI_REGION_SPARE ((size_t)64 << 20)

struct pvmi_lend;
struct pvmi_region;

/* All regions of this process: zeros at first. */
struct pvmi_regions {
    struct pvmi_heap *heap;            /* NULL: no arena now */
    struct pvmi_lend *lend;            /* the bodies that refer to regions */
    struct pvmi_spans spans;
    struct pvmi_region **by_address;
    uint32_t count;
    uint32_t room;
    struct pvmi_region **by_number;    /* those in the arena, as extents name them; NULL: a number that is free */
    uint32_t number_room;
    struct pvmi_list with_room[PVMI_REGION_KINDS];    /* regions of small objects with a free one, by size */
    struct pvmi_list spare;            /* regions of which nothing is in use, last freed first */
    size_t spare_bytes;
};

/* The task has an arena: what is allocated from now on lies there, and bodies of lend may refer to it. */
void pvmi_regions_join(struct pvmi_regions *regions, struct pvmi_lend *lend);

/*
 * bytes (0 counts as 1) for the program, aligned to 16 at least: in the arena where there is room, else ordinary memory.
 * Returns PvmOk, or PvmNoMem.
 */
int pvmi_region_alloc(struct pvmi_regions *regions, size_t bytes, void **ret_at);

/* The same, and never ordinary memory. Returns PvmOk; PvmNotImpl (no arena), PvmNoMem, PvmOutOfRes (no slot is free). */
int pvmi_region_alloc_shared(struct pvmi_regions *regions, size_t bytes, void **ret_at);

/*
 * The program needs it no more. Returns PvmOk; PvmNotFound (no address of an object, or of one whose memory has gone),
 * PvmBadParam (inside of an object), PvmAlready (it was freed before).
 */
int pvmi_region_free(struct pvmi_regions *regions, void *at);

/* Some of the bytes of a message in the program's memory. */
struct pvmi_region_piece {
    size_t length;
    bool shared;                          /* they can be referred to: */
    struct pvmi_arena_extent extent;      /* so, with all that is in it */
};

/* The first of length bytes at address at, as many as are of one kind. */
void pvmi_region_look(const struct pvmi_regions *regions, const void *at, size_t length,
                      struct pvmi_region_piece *ret_piece);

/* A body refers to an extent, as look() gave it; does so no more. */
void pvmi_region_ref(struct pvmi_regions *regions, const struct pvmi_arena_extent *extent);
void pvmi_region_unref(struct pvmi_regions *regions, const struct pvmi_arena_extent *extent);

/* Gives the memory of what is free back to the budget. Returns whether there was any. */
bool pvmi_regions_trim(struct pvmi_regions *regions);

/*
 * Before the task leaves the arena: all that the program has becomes ordinary memory. Bodies that receivers still need
 * stay as they are. Returns PvmOk, or PvmNoMem: some is not, call it again later; the program sees no difference.
 */
int pvmi_regions_keep(struct pvmi_regions *regions);

/* After that: there is no arena any more. What could not be kept stays mapped as it is. */
void pvmi_regions_leave(struct pvmi_regions *regions);

/* A child after fork() has only what is ordinary memory. */
void pvmi_regions_after_fork(struct pvmi_regions *regions);

#endif
