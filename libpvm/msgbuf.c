/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/msgbuf.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/match.h"
#include "libpvm/task.h"
#include "transport/shm.h"
#include "wire/section.h"

#define IDS_AT_FIRST 64

/* Freed ones, the last one first used again: every receive makes one and frees one. By link.next alone. */
static struct pvmi_list *msgbuf_kept;
static size_t msgbuf_kept_count;

struct pvmi_msgbuf_id *pvmi_msgbuf_ids;
int pvmi_msgbuf_id_count;

static int id_capacity;
static int id_free;

/* Makes sure that there is an unused slot behind the used ones. */
static int ids_grow(void)
{
    int capacity = id_capacity == 0 ? IDS_AT_FIRST : 2 * id_capacity;
    struct pvmi_msgbuf_id *slots;

    if (pvmi_msgbuf_id_count < id_capacity)
        return PvmOk;
    if (id_capacity > INT_MAX / 2)
        return PvmNoMem;
    slots = pvmi_realloc(pvmi_msgbuf_ids, (size_t)capacity * sizeof(*slots));
    if (slots == NULL)
        return PvmNoMem;
    pvmi_msgbuf_ids = slots;
    id_capacity = capacity;
    if (pvmi_msgbuf_id_count == 0)
        pvmi_msgbuf_id_count = 1;    /* 0 is no id */
    return PvmOk;
}

int pvmi_msgbuf_publish(struct pvmi_msgbuf *buf)
{
    int id = id_free;

    assert(buf->id == 0);
    if (id != 0) {
        id_free = pvmi_msgbuf_ids[id].next_free;
    } else {
        int rc = ids_grow();
        if (rc != PvmOk)
            return rc;
        id = pvmi_msgbuf_id_count++;
        pvmi_msgbuf_ids[id].generation = 0;
    }
    pvmi_msgbuf_ids[id].buf = buf;
    buf->id = id;
    return PvmOk;
}

/* Takes the id of buf away; whoever had it active finds another generation there. */
static void msgbuf_withdraw(struct pvmi_msgbuf *buf)
{
    struct pvmi_msgbuf_id *slot = &pvmi_msgbuf_ids[buf->id];

    pvmi_active_freed(buf);
    slot->buf = NULL;
    slot->generation++;
    slot->next_free = id_free;
    id_free = buf->id;
    buf->id = 0;
}

static inline void kept_put(struct pvmi_msgbuf *buf)
{
    buf->link.next = msgbuf_kept;
    msgbuf_kept = &buf->link;
    msgbuf_kept_count++;
}

static inline struct pvmi_msgbuf *kept_take(void)
{
    struct pvmi_list *node = msgbuf_kept;

    msgbuf_kept = node->next;
    msgbuf_kept_count--;
    return PVMI_CONTAINER(node, struct pvmi_msgbuf, link);
}

/*
 * An empty one. Its cursor is set by rewind(). What gcc makes of one memset() here takes longer than all the rest: each of
 * these is four instructions.
 */
static inline void msgbuf_init(struct pvmi_msgbuf *buf, int encoding, int format)
{
    enum { FROM = offsetof(struct pvmi_msgbuf, id), TO = offsetof(struct pvmi_msgbuf, cursor) };
    uint8_t *at = (uint8_t *)buf + FROM;

    static_assert(TO - FROM > 64 && TO - FROM <= 128, "two pieces");
    memset(at, 0, 64);
    memset(at + 64, 0, TO - FROM - 64);
    pvmi_list_init(&buf->link);
    pvmi_list_init(&buf->same);
    buf->encoding = encoding;
    buf->format = format;
    buf->foreign = format != pvmi_format_own();
}

/* An empty buffer without an id, or NULL. One that was kept may have kept a tiny block, too: *ret_tiny. */
static inline struct pvmi_msgbuf *msgbuf_take(int encoding, int format, struct pvmi_block **ret_tiny)
{
    struct pvmi_msgbuf *buf;

    *ret_tiny = NULL;
    if (msgbuf_kept_count > 0) {
        buf = kept_take();
        *ret_tiny = buf->first;
    } else {
        buf = pvmi_malloc(sizeof(*buf));
        if (buf == NULL)
            return NULL;
        buf->cursor = (struct pvmi_cursor){ .block = NULL };
    }
    msgbuf_init(buf, encoding, format);
    return buf;
}

static struct pvmi_msgbuf *msgbuf_alloc(int encoding, int format)
{
    struct pvmi_block *tiny;
    struct pvmi_msgbuf *buf = msgbuf_take(encoding, format, &tiny);

    pvmi_block_free_chain(tiny);
    return buf;
}

int pvmi_msgbuf_new(int encoding, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_msgbuf *buf;
    int rc;

    if (encoding != PvmDataDefault && encoding != PvmDataRaw && encoding != PvmDataInPlace &&
        encoding != PvmDataTrace)
        return PvmBadParam;
    buf = msgbuf_alloc(encoding, pvmi_format_own());
    if (buf == NULL)
        return PvmNoMem;
    buf->src = pvmi_task_tid();
    rc = pvmi_msgbuf_publish(buf);
    if (rc != PvmOk) {
        pvmi_msgbuf_free(buf);
        return rc;
    }
    *ret_buf = buf;
    return PvmOk;
}

/* The ids are those that freeing and making would give: programs show them. */
static void renew_id(struct pvmi_msgbuf *buf)
{
    struct pvmi_msgbuf_id *old = &pvmi_msgbuf_ids[buf->id];
    int id = id_free;

    id_free = pvmi_msgbuf_ids[id].next_free;
    old->buf = NULL;
    old->generation++;
    old->next_free = id_free;
    id_free = buf->id;
    pvmi_msgbuf_ids[id].buf = buf;
    buf->id = id;
}

bool pvmi_msgbuf_renew(struct pvmi_msgbuf *buf, int encoding)
{
    struct pvmi_block *first = buf->first;
    int id, src;

    if ((encoding != PvmDataDefault && encoding != PvmDataRaw) || id_free == 0 || buf->pins > 0 ||
        pvmi_match_holds(buf))
        return false;
    if (first != NULL && first->next == NULL && pvmi_block_kept_own(first)) {    /* most often so */
        first->length = 0;
    } else if (first != NULL && pvmi_block_renew(first)) {
        pvmi_block_free_chain(first->next);
        first->next = NULL;
    } else {
        bool small = first != NULL && first->next == NULL && first->lent && first->capacity == PVMI_BLOCK_SMALL;

        pvmi_block_free_chain(first);
        first = small ? pvmi_block_new(PVMI_BLOCK_SMALL) : NULL;    /* the next message may well be as short */
    }
    renew_id(buf);
    id = buf->id;
    src = pvmi_task_tid();
    msgbuf_init(buf, encoding, pvmi_format_own());
    buf->id = id;
    buf->src = src;
    buf->first = buf->last = first;
    return true;
}

void pvmi_msgbuf_free(struct pvmi_msgbuf *buf)
{
    if (buf == NULL)
        return;
    if (buf->id != 0)
        msgbuf_withdraw(buf);
    pvmi_list_remove(&buf->link);
    pvmi_list_remove(&buf->same);
    if (buf->pins > 0) {
        buf->freed = true;
        return;
    }
    if (msgbuf_kept_count == PVMI_KEPT_MAX) {
        pvmi_block_free_chain(buf->first);
        pvmi_free(buf);
        return;
    }
    if (buf->first != NULL && (buf->first->next != NULL || !pvmi_block_tiny(buf->first))) {
        pvmi_block_free_chain(buf->first);
        buf->first = NULL;
    }
    kept_put(buf);
}

void pvmi_msgbuf_trim(void)
{
    while (msgbuf_kept_count > 0) {
        struct pvmi_msgbuf *buf = kept_take();

        pvmi_block_free_chain(buf->first);
        pvmi_free(buf);
    }
    pvmi_block_trim();
}

/* ---- the chain of blocks ---- */

void pvmi_msgbuf_append(struct pvmi_msgbuf *buf, struct pvmi_block *block)
{
    if (buf->last == NULL)
        buf->first = block;
    else
        buf->last->next = block;
    buf->last = block;
    buf->length += block->length;
}

int pvmi_msgbuf_room(struct pvmi_msgbuf *buf, size_t needed, uint64_t wanted)
{
    struct pvmi_block *block;

    if (buf->last != NULL && buf->last->capacity - buf->last->length >= needed)
        return PvmOk;
    block = pvmi_block_new(pvmi_block_capacity(buf->last, wanted > needed ? wanted : needed));
    if (block == NULL)
        return PvmNoMem;
    pvmi_msgbuf_append(buf, block);
    return PvmOk;
}

int pvmi_msgbuf_append_outside(struct pvmi_msgbuf *buf, const uint8_t *data)
{
    struct pvmi_block *block = pvmi_block_outside(data);

    if (block == NULL)
        return PvmNoMem;
    pvmi_msgbuf_append(buf, block);
    return PvmOk;
}

/* ---- arriving ---- */

static bool arriving_known(uint8_t encoding, uint8_t format)
{
    return (encoding == PVMI_ENCODING_DEFAULT || encoding == PVMI_ENCODING_RAW || encoding == PVMI_ENCODING_TRACE) &&
           (format & ~PVMI_FORMAT_MASK) == 0;
}

int pvmi_msgbuf_arriving(const struct pvmi_frame_header *header, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_msgbuf *buf;

    if (!arriving_known(header->encoding, header->format))
        return PvmBadMsg;
    buf = msgbuf_alloc(header->encoding, header->format);
    if (buf == NULL)
        return PvmNoMem;
    buf->arrived = true;
    buf->tag = header->tag;
    buf->ctx = header->ctx;
    buf->src = header->src;
    buf->dst = header->dst;
    buf->wid = header->wid;
    buf->raw_type = header->flags;
    buf->xdr_length = PVMI_XDR_UNKNOWN;
    *ret_buf = buf;
    return PvmOk;
}

static inline void take_head(struct pvmi_msgbuf *buf, const struct pvmi_shm_head *head, int32_t src)
{
    buf->arrived = true;
    buf->tag = head->tag;
    buf->ctx = head->ctx;
    buf->src = src;
    buf->dst = pvmi_task_tid();
    buf->wid = head->wid;
    buf->raw_type = head->raw_type;
    buf->xdr_length = PVMI_XDR_UNKNOWN;
}

int pvmi_msgbuf_arriving_head(const struct pvmi_shm_head *head, int32_t src, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_msgbuf *buf;

    if (!arriving_known(head->encoding, head->format) || head->raw_type > PVMI_TYPE_MAX)
        return PvmBadMsg;
    buf = msgbuf_alloc(head->encoding, head->format);
    if (buf == NULL)
        return PvmNoMem;
    take_head(buf, head, src);
    *ret_buf = buf;
    return PvmOk;
}

int pvmi_msgbuf_arriving_short(const struct pvmi_shm_head *head, int32_t src, size_t length,
                               struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_block *block;
    struct pvmi_msgbuf *buf;

    if (!arriving_known(head->encoding, head->format) || head->raw_type > PVMI_TYPE_MAX)
        return PvmBadMsg;
    buf = msgbuf_take(head->encoding, head->format, &block);
    if (buf == NULL)
        return PvmNoMem;
    take_head(buf, head, src);
    if (block != NULL && length > block->capacity) {
        pvmi_block_free_chain(block);
        block = NULL;
    }
    if (block == NULL)
        block = pvmi_block_private(pvmi_block_short(length));
    if (block == NULL) {
        pvmi_msgbuf_free(buf);
        return PvmNoMem;
    }
    block->length = length;
    buf->first = buf->last = block;
    buf->length = length;
    *ret_buf = buf;
    return PvmOk;
}

/* How large a block comes next: as long as all that is there, so that blocks double. */
static size_t fill_capacity(uint64_t have, size_t needed, uint64_t left)
{
    uint64_t wanted = have > needed ? have : needed;

    if (wanted > left)
        wanted = left;
    return wanted < PVMI_BLOCK_SMALL ? (size_t)wanted : pvmi_block_capacity(NULL, wanted);
}

int pvmi_msgbuf_fill(struct pvmi_msgbuf *buf, const void *data, size_t length, uint64_t left)
{
    struct pvmi_block *last = buf->last;
    size_t here = last == NULL ? 0 : last->capacity - last->length;

    assert(length <= PVMI_FRAME_PAYLOAD_MAX);
    assert(length <= left);
    if (here > length)
        here = length;
    if (here < length) {
        struct pvmi_block *next = pvmi_block_private(fill_capacity(buf->length, length - here, left - here));

        if (next == NULL)
            return PvmNoMem;
        memcpy(next->bytes, (const uint8_t *)data + here, length - here);
        next->length = length - here;
        pvmi_msgbuf_append(buf, next);
    }
    if (here > 0) {
        memcpy(last->bytes + last->length, data, here);
        last->length += here;
        buf->length += here;
    }
    return PvmOk;
}

/* ---- sending ---- */

void pvmi_msgbuf_pin(struct pvmi_msgbuf *buf)
{
    buf->pins++;
}

void pvmi_msgbuf_unpin(struct pvmi_msgbuf *buf)
{
    assert(buf->pins > 0);
    if (--buf->pins == 0 && buf->freed)
        pvmi_msgbuf_free(buf);
}

void pvmi_msgbuf_seal(struct pvmi_msgbuf *buf)
{
    buf->open_header = NULL;
}

void pvmi_msgbuf_header(const struct pvmi_msgbuf *buf, struct pvmi_frame_header *ret_header)
{
    memset(ret_header, 0, sizeof(*ret_header));
    ret_header->kind = PVMI_FRAME_DATA;
    ret_header->encoding = (uint8_t)(buf->encoding == PvmDataInPlace ? PVMI_ENCODING_RAW : buf->encoding);
    ret_header->format = (uint8_t)buf->format;
    ret_header->flags = (uint8_t)buf->raw_type;
    ret_header->wid = buf->wid;
    ret_header->message_length = buf->length;
}

void pvmi_msgbuf_read(const struct pvmi_msgbuf *buf, uint64_t offset, void *to, size_t length)
{
    const struct pvmi_block *block = buf->first;
    uint8_t *at = to;

    assert(offset <= buf->length);
    assert(length <= buf->length - offset);
    while (length > 0) {
        size_t piece;

        if (offset >= block->length) {
            offset -= block->length;
            block = block->next;
            continue;
        }
        piece = block->length - (size_t)offset < length ? block->length - (size_t)offset : length;
        memcpy(at, pvmi_block_bytes(block) + offset, piece);
        at += piece;
        offset += piece;
        length -= piece;
    }
}

void pvmi_msgbuf_after_fork(void)
{
    for (int id = 1; id < pvmi_msgbuf_id_count; id++) {
        if (pvmi_msgbuf_ids[id].buf != NULL)
            pvmi_msgbuf_ids[id].buf->pins = 0;    /* whoever was sending it is not in this process */
        pvmi_msgbuf_free(pvmi_msgbuf_ids[id].buf);
    }
    pvmi_msgbuf_id_count = pvmi_msgbuf_ids == NULL ? 0 : 1;
    id_free = 0;
    pvmi_msgbuf_trim();
    pvmi_active_after_fork();
}
