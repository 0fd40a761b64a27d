/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages in messages. One is 9 ints, then its body:
 *
 *   len ctx tag wid enc crc src dst    as pvm_getminfo() gives them, but crc: format (8 bits), type of pvm_psend()
 *                                      (8), bits 32 to 46 of the length
 *   length                             of the body in bytes, bits 0 to 31
 *
 * These count in PVM 3's lengths as its own do: 8 ints, and the length of a fragment. In a typed message a typed body
 * is its sections as they are, a raw one is sections of bytes; in a raw message both are their bytes.
 */
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/cursor.h"
#include "libpvm/msgbuf.h"
#include "libpvm/pack.h"
#include "libpvm/task.h"
#include "wire/section.h"

enum { HEAD_LEN, HEAD_CTX, HEAD_TAG, HEAD_WID, HEAD_ENC, HEAD_CRC, HEAD_SRC, HEAD_DST, HEAD_LENGTH, HEAD_COUNT };

static bool is_typed(const struct pvmi_msgbuf *buf)
{
    return buf->encoding == PvmDataDefault || buf->encoding == PvmDataTrace;
}

/* ---- packing ---- */

/* Appends bytes as they are. */
static int put_bytes(struct pvmi_msgbuf *to, const uint8_t *from, size_t length)
{
    while (length > 0) {
        int rc = pvmi_msgbuf_room(to, 1, length);
        size_t room;

        if (rc != PvmOk)
            return rc;
        room = to->last->capacity - to->last->length;
        if (room > length)
            room = length;
        memcpy(to->last->bytes + to->last->length, from, room);
        to->last->length += room;
        to->length += room;
        from += room;
        length -= room;
    }
    return PvmOk;
}

static int put_body(struct pvmi_msgbuf *to, const struct pvmi_msgbuf *from)
{
    int rc = PvmOk;

    for (const struct pvmi_block *block = from->first; block != NULL && rc == PvmOk; block = block->next)
        rc = put_bytes(to, pvmi_block_bytes(block), block->length);
    return rc;
}

/* A raw body as sections of bytes, of which there is one but for very long ones. */
static int put_body_as_bytes(struct pvmi_msgbuf *to, const struct pvmi_msgbuf *from)
{
    const struct pvmi_block *block = from->first;
    size_t at = 0;
    int rc = PvmOk;

    for (uint64_t left = from->length; left > 0 && rc == PvmOk;) {
        uint32_t section = left < PVMI_SECTION_LENGTH_MAX ? (uint32_t)left : PVMI_SECTION_LENGTH_MAX;
        uint8_t header[PVMI_SECTION_HEADER_SIZE];

        pvmi_section_header_encode(PVMI_TYPE_BYTES, section, header);
        rc = put_bytes(to, header, sizeof(header));
        to->xdr_length += (section + 3) & ~(uint64_t)3;
        left -= section;
        while (section > 0 && rc == PvmOk) {
            size_t piece = block->length - at < section ? block->length - at : section;

            rc = put_bytes(to, pvmi_block_bytes(block) + at, piece);
            section -= (uint32_t)piece;
            at += piece;
            if (at == block->length) {
                block = block->next;
                at = 0;
            }
        }
    }
    return rc;
}

static void head_fill(int head[HEAD_COUNT], struct pvmi_msgbuf *buf, const struct pvmi_msgbuf *body)
{
    uint64_t length = pvmi_msgbuf_xdr_length(buf);

    head[HEAD_LEN] = length > INT32_MAX ? INT32_MAX : (int)length;
    head[HEAD_CTX] = buf->ctx;
    head[HEAD_TAG] = buf->tag;
    head[HEAD_WID] = (int)buf->wid;
    head[HEAD_ENC] = buf->encoding == PvmDataInPlace ? pvmi_format_dsig(buf->format) : pvmi_msgbuf_enc(buf);
    head[HEAD_CRC] = body->format | buf->raw_type << 8 | (int)(body->length >> 32 & 0x7fff) << 16;
    head[HEAD_SRC] = buf->src != 0 ? buf->src : pvmi_task_tid();    /* made before enrolment */
    head[HEAD_DST] = buf->dst;
    head[HEAD_LENGTH] = (int)(uint32_t)body->length;
}

/* Head and body of inner, for a buffer that is typed or raw as piece. body is inner's as this machine stores it. */
static int piece_fill(struct pvmi_msgbuf *piece, struct pvmi_msgbuf *inner, const struct pvmi_msgbuf *body)
{
    int head[HEAD_COUNT];
    int rc;

    head_fill(head, inner, body);
    rc = pvmi_pack_items(piece, PVMI_TYPE_INT32, head, sizeof(head[0]), HEAD_COUNT, 1);
    pvmi_msgbuf_seal(piece);
    if (rc != PvmOk)
        return rc;
    if (is_typed(piece) && !is_typed(inner))
        return put_body_as_bytes(piece, body);
    piece->xdr_length += pvmi_msgbuf_xdr_length(inner);
    return put_body(piece, body);
}

/* Moves the body of piece to the end of buf. */
static void piece_join(struct pvmi_msgbuf *buf, struct pvmi_msgbuf *piece)
{
    struct pvmi_block *next;

    pvmi_msgbuf_seal(buf);
    for (struct pvmi_block *block = piece->first; block != NULL; block = next) {
        next = block->next;
        block->next = NULL;
        pvmi_msgbuf_append(buf, block);
    }
    buf->xdr_length += piece->xdr_length;
    buf->unpacking = false;
}

/* The body of inner as this machine stores it: its own, or a copy whose blocks are to be freed. */
static int body_native(struct pvmi_msgbuf *inner, struct pvmi_msgbuf *ret_body, bool *ret_copied)
{
    *ret_copied = inner->foreign && is_typed(inner);
    if (*ret_copied)
        return pvmi_msgbuf_copy(inner, ret_body);
    *ret_body = *inner;
    return PvmOk;
}

static int pack_with(struct pvmi_msgbuf *buf, struct pvmi_msgbuf *inner,
                     int (*fill)(struct pvmi_msgbuf *piece, struct pvmi_msgbuf *inner, const struct pvmi_msgbuf *body))
{
    struct pvmi_msgbuf piece = { .encoding = is_typed(buf) ? PvmDataDefault : PvmDataRaw,
                                 .format = pvmi_format_own() };
    struct pvmi_msgbuf body;
    bool copied;
    int rc = pvmi_msgbuf_own(buf);

    if (rc == PvmOk)
        rc = body_native(inner, &body, &copied);
    if (rc != PvmOk)
        return rc;
    rc = fill(&piece, inner, &body);
    if (rc == PvmOk)
        piece_join(buf, &piece);
    else
        pvmi_block_free_chain(piece.first);
    if (copied)
        pvmi_block_free_chain(body.first);
    return rc;
}

/* The two buffers of a call: the active one and bufid's. */
static int find(int bufid, struct pvmi_msgbuf **ret_buf, struct pvmi_msgbuf **ret_inner)
{
    if (bufid <= 0)
        return PvmBadParam;
    *ret_inner = pvmi_msgbuf_find(bufid);
    if (*ret_inner == NULL)
        return PvmNoSuchBuf;
    *ret_buf = pvmi_active_send_buf();
    if (*ret_buf == NULL)
        return PvmNoBuf;
    return *ret_buf == *ret_inner ? PvmBadParam : PvmOk;
}

int pvm_pkmesg(int bufid)
{
    struct pvmi_msgbuf *buf;
    struct pvmi_msgbuf *inner;
    int rc;

    pvmi_call_enter();
    rc = find(bufid, &buf, &inner);
    if (rc == PvmOk)
        rc = pack_with(buf, inner, piece_fill);
    return pvmi_call_leave_quiet(rc);
}

/* ---- bodies alone ---- */

static int piece_fill_body(struct pvmi_msgbuf *piece, struct pvmi_msgbuf *inner, const struct pvmi_msgbuf *body)
{
    piece->xdr_length = pvmi_msgbuf_xdr_length(inner);
    return put_body(piece, body);
}

/* More pointers, and what was packed by value. */
static int piece_fill_in_place(struct pvmi_msgbuf *piece, struct pvmi_msgbuf *inner, const struct pvmi_msgbuf *body)
{
    int rc = PvmOk;

    (void)inner;
    for (const struct pvmi_block *block = body->first; block != NULL && rc == PvmOk; block = block->next) {
        if (block->kind != PVMI_BLOCK_OUTSIDE) {
            rc = put_bytes(piece, block->bytes, block->length);
            continue;
        }
        rc = pvmi_msgbuf_append_outside(piece, block->bytes);
        if (rc == PvmOk) {
            piece->last->length = piece->last->capacity = block->length;
            piece->length += block->length;
        }
    }
    return rc;
}

static int pack_body(struct pvmi_msgbuf *buf, struct pvmi_msgbuf *inner)
{
    if (pvmi_msgbuf_enc(buf) != pvmi_msgbuf_enc(inner))
        return pvmi_call_fail(PvmMismatch, "the two messages have different encodings");
    return pack_with(buf, inner, buf->encoding == PvmDataInPlace ? piece_fill_in_place : piece_fill_body);
}

int pvm_pkmesgbody(int bufid)
{
    struct pvmi_msgbuf *buf;
    struct pvmi_msgbuf *inner;
    int rc;

    pvmi_call_enter();
    rc = find(bufid, &buf, &inner);
    if (rc == PvmOk)
        rc = pack_body(buf, inner);
    return pvmi_call_leave_quiet(rc);
}

/* ---- unpacking ---- */

static int damaged(void)
{
    return pvmi_call_fail(PvmBadMsg, "what is here was not packed by pvm_pkmesg()");
}

/* The header of the frame that would have brought this message. */
static int head_decode(const int head[HEAD_COUNT], const struct pvmi_msgbuf *buf, struct pvmi_frame_header *ret_header)
{
    int enc = head[HEAD_ENC];
    int encoding = enc == PVMI_ENC_DEFAULT ? PVMI_ENCODING_DEFAULT
                   : enc == PVMI_ENC_TRACE ? PVMI_ENCODING_TRACE : PVMI_ENCODING_RAW;
    unsigned crc = (unsigned)head[HEAD_CRC];
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .encoding = (uint8_t)encoding,
                                        .format = (uint8_t)crc, .flags = (uint8_t)(crc >> 8), .tag = head[HEAD_TAG],
                                        .ctx = head[HEAD_CTX], .src = head[HEAD_SRC], .dst = head[HEAD_DST],
                                        .wid = (uint32_t)head[HEAD_WID] };

    if (encoding == PVMI_ENCODING_RAW && (header.format > PVMI_FORMAT_MASK || enc != pvmi_format_dsig(header.format)))
        return damaged();
    if (encoding != PVMI_ENCODING_RAW && (header.format != buf->format || header.flags != 0))
        return damaged();
    if (header.flags > PVMI_TYPE_MAX)
        return damaged();
    header.message_length = (uint64_t)(crc >> 16) << 32 | (uint32_t)head[HEAD_LENGTH];
    *ret_header = header;
    return PvmOk;
}

/* Copies length bytes of the body, which are there, from the cursor on; left is what inner lacks, these included. */
static int take_bytes(struct pvmi_cursor *cursor, struct pvmi_msgbuf *inner, uint64_t length, uint64_t left)
{
    while (length > 0) {
        size_t run = pvmi_cursor_run(cursor);
        size_t piece = run < length ? run : (size_t)length;
        int rc;

        if (piece > PVMI_FRAME_PAYLOAD_MAX)
            piece = PVMI_FRAME_PAYLOAD_MAX;
        rc = pvmi_msgbuf_fill(inner, pvmi_cursor_bytes(cursor), piece, left);
        if (rc != PvmOk)
            return rc;
        pvmi_cursor_skip(cursor, piece);
        length -= piece;
        left -= piece;
    }
    return PvmOk;
}

/* The same out of sections of bytes. */
static int take_sections(struct pvmi_msgbuf *buf, struct pvmi_msgbuf *inner, uint64_t left)
{
    struct pvmi_cursor *cursor = &buf->cursor;
    int rc = PvmOk;

    while (left > 0 && rc == PvmOk) {
        rc = pvmi_cursor_section(cursor, buf->length);
        if (rc != PvmOk)
            return rc;
        if (cursor->type != PVMI_TYPE_BYTES || cursor->left > left)
            return damaged();
        rc = take_bytes(cursor, inner, cursor->left, left);
        left -= cursor->left;
        cursor->left = 0;
    }
    return rc;
}

static int take_body(struct pvmi_msgbuf *buf, struct pvmi_msgbuf *inner, uint64_t length)
{
    if (is_typed(buf) && !is_typed(inner))
        return take_sections(buf, inner, length);
    return take_bytes(&buf->cursor, inner, length, length);
}

/* The message at the cursor of buf, not yet visible to the program. */
static int unpack_inner(struct pvmi_msgbuf *buf, struct pvmi_msgbuf **ret_inner)
{
    struct pvmi_frame_header header;
    int head[HEAD_COUNT];
    int rc = pvmi_unpack_items(buf, PVMI_TYPE_INT32, head, sizeof(head[0]), HEAD_COUNT, 1);

    if (rc != PvmOk)
        return rc;
    if (is_typed(buf) && buf->cursor.left != 0)
        return damaged();
    rc = head_decode(head, buf, &header);
    if (rc != PvmOk)
        return rc;
    if (header.message_length > buf->length - buf->cursor.done)
        return PvmNoData;
    rc = pvmi_msgbuf_arriving(&header, ret_inner);
    if (rc == PvmOk)
        rc = take_body(buf, *ret_inner, header.message_length);
    else
        return rc;
    if (rc == PvmOk)
        rc = pvmi_msgbuf_publish(*ret_inner);
    if (rc != PvmOk)
        pvmi_msgbuf_free(*ret_inner);
    return rc;
}

static int unpack_mesg(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_receive_buf();
    struct pvmi_msgbuf *inner;
    struct pvmi_cursor before;
    int rc;

    if (buf == NULL)
        return PvmNoBuf;
    before = buf->cursor;
    rc = unpack_inner(buf, &inner);
    if (rc == PvmOk)
        return inner->id;
    if (rc == PvmNoData)
        buf->cursor = (struct pvmi_cursor){ .done = buf->length };    /* the rest is used up */
    else
        buf->cursor = before;
    return rc;
}

int pvm_upkmesg(void)
{
    pvmi_call_enter();
    return pvmi_call_leave_quiet(unpack_mesg());
}
