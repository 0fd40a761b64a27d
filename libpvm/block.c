/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/block.h"

#include "base/alloc.h"
#include "libpvm/shared.h"

#define BLOCK_SMALLEST (PVMI_BLOCK_SMALL - sizeof(struct pvmi_block))    /* their capacities */
#define BLOCK_TINY (256 - sizeof(struct pvmi_block))
#define BLOCK_SHORT (2048 - sizeof(struct pvmi_block))
#define BLOCK_LARGEST (PVMI_BLOCK_LARGE - sizeof(struct pvmi_block))

/* Blocks of one capacity, last freed first used: that one is warmest. */
struct kept {
    struct pvmi_block *first;
    int count;
};

static struct kept kept_tiny;
static struct kept kept_short;
static struct kept kept_small;
static struct kept kept_large;

/* Where blocks of that capacity are kept, NULL: nowhere. */
static struct kept *kept_of(size_t capacity)
{
    switch (capacity) {
    case BLOCK_TINY:
        return &kept_tiny;
    case BLOCK_SHORT:
        return &kept_short;
    case BLOCK_SMALLEST:
        return &kept_small;
    case BLOCK_LARGEST:
        return &kept_large;
    default:
        return NULL;
    }
}

bool pvmi_block_tiny(const struct pvmi_block *block)
{
    return block->kind == PVMI_BLOCK_PRIVATE && block->capacity == BLOCK_TINY && PVMI_KEPT_MAX > 0;
}

size_t pvmi_block_short(size_t length)
{
    return length <= BLOCK_TINY ? BLOCK_TINY : length <= BLOCK_SHORT ? BLOCK_SHORT : length;
}

struct pvmi_block *pvmi_block_private(size_t capacity)
{
    struct kept *kept = kept_of(capacity);
    struct pvmi_block *block;

    if (kept != NULL && kept->first != NULL) {
        block = kept->first;
        kept->first = block->next;
        kept->count--;
    } else {
        block = pvmi_malloc(sizeof(*block) + capacity);
        if (block == NULL)
            return NULL;
    }
    block->next = NULL;
    block->bytes = (uint8_t *)(block + 1);
    block->length = 0;
    block->capacity = capacity;
    block->kind = PVMI_BLOCK_PRIVATE;
    block->lent = false;
    return block;
}

struct pvmi_block *pvmi_block_new(size_t capacity)
{
    struct pvmi_block *block = pvmi_shared_new(capacity);

    return block != NULL ? block : pvmi_block_private(capacity);
}

struct pvmi_block *pvmi_block_outside(const uint8_t *data)
{
    struct pvmi_block *block = pvmi_malloc(sizeof(*block));

    if (block != NULL)
        *block = (struct pvmi_block){ .bytes = (uint8_t *)(uintptr_t)data, .kind = PVMI_BLOCK_OUTSIDE };
    return block;
}

size_t pvmi_block_capacity(const struct pvmi_block *last, uint64_t needed)
{
    size_t capacity = BLOCK_SMALLEST;

    /* Those of the arena are 2^k bytes and a part of a page. */
    if (last != NULL && last->capacity >= capacity)
        capacity = last->capacity > BLOCK_LARGEST / 2 ? BLOCK_LARGEST : 2 * (last->capacity & ~(size_t)4095);
    if (capacity < BLOCK_SMALLEST)
        capacity = 2 * BLOCK_SMALLEST;
    if (needed > capacity)
        capacity = needed > BLOCK_LARGEST / 2 ? BLOCK_LARGEST : (size_t)needed;
    return capacity;
}

bool pvmi_block_renew(struct pvmi_block *block)
{
    bool may = block->kind == PVMI_BLOCK_OWN
                   ? pvmi_block_kept_own(block)
                   : block->kind == PVMI_BLOCK_PRIVATE && block->capacity == BLOCK_SMALLEST && pvmi_shared == NULL;

    if (PVMI_KEPT_MAX == 0 || !may)
        return false;
    block->length = 0;
    return true;
}

static void private_free(struct pvmi_block *block)
{
    struct kept *kept = kept_of(block->capacity);

    if (kept == NULL || kept->count == PVMI_KEPT_MAX) {
        pvmi_free(block);
        return;
    }
    block->next = kept->first;
    kept->first = block;
    kept->count++;
}

void pvmi_block_free_chain(struct pvmi_block *block)
{
    while (block != NULL) {
        struct pvmi_block *next = block->next;

        if (block->kind == PVMI_BLOCK_PRIVATE)
            private_free(block);
        else if (block->kind == PVMI_BLOCK_OUTSIDE)
            pvmi_free(block);
        else
            next = pvmi_shared_free(block);
        block = next;
    }
}

static void kept_trim(struct kept *kept)
{
    while (kept->first != NULL) {
        struct pvmi_block *next = kept->first->next;

        pvmi_free(kept->first);
        kept->first = next;
    }
    kept->count = 0;
}

void pvmi_block_trim(void)
{
    kept_trim(&kept_tiny);
    kept_trim(&kept_short);
    kept_trim(&kept_small);
    kept_trim(&kept_large);
    pvmi_shared_trim();
}
