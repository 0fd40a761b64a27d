/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message buffers: what programs pack into and unpack from, known to them by small numbers.
 *
 * The body is a chain of blocks from one allocator, pvmi_block_new(); pack and unpack only see
 * pvmi_msgbuf_room() and the cursor, so the blocks may later lie in shared memory. A body is either typed
 * sections (PvmDataDefault, PvmDataTrace), plain bytes (PvmDataRaw), or for PvmDataInPlace a list of
 * (pointer, bytes) that is read at each send.
 */
#ifndef PVMI_LIBPVM_MSGBUF_H
#define PVMI_LIBPVM_MSGBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "wire/frame.h"

/* A piece of a body. */
struct pvmi_block {
    struct pvmi_block *next;
    size_t length;      /* bytes in use */
    size_t capacity;
    const uint8_t *outside;    /* in place: the program's own data; else NULL and data counts */
    uint8_t data[];
};

/* Where unpacking stands. */
struct pvmi_cursor {
    const struct pvmi_block *block;
    size_t at;               /* in block */
    uint64_t done;           /* bytes of the body before here */
    int type;                /* of the section that is being read; 0 between sections */
    uint32_t left;           /* bytes of its elements not yet read */
    uint32_t phase;          /* bytes already read of an element's XDR view, when it is read as bytes */
};

struct pvmi_msgbuf {
    struct pvmi_list link;   /* in the queue of arrived messages; else to itself */
    int id;                  /* > 0, reused soon */
    int refs;                /* a forwarded buffer is held by those that alias it */
    int encoding;            /* PvmDataDefault, PvmDataRaw, PvmDataInPlace, PvmDataTrace */
    int format;              /* PVMI_FORMAT_* of who packed it */
    int tag;                 /* as pvm_bufinfo() and pvm_getminfo() show them */
    int ctx;
    int src;
    int dst;
    unsigned wid;
    struct pvmi_block *first;
    struct pvmi_block *last;
    uint64_t length;         /* bytes of the body */
    uint64_t xdr_length;     /* what PVM 3 would count; kept while packing, made on demand for arrived ones */
    struct pvmi_cursor cursor;
    bool arrived;            /* came from a sender (or was upkmesg'ed): packing into it copies first */
    bool unpacking;          /* pvm_setrbuf() rewinds it only if not */
    /* The section that a pack may extend: where its header lies; NULL when sealed. */
    uint8_t *open_header;
    int open_type;
    struct pvmi_msgbuf *original;    /* this one is an alias of it: same blocks, not owned */
};

/* The active buffers of the calling thread, 0 for none. A thread that never made one active uses those of
 * the thread that enrolled (DESIGN: decision 17). */
int pvmi_active_send(void);
int pvmi_active_receive(void);
void pvmi_active_set_send(int id);
void pvmi_active_set_receive(int id);

/* A new empty buffer, with an id. Returns PvmOk, PvmBadParam (encoding), PvmNoMem. */
int pvmi_msgbuf_new(int encoding, struct pvmi_msgbuf **ret_buf);

/* The buffer of id, or NULL. */
struct pvmi_msgbuf *pvmi_msgbuf_find(int id);

/* Takes it away from the program: frees it as soon as nobody aliases it. It is active nowhere then. NULL is fine. */
void pvmi_msgbuf_free(struct pvmi_msgbuf *buf);

/*
 * ---- for arriving messages ----
 * A buffer for a message with this header, its whole length allocated; not yet visible to the program:
 * it gets its id by publish(). fill() copies in a piece.
 */
int pvmi_msgbuf_arriving(const struct pvmi_frame_header *header, struct pvmi_msgbuf **ret_buf);
void pvmi_msgbuf_fill(struct pvmi_msgbuf *buf, uint64_t offset, const void *data, size_t length);
int pvmi_msgbuf_publish(struct pvmi_msgbuf *buf);

/* ---- for sending ---- */

/* No later pack may extend what is there: receivers may be reading it. */
void pvmi_msgbuf_seal(struct pvmi_msgbuf *buf);

/* Fills kind, encoding, format, wid, message_length of a DATA frame's header; the rest is the sender's. */
void pvmi_msgbuf_header(const struct pvmi_msgbuf *buf, struct pvmi_frame_header *ret_header);

/* Copies length bytes of the body from offset, as they go on the wire (in place: from the program's data). */
void pvmi_msgbuf_read(const struct pvmi_msgbuf *buf, uint64_t offset, void *to, size_t length);

/* ---- for unpacking by the library itself (notices, output, group data) ---- */

/* Starts unpacking from the first byte. */
void pvmi_msgbuf_rewind(struct pvmi_msgbuf *buf);

/* The same as the pvm_pk and pvm_upk functions, on a given buffer. type is PVMI_TYPE_*, stride in items. */
int pvmi_pack_items(struct pvmi_msgbuf *buf, int type, const void *data, size_t size, int count, int stride);
int pvmi_unpack_items(struct pvmi_msgbuf *buf, int type, void *data, size_t size, int count, int stride);

/* All buffers and ids of this process are gone: a child after fork(). */
void pvmi_msgbuf_after_fork(void);

#endif
