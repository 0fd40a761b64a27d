/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages between tasks of one host, through the arena: whole messages, not frames. A message is one record in a ring
 * or an inbox: a head, and behind it the body where that is short, else where the body lies in the sender's window. The
 * receiver reads it there, so nothing is copied on the way, and the same body may be sent to many.
 *
 *      sender                                       receiver
 *      body in blocks of shm->heap (shm->lend)      pvmi_shm_next()      what has come next, looked at
 *      pvmi_shm_connect()   who is it               pvmi_shm_read()      a short body, copied
 *      pvmi_shm_send()      a short body            or hold it: pvmi_hold_reserve(), pvmi_hold_add() over shm->holds
 *      pvmi_shm_lend()      a chain of blocks       pvmi_shm_pass()      on to the one behind
 *
 * Between two tasks records stay in order, but for the first few, which go by the inbox: messages bear numbers. Which
 * task sends by which route, and the order of all routes together, is decided above (libpvm/route, libpvm/arrive).
 *
 * Nothing here waits. send() and lend() never find a receiver full; what they may lack is the sender's own memory.
 */
#ifndef PVMI_TRANSPORT_SHM_H
#define PVMI_TRANSPORT_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena/block.h"
#include "arena/inbox.h"
#include "arena/ring.h"
#include "arena/wake.h"
#include "base/list.h"

/* What stands before the body of each message. Both ends are machines of one kind: it is copied as it is. */
struct pvmi_shm_head {
    uint32_t message;    /* number of the message from its source to this task over all routes, from 1 */
    int32_t tag;
    int32_t ctx;
    uint32_t wid;
    uint8_t encoding;    /* these three as in struct pvmi_frame_header */
    uint8_t format;
    uint8_t raw_type;
    uint8_t lent;        /* behind it stands not the body but struct pvmi_shm_lent */
};

struct pvmi_shm_lent {
    uint64_t position;    /* of the first block */
    uint64_t length;      /* bytes of the body */
    uint32_t index;       /* of the receiver's word in that block */
    uint32_t single;      /* there is no other block, and it has the bytes itself */
};

#define PVMI_SHM_IN_ROW_MAX 16    /* records of one sender, while others have some, too */
/* Bytes of a short body. A record has room for twice as many; but from about here on to 1 KiB, as processors are near or far
 * from each other, two more copies cost more than a block that comes back. */
#define PVMI_SHM_SHORT_MAX ((size_t)768)

/* Asks the daemon to poke the task of that name, which sleeps where only its socket wakes it. */
typedef void pvmi_shm_poke_fn(void *user, uint32_t name);

/* Somebody's ring to this task. */
struct pvmi_shm_ring {
    struct pvmi_ring_in in;
    int32_t src;      /* tid */
    bool ended;       /* the sender is dead: what it had sent is still to be read */
    void *source;     /* the caller's, see struct pvmi_shm_arrival */
};

/* This task's side of all of it. */
struct pvmi_shm {
    struct pvmi_self *self;
    struct pvmi_heap heap;
    struct pvmi_lend lend;         /* bodies on their way out lie in blocks of this */
    struct pvmi_holds holds;       /* bodies that this task reads in place */
    struct pvmi_inbox inbox;
    pvmi_shm_poke_fn *poke;
    void *user;
    struct pvmi_list peers;        /* struct pvmi_shm_peer */
    struct pvmi_shm_ring **rings;  /* open ones */
    uint32_t ring_count;
    uint32_t ring_room;
    uint32_t turn;                 /* whose record is next: a ring, or with ring_count the inbox */
    uint32_t in_row;               /* records of that since its turn began */
    bool once_more;                /* somebody has died: all rings are to be looked at again */
    struct pvmi_shm_ring *at;      /* where the record that was got lies; NULL: in here */
    uint8_t from_inbox[PVMI_INBOX_BYTES];
    void *inbox_source;
};

/* A task that this one sends to. */
struct pvmi_shm_peer {
    struct pvmi_list link;
    struct pvmi_shm *shm;
    uint32_t name;
    uint32_t woken;                /* see wake.h */
    uint32_t sent;                 /* records by its inbox */
    struct pvmi_ring_out out;      /* out.ring NULL: there is none yet */
};

/*
 * Joins with the claimed slot *self, which has to stay where it is. Returns PvmOk, PvmNoMem.
 */
int pvmi_shm_open(struct pvmi_self *self, pvmi_shm_poke_fn *poke, void *user, struct pvmi_shm **ret_shm);

/* Leaves: rings to this task are read no more, those of this task can be read on. All blocks were given back before
 * or are known no more. NULL is fine. */
void pvmi_shm_close(struct pvmi_shm *shm);

/* A child after fork() has none of the memory: frees what is private. NULL is fine. */
void pvmi_shm_after_fork(struct pvmi_shm *shm);

/* ---- sending (shm_send.c) ---- */

/* The task tid as a receiver. Returns PvmOk; PvmNoTask (not here, or not yet), PvmNoMem. */
int pvmi_shm_connect(struct pvmi_shm *shm, int32_t tid, struct pvmi_shm_peer **ret_peer);

/* Forgets it; what it has not read yet stays there for it. */
void pvmi_shm_disconnect(struct pvmi_shm_peer *peer);

/* Whether it is still there: to be asked before each message. */
static inline bool pvmi_shm_lives(const struct pvmi_shm_peer *peer)
{
    return pvmi_slot_lives(peer->shm->self->arena, peer->name);
}

/*
 * Sends a message with a body of length bytes, PVMI_SHM_SHORT_MAX at most. Returns PvmOk; PvmNoMem when the own window
 * cannot grow, and nothing was sent.
 */
int pvmi_shm_send(struct pvmi_shm_peer *peer, struct pvmi_shm_head *head, const void *body, size_t length);

#define PVMI_SHM_ONE_MAX (PVMI_RING_CELL_BYTES - sizeof(struct pvmi_shm_head))    /* bytes of a body that fits a cell */

/* The same for such a one, whose head the caller writes where begin() says; NULL: nothing was done. */
static inline struct pvmi_shm_head *pvmi_shm_one_begin(struct pvmi_shm_peer *peer)
{
    return (struct pvmi_shm_head *)(void *)pvmi_ring_one_begin(&peer->out);
}

static inline void pvmi_shm_one_end(struct pvmi_shm_peer *peer, struct pvmi_shm_head *head, const void *body,
                                    size_t length)
{
    struct pvmi_shm *shm = peer->shm;

    pvmi_ring_copy_few((uint8_t *)(head + 1), (const uint8_t *)body, length);
    pvmi_ring_one_end(&peer->out, sizeof(*head) + length);
    if (pvmi_wake_peer(shm->self, pvmi_name_slot(peer->name), &peer->woken) == PVMI_WOKEN_POKE)
        shm->poke(shm->user, peer->name);
}

/*
 * Sends a message whose body are the first length bytes of the chain of own blocks at position. Returns PvmOk; PvmNoMem,
 * and nothing was sent.
 */
int pvmi_shm_lend(struct pvmi_shm_peer *peer, struct pvmi_shm_head *head, uint64_t position, uint64_t length);

/* ---- receiving (shm_receive.c) ---- */

/* A message that is there. */
struct pvmi_shm_arrival {
    struct pvmi_shm_head head;
    struct pvmi_shm_lent lent;    /* position 0: it is a short one, of lent.length bytes */
    int32_t src;                  /* tid */
    uint32_t sender;              /* name */
    void **source;                /* the caller may keep what it knows of this source here; NULL at first */
};

/*
 * The next message of anybody: a few of one, then of the others. It stays the next until pvmi_shm_pass(). Returns PvmOk;
 * PVMI_AGAIN when all was looked at once and there is none; PvmNoMem (something cannot be mapped now: try again later).
 */
int pvmi_shm_next(struct pvmi_shm *shm, struct pvmi_shm_arrival *ret_arrival);

/* Copies the body of a short one. */
void pvmi_shm_read(const struct pvmi_shm *shm, void *to, size_t length);

/* On to the one behind; what the record refers to was listed before (pvmi_hold_add()). */
void pvmi_shm_pass(struct pvmi_shm *shm);

/* Whether there may be something: a load for each ring and a line more. */
bool pvmi_shm_ready(const struct pvmi_shm *shm);

#endif
