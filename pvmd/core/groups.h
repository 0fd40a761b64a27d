/* SPDX-License-Identifier: BSD-3-Clause */
/* What tasks ask of groups; requests that wait: barrier, freeze. */
#ifndef PVMD_CORE_GROUPS_H
#define PVMD_CORE_GROUPS_H

#include "pvmd/core/core.h"

struct asker;
struct group;

void groups_request(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg);
/* tid is no member of group any more: it has ended, or left. */
void groups_member_gone(struct core *core, const struct group *group, int32_t tid, bool ended);
void groups_free_all(struct core *core);

#endif
