/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/block.h"

#include "base/alloc.h"

#define BLOCK_LARGEST (PVMI_BLOCK_LARGE - sizeof(struct pvmi_block))    /* its capacity */
#define BLOCK_KEPT_MAX 8

/* Of capacity BLOCK_LARGEST, last freed first used: that one is warmest. */
static struct pvmi_block *block_kept;
static int block_kept_count;

struct pvmi_block *pvmi_block_new(size_t capacity)
{
    struct pvmi_block *block;

    if (capacity == BLOCK_LARGEST && block_kept != NULL) {
        block = block_kept;
        block_kept = block->next;
        block_kept_count--;
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
    size_t capacity = PVMI_BLOCK_SMALL - sizeof(struct pvmi_block);

    if (last != NULL && last->capacity >= capacity)
        capacity = last->capacity >= BLOCK_LARGEST / 2 ? BLOCK_LARGEST : 2 * last->capacity;
    if (needed > capacity)
        capacity = needed > BLOCK_LARGEST / 2 ? BLOCK_LARGEST : (size_t)needed;
    return capacity;
}

static void block_free(struct pvmi_block *block)
{
    if (block->capacity != BLOCK_LARGEST || block->outside != NULL || block_kept_count == BLOCK_KEPT_MAX) {
        pvmi_free(block);
        return;
    }
    block->next = block_kept;
    block_kept = block;
    block_kept_count++;
}

void pvmi_block_free_chain(struct pvmi_block *block)
{
    while (block != NULL) {
        struct pvmi_block *next = block->next;

        block_free(block);
        block = next;
    }
}

void pvmi_block_trim(void)
{
    while (block_kept != NULL) {
        struct pvmi_block *next = block_kept->next;

        pvmi_free(block_kept);
        block_kept = next;
    }
    block_kept_count = 0;
}
