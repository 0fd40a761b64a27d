/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that the tasks of this host share: the daemon's part of it. It makes the arena, gives each task its slot,
 * wakes who sleeps when there is something in its socket, and finishes for the dead (arena/heal.h).
 *
 *      reserve (before a start), admit (a task has come) --> has a slot --gone--> leaving, while its process may still
 *      store something --> dead, while somebody needs what it has sent --sweep--> free
 *
 * Where there can be no arena, one line of the log says why; all of this does nothing then, and the daemon carries all
 * messages.
 */
#ifndef PVMD_IO_ARENA_KEEPER_H
#define PVMD_IO_ARENA_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "pvmd/io/io.h"

/* Returns NULL when there is no memory. Without an arena it is there all the same. */
struct arena_keeper *arena_keeper_new(struct io *io);
void arena_keeper_free(struct arena_keeper *keeper);    /* NULL is fine */

/* A task is about to be started: reserves a slot for it, with what its process must know. False: it gets none. */
bool arena_keeper_reserve(struct io *io, int32_t tid, uint32_t *ret_slot, uint64_t *ret_nonce);

/* link is the connection that the process of tid has inherited. */
void arena_keeper_linked(struct io *io, int32_t tid, uint64_t link);

/* Process pid wants to be tid, and comes by the socket: true when nobody has claimed its slot but pid itself, which does
 * without it, and nobody can any more. */
bool arena_keeper_revoke(struct io *io, int32_t tid, int32_t pid);

/* link is of task tid from now on: gives it a slot, and sends slot and descriptor there before anything else. Without an
 * arena, a free slot or memory it sends nothing. */
void arena_keeper_admit(struct io *io, uint64_t link, int32_t tid);

/* tid is no task any more. said: it has left its slot itself. Else it may live on, and still store there: then the slot
 * waits for the end of its process. */
void arena_keeper_gone(struct io *io, int32_t tid, bool said);

/* Bytes were written to the socket of the task in slot, or it was closed. woken is the caller's memory of that task,
 * ARENA_NEVER_WOKEN at first. */
void arena_keeper_mail(struct io *io, uint32_t slot, uint32_t *woken);

#define ARENA_NEVER_WOKEN UINT32_MAX

/* The keeper is there: gives it what tasks inherit. */
void arena_keeper_start(struct io *io);

/* ---- for teams ---- */

struct pvmi_heap;

/* Memory that all tasks can reach, in the daemon's own slot. NULL: there is no arena. */
struct pvmi_heap *arena_keeper_heap(struct io *io);
uint32_t arena_keeper_name(struct io *io, int32_t tid);    /* of its slot; 0: it has none, or did not want it */
void arena_keeper_poke(void *io, uint32_t slot);           /* it sleeps over its socket: something is to come there */

#endif
