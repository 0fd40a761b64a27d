/* SPDX-License-Identifier: BSD-3-Clause */
/* What a task does with the mailbox, and what must be true of the answers. */
#ifndef SIM_ACTOR_MAILBOX_H
#define SIM_ACTOR_MAILBOX_H

#include "tests/sim/actor.h"

/* One thing, unless it waits for an answer about the mailbox. */
void actor_mailbox(struct actor *actor);

/* Asks what is there, in the calm: the answer must be exact. */
void actor_mailbox_list(struct actor *actor);

/* An answer to request; a piece or the end of what it found. */
void actor_mailbox_answered(struct actor *actor, struct request *request, const struct pvmi_msg_answer *msg);
void actor_mailbox_found(struct actor *actor, struct request *request, const struct pvmi_msg_mailbox_found *msg);

/* A reader may wait for ever. */
bool actor_mailbox_waits(const struct request *request);

#endif
