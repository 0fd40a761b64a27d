/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames whose bytes tell which they are, for every test that moves frames. Include after cmocka.h. */
#ifndef TESTS_UNIT_FRAME_MAKE_H
#define TESTS_UNIT_FRAME_MAKE_H

#include <stdint.h>
#include <string.h>

#include "wire/frame.h"

/* The byte at position at of the frame with this tag. */
static inline uint8_t frame_byte(int tag, size_t at)
{
    return (uint8_t)((uint32_t)tag * 31u + at * 7u + (at >> 8));
}

/* A frame with length bytes of payload; a CONTROL frame when it is too long for others. */
static inline struct pvmi_frame *frame_make(int tag, size_t length)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .message = 1, .src = 0x40001,
                                        .dst = 0x40002 };
    struct pvmi_blob *blob = pvmi_blob_new(length);
    struct pvmi_frame *frame;

    assert_non_null(blob);
    if (length > PVMI_FRAME_PAYLOAD_MAX)
        header.kind = PVMI_FRAME_CONTROL;
    header.tag = tag;
    header.message_length = length;
    for (size_t i = 0; i < length; i++)
        blob->data[i] = frame_byte(tag, i);
    frame = pvmi_frame_new(&header, blob, 0, (uint32_t)length);
    assert_non_null(frame);
    pvmi_blob_unref(blob);
    return frame;
}

/* Fails the test unless frame is what frame_make(tag, length) makes. */
static inline void frame_check(const struct pvmi_frame *frame, int tag, size_t length)
{
    const uint8_t *bytes = pvmi_frame_bytes(frame);

    assert_int_equal(frame->header.tag, tag);
    assert_int_equal(frame->header.length, length);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != frame_byte(tag, i))
            fail_msg("frame %d: byte %zu is %u", tag, i, bytes[i]);
    }
}

static inline struct pvmi_frame *frame_pop(struct pvmi_list *frames)
{
    struct pvmi_list *node = pvmi_list_pop(frames);

    return node == NULL ? NULL : PVMI_CONTAINER(node, struct pvmi_frame, link);
}

#endif
