/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole bodies: how long PVM 3 would say that they are, and copies that can be packed into. */
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/cursor.h"
#include "libpvm/msgbuf.h"
#include "wire/section.h"

#define BODY_CHUNK 4096    /* bytes; a multiple of every element and of XDR's 4 */

static bool body_typed(const struct pvmi_msgbuf *buf)
{
    return buf->encoding == PvmDataDefault || buf->encoding == PvmDataTrace;
}

/* Adds up the sections. A damaged body counts up to the damage: unpacking will tell. */
static uint64_t body_count_xdr(const struct pvmi_msgbuf *buf)
{
    struct pvmi_cursor cursor = { .block = buf->first };
    uint64_t count = 0;

    while (pvmi_cursor_section(&cursor, buf->length) == PvmOk) {
        if (cursor.type == PVMI_TYPE_BYTES)
            count += ((uint64_t)cursor.length + 3) & ~(uint64_t)3;
        else
            count += cursor.length / pvmi_type_size(cursor.type) * pvmi_type_xdr_size(cursor.type);
        pvmi_cursor_skip(&cursor, cursor.left);
    }
    return count;
}

uint64_t pvmi_msgbuf_xdr_length(struct pvmi_msgbuf *buf)
{
    if (!body_typed(buf))
        return buf->length;
    if (buf->xdr_length == PVMI_XDR_UNKNOWN)
        buf->xdr_length = body_count_xdr(buf);
    return buf->xdr_length;
}

/* Copies the elements of the section at from's cursor to the end of to. */
static int body_copy_section(struct pvmi_msgbuf *from, struct pvmi_msgbuf *to)
{
    uint8_t chunk[BODY_CHUNK];
    int type = from->cursor.type;
    size_t size = pvmi_type_size(type);
    uint32_t left = from->cursor.left;

    while (left > 0) {
        uint32_t length = left < sizeof(chunk) ? left : (uint32_t)sizeof(chunk);
        int count = (int)(length / size);
        int rc = pvmi_unpack_items(from, type, chunk, size, count, 1);

        if (rc == PvmOk)
            rc = pvmi_pack_items(to, type, chunk, size, count, 1);
        if (rc != PvmOk)
            return rc;
        left -= length;
    }
    return PvmOk;
}

static int body_copy_raw(const struct pvmi_msgbuf *from, struct pvmi_msgbuf *to)
{
    for (const struct pvmi_block *block = from->first; block != NULL; block = block->next) {
        struct pvmi_block *copy = pvmi_block_new(block->length);

        if (copy == NULL)
            return PvmNoMem;
        memcpy(copy->bytes, block->bytes, block->length);
        copy->length = block->length;
        pvmi_msgbuf_append(to, copy);
    }
    return PvmOk;
}

static int body_copy_typed(struct pvmi_msgbuf *from, struct pvmi_msgbuf *to)
{
    int rc;

    while ((rc = pvmi_cursor_section(&from->cursor, from->length)) == PvmOk) {
        rc = body_copy_section(from, to);
        if (rc != PvmOk)
            return rc;
    }
    return rc == PvmNoData ? PvmOk : rc;
}

int pvmi_msgbuf_copy(const struct pvmi_msgbuf *buf, struct pvmi_msgbuf *ret_copy)
{
    /* Sections of trace messages have their types in front already: they are copied as they are. */
    struct pvmi_msgbuf copy = { .encoding = buf->encoding == PvmDataRaw ? PvmDataRaw : PvmDataDefault,
                                .format = pvmi_format_own() };
    struct pvmi_msgbuf source = *buf;
    int rc;

    pvmi_msgbuf_rewind(&source);
    rc = body_typed(buf) ? body_copy_typed(&source, &copy) : body_copy_raw(buf, &copy);
    if (rc != PvmOk) {
        pvmi_block_free_chain(copy.first);
        return rc;
    }
    copy.encoding = buf->encoding;
    *ret_copy = copy;
    return PvmOk;
}

int pvmi_msgbuf_own(struct pvmi_msgbuf *buf)
{
    struct pvmi_msgbuf copy;
    int rc;

    if (!buf->arrived)
        return PvmOk;
    if (buf->pins > 0)
        return pvmi_call_fail(PvmNoMem, "another thread is forwarding this message: pack into another buffer");
    if (buf->foreign && !body_typed(buf))
        return pvmi_call_fail(PvmBadMsg, "packing into a raw message from another kind of machine");
    rc = pvmi_msgbuf_copy(buf, &copy);
    if (rc != PvmOk)
        return rc;

    pvmi_block_free_chain(buf->first);
    buf->first = copy.first;
    buf->last = copy.last;
    buf->length = copy.length;
    buf->xdr_length = copy.xdr_length;
    buf->open_header = copy.open_header;
    buf->open_type = copy.open_type;
    buf->open_length = copy.open_length;
    buf->format = copy.format;
    buf->foreign = false;
    buf->raw_type = 0;
    buf->arrived = false;
    pvmi_msgbuf_rewind(buf);
    buf->unpacking = false;
    return PvmOk;
}
