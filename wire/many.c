/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/many.h"

#include <assert.h>
#include <string.h>

#include "wire/reader.h"

struct pvmi_frame *pvmi_many_new(const struct pvmi_frame_header *header, const struct pvmi_receiver *receivers,
                                 uint32_t count, const uint8_t *piece, uint32_t length)
{
    uint32_t list = count * PVMI_MANY_ENTRY;
    struct pvmi_frame_header many = *header;
    struct pvmi_blob *blob = pvmi_blob_new(list + length);
    struct pvmi_frame *frame;
    uint8_t *at;

    assert(count > 0 && count <= PVMI_MANY_MAX);
    assert(length <= PVMI_FRAME_PAYLOAD_MAX - list);
    if (blob == NULL)
        return NULL;
    at = blob->data;
    for (uint32_t i = 0; i < count; i++) {
        pvmi_put_u32(&at, (uint32_t)receivers[i].tid);
        pvmi_put_u32(&at, receivers[i].message);
    }
    if (length > 0)
        memcpy(at, piece, length);
    many.kind = PVMI_FRAME_MANY;
    many.message = count;
    many.dst = receivers[0].tid;
    frame = pvmi_frame_new(&many, blob, 0, list + length);
    pvmi_blob_unref(blob);
    return frame;
}

struct pvmi_receiver pvmi_many_get(const struct pvmi_frame *frame, uint32_t index)
{
    struct pvmi_receiver receiver;
    struct pvmi_reader reader;

    assert(index < frame->header.message);
    pvmi_reader_init(&reader, pvmi_frame_bytes(frame) + index * PVMI_MANY_ENTRY, PVMI_MANY_ENTRY);
    receiver.tid = (int32_t)pvmi_get_u32(&reader);
    receiver.message = pvmi_get_u32(&reader);
    return receiver;
}

const uint8_t *pvmi_many_piece(const struct pvmi_frame *frame, uint32_t *ret_length)
{
    uint32_t list = frame->header.message * PVMI_MANY_ENTRY;

    *ret_length = frame->header.length - list;
    return pvmi_frame_bytes(frame) + list;
}

struct pvmi_frame *pvmi_many_one(const struct pvmi_frame *frame, uint32_t index)
{
    struct pvmi_receiver receiver = pvmi_many_get(frame, index);
    uint32_t list = frame->header.message * PVMI_MANY_ENTRY;
    struct pvmi_frame_header header = frame->header;

    header.kind = PVMI_FRAME_DATA;
    header.message = receiver.message;
    header.dst = receiver.tid;
    return pvmi_frame_new(&header, frame->payload, frame->payload_at + list, frame->header.length - list);
}
