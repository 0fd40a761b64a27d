/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/frame.h"

#include <assert.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "pvm3.h"
#include "wire/reader.h"
#include "wire/section.h"

/*
 * PVM 3 packs how a machine stores each type into one number, by a scheme that is not published. Only the
 * one of LINUX64 is known, from its pvm_config(). Programs do no more than compare signatures, so for the
 * others distinct numbers that never change are enough: the lowest two bits tell the byte order (1 little,
 * 2 big), bit 10 that a long has 8 bytes.
 */
int pvmi_format_dsig(int format)
{
    int dsig = 0x00408840;

    dsig |= format & PVMI_FORMAT_LITTLE ? 1 : 2;
    if (format & PVMI_FORMAT_LONG8)
        dsig |= 0x400;
    return dsig;
}

void pvmi_frame_header_encode(const struct pvmi_frame_header *header, uint8_t bytes[PVMI_FRAME_HEADER_SIZE])
{
    uint8_t *at = bytes;

    pvmi_put_u8(&at, header->kind);
    pvmi_put_u8(&at, header->encoding);
    pvmi_put_u8(&at, header->format);
    pvmi_put_u8(&at, header->flags);
    pvmi_put_u32(&at, header->length);
    pvmi_put_u32(&at, header->message);
    pvmi_put_u32(&at, (uint32_t)header->src);
    pvmi_put_u32(&at, (uint32_t)header->dst);
    pvmi_put_u32(&at, (uint32_t)header->tag);
    pvmi_put_u32(&at, (uint32_t)header->ctx);
    pvmi_put_u32(&at, header->wid);
    pvmi_put_u64(&at, header->message_length);
    pvmi_put_u64(&at, header->offset);
    pvmi_put_u64(&at, header->number);
    pvmi_put_u64(&at, header->ack);
    assert(at == bytes + PVMI_FRAME_HEADER_SIZE);
}

static bool frame_encoding_known(int encoding)
{
    return encoding == PVMI_ENCODING_DEFAULT || encoding == PVMI_ENCODING_RAW
           || encoding == PVMI_ENCODING_TRACE;
}

/* The type of raw items may be told, and nothing else. */
static bool frame_flags_known(const struct pvmi_frame_header *header)
{
    if ((header->kind == PVMI_FRAME_DATA || header->kind == PVMI_FRAME_MANY) && header->encoding == PVMI_ENCODING_RAW)
        return header->flags <= PVMI_TYPE_MAX;
    return header->flags == 0;
}

/* True when length bytes of payload fit, and lie in the message. */
static bool frame_piece_valid(const struct pvmi_frame_header *header, uint32_t length)
{
    return header->length <= PVMI_FRAME_PAYLOAD_MAX && header->offset <= header->message_length &&
           length <= header->message_length - header->offset;
}

/* The same behind the list of the receivers. */
static bool frame_many_valid(const struct pvmi_frame_header *header)
{
    uint32_t count = header->message;

    return count > 0 && count <= PVMI_MANY_MAX && header->length >= count * PVMI_MANY_ENTRY &&
           frame_piece_valid(header, header->length - count * PVMI_MANY_ENTRY);
}

/* True when length is allowed for the frame's kind, and lies in its message. */
static bool frame_length_valid(const struct pvmi_frame_header *header)
{
    switch (header->kind) {
    case PVMI_FRAME_DATA:
    case PVMI_FRAME_OUTPUT:
    case PVMI_FRAME_NOTICE:
        return frame_piece_valid(header, header->length);
    case PVMI_FRAME_MANY:
        return frame_many_valid(header);
    case PVMI_FRAME_CONTROL:
        return header->length <= PVMI_FRAME_CONTROL_MAX;
    case PVMI_FRAME_RESUME:
    case PVMI_FRAME_ACK:
    case PVMI_FRAME_PING:
        return header->length == 0;
    default:
        return false;    /* an unknown kind */
    }
}

int pvmi_frame_header_decode(const uint8_t bytes[PVMI_FRAME_HEADER_SIZE],
                             struct pvmi_frame_header *ret_header)
{
    struct pvmi_reader reader;
    struct pvmi_frame_header header;

    pvmi_reader_init(&reader, bytes, PVMI_FRAME_HEADER_SIZE);
    header.kind = pvmi_get_u8(&reader);
    header.encoding = pvmi_get_u8(&reader);
    header.format = pvmi_get_u8(&reader);
    header.flags = pvmi_get_u8(&reader);
    header.length = pvmi_get_u32(&reader);
    header.message = pvmi_get_u32(&reader);
    header.src = (int32_t)pvmi_get_u32(&reader);
    header.dst = (int32_t)pvmi_get_u32(&reader);
    header.tag = (int32_t)pvmi_get_u32(&reader);
    header.ctx = (int32_t)pvmi_get_u32(&reader);
    header.wid = pvmi_get_u32(&reader);
    header.message_length = pvmi_get_u64(&reader);
    header.offset = pvmi_get_u64(&reader);
    header.number = pvmi_get_u64(&reader);
    header.ack = pvmi_get_u64(&reader);
    assert(!reader.failed);

    if (!frame_encoding_known(header.encoding) || (header.format & ~PVMI_FORMAT_MASK) != 0
        || !frame_flags_known(&header) || !frame_length_valid(&header))
        return PvmBadMsg;
    *ret_header = header;
    return PvmOk;
}

struct pvmi_frame *pvmi_frame_new(const struct pvmi_frame_header *header, struct pvmi_blob *payload,
                                  size_t at, uint32_t length)
{
    struct pvmi_frame *frame = pvmi_malloc(sizeof(*frame));

    assert(length == 0 || (payload != NULL && at <= payload->length && length <= payload->length - at));
    if (frame == NULL)
        return NULL;
    pvmi_list_init(&frame->link);
    frame->header = *header;
    frame->header.length = length;
    frame->payload = length == 0 ? NULL : pvmi_blob_ref(payload);
    frame->payload_at = length == 0 ? 0 : at;
    return frame;
}

struct pvmi_frame *pvmi_frame_clone(const struct pvmi_frame *frame)
{
    return pvmi_frame_new(&frame->header, frame->payload, frame->payload_at, frame->header.length);
}

const uint8_t *pvmi_frame_bytes(const struct pvmi_frame *frame)
{
    static const uint8_t nothing[1];

    return frame->payload == NULL ? nothing : frame->payload->data + frame->payload_at;
}

void pvmi_frame_free(struct pvmi_frame *frame)
{
    if (frame == NULL)
        return;
    pvmi_list_remove(&frame->link);
    pvmi_blob_unref(frame->payload);
    pvmi_free(frame);
}

void pvmi_frame_free_all(struct pvmi_list *frames)
{
    PVMI_LIST_EACH(node, frames)
        pvmi_frame_free(PVMI_CONTAINER(node, struct pvmi_frame, link));
}
