/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The allocator of message bodies: chains of blocks. Whoever packs or unpacks sees blocks only, and need not know where
 * their bytes lie. What is packed lies in this task's window of the arena, so that receivers on this host can read it
 * where it is; in private memory before the task has enrolled, and where there is no arena or no room in it.
 */
#ifndef PVMI_LIBPVM_BLOCK_H
#define PVMI_LIBPVM_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PVMI_BLOCK_SMALL 4096            /* bytes with the header, of the first block of a body */
#define PVMI_BLOCK_LARGE ((4u << 20) + 4096)    /* bytes that blocks grow to: one of 4 MiB and a few headers */

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

enum pvmi_block_kind {
    PVMI_BLOCK_PRIVATE,    /* its bytes are behind it */
    PVMI_BLOCK_OUTSIDE,    /* in place: the program's own data; whatever is only to be read */
    PVMI_BLOCK_OWN,        /* in this task's window of the arena: libpvm/shared */
    PVMI_BLOCK_HELD,       /* in that of the sender, read only */
    PVMI_BLOCK_COPIED      /* one of these two, after the task has left the arena: its bytes are allocated */
};

/* A piece of a body. */
struct pvmi_block {
    struct pvmi_block *next;
    uint8_t *bytes;
    size_t length;      /* bytes in use */
    size_t capacity;
    enum pvmi_block_kind kind;
    bool lent;          /* OWN: the first of a chain that was sent */
};

/* An own block of the size that is kept, and that no receiver can know of. */
static inline bool pvmi_block_kept_own(const struct pvmi_block *block)
{
    return block->kind == PVMI_BLOCK_OWN && !block->lent && block->capacity == PVMI_BLOCK_SMALL && PVMI_KEPT_MAX > 0;
}

/* Where its bytes lie. */
static inline const uint8_t *pvmi_block_bytes(const struct pvmi_block *block)
{
    return block->bytes;
}

/* An empty block with room for capacity bytes or more, to pack into. NULL when there is no memory. */
struct pvmi_block *pvmi_block_new(size_t capacity);

/* The same in private memory, for what comes in pieces. */
struct pvmi_block *pvmi_block_private(size_t capacity);

/* Whether block is one of the least size, which may stay with its buffer when that is freed. */
bool pvmi_block_tiny(const struct pvmi_block *block);

/* The capacity of such a one for a short body that is all there: those of a few sizes are kept. */
size_t pvmi_block_short(size_t length);

/* An empty block whose bytes are the program's, from data on. NULL when there is no memory. */
struct pvmi_block *pvmi_block_outside(const uint8_t *data);

/*
 * The capacity that suits the next block of a body: twice that of the last one (NULL: there is none) up to
 * PVMI_BLOCK_LARGE, or what is needed if that is more, but never above PVMI_BLOCK_LARGE.
 */
size_t pvmi_block_capacity(const struct pvmi_block *last, uint64_t needed);

/* Makes one of the first size empty again, to be packed into; those behind it are the caller's. False when that cannot
 * be: it is of another size or kind, or was sent. */
bool pvmi_block_renew(struct pvmi_block *block);

/* Frees block and all that follow; NULL is fine. A few of the first and of the largest size are kept for the next
 * messages: the kernel takes ten times as long to give fresh pages as we do to fill old ones. */
void pvmi_block_free_chain(struct pvmi_block *block);

/* Frees those that were kept. */
void pvmi_block_trim(void);

#endif
