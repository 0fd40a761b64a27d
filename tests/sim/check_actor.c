/* SPDX-License-Identifier: BSD-3-Clause */
/* What tasks were promised, looked at in the calm: answers, notices, messages, output, starts. */
#include "tests/sim/actor_mailbox.h"
#include "tests/sim/check.h"

#include "wire/tid.h"

/* It still listens: on a member, connected, and has not said that it goes. */
static bool listens(const struct actor *actor)
{
    return actor_alive(actor) && node_member(actor->node) && actor->process->actor == actor &&
           actor->process->state == PROCESS_RUNNING;
}

/* ---- requests ---- */

static int group_size(const struct world *world, int group, int waiting)
{
    int count = 0;

    for (int i = 0; i < world->actor_count; i++) {
        const struct actor *actor = world->actors[i];

        if (listens(actor) && actor->member[group] == MEMBER_YES)
            count += waiting == 0 || actor->waiting[group] == waiting;
    }
    return count;
}

/* A barrier may wait for members who have not come. */
static bool may_wait(const struct world *world, const struct request *request)
{
    int waiting = group_size(world, request->group, request->op);
    int size = group_size(world, request->group, 0);

    if (actor_mailbox_waits(request))
        return true;
    if (request->type != PVMI_MSG_group ||
        (request->op != PVMI_GROUP_BARRIER && request->op != PVMI_GROUP_FREEZE))
        return false;
    return request->number > 0 ? waiting < request->number : waiting < size;
}

static void check_requests(struct actor *actor)
{
    struct world *world = actor->world;
    struct request *request;
    uint32_t cursor = 0;

    while ((request = pvmi_table_next(&actor->requests, &cursor, NULL)) != NULL) {
        if (!request->answered && !may_wait(world, request))
            world_fail(world, "request not answered", "t%x asked \"%s\" (op %d, number %d) as %u at %llu ms",
                       (unsigned)actor->tid, pvmi_control_name(request->type), request->op, request->number,
                       request->id, (unsigned long long)(request->asked_at / MS));
    }
}

/* ---- notices ---- */

static int notices_due(const struct world *world, const struct watch *watch)
{
    const struct actor *other = pvmi_table_get(&world->by_tid, (uint64_t)watch->value);

    if (watch->cancelled)
        return 1;
    if (watch->what == PvmHostDelete)
        return node_numbered((struct world *)world, pvmi_tid_host(watch->value))->dropped_at != 0;
    return other == NULL || other->gone_at != 0 || !node_member(other->node);
}

/* One message tells of all hosts of a pvm_addhosts. One that went again meanwhile may be left out. */
static void check_host_watch(struct world *world, const struct watch *watch)
{
    int missing = 0;

    for (int i = 0; i < watch->host_count; i++)
        missing += watch->hosts[i] > 0 && check_host_lives(world, watch->hosts[i]);
    if (!watch->cancelled && missing > 0 && watch->got != watch->limit)
        world_fail(world, "notice missing", "t%x was not told of %d of %d new hosts in %d messages",
                   (unsigned)watch->actor->tid, missing, watch->host_count, watch->got);
}

static void check_watches(struct actor *actor)
{
    struct world *world = actor->world;

    for (int i = 0; i < actor->watch_count; i++) {
        const struct watch *watch = actor->watches[i];

        if (!watch->active)
            world_fail(world, "notice missing", "t%x: its request with tag %d was never taken",
                       (unsigned)actor->tid, watch->tag);
        else if (watch->what == PvmHostAdd)
            check_host_watch(world, watch);
        else if (watch->got != notices_due(world, watch))
            world_fail(world, watch->got == 0 ? "notice missing" : "false notice",
                       "t%x got %d of t%x with tag %d, due were %d", (unsigned)actor->tid, watch->got,
                       (unsigned)watch->value, watch->tag, notices_due(world, watch));
    }
}

/* ---- messages ---- */

static void check_pairs(struct actor *actor)
{
    struct world *world = actor->world;
    struct pair *pair;
    uint32_t cursor = 0;

    if (!node_member(actor->node) || (actor->gone_at != 0 && !actor->left))
        return;
    while ((pair = pvmi_table_next(&actor->pairs, &cursor, NULL)) != NULL) {
        const struct actor *dst = pvmi_table_get(&world->by_tid, (uint64_t)pair->dst);

        if (dst != NULL && listens(dst) && (pair->delivered != pair->sent || pair->arriving != 0))
            world_fail(world, "message lost", "t%x sent %u to t%x, which got %u and %llu bytes",
                       (unsigned)actor->tid, pair->sent, (unsigned)pair->dst, pair->delivered,
                       (unsigned long long)pair->arriving);
    }
}

/* ---- spawns and their output ---- */

static bool spawn_told(const struct spawn *spawn, int32_t tid)
{
    for (int i = 0; i < spawn->answered_count; i++) {
        if (spawn->answered_tids[i] == tid)
            return true;
    }
    return false;
}

static void check_output(struct world *world, const struct spawn *spawn, const struct process *process)
{
    const struct actor *catcher = pvmi_table_get(&world->by_tid, (uint64_t)spawn->output_tid);
    const struct caught *caught;

    if (spawn->output_tid == 0 || catcher == NULL || !listens(catcher) || !node_member(process->node) ||
        !spawn_told(spawn, process->claim_tid))
        return;
    caught = pvmi_table_get(&catcher->caught, (uint64_t)process->claim_tid);
    if (caught == NULL || caught->begins != 1)
        world_fail(world, "output missing", "t%x was not told that t%x has begun", (unsigned)catcher->tid,
                   (unsigned)process->claim_tid);
    else if (caught->bytes != process->made)
        world_fail(world, "output lost", "t%x got %llu bytes of t%x, which wrote %llu",
                   (unsigned)catcher->tid, (unsigned long long)caught->bytes, (unsigned)process->claim_tid,
                   (unsigned long long)process->made);
    else if (caught->ends != (process->state == PROCESS_ENDED))
        world_fail(world, "output end", "t%x was told %d times that t%x has ended", (unsigned)catcher->tid,
                   caught->ends, (unsigned)process->claim_tid);
}

/* The host that asked has gone before it had all the answers, and not the task that asked. */
static bool lost_parent(const struct spawn *spawn)
{
    const struct actor *parent = spawn->parent;

    return !spawn->decided && !node_member(parent->node) && parent->node->died_at != 0 &&
           (parent->gone_at == 0 || parent->gone_at > parent->node->died_at);
}

static void check_spawn(struct world *world, const struct spawn *spawn)
{
    for (int i = 0; i < spawn->answered_count; i++) {
        if (pvmi_table_get(&world->started, (uint64_t)spawn->answered_tids[i]) == NULL)
            world_fail(world, "bad answer", "spawn %llu was told of t%x, which was never started",
                       (unsigned long long)spawn->uid, (unsigned)spawn->answered_tids[i]);
    }
    for (int i = 0; i < spawn->starts; i++) {
        const struct process *process = spawn->processes[i];

        if (spawn->answered && process->state == PROCESS_RUNNING && node_member(process->node) &&
            !spawn_told(spawn, process->claim_tid))
            world_fail(world, "start without an owner", "t%x runs, and spawn %llu was not told of it",
                       (unsigned)process->claim_tid, (unsigned long long)spawn->uid);
        if (process->state == PROCESS_RUNNING && node_member(process->node) && lost_parent(spawn))
            world_fail(world, "start without an owner", "t%x runs, and the host that asked for it has gone",
                       (unsigned)process->claim_tid);
        check_output(world, spawn, process);
    }
}

void check_actors(struct world *world)
{
    uint32_t cursor = 0;
    struct spawn *spawn;

    for (int i = 0; i < world->actor_count && !world->failed; i++) {
        struct actor *actor = world->actors[i];

        if (listens(actor)) {
            check_requests(actor);
            check_watches(actor);
        }
        if (actor->leaving && !actor->left && actor->process->actor == actor && node_member(actor->node))
            world_fail(world, "request not answered", "t%x wants to leave", (unsigned)actor->tid);
        check_pairs(actor);
    }
    while ((spawn = pvmi_table_next(&world->spawns, &cursor, NULL)) != NULL && !world->failed)
        check_spawn(world, spawn);
}

void check_answered(struct world *world)
{
    for (int i = 0; i < world->actor_count && !world->failed; i++) {
        if (listens(world->actors[i]))
            check_requests(world->actors[i]);
    }
}
