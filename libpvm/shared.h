/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies in the arena: those of this task's messages, in its own window, and those that it has received and reads where
 * the sender has packed them. Above they are blocks like all others (libpvm/block).
 *
 * What was sent stays where it is until all receivers have released it, whatever becomes of the buffer here.
 */
#ifndef PVMI_LIBPVM_SHARED_H
#define PVMI_LIBPVM_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "libpvm/block.h"
#include "transport/shm.h"

struct pvmi_msgbuf;

/* This task's side of the arena; NULL: it has none. */
extern struct pvmi_shm *pvmi_shared;

/* An empty block in the own window with room for capacity bytes or more; NULL when there is no arena, or no room. */
struct pvmi_block *pvmi_shared_new(size_t capacity);

/* Writing into blocks of that capacity is dear: messages are spread over more of them from now on, within limits. */
void pvmi_shared_spread(size_t capacity);

/* Frees a block of the arena, and of a chain that was sent those behind that belong to it. Returns what follows. */
struct pvmi_block *pvmi_shared_free(struct pvmi_block *block);

/* Frees what is kept for the next messages. */
void pvmi_shared_trim(void);

/*
 * Makes the body of buf one that can be lent: *ret_position is its chain's. Where it does not wholly lie in the own
 * window, that is a copy, or refers to the program's memory (libpvm/refer), to be dropped when it has been sent
 * (pvmi_lend_drop()): *ret_copied. Returns PvmOk, PvmNoMem.
 */
int pvmi_shared_prepare(const struct pvmi_msgbuf *buf, uint64_t *ret_position, bool *ret_copied);

/* After that, when no copy was made: notes whether somebody was told of it. */
void pvmi_shared_sent(const struct pvmi_msgbuf *buf);

/*
 * Takes the body of a message that is there into buf, which is empty: as blocks of the sender's, listed as held, or
 * copied, when the sender is dead. After it pvmi_shm_pass(). Returns PvmOk; PvmNoMem, and buf is as it was; PvmBadMsg.
 */
int pvmi_shared_take(struct pvmi_msgbuf *buf, const struct pvmi_shm_arrival *arrival);

/* The same for a body that nobody wants: it is released. Returns PvmOk, PvmNoMem. */
int pvmi_shared_refuse(const struct pvmi_shm_arrival *arrival);

/* The task has that slot: from now on messages go through the arena. Returns PvmOk, PvmNoMem. */
int pvmi_shared_join(struct pvmi_self *self, pvmi_shm_poke_fn *poke);

/* Before the task leaves the arena: all bodies become copies, and nothing comes or goes by it any more. Those for which
 * there is no memory are lost: they read as zeros. */
void pvmi_shared_leave(void);

/* A child after fork(): none of it is there. */
void pvmi_shared_after_fork(void);

#endif
