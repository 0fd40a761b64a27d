/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/core/lease.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/groups.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_groups.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/team.h"
#include "wire/tid.h"

#define LEASE_MEMBERS_MAX 8192    /* more do not go into one message */
#define ASKED_ENOUGH 2    /* so often the members were asked for: then the group is lent */

enum lease_state { LEASE_NONE, LEASE_GRANTING, LEASE_GRANTED, LEASE_REVOKING };

/* A host that has members. */
struct lease_host {
    int number;
    bool pending;    /* what it was told last is not answered yet */
    bool has;        /* it has a team */
    bool arrived;    /* its members have, in the next round */
};

/* A request that waits until nothing is lent. */
struct lease_waiter {
    struct pvmi_list link;    /* in lease.waiters, oldest first */
    struct asker asker;
    int32_t op;
    int32_t number;
    int32_t tid;
};

struct lease {
    struct pvmi_list link;    /* in core.leases; there while its group is */
    char *group;
    enum lease_state state;
    uint32_t generation;
    uint32_t released;        /* the last round that was complete */
    int32_t size;             /* members, when it was granted */
    int32_t gone;             /* one that has ended since, 0 none */
    int asked;                /* how often the members were asked for */
    bool refused;             /* by a host: not tried again with the same members */
    bool stale;               /* the members have changed since */
    bool busy;                /* hosts are being told, or waiters served: one at a time */
    int host_count;
    struct lease_host *hosts;
    struct pvmi_list waiters;
    struct group_wait *done;  /* GRANTING: a barrier that ends when all have answered */
};

static void lease_progress(struct core *core, struct lease *lease);

/* ---- leases ---- */

static struct lease *lease_find(const struct core *core, const char *group)
{
    PVMI_LIST_EACH(node, &core->leases) {
        struct lease *lease = PVMI_CONTAINER(node, struct lease, link);

        if (strcmp(lease->group, group) == 0)
            return lease;
    }
    return NULL;
}

static void lease_free(struct lease *lease)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&lease->waiters)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct lease_waiter, link));
    if (lease->done != NULL)
        groups_wait_free(lease->done);
    pvmi_list_remove(&lease->link);
    pvmi_free(lease->hosts);
    pvmi_free(lease->group);
    pvmi_free(lease);
}

static struct lease *lease_make(struct core *core, const char *group)
{
    struct lease *lease = lease_find(core, group);

    if (lease != NULL)
        return lease;
    lease = core_alloc(core, sizeof(*lease));
    if (lease == NULL)
        return NULL;
    pvmi_list_init(&lease->waiters);
    lease->group = core_strdup(core, group);
    if (lease->group == NULL) {
        pvmi_free(lease);
        return NULL;
    }
    pvmi_list_push(&core->leases, &lease->link);
    return lease;
}

static struct lease_host *host_of(struct lease *lease, int number)
{
    for (int i = 0; i < lease->host_count; i++) {
        if (lease->hosts[i].number == number)
            return &lease->hosts[i];
    }
    return NULL;
}

/* ---- telling hosts ---- */

static void tell(struct core *core, int number, const struct pvmi_msg_lease *msg)
{
    struct peer *peer;

    if (number == core_self(core)) {
        team_on_lease(core, msg);
        return;
    }
    peer = peer_find(core, number);
    if (peer != NULL)    /* else it is being dropped: lease_host_gone() follows */
        peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_lease, msg);
}

/* To all hosts that have a team, or (GRANT) are to make one; those that answer are pending. */
static void tell_all(struct core *core, struct lease *lease, int op, const struct pvmi_ints *tids)
{
    struct pvmi_msg_lease msg = {
        .op = op, .group = lease->group, .generation = lease->generation, .round = lease->released,
    };

    if (tids != NULL)
        msg.tids = *tids;
    lease->busy = true;
    for (int i = 0; i < lease->host_count; i++) {
        struct lease_host *host = &lease->hosts[i];

        if (op != PVMI_LEASE_GRANT && !host->has)
            continue;
        host->pending = op != PVMI_LEASE_RELEASE;
        host->arrived = false;
        tell(core, host->number, &msg);
    }
    lease->busy = false;
    lease_progress(core, lease);
}

static void revoke(struct core *core, struct lease *lease)
{
    lease->state = LEASE_REVOKING;
    tell_all(core, lease, PVMI_LEASE_REVOKE, NULL);
}

/* ---- granting ---- */

/* False when there is no memory. */
static bool collect_hosts(struct core *core, struct lease *lease, const struct group *group)
{
    struct lease_host *hosts = core_alloc(core, (size_t)group->count * sizeof(*hosts));

    if (hosts == NULL)
        return false;
    pvmi_free(lease->hosts);
    lease->hosts = hosts;
    lease->host_count = 0;
    PVMI_LIST_EACH(node, &group->members) {
        int number = pvmi_tid_host(PVMI_CONTAINER(node, struct group_member, link)->tid);

        if (host_of(lease, number) == NULL)
            hosts[lease->host_count++] = (struct lease_host){ .number = number, .pending = true };
    }
    return true;
}

/* False when there is no memory. Else done will be ended. */
static bool grant(struct core *core, struct lease *lease, const struct group *group, struct group_wait *done)
{
    struct pvmi_ints tids;

    tids.v = group_tids(core, group, &tids.n);
    if (tids.v == NULL || !collect_hosts(core, lease, group)) {
        pvmi_free(tids.v);
        return false;
    }
    if (++core->next_lease == 0)
        core->next_lease = 1;
    lease->generation = core->next_lease;
    lease->size = group->count;
    lease->gone = 0;
    lease->stale = false;
    lease->done = done;
    lease->state = LEASE_GRANTING;
    tell_all(core, lease, PVMI_LEASE_GRANT, &tids);
    pvmi_free(tids.v);
    return true;
}

bool lease_offer(struct core *core, const struct group *group, struct group_wait *done)
{
    struct lease *lease = lease_make(core, group->name);

    if (lease == NULL || lease->state != LEASE_NONE || lease->refused || !pvmi_list_empty(&lease->waiters))
        return false;
    if (group->count > LEASE_MEMBERS_MAX || group->frozen > group->count)
        return false;
    if (done == NULL && ++lease->asked < ASKED_ENOUGH)
        return false;
    return grant(core, lease, group, done);
}

/* ---- when all have answered ---- */

static void granted(struct core *core, struct lease *lease)
{
    struct group_wait *done = lease->done;

    lease->done = NULL;
    lease->state = LEASE_GRANTED;
    if (done != NULL)
        groups_passed(core, done);
    if (lease->refused || lease->stale || !pvmi_list_empty(&lease->waiters))
        revoke(core, lease);
}

/* Serves those who have waited, until the group is lent again. */
static void returned(struct core *core, struct lease *lease)
{
    struct pvmi_list *node;

    lease->state = LEASE_NONE;
    lease->asked = 0;
    lease->busy = true;
    groups_lease_over(core, lease->group, lease->gone);
    while (lease->state == LEASE_NONE && (node = pvmi_list_pop(&lease->waiters)) != NULL) {
        struct lease_waiter *waiter = PVMI_CONTAINER(node, struct lease_waiter, link);
        struct pvmi_msg_group msg = {
            .op = waiter->op, .group = lease->group, .number = waiter->number, .tid = waiter->tid,
        };

        groups_request(core, &waiter->asker, &msg);
        pvmi_free(waiter);
    }
    lease->busy = false;
    if (lease->state != LEASE_NONE)
        lease_progress(core, lease);
    else if (group_find(&core->state, lease->group) == NULL)
        lease_free(lease);
}

/* The state goes on when nothing is pending. The lease may be no more afterwards. */
static void lease_progress(struct core *core, struct lease *lease)
{
    if (lease->busy)
        return;
    for (int i = 0; i < lease->host_count; i++) {
        if (lease->hosts[i].pending)
            return;
    }
    if (lease->state == LEASE_GRANTING)
        granted(core, lease);
    else if (lease->state == LEASE_REVOKING)
        returned(core, lease);
}

/* ---- what hosts report ---- */

/* The members of a host have arrived: when all hosts' have, each is told. */
static void host_arrived(struct core *core, struct lease *lease, struct lease_host *host, uint32_t round)
{
    if (round != lease->released + 1 || !host->has || lease->state == LEASE_REVOKING)
        return;
    host->arrived = true;
    for (int i = 0; i < lease->host_count; i++) {
        if (!lease->hosts[i].arrived)
            return;
    }
    lease->released = round;
    tell_all(core, lease, PVMI_LEASE_RELEASE, NULL);
}

void lease_on_report(struct core *core, int number, const struct pvmi_msg_lease_report *msg)
{
    struct lease *lease = core_is_orderer(core) && msg->group != NULL ? lease_find(core, msg->group) : NULL;
    struct lease_host *host = lease != NULL && lease->generation == msg->generation ? host_of(lease, number) : NULL;

    if (host == NULL)
        return;
    if (msg->op == PVMI_LEASE_ARRIVED) {
        host_arrived(core, lease, host, msg->round);
        return;
    }
    host->pending = false;
    host->has = msg->op == PVMI_LEASE_GRANTED;
    if (msg->op == PVMI_LEASE_GRANTED)
        lease->released = msg->round;
    else if (msg->op == PVMI_LEASE_REFUSED)
        lease->refused = true;
    lease_progress(core, lease);
}

/* Requests of tid, or (0) of the tasks of a host, are dropped: who is gone must not join. */
static void waiters_gone(struct core *core, struct lease *lease, int32_t tid, int number)
{
    PVMI_LIST_EACH(node, &lease->waiters) {
        struct lease_waiter *waiter = PVMI_CONTAINER(node, struct lease_waiter, link);

        if (waiter->tid != tid && (tid != 0 || pvmi_tid_host(waiter->tid) != number))
            continue;
        pvmi_list_remove(&waiter->link);    /* its daemon, if there is one, still keeps the request open */
        asker_fail(core, &waiter->asker, PvmNoTask, "t%x has ended", (unsigned)waiter->tid);
        pvmi_free(waiter);
    }
}

void lease_task_gone(struct core *core, int32_t tid)
{
    PVMI_LIST_EACH(node, &core->leases)
        waiters_gone(core, PVMI_CONTAINER(node, struct lease, link), tid, 0);
}

void lease_host_gone(struct core *core, int number)
{
    PVMI_LIST_EACH(node, &core->leases) {
        struct lease *lease = PVMI_CONTAINER(node, struct lease, link);
        struct lease_host *host = host_of(lease, number);

        waiters_gone(core, lease, 0, number);
        if (host == NULL)
            continue;
        *host = lease->hosts[--lease->host_count];
        if (lease->state != LEASE_NONE)
            lease_progress(core, lease);
    }
}

/* ---- what groups.c asks ---- */

static bool is_question(int op)
{
    return op == PVMI_GROUP_SIZE || op == PVMI_GROUP_INSTANCE || op == PVMI_GROUP_TID || op == PVMI_GROUP_MEMBERS;
}

bool lease_defers(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg)
{
    struct lease *lease = lease_find(core, msg->group);
    struct lease_waiter *waiter;

    if (lease == NULL || lease->state == LEASE_NONE || is_question(msg->op) || msg->op == PVMI_GROUP_ARRIVED)
        return false;
    waiter = core_alloc(core, sizeof(*waiter));
    if (waiter == NULL) {
        asker_fail(core, asker, PvmNoMem, "%s has no memory for the request", core->self->rec.name);
        return true;
    }
    waiter->asker = *asker;
    waiter->op = msg->op;
    waiter->number = msg->number;
    waiter->tid = msg->tid;
    pvmi_list_push(&lease->waiters, &waiter->link);
    if (lease->state == LEASE_GRANTED)
        revoke(core, lease);
    return true;
}

bool lease_passed(struct core *core, const struct pvmi_msg_group *msg, const struct group *group,
                  int32_t *ret_needed)
{
    const struct lease *lease = lease_find(core, msg->group);

    *ret_needed = msg->number == -1 ? group->count : msg->number;
    if (lease == NULL || lease->generation != msg->generation || lease->state == LEASE_NONE)
        return false;
    *ret_needed = lease->size;
    return (int32_t)(lease->released - msg->round) >= 0;
}

void lease_changed(struct core *core, const struct group *group, int32_t tid)
{
    struct lease *lease = lease_find(core, group->name);

    if (lease == NULL)
        return;
    lease->refused = false;
    lease->asked = 0;
    lease->stale = true;
    if (tid != 0)
        lease->gone = tid;
    if (lease->state == LEASE_GRANTED)
        revoke(core, lease);
    else if (lease->state == LEASE_NONE && group->count == 0 && !lease->busy)
        lease_free(lease);
}

void lease_free_all(struct core *core)
{
    PVMI_LIST_EACH(node, &core->leases)
        lease_free(PVMI_CONTAINER(node, struct lease, link));
}
