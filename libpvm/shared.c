/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/shared.h"

#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "libpvm/msgbuf.h"
#include "libpvm/refer.h"

#define SMALL PVMI_BLOCK_SMALL    /* capacity of blocks that are kept */

struct pvmi_shm *pvmi_shared;

struct shared_block {
    struct pvmi_block base;
    struct pvmi_list link;             /* in shared_all */
    uint64_t position;
    struct pvmi_arena_block *block;    /* OWN */
    struct pvmi_pin pin;               /* HELD */
    struct pvmi_hold hold;             /* HELD, the first of a body; else its block is 0 */
};

static struct pvmi_list shared_all = { &shared_all, &shared_all };      /* those with bytes in the arena */
static struct pvmi_list shared_late = { &shared_late, &shared_late };   /* holds that could not be released */
static struct pvmi_block *kept_own;       /* small ones, free, with their place in the arena */
static struct pvmi_block *kept_headers;   /* without any bytes */
static int kept_own_count;
static int kept_header_count;

static struct shared_block *shared_of(struct pvmi_block *block)
{
    return PVMI_CONTAINER(block, struct shared_block, base);
}

/* ---- the private part ---- */

/* As many zeros as any block may have bytes, for those of which pvmi_shared_leave() finds no memory for a copy. They take
 * address space alone; who has none left for them now has none of these blocks. */
static uint8_t *shared_zeros;

static bool zeros_map(void)
{
    void *at = mmap(NULL, PVMI_HEAP_BYTES_MAX, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at != MAP_FAILED)
        shared_zeros = at;
    return at != MAP_FAILED;
}

static struct shared_block *header_new(enum pvmi_block_kind kind)
{
    struct shared_block *shared;

    if (kept_headers != NULL) {
        shared = shared_of(kept_headers);
        kept_headers = kept_headers->next;
        kept_header_count--;
    } else {
        if (shared_zeros == NULL && !zeros_map())
            return NULL;
        shared = pvmi_malloc(sizeof(*shared));
        if (shared == NULL)
            return NULL;
    }
    shared->base.next = NULL;
    shared->base.kind = kind;
    shared->base.lent = false;
    shared->hold.block = 0;
    pvmi_list_push(&shared_all, &shared->link);
    return shared;
}

static void header_free(struct shared_block *shared)
{
    pvmi_list_remove(&shared->link);
    if (kept_header_count >= PVMI_KEPT_MAX) {
        pvmi_free(shared);
        return;
    }
    shared->base.next = kept_headers;
    kept_headers = &shared->base;
    kept_header_count++;
}

/* ---- own blocks ---- */

struct pvmi_block *pvmi_shared_new(size_t capacity)
{
    struct pvmi_shm *shm = pvmi_shared;
    struct shared_block *shared;

    if (shm == NULL)
        return NULL;
    if (capacity <= SMALL && kept_own != NULL) {
        shared = shared_of(kept_own);
        kept_own = kept_own->next;
        kept_own_count--;
        shared->base.next = NULL;
        shared->base.length = 0;
        return &shared->base;
    }
    if (capacity > PVMI_HEAP_BYTES_MAX)
        capacity = PVMI_HEAP_BYTES_MAX;
    shared = header_new(PVMI_BLOCK_OWN);
    if (shared == NULL)
        return NULL;
    if (pvmi_lend_new(&shm->lend, (uint32_t)capacity, &shared->position, &shared->block) != PvmOk) {
        header_free(shared);
        return NULL;
    }
    shared->base.bytes = pvmi_block_data(shared->block);
    shared->base.length = 0;
    shared->base.capacity = shared->block->capacity;
    return &shared->base;
}

void pvmi_shared_spread(size_t capacity)
{
    pvmi_heap_spread(&pvmi_shared->heap, (uint32_t)capacity);
}

/* Gives the block back to the heap, or keeps it for the next message. Nobody else needs it. */
static void own_free_alone(struct shared_block *shared)
{
    shared->base.lent = false;
    if (shared->base.capacity == SMALL && kept_own_count < PVMI_KEPT_MAX) {
        shared->base.next = kept_own;
        kept_own = &shared->base;
        kept_own_count++;
        return;
    }
    shared->block->next = 0;
    pvmi_lend_drop(&pvmi_shared->lend, shared->position);
    header_free(shared);
}

/* A chain that receivers may be reading, from its first block on. */
static struct pvmi_block *own_free_chain(struct shared_block *first)
{
    uint64_t position = first->position;
    struct pvmi_block *block = &first->base;

    while (block != NULL && block->kind == PVMI_BLOCK_OWN) {
        struct shared_block *shared = shared_of(block);

        block = block->next;
        if (block != NULL)    /* what was packed behind after it was sent; else it is 0 */
            shared->block->next = block->kind == PVMI_BLOCK_OWN ? shared_of(block)->position : 0;
        header_free(shared);
    }
    pvmi_lend_leave(&pvmi_shared->lend, position);
    return block;
}

static struct pvmi_block *own_free(struct shared_block *shared)
{
    struct pvmi_block *next = shared->base.next;

    if (shared->base.lent)
        return own_free_chain(shared);
    own_free_alone(shared);
    return next;
}

/* ---- sending ---- */

/* Each block says how much of it is in use, and where the next one is. A receiver takes from the last of its message no
 * more than that had when it was sent, whatever is packed behind later. */
static void link_own(const struct pvmi_msgbuf *buf)
{
    for (struct pvmi_block *block = buf->first; block != NULL; block = block->next) {
        struct pvmi_arena_block *own = shared_of(block)->block;

        own->length = (uint32_t)block->length;
        own->next = block->next == NULL ? 0 : shared_of(block->next)->position;
    }
}

static bool all_own(const struct pvmi_msgbuf *buf)
{
    for (const struct pvmi_block *block = buf->first; block != NULL; block = block->next) {
        if (block->kind != PVMI_BLOCK_OWN)
            return false;
    }
    return true;
}

int pvmi_shared_prepare(const struct pvmi_msgbuf *buf, uint64_t *ret_position, bool *ret_copied)
{
    int rc;

    *ret_copied = false;
    if (!all_own(buf)) {
        rc = pvmi_refer_body(buf, ret_position);
        *ret_copied = rc == PvmOk;
        return rc;
    }
    link_own(buf);
    *ret_position = shared_of(buf->first)->position;
    return PvmOk;
}

void pvmi_shared_sent(const struct pvmi_msgbuf *buf)
{
    buf->first->lent = shared_of(buf->first)->block->holders > 0;
}

/* ---- receiving ---- */

static void late_release(void)
{
    PVMI_LIST_EACH(node, &shared_late) {
        struct shared_block *shared = PVMI_CONTAINER(node, struct shared_block, link);

        if (pvmi_hold_release(&pvmi_shared->holds, &shared->hold) != PvmOk)
            return;
        header_free(shared);
    }
}

static struct pvmi_block *held_free(struct shared_block *shared)
{
    struct pvmi_block *next = shared->base.next;

    if (shared->hold.block != 0 && pvmi_hold_release(&pvmi_shared->holds, &shared->hold) != PvmOk) {
        pvmi_arena_unpin(&shared->pin);
        pvmi_list_remove(&shared->link);
        pvmi_list_push(&shared_late, &shared->link);    /* its word cannot be mapped now */
        return next;
    }
    pvmi_arena_unpin(&shared->pin);
    header_free(shared);
    return next;
}

/* A body in one block, whose header need not be waited for: it is fetched for the release. */
static int pin_single(uint64_t position, uint64_t left, struct pvmi_pin *ret_pin, uint32_t *ret_length)
{
    int rc;

    if (left > PVMI_HEAP_BYTES_MAX)
        return PvmBadMsg;
    *ret_length = (uint32_t)left;
    rc = pvmi_arena_pin(pvmi_shared->self->arena, position, sizeof(struct pvmi_arena_block) + (size_t)left, ret_pin);
    if (rc == PvmOk)
        __builtin_prefetch(ret_pin->at);
    return rc;
}

/* The next piece as one of buf. */
static int hold_one(struct pvmi_msgbuf *buf, struct pvmi_walk *walk, uint64_t left, bool single)
{
    struct shared_block *shared = header_new(PVMI_BLOCK_HELD);
    const uint8_t *bytes;
    uint32_t length;
    int rc;

    if (shared == NULL)
        return PvmNoMem;
    if (single) {
        rc = pin_single(walk->position, left, &shared->pin, &length);
        bytes = rc == PvmOk ? pvmi_block_data(shared->pin.at) : NULL;
    } else {
        rc = pvmi_walk_next(walk, &shared->pin, &bytes, &length);
    }
    if (rc != PvmOk) {
        header_free(shared);
        return rc;
    }
    if (length > left)
        length = (uint32_t)left;
    shared->base.bytes = (uint8_t *)(uintptr_t)bytes;
    shared->base.length = shared->base.capacity = length;
    pvmi_msgbuf_append(buf, &shared->base);
    return PvmOk;
}

static int copy_one(struct pvmi_msgbuf *buf, struct pvmi_walk *walk, uint64_t left)
{
    struct pvmi_block *copy;
    const uint8_t *bytes;
    struct pvmi_pin pin;
    uint32_t length;
    int rc = pvmi_walk_next(walk, &pin, &bytes, &length);

    if (rc != PvmOk)
        return rc;
    if (length > left)
        length = (uint32_t)left;
    copy = pvmi_block_private(length);
    if (copy != NULL) {
        memcpy(copy->bytes, bytes, length);
        copy->length = length;
        pvmi_msgbuf_append(buf, copy);
    }
    pvmi_arena_unpin(&pin);
    return copy != NULL ? PvmOk : PvmNoMem;
}

int pvmi_shared_take(struct pvmi_msgbuf *buf, const struct pvmi_shm_arrival *arrival)
{
    bool dead = pvmi_slot_ended(pvmi_shared->self->arena, arrival->sender);
    struct pvmi_walk walk;
    int rc = PvmOk;

    if (!pvmi_list_empty(&shared_late))
        late_release();
    if (!dead)
        rc = pvmi_hold_reserve(&pvmi_shared->holds);
    pvmi_walk_begin(&walk, pvmi_shared->self->arena, arrival->lent.position);
    while (rc == PvmOk && buf->length < arrival->lent.length) {
        uint64_t left = arrival->lent.length - buf->length;

        rc = dead ? copy_one(buf, &walk, left) : hold_one(buf, &walk, left, arrival->lent.single != 0);
    }
    pvmi_walk_end(&walk);
    if (rc == PvmOk && buf->first == NULL)
        rc = PvmBadMsg;
    if (rc != PvmOk) {
        pvmi_block_free_chain(buf->first);
        buf->first = buf->last = NULL;
        buf->length = 0;
        return rc;
    }
    if (!dead)
        pvmi_hold_add(&pvmi_shared->holds, arrival->lent.position, arrival->lent.index,
                      &shared_of(buf->first)->hold);
    return PvmOk;
}

int pvmi_shared_refuse(const struct pvmi_shm_arrival *arrival)
{
    struct pvmi_hold hold;
    int rc = pvmi_hold_reserve(&pvmi_shared->holds);

    if (rc != PvmOk)
        return rc;
    pvmi_hold_add(&pvmi_shared->holds, arrival->lent.position, arrival->lent.index, &hold);
    return pvmi_hold_release(&pvmi_shared->holds, &hold);
}

/* ---- both ---- */

struct pvmi_block *pvmi_shared_free(struct pvmi_block *block)
{
    struct shared_block *shared = shared_of(block);
    struct pvmi_block *next = block->next;

    if (block->kind == PVMI_BLOCK_OWN)
        return own_free(shared);
    if (block->kind == PVMI_BLOCK_HELD)
        return held_free(shared);
    pvmi_free(block->bytes);
    header_free(shared);
    return next;
}

void pvmi_shared_trim(void)
{
    while (kept_own != NULL) {
        struct shared_block *shared = shared_of(kept_own);

        kept_own = kept_own->next;
        shared->block->next = 0;
        pvmi_lend_drop(&pvmi_shared->lend, shared->position);
        pvmi_list_remove(&shared->link);
        pvmi_free(shared);
    }
    kept_own_count = 0;
    while (kept_headers != NULL) {
        struct shared_block *shared = shared_of(kept_headers);

        kept_headers = kept_headers->next;
        pvmi_free(shared);
    }
    kept_header_count = 0;
}

/* ---- coming and going ---- */

int pvmi_shared_join(struct pvmi_self *self, pvmi_shm_poke_fn *poke)
{
    int rc = pvmi_shm_open(self, poke, NULL, &pvmi_shared);

    if (rc == PvmOk)
        pvmi_regions_join(&pvmi_regions, &pvmi_shared->lend);
    return rc;
}

/* The bytes of block, in memory of this process. */
static void copy_out(struct shared_block *shared)
{
    struct pvmi_block *block = &shared->base;
    uint8_t *bytes = pvmi_malloc(block->capacity);

    if (bytes != NULL)
        memcpy(bytes, block->bytes, block->length);
    if (block->kind == PVMI_BLOCK_HELD) {
        if (shared->hold.block != 0)
            pvmi_hold_release(&pvmi_shared->holds, &shared->hold);
        pvmi_arena_unpin(&shared->pin);
    }
    block->bytes = bytes != NULL ? bytes : shared_zeros;
    block->kind = bytes != NULL ? PVMI_BLOCK_COPIED : PVMI_BLOCK_OUTSIDE;
    if (bytes == NULL)
        block->capacity = block->length;
}

void pvmi_shared_leave(void)
{
    if (pvmi_shared == NULL)
        return;
    pvmi_shared_trim();
    late_release();
    PVMI_LIST_EACH(node, &shared_all) {
        pvmi_list_remove(node);
        copy_out(PVMI_CONTAINER(node, struct shared_block, link));
    }
    PVMI_LIST_EACH(node, &shared_late)
        header_free(PVMI_CONTAINER(node, struct shared_block, link));
    pvmi_regions_leave(&pvmi_regions);
    pvmi_shm_close(pvmi_shared);
    pvmi_shared = NULL;
}

void pvmi_shared_after_fork(void)
{
    while (kept_own != NULL) {
        struct shared_block *shared = shared_of(kept_own);

        kept_own = kept_own->next;
        header_free(shared);
    }
    kept_own_count = 0;
    PVMI_LIST_EACH(node, &shared_all) {
        struct pvmi_block *block = &PVMI_CONTAINER(node, struct shared_block, link)->base;

        block->bytes = NULL;
        block->kind = PVMI_BLOCK_COPIED;
        pvmi_list_remove(node);
    }
    PVMI_LIST_EACH(node, &shared_late)
        header_free(PVMI_CONTAINER(node, struct shared_block, link));
    pvmi_regions_after_fork(&pvmi_regions);
    pvmi_shm_after_fork(pvmi_shared);
    pvmi_shared = NULL;
}
