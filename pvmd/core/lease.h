/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases: at the orderer, which groups are lent to the hosts of their members, who then pass barriers of all members
 * among themselves (team.h), and know who is a member without asking.
 *
 *   NONE --a barrier of all members is complete, or they were asked for again--> GRANTING
 *   GRANTING --each host has made its team, or refused--> GRANTED (else REVOKING); the barrier ends now
 *   GRANTED --a request that changes the group or is no barrier of all; a member has ended--> REVOKING
 *   REVOKING --each host has given back who waits there, and the team--> NONE; those requests are served now
 *
 * So nothing of a group changes while it is lent, but for the death of a member. In GRANTED a barrier goes without the
 * orderer when all members are on one host; else each host tells it once that its members have arrived.
 */
#ifndef PVMD_CORE_LEASE_H
#define PVMD_CORE_LEASE_H

#include "pvmd/core/core.h"

struct asker;
struct group;
struct group_wait;

/* A barrier of all members is complete, done, or (NULL) somebody has asked for them: true when the group is being lent.
 * Then done belongs to the lease, which ends it by groups_passed(). */
bool lease_offer(struct core *core, const struct group *group, struct group_wait *done);

/* True: the request waits until the group is not lent any more. */
bool lease_defers(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg);

/* A task that waits in round of a team: its barrier is complete (true), or it waits for ret_needed members. */
bool lease_passed(struct core *core, const struct pvmi_msg_group *msg, const struct group *group,
                  int32_t *ret_needed);

/* The members of group are others now; tid has ended, or (0) none has. */
void lease_changed(struct core *core, const struct group *group, int32_t tid);

void lease_on_report(struct core *core, int host, const struct pvmi_msg_lease_report *msg);
void lease_task_gone(struct core *core, int32_t tid);
void lease_host_gone(struct core *core, int number);
void lease_free_all(struct core *core);

#endif
