/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * This task's place in the memory that the tasks of its host share (arena/arena.h): pvmi_task.arena and
 * pvmi_task.self_slot. The daemon offers a slot with the enrolment; where there is none, or it cannot be mapped here,
 * pvmi_task.arena stays NULL and all messages go by the daemon.
 *
 * For senders: a slot is RESERVED before its task has claimed it, and may stay so (a program that has not enrolled yet, or
 * cannot map the arena). Nobody reads its inbox then: send by the arena to those that are ALIVE alone
 * (pvmi_slot_claimed()), else by the daemon, which keeps messages for tasks that are about to come. Once claimed, a slot
 * is read until its task ends, whatever else fails here.
 */
#ifndef PVMI_LIBPVM_WINDOW_H
#define PVMI_LIBPVM_WINDOW_H

#include "wire/control.h"

/*
 * What this process has inherited (PVM_SLOT in the environment, arena/handover.h): claims the slot and maps the arena.
 * Returns PvmOk with a connection to the daemon in which "enrolled" lies already, the caller's; PvmNotFound: there is
 * nothing, or another process has it: enrol by the socket.
 */
int pvmi_window_inherit(int *ret_fd);

/* What the daemon offers; fd, the arena's descriptor (-1 when it was lost), becomes ours. Kept until it is opened. */
void pvmi_window_offer(const struct pvmi_msg_arena *offer, int fd);

/* Enrolled: maps it, claims the slot, and sends and receives through it from now on. A refusal is a line in the log, no
 * error. Returns PvmOk; PvmNoMem: it is claimed but cannot be read, so the enrolment must end. */
int pvmi_window_open(void);

/* From now on nothing of ours is stored there: before "leave", and at the end of the enrolment. Safe to repeat. */
void pvmi_window_close(void);

/* In a child, which has none of the parent's mappings. */
void pvmi_window_after_fork(void);

#endif
