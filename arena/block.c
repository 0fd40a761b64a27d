/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/block.h"

#include <string.h>

#include "base/alloc.h"

#define MORE_WORDS 62    /* of a first block of further words: 256 bytes, less some; doubled with each that follows */
#define MORE_BLOCKS_MAX 16
#define RECLAIM_FEW 4

/* ---- words ---- */

/* The words of receivers beyond the first 7 lie in blocks of their own, chained by next; as many as fit. */
static uint32_t words_of(const struct pvmi_arena_block *more)
{
    return more->capacity / (uint32_t)sizeof(uint32_t);
}

/* The owner's way to word index of block. */
static _Atomic uint32_t *own_word(struct pvmi_lend *lend, struct pvmi_arena_block *block, uint32_t index)
{
    struct pvmi_arena_block *more;

    if (index < PVMI_BLOCK_HOLDERS)
        return &block->holder[index];
    index -= PVMI_BLOCK_HOLDERS;
    for (more = pvmi_heap_block(lend->heap, block->more); index >= words_of(more);
         more = pvmi_heap_block(lend->heap, more->next))
        index -= words_of(more);
    return (_Atomic uint32_t *)(void *)pvmi_block_data(more) + index;
}

/* How many words there is room for. */
static uint32_t words_room(struct pvmi_lend *lend, const struct pvmi_arena_block *block)
{
    uint32_t room = PVMI_BLOCK_HOLDERS;

    for (uint64_t at = block->more; at != 0;) {
        struct pvmi_arena_block *more = pvmi_heap_block(lend->heap, at);

        room += words_of(more);
        at = more->next;
    }
    return room;
}

/* Words stay where they are, for receivers know them by number: more are appended. */
static int words_append(struct pvmi_lend *lend, struct pvmi_arena_block *block)
{
    uint32_t size = words_room(lend, block) * 2 * (uint32_t)sizeof(uint32_t);
    struct pvmi_arena_block *more;
    uint64_t *link = &block->more;
    uint64_t position;
    int rc;

    if (size < MORE_WORDS * sizeof(uint32_t))
        size = MORE_WORDS * sizeof(uint32_t);
    rc = pvmi_heap_new(lend->heap, size, &position, &more);
    if (rc != PvmOk)
        return rc;
    memset(pvmi_block_data(more), 0, more->capacity);
    while (*link != 0)
        link = &pvmi_heap_block(lend->heap, *link)->next;
    *link = position;
    return PvmOk;
}

static bool word_held(struct pvmi_lend *lend, uint32_t word)
{
    return word != 0 && pvmi_slot_lives(lend->heap->self->arena, word);
}

/* ---- lending ---- */

void pvmi_lend_init(struct pvmi_lend *lend, struct pvmi_heap *heap)
{
    memset(lend, 0, sizeof(*lend));
    lend->heap = heap;
}

void pvmi_lend_fini(struct pvmi_lend *lend)
{
    pvmi_free(lend->out);
    memset(lend, 0, sizeof(*lend));
}

/* Room to note one more chain that is out. */
static int out_reserve(struct pvmi_lend *lend)
{
    uint32_t room = lend->room == 0 ? 16 : 2 * lend->room;
    uint64_t *out;

    if (lend->count + lend->lent < lend->room)
        return PvmOk;
    out = pvmi_malloc(room * sizeof(*out));
    if (out == NULL)
        return PvmNoMem;
    for (uint32_t i = 0; i < lend->count; i++)
        out[i] = lend->out[(lend->first + i) & (lend->room - 1)];
    pvmi_free(lend->out);
    lend->out = out;
    lend->first = 0;
    lend->room = room;
    return PvmOk;
}

int pvmi_lend_to(struct pvmi_lend *lend, uint64_t position, uint32_t receiver, uint32_t *ret_index)
{
    struct pvmi_arena_block *block = pvmi_heap_block(lend->heap, position);
    uint32_t index = 0;
    int rc;

    while (index < block->holders && index < PVMI_BLOCK_HOLDERS &&
           word_held(lend, atomic_load_explicit(&block->holder[index], memory_order_acquire)))
        index++;
    if (index == PVMI_BLOCK_HOLDERS)    /* among many it costs more to look for a released one */
        index = block->holders;
    if (block->holders == 0) {
        rc = out_reserve(lend);
        if (rc != PvmOk)
            return rc;
    }
    if (index >= PVMI_BLOCK_HOLDERS && index >= words_room(lend, block)) {
        rc = words_append(lend, block);
        if (rc != PvmOk)
            return rc;
    }
    lend->lent += block->holders == 0;
    if (index == block->holders)
        block->holders++;
    atomic_store_explicit(own_word(lend, block, index), receiver, memory_order_relaxed);
    *ret_index = index;
    return PvmOk;
}

void pvmi_lend_undo(struct pvmi_lend *lend, uint64_t position, uint32_t index)
{
    atomic_store_explicit(own_word(lend, pvmi_heap_block(lend->heap, position), index), 0, memory_order_relaxed);
}

bool pvmi_lend_busy(struct pvmi_lend *lend, uint64_t position)
{
    struct pvmi_arena_block *block = pvmi_heap_block(lend->heap, position);

    for (uint32_t i = 0; i < block->holders && i < PVMI_BLOCK_HOLDERS; i++) {
        if (word_held(lend, atomic_load_explicit(&block->holder[i], memory_order_acquire)))
            return true;
    }
    for (uint32_t i = PVMI_BLOCK_HOLDERS; i < block->holders; i++) {
        if (word_held(lend, atomic_load_explicit(own_word(lend, block, i), memory_order_acquire)))
            return true;
    }
    return false;
}

static void words_free(struct pvmi_lend *lend, struct pvmi_arena_block *block)
{
    for (uint64_t more = block->more, after; more != 0; more = after) {
        after = pvmi_heap_block(lend->heap, more)->next;
        pvmi_heap_free(lend->heap, more);
    }
    block->more = 0;
}

static struct pvmi_arena_extent *extents_of(struct pvmi_arena_block *block)
{
    return (struct pvmi_arena_extent *)(void *)pvmi_block_data(block);
}

/* What they refer to may go. */
static void extents_free(struct pvmi_lend *lend, struct pvmi_arena_block *block)
{
    for (uint32_t i = 0; i < block->length / sizeof(struct pvmi_arena_extent); i++)
        pvmi_region_unref(lend->regions, &extents_of(block)[i]);
    block->magic = PVMI_ARENA_BLOCK_MAGIC;
}

static void chain_free(struct pvmi_lend *lend, uint64_t position)
{
    while (position != 0) {
        struct pvmi_arena_block *block = pvmi_heap_block(lend->heap, position);
        uint64_t next = block->next;

        words_free(lend, block);
        if (block->magic == PVMI_ARENA_EXTENTS_MAGIC)
            extents_free(lend, block);
        pvmi_heap_free(lend->heap, position);
        position = next;
    }
}

static void out_add(struct pvmi_lend *lend, uint64_t position)
{
    assert(lend->count < lend->room);
    lend->out[(lend->first + lend->count++) & (lend->room - 1)] = position;
}

static uint64_t out_take_oldest(struct pvmi_lend *lend)
{
    uint64_t position = lend->out[lend->first];

    lend->first = (lend->first + 1) & (lend->room - 1);
    lend->count--;
    return position;
}

void pvmi_lend_leave(struct pvmi_lend *lend, uint64_t position)
{
    lend->lent--;
    out_add(lend, position);
}

void pvmi_lend_drop(struct pvmi_lend *lend, uint64_t position)
{
    struct pvmi_arena_block *block = pvmi_heap_block(lend->heap, position);

    if (block->holders > 0) {
        lend->lent--;
        if (pvmi_lend_busy(lend, position)) {
            out_add(lend, position);
            return;
        }
    }
    chain_free(lend, position);
}

/* What is still needed goes to the end: one receiver that keeps a message for ever hides no others. */
uint32_t pvmi_lend_reclaim(struct pvmi_lend *lend, uint32_t max)
{
    uint32_t looked = lend->count < max ? lend->count : max;
    uint32_t freed = 0;

    for (uint32_t i = 0; i < looked; i++) {
        uint64_t position = out_take_oldest(lend);

        if (pvmi_lend_busy(lend, position)) {
            out_add(lend, position);
        } else {
            chain_free(lend, position);
            freed++;
        }
    }
    return freed;
}

int pvmi_lend_new(struct pvmi_lend *lend, uint32_t size, uint64_t *ret_position, struct pvmi_arena_block **ret_block)
{
    int rc;

    if (!pvmi_heap_any(lend->heap, size))
        pvmi_lend_reclaim(lend, RECLAIM_FEW);
    rc = pvmi_heap_new(lend->heap, size, ret_position, ret_block);
    if (rc == PvmNoMem) {
        bool any = pvmi_lend_reclaim(lend, UINT32_MAX) > 0;

        if (lend->regions != NULL && pvmi_regions_trim(lend->regions))
            any = true;
        if (any)
            rc = pvmi_heap_new(lend->heap, size, ret_position, ret_block);
    }
    return rc;
}

void pvmi_lend_refer(struct pvmi_arena_block *block)
{
    assert(block->length == 0);
    block->magic = PVMI_ARENA_EXTENTS_MAGIC;
}

bool pvmi_lend_add_extent(struct pvmi_lend *lend, struct pvmi_arena_block *block,
                          const struct pvmi_arena_extent *extent)
{
    assert(block->magic == PVMI_ARENA_EXTENTS_MAGIC);
    if (block->capacity - block->length < sizeof(*extent))
        return false;
    pvmi_region_ref(lend->regions, extent);
    extents_of(block)[block->length / sizeof(*extent)] = *extent;
    block->length += (uint32_t)sizeof(*extent);
    return true;
}

/* ---- holding ---- */

void pvmi_holds_init(struct pvmi_holds *holds, struct pvmi_heap *heap)
{
    memset(holds, 0, sizeof(*holds));
    holds->heap = heap;
}

void pvmi_holds_fini(struct pvmi_holds *holds)
{
    pvmi_free(holds->pages);
    pvmi_free(holds->free);
    memset(holds, 0, sizeof(*holds));
}

/* A page is zeroed before it is linked: pvmd may walk the list at any time. */
static int holds_grow(struct pvmi_holds *holds)
{
    uint32_t pages = holds->page_count + 1;
    struct pvmi_slot_page *control = holds->heap->self->control;
    struct pvmi_arena_block *block;
    struct pvmi_hold_page *page;
    void *list = pvmi_realloc(holds->pages, pages * sizeof(*holds->pages));
    uint64_t position;
    int rc;

    if (list == NULL)
        return PvmNoMem;
    holds->pages = list;
    list = pvmi_realloc(holds->free, pages * PVMI_HOLD_PAGE * sizeof(*holds->free));
    if (list == NULL)
        return PvmNoMem;
    holds->free = list;
    rc = pvmi_heap_new(holds->heap, sizeof(struct pvmi_hold_page), &position, &block);
    if (rc != PvmOk)
        return rc;
    page = (struct pvmi_hold_page *)(void *)pvmi_block_data(block);
    memset(page, 0, sizeof(*page));
    atomic_store_explicit(&page->next, atomic_load(&control->holds), memory_order_relaxed);
    atomic_store_explicit(&control->holds, position, memory_order_release);
    holds->pages[holds->page_count] = page;
    for (uint32_t i = PVMI_HOLD_PAGE; i > 0; i--)
        holds->free[holds->free_count++] = holds->page_count * PVMI_HOLD_PAGE + i - 1;
    holds->page_count = pages;
    return PvmOk;
}

int pvmi_hold_reserve(struct pvmi_holds *holds)
{
    return holds->free_count > 0 ? PvmOk : holds_grow(holds);
}

static _Atomic uint64_t *entry_at(struct pvmi_holds *holds, uint32_t entry)
{
    return &holds->pages[entry / PVMI_HOLD_PAGE]->block[entry % PVMI_HOLD_PAGE];
}

void pvmi_hold_add(struct pvmi_holds *holds, uint64_t block, uint32_t index, struct pvmi_hold *ret_hold)
{
    assert(holds->free_count > 0);
    ret_hold->block = block;
    ret_hold->index = index;
    ret_hold->entry = holds->free[--holds->free_count];
    atomic_store_explicit(entry_at(holds, ret_hold->entry), block, memory_order_release);
    pvmi_arena_step("hold listed");
}

/* The word of a peer's block, with every offset checked. */
static int peer_word(struct pvmi_arena *arena, uint64_t position, uint32_t index, _Atomic uint32_t **ret_word)
{
    struct pvmi_arena_block *block;
    void *at;
    int rc = pvmi_arena_at(arena, position, sizeof(*block), &at);

    if (rc != PvmOk)
        return rc;
    block = at;
    if (index < PVMI_BLOCK_HOLDERS) {
        *ret_word = &block->holder[index];
        return PvmOk;
    }
    index -= PVMI_BLOCK_HOLDERS;
    for (uint32_t blocks = 0; blocks < MORE_BLOCKS_MAX; blocks++) {
        uint64_t more = blocks == 0 ? block->more : block->next;
        uint32_t words;

        rc = pvmi_arena_at(arena, more, sizeof(*block), &at);
        if (rc != PvmOk)
            return rc;
        block = at;
        words = words_of(block);
        if (index < words) {
            rc = pvmi_arena_at(arena, more, sizeof(*block) + (index + 1) * sizeof(uint32_t), &at);
            *ret_word = (_Atomic uint32_t *)(void *)pvmi_block_data(block) + index;
            return rc;
        }
        index -= words;
    }
    return PvmBadMsg;
}

int pvmi_hold_release(struct pvmi_holds *holds, const struct pvmi_hold *hold)
{
    struct pvmi_self *self = holds->heap->self;
    _Atomic uint32_t *word;
    int rc = peer_word(self->arena, hold->block, hold->index, &word);

    if (rc == PvmNoMem)
        return rc;
    if (rc == PvmOk && atomic_load_explicit(word, memory_order_relaxed) == self->name)
        atomic_store_explicit(word, 0, memory_order_release);
    pvmi_arena_step("word released");
    atomic_store_explicit(entry_at(holds, hold->entry), 0, memory_order_release);
    holds->free[holds->free_count++] = hold->entry;
    return PvmOk;
}

/* ---- reading ---- */

/* Pins a block of one magic or the other, after checks, and reads its header once. */
static int block_pin(struct pvmi_arena *arena, uint64_t position, struct pvmi_pin *ret_pin,
                     struct pvmi_arena_block *ret_header)
{
    void *at;
    int rc = pvmi_arena_at(arena, position, sizeof(*ret_header), &at);

    if (rc != PvmOk)
        return rc;
    memcpy(ret_header, at, sizeof(*ret_header));
    if ((ret_header->magic != PVMI_ARENA_BLOCK_MAGIC && ret_header->magic != PVMI_ARENA_EXTENTS_MAGIC) ||
        ret_header->capacity > PVMI_HEAP_BYTES_MAX || ret_header->length > ret_header->capacity)
        return PvmBadMsg;
    return pvmi_arena_pin(arena, position, sizeof(*ret_header) + ret_header->capacity, ret_pin);
}

int pvmi_block_pin(struct pvmi_arena *arena, uint64_t position, struct pvmi_pin *ret_pin, uint32_t *ret_length,
                   uint64_t *ret_next)
{
    struct pvmi_arena_block header;
    int rc = block_pin(arena, position, ret_pin, &header);

    if (rc == PvmOk && header.magic != PVMI_ARENA_BLOCK_MAGIC) {
        pvmi_arena_unpin(ret_pin);
        rc = PvmBadMsg;
    }
    if (rc == PvmOk) {
        *ret_length = header.length;
        *ret_next = header.next;
    }
    return rc;
}

/* The next extent of the block that is being looked through. */
static int walk_extent(struct pvmi_walk *walk, struct pvmi_pin *ret_pin, const uint8_t **ret_bytes,
                       uint32_t *ret_length)
{
    struct pvmi_arena_extent extent;
    uint32_t odd;
    int rc;

    memcpy(&extent, &extents_of(walk->extents.at)[walk->extents_at], sizeof(extent));
    odd = pvmi_position_offset(extent.position) & 7;
    if (extent.length == 0 || extent.length > PVMI_HEAP_BYTES_MAX)
        return PvmBadMsg;
    rc = pvmi_arena_pin(walk->arena, extent.position - odd, extent.length + odd, ret_pin);
    if (rc != PvmOk)
        return rc;
    *ret_bytes = (const uint8_t *)ret_pin->at + odd;
    *ret_length = extent.length;
    if (++walk->extents_at == walk->extents_count) {
        pvmi_arena_unpin(&walk->extents);
        walk->extents_count = 0;
    }
    return PvmOk;
}

int pvmi_walk_next(struct pvmi_walk *walk, struct pvmi_pin *ret_pin, const uint8_t **ret_bytes, uint32_t *ret_length)
{
    struct pvmi_arena_block header;
    int rc;

    if (walk->extents_count > 0)
        return walk_extent(walk, ret_pin, ret_bytes, ret_length);
    rc = block_pin(walk->arena, walk->position, ret_pin, &header);
    if (rc != PvmOk)
        return rc;
    if (header.length == 0 || (header.magic == PVMI_ARENA_EXTENTS_MAGIC &&
                               header.length % sizeof(struct pvmi_arena_extent) != 0)) {
        pvmi_arena_unpin(ret_pin);
        return PvmBadMsg;
    }
    walk->position = header.next;
    if (header.magic == PVMI_ARENA_EXTENTS_MAGIC) {
        walk->extents = *ret_pin;
        walk->extents_at = 0;
        walk->extents_count = header.length / (uint32_t)sizeof(struct pvmi_arena_extent);
        return walk_extent(walk, ret_pin, ret_bytes, ret_length);
    }
    *ret_bytes = pvmi_block_data(ret_pin->at);
    *ret_length = header.length;
    return PvmOk;
}

/* The next piece of a chain, in a block behind those that were copied. */
static int copy_one(struct pvmi_walk *walk, struct pvmi_lend *own, struct pvmi_arena_block **last, uint64_t *first,
                    uint64_t *left)
{
    struct pvmi_arena_block *copy;
    const uint8_t *bytes;
    struct pvmi_pin pin;
    uint64_t at;
    uint32_t length;
    int rc = pvmi_walk_next(walk, &pin, &bytes, &length);

    if (rc != PvmOk)
        return rc;
    if (length > *left)
        length = (uint32_t)*left;
    rc = pvmi_lend_new(own, length, &at, &copy);
    if (rc == PvmOk) {
        memcpy(pvmi_block_data(copy), bytes, length);
        copy->length = length;
        if (*last != NULL)
            (*last)->next = at;
        else
            *first = at;
        *last = copy;
        *left -= length;
    }
    pvmi_arena_unpin(&pin);
    return rc;
}

int pvmi_block_copy(struct pvmi_arena *arena, uint64_t position, uint64_t length, struct pvmi_lend *own,
                    uint64_t *ret_position)
{
    struct pvmi_arena_block *last = NULL;
    uint64_t first = 0, left = length;
    struct pvmi_walk walk;
    int rc = PvmOk;

    pvmi_walk_begin(&walk, arena, position);
    while (rc == PvmOk && left > 0)
        rc = copy_one(&walk, own, &last, &first, &left);
    pvmi_walk_end(&walk);
    if (rc != PvmOk) {
        if (first != 0)
            pvmi_lend_drop(own, first);
        return rc;
    }
    *ret_position = first;
    return PvmOk;
}
