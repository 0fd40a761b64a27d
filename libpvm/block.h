/* SPDX-License-Identifier: BSD-3-Clause */
/* The allocator of message bodies: chains of blocks. Whoever packs or unpacks sees blocks only. */
#ifndef PVMI_LIBPVM_BLOCK_H
#define PVMI_LIBPVM_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define PVMI_BLOCK_SMALL 4096            /* bytes with the header, of the first block of a body */
#define PVMI_BLOCK_LARGE (4u << 20)      /* bytes that blocks grow to */

/* Freed blocks of a size, and freed buffers, that are kept for the next messages. None where a sanitizer watches for
 * the use of freed memory: gcc and clang each say so in their own way. */
#ifdef __SANITIZE_ADDRESS__
#define PVMI_KEPT_MAX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PVMI_KEPT_MAX 0
#endif
#endif
#ifndef PVMI_KEPT_MAX
#define PVMI_KEPT_MAX 8
#endif

/* A piece of a body. */
struct pvmi_block {
    struct pvmi_block *next;
    size_t length;      /* bytes in use */
    size_t capacity;
    const uint8_t *outside;    /* in place: the program's own data; else NULL and data counts */
    uint8_t data[];
};

/* Where its bytes lie. */
static inline const uint8_t *pvmi_block_bytes(const struct pvmi_block *block)
{
    return block->outside != NULL ? block->outside : block->data;
}

/* An empty block with room for capacity bytes. NULL when there is no memory. */
struct pvmi_block *pvmi_block_new(size_t capacity);

/*
 * The capacity that suits the next block of a body: twice that of the last one (NULL: there is none) up to
 * PVMI_BLOCK_LARGE, or what is needed if that is more, but never above PVMI_BLOCK_LARGE.
 */
size_t pvmi_block_capacity(const struct pvmi_block *last, uint64_t needed);

/* Frees block and all that follow; NULL is fine. A few of the first and of the largest size are kept for the next
 * messages: the kernel takes ten times as long to give fresh pages as we do to fill old ones. */
void pvmi_block_free_chain(struct pvmi_block *block);

/* Frees those that were kept. */
void pvmi_block_trim(void);

#endif
