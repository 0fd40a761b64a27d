/* SPDX-License-Identifier: BSD-3-Clause */
/* A region as region.c and region_memory.c know it. */
#ifndef PVMI_ARENA_REGION_INSIDE_H
#define PVMI_ARENA_REGION_INSIDE_H

#include "arena/region.h"

#define PVMI_REGION_NO_NUMBER UINT32_MAX

/* What next says of an object. */
#define PVMI_OBJECT_END UINT32_MAX              /* it is free, the last of its list */
#define PVMI_OBJECT_USED (UINT32_MAX - 1)
#define PVMI_OBJECT_FREED (UINT32_MAX - 2)      /* by the program; bodies refer to it */

struct pvmi_region_object {
    uint32_t lent;    /* bodies that refer to it */
    uint32_t next;    /* the next free one */
};

struct pvmi_region {
    struct pvmi_list with_room;
    struct pvmi_list spare;
    uint8_t *at;
    size_t length;
    size_t size;         /* of an object */
    uint32_t count;
    uint32_t busy;       /* objects that are not free */
    uint32_t free;       /* the first that is */
    uint32_t number;
    bool shared;         /* else messages do not refer to it */
    bool is_block;       /* from malloc() */
    size_t kept;         /* bytes that have become ordinary memory */
    size_t given;        /* bytes whose memory and budget went back to the arena */
    struct pvmi_span *spans;
    uint32_t span_count;
    struct pvmi_region_object objects[];
};

/* Its place, budget, mapping and memory in the arena. Returns PvmOk; PvmNoMem, PvmOutOfRes: it has none of them. */
int pvmi_region_fill(struct pvmi_regions *regions, struct pvmi_region *region);

/* Takes them away, or the ordinary memory in their place. */
void pvmi_region_unfill(struct pvmi_regions *regions, struct pvmi_region *region);

/* Makes ordinary memory of its bytes from kept on, where they are; give: what they had in the arena goes back, a little at a
 * time, so that not all of it has to be there twice. Returns PvmOk; PvmNoMem, and some are not. */
int pvmi_region_keep_bytes(struct pvmi_regions *regions, struct pvmi_region *region, bool give);

#endif
