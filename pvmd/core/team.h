/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Teams: the members of a group on this host, while the orderer has lent it the group (lease.h). io makes the memory that
 * they share and seals it; here is what the orderer and the tasks are told.
 *
 *   GRANT --TEAM_MAKE--> MAKING --TEAM_MADE--> OPEN, each member is told, GRANTED      (or REFUSED)
 *   REVOKE --TEAM_SEAL--> SEALING --TEAM_SEALED--> each who waits asks as PVMI_GROUP_ARRIVED, RETURNED
 */
#ifndef PVMD_CORE_TEAM_H
#define PVMD_CORE_TEAM_H

#include "pvmd/core/core.h"

struct task;

void team_on_lease(struct core *core, const struct pvmi_msg_lease *msg);    /* from the orderer */
void team_on_made(struct core *core, const struct core_event *event);
void team_on_sealed(struct core *core, const struct core_event *event);
void team_arrived(struct core *core, const struct task *task, const struct pvmi_msg_team_arrived *msg);
void team_free_all(struct core *core);

#endif
