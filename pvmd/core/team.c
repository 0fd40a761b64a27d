/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/core/team.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/lease.h"
#include "pvmd/core/link.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/requests.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

enum team_state { TEAM_MAKING, TEAM_OPEN, TEAM_SEALING };

struct team {
    struct pvmi_list link;    /* in core.teams */
    uint64_t handle;
    enum team_state state;
    char *group;
    uint32_t generation;
    struct pvmi_ints tids;    /* of all members, by instance, 0 for a hole */
    uint32_t seats;
    int32_t *here;            /* tids of those on this host, by seat */
    bool whole;
    bool revoked;             /* while it was being made */
};

/* ---- teams ---- */

static struct team *team_of_handle(const struct core *core, uint64_t handle)
{
    PVMI_LIST_EACH(node, &core->teams) {
        struct team *team = PVMI_CONTAINER(node, struct team, link);

        if (team->handle == handle)
            return team;
    }
    return NULL;
}

static struct team *team_of_generation(const struct core *core, uint32_t generation)
{
    PVMI_LIST_EACH(node, &core->teams) {
        struct team *team = PVMI_CONTAINER(node, struct team, link);

        if (team->generation == generation)
            return team;
    }
    return NULL;
}

static void team_free(struct team *team)
{
    pvmi_list_remove(&team->link);
    pvmi_free(team->here);
    pvmi_free(team->tids.v);
    pvmi_free(team->group);
    pvmi_free(team);
}

void team_free_all(struct core *core)
{
    PVMI_LIST_EACH(node, &core->teams)
        team_free(PVMI_CONTAINER(node, struct team, link));
}

static void report(struct core *core, int op, const char *group, uint32_t generation, uint32_t round)
{
    struct pvmi_msg_lease_report msg = { .op = op, .group = (char *)group, .generation = generation, .round = round };

    if (core_is_orderer(core))
        lease_on_report(core, core_self(core), &msg);
    else
        peer_send(core, peer_orderer(core), PVMI_CHANNEL_CONTROL, PVMI_MSG_lease_report, &msg);
}

/* ---- granted ---- */

/* False when there is no memory, or a member of this host has gone. */
static bool team_fill(struct core *core, struct team *team, const struct pvmi_msg_lease *msg)
{
    team->group = core_strdup(core, msg->group);
    team->tids.v = core_alloc(core, (msg->tids.n + 1) * sizeof(*team->tids.v));
    team->here = core_alloc(core, (msg->tids.n + 1) * sizeof(*team->here));
    if (team->group == NULL || team->tids.v == NULL || team->here == NULL)
        return false;
    team->tids.n = msg->tids.n;
    team->whole = true;
    for (uint32_t i = 0; i < msg->tids.n; i++) {
        int32_t tid = team->tids.v[i] = msg->tids.v[i];
        const struct task *task = task_find(core, tid);

        if (tid == 0)
            continue;
        if (pvmi_tid_host(tid) != core_self(core))
            team->whole = false;
        else if (task == NULL || task->link == NULL)
            return false;
        else
            team->here[team->seats++] = tid;
    }
    return team->seats > 0;
}

static struct team *team_new(struct core *core, const struct pvmi_msg_lease *msg)
{
    struct team *team = msg->group != NULL ? core_alloc(core, sizeof(*team)) : NULL;

    if (team == NULL)
        return NULL;
    pvmi_list_push(&core->teams, &team->link);
    if (!team_fill(core, team, msg)) {
        team_free(team);
        return NULL;
    }
    team->handle = core_handle(core);
    team->generation = msg->generation;
    return team;
}

static void team_grant(struct core *core, const struct pvmi_msg_lease *msg)
{
    struct team *team = team_new(core, msg);
    struct core_action *action;
    int32_t *tids = team != NULL ? core_alloc(core, team->seats * sizeof(*tids)) : NULL;

    if (tids == NULL) {
        if (team != NULL)
            team_free(team);
        report(core, PVMI_LEASE_REFUSED, msg->group, msg->generation, 0);
        return;
    }
    memcpy(tids, team->here, team->seats * sizeof(*tids));
    action = action_add(core, CORE_ACTION_TEAM_MAKE, team->handle);
    if (action == NULL) {
        pvmi_free(tids);
        return;
    }
    action->team.tids = tids;
    action->team.count = team->seats;
    action->team.whole = team->whole;
}

static void team_seal(struct core *core, struct team *team)
{
    team->state = TEAM_SEALING;
    action_add(core, CORE_ACTION_TEAM_SEAL, team->handle);
}

/* Tells each member where its seat is. */
static void team_tell(struct core *core, const struct team *team, uint64_t position)
{
    for (uint32_t i = 0; i < team->seats; i++) {
        const struct task *task = task_find(core, team->here[i]);
        struct pvmi_msg_team msg = {
            .group = team->group, .generation = team->generation, .position = position, .seat = (int32_t)i,
            .whole = team->whole, .tids = team->tids,
        };

        if (task != NULL && task->link != NULL)
            link_send_control(core, task->link, PVMI_MSG_team, &msg);
    }
}

void team_on_made(struct core *core, const struct core_event *event)
{
    struct team *team = team_of_handle(core, event->handle);

    if (team == NULL)
        return;
    if (event->team_made.position == 0) {
        report(core, PVMI_LEASE_REFUSED, team->group, team->generation, 0);
        team_free(team);
        return;
    }
    team->state = TEAM_OPEN;
    team_tell(core, team, event->team_made.position);
    report(core, PVMI_LEASE_GRANTED, team->group, team->generation, event->team_made.round);
    if (team->revoked && team->state == TEAM_OPEN)
        team_seal(core, team);
}

/* ---- taken back ---- */

static void team_revoke(struct core *core, const struct pvmi_msg_lease *msg)
{
    struct team *team = team_of_generation(core, msg->generation);

    if (team == NULL)
        report(core, PVMI_LEASE_RETURNED, msg->group, msg->generation, 0);
    else if (team->state == TEAM_MAKING)
        team->revoked = true;
    else if (team->state == TEAM_OPEN)
        team_seal(core, team);
}

/* A member that waits asks now as if it had asked the orderer, and by the id that it waits for. */
static void ask_for(struct core *core, const struct team *team, const struct core_arrival *arrival)
{
    const struct task *task = arrival->seat < team->seats ? task_find(core, team->here[arrival->seat]) : NULL;
    struct asker asker = { .kind = ASKER_TASK, .id = arrival->request };
    struct pvmi_msg_group msg = {
        .op = PVMI_GROUP_ARRIVED, .group = team->group, .number = arrival->count,
        .generation = team->generation, .round = arrival->round,
    };

    if (task == NULL || task->link == NULL)
        return;
    asker.link = task->link->handle;
    msg.tid = task->tid;
    requests_forward(core, &asker, PVMI_MSG_group, &msg);
}

void team_on_sealed(struct core *core, const struct core_event *event)
{
    struct team *team = team_of_handle(core, event->handle);

    if (team == NULL)
        return;
    for (uint32_t i = 0; i < event->team_sealed.count; i++)
        ask_for(core, team, &event->team_sealed.arrivals[i]);
    report(core, PVMI_LEASE_RETURNED, team->group, team->generation, 0);
    team_free(team);
}

/* ---- a barrier of a team that is not the whole group ---- */

static void team_release(struct core *core, const struct pvmi_msg_lease *msg)
{
    const struct team *team = team_of_generation(core, msg->generation);
    struct core_action *action;

    if (team == NULL || team->state != TEAM_OPEN)
        return;
    action = action_add(core, CORE_ACTION_TEAM_RELEASE, team->handle);
    if (action != NULL)
        action->team.round = msg->round;
}

void team_arrived(struct core *core, const struct task *task, const struct pvmi_msg_team_arrived *msg)
{
    const struct team *team = team_of_generation(core, msg->generation);

    for (uint32_t i = 0; team != NULL && i < team->seats; i++) {
        if (team->here[i] != task->tid || team->state != TEAM_OPEN)
            continue;
        report(core, PVMI_LEASE_ARRIVED, team->group, team->generation, msg->round);
        return;
    }
}

void team_on_lease(struct core *core, const struct pvmi_msg_lease *msg)
{
    if (msg->op == PVMI_LEASE_GRANT)
        team_grant(core, msg);
    else if (msg->op == PVMI_LEASE_REVOKE)
        team_revoke(core, msg);
    else if (msg->op == PVMI_LEASE_RELEASE)
        team_release(core, msg);
}
