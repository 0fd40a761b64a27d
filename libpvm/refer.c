/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/refer.h"

#include "libpvm/msgbuf.h"
#include "libpvm/outgoing.h"
#include "libpvm/shared.h"

#define EXTENTS_FIRST (8 * (uint32_t)sizeof(struct pvmi_arena_extent))    /* bytes of a block of them; each next twice */
#define COPY_FIRST 4096u

struct pvmi_regions pvmi_regions;

static bool piece_refers(const struct pvmi_region_piece *piece)
{
    return piece->shared && piece->length >= PVMI_REFER_MIN;
}

/* Whether some of it is referred to. The data of pvm_psend() are the program's again when that returns. */
static bool body_refers(const struct pvmi_msgbuf *buf)
{
    if (buf->encoding != PvmDataInPlace || buf->raw_type != 0 || pvmi_regions.count == 0)
        return false;
    for (const struct pvmi_block *block = buf->first; block != NULL; block = block->next) {
        struct pvmi_region_piece piece;

        for (size_t at = 0; at < block->length; at += piece.length) {
            pvmi_region_look(&pvmi_regions, block->bytes + at, block->length - at, &piece);
            if (piece_refers(&piece))
                return true;
        }
    }
    return false;
}

/* A chain that is being built. */
struct chain {
    uint64_t first;
    uint64_t left;                    /* bytes of the body that are not in it yet */
    struct pvmi_arena_block *last;
    bool extents;                     /* last is a block of those */
    bool refers;                      /* else all of it is copied */
};

/* A block more: for all that is left, else twice as large as the one before if that was of the same sort. */
static int chain_grow(struct chain *chain, bool extents, uint64_t size_max)
{
    uint64_t size = extents ? EXTENTS_FIRST : chain->refers ? COPY_FIRST : size_max;
    struct pvmi_arena_block *block;
    uint64_t position;
    int rc;

    if (chain->last != NULL && chain->extents == extents)
        size = 2 * (uint64_t)chain->last->capacity;
    if (size > size_max)
        size = size_max;
    if (size > PVMI_HEAP_BYTES_MAX)
        size = PVMI_HEAP_BYTES_MAX;
    rc = pvmi_lend_new(&pvmi_shared->lend, (uint32_t)size, &position, &block);
    if (rc != PvmOk)
        return rc;
    if (extents)
        pvmi_lend_refer(block);
    if (chain->last == NULL)
        chain->first = position;
    else
        chain->last->next = position;
    chain->last = block;
    chain->extents = extents;
    return PvmOk;
}

static int chain_refer(struct chain *chain, const struct pvmi_arena_extent *extent)
{
    struct pvmi_lend *lend = &pvmi_shared->lend;
    int rc;

    if (chain->extents && pvmi_lend_add_extent(lend, chain->last, extent))
        return PvmOk;
    rc = chain_grow(chain, true, UINT64_MAX);
    if (rc == PvmOk)
        pvmi_lend_add_extent(lend, chain->last, extent);
    return rc;
}

static int chain_copy(struct chain *chain, const uint8_t *bytes, size_t length)
{
    for (size_t at = 0, part; at < length; at += part) {
        struct pvmi_arena_block *last = chain->last;
        int rc = PvmOk;

        if (last == NULL || chain->extents || last->length == last->capacity)
            rc = chain_grow(chain, false, chain->left - at);
        if (rc != PvmOk)
            return rc;
        last = chain->last;
        part = last->capacity - last->length;
        if (part > length - at)
            part = length - at;
        pvmi_outgoing_copy_many(last->capacity, pvmi_block_data(last) + last->length, bytes + at, part);
        last->length += (uint32_t)part;
    }
    return PvmOk;
}

int pvmi_refer_body(const struct pvmi_msgbuf *buf, uint64_t *ret_position)
{
    struct chain chain = { .left = buf->length, .refers = body_refers(buf) };
    int rc = PvmOk;

    for (const struct pvmi_block *block = buf->first; block != NULL && rc == PvmOk; block = block->next) {
        struct pvmi_region_piece piece;

        for (size_t at = 0; at < block->length && rc == PvmOk; at += piece.length) {
            if (chain.refers)
                pvmi_region_look(&pvmi_regions, block->bytes + at, block->length - at, &piece);
            else
                piece = (struct pvmi_region_piece){ .length = block->length - at };
            rc = piece_refers(&piece) ? chain_refer(&chain, &piece.extent)
                                      : chain_copy(&chain, block->bytes + at, piece.length);
            chain.left -= piece.length;
        }
    }
    if (rc != PvmOk) {
        if (chain.first != 0)
            pvmi_lend_drop(&pvmi_shared->lend, chain.first);
        return rc;
    }
    *ret_position = chain.first;
    return PvmOk;
}
