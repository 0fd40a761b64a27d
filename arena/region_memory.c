/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/mman.h>

#include "arena/block.h"
#include "arena/budget.h"
#include "arena/region_inside.h"
#include "base/alloc.h"

#define KEEP_CHUNK ((size_t)1 << 20)    /* bytes that are there twice while a region becomes ordinary memory */

/* Gives the memory of the bytes from region->given up to end back to arena and budget. */
static void give_memory(struct pvmi_regions *regions, struct pvmi_region *region, size_t end)
{
    struct pvmi_self *self = regions->heap->self;
    size_t at = 0;

    for (uint32_t i = 0; i < region->span_count && at < end; at += region->spans[i++].length) {
        const struct pvmi_span *span = &region->spans[i];
        size_t from = region->given > at ? region->given - at : 0;
        size_t to = end - at < span->length ? end - at : span->length;

        if (from < to) {
            pvmi_arena_punch(self->arena, span->slot, span->offset + (uint32_t)from, (uint32_t)(to - from));
            pvmi_budget_give(self->arena, self->control, (uint32_t)((to - from) / PVMI_ARENA_PAGE));
        }
    }
    region->given = end;
}

/* Maps all spans side by side. */
static int region_map(struct pvmi_regions *regions, struct pvmi_region *region)
{
    struct pvmi_arena *arena = regions->heap->self->arena;
    size_t at = 0;
    uint8_t *base = NULL;

    if (region->span_count > 1) {
        base = mmap(NULL, region->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED)
            return PvmNoMem;
    }
    for (uint32_t i = 0; i < region->span_count; at += region->spans[i++].length) {
        const struct pvmi_span *span = &region->spans[i];
        uint8_t *mapped = pvmi_arena_map(arena, span->slot, span->offset, span->length, base == NULL ? NULL : base + at);

        if (mapped == NULL) {
            if (base != NULL)
                munmap(base, region->length);
            return PvmNoMem;
        }
        if (i == 0)
            base = mapped;
    }
    region->at = base;
    return PvmOk;
}

static int region_populate(struct pvmi_regions *regions, const struct pvmi_region *region)
{
    struct pvmi_arena *arena = regions->heap->self->arena;
    size_t at = 0;

    for (uint32_t i = 0; i < region->span_count; at += region->spans[i++].length) {
        const struct pvmi_span *span = &region->spans[i];
        int rc = pvmi_arena_populate_at(arena, span->slot, span->offset, span->length, region->at + at);

        if (rc != PvmOk)
            return rc;
    }
    return PvmOk;
}

static int take_budget(struct pvmi_regions *regions, uint32_t pages)
{
    struct pvmi_self *self = regions->heap->self;
    int rc = pvmi_budget_take(self->arena, self->control, pages);

    while (rc != PvmOk && (pvmi_regions_trim(regions) || pvmi_heap_trim(regions->heap) > 0))
        rc = pvmi_budget_take(self->arena, self->control, pages);
    return rc;
}

/* Memory for a region that has its spans: budget, mapping, pages. On failure it has none of them. */
static int region_back(struct pvmi_regions *regions, struct pvmi_region *region)
{
    struct pvmi_self *self = regions->heap->self;
    uint32_t pages = (uint32_t)(region->length / PVMI_ARENA_PAGE);
    int rc = take_budget(regions, pages);

    if (rc != PvmOk)
        return rc;
    pvmi_arena_step("region populate");
    rc = region_map(regions, region);
    if (rc != PvmOk) {
        pvmi_budget_give(self->arena, self->control, pages);
        return rc;
    }
    rc = region_populate(regions, region);
    if (rc != PvmOk) {
        munmap(region->at, region->length);
        give_memory(regions, region, region->length);
    }
    return rc;
}

int pvmi_region_fill(struct pvmi_regions *regions, struct pvmi_region *region)
{
    int rc = pvmi_spans_take(&regions->spans, region->length, &region->spans, &region->span_count);

    if (rc != PvmOk)
        return rc;
    rc = region_back(regions, region);
    if (rc != PvmOk)
        pvmi_spans_give(&regions->spans, region->spans, region->span_count);
    return rc;
}

void pvmi_region_unfill(struct pvmi_regions *regions, struct pvmi_region *region)
{
    if (region->is_block)
        pvmi_free(region->at);
    else
        munmap(region->at, region->length);
    if (region->span_count > 0 && regions->heap != NULL) {
        give_memory(regions, region, region->length);
        pvmi_spans_give(&regions->spans, region->spans, region->span_count);
    } else {
        pvmi_free(region->spans);
    }
}

/* ---- ordinary memory ---- */

/* The contents of length bytes in fresh memory, which then takes their place: at no time are they not there. */
static int keep_bytes(uint8_t *at, size_t length)
{
    void *copy = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (copy == MAP_FAILED)
        return PvmNoMem;
    memcpy(copy, at, length);
    if (mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
        munmap(copy, length);
        return PvmNoMem;
    }
    return PvmOk;
}

int pvmi_region_keep_bytes(struct pvmi_regions *regions, struct pvmi_region *region, bool give)
{
    while (region->kept < region->length) {
        size_t left = region->length - region->kept;
        size_t length = left < KEEP_CHUNK ? left : KEEP_CHUNK;
        int rc = keep_bytes(region->at + region->kept, length);

        if (rc != PvmOk)
            return rc;
        region->kept += length;
        if (give)
            give_memory(regions, region, region->kept);
    }
    return PvmOk;
}
