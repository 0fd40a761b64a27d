/* SPDX-License-Identifier: BSD-3-Clause */
/* Any 64 bytes are refused, or are the one way to write the header that they are read as. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pvm3.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_limits(const struct pvmi_frame_header *header)
{
    if (header->length > PVMI_FRAME_CONTROL_MAX)
        abort();
    if (header->kind != PVMI_FRAME_CONTROL && header->length > PVMI_FRAME_PAYLOAD_MAX)
        abort();
    if (header->kind == PVMI_FRAME_DATA && header->offset + header->length > header->message_length)
        abort();
    if (header->kind == PVMI_FRAME_MANY && (header->message == 0 || header->length / PVMI_MANY_ENTRY < header->message))
        abort();
}

/* What follows the header is its payload, as far as it goes. */
static void check_frame(const struct pvmi_frame_header *header, const uint8_t *payload, size_t length)
{
    struct pvmi_blob *blob = pvmi_blob_copy(payload, length);
    struct pvmi_frame *frame;

    if (blob == NULL)
        abort();
    frame = pvmi_frame_new(header, blob, length / 3, (uint32_t)(length - length / 3));
    pvmi_blob_unref(blob);
    if (frame == NULL || memcmp(pvmi_frame_bytes(frame), payload + length / 3, frame->header.length) != 0)
        abort();
    pvmi_frame_free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE] = { 0 };
    uint8_t again[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_frame_header header;

    if (size > 0)
        memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    if (pvmi_frame_header_decode(bytes, &header) != PvmOk)
        return 0;
    pvmi_frame_header_encode(&header, again);
    if (memcmp(again, bytes, sizeof(bytes)) != 0)
        abort();
    check_limits(&header);
    if (size > sizeof(bytes))
        check_frame(&header, data + sizeof(bytes), size - sizeof(bytes));
    return 0;
}
