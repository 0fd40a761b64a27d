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
#include "libpvm/block.h"
#include "pvm3.h"
#include "transport/shm.h"
#include "wire/frame.h"

/* struct pvmminfo's enc; a raw buffer has its data signature there. */
#define PVMI_ENC_DEFAULT 0x10000000
#define PVMI_ENC_IN_PLACE 0x20000000
#define PVMI_ENC_TRACE 0x40000000

#define PVMI_XDR_UNKNOWN UINT64_MAX    /* xdr_length of an arrived body that was not yet looked through */

/* Where unpacking stands. */
struct pvmi_cursor {
    const struct pvmi_block *block;
    size_t at;               /* in block */
    uint64_t done;           /* bytes of the body before here */
    int type;                /* of the section that is being read; 0 before the first */
    uint32_t length;         /* bytes of its elements */
    uint32_t left;           /* those not yet read; 0: between sections */
    uint32_t phase;          /* bytes already read of an element's XDR view, when it is read as bytes */
    uint32_t odd;            /* bytes read since the last number, modulo 4 */
    uint64_t padding;        /* zeros that the XDR view has behind the byte sections read so far */
    bool in_padding;         /* some of them were read */
};

struct pvmi_msgbuf {
    struct pvmi_list link;   /* in the queue of arrived messages; else to itself */
    struct pvmi_list same;   /* in that queue's index by source, tag and context; else to itself. Freeing a
                              * buffer unlinks both: a program may free what pvm_probe() has shown it */
    int encoding;            /* PvmDataDefault, PvmDataRaw, PvmDataInPlace, PvmDataTrace */
    int format;              /* PVMI_FORMAT_* of who packed it */
    /* From here on all is 0 at first. */
    int id;                  /* > 0, reused soon; 0 as long as the program does not see it */
    int raw_type;            /* PVMI_TYPE_* of pvm_psend()'s items, for machines of another kind; else 0 */
    bool foreign;            /* format is not this machine's */
    bool arrived;            /* came from a sender (or was upkmesg'ed): packing into it copies first */
    bool unpacking;          /* pvm_setrbuf() rewinds it only if not */
    bool freed;              /* while it was pinned */
    int pins;                /* sends that are reading it */
    int tag;                 /* as pvm_bufinfo() and pvm_getminfo() show them */
    int ctx;
    int src;
    int dst;
    unsigned wid;
    int open_type;
    /* The section that a pack may extend: where its header lies; NULL when sealed. */
    uint8_t *open_header;
    uint32_t open_length;    /* what stands in that header */
    struct pvmi_block *first;
    struct pvmi_block *last;
    uint64_t length;         /* bytes of the body */
    uint64_t xdr_length;     /* what PVM 3 would count, kept while packing; else pvmi_msgbuf_xdr_length() */
    struct pvmi_cursor cursor;    /* of unpacking */
};

/* True while buf waits in a queue. */
static inline bool pvmi_match_holds(const struct pvmi_msgbuf *buf)
{
    return !pvmi_list_empty(&buf->link);
}

/*
 * ---- the active buffers of the calling thread ----
 * A thread that never made one active uses those of the thread that enrolled (DESIGN: decision 17).
 */

/* Their ids, 0 for none. */
int pvmi_active_send(void);
int pvmi_active_receive(void);

/*
 * The buffers themselves, NULL for none. Asked at each pack and unpack, so the answers are kept until a
 * buffer is freed or made active anywhere: then the epoch changes. (TLS as in call.h: no pointers to it.)
 */
struct pvmi_active_kept {
    uint64_t epoch;
    struct pvmi_msgbuf *buf;
};

extern uint64_t pvmi_active_epoch;    /* from 1 */
extern __thread struct pvmi_active_kept pvmi_active_kept_send __attribute__((tls_model("initial-exec")));
extern __thread struct pvmi_active_kept pvmi_active_kept_receive __attribute__((tls_model("initial-exec")));

struct pvmi_msgbuf *pvmi_active_find_send(void);
struct pvmi_msgbuf *pvmi_active_find_receive(void);

/* What is known without a search; NULL also when nothing is. */
static inline struct pvmi_msgbuf *pvmi_active_send_known(void)
{
    return pvmi_active_kept_send.epoch == pvmi_active_epoch ? pvmi_active_kept_send.buf : NULL;
}

static inline struct pvmi_msgbuf *pvmi_active_receive_known(void)
{
    return pvmi_active_kept_receive.epoch == pvmi_active_epoch ? pvmi_active_kept_receive.buf : NULL;
}

static inline struct pvmi_msgbuf *pvmi_active_send_buf(void)
{
    if (pvmi_active_kept_send.epoch != pvmi_active_epoch)
        return pvmi_active_find_send();
    return pvmi_active_kept_send.buf;
}

static inline struct pvmi_msgbuf *pvmi_active_receive_buf(void)
{
    if (pvmi_active_kept_receive.epoch != pvmi_active_epoch)
        return pvmi_active_find_receive();
    return pvmi_active_kept_receive.buf;
}

/* Makes id, or with 0 none, active; frees nothing. */
void pvmi_active_set_send(int id);
void pvmi_active_set_receive(int id);

/* The same for pvm_initsend() and the receives: the buffer that was active is freed, unless it is that of
 * the thread that enrolled and not this thread's own. */
void pvmi_active_replace_send(int id);
void pvmi_active_replace_receive(int id);

/* pvm_initsend() at its usual: the active send buffer, freed, and a new one in its place. Returns its id, 0 when that cannot
 * be done so. */
int pvmi_active_renew_send(int encoding);

/* A receive has got buf, which has an id: it is the active one. */
void pvmi_active_received(struct pvmi_msgbuf *buf);

/* Frees the active receive buffer in the usual case; false when that needs a closer look, and nothing was done. */
bool pvmi_active_drop_receive(void);

/* buf is freed: it is active nowhere. */
void pvmi_active_freed(const struct pvmi_msgbuf *buf);

/*
 * What is active here, to be put back after a function of the program has run in between. A buffer that was freed
 * meanwhile is active no more. The caller only keeps it.
 */
struct pvmi_active {
    unsigned process;    /* a child after fork() has none of its parent's */
    struct pvmi_active_one {
        int id;
        uint32_t generation;
        bool own;    /* this thread once made a buffer of this kind active, or none */
    } send, receive;
};

void pvmi_active_save(struct pvmi_active *ret_active);
void pvmi_active_restore(const struct pvmi_active *active);

/* The calling thread enrols: its active buffers are those of threads without own ones. Only the first call
 * counts; without one, the first thread that makes a buffer active takes this place. */
void pvmi_active_enrolled(void);

/* None is active any more, and the place of the thread that enrolled is free. */
void pvmi_active_after_fork(void);

/* ---- life ---- */

/* A new empty buffer, with an id. Returns PvmOk, PvmBadParam (encoding), PvmNoMem. */
int pvmi_msgbuf_new(int encoding, struct pvmi_msgbuf **ret_buf);

/* An id is an index. The last one freed is used first, so programs see small numbers, as in PVM 3. */
struct pvmi_msgbuf_id {
    struct pvmi_msgbuf *buf;    /* NULL when free */
    uint32_t generation;
    int next_free;              /* 0 ends the list */
};

extern struct pvmi_msgbuf_id *pvmi_msgbuf_ids;
extern int pvmi_msgbuf_id_count;    /* that were ever used, 0 included */

/* The buffer of id, or NULL. */
static inline struct pvmi_msgbuf *pvmi_msgbuf_find(int id)
{
    return id > 0 && id < pvmi_msgbuf_id_count ? pvmi_msgbuf_ids[id].buf : NULL;
}

/* How often buffers of this id were freed: an active id counts for one of these lives only. */
static inline uint32_t pvmi_msgbuf_generation(int id)
{
    return id > 0 && id < pvmi_msgbuf_id_count ? pvmi_msgbuf_ids[id].generation : 0;
}

/* The same as freeing buf and making a new one: it has another id and nothing in it. False when it is still needed as it
 * is, or there is no room for an id: nothing was done. */
bool pvmi_msgbuf_renew(struct pvmi_msgbuf *buf, int encoding);

/* Frees it, unlinks it from its queue and takes its id away. It is active nowhere then. NULL is fine. */
void pvmi_msgbuf_free(struct pvmi_msgbuf *buf);

/*
 * ---- for arriving messages ----
 * An empty buffer for a message with this header, not yet visible to the program: it gets its id by publish().
 * arriving_head() does the same for a message through the arena, arriving_short() with a block in which the caller puts all
 * of a short body.
 * fill() copies in the next frame's bytes; left is what the message lacks, these included. The body grows as it
 * comes: a length that a sender announces and never sends costs no memory.
 *
 * arriving() returns PvmOk, PvmBadMsg (unknown encoding or format), PvmNoMem; fill() and publish() PvmOk or PvmNoMem,
 * and then the buffer is as before.
 */
int pvmi_msgbuf_arriving(const struct pvmi_frame_header *header, struct pvmi_msgbuf **ret_buf);
int pvmi_msgbuf_arriving_head(const struct pvmi_shm_head *head, int32_t src, struct pvmi_msgbuf **ret_buf);
int pvmi_msgbuf_arriving_short(const struct pvmi_shm_head *head, int32_t src, size_t length,
                               struct pvmi_msgbuf **ret_buf);
int pvmi_msgbuf_fill(struct pvmi_msgbuf *buf, const void *data, size_t length, uint64_t left);
int pvmi_msgbuf_publish(struct pvmi_msgbuf *buf);

/* ---- for sending ---- */

/* A send may wait, and other threads go on: buf and its blocks stay until the last unpin, although it may lose
 * its id meanwhile. */
void pvmi_msgbuf_pin(struct pvmi_msgbuf *buf);
void pvmi_msgbuf_unpin(struct pvmi_msgbuf *buf);

/* No later pack may extend what is there: receivers may be reading it. */
void pvmi_msgbuf_seal(struct pvmi_msgbuf *buf);

/* The same for a message through the arena: encoding, format, raw_type, wid. */
static inline void pvmi_msgbuf_head(const struct pvmi_msgbuf *buf, struct pvmi_shm_head *ret_head)
{
    ret_head->encoding = (uint8_t)(buf->encoding == PvmDataInPlace ? PVMI_ENCODING_RAW : buf->encoding);
    ret_head->format = (uint8_t)buf->format;
    ret_head->raw_type = (uint8_t)buf->raw_type;
    ret_head->wid = buf->wid;
}

/* Fills kind, encoding, format, flags, wid, message_length of a DATA frame's header; the rest is the sender's. */
void pvmi_msgbuf_header(const struct pvmi_msgbuf *buf, struct pvmi_frame_header *ret_header);

/* Copies length bytes of the body from offset, as they go on the wire (in place: from the program's data). */
void pvmi_msgbuf_read(const struct pvmi_msgbuf *buf, uint64_t offset, void *to, size_t length);

/* What pvm_getminfo() shows as its encoding. */
int pvmi_msgbuf_enc(const struct pvmi_msgbuf *buf);

/* ---- for packing and unpacking, also by the library itself (notices, output, group data) ---- */

/* Starts unpacking from the first byte. */
static inline void pvmi_msgbuf_rewind(struct pvmi_msgbuf *buf)
{
    buf->cursor = (struct pvmi_cursor){ .block = buf->first };
    buf->unpacking = true;
}

/*
 * Makes buf one that can be packed into: an arrived body is copied first, its numbers then as this machine
 * stores them. Returns PvmOk, PvmNoMem, PvmBadMsg (a damaged body, or raw data of another kind of machine);
 * buf is as before on failure.
 */
int pvmi_msgbuf_own(struct pvmi_msgbuf *buf);

/* The body of buf, typed or raw but not in place, as this machine stores it: encoding, first, last, length,
 * xdr_length and the open section of ret_copy. Its chain of blocks is the caller's. PvmOk, PvmNoMem, PvmBadMsg. */
int pvmi_msgbuf_copy(const struct pvmi_msgbuf *buf, struct pvmi_msgbuf *ret_copy);

/* Room behind what is packed: at least needed bytes (few) in one piece in buf->last, in a new block if
 * possible wanted bytes. PvmOk or PvmNoMem. */
int pvmi_msgbuf_room(struct pvmi_msgbuf *buf, size_t needed, uint64_t wanted);

/* A block more at the end, with the bytes that it holds. */
void pvmi_msgbuf_append(struct pvmi_msgbuf *buf, struct pvmi_block *block);

/* In place: an empty block at the end whose bytes are the program's, from data on. PvmOk or PvmNoMem. */
int pvmi_msgbuf_append_outside(struct pvmi_msgbuf *buf, const uint8_t *data);

/* What PVM 3 would give as the length of the body: of typed sections the XDR count, else the bytes. */
uint64_t pvmi_msgbuf_xdr_length(struct pvmi_msgbuf *buf);

/* The same as the pvm_pk and pvm_upk functions, on a given buffer. type is PVMI_TYPE_*, size that of an item
 * in memory, stride in items. A pack that fails has packed nothing. */
int pvmi_pack_items(struct pvmi_msgbuf *buf, int type, const void *data, size_t size, int count, int stride);
int pvmi_unpack_items(struct pvmi_msgbuf *buf, int type, void *data, size_t size, int count, int stride);

/* Frees the memory that is kept for the next messages. */
void pvmi_msgbuf_trim(void);

/* All buffers and ids of this process are gone: a child after fork(). */
void pvmi_msgbuf_after_fork(void);

#endif
