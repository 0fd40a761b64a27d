/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots: whose window is it. The life word of a slot (layout.h) says so, with a generation, and changes by
 * compare-and-swap alone; nobody but pvmd ends a task's slot, and only after the process has gone: then no store of
 * its comes any more.
 *
 * A task whose window is full claims a free slot for itself, and so on: its messages may be larger than a window.
 */
#ifndef PVMI_ARENA_SLOT_H
#define PVMI_ARENA_SLOT_H

#include "arena/arena.h"

/* This process's slot. */
struct pvmi_self {
    struct pvmi_arena *arena;
    uint32_t slot;
    uint32_t generation;
    uint32_t name;
    struct pvmi_slot_page *control;
    struct pvmi_state_line *state;
    struct pvmi_bell *bell;
    uint32_t state_word;    /* as last stored by ourselves: wake.h */
    uint32_t mail;          /* the bell's when the socket was last looked at: wake.h */
    uint64_t again_us;      /* in a long sleep it looks again so often, 0 never: wake.h */
    bool away;              /* not counted as awake */
    bool displaced;         /* woken by one whose processor we have taken: wake.h */
    bool fence;             /* membarrier of others does not reach us: each of our sends needs a fence */
    bool barrier;           /* we may call membarrier */
};

/*
 * pvmd: takes a free slot for a task that is about to start or has just come, with its tid and the number that it must
 * know to claim it. Slots are taken in turn, so that a generation comes round late.
 *
 * Returns PvmOk, PvmOutOfRes (none is free), PvmNoMem (no memory for its control page).
 */
int pvmi_slot_reserve(struct pvmi_arena *arena, int32_t tid, uint64_t nonce, uint32_t *ret_slot);

/*
 * The task: takes the slot that pvmd reserved for it. Of several that know the nonce, only the first gets it.
 *
 * Returns PvmOk; PvmDenied (not reserved, another nonce, claimed by another: enrol by the socket), PvmNoMem.
 */
int pvmi_slot_claim(struct pvmi_arena *arena, uint32_t slot, uint64_t nonce, struct pvmi_self *ret_self);

/*
 * pvmd: nobody can claim it any more. False when somebody has; true also when it has been revoked before.
 */
bool pvmi_slot_revoke(struct pvmi_arena *arena, uint32_t slot);

/* pvmd: slot 0, which is its own from the beginning. */
int pvmi_slot_daemon(struct pvmi_arena *arena, struct pvmi_self *ret_self);

/* More room for the heap of this task: a whole window. Returns PvmOk, PvmOutOfRes. */
int pvmi_slot_extend(struct pvmi_self *self, uint32_t *ret_slot);

/*
 * pvmd, for its walks: the next slot behind slot that may be somebody's, 0: none. It takes as long as there are such
 * slots, however many there could be.
 */
uint32_t pvmi_slot_next(const struct pvmi_arena *arena, uint32_t slot);

/* pvmd: slot is free again. */
void pvmi_slot_forget(struct pvmi_arena *arena, uint32_t slot);

/* The slot of the task tid on this host, if it has one. Returns PvmOk or PvmNoTask. */
int pvmi_slot_find(const struct pvmi_arena *arena, int32_t tid, uint32_t *ret_name);

/* The tid of the task with that name; 0 when it has gone. */
int32_t pvmi_slot_tid(const struct pvmi_arena *arena, uint32_t name);

/* Whether the task with that name is there and may get messages; asked before each. */
static inline bool pvmi_slot_lives(const struct pvmi_arena *arena, uint32_t name)
{
    uint32_t slot = pvmi_name_slot(name);
    uint32_t word;

    if (slot >= arena->slots)
        return false;
    word = atomic_load_explicit(&arena->life[slot], memory_order_acquire);
    return pvmi_life_generation(word) == pvmi_name_generation(name) && pvmi_life_of(word) != PVMI_LIFE_DEAD &&
           pvmi_life_of(word) != PVMI_LIFE_FREE;
}

/* Whether the task with that name is there and reads what is sent to it. One that is only reserved may never do so. */
static inline bool pvmi_slot_claimed(const struct pvmi_arena *arena, uint32_t name)
{
    uint32_t slot = pvmi_name_slot(name);
    uint32_t word = slot >= arena->slots ? 0 : atomic_load_explicit(&arena->life[slot], memory_order_acquire);

    return pvmi_life_generation(word) == pvmi_name_generation(name) && pvmi_life_of(word) == PVMI_LIFE_ALIVE;
}

/* The task that slot belongs to, as owner or as an extension; 0: none. Its generation is that of its own slot. */
uint32_t pvmi_slot_owner(const struct pvmi_arena *arena, uint32_t slot);

/* Whether the task of that name is dead and not yet drained: all that it sent is there, and nothing will follow. */
static inline bool pvmi_slot_ended(const struct pvmi_arena *arena, uint32_t name)
{
    uint32_t slot = pvmi_name_slot(name);
    uint32_t word = slot >= arena->slots ? 0 : atomic_load_explicit(&arena->life[slot], memory_order_acquire);

    return pvmi_life_generation(word) != pvmi_name_generation(name) || pvmi_life_of(word) == PVMI_LIFE_DEAD;
}

#endif
