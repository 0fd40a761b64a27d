/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/block.h"

#include "base/alloc.h"

#define BLOCK_SMALLEST (PVMI_BLOCK_SMALL - sizeof(struct pvmi_block))    /* their capacities */
#define BLOCK_LARGEST (PVMI_BLOCK_LARGE - sizeof(struct pvmi_block))

/* Blocks of one capacity, last freed first used: that one is warmest. */
struct kept {
    struct pvmi_block *first;
    int count;
};

static struct kept kept_small;
static struct kept kept_large;

/* Where blocks of that capacity are kept, NULL: nowhere. */
static struct kept *kept_of(size_t capacity)
{
    return capacity == BLOCK_SMALLEST ? &kept_small : capacity == BLOCK_LARGEST ? &kept_large : NULL;
}

struct pvmi_block *pvmi_block_new(size_t capacity)
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
    block->length = 0;
    block->capacity = capacity;
    block->outside = NULL;
    return block;
}

size_t pvmi_block_capacity(const struct pvmi_block *last, uint64_t needed)
{
    size_t capacity = BLOCK_SMALLEST;

    if (last != NULL && last->capacity >= capacity)
        capacity = last->capacity >= BLOCK_LARGEST / 2 ? BLOCK_LARGEST : 2 * last->capacity;
    if (needed > capacity)
        capacity = needed > BLOCK_LARGEST / 2 ? BLOCK_LARGEST : (size_t)needed;
    return capacity;
}

static void block_free(struct pvmi_block *block)
{
    struct kept *kept = block->outside != NULL ? NULL : kept_of(block->capacity);

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

        block_free(block);
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
    kept_trim(&kept_small);
    kept_trim(&kept_large);
}
