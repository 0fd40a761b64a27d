/* SPDX-License-Identifier: BSD-3-Clause */
/* Teams (arena/team.h) of simulated hosts: members arrive in their seats, and pass when all have, or when their daemon's
 * core says so; whoever waits when a team is sealed is handed to the core. */
#ifndef SIM_TEAM_H
#define SIM_TEAM_H

#include "tests/sim/node.h"

struct actor;

/* TEAM_MAKE, TEAM_SEAL, TEAM_RELEASE. */
void team_act(struct node *node, const struct core_action *action);

/* Actor was told of its seat. */
void team_told(struct actor *actor, int group, const struct pvmi_msg_team *msg);

/* Actor calls a barrier of group by request id, with count or (-1) the present size. False: it is to ask its daemon. */
bool team_arrive(struct actor *actor, int group, uint32_t id, int count);

#endif
