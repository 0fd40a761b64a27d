/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups as the log makes them. A group is there while it has members; one who joins gets the lowest free
 * instance. Whoever waits for the members is told by groups_member_gone(). */
#include "pvmd/core/state_groups.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/groups.h"
#include "pvmd/core/memory.h"
#include "wire/tid.h"

struct group *group_find(const struct state *state, const char *name)
{
    PVMI_LIST_EACH(node, &state->groups) {
        struct group *group = PVMI_CONTAINER(node, struct group, link);

        if (strcmp(group->name, name) == 0)
            return group;
    }
    return NULL;
}

struct group_member *group_member_find(const struct group *group, int32_t tid)
{
    PVMI_LIST_EACH(node, &group->members) {
        struct group_member *member = PVMI_CONTAINER(node, struct group_member, link);

        if (member->tid == tid)
            return member;
    }
    return NULL;
}

bool group_any_of(const struct state *state, int32_t tid)
{
    PVMI_LIST_EACH(node, &state->groups) {
        if (group_member_find(PVMI_CONTAINER(node, struct group, link), tid) != NULL)
            return true;
    }
    return false;
}

void group_free(struct group *group)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&group->members)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct group_member, link));
    pvmi_list_remove(&group->link);
    pvmi_free(group->name);
    pvmi_free(group);
}

static struct group *group_make(struct core *core, const char *name)
{
    struct group *group = core_alloc(core, sizeof(*group));

    if (group == NULL)
        return NULL;
    pvmi_list_init(&group->link);
    pvmi_list_init(&group->members);
    group->name = core_strdup(core, name);
    if (group->name == NULL) {
        pvmi_free(group);
        return NULL;
    }
    pvmi_list_push(&core->state.groups, &group->link);
    return group;
}

/* Members stand in order of instance, so the first one that is out of step shows the lowest hole. */
static int32_t lowest_free(const struct group *group, struct pvmi_list **ret_where)
{
    int32_t instance = 0;

    PVMI_LIST_EACH(node, &group->members) {
        if (PVMI_CONTAINER(node, struct group_member, link)->instance != instance) {
            *ret_where = node;
            return instance;
        }
        instance++;
    }
    *ret_where = (struct pvmi_list *)&group->members;
    return instance;
}

int state_group_join(struct core *core, const char *name, int32_t tid)
{
    struct group *group = group_find(&core->state, name);
    struct group_member *member;
    struct pvmi_list *where;

    if (group != NULL && (group->frozen > 0 || group_member_find(group, tid) != NULL))
        return PvmOk;
    member = core_alloc(core, sizeof(*member));
    if (member == NULL)
        return PvmNoMem;
    if (group == NULL)
        group = group_make(core, name);
    if (group == NULL) {
        pvmi_free(member);
        return PvmNoMem;
    }
    member->tid = tid;
    member->instance = lowest_free(group, &where);
    pvmi_list_insert(where, &member->link);
    group->count++;
    return PvmOk;
}

/* Whoever waits for the group is told while it is still there. */
static void member_remove(struct core *core, struct group *group, struct group_member *member, bool ended)
{
    int32_t tid = member->tid;

    pvmi_list_remove(&member->link);
    pvmi_free(member);
    group->count--;
    groups_member_gone(core, group, tid, ended);
    if (group->count == 0)
        group_free(group);
}

void state_group_leave(struct core *core, const char *name, int32_t tid)
{
    struct group *group = group_find(&core->state, name);
    struct group_member *member = group != NULL ? group_member_find(group, tid) : NULL;

    if (member != NULL)
        member_remove(core, group, member, false);
}

void state_group_freeze(struct core *core, const char *name, int32_t size)
{
    struct group *group = group_find(&core->state, name);

    if (group != NULL)
        group->frozen = size;
}

void state_task_gone(struct core *core, int32_t tid)
{
    PVMI_LIST_EACH(node, &core->state.groups) {
        struct group *group = PVMI_CONTAINER(node, struct group, link);
        struct group_member *member = group_member_find(group, tid);

        if (member != NULL)
            member_remove(core, group, member, true);
    }
}

/* In order of group and instance, so that every daemon does the same. */
void state_groups_without_host(struct core *core, int number)
{
    bool found = true;

    while (found) {
        found = false;
        PVMI_LIST_EACH(node, &core->state.groups) {
            struct group *group = PVMI_CONTAINER(node, struct group, link);

            PVMI_LIST_EACH(at, &group->members) {
                int32_t tid = PVMI_CONTAINER(at, struct group_member, link)->tid;

                if (pvmi_tid_host(tid) != number)
                    continue;
                state_task_gone(core, tid);
                found = true;
                break;
            }
            if (found)
                break;
        }
    }
}

int state_group_restore(struct core *core, const struct pvmi_rec_group *rec)
{
    struct group *group = group_make(core, rec->name != NULL ? rec->name : "");

    if (group == NULL)
        return PvmNoMem;
    group->frozen = rec->frozen;
    for (uint32_t i = 0; i < rec->members.n; i++) {
        struct group_member *member = core_alloc(core, sizeof(*member));

        if (member == NULL)
            return PvmNoMem;
        member->tid = rec->members.v[i].tid;
        member->instance = rec->members.v[i].instance;
        pvmi_list_push(&group->members, &member->link);
        group->count++;
    }
    return PvmOk;
}
