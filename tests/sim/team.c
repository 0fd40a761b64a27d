/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/team.h"

#include <string.h>

#include "base/alloc.h"
#include "tests/sim/actor.h"

#define FIRST_ROUND (UINT32_MAX - 2)    /* numbers go round */

struct team {
    struct team *next;       /* of the world */
    struct node *node;
    uint64_t handle;
    uint64_t position;
    bool whole;
    bool sealed;
    uint32_t released;
    uint32_t count;
    int32_t *tids;
    uint32_t *waits;         /* by seat: the request of who waits in the next round, 0 nobody */
    int32_t *said;
};

static struct team *team_find(struct node *node, uint64_t handle)
{
    struct team *team = node->teams;

    while (team != NULL && team->handle != handle)
        team = team->next;
    return team;
}

static void team_made(void *object, uint64_t position)
{
    struct team *team = object;
    struct core_event event = { .type = CORE_EVENT_TEAM_MADE, .handle = team->handle };

    if (!team->node->alive || node_defers(team->node, team_made, team, position))
        return;
    event.team_made.position = position;
    event.team_made.round = FIRST_ROUND;
    node_step(team->node, &event);
}

static void act_make(struct node *node, const struct core_action *action)
{
    struct world *world = node->world;
    struct team *team = world_alloc(world, sizeof(*team));
    uint32_t count = action->team.count;

    team->node = node;
    team->handle = action->handle;
    team->position = action->handle << 8 | 1;
    team->whole = action->team.whole;
    team->released = FIRST_ROUND;
    team->count = count;
    team->tids = world_alloc(world, count * sizeof(*team->tids));
    team->waits = world_alloc(world, count * sizeof(*team->waits));
    team->said = world_alloc(world, count * sizeof(*team->said));
    memcpy(team->tids, action->team.tids, count * sizeof(*team->tids));
    team->next = node->teams;
    node->teams = team;
    world_after(world, world_below(world, 2 * MS), team_made, team, world_chance(world, 100) ? 0 : team->position);
}

/* Who waits in the round that is complete has passed. */
static void team_pass(struct team *team)
{
    struct world *world = team->node->world;

    team->released++;
    for (uint32_t i = 0; i < team->count; i++) {
        struct actor *actor = pvmi_table_get(&world->by_tid, (uint64_t)team->tids[i]);
        uint32_t id = team->waits[i];

        team->waits[i] = 0;
        if (actor != NULL && actor_alive(actor))
            actor_passed(actor, id);
    }
}

static bool all_wait(const struct team *team)
{
    for (uint32_t i = 0; i < team->count; i++) {
        if (team->waits[i] == 0)
            return false;
    }
    return true;
}

static void act_release(struct node *node, struct team *team, uint32_t round)
{
    if (team->whole || team->sealed || round != team->released + 1 || !all_wait(team))
        world_fail(node->world, "released early", "node %d: round %u of a team that is at %u", node->number, round,
                   team->released);
    else
        team_pass(team);
}

static void team_sealed(void *object, uint64_t value)
{
    struct team *team = object;
    struct core_event event = { .type = CORE_EVENT_TEAM_SEALED, .handle = team->handle };

    if (!team->node->alive || node_defers(team->node, team_sealed, team, value))
        return;
    event.team_sealed.arrivals = pvmi_calloc(team->count, sizeof(*event.team_sealed.arrivals));
    for (uint32_t i = 0; i < team->count; i++) {
        if (team->waits[i] != 0)
            event.team_sealed.arrivals[event.team_sealed.count++] = (struct core_arrival){
                .seat = i, .request = team->waits[i], .count = team->said[i], .round = team->released + 1,
            };
    }
    node_step(team->node, &event);
}

void team_act(struct node *node, const struct core_action *action)
{
    struct team *team = team_find(node, action->handle);

    if ((team == NULL) != (action->type == CORE_ACTION_TEAM_MAKE) || (team != NULL && team->sealed)) {
        world_fail(node->world, "unknown handle", "node %d: team %llu", node->number,
                   (unsigned long long)action->handle);
    } else if (team == NULL) {
        act_make(node, action);
    } else if (action->type == CORE_ACTION_TEAM_RELEASE) {
        act_release(node, team, action->team.round);
    } else {
        team->sealed = true;
        world_after(node->world, world_below(node->world, 2 * MS), team_sealed, team, 0);
    }
}

/* ---- members ---- */

void team_told(struct actor *actor, int group, const struct pvmi_msg_team *msg)
{
    struct team *team = actor->node->teams;

    while (team != NULL && team->position != msg->position)
        team = team->next;
    if (team == NULL || msg->seat < 0 || (uint32_t)msg->seat >= team->count || team->tids[msg->seat] != actor->tid) {
        world_fail(actor->world, "bad seat", "t%x was given seat %d of team %llu", (unsigned)actor->tid, msg->seat,
                   (unsigned long long)msg->position);
        return;
    }
    actor->seat[group] = (struct seat){ .team = team, .number = msg->seat, .generation = msg->generation };
    for (uint32_t i = 0; i < msg->tids.n; i++)
        actor->seat[group].size += msg->tids.v[i] != 0;
}

bool team_arrive(struct actor *actor, int group, uint32_t id, int count)
{
    const struct seat *seat = &actor->seat[group];
    struct team *team = seat->team;
    struct pvmi_msg_team_arrived msg = { .generation = seat->generation };

    if (team == NULL || team->sealed || (count != -1 && count != seat->size) || world_chance(actor->world, 100))
        return false;
    team->waits[seat->number] = id;
    team->said[seat->number] = count;
    if (!all_wait(team))
        return true;
    msg.round = team->released + 1;
    if (team->whole)
        team_pass(team);
    else
        actor_say(actor->process, PVMI_MSG_team_arrived, &msg, NULL);
    return true;
}
