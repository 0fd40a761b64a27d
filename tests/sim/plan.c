/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Phases of a run:
 *   1. storm: one step after another, whatever the seed likes: hosts come and go, links break, daemons freeze
 *      and die, programs start; tasks meanwhile do what they like (actor.c)
 *   2. calm: cuts heal, the frozen thaw, nothing new; long enough for every time-out; then check_calm()
 *   3. questions: each task asks for tasks, hosts, groups and the mailbox, and the groups meet in a barrier
 *   4. the tasks end, one way or the other; then check_empty()
 *   5. halt; then check_ended()
 * Some seeds halt in the middle of the storm or with all tasks alive.
 */
#include "tests/sim/plan.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/actor.h"
#include "tests/sim/actor_mailbox.h"
#include "tests/sim/check.h"

#define QUESTIONS_MAX 12 /* tasks that ask in the calm */

/* ---- choosing ---- */

static struct node *choose_node(struct world *world, bool members)
{
    for (int i = 0; i < 8; i++) {
        struct node *node = world->nodes[world_below(world, (uint64_t)world->node_count)];

        if (members ? node_member(node) : node->alive)
            return node;
    }
    return NULL;
}

/* One that a fault may hit: the first host only in seeds that are about its death. */
static struct node *choose_victim(struct world *world)
{
    struct node *node = choose_node(world, false);

    return node == world->first && !world->faults.first_too ? NULL : node;
}

static struct actor *choose_actor(struct world *world)
{
    for (int i = 0; i < 16 && world->actor_count > 0; i++) {
        struct actor *actor = world->actors[world_below(world, (uint64_t)world->actor_count)];

        if (actor_alive(actor) && actor->process->actor == actor && !actor->leaving)
            return actor;
    }
    return NULL;
}

/* Shorter than suspicion, shorter than death, or longer. */
static uint64_t choose_duration(struct world *world, bool deadly)
{
    switch (world_below(world, deadly ? 3 : 2)) {
    case 0:
        return world_between(world, 1, world->suspect_ms) * MS;
    case 1:
        return world_between(world, world->suspect_ms, world->dead_ms * 8 / 10) * MS;
    default:
        return world_between(world, world->dead_ms, world->dead_ms * 2 + 5000) * MS;
    }
}

/* ---- cuts ---- */

static void isolate_end(void *object, uint64_t value)
{
    struct node *node = object;

    (void)value;
    if (!node->isolated)
        return;
    world_say(node->world, "node %d is reachable again", node->number);
    node->isolated = false;
    net_kick(node, SECOND);
}

void plan_isolate(struct node *node, uint64_t duration)
{
    world_say(node->world, "node %d is isolated for %llu ms", node->number,
              (unsigned long long)(duration / MS));
    node->isolated = true;
    node_disturb(node);
    world_after(node->world, duration, isolate_end, node, 0);
}

static void cut_remove(struct node *node, const struct node *other)
{
    for (int i = 0; i < node->cut_count; i++) {
        if (node->cut_from[i] == other) {
            node->cut_from[i] = node->cut_from[--node->cut_count];
            return;
        }
    }
}

static void cut_end(void *object, uint64_t number)
{
    struct node *node = object;
    struct node *other = node->world->nodes[number];

    cut_remove(node, other);
    cut_remove(other, node);
    net_kick(node, SECOND);
    net_kick(other, SECOND);
}

static void plan_cut(struct world *world, struct node *a, struct node *b, uint64_t duration)
{
    int index = 0;

    if (a == b || a->cut_count == NODE_CUTS_MAX || b->cut_count == NODE_CUTS_MAX)
        return;
    while (world->nodes[index] != b)
        index++;
    world_say(world, "nodes %d and %d are cut off from each other for %llu ms", a->number, b->number,
              (unsigned long long)(duration / MS));
    a->cut_from[a->cut_count++] = b;
    b->cut_from[b->cut_count++] = a;
    node_disturb(a);
    node_disturb(b);
    world_after(world, duration, cut_end, a, (uint64_t)index);
}

static void step_cut(struct world *world)
{
    struct node *node = choose_victim(world);
    struct node *other = choose_node(world, false);

    if (node == NULL || other == NULL)
        return;
    if (other == world->first || world_chance(world, 500))
        plan_isolate(node, choose_duration(world, true));
    else if (other != node)
        plan_cut(world, node, other, choose_duration(world, true));
}

/* ---- steps ---- */

static void step_break(struct world *world)
{
    struct node *node = choose_node(world, false);
    struct conn *conn;
    enum net_break how = (enum net_break)world_below(world, NET_BREAK_COUNT);

    if (node == NULL || node->conn_count == 0)
        return;
    conn = node->conns[world_below(world, (uint64_t)node->conn_count)];
    if (conn->end[0].node == NULL || conn->end[1].node == NULL)
        return; /* a Unix socket does not break by itself */
    world_say(world, "connection of nodes %d and %d breaks, kind %d", conn->end[0].node->number,
              conn->end[1].node->number, how);
    net_break(conn, how);
}

/* The laptop that they all run on sleeps: however long that is, nobody has died of it. */
static void step_sleep(struct world *world)
{
    uint64_t duration = world_between(world, world->suspect_ms, world->dead_ms * 3) * MS;

    world->slept = true;
    world_say(world, "all sleep for %llu ms", (unsigned long long)(duration / MS));
    for (int i = 0; i < world->node_count; i++) {
        struct node *node = world->nodes[i];
        bool disturbed = node->disturbed;

        node_freeze(node, duration + world_below(world, 20 * MS));
        node->disturbed = disturbed;
    }
}

static void step_crash(struct world *world)
{
    struct node *node = choose_victim(world);

    if (node == NULL)
        return;
    if (world_chance(world, 400))
        node->crash_in = (int)world_between(world, 1, 60);
    else
        node_kill(node, world_chance(world, 400));
}

static void step_add(struct world *world)
{
    struct actor *actor = choose_actor(world);
    char names[4][32];
    char *lines[4];
    int count = (int)world_between(world, 1, 4);

    for (int i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), world_chance(world, 980) ? "h%d" : "h%d x=[",
                 (int)world_between(world, 1, (uint64_t)world->hosts_wanted));
        lines[i] = names[i];
    }
    if (actor != NULL)
        actor_host_add(actor, lines, count);
}

static void step_delete(struct world *world)
{
    struct actor *actor = choose_actor(world);
    struct node *node = choose_node(world, true);

    if (actor == NULL || node == NULL || node == world->first)
        return;
    node_disturb(node);
    world_say(world, "t%x deletes %s", (unsigned)actor->tid, node->name);
    actor_host_delete(actor, node->name);
}

static void step_program(struct world *world)
{
    struct node *node = choose_node(world, true);

    if (node != NULL && world->process_count < world->process_max)
        process_by_hand(node);
}

static void step_flood(struct world *world)
{
    struct actor *actor = choose_actor(world);
    struct actor *to = choose_actor(world);

    if (!world->faults.flood || actor == NULL || to == NULL || actor->node == to->node)
        return;
    world->faults.flood = false;
    world_say(world, "t%x floods t%x", (unsigned)actor->tid, (unsigned)to->tid);
    actor_flood(actor, to);
}

/* Its process ends soon: what its daemon makes of it is its daemon's business. */
static void step_misbehave(struct world *world)
{
    struct actor *actor = choose_actor(world);

    if (!world->faults.hostile || actor == NULL)
        return;
    world_say(world, "t%x misbehaves", (unsigned)actor->tid);
    actor_misbehave(actor);
    process_end(actor->process, 9);
}

static void step_kill(struct world *world)
{
    if (world->process_count > 0) {
        struct process *process = world->processes[world_below(world, (uint64_t)world->process_count)];

        if (process->state == PROCESS_RUNNING)
            process_end(process, 9);
    }
}

static void plan_step(struct world *world)
{
    const struct sim_faults *faults = &world->faults;
    struct node *victim;

    switch (world_below(world, 14)) {
    case 0:
    case 1:
    case 2:
        step_program(world);
        break;
    case 3:
        step_kill(world);
        break;
    case 4:
    case 5:
        step_add(world);
        break;
    case 6:
        if (faults->deletes)
            step_delete(world);
        break;
    case 7:
    case 8:
        if (faults->breaks)
            step_break(world);
        break;
    case 9:
        if (faults->cuts)
            step_cut(world);
        break;
    case 10:
        victim = faults->freezes ? choose_node(world, false) : NULL;
        if (victim != NULL)
            node_freeze(victim, choose_duration(world, victim != world->first || faults->first_too));
        break;
    case 11:
        if (faults->crashes)
            step_crash(world);
        break;
    case 13:
        if (faults->freezes && world_chance(world, 200))
            step_sleep(world);
        break;
    case 12:
        step_flood(world);
        step_misbehave(world);
        break;
    }
}

static void plan_next(void *object, uint64_t value)
{
    struct world *world = object;

    (void)value;
    if (world->steps_left <= 0)
        return;
    world->steps_left--;
    plan_step(world);
    world_after(world,
                world_chance(world, 300) ? world_between(world, 1, 20) * MS
                                         : world_between(world, 1, 1200) * MS,
                plan_next, world, 0);
}

/* ---- the beginning ---- */

static void plan_host_file(void *object, uint64_t count)
{
    struct world *world = object;
    struct core_event event = { .type = CORE_EVENT_ADD };
    char(*names)[32] = world_alloc(world, (count + 1) * sizeof(*names));
    char **lines = world_alloc(world, (count + 1) * sizeof(*lines));

    if (!world->first->alive)
        return;
    for (uint64_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "h%d", (int)i + 2);
        lines[i] = names[i];
    }
    event.add.lines.v = lines;
    event.add.lines.n = (uint32_t)count;
    node_step(world->first, &event);
}

static void plan_begin(struct world *world)
{
    uint64_t others = (uint64_t)world->hosts_wanted - 1;

    node_new(world, "h1", NULL);
    if (others > 0)
        world_after(world, 2 * MS, plan_host_file, world,
                    world_chance(world, 700) ? others : world_below(world, others + 1));
    for (int i = 0; i < 3; i++)
        process_by_hand(world->first);
    world_after(world, world_between(world, 1, 1500) * MS, plan_next, world, 0);
    check_watch(world);
}

/* ---- calm, questions, end ---- */

/* Faults are over: all can reach one another, and nobody is frozen or about to be killed. */
static void plan_heal(struct world *world)
{
    world->calm = true;
    for (int i = 0; i < world->node_count; i++) {
        struct node *node = world->nodes[i];

        node->isolated = false;
        node->cut_count = 0;
        node->crash_in = 0;
    }
    for (int i = 0; i < world->node_count; i++) {
        node_thaw_now(world->nodes[i]);
        net_kick(world->nodes[i], SECOND);
    }
}

static void plan_calm(struct world *world)
{
    world_say(world, "calm");
    plan_heal(world);
    world_run(world, world->now + 5 * SECOND);
    world->closing = true;
    world_run(world, world->now + (world->dead_ms + world->join_ms) * 2 * MS + 7 * SECOND);
}

static void ask_groups(struct actor *actor)
{
    for (int group = 0; group < GROUPS; group++) {
        if (actor->member[group] == MEMBER_YES)
            actor_group(actor, PVMI_GROUP_MEMBERS, group, 0, true);
    }
}

/* All members meet, where nobody waits in an older barrier. */
static void ask_barriers(struct world *world)
{
    for (int group = 0; group < GROUPS; group++) {
        bool busy = world->faults.freezing;

        for (int i = 0; i < world->actor_count; i++)
            busy = busy || (world->actors[i]->waiting[group] != 0 && actor_alive(world->actors[i]));
        for (int i = 0; i < world->actor_count && !busy; i++) {
            struct actor *actor = world->actors[i];

            if (actor_alive(actor) && node_member(actor->node) && actor->member[group] == MEMBER_YES)
                actor_group(actor, PVMI_GROUP_BARRIER, group, -1, true);
        }
    }
}

/* Whoever listens, to ask and to work in the calm. */
static int choose_askers(struct world *world, struct actor *askers[QUESTIONS_MAX])
{
    int count = 0;

    for (int i = 0; i < world->actor_count && count < QUESTIONS_MAX; i++) {
        struct actor *actor = world->actors[i];

        if (actor_alive(actor) && node_member(actor->node) && actor->process->actor == actor)
            askers[count++] = actor;
    }
    return count;
}

static void plan_questions(struct world *world)
{
    struct actor *askers[QUESTIONS_MAX];
    int count = choose_askers(world, askers);

    for (int i = 0; i < count; i++) {
        actor_ask(askers[i], PVMI_MSG_tasks_query, 0, true);
        actor_ask(askers[i], PVMI_MSG_hosts_query, 0, true);
        ask_groups(askers[i]);
        actor_mailbox_list(askers[i]);
    }
    ask_barriers(world);
    world_run(world, world->now + 5 * SECOND);
    if (!world->failed)
        check_answered(world);
}

/* After all that the machine still works: messages arrive and programs start. */
static void plan_work(struct world *world)
{
    struct actor *askers[QUESTIONS_MAX];
    int count = choose_askers(world, askers);

    for (int i = 0; i < count; i++) {
        if (count > 1)
            actor_send(askers[i], askers[(i + 1) % count]);
        if (i < 3)
            actor_spawn(askers[i], 2, NULL)->final = true;
    }
    world_run(world, world->now + 5 * SECOND);
    if (!world->failed)
        check_actors(world);
}

static void plan_end_tasks(struct world *world)
{
    world->closing = true;
    world_say(world, "the tasks end");
    for (int i = 0; i < world->process_count; i++) {
        struct process *process = world->processes[i];

        if (process->state != PROCESS_RUNNING)
            continue;
        if (process->actor != NULL && !process->actor->leaving && node_member(process->node) &&
            world_chance(world, 500))
            actor_leave(process->actor);
        else
            process_end(process, 0);
    }
    world_run(world, world->now + 6 * SECOND);
    if (!world->failed)
        check_empty(world);
}

static void plan_halt(struct world *world)
{
    struct core_event event = { .type = CORE_EVENT_HALT };
    struct actor *actor = choose_actor(world);
    struct node *node = world_chance(world, 300) ? choose_node(world, true) : world->first;

    world->closing = true;
    world->halt_asked = true;
    world_say(world, "halt");
    if (actor != NULL && node_member(actor->node) && world_chance(world, 700))
        actor_halt(actor);
    else if (world->first->alive)
        node_step(node != NULL && !node->frozen ? node : world->first, &event);
    world_run(world, world->now + (world->halt_ms + world->dead_ms * 2) * MS + 15 * SECOND);
    if (world->failed)
        return;
    if (world->first->alive && actor != NULL && !actor->node->alive) {
        world_say(world, "halt again: the host that asked for it died");
        node_step(world->first, &event);
        world_run(world, world->now + (world->halt_ms + world->dead_ms * 2) * MS + 15 * SECOND);
    }
    if (!world->failed)
        check_ended(world);
}

void plan_run(struct world *world)
{
    bool rough = world_chance(world, 80); /* halted in the middle of it */

    plan_begin(world);
    while (!world->failed && world->steps_left > 0)
        world_run(world, world->now + SECOND);
    if (!rough && !world->failed)
        plan_calm(world);
    if (!rough && !world->failed)
        check_calm(world);
    if (!rough && !world->failed && world->first->alive) {
        plan_questions(world);
        if (!world->failed)
            plan_work(world);
        if (!world->failed && world_chance(world, 700))
            plan_end_tasks(world);
    }
    world->steps_left = 0;
    if (rough && !world->failed)
        plan_heal(world);
    if (!world->failed)
        plan_halt(world);
}
