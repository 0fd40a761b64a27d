/* SPDX-License-Identifier: BSD-3-Clause */
/* What a task does: send, ask, spawn, watch, join groups, leave. */
#include "tests/sim/actor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/actor_mailbox.h"
#include "tests/sim/check.h"
#include "tests/sim/team.h"
#include "wire/tid.h"

static const char *const group_names[GROUPS] = { "red", "green", "blue" };

const char *actor_group_name(int group)
{
    return group_names[group];
}

/* ---- birth and end ---- */

struct actor *actor_new(struct process *process, int32_t tid)
{
    struct world *world = process->world;
    struct actor *actor = pvmi_table_get(&world->by_tid, (uint64_t)tid);

    if (actor != NULL)
        return actor;
    actor = world_alloc(world, sizeof(*actor));
    actor->world = world;
    actor->process = process;
    actor->node = process->node;
    actor->tid = tid;
    actor->next_request = 1;
    pvmi_table_init(&actor->requests);
    pvmi_table_init(&actor->pairs);
    pvmi_table_init(&actor->noticed);
    pvmi_table_init(&actor->noticed_hosts);
    pvmi_table_init(&actor->caught);
    pvmi_table_set(&world->by_tid, (uint64_t)tid, actor);
    world_append((void ***)&world->actors, &world->actor_count, &world->actor_size, actor);
    return actor;
}

void actor_free(struct actor *actor)
{
    pvmi_table_fini(&actor->requests);
    pvmi_table_fini(&actor->pairs);
    pvmi_table_fini(&actor->noticed);
    pvmi_table_fini(&actor->noticed_hosts);
    pvmi_table_fini(&actor->caught);
    for (int i = 0; i < actor->watch_count; i++)
        free(actor->watches[i]->hosts);
    free(actor->watches);
}

void actor_gone(struct actor *actor)
{
    if (actor->gone_at == 0)
        actor->gone_at = actor->world->now + 1;
}

/* ---- messages ---- */

static uint64_t pair_hash(const struct pair *pair, uint32_t number)
{
    uint64_t x = (uint64_t)(uint32_t)pair->src->tid << 32 | (uint32_t)pair->dst;

    x = (x ^ number) * 0x9e3779b97f4a7c15ull;
    return x ^ (x >> 32);
}

uint64_t actor_message_length(const struct pair *pair, uint32_t number)
{
    uint64_t x = pair_hash(pair, number);

    if (pair->src->world->faults.bulk)
        return 200000 + x % 800000;
    if (x % 100 == 0)
        return x / 100 % 150000;
    return x / 100 % 200;
}

/* The bytes at offset of a message: 8 that tell pair, number and place, again and again. */
void actor_message_fill(const struct pair *pair, uint32_t number, uint64_t offset, uint8_t *bytes,
                        size_t length)
{
    uint64_t word = pair_hash(pair, number) + offset / 8;
    size_t skip = offset % 8;

    while (length > 0) {
        size_t part = 8 - skip < length ? 8 - skip : length;

        memcpy(bytes, (const uint8_t *)&word + skip, part);
        bytes += part;
        length -= part;
        skip = 0;
        word++;
        for (; length >= 8; bytes += 8, length -= 8, word++)
            memcpy(bytes, &word, 8);
    }
}

static struct pair *actor_pair(struct actor *actor, int32_t dst)
{
    struct pair *pair = pvmi_table_get(&actor->pairs, (uint64_t)dst);

    if (pair != NULL)
        return pair;
    pair = world_alloc(actor->world, sizeof(*pair));
    pair->src = actor;
    pair->dst = dst;
    pvmi_table_set(&actor->pairs, (uint64_t)dst, pair);
    return pair;
}

void actor_send(struct actor *actor, struct actor *to)
{
    struct pair *pair = actor_pair(actor, to->tid);
    uint32_t number = ++pair->sent;
    uint64_t total = actor_message_length(pair, number);
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA,
                                        .format = (uint8_t)pvmi_format_own(),
                                        .message = number,
                                        .src = actor->tid,
                                        .dst = to->tid,
                                        .tag = (int32_t)(number % 100),
                                        .wid = number,
                                        .message_length = total };
    static uint8_t bytes[PVMI_FRAME_PAYLOAD_MAX];

    actor->world->stats.messages++;
    do {
        uint64_t left = total - header.offset;

        header.length = left < PVMI_FRAME_PAYLOAD_MAX ? (uint32_t)left : PVMI_FRAME_PAYLOAD_MAX;
        actor_message_fill(pair, number, header.offset, bytes, header.length);
        net_send(actor->process->end, &header, bytes, NULL);
        header.offset += header.length;
    } while (header.offset < total);
}

/* More than may wait on the way, to one that does not read for a while: as fast as its daemon reads it. */
static void flood_run(void *object, uint64_t left)
{
    struct pair *pair = object;
    struct actor *actor = pair->src;
    struct actor *to = pvmi_table_get(&actor->world->by_tid, (uint64_t)pair->dst);

    if (actor->process->actor != actor || actor->leaving)
        return;
    while (left > 0 && net_waiting(actor->process->end) < 1000000) {
        actor_send(actor, to);
        left--;
    }
    if (left > 0)
        world_after(actor->world, MS, flood_run, pair, left);
}

void actor_flood(struct actor *actor, struct actor *to)
{
    process_compute(to->process, 3 * SECOND);
    flood_run(actor_pair(actor, to->tid), 160);
}

/* ---- control messages ---- */

void actor_say(struct process *process, int type, const void *msg, void *mark)
{
    struct world *world = process->world;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL };

    world->scratch.length = 0;
    if (pvmi_control_encode(type, msg, &world->scratch) != PvmOk) {
        world_fail(world, "simulator", "cannot encode %s", pvmi_control_name(type));
        return;
    }
    header.length = (uint32_t)world->scratch.length;
    net_send(process->end, &header, world->scratch.data, mark);
}

struct request *actor_request(struct actor *actor, int type)
{
    struct request *request = world_alloc(actor->world, sizeof(*request));

    request->id = actor->next_request++;
    request->type = type;
    request->asked_at = actor->world->now;
    pvmi_table_set(&actor->requests, request->id, request);
    return request;
}

void actor_ask(struct actor *actor, int type, int32_t target, bool final)
{
    struct request *request = actor_request(actor, type);
    struct node *node = node_numbered(actor->world, pvmi_tid_host(target));
    union {
        struct pvmi_msg_task_query task;
        struct pvmi_msg_tasks_query tasks;
        struct pvmi_msg_hosts_query hosts;
        struct pvmi_msg_host_query host;
        struct pvmi_msg_siblings_query siblings;
    } msg;

    memset(&msg, 0, sizeof(msg));
    request->target = target;
    request->final = final;
    msg.task.id = request->id; /* each begins with it */
    if (type == PVMI_MSG_task_query)
        msg.task.tid = target;
    else if (type == PVMI_MSG_tasks_query)
        msg.tasks.where = target;
    else if (type == PVMI_MSG_host_query)
        msg.host.name = node != NULL ? node->name : "nowhere";
    actor_say(actor->process, type, &msg, NULL);
}

static void actor_signal(struct actor *actor, struct actor *to)
{
    struct request *request = actor_request(actor, PVMI_MSG_signal);
    struct pvmi_msg_signal msg = { .id = request->id, .tid = to->tid };

    msg.signum = world_chance(actor->world, 500) ? SIGTERM : SIGKILL;
    request->target = to->tid;
    to->process->signalled = true;
    actor_say(actor->process, PVMI_MSG_signal, &msg, NULL);
}

void actor_group(struct actor *actor, int op, int group, int number, bool final)
{
    struct request *request = actor_request(actor, PVMI_MSG_group);
    struct pvmi_msg_group msg = {
        .id = request->id, .op = op, .group = group_names[group], .number = number
    };

    request->op = op;
    request->group = group;
    request->number = number;
    request->final = final;
    if (op == PVMI_GROUP_BARRIER || op == PVMI_GROUP_FREEZE)
        actor->waiting[group] = op;
    if (op == PVMI_GROUP_JOIN || op == PVMI_GROUP_LEAVE)
        actor->member[group] = MEMBER_MAYBE;
    if (op == PVMI_GROUP_BARRIER && !final && team_arrive(actor, group, request->id, number))
        return;
    actor_say(actor->process, PVMI_MSG_group, &msg, NULL);
}

void actor_host_add(struct actor *actor, char **lines, int count)
{
    struct request *request = actor_request(actor, PVMI_MSG_host_add);
    struct pvmi_msg_host_add msg = { .id = request->id, .lines = { lines, (uint32_t)count } };

    request->number = count;
    actor_say(actor->process, PVMI_MSG_host_add, &msg, NULL);
}

void actor_host_delete(struct actor *actor, const char *name)
{
    struct request *request = actor_request(actor, PVMI_MSG_host_delete);
    char *names[1] = { (char *)name };
    struct pvmi_msg_host_delete msg = { .id = request->id, .names = { names, 1 } };

    request->number = 1;
    actor_say(actor->process, PVMI_MSG_host_delete, &msg, NULL);
}

void actor_leave(struct actor *actor)
{
    struct request *request = actor_request(actor, PVMI_MSG_leave);
    struct pvmi_msg_leave msg = { .id = request->id };

    actor->leaving = true;
    actor_gone(actor);
    actor_say(actor->process, PVMI_MSG_leave, &msg, NULL);
}

void actor_halt(struct actor *actor)
{
    struct request *request = actor_request(actor, PVMI_MSG_halt);
    struct pvmi_msg_halt msg = { .id = request->id };

    actor_say(actor->process, PVMI_MSG_halt, &msg, NULL);
}

/* What no task may say: its daemon may close the connection, and must live. */
void actor_misbehave(struct actor *actor)
{
    struct world *world = actor->world;
    struct pvmi_frame_header header = { .kind = (uint8_t)world_between(world, 1, PVMI_FRAME_KIND_MAX) };
    struct pvmi_msg_append append = { .epoch = 1, .index = 1 };
    uint8_t bytes[64];

    if (world_chance(world, 300)) {
        actor_say(actor->process, PVMI_MSG_append, &append, NULL);
        return;
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)world_random(world);
    header.src = actor->tid;
    header.dst = pvmi_tid_make(actor->node->hosts[0], PVMI_LOCAL_MAX);
    header.format = (uint8_t)pvmi_format_own();
    header.message = header.kind == PVMI_FRAME_MANY ? (uint32_t)world_below(world, sizeof(bytes) / PVMI_MANY_ENTRY) : 1000000;
    if (header.kind != PVMI_FRAME_DATA)
        header.length = (uint32_t)world_below(world, sizeof(bytes));
    header.message_length = header.length;
    net_send(actor->process->end, &header, bytes, NULL);
}

/* ---- spawn ---- */

struct request *actor_spawn(struct actor *actor, int count, const char *where)
{
    struct world *world = actor->world;
    struct request *request = actor_request(actor, PVMI_MSG_spawn);
    struct spawn *spawn = world_alloc(world, sizeof(*spawn));
    struct pvmi_msg_spawn msg = { .id = request->id, .file = "worker", .count = count };
    char uid[24];
    char *argv[1] = { uid };

    spawn->uid = ++world->uid;
    spawn->parent = actor;
    spawn->count = count;
    request->spawn = spawn;
    pvmi_table_set(&world->spawns, spawn->uid, spawn);
    snprintf(uid, sizeof(uid), "%llu", (unsigned long long)spawn->uid);
    msg.argv.v = argv;
    msg.argv.n = 1;
    msg.beside = "/simulated";
    msg.cwd = "/simulated";
    if (where != NULL) {
        msg.where = where;
        msg.flags = PvmTaskHost | (world_chance(world, 200) ? PvmHostCompl : 0);
    } else if (!world->closing && world_chance(world, 100)) {
        msg.where = world_chance(world, 700) ? "LINUX64" : "VAX";
        msg.flags = PvmTaskArch | (world_chance(world, 300) ? PvmHostCompl : 0);
    }
    if (world_chance(world, 600)) {
        spawn->output_tid = actor->tid;
        spawn->output_ctx = PVMI_CONTEXT_CONTROL;
        spawn->output_tag = (int32_t)spawn->uid;
    }
    msg.inherit.output_tid = spawn->output_tid;
    msg.inherit.output_ctx = spawn->output_ctx;
    msg.inherit.output_tag = spawn->output_tag;
    actor_say(actor->process, PVMI_MSG_spawn, &msg, NULL);
    return request;
}

/* ---- notices ---- */

void actor_notify(struct actor *actor, int what, int count, const int32_t *values, int limit)
{
    struct world *world = actor->world;
    struct notify_call *call = world_alloc(world, sizeof(*call));
    struct pvmi_msg_notify msg = { .what = what, .tag = (int32_t)++world->uid, .count = limit };
    int watches = what == PvmHostAdd ? 1 : count;

    call->count = watches;
    call->watches = world_alloc(world, (size_t)watches * sizeof(*call->watches));
    for (int i = 0; i < watches; i++) {
        struct watch *watch = &call->watches[i];

        watch->actor = actor;
        watch->what = what;
        watch->tag = msg.tag;
        watch->value = what == PvmHostAdd ? 0 : values[i];
        watch->limit = limit;
        world_append((void ***)&actor->watches, &actor->watch_count, &actor->watch_size, watch);
    }
    msg.tids.v = (int32_t *)values;
    msg.tids.n = (uint32_t)count;
    if (what != PvmHostAdd)
        msg.count = count;
    actor_say(actor->process, PVMI_MSG_notify, &msg, call);
}

void process_mark_taken(void *mark)
{
    struct notify_call *call = mark;

    for (int i = 0; call != NULL && i < call->count; i++) {
        call->watches[i].active = true;
        call->watches[i].taken_at = call->watches[i].actor->world->now;
    }
}

void actor_cancel(struct actor *actor, struct watch *watch)
{
    struct pvmi_msg_notify msg = { .what = watch->what | PvmNotifyCancel, .tag = watch->tag, .count = 1 };

    watch->cancelled = true;
    msg.tids.v = &watch->value;
    msg.tids.n = watch->what == PvmHostAdd ? 0 : 1;
    actor_say(actor->process, PVMI_MSG_notify, &msg, NULL);
}

void watch_note_host(struct watch *watch, int number)
{
    if (watch->host_count == watch->host_size) {
        watch->host_size = watch->host_size == 0 ? 8 : watch->host_size * 2;
        watch->hosts = realloc(watch->hosts, (size_t)watch->host_size * sizeof(*watch->hosts));
        if (watch->hosts == NULL)
            abort();
    }
    watch->hosts[watch->host_count++] = number;
}

void actor_host_added(struct actor *actor, int number)
{
    for (int i = 0; i < actor->watch_count && actor->process->actor == actor; i++) {
        struct watch *watch = actor->watches[i];

        if (watch->what == PvmHostAdd && watch->active && !watch->cancelled)
            watch_note_host(watch, number);
    }
}

/* ---- what it likes ---- */

/* Any other task, also one on a host that its own daemon has not heard of yet, or that was dropped. Mostly a
 * living one; NULL for none. */
static struct actor *actor_choose(struct actor *actor, bool living)
{
    struct world *world = actor->world;

    for (int i = 0; i < 12 && world->actor_count > 0; i++) {
        struct actor *other = world->actors[world_below(world, (uint64_t)world->actor_count)];

        if (other == actor)
            continue;
        if (!living || (actor_alive(other) && !other->leaving))
            return other;
    }
    return NULL;
}

/* Mostly one that its daemon knows; else any that is or was a member. */
static int32_t actor_choose_host(struct actor *actor)
{
    struct world *world = actor->world;
    struct node *node = world->nodes[world_below(world, (uint64_t)world->node_count)];

    if (node->was_member && world_chance(world, 200))
        return pvmi_tid_of_host(node->number);
    return pvmi_tid_of_host(actor->node->hosts[world_below(actor->world, (uint64_t)actor->node->host_count)]);
}

static void act_send(struct actor *actor)
{
    struct world *world = actor->world;
    struct actor *to = actor_choose(actor, !world_chance(world, 50));
    uint64_t count = world_between(world, 1, world->faults.bulk ? 40 : 4);

    for (uint64_t i = 0; to != NULL && i < count && net_waiting(actor->process->end) < 2000000; i++)
        actor_send(actor, to);
}

static void act_notify(struct actor *actor)
{
    struct world *world = actor->world;
    int32_t values[3];
    int count = 0;
    uint64_t kind = world_below(world, 10);

    if (kind == 0) {
        actor_notify(actor, PvmHostAdd, 0, NULL,
                     world_chance(world, 500) ? -1 : (int)world_between(world, 1, 3));
    } else if (kind <= 2) {
        values[0] = actor_choose_host(actor);
        if (pvmi_tid_host(values[0]) != actor->node->number)
            actor_notify(actor, PvmHostDelete, 1, values, 0);
    } else {
        for (int i = 0; i < 3; i++) {
            struct actor *to = actor_choose(actor, world_chance(world, 800));

            if (to != NULL)
                values[count++] = to->tid;
        }
        if (world_chance(world, 50) && count > 0)
            values[count - 1] = pvmi_tid_make(PVMI_HOST_MAX - 3, 7); /* a host that never was */
        if (count > 0)
            actor_notify(actor, PvmTaskExit, count, values, 0);
    }
}

/* Not one of two that are the same: which of them a notice is for could not be told. */
static void act_cancel(struct actor *actor)
{
    struct watch *watch;
    int same = 0;

    if (actor->watch_count == 0)
        return;
    watch = actor->watches[world_below(actor->world, (uint64_t)actor->watch_count)];
    for (int i = 0; i < actor->watch_count; i++)
        same += actor->watches[i]->tag == watch->tag && actor->watches[i]->value == watch->value;
    if (!watch->cancelled && same == 1)
        actor_cancel(actor, watch);
}

static void act_ask(struct actor *actor)
{
    struct world *world = actor->world;
    struct actor *other = actor_choose(actor, world_chance(world, 800));
    int32_t tid = other == NULL ? actor->tid : other->tid;

    switch (world_below(world, 6)) {
    case 0:
        actor_ask(actor, PVMI_MSG_task_query, tid, false);
        break;
    case 1:
        actor_ask(actor, PVMI_MSG_tasks_query, 0, false);
        break;
    case 2:
        actor_ask(actor, PVMI_MSG_tasks_query, world_chance(world, 500) ? tid : actor_choose_host(actor),
                  false);
        break;
    case 3:
        actor_ask(actor, PVMI_MSG_hosts_query, 0, false);
        break;
    case 4:
        actor_ask(actor, PVMI_MSG_host_query, actor_choose_host(actor), false);
        break;
    case 5:
        if (actor->process->spawn != NULL && actor->tid == actor->process->claim_tid)
            actor_ask(actor, PVMI_MSG_siblings_query, 0, false);
        break;
    }
}

static void act_group(struct actor *actor)
{
    struct world *world = actor->world;
    int group = (int)world_below(world, GROUPS);

    if (actor->member[group] == MEMBER_NO) {
        actor_group(actor, PVMI_GROUP_JOIN, group, 0, false);
        return;
    }
    if (actor->waiting[group] != 0)
        return;
    if (world->faults.freezing && world_chance(world, 100)) {
        actor_group(actor, PVMI_GROUP_FREEZE, group,
                    world_chance(world, 500) ? -1 : (int)world_between(world, 1, 3), false);
        return;
    }
    switch (world_below(world, 7)) {
    case 0:
        actor_group(actor, PVMI_GROUP_LEAVE, group, 0, false);
        break;
    case 1:
        actor_group(actor, PVMI_GROUP_SIZE, group, 0, false);
        break;
    case 2:
        actor_group(actor, PVMI_GROUP_INSTANCE, group, actor->tid, false);
        break;
    case 3:
        actor_group(actor, PVMI_GROUP_TID, group, (int)world_below(world, 4), false);
        break;
    case 4:    /* twice, for then the group is lent to the hosts of its members */
        actor_group(actor, PVMI_GROUP_MEMBERS, group, 0, false);
        actor_group(actor, PVMI_GROUP_MEMBERS, group, 0, false);
        break;
    default:
        actor_group(actor, PVMI_GROUP_BARRIER, group,
                    world_chance(world, 300)                                         ? -1
                    : actor->seat[group].team != NULL && world_chance(world, 700) ? actor->seat[group].size
                                                                                     : (int)world_between(world, 1, 4),
                    false);
        break;
    }
}

static void act_spawn(struct actor *actor)
{
    struct world *world = actor->world;
    struct node *node = node_numbered(world, pvmi_tid_host(actor_choose_host(actor)));

    if (world->process_count < world->process_max)
        actor_spawn(actor, (int)world_between(world, world_chance(world, 20) ? 0 : 1, SPAWN_MAX),
                    world_chance(world, 20)                    ? "nowhere"
                    : world_chance(world, 300) && node != NULL ? node->name
                                                               : NULL);
}

void actor_act(struct actor *actor)
{
    struct world *world = actor->world;
    uint64_t what = world_below(world, 100);
    struct actor *victim;

    if (what < 40)
        act_send(actor);
    else if (what < 55)
        act_notify(actor);
    else if (what < 58)
        act_cancel(actor);
    else if (what < 68)
        act_ask(actor);
    else if (what < 76)
        act_group(actor);
    else if (what < 82)
        actor_mailbox(actor);
    else if (what < 94)
        act_spawn(actor);
    else if (what < 96 && (victim = actor_choose(actor, world_chance(world, 700))) != NULL)
        actor_signal(actor, victim);
    else if (what == 99 && actor->process->lives_left > 0)
        actor_leave(actor);
}
