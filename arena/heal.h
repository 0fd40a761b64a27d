/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What pvmd does when a task has ended: nobody else ends a slot.
 *
 * First, once the process has gone and none of its stores can come any more, pvmi_heal_dead(): the slot is DEAD. From
 * then on what it held counts as released, a cell that it left BUSY is free, and nobody sends to it. For what it may not
 * have finished pvmd does it: the request for a ring that it had opened, the bell for a cell that it had filled, the
 * wake-up for all to whom it had sent. What it had published arrives.
 *
 * Then, as often as something may have changed, pvmi_heal_sweep(): a dead task's window is still needed while a living
 * one has not left a ring of it, has a record of it in the inbox, or lists a block of it, looked at in this order, for
 * receivers list a block before they move on. When none does, its memory goes, its budget comes back, and the slot is
 * free with the next generation.
 *
 * All that pvmd reads in the arena is checked, and every walk bounded: a task gone mad costs its own slot.
 */
#ifndef PVMI_ARENA_HEAL_H
#define PVMI_ARENA_HEAL_H

#include "arena/slot.h"

/* Slot belongs to a task that needs a poke through its socket: pvmi_wake_peer() said so. */
typedef void (*pvmi_heal_poke)(void *user, uint32_t slot);

/*
 * The task of slot has ended, or will never claim it; daemon is slot 0. Safe to repeat. Returns PvmOk, or PvmNoMem: then
 * call it again later.
 */
int pvmi_heal_dead(struct pvmi_self *daemon, uint32_t slot, pvmi_heal_poke poke, void *user);

/* Frees the slots of the dead that nobody needs any more. Returns how many are left. */
uint32_t pvmi_heal_sweep(struct pvmi_self *daemon);

/* Counts anew who is awake. After deaths. */
void pvmi_heal_recount(struct pvmi_arena *arena);

#endif
