/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tasks ask of groups, decided by the orderer: changes become commands of the log, questions are
 * answered from the state, and barrier and freeze wait here until as many members have asked as the first one
 * said. When a member has ended and those that are left cannot make it, all who wait get PvmNoTask. While a group is lent
 * to the hosts of its members (lease.h), nobody waits here.
 */
#include "pvmd/core/groups.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/lease.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_groups.h"
#include "pvmd/core/state_hosts.h"

struct group_waiter {
    struct pvmi_list link;
    struct asker asker;
    int32_t tid;
};

struct group_wait {
    struct pvmi_list link;    /* in core.waits */
    char *group;
    int op;                   /* PVMI_GROUP_BARRIER or PVMI_GROUP_FREEZE */
    int32_t needed;
    int32_t waiting;
    bool present_size;        /* the first one asked for the present size: whoever leaves is missed, too */
    struct pvmi_list waiters;
};

static void answer_value(struct core *core, const struct asker *asker, int32_t value)
{
    asker_answer(core, asker, NULL, value);
}

static void no_memory(struct core *core, const struct asker *asker)
{
    asker_fail(core, asker, PvmNoMem, "%s has no memory for the request", core->self->rec.name);
}

/* ---- waits ---- */

static struct group_wait *wait_find(struct core *core, const char *group, int op)
{
    PVMI_LIST_EACH(node, &core->waits) {
        struct group_wait *wait = PVMI_CONTAINER(node, struct group_wait, link);

        if (wait->op == op && strcmp(wait->group, group) == 0)
            return wait;
    }
    return NULL;
}

void groups_wait_free(struct group_wait *wait)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&wait->waiters)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct group_waiter, link));
    pvmi_list_remove(&wait->link);
    pvmi_free(wait->group);
    pvmi_free(wait);
}

static struct group_wait *wait_make(struct core *core, const char *group, int op, int32_t needed)
{
    struct group_wait *wait = wait_find(core, group, op);

    if (wait != NULL)
        return wait;
    wait = core_alloc(core, sizeof(*wait));
    if (wait == NULL)
        return NULL;
    wait->group = core_strdup(core, group);
    if (wait->group == NULL) {
        pvmi_free(wait);
        return NULL;
    }
    wait->op = op;
    wait->needed = needed;
    pvmi_list_init(&wait->waiters);
    pvmi_list_push(&core->waits, &wait->link);
    return wait;
}

/* Takes the wait out first: an answer may bring the next request for the same group. */
static void wait_end(struct core *core, struct group_wait *wait, const struct pvmi_msg_answer *answer)
{
    pvmi_list_remove(&wait->link);
    PVMI_LIST_EACH(node, &wait->waiters) {
        struct pvmi_msg_answer copy = *answer;

        asker_send(core, &PVMI_CONTAINER(node, struct group_waiter, link)->asker, PVMI_MSG_answer, &copy);
    }
    groups_wait_free(wait);
}

/* The task has ended, but its daemon still keeps the request open: that gets its answer, too. */
static void wait_remove(struct core *core, struct group_wait *wait, int32_t tid)
{
    PVMI_LIST_EACH(node, &wait->waiters) {
        struct group_waiter *waiter = PVMI_CONTAINER(node, struct group_waiter, link);

        if (waiter->tid != tid)
            continue;
        pvmi_list_remove(&waiter->link);
        wait->waiting--;
        asker_fail(core, &waiter->asker, PvmNoTask, "t%x is in group \"%s\" no more", (unsigned)tid,
                   wait->group);
        pvmi_free(waiter);
    }
}

/* False when there is no memory. */
static bool wait_add(struct core *core, struct group_wait *wait, const struct asker *asker, int32_t tid)
{
    struct group_waiter *waiter = core_alloc(core, sizeof(*waiter));

    if (waiter == NULL)
        return false;
    waiter->asker = *asker;
    waiter->tid = tid;
    pvmi_list_push(&wait->waiters, &waiter->link);
    wait->waiting++;
    return true;
}

/* ---- members as an answer ---- */

int32_t *group_tids(struct core *core, const struct group *group, uint32_t *ret_count)
{
    const struct pvmi_list *last = group->members.prev;
    uint32_t count = (uint32_t)PVMI_CONTAINER(last, struct group_member, link)->instance + 1;
    int32_t *tids = core_alloc(core, count * sizeof(*tids));

    if (tids == NULL)
        return NULL;
    PVMI_LIST_EACH(node, &group->members) {
        const struct group_member *member = PVMI_CONTAINER(node, struct group_member, link);

        tids[member->instance] = member->tid;
    }
    *ret_count = count;
    return tids;
}

static void answer_members(struct core *core, const struct asker *asker, const struct group *group)
{
    struct pvmi_msg_answer answer = { .value = group->frozen };

    answer.values.v = group_tids(core, group, &answer.values.n);
    if (answer.values.v == NULL)
        no_memory(core, asker);
    else
        asker_send(core, asker, PVMI_MSG_answer, &answer);
    pvmi_free(answer.values.v);
    if (wait_find(core, group->name, PVMI_GROUP_BARRIER) == NULL)
        lease_offer(core, group, NULL);
}

/* ---- join and leave ---- */

static void join(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg)
{
    struct pvmi_msg_cmd_group_join cmd = { .group = msg->group, .tid = msg->tid };
    struct group *group = group_find(&core->state, msg->group);

    if (group != NULL && group->frozen > 0) {
        asker_fail(core, asker, PvmNotInGroup, "group \"%s\" is frozen: nobody can join any more",
                   msg->group);
        return;
    }
    if (group != NULL && group_member_find(group, msg->tid) != NULL) {
        asker_fail(core, asker, PvmDupGroup, "t%x is already in group \"%s\"", (unsigned)msg->tid,
                   msg->group);
        return;
    }
    if (state_order(core, PVMI_MSG_cmd_group_join, &cmd) != PvmOk) {
        no_memory(core, asker);
        return;
    }
    group = group_find(&core->state, msg->group);
    lease_changed(core, group, 0);
    answer_value(core, asker, group_member_find(group, msg->tid)->instance);
}

static void leave(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                  const struct group *group)
{
    struct pvmi_msg_cmd_group_leave cmd = { .group = msg->group, .tid = msg->tid };

    if (group_member_find(group, msg->tid) == NULL)
        asker_fail(core, asker, PvmNotInGroup, "t%x is not in group \"%s\"", (unsigned)msg->tid, msg->group);
    else if (state_order(core, PVMI_MSG_cmd_group_leave, &cmd) != PvmOk)
        no_memory(core, asker);
    else
        answer_value(core, asker, 0);
}

/* ---- barrier and freeze ---- */

static void freeze_complete(struct core *core, struct group_wait *wait, const struct group *group)
{
    struct pvmi_msg_answer answer = { .value = wait->needed };
    struct pvmi_msg_cmd_group_freeze cmd = { .group = wait->group, .size = wait->needed };
    int32_t *tids = group_tids(core, group, &answer.values.n);

    if (tids == NULL || state_order(core, PVMI_MSG_cmd_group_freeze, &cmd) != PvmOk) {
        core_out_of_memory(core);
        pvmi_free(tids);
        return;
    }
    answer.values.v = tids;
    wait_end(core, wait, &answer);
    pvmi_free(tids);
}

void groups_passed(struct core *core, struct group_wait *wait)
{
    struct pvmi_msg_answer answer = { .value = 0 };

    wait_end(core, wait, &answer);
}

/* A barrier of all members: from now on they may do without us. */
static void barrier_complete(struct core *core, struct group_wait *wait, const struct group *group)
{
    pvmi_list_remove(&wait->link);
    if (wait->needed != group->count || !lease_offer(core, group, wait))
        groups_passed(core, wait);
}

static void wait_for_others(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                            int32_t needed, const struct group *group)
{
    int op = msg->op == PVMI_GROUP_FREEZE ? PVMI_GROUP_FREEZE : PVMI_GROUP_BARRIER;
    struct group_wait *wait = wait_find(core, msg->group, op);

    if (needed < 1 || (wait != NULL && wait->needed != needed)) {
        asker_fail(core, asker, PvmMismatch, "%s of group \"%s\" with %d, while others wait for %d",
                   op == PVMI_GROUP_BARRIER ? "barrier" : "freeze", msg->group, (int)msg->number,
                   wait != NULL ? (int)wait->needed : (int)group->count);
        return;
    }
    if (wait == NULL) {
        wait = wait_make(core, msg->group, op, needed);
        if (wait != NULL)
            wait->present_size = msg->number == -1;
    }
    if (wait == NULL || !wait_add(core, wait, asker, msg->tid)) {
        if (wait != NULL && wait->waiting == 0)
            groups_wait_free(wait);
        no_memory(core, asker);
        return;
    }
    if (wait->waiting < wait->needed)
        return;
    if (op == PVMI_GROUP_BARRIER)
        barrier_complete(core, wait, group);
    else
        freeze_complete(core, wait, group);
}

static void barrier_or_freeze(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                              const struct group *group)
{
    if (msg->op == PVMI_GROUP_FREEZE && group->frozen > 0)
        asker_fail(core, asker, PvmDupGroup, "group \"%s\" is already frozen", msg->group);
    else if (group_member_find(group, msg->tid) == NULL)
        asker_fail(core, asker, PvmNotInGroup, "t%x is not in group \"%s\"", (unsigned)msg->tid, msg->group);
    else if (msg->op == PVMI_GROUP_BARRIER && group->frozen > group->count)
        asker_fail(core, asker, PvmNoGroup, "group \"%s\" was frozen with %d members and has lost %d of them",
                   msg->group, (int)group->frozen, (int)(group->frozen - group->count));
    else
        wait_for_others(core, asker, msg, msg->number == -1 ? group->count : msg->number, group);
}

/* It waited in a team, which is no more. */
static void arrived(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                    const struct group *group)
{
    int32_t needed;

    if (lease_passed(core, msg, group, &needed))
        answer_value(core, asker, 0);
    else if (group_member_find(group, msg->tid) == NULL)
        asker_fail(core, asker, PvmNotInGroup, "t%x is not in group \"%s\"", (unsigned)msg->tid, msg->group);
    else
        wait_for_others(core, asker, msg, needed, group);
}

/* ---- all requests ---- */

static void instance(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                     const struct group *group)
{
    const struct group_member *member = group_member_find(group, msg->number);

    if (member == NULL)
        asker_fail(core, asker, PvmNotInGroup, "t%x is not in group \"%s\"", (unsigned)msg->number,
                   msg->group);
    else
        answer_value(core, asker, member->instance);
}

static void tid(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                const struct group *group)
{
    PVMI_LIST_EACH(node, &group->members) {
        const struct group_member *member = PVMI_CONTAINER(node, struct group_member, link);

        if (member->instance == msg->number) {
            answer_value(core, asker, member->tid);
            return;
        }
    }
    asker_fail(core, asker, PvmNoInst, "group \"%s\" has no instance %d", msg->group, (int)msg->number);
}

static void request_in_group(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg,
                             const struct group *group)
{
    switch (msg->op) {
    case PVMI_GROUP_LEAVE:
        leave(core, asker, msg, group);
        break;
    case PVMI_GROUP_SIZE:
        answer_value(core, asker, group->count);
        break;
    case PVMI_GROUP_INSTANCE:
        instance(core, asker, msg, group);
        break;
    case PVMI_GROUP_TID:
        tid(core, asker, msg, group);
        break;
    case PVMI_GROUP_MEMBERS:
        answer_members(core, asker, group);
        break;
    case PVMI_GROUP_BARRIER:
    case PVMI_GROUP_FREEZE:
        barrier_or_freeze(core, asker, msg, group);
        break;
    case PVMI_GROUP_ARRIVED:
        arrived(core, asker, msg, group);
        break;
    default:
        asker_fail(core, asker, PvmBadParam, "%d is no request about a group", (int)msg->op);
        break;
    }
}

void groups_request(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg)
{
    const struct group *group;

    if (msg->group == NULL || msg->group[0] == '\0') {
        asker_fail(core, asker, PvmNullGroup, "a group's name is needed");
        return;
    }
    if (lease_defers(core, asker, msg))
        return;
    group = group_find(&core->state, msg->group);
    if (msg->op == PVMI_GROUP_JOIN)
        join(core, asker, msg);
    else if (group == NULL)
        asker_fail(core, asker, PvmNoGroup, "there is no group \"%s\"", msg->group);
    else
        request_in_group(core, asker, msg, group);
}

/* ---- members that go ---- */

/* Those who are left cannot make it. */
static void wait_fail(struct core *core, struct group_wait *wait, const struct group *group, int32_t tid, bool ended)
{
    struct pvmi_fault fault;
    struct pvmi_msg_answer answer = { .value = 0 };

    pvmi_fault_set(&fault, PvmNoTask, core->self->rec.name,
                   "task t%x of group \"%s\" has %s: %d of the %d that are waited for are left", (unsigned)tid,
                   group->name, ended ? "ended" : "left the group", (int)group->count, (int)wait->needed);
    answer.error = fault_record(&fault);
    wait_end(core, wait, &answer);
}

/* Called on every daemon while the log is applied; only the orderer has anybody waiting. */
void groups_member_gone(struct core *core, const struct group *group, int32_t tid, bool ended)
{
    PVMI_LIST_EACH(node, &core->waits) {
        struct group_wait *wait = PVMI_CONTAINER(node, struct group_wait, link);

        if (strcmp(wait->group, group->name) != 0)
            continue;
        wait_remove(core, wait, tid);
        if (wait->waiting == 0)
            groups_wait_free(wait);
        else if (wait->needed > group->count && (ended || wait->present_size))
            wait_fail(core, wait, group, tid, ended);
    }
    lease_changed(core, group, ended ? tid : 0);
}

void groups_lease_over(struct core *core, const char *name, int32_t tid)
{
    struct group_wait *wait = wait_find(core, name, PVMI_GROUP_BARRIER);
    const struct group *group = group_find(&core->state, name);

    if (tid != 0 && wait != NULL && group != NULL && wait->needed > group->count)
        wait_fail(core, wait, group, tid, true);
}

void groups_free_all(struct core *core)
{
    PVMI_LIST_EACH(node, &core->waits)
        groups_wait_free(PVMI_CONTAINER(node, struct group_wait, link));
}
