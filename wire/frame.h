/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame: what moves between two processes. 64 bytes of header, little-endian, then payload.
 *
 * A message of a program is one or more frames of kind PVMI_FRAME_DATA: all with the same message number,
 * offsets 0 upwards without a gap, the last one ends at message_length. An empty message is one frame. A
 * sender that cannot go on ends the message with a frame of length 0 whose message_length is its offset, and
 * not 0: the receiver drops what it has of it and takes the next number.
 *
 *    0 u8  kind       4 u32 length     12 i32 src   20 i32 tag   28 u32 wid              40 u64 offset
 *    1 u8  encoding   8 u32 message    16 i32 dst   24 i32 ctx   32 u64 message_length   48 u64 number
 *    2 u8  format                                                                        56 u64 ack
 *    3 u8  flags
 */
#ifndef PVMI_WIRE_FRAME_H
#define PVMI_WIRE_FRAME_H

#include <stdint.h>

#include "base/blob.h"
#include "base/list.h"

#define PVMI_FRAME_HEADER_SIZE 64
#define PVMI_FRAME_PAYLOAD_MAX 65536                /* bytes behind one header: bulk is cut at this */
#define PVMI_MANY_MAX 512                           /* receivers of one MANY */
#define PVMI_MANY_ENTRY 8u                          /* bytes of its payload for each */
#define PVMI_FRAME_CONTROL_MAX (16u * 1024 * 1024)  /* one control message may be longer */

enum pvmi_frame_kind {
    PVMI_FRAME_DATA = 1,       /* a part of a program's message */
    PVMI_FRAME_CONTROL = 2,    /* one control message (control.h); src and dst are 0 */
    PVMI_FRAME_OUTPUT = 3,     /* a whole message for dst from the pvmd, made of output of task src */
    PVMI_FRAME_NOTICE = 4,     /* a whole message for dst that the pvmd has made: pvm_notify, plug-ins */
    PVMI_FRAME_RESUME = 5,     /* session: number is the next one that the sender of this expects */
    PVMI_FRAME_ACK = 6,        /* session: carries nothing but ack */
    PVMI_FRAME_PING = 7,       /* "I live" */
    PVMI_FRAME_MANY = 8,       /* a part of a program's message for several tasks: wire/many.h */
    PVMI_FRAME_KIND_MAX = 8
};

/* encoding: how the program packed it. The values of struct pvmminfo are made from it in libpvm. */
enum pvmi_encoding {
    PVMI_ENCODING_DEFAULT = 0,    /* typed sections */
    PVMI_ENCODING_RAW = 1,        /* bytes of memory, also what InPlace sends */
    PVMI_ENCODING_TRACE = 4       /* typed sections, packed with pvmtev.h's rules */
};

/* format: how the sender stores numbers. */
#define PVMI_FORMAT_LITTLE 1    /* little-endian */
#define PVMI_FORMAT_LONG8 2     /* long has 8 bytes, else 4 */
#define PVMI_FORMAT_MASK 3

/* The format of this machine. */
static inline int pvmi_format_own(void)
{
    int format = sizeof(long) == 8 ? PVMI_FORMAT_LONG8 : 0;

    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? format | PVMI_FORMAT_LITTLE : format;
}

/* PVM 3's data signature for a format, as in hi_dsig and the enc of raw messages: 0x00408c41 on LINUX64. */
int pvmi_format_dsig(int format);

struct pvmi_frame_header {
    uint8_t kind;
    uint8_t encoding;
    uint8_t format;
    uint8_t flags;              /* DATA of raw bytes: PVMI_TYPE_* of pvm_psend()'s items, for another kind of
                                 * machine to convert them; 0 not told. Else 0 */
    uint32_t length;            /* bytes of payload */
    uint32_t message;           /* DATA: number of the message from src to dst over all routes, from 1; MANY: receivers */
    int32_t src;
    int32_t dst;
    int32_t tag;
    int32_t ctx;
    uint32_t wid;               /* wait id of the message, for the program */
    uint64_t message_length;    /* DATA, OUTPUT, NOTICE, MANY: bytes of the whole message */
    uint64_t offset;            /* where this payload stands in it */
    uint64_t number;            /* session: of this frame, from 1; 0 outside of sessions */
    uint64_t ack;               /* session: all up to this have arrived */
};

/* A frame in a queue. payload may be shared by many frames, each with its own piece of it. */
struct pvmi_frame {
    struct pvmi_list link;
    struct pvmi_frame_header header;
    struct pvmi_blob *payload;    /* NULL when header.length is 0 */
    size_t payload_at;            /* where in payload->data the bytes of this frame begin */
};

void pvmi_frame_header_encode(const struct pvmi_frame_header *header, uint8_t bytes[PVMI_FRAME_HEADER_SIZE]);

/* Returns PvmOk, or PvmBadMsg for an unknown kind or format, flags that cannot be, a length above its maximum
 * or past the message's end; ret_header is set only on success. */
int pvmi_frame_header_decode(const uint8_t bytes[PVMI_FRAME_HEADER_SIZE],
                             struct pvmi_frame_header *ret_header);

/* A frame that holds one reference more on payload (NULL is fine) and carries length bytes of it from at.
 * header->length is set from length. NULL when there is no memory. */
struct pvmi_frame *pvmi_frame_new(const struct pvmi_frame_header *header, struct pvmi_blob *payload,
                                  size_t at, uint32_t length);

/* A second frame with the same header and payload. */
struct pvmi_frame *pvmi_frame_clone(const struct pvmi_frame *frame);

/* The payload's bytes. */
const uint8_t *pvmi_frame_bytes(const struct pvmi_frame *frame);

/* Unlinks and frees; NULL is fine. */
void pvmi_frame_free(struct pvmi_frame *frame);

/* Frees all frames of a list. */
void pvmi_frame_free_all(struct pvmi_list *frames);

#endif
