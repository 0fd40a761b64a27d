/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups as the log makes them. */
#ifndef PVMD_CORE_STATE_GROUPS_H
#define PVMD_CORE_STATE_GROUPS_H

#include "pvmd/core/core.h"

struct state;

struct group_member {
    struct pvmi_list link;    /* in order of instance */
    int32_t tid;
    int32_t instance;
};

struct group {
    struct pvmi_list link;    /* in state.groups, in order of creation */
    char *name;
    int32_t frozen;
    int32_t count;
    struct pvmi_list members;
};

struct group *group_find(const struct state *state, const char *name);
struct group_member *group_member_find(const struct group *group, int32_t tid);
/* Apply a command; each gives PvmOk or PvmNoMem. */
int state_group_join(struct core *core, const char *name, int32_t tid);
void state_group_leave(struct core *core, const char *name, int32_t tid);
void state_group_freeze(struct core *core, const char *name, int32_t size);
void state_task_gone(struct core *core, int32_t tid);
void state_groups_without_host(struct core *core, int number);
int state_group_restore(struct core *core, const struct pvmi_rec_group *rec);
void group_free(struct group *group);
bool group_any_of(const struct state *state, int32_t tid);    /* tid is in a group */

#endif
