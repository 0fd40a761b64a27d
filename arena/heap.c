/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/heap.h"

#include <string.h>

#include "arena/budget.h"
#include "base/alloc.h"

#define AREA_FIRST (16u << 10)
#define AREA_LARGEST (256u << 10)
#define HEADER ((uint32_t)sizeof(struct pvmi_arena_block))

/* ---- kinds: sizes of blocks ---- */

static uint32_t kind_capacity(uint32_t kind)
{
    uint32_t exponent = kind + PVMI_HEAP_SMALLEST;

    return exponent < PVMI_HEAP_LARGE ? 1u << exponent : (1u << exponent) - HEADER;
}

static uint32_t kind_for(uint32_t size)
{
    uint32_t kind = 0;

    while (kind_capacity(kind) < size)
        kind++;
    return kind;
}

static bool kind_large(uint32_t kind)
{
    return kind + PVMI_HEAP_SMALLEST >= PVMI_HEAP_LARGE;
}

/* ---- stacks of free blocks ---- */

static int free_make_room(struct pvmi_heap_free *list, uint32_t room)
{
    uint64_t *positions;

    if (room <= list->room)
        return PvmOk;
    if (room < 2 * list->room)
        room = 2 * list->room;
    if (room < 8)
        room = 8;
    positions = pvmi_realloc(list->positions, room * sizeof(*positions));
    if (positions == NULL)
        return PvmNoMem;
    list->positions = positions;
    list->room = room;
    return PvmOk;
}

static void free_push(struct pvmi_heap_free *list, uint64_t position)
{
    assert(list->count < list->room);
    list->positions[list->count++] = position;
}

/* ---- growing ---- */

int pvmi_heap_init(struct pvmi_heap *heap, struct pvmi_self *self)
{
    memset(heap, 0, sizeof(*heap));
    heap->self = self;
    heap->windows = pvmi_calloc(1, sizeof(*heap->windows));
    if (heap->windows == NULL)
        return PvmNoMem;
    heap->windows[0].slot = self->slot;
    heap->windows[0].generation = self->generation;
    heap->window_count = 1;
    heap->top = self->slot == 0 ? self->arena->heap_at : 0;
    heap->area_next = AREA_FIRST;
    return PvmOk;
}

void pvmi_heap_fini(struct pvmi_heap *heap)
{
    for (uint32_t kind = 0; kind < PVMI_HEAP_KINDS; kind++) {
        pvmi_free(heap->warm[kind].positions);
        pvmi_free(heap->cold[kind].positions);
    }
    pvmi_free(heap->windows);
    memset(heap, 0, sizeof(*heap));
}

/* A window more. A slot that is taken is listed at once: who cannot list it must not take it. */
static int window_add(struct pvmi_heap *heap)
{
    struct pvmi_heap_window *windows =
        pvmi_realloc(heap->windows, (heap->window_count + 1) * sizeof(*heap->windows));
    uint32_t slot;

    if (windows == NULL)
        return PvmNoMem;
    heap->windows = windows;
    if (pvmi_slot_extend(heap->self, &slot) != PvmOk)
        return PvmNoMem;
    windows[heap->window_count].slot = slot;
    windows[heap->window_count].generation =
        pvmi_life_generation(atomic_load(&heap->self->arena->life[slot]));
    heap->window_count++;
    heap->top = 0;
    return PvmOk;
}

static int take_pages(struct pvmi_heap *heap, uint32_t pages)
{
    struct pvmi_self *self = heap->self;
    int rc = pvmi_budget_take(self->arena, self->control, pages);

    while (rc != PvmOk && pvmi_heap_trim(heap) > 0)
        rc = pvmi_budget_take(self->arena, self->control, pages);
    return rc;
}

/* length bytes (pages) of window that were never used, with memory. */
static int grow(struct pvmi_heap *heap, uint32_t length, uint64_t *ret_position)
{
    struct pvmi_arena *arena = heap->self->arena;
    struct pvmi_heap_window *window;
    uint32_t at = heap->top;
    int rc;

    if (at % PVMI_ARENA_PIECE_SMALL + length > PVMI_ARENA_PIECE_SMALL)
        at = (at + PVMI_ARENA_PIECE_SMALL - 1) & ~(PVMI_ARENA_PIECE_SMALL - 1);
    if (at + length > arena->stride) {
        rc = window_add(heap);
        if (rc != PvmOk)
            return rc;
        at = 0;
    }
    rc = take_pages(heap, length / PVMI_ARENA_PAGE);
    if (rc != PvmOk)
        return rc;
    window = &heap->windows[heap->window_count - 1];
    pvmi_arena_step("heap populate");
    rc = pvmi_arena_populate(arena, window->slot, at, length);
    if (rc != PvmOk) {
        pvmi_arena_punch(arena, window->slot, at, length);
        pvmi_budget_give(arena, heap->self->control, length / PVMI_ARENA_PAGE);
        return rc;
    }
    heap->top = at + length;
    *ret_position = pvmi_position(window->slot, window->generation, at);
    return PvmOk;
}

/* A place with memory for a block of that kind. */
static int make_place(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position)
{
    uint32_t size = HEADER + kind_capacity(kind);
    int rc;

    if (kind_large(kind))
        return grow(heap, size, ret_position);
    if (heap->area_left < size) {
        uint32_t length = (size + PVMI_ARENA_PAGE - 1) & ~(PVMI_ARENA_PAGE - 1);

        if (length < heap->area_next)
            length = heap->area_next;
        rc = grow(heap, length, &heap->area);
        if (rc != PvmOk && length == heap->area_next && length > AREA_FIRST && size <= AREA_FIRST)
            rc = grow(heap, length = AREA_FIRST, &heap->area);
        if (rc != PvmOk) {
            heap->area_left = 0;
            return rc;
        }
        heap->area_left = length;
        if (heap->area_next < AREA_LARGEST)
            heap->area_next *= 2;
    }
    *ret_position = heap->area;
    heap->area += size;
    heap->area_left -= size;
    return PvmOk;
}

/* A cold block's place, with memory again. */
static int warm_up(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position)
{
    struct pvmi_heap_free *cold = &heap->cold[kind];
    uint32_t length = HEADER + kind_capacity(kind);
    uint64_t position = cold->positions[cold->count - 1];
    int rc;

    cold->count--;    /* first: a trim for the budget pushes others onto this stack */
    rc = take_pages(heap, length / PVMI_ARENA_PAGE);
    if (rc == PvmOk) {
        rc = pvmi_arena_populate(heap->self->arena, pvmi_position_slot(position), pvmi_position_offset(position), length);
        if (rc != PvmOk) {
            pvmi_arena_punch(heap->self->arena, pvmi_position_slot(position), pvmi_position_offset(position), length);
            pvmi_budget_give(heap->self->arena, heap->self->control, length / PVMI_ARENA_PAGE);
        }
    }
    if (rc != PvmOk) {
        free_push(cold, position);
        return rc;
    }
    *ret_position = position;
    return PvmOk;
}

/* ---- blocks ---- */

struct pvmi_arena_block *pvmi_heap_block(struct pvmi_heap *heap, uint64_t position)
{
    struct pvmi_arena *arena = heap->self->arena;
    uint32_t offset = pvmi_position_offset(position);
    struct pvmi_piece *piece = &arena->windows[pvmi_position_slot(position)][offset / arena->piece];

    assert(piece->at != NULL);
    return (struct pvmi_arena_block *)(void *)(piece->at + offset % arena->piece);
}

/* Room on the stacks, so that freeing cannot fail. */
static int make_room_for_free(struct pvmi_heap *heap, uint32_t kind)
{
    int rc = free_make_room(&heap->warm[kind], heap->made[kind] + 1);

    return rc == PvmOk && kind_large(kind) ? free_make_room(&heap->cold[kind], heap->warm[kind].room) : rc;
}

static int make_block(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position)
{
    bool pinned = false;
    int rc;

    if (heap->cold[kind].count > 0)
        return warm_up(heap, kind, ret_position);
    rc = make_room_for_free(heap, kind);
    if (rc == PvmOk)
        rc = make_place(heap, kind, ret_position);
    if (rc != PvmOk)
        return rc;
    heap->made[kind]++;
    for (uint32_t i = 1; i < heap->window_count && !pinned; i++) {    /* only the first window stays by itself */
        uint32_t piece = pvmi_position_offset(*ret_position) / heap->self->arena->piece;

        pinned = heap->windows[i].slot == pvmi_position_slot(*ret_position);
        if (pinned)
            heap->self->arena->windows[heap->windows[i].slot][piece].pins++;
    }
    return PvmOk;
}

int pvmi_heap_new(struct pvmi_heap *heap, uint32_t size, uint64_t *ret_position, struct pvmi_arena_block **ret_block)
{
    struct pvmi_heap_free *warm;
    struct pvmi_arena_block *block;
    uint64_t position;
    uint32_t kind;
    int rc;

    if (size > PVMI_HEAP_BYTES_MAX)
        return PvmBadParam;
    kind = kind_for(size);
    warm = &heap->warm[kind];
    if (warm->count > 0) {
        position = warm->positions[--warm->count];
    } else {
        rc = make_block(heap, kind, &position);
        if (rc != PvmOk)
            return rc;
    }
    block = pvmi_heap_block(heap, position);
    block->next = 0;
    block->length = 0;
    block->capacity = kind_capacity(kind);
    block->more = 0;
    block->holders = 0;
    block->magic = PVMI_ARENA_BLOCK_MAGIC;
    block->kind = kind;
    *ret_position = position;
    *ret_block = block;
    return PvmOk;
}

void pvmi_heap_free(struct pvmi_heap *heap, uint64_t position)
{
    struct pvmi_arena_block *block = pvmi_heap_block(heap, position);

    assert(block->magic == PVMI_ARENA_BLOCK_MAGIC && block->kind < PVMI_HEAP_KINDS);
    block->magic = 0;
    free_push(&heap->warm[block->kind], position);
}

uint32_t pvmi_heap_trim(struct pvmi_heap *heap)
{
    struct pvmi_self *self = heap->self;
    uint32_t total = 0;

    for (uint32_t kind = PVMI_HEAP_LARGE - PVMI_HEAP_SMALLEST; kind < PVMI_HEAP_KINDS; kind++) {
        struct pvmi_heap_free *warm = &heap->warm[kind];
        uint32_t length = HEADER + kind_capacity(kind);

        for (; warm->count > 0; total += length / PVMI_ARENA_PAGE) {
            uint64_t position = warm->positions[--warm->count];

            pvmi_arena_punch(self->arena, pvmi_position_slot(position), pvmi_position_offset(position), length);
            pvmi_budget_give(self->arena, self->control, length / PVMI_ARENA_PAGE);
            free_push(&heap->cold[kind], position);
        }
    }
    return total;
}
