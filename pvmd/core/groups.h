/* SPDX-License-Identifier: BSD-3-Clause */
/* What tasks ask of groups; requests that wait: barrier, freeze. */
#ifndef PVMD_CORE_GROUPS_H
#define PVMD_CORE_GROUPS_H

#include "pvmd/core/core.h"

struct asker;
struct group;
struct group_wait;

void groups_request(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg);
/* tid is no member of group any more: it has ended, or left. */
void groups_member_gone(struct core *core, const struct group *group, int32_t tid, bool ended);
void groups_free_all(struct core *core);
/* The tids of the members by instance, 0 for a hole; to be freed. NULL when there is no memory. */
int32_t *group_tids(struct core *core, const struct group *group, uint32_t *ret_count);

/* ---- for lease.c ---- */

/* All who wait in wait have passed the barrier: tells them, and frees it. */
void groups_passed(struct core *core, struct group_wait *wait);
void groups_wait_free(struct group_wait *wait);    /* tells nobody */
/* The group is lent to nobody any more, and who waited there waits here: tid has ended meanwhile, if it is not 0. */
void groups_lease_over(struct core *core, const char *name, int32_t tid);

#endif
