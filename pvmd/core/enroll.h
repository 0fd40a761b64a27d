/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Programs that become tasks.
 *
 * By the socket: "enroll", which may claim the tid of a spawned task, is answered with "enrolled".
 *
 * By the door: a spawned process inherits a connection in which "enrolled" lies already, and a slot in shared memory
 * that only one process can claim. It takes both and says "enroll", which is not answered. What is not that process (a
 * program below a shell script) or has lost its descriptors comes by the socket: its claim holds if nobody has the slot,
 * and nobody can get it any more, which io finds out (TASK_REVOKE, REVOKED).
 */
#ifndef PVMD_CORE_ENROLL_H
#define PVMD_CORE_ENROLL_H

#include "pvmd/core/core.h"

struct link;
struct task;

/* "enroll" has come on a link that is no task's. */
void enroll_request(struct core *core, struct link *link, const struct pvmi_msg_enroll *msg);
void enroll_on_revoked(struct core *core, const struct core_event *event);

/* What task, which is about to be started, finds in its connection; NULL when that cannot be made: then it has none. */
struct pvmi_frame *enroll_hello(struct core *core, const struct task *task);

/* A connection has come whose other end the process of that handle has inherited. False: it is not wanted. */
bool enroll_door_open(struct core *core, struct link *link, uint64_t handle);
void enroll_door_lost(struct core *core, struct link *link);    /* it has ended by itself */

/* Nobody is to become task any more: who waits to be it is another one. */
void enroll_forget(struct core *core, struct task *task);

#endif
