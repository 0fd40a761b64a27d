/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/region.h"

#include <string.h>
#include <unistd.h>

#include "arena/block.h"
#include "arena/region_inside.h"
#include "base/alloc.h"

#define EXTENT_MAX (1u << PVMI_HEAP_LARGEST)

/* In the place of one that bodies still refer to, though it is ordinary memory now: its number is not free. */
static struct pvmi_region kept_region;

/* ---- which there are ---- */

/* How many regions begin at or before that address. */
static uint32_t regions_until(const struct pvmi_regions *regions, const uint8_t *at)
{
    uint32_t low = 0, high = regions->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (regions->by_address[middle]->at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct pvmi_region *region_find(const struct pvmi_regions *regions, const uint8_t *at)
{
    uint32_t before = regions_until(regions, at);
    struct pvmi_region *region = before == 0 ? NULL : regions->by_address[before - 1];

    return region != NULL && (size_t)(at - region->at) < region->length ? region : NULL;
}

static int regions_reserve(struct pvmi_regions *regions)
{
    uint32_t room = regions->room == 0 ? 16 : 2 * regions->room;
    void *list;

    if (regions->count < regions->room)
        return PvmOk;
    list = pvmi_realloc(regions->by_address, room * sizeof(struct pvmi_region *));
    if (list == NULL)
        return PvmNoMem;
    regions->by_address = list;
    regions->room = room;
    return PvmOk;
}

static void regions_insert(struct pvmi_regions *regions, struct pvmi_region *region)
{
    uint32_t at = regions_until(regions, region->at);
    struct pvmi_region **list = regions->by_address;

    assert(regions->count < regions->room);
    memmove(&list[at + 1], &list[at], (regions->count - at) * sizeof(*list));
    list[at] = region;
    regions->count++;
}

static void regions_remove(struct pvmi_regions *regions, const struct pvmi_region *region)
{
    uint32_t at = regions_until(regions, region->at) - 1;
    struct pvmi_region **list = regions->by_address;

    assert(list[at] == region);
    regions->count--;
    memmove(&list[at], &list[at + 1], (regions->count - at) * sizeof(*list));
}

/* A number for extents that no other region has. */
static int number_find(struct pvmi_regions *regions, uint32_t *ret_number)
{
    uint32_t room = regions->number_room == 0 ? 16 : 2 * regions->number_room;
    uint32_t number = 0;
    struct pvmi_region **list;

    while (number < regions->number_room && regions->by_number[number] != NULL)
        number++;
    if (number == regions->number_room) {
        list = pvmi_realloc(regions->by_number, room * sizeof(struct pvmi_region *));
        if (list == NULL)
            return PvmNoMem;
        memset(&list[number], 0, (room - number) * sizeof(*list));
        regions->by_number = list;
        regions->number_room = room;
    }
    *ret_number = number;
    return PvmOk;
}

/* ---- objects of a region ---- */

static uint32_t kind_of(const struct pvmi_region *region)
{
    return (uint32_t)__builtin_ctzll(region->size) - PVMI_REGION_SMALLEST;
}

static bool is_small(const struct pvmi_region *region)
{
    return region->count > 1;
}

static struct pvmi_region *region_new(size_t size, uint32_t count)
{
    struct pvmi_region *region = pvmi_calloc(1, sizeof(*region) + count * sizeof(struct pvmi_region_object));

    if (region == NULL)
        return NULL;
    pvmi_list_init(&region->with_room);
    pvmi_list_init(&region->spare);
    region->length = size * count;
    region->size = size;
    region->count = count;
    region->number = PVMI_REGION_NO_NUMBER;
    for (uint32_t i = 0; i < count; i++)
        region->objects[i].next = i + 1 < count ? i + 1 : PVMI_OBJECT_END;
    return region;
}

static void *object_take(struct pvmi_regions *regions, struct pvmi_region *region)
{
    uint32_t index = region->free;

    if (region->busy++ == 0 && !pvmi_list_empty(&region->spare)) {
        pvmi_list_remove(&region->spare);
        regions->spare_bytes -= region->length;
    }
    region->free = region->objects[index].next;
    region->objects[index].next = PVMI_OBJECT_USED;
    if (region->free == PVMI_OBJECT_END)
        pvmi_list_remove(&region->with_room);
    return region->at + index * region->size;
}

/* Nobody needs it any more. */
static void region_drop(struct pvmi_regions *regions, struct pvmi_region *region)
{
    if (!pvmi_list_empty(&region->spare))
        regions->spare_bytes -= region->length;
    pvmi_list_remove(&region->with_room);
    pvmi_list_remove(&region->spare);
    regions_remove(regions, region);
    if (region->number != PVMI_REGION_NO_NUMBER)
        regions->by_number[region->number] = NULL;
    pvmi_region_unfill(regions, region);
    pvmi_free(region);
}

/* A region in the arena, of count objects of size bytes, together whole pages. */
static int region_make(struct pvmi_regions *regions, size_t size, uint32_t count, struct pvmi_region **ret_region)
{
    struct pvmi_region *region;
    int rc = regions_reserve(regions);

    if (rc != PvmOk || (uint64_t)size * count / PVMI_ARENA_PAGE > regions->heap->self->arena->header->pages_total)
        return PvmNoMem;
    region = region_new(size, count);
    if (region == NULL)
        return PvmNoMem;
    rc = number_find(regions, &region->number);
    if (rc == PvmOk)
        rc = pvmi_region_fill(regions, region);
    if (rc != PvmOk) {
        pvmi_free(region);
        return rc;
    }
    region->shared = true;
    regions->by_number[region->number] = region;
    regions_insert(regions, region);
    if (is_small(region))
        pvmi_list_push(&regions->with_room[kind_of(region)], &region->with_room);
    *ret_region = region;
    return PvmOk;
}

/* ---- allocating ---- */

void pvmi_regions_join(struct pvmi_regions *regions, struct pvmi_lend *lend)
{
    regions->heap = lend->heap;
    regions->lend = lend;
    lend->regions = regions;
    pvmi_spans_init(&regions->spans, lend->heap->self);
    pvmi_list_init(&regions->spare);
    for (int kind = 0; kind < PVMI_REGION_KINDS; kind++)
        pvmi_list_init(&regions->with_room[kind]);
}

static int alloc_small(struct pvmi_regions *regions, size_t bytes, void **ret_at)
{
    uint32_t kind = 0;
    struct pvmi_region *region;
    size_t size;
    int rc;

    while ((size_t)1 << (kind + PVMI_REGION_SMALLEST) < bytes)
        kind++;
    size = (size_t)1 << (kind + PVMI_REGION_SMALLEST);
    if (pvmi_list_empty(&regions->with_room[kind]))
        pvmi_lend_reclaim(regions->lend, UINT32_MAX);
    if (pvmi_list_empty(&regions->with_room[kind])) {
        rc = region_make(regions, size, size < 8192 ? 65536 / (uint32_t)size : 8, &region);
        if (rc != PvmOk)
            return rc;
    }
    region = PVMI_CONTAINER(regions->with_room[kind].next, struct pvmi_region, with_room);
    *ret_at = object_take(regions, region);
    return PvmOk;
}

static size_t page_size(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return page > PVMI_ARENA_PAGE ? page : PVMI_ARENA_PAGE;
}

/* One that is spare and little larger, or NULL. */
static struct pvmi_region *spare_find(struct pvmi_regions *regions, size_t size)
{
    PVMI_LIST_EACH(node, &regions->spare) {
        struct pvmi_region *region = PVMI_CONTAINER(node, struct pvmi_region, spare);

        if (!is_small(region) && region->size >= size && region->size - size <= size / 8)
            return region;
    }
    return NULL;
}

static int alloc_large(struct pvmi_regions *regions, size_t bytes, void **ret_at)
{
    size_t size = (bytes + page_size() - 1) & ~(page_size() - 1);
    struct pvmi_region *region = spare_find(regions, size);
    int rc;

    if (region == NULL && pvmi_lend_reclaim(regions->lend, UINT32_MAX) > 0)
        region = spare_find(regions, size);
    if (region == NULL) {
        rc = region_make(regions, size, 1, &region);
        if (rc != PvmOk)
            return rc;
    }
    *ret_at = object_take(regions, region);
    return PvmOk;
}

int pvmi_region_alloc_shared(struct pvmi_regions *regions, size_t bytes, void **ret_at)
{
    if (regions->heap == NULL)
        return PvmNotImpl;
    return bytes <= (size_t)1 << (PVMI_REGION_LARGE - 1) ? alloc_small(regions, bytes, ret_at)
                                                         : alloc_large(regions, bytes, ret_at);
}

static int alloc_block(struct pvmi_regions *regions, size_t bytes, void **ret_at)
{
    struct pvmi_region *region;

    if (regions_reserve(regions) != PvmOk)
        return PvmNoMem;
    region = region_new(bytes, 1);
    if (region == NULL)
        return PvmNoMem;
    region->at = pvmi_malloc(bytes);
    if (region->at == NULL) {
        pvmi_free(region);
        return PvmNoMem;
    }
    region->is_block = true;
    regions_insert(regions, region);
    *ret_at = object_take(regions, region);
    return PvmOk;
}

int pvmi_region_alloc(struct pvmi_regions *regions, size_t bytes, void **ret_at)
{
    if (bytes > SIZE_MAX / 2)
        return PvmNoMem;
    if (bytes == 0)
        bytes = 1;
    if (pvmi_region_alloc_shared(regions, bytes, ret_at) == PvmOk)
        return PvmOk;
    return alloc_block(regions, bytes, ret_at);
}

/* ---- freeing ---- */

/* Nothing of it is in use. What was freed last stays, whatever its size: it is the most likely to be asked for. */
static void region_empty(struct pvmi_regions *regions, struct pvmi_region *region)
{
    if (!region->shared) {
        region_drop(regions, region);
        return;
    }
    pvmi_list_push_front(&regions->spare, &region->spare);
    regions->spare_bytes += region->length;
    while (regions->spare_bytes > PVMI_REGION_SPARE && regions->spare.prev != &region->spare)
        region_drop(regions, PVMI_CONTAINER(regions->spare.prev, struct pvmi_region, spare));
}

static void object_free(struct pvmi_regions *regions, struct pvmi_region *region, uint32_t index)
{
    struct pvmi_region_object *object = &region->objects[index];

    object->next = region->free;
    region->free = index;
    region->busy--;
    if (region->shared && is_small(region) && object->next == PVMI_OBJECT_END)
        pvmi_list_push_front(&regions->with_room[kind_of(region)], &region->with_room);
    if (region->busy == 0)
        region_empty(regions, region);
}

int pvmi_region_free(struct pvmi_regions *regions, void *at)
{
    struct pvmi_region *region = region_find(regions, at);
    struct pvmi_region_object *object;
    size_t offset;

    if (region == NULL)
        return PvmNotFound;
    offset = (size_t)((uint8_t *)at - region->at);
    if (offset % region->size != 0)
        return PvmBadParam;
    object = &region->objects[offset / region->size];
    if (object->next != PVMI_OBJECT_USED)
        return PvmAlready;
    if (object->lent > 0)
        object->next = PVMI_OBJECT_FREED;
    else
        object_free(regions, region, (uint32_t)(offset / region->size));
    return PvmOk;
}

bool pvmi_regions_trim(struct pvmi_regions *regions)
{
    bool any = false;

    while (regions->heap != NULL && !pvmi_list_empty(&regions->spare)) {
        region_drop(regions, PVMI_CONTAINER(regions->spare.prev, struct pvmi_region, spare));
        any = true;
    }
    return any;
}

/* ---- what messages refer to ---- */

/* The bytes from offset on, as far as they lie in one span and no piece of a window ends; no more than a block has. */
static void extent_set(const struct pvmi_region *region, size_t offset, struct pvmi_region_piece *piece)
{
    const struct pvmi_span *span = region->spans;
    uint32_t at, left;

    for (; offset >= span->length; span++)
        offset -= span->length;
    at = span->offset + (uint32_t)offset;
    left = PVMI_ARENA_PIECE_SMALL - at % PVMI_ARENA_PIECE_SMALL;
    if (left > span->length - (uint32_t)offset)
        left = span->length - (uint32_t)offset;
    if (left > EXTENT_MAX)
        left = EXTENT_MAX;
    if (piece->length > left)
        piece->length = left;
    piece->extent.position = pvmi_position(span->slot, span->generation, at);
    piece->extent.length = (uint32_t)piece->length;
}

void pvmi_region_look(const struct pvmi_regions *regions, const void *at, size_t length,
                      struct pvmi_region_piece *ret_piece)
{
    uint32_t before = regions_until(regions, at);
    struct pvmi_region *region = region_find(regions, at);
    size_t offset, left = length;
    uint32_t index;

    memset(ret_piece, 0, sizeof(*ret_piece));
    if (region == NULL) {
        if (before < regions->count)
            left = (size_t)(regions->by_address[before]->at - (const uint8_t *)at);
        ret_piece->length = left < length ? left : length;
        return;
    }
    offset = (size_t)((const uint8_t *)at - region->at);
    index = (uint32_t)(offset / region->size);
    left = region->size - offset % region->size;
    ret_piece->length = left < length ? left : length;
    ret_piece->shared = region->shared && region->objects[index].next == PVMI_OBJECT_USED;
    if (ret_piece->shared) {
        ret_piece->extent.region = region->number;
        ret_piece->extent.object = index;
        extent_set(region, offset, ret_piece);
    }
}

/* NULL when it has become ordinary memory since. */
static struct pvmi_region *region_of(const struct pvmi_regions *regions, const struct pvmi_arena_extent *extent)
{
    struct pvmi_region *region = extent->region < regions->number_room ? regions->by_number[extent->region] : NULL;

    return region != NULL && extent->object < region->count ? region : NULL;
}

void pvmi_region_ref(struct pvmi_regions *regions, const struct pvmi_arena_extent *extent)
{
    region_of(regions, extent)->objects[extent->object].lent++;
}

void pvmi_region_unref(struct pvmi_regions *regions, const struct pvmi_arena_extent *extent)
{
    struct pvmi_region *region = region_of(regions, extent);
    struct pvmi_region_object *object;

    if (region == NULL)
        return;
    object = &region->objects[extent->object];
    assert(object->lent > 0);
    if (--object->lent == 0 && object->next == PVMI_OBJECT_FREED)
        object_free(regions, region, extent->object);
}

/* ---- leaving the arena ---- */

static bool is_lent(const struct pvmi_region *region)
{
    for (uint32_t i = 0; i < region->count; i++) {
        if (region->objects[i].lent > 0)
            return true;
    }
    return false;
}

/* What receivers read stays as it is. */
static int region_keep(struct pvmi_regions *regions, struct pvmi_region *region)
{
    bool lent = is_lent(region);
    int rc;

    region->shared = false;
    pvmi_list_remove(&region->with_room);
    rc = pvmi_region_keep_bytes(regions, region, !lent);
    if (rc != PvmOk)
        return rc;
    regions->by_number[region->number] = lent ? &kept_region : NULL;
    region->number = PVMI_REGION_NO_NUMBER;
    if (lent)
        pvmi_free(region->spans);    /* its place in the arena ends with the task */
    else
        pvmi_spans_give(&regions->spans, region->spans, region->span_count);
    region->spans = NULL;
    region->span_count = 0;
    return PvmOk;
}

/* What bodies referred to is nobody's concern here any more. Drops the region when nothing of it is in use. */
static void objects_unlend(struct pvmi_regions *regions, struct pvmi_region *region)
{
    uint32_t busy = region->busy;

    for (uint32_t i = 0; i < region->count; i++) {
        region->objects[i].lent = 0;
        if (region->objects[i].next == PVMI_OBJECT_FREED) {
            region->objects[i].next = region->free;
            region->free = i;
            busy--;
        }
    }
    region->busy = busy;
    if (busy == 0)
        region_drop(regions, region);
}

int pvmi_regions_keep(struct pvmi_regions *regions)
{
    if (regions->heap == NULL)
        return PvmOk;
    pvmi_lend_reclaim(regions->lend, UINT32_MAX);
    pvmi_regions_trim(regions);
    for (uint32_t i = regions->count; i > 0; i--) {    /* each may go, and only itself */
        struct pvmi_region *region = regions->by_address[i - 1];
        int rc = region->is_block || region->kept == region->length ? PvmOk : region_keep(regions, region);

        if (rc != PvmOk)
            return rc;
        if (!region->is_block)
            objects_unlend(regions, region);
    }
    return PvmOk;
}

static void forget_arena(struct pvmi_regions *regions)
{
    pvmi_free(regions->by_number);
    regions->by_number = NULL;
    regions->number_room = 0;
    regions->spare_bytes = 0;
    pvmi_spans_fini(&regions->spans);
    regions->lend->regions = NULL;
    regions->lend = NULL;
    regions->heap = NULL;
}

void pvmi_regions_leave(struct pvmi_regions *regions)
{
    if (regions->heap == NULL)
        return;
    pvmi_regions_keep(regions);
    for (uint32_t i = 0; i < regions->count; i++) {
        struct pvmi_region *region = regions->by_address[i];

        region->shared = false;
        region->number = PVMI_REGION_NO_NUMBER;
        pvmi_list_remove(&region->with_room);
        pvmi_list_remove(&region->spare);
    }
    forget_arena(regions);
}

void pvmi_regions_after_fork(struct pvmi_regions *regions)
{
    uint32_t left = 0;

    if (regions->heap == NULL)
        return;
    for (uint32_t i = 0; i < regions->count; i++) {
        struct pvmi_region *region = regions->by_address[i];

        if (region->is_block || region->kept == region->length) {
            regions->by_address[left++] = region;
        } else {
            pvmi_free(region->spans);
            pvmi_free(region);
        }
    }
    regions->count = left;
    forget_arena(regions);
}
