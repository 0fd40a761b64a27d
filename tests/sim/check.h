/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of the virtual machine, and the words for a trace. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "tests/sim/actor.h"
#include "tests/sim/node.h"

/* While it runs: nobody lives on who should have ended by now. Looks again every second. */
void check_watch(struct world *world);

/* A daemon ends itself. unasked: it says why. */
void check_stop(struct node *node, bool unasked);

/* The orderer has dropped it. */
void check_drop(const struct node *node);

/* The daemon ends a process; a launch has ended. */
void check_signal(const struct process *process);
void check_launch_end(const struct launch *launch, bool keep);

/* In the calm: faults are over, and everything that was under way has had its time. */
void check_calm(struct world *world);

/* After the questions of the calm have been asked: all have been answered. */
void check_answered(struct world *world);

/* All tasks have ended, the daemons live: nothing of them is left. */
void check_empty(struct world *world);

/* The machine has been halted, or its first host has died. */
void check_ended(struct world *world);

/* check_actor.c: what tasks were promised. */
void check_actors(struct world *world);

/* Host number is in the orderer's table. */
bool check_host_lives(struct world *world, int number);

/* Answers in the calm must be exact. */
void check_members(struct actor *actor, int group, const struct pvmi_ints *tids);
void check_tasks(struct actor *actor, const struct pvmi_msg_tasks *msg);
void check_hosts(struct actor *actor, const struct pvmi_msg_hosts *msg);

#endif
