/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packing many bytes into the arena. What it costs to write where a receiver has read depends on where the two run: next
 * to nothing if they share a cache, some nanoseconds a line if each has its own, ten times that if they are far from each
 * other; and tasks move. So the first lines of a copy are timed now and then, for blocks of each size. If they are dear,
 * messages of that size are spread over more blocks, so that the receiver's cache has forgotten what is written; if they
 * come from far away, the bytes go past the caches.
 */
#ifndef PVMI_LIBPVM_OUTGOING_H
#define PVMI_LIBPVM_OUTGOING_H

#include <stdint.h>
#include <string.h>

#include "libpvm/block.h"

#define PVMI_OUTGOING_MIN 4096    /* bytes; fewer could not be timed, nor is there much to gain */

/* Copies size bytes to where they belong in an own block of that capacity. */
void pvmi_outgoing_copy_many(size_t capacity, uint8_t *to, const uint8_t *from, size_t size);

/* The same for any block. */
static inline void pvmi_outgoing_copy(const struct pvmi_block *block, uint8_t *to, const uint8_t *from, size_t size)
{
    if (size < PVMI_OUTGOING_MIN || block->kind != PVMI_BLOCK_OWN)
        memcpy(to, from, size);
    else
        pvmi_outgoing_copy_many(block->capacity, to, from, size);
}

#endif
