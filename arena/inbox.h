/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inbox: the first records of whoever has no ring yet. 64 cells in the control page of the receiver.
 *
 * The word of a cell is FREE, BUSY or FULL, with the names of the sender and the generation of the receiver that it
 * means. A sender claims any free cell by compare-and-swap, writes its record, stores FULL with release, and sets the
 * cell's bit in the receiver's bell. Who is killed before FULL has sent nothing: the cell says whose it is, and the
 * receiver frees it once that task is dead. Who is killed between FULL and the bit is finished by pvmd, which rings
 * "sweep". A cell that is BUSY has no bit: it is skipped, and returned to when it has.
 *
 * Cells have no order among each other: messages bear numbers (wire/frame.h), and libpvm/arrive puts them in order, as
 * it does between this and rings.
 *
 * A sender that finds no free cell, or has sent a few records, opens a ring and sets its bit in the request map.
 *
 * What a sender writes to a slot whose task died meanwhile bears the old generation, and the next one throws it away.
 */
#ifndef PVMI_ARENA_INBOX_H
#define PVMI_ARENA_INBOX_H

#include "arena/slot.h"

enum pvmi_inbox_state { PVMI_INBOX_FREE, PVMI_INBOX_BUSY, PVMI_INBOX_FULL };

/* A cell's word: state (2), slot of the sender (14), its generation (16), generation of the receiver (16). */
static inline uint64_t pvmi_inbox_word(enum pvmi_inbox_state state, uint32_t sender, uint32_t receiver)
{
    return (uint64_t)pvmi_name_generation(receiver) << 32 | (uint64_t)pvmi_name_generation(sender) << 16 |
           pvmi_name_slot(sender) << 2 | (uint64_t)state;
}

static inline enum pvmi_inbox_state pvmi_inbox_state_of(uint64_t word)
{
    return (enum pvmi_inbox_state)(word & 3);
}

static inline uint32_t pvmi_inbox_sender_of(uint64_t word)
{
    return pvmi_name((uint32_t)(word >> 2) & 0x3fff, (uint32_t)(word >> 16) & 0xffff);
}

/* ---- the sender's side ---- */

/*
 * Puts a record of size bytes (at most PVMI_INBOX_BYTES) into the inbox of the task receiver, which lives. The caller
 * wakes it afterwards. Returns PvmOk; PVMI_AGAIN when no cell is free: open a ring; PvmNoMem when its control page
 * cannot be mapped.
 */
int pvmi_inbox_put(struct pvmi_self *self, uint32_t receiver, const void *bytes, size_t size);

/* "I have a ring to you." Returns PvmOk or PvmNoMem. Also by pvmd for a sender that was killed before it could. */
int pvmi_inbox_request(struct pvmi_arena *arena, uint32_t sender, uint32_t receiver);

/* ---- the receiver's side ---- */

struct pvmi_inbox {
    struct pvmi_self *self;
    uint64_t pending;                /* cells to look at */
    uint64_t asking;                 /* bits of the request map's summary to look at */
    uint64_t askers;                 /* senders in the word of the map that is being looked at */
    uint32_t askers_at;              /* index of that word */
    uint32_t words_left;             /* of the four under the bit of asking */
    int cell;                        /* that was got and not yet passed; -1 none */
};

void pvmi_inbox_init(struct pvmi_inbox *inbox, struct pvmi_self *self);

/* Whether something may be there: three loads of one line. */
static inline bool pvmi_inbox_ready(const struct pvmi_inbox *inbox)
{
    const struct pvmi_bell *bell = inbox->self->bell;

    return (inbox->pending | inbox->asking | inbox->askers | inbox->words_left) != 0 ||
           (atomic_load_explicit(&bell->full, memory_order_acquire) |
            atomic_load_explicit(&bell->requests, memory_order_acquire)) != 0 ||
           atomic_load_explicit(&bell->sweep, memory_order_acquire) != 0;
}

/*
 * Copies a record to ret_bytes[PVMI_INBOX_BYTES]. It stays until pvmi_inbox_advance(): before that, list what it refers
 * to. Returns PvmOk, or PVMI_AGAIN when there is none. ret_sender is the name of who sent it, dead or alive.
 */
int pvmi_inbox_get(struct pvmi_inbox *inbox, void *ret_bytes, size_t *ret_size, uint32_t *ret_sender);

void pvmi_inbox_advance(struct pvmi_inbox *inbox);

/*
 * The next sender that has opened a ring to us, if it is not one that we have already. Returns PvmOk or PVMI_AGAIN. A
 * ring that cannot be mapped now is asked for again with pvmi_inbox_request(arena, sender, own name).
 */
int pvmi_inbox_next_request(struct pvmi_inbox *inbox, uint32_t *ret_sender);

/*
 * True once after somebody has died that may have left something: then look at each open ring for an end
 * (pvmi_ring_ended()); inbox and requests have been swept.
 */
bool pvmi_inbox_swept(struct pvmi_inbox *inbox);

#endif
