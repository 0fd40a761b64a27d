/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of kind PVMI_FRAME_MANY: a piece of a message for several tasks, as one DATA frame for each would bring it.
 *
 * header.message says how many they are, header.dst is the first of them; the payload begins with their list, for each
 * its tid (i32) and the number of the message from src to it (u32), little-endian; behind it is the piece. A task sends
 * such to its daemon, and a daemon to that of the receivers' host, which makes frames of kind DATA of it.
 */
#ifndef PVMI_WIRE_MANY_H
#define PVMI_WIRE_MANY_H

#include "wire/frame.h"

struct pvmi_receiver {
    int32_t tid;
    uint32_t message;
};

/* A frame with header for 1 to PVMI_MANY_MAX receivers, with a copy of length bytes of piece. NULL when there is no memory. */
struct pvmi_frame *pvmi_many_new(const struct pvmi_frame_header *header, const struct pvmi_receiver *receivers,
                                 uint32_t count, const uint8_t *piece, uint32_t length);

/* The receiver at index, below header.message. */
struct pvmi_receiver pvmi_many_get(const struct pvmi_frame *frame, uint32_t index);

/* The piece. */
const uint8_t *pvmi_many_piece(const struct pvmi_frame *frame, uint32_t *ret_length);

/* The frame of kind DATA for the receiver at index, which holds the same payload. NULL when there is no memory. */
struct pvmi_frame *pvmi_many_one(const struct pvmi_frame *frame, uint32_t index);

#endif
