/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/heap.h"

#include <string.h>
#include <unistd.h>

#include "arena/budget.h"
#include "base/alloc.h"

#define AREA_FIRST (16u << 10)
#define AREA_LARGEST (256u << 10)
#define HEADER ((uint32_t)sizeof(struct pvmi_arena_block))
#define NO_AREA 0xffffffu    /* of a large block */
#define WINDOW_BEGINS 1024u

/* ---- kinds: sizes of blocks ---- */

static uint32_t kind_capacity(uint32_t kind)
{
    uint32_t exponent = kind + PVMI_HEAP_SMALLEST;

    return exponent < PVMI_HEAP_LARGE ? 1u << exponent : (1u << exponent) + PVMI_ARENA_PAGE - HEADER;
}

static uint32_t kind_for(uint32_t size)
{
    uint32_t exponent = size <= 1u << PVMI_HEAP_SMALLEST ? PVMI_HEAP_SMALLEST : 32 - (uint32_t)__builtin_clz(size - 1);
    uint32_t kind = exponent - PVMI_HEAP_SMALLEST;

    return kind > 0 && kind_capacity(kind - 1) >= size ? kind - 1 : kind;
}

static bool kind_large(uint32_t kind)
{
    return kind + PVMI_HEAP_SMALLEST >= PVMI_HEAP_LARGE;
}

/* ---- free blocks ---- */

static int free_make_room(struct pvmi_heap_free *list, uint32_t wanted)
{
    uint32_t room = list->room == 0 ? 8 : list->room;
    uint64_t *positions;

    if (wanted <= list->room)
        return PvmOk;
    while (room < wanted)
        room *= 2;
    positions = pvmi_malloc(room * sizeof(*positions));
    if (positions == NULL)
        return PvmNoMem;
    for (uint32_t i = 0; i < list->count; i++)
        positions[i] = list->positions[(list->first + i) & (list->room - 1)];
    pvmi_free(list->positions);
    list->positions = positions;
    list->first = 0;
    list->room = room;
    return PvmOk;
}

static void free_push(struct pvmi_heap_free *list, uint64_t position)
{
    assert(list->count < list->room);
    list->positions[(list->first + list->count++) & (list->room - 1)] = position;
}

static uint64_t free_take_newest(struct pvmi_heap_free *list)
{
    return list->positions[(list->first + --list->count) & (list->room - 1)];
}

static uint64_t free_take_oldest(struct pvmi_heap_free *list)
{
    uint64_t position = list->positions[list->first];

    list->first = (list->first + 1) & (list->room - 1);
    list->count--;
    return position;
}

/* ---- growing ---- */

/*
 * Windows do not begin at the same place: who polls the rings of many would find all of them in the same few entries of the
 * TLB, which are chosen by the lowest bits of a page's number.
 */
static uint32_t window_begin(const struct pvmi_self *self)
{
    uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
    uint32_t begins = self->arena->stride / 16 / page;

    return self->slot % (begins < WINDOW_BEGINS ? begins : WINDOW_BEGINS) * page;
}

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
    heap->top = self->slot == 0 ? self->arena->heap_at : window_begin(self);
    for (uint32_t kind = 0; kind < PVMI_HEAP_KINDS; kind++)
        heap->cut[kind].next = AREA_FIRST;
    return PvmOk;
}

void pvmi_heap_fini(struct pvmi_heap *heap)
{
    for (uint32_t kind = 0; kind < PVMI_HEAP_KINDS; kind++) {
        pvmi_free(heap->warm[kind].positions);
        pvmi_free(heap->cold[kind].positions);
    }
    pvmi_free(heap->areas);
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

static void take_away(struct pvmi_heap *heap, uint64_t position, uint32_t length)
{
    struct pvmi_self *self = heap->self;

    pvmi_arena_punch(self->arena, pvmi_position_slot(position), pvmi_position_offset(position), length);
    pvmi_budget_give(self->arena, self->control, length / PVMI_ARENA_PAGE);
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
        take_away(heap, pvmi_position(window->slot, window->generation, at), length);
        return rc;
    }
    heap->top = at + length;
    *ret_position = pvmi_position(window->slot, window->generation, at);
    return PvmOk;
}

/* Memory again for a place that had some. */
static int repopulate(struct pvmi_heap *heap, uint64_t position, uint32_t length)
{
    struct pvmi_self *self = heap->self;
    int rc = take_pages(heap, length / PVMI_ARENA_PAGE);

    if (rc != PvmOk)
        return rc;
    rc = pvmi_arena_populate(self->arena, pvmi_position_slot(position), pvmi_position_offset(position), length);
    if (rc != PvmOk)
        take_away(heap, position, length);
    return rc;
}

/* A cold area of at least length bytes, with memory again; else a new one. */
static int make_area(struct pvmi_heap *heap, uint32_t kind, uint32_t length, uint32_t *ret_area)
{
    uint32_t at = 0;
    int rc;

    while (at < heap->area_count && (!heap->areas[at].cold || heap->areas[at].length < length))
        at++;
    if (at == heap->area_room) {
        uint32_t room = at < 16 ? 16 : 2 * at;
        void *areas = pvmi_realloc(heap->areas, room * sizeof(*heap->areas));

        if (areas == NULL || room >= NO_AREA)
            return PvmNoMem;
        heap->areas = areas;
        heap->area_room = room;
    }
    if (at < heap->area_count) {
        rc = repopulate(heap, heap->areas[at].position, heap->areas[at].length);
    } else {
        rc = grow(heap, length, &heap->areas[at].position);
        if (rc == PvmOk) {
            heap->areas[at].length = length;
            heap->area_count++;
        }
    }
    if (rc != PvmOk)
        return rc;
    heap->areas[at].kind = (uint8_t)kind;
    heap->areas[at].used = 0;
    heap->areas[at].cold = false;
    *ret_area = at;
    return PvmOk;
}

/* A place with memory for a block of that kind; ret_from is the area that it was cut from. */
static int make_place(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position, uint32_t *ret_from)
{
    uint32_t size = HEADER + kind_capacity(kind);
    struct pvmi_heap_cut *cut = &heap->cut[kind];
    int rc;

    *ret_from = NO_AREA;
    if (kind_large(kind))
        return grow(heap, size, ret_position);
    if (cut->left < size) {
        rc = make_area(heap, kind, cut->next, &cut->area);
        if (rc != PvmOk && cut->next > AREA_FIRST)
            rc = make_area(heap, kind, cut->next = AREA_FIRST, &cut->area);
        if (rc != PvmOk) {
            cut->left = 0;
            return rc;
        }
        cut->left = heap->areas[cut->area].length;
        if (cut->next < AREA_LARGEST)
            cut->next *= 2;
    }
    *ret_position = heap->areas[cut->area].position + heap->areas[cut->area].length - cut->left;
    cut->left -= size;
    *ret_from = cut->area;
    return PvmOk;
}

/* A cold block's place, with memory again. */
static int warm_up(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position)
{
    struct pvmi_heap_free *cold = &heap->cold[kind];
    uint64_t position = free_take_newest(cold);    /* a trim for the budget adds others to these */
    int rc = repopulate(heap, position, HEADER + kind_capacity(kind));

    if (rc != PvmOk)
        free_push(cold, position);
    else
        *ret_position = position;
    return rc;
}

/* ---- blocks ---- */

struct pvmi_arena_block *pvmi_heap_block(struct pvmi_heap *heap, uint64_t position)
{
    struct pvmi_arena *arena = heap->self->arena;
    uint32_t offset = pvmi_position_offset(position);
    struct pvmi_piece *piece = &arena->windows[pvmi_position_slot(position)]->pieces[offset / arena->piece];

    assert(piece->at != NULL);
    return (struct pvmi_arena_block *)(void *)(piece->at + offset % arena->piece);
}

/* Room to list them, so that freeing cannot fail. */
static int make_room_for_free(struct pvmi_heap *heap, uint32_t kind)
{
    int rc = free_make_room(&heap->warm[kind], heap->made[kind] + 1);

    return rc == PvmOk && kind_large(kind) ? free_make_room(&heap->cold[kind], heap->warm[kind].room) : rc;
}

static int make_block(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position)
{
    struct pvmi_arena_block *block;
    bool pinned = false;
    uint32_t from = NO_AREA;
    int rc;

    if (heap->cold[kind].count > 0)
        return warm_up(heap, kind, ret_position);
    rc = make_room_for_free(heap, kind);
    if (rc == PvmOk)
        rc = make_place(heap, kind, ret_position, &from);
    if (rc != PvmOk)
        return rc;
    heap->made[kind]++;
    for (uint32_t i = 1; i < heap->window_count && !pinned; i++) {    /* only the first window stays by itself */
        uint32_t piece = pvmi_position_offset(*ret_position) / heap->self->arena->piece;

        pinned = heap->windows[i].slot == pvmi_position_slot(*ret_position);
        if (pinned)
            heap->self->arena->windows[heap->windows[i].slot]->pieces[piece].pins++;
    }
    block = pvmi_heap_block(heap, *ret_position);
    block->kind = kind | from << 8;
    return PvmOk;
}

/* Where memory is short that is a luxury. */
static void spread_end(struct pvmi_heap *heap)
{
    memset(heap->spread, 0, sizeof(heap->spread));
    heap->spread_bytes = 0;
}

/* A block of that kind, with memory: one more while messages are to be spread over more than there are. */
static int take_block(struct pvmi_heap *heap, uint32_t kind, uint64_t *ret_position)
{
    struct pvmi_heap_free *warm = &heap->warm[kind];

    if (warm->count > 0 && heap->spread[kind] == 0) {
        *ret_position = free_take_newest(warm);
        return PvmOk;
    }
    if (warm->count == 0 || heap->made[kind] < heap->spread[kind]) {
        int rc = make_block(heap, kind, ret_position);

        if (rc == PvmOk || warm->count == 0)
            return rc;
        spread_end(heap);
    }
    *ret_position = free_take_oldest(warm);
    return PvmOk;
}

int pvmi_heap_new(struct pvmi_heap *heap, uint32_t size, uint64_t *ret_position, struct pvmi_arena_block **ret_block)
{
    struct pvmi_arena_block *block;
    uint64_t position;
    uint32_t kind;
    int rc;

    if (size > PVMI_HEAP_BYTES_MAX)
        return PvmBadParam;
    kind = kind_for(size);
    rc = take_block(heap, kind, &position);
    if (rc != PvmOk)
        return rc;
    block = pvmi_heap_block(heap, position);
    block->next = 0;
    block->length = 0;
    block->capacity = kind_capacity(kind);
    block->more = 0;
    block->holders = 0;
    block->magic = PVMI_ARENA_BLOCK_MAGIC;
    if (kind_large(kind))
        block->kind = kind | NO_AREA << 8;    /* a cold one has forgotten */
    else
        heap->areas[block->kind >> 8].used++;
    *ret_position = position;
    *ret_block = block;
    return PvmOk;
}

bool pvmi_heap_any(const struct pvmi_heap *heap, uint32_t size)
{
    return size <= PVMI_HEAP_BYTES_MAX && heap->warm[kind_for(size)].count > 0;
}

void pvmi_heap_free(struct pvmi_heap *heap, uint64_t position)
{
    struct pvmi_arena_block *block = pvmi_heap_block(heap, position);
    uint32_t kind = block->kind & 0xff;
    uint32_t area = block->kind >> 8;

    assert(block->magic == PVMI_ARENA_BLOCK_MAGIC && kind < PVMI_HEAP_KINDS);
    block->magic = 0;
    if (area != NO_AREA) {
        assert(area < heap->area_count && heap->areas[area].kind == kind);
        heap->areas[area].used--;
    }
    free_push(&heap->warm[kind], position);
}

/* Some caches of the second level: what both processors have forgotten. */
static uint64_t spread_most(void)
{
    static uint64_t most;

    if (most == 0) {
        long cache = sysconf(_SC_LEVEL2_CACHE_SIZE);

        most = 4 * (uint64_t)(cache > 0 ? cache : 1 << 20);
    }
    return most;
}

void pvmi_heap_spread(struct pvmi_heap *heap, uint32_t size)
{
    struct pvmi_arena_header *header = heap->self->arena->header;
    uint32_t kind = kind_for(size);
    uint64_t bytes = HEADER + kind_capacity(kind);
    uint32_t more = heap->spread[kind] == 0 ? 1 : heap->spread[kind];

    if ((heap->spread[kind] + more) * bytes <= spread_most() &&
        heap->spread_bytes + more * bytes <= 2 * spread_most() &&
        atomic_load_explicit(&header->pages_free, memory_order_relaxed) > (int64_t)header->pages_total / 2) {
        heap->spread[kind] += more;
        heap->spread_bytes += more * bytes;
    }
}

static uint32_t trim_large(struct pvmi_heap *heap)
{
    uint32_t total = 0;

    for (uint32_t kind = PVMI_HEAP_LARGE - PVMI_HEAP_SMALLEST; kind < PVMI_HEAP_KINDS; kind++) {
        struct pvmi_heap_free *warm = &heap->warm[kind];
        uint32_t length = HEADER + kind_capacity(kind);

        for (; warm->count > 0; total += length / PVMI_ARENA_PAGE) {
            uint64_t position = free_take_newest(warm);

            take_away(heap, position, length);
            free_push(&heap->cold[kind], position);
        }
    }
    return total;
}

/* The blocks of area, all free, are no more. */
static void forget_blocks(struct pvmi_heap *heap, const struct pvmi_heap_area *area)
{
    struct pvmi_heap_free *warm = &heap->warm[area->kind];

    for (uint32_t left = warm->count; left > 0; left--) {
        uint64_t position = free_take_oldest(warm);

        if (position - area->position >= area->length)
            free_push(warm, position);
        else
            heap->made[area->kind]--;
    }
}

uint32_t pvmi_heap_trim(struct pvmi_heap *heap)
{
    uint32_t total = trim_large(heap);

    spread_end(heap);
    for (uint32_t i = 0; i < heap->area_count; i++) {
        struct pvmi_heap_area *area = &heap->areas[i];
        struct pvmi_heap_cut *cut = &heap->cut[area->kind];

        if (area->cold || area->used > 0)
            continue;
        forget_blocks(heap, area);
        if (cut->area == i)
            cut->left = 0;
        take_away(heap, area->position, area->length);
        area->cold = true;
        total += area->length / PVMI_ARENA_PAGE;
    }
    return total;
}
