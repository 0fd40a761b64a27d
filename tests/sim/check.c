/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold in the machine as a whole: tables, lives, counts. check_actor.c has what tasks were
 * promised. */
#include "tests/sim/check.h"

#include <string.h>

#include "wire/tid.h"

#define SLACK (8 * SECOND) /* dial time-outs and back-off on top of the silence that means death */

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool check_host_lives(struct world *world, int number)
{
    const struct node *node = node_numbered(world, number);

    return node != NULL && node->was_member && node->dropped_at == 0;
}

/* ---- lives ---- */

static void check_life(struct world *world, const struct node *node)
{
    uint64_t dead = world->dead_ms * MS + SLACK;

    if (!node->alive || node->frozen)
        return;
    if (node->dropped_at != 0 && world->now > latest(node->dropped_at, node->thawed_at) + dead)
        world_fail(world, "dropped daemon lives on", "node %d, dropped at %llu ms", node->number,
                   (unsigned long long)(node->dropped_at / MS));
    if (node->was_member && !world->first->alive &&
        world->now > latest(world->first->died_at, node->thawed_at) + dead)
        world_fail(world, "daemon outlives the machine", "node %d, the first host ended at %llu ms",
                   node->number, (unsigned long long)(world->first->died_at / MS));
    if (!node->was_member && node != world->first &&
        world->now > latest(node->born_at, node->thawed_at) + 2 * world->join_ms * MS + dead)
        world_fail(world, "daemon that never joined lives on", "node %d", node->number);
}

/* As long as the first host has no troubles of its own, it drops who has died, in time. */
static void check_death(struct world *world, const struct node *node)
{
    if (!node->alive && node->was_member && node->dropped_at == 0 && world->first->alive &&
        !world->first->disturbed && !world->first->frozen &&
        world->now > latest(node->died_at, world->first->thawed_at) + world->dead_ms * MS + SLACK)
        world_fail(world, "dead host stays", "node %d died at %llu ms", node->number,
                   (unsigned long long)(node->died_at / MS));
}

static void check_watch_run(void *object, uint64_t value)
{
    struct world *world = object;

    (void)value;
    for (int i = 0; i < world->node_count; i++) {
        check_life(world, world->nodes[i]);
        check_death(world, world->nodes[i]);
    }
    for (int i = 0; i < world->process_count; i++) {
        struct process *process = world->processes[i];

        if (process->handle != 0 && process->state == PROCESS_RUNNING && !process->node->alive &&
            world->now > process->node->died_at + 5 * SECOND)
            world_fail(world, "task without a daemon", "process %d on node %d", process->pid,
                       process->node->number);
    }
    world_after(world, SECOND, check_watch_run, world, 0);
}

void check_watch(struct world *world)
{
    world_after(world, SECOND, check_watch_run, world, 0);
}

void check_drop(const struct node *node)
{
    struct world *world = node->world;

    if (!node->disturbed && !world->first->disturbed && !world->faults.slow && !world->halt_asked)
        world_fail(world, "dropped without a reason", "node %d, a healthy member", node->number);
}

/* Who asked for the task may have been dropped before the start was confirmed to it. */
static bool may_be_orphan(const struct process *process)
{
    const struct spawn *spawn = process->spawn;
    const struct node *parent = spawn == NULL ? NULL : spawn->parent->node;

    if (parent == NULL || node_member(parent))
        return parent == NULL;
    return !spawn->answered || process->world->slept ||
           spawn->answered_at + (2 * process->world->suspect_ms + 1000) * MS > parent->disturbed_at;
}

void check_signal(const struct process *process)
{
    struct world *world = process->world;

    if (process->signalled || world->halt_asked || process->node->disturbed || world->first->disturbed ||
        may_be_orphan(process))
        return;
    world_fail(world, "killed without a reason", "process %d on node %d", process->pid,
               process->node->number);
}

/* Hosts are not added for a task that has ended, or whose host is lost. */
static bool asker_gone(const struct launch *launch)
{
    const struct actor *asker = pvmi_table_get(&launch->node->world->by_tid, (uint64_t)launch->asker);

    return asker != NULL && (asker->buried || asker->node->dropped_at != 0);
}

void check_launch_end(const struct launch *launch, bool keep)
{
    struct world *world = launch->node->world;

    if (keep && asker_gone(launch) && pvmi_tid_host(launch->asker) == world->first->number)
        world_fail(world, "host added for nobody", "node %d (%s), for t%x", launch->number, launch->name,
                   (unsigned)launch->asker);
    if (!keep && !asker_gone(launch) && launch->born != NULL && launch->told && launch->code == PvmOk && !launch->born->disturbed &&
        !world->first->disturbed && !world->halt_asked && !world->faults.slow && !world->faults.breaks)
        world_fail(world, "join failed without a reason", "node %d (%s)", launch->number, launch->name);
}

/* ---- counts ---- */

/* A daemon of a halted machine goes only when its tasks have gone. */
void check_stop(struct node *node, bool unasked)
{
    struct world *world = node->world;
    struct core_counts counts;

    if (unasked && node->dropped_at == 0 && !node->disturbed && node->was_member && world->first->alive &&
        !world->first->disturbed && !world->faults.slow && !world->halt_asked)
        world_fail(world, "ended without a reason", "node %d, a healthy member", node->number);
    if (unasked || !world->halt_asked || node->dropped_at != 0)
        return;
    core_count(node->core, &counts);
    for (int i = 0; i < world->process_count; i++) {
        struct process *process = world->processes[i];

        if (process->node == node && process->handle != 0 && process->state != PROCESS_ENDED)
            world_fail(world, "stopped before its tasks", "node %d has process %d (%d tasks in its core)",
                       node->number, process->pid, counts.tasks);
    }
}

void check_empty(struct world *world)
{
    for (int i = 0; i < world->node_count; i++) {
        struct node *node = world->nodes[i];
        struct core_counts counts;

        if (!node_member(node))
            continue;
        core_count(node->core, &counts);
        if (counts.tasks != 0 || counts.requests != 0 || counts.watches != 0 || counts.joins != 0 ||
            counts.session_frames != 0)
            world_fail(world, "left over",
                       "node %d: %d tasks, %d requests, %d watches, %d joins, %zu frames kept", node->number,
                       counts.tasks, counts.requests, counts.watches, counts.joins, counts.session_frames);
    }
}

void check_ended(struct world *world)
{
    for (int i = 0; i < world->node_count; i++) {
        if (world->nodes[i]->alive)
            world_fail(world, "daemon outlives the machine", "node %d (%s) still runs",
                       world->nodes[i]->number, world->nodes[i]->name);
    }
    for (int i = 0; i < world->process_count; i++) {
        struct process *process = world->processes[i];

        if (process->handle != 0 && process->state != PROCESS_ENDED)
            world_fail(world, "task without a daemon", "process %d on node %d", process->pid,
                       process->node->number);
    }
}

/* ---- the same state everywhere ---- */

static void check_same(struct world *world, const struct node *node)
{
    const struct node *first = world->first;

    if (node->host_count != first->host_count ||
        memcmp(node->hosts, first->hosts, (size_t)node->host_count * sizeof(*node->hosts)) != 0)
        world_fail(world, "host tables differ", "node %d has %d hosts, the first one %d", node->number,
                   node->host_count, first->host_count);
    if (core_state_index(node->core) != core_state_index(first->core))
        world_fail(world, "states differ", "node %d is at index %llu, the first one at %llu", node->number,
                   (unsigned long long)core_state_index(node->core),
                   (unsigned long long)core_state_index(first->core));
    if (core_state_hash(node->core) != core_state_hash(first->core))
        world_fail(world, "states differ", "node %d at index %llu", node->number,
                   (unsigned long long)core_state_index(node->core));
}

static int count_actors(const struct world *world, const struct node *node)
{
    int count = 0;

    for (int i = 0; i < world->actor_count; i++)
        count += world->actors[i]->node == node && world->actors[i]->gone_at == 0;
    return count;
}

static void check_node(struct world *world, const struct node *node)
{
    struct core_counts counts;
    int tasks = count_actors(world, node);

    check_same(world, node);
    core_count(node->core, &counts);
    if (counts.tasks != tasks)
        world_fail(world, "tasks miscounted", "node %d has %d and knows of %d", node->number, tasks,
                   counts.tasks);
    if (counts.joins != 0)
        world_fail(world, "join never ends", "node %d has %d", node->number, counts.joins);
    if (!node->ready)
        world_fail(world, "never ready", "node %d is a member", node->number);
}

void check_calm(struct world *world)
{
    for (int i = 0; i < world->node_count && !world->failed; i++) {
        struct node *node = world->nodes[i];

        if (node_member(node))
            check_node(world, node);
        else if (node->alive)
            world_fail(world, "daemon that is no member lives on", "node %d", node->number);
        else if (node->was_member && node->dropped_at == 0 && world->first->alive)
            world_fail(world, "dead host stays", "node %d died at %llu ms", node->number,
                       (unsigned long long)(node->died_at / MS));
    }
    check_actors(world);
}

/* ---- exact answers ---- */

void check_hosts(struct actor *actor, const struct pvmi_msg_hosts *msg)
{
    const struct node *first = actor->world->first;
    bool same = (int)msg->hosts.n == first->host_count;

    for (uint32_t i = 0; same && i < msg->hosts.n; i++)
        same = msg->hosts.v[i].number == first->hosts[i];
    if (!same)
        world_fail(actor->world, "bad answer", "t%x was told of %u hosts, there are %d", (unsigned)actor->tid,
                   msg->hosts.n, first->host_count);
}

void check_tasks(struct actor *actor, const struct pvmi_msg_tasks *msg)
{
    struct world *world = actor->world;
    int living = 0;

    for (int i = 0; i < world->actor_count; i++)
        living += world->actors[i]->gone_at == 0 && node_member(world->actors[i]->node);
    if ((int)msg->tasks.n != living)
        world_fail(world, "bad answer", "t%x was told of %u tasks, there are %d", (unsigned)actor->tid,
                   msg->tasks.n, living);
    for (uint32_t i = 0; i < msg->tasks.n; i++) {
        const struct actor *other = pvmi_table_get(&world->by_tid, (uint64_t)msg->tasks.v[i].tid);

        if (other == NULL || other->gone_at != 0)
            world_fail(world, "bad answer", "t%x was told of task t%x, which there is not",
                       (unsigned)actor->tid, (unsigned)msg->tasks.v[i].tid);
    }
}

void check_members(struct actor *actor, int group, const struct pvmi_ints *tids)
{
    struct world *world = actor->world;
    int members = 0;

    for (uint32_t i = 0; i < tids->n; i++) {
        const struct actor *other = pvmi_table_get(&world->by_tid, (uint64_t)tids->v[i]);

        if (tids->v[i] == 0)
            continue;
        members++;
        if (other == NULL || other->gone_at != 0 || other->member[group] != MEMBER_YES)
            world_fail(world, "group wrong", "%s has t%x, which is not in it", actor_group_name(group),
                       (unsigned)tids->v[i]);
        else if (other->instance[group] != (int)i)
            world_fail(world, "group wrong", "t%x is %d in %s, and was told %d", (unsigned)other->tid, (int)i,
                       actor_group_name(group), other->instance[group]);
    }
    for (int i = 0; i < world->actor_count; i++) {
        const struct actor *other = world->actors[i];

        members -= other->gone_at == 0 && node_member(other->node) && other->member[group] == MEMBER_YES;
    }
    if (members != 0)
        world_fail(world, "group wrong", "%s has %d members too many", actor_group_name(group), members);
}
