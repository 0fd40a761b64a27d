/* SPDX-License-Identifier: BSD-3-Clause */
/* A simulated daemon's life: birth, events, timers, freezing, death. */
#include "tests/sim/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/sim/actor.h"
#include "tests/sim/check.h"
#include "tests/sim/process.h"
#include "tests/sim/trace.h"
#include "wire/tid.h"

#define NOTED_MAX                                                                                            \
    512 /* bytes of a frame that go into the hash of the run; receivers check messages whole                 \
         */

static void node_timer(struct node *node);

static uint64_t node_now_ms(const struct node *node)
{
    return node->clock_ms + node->world->now / MS;
}

/* The core's way to the generator; one stream a node, so that a change in one does not move all others. */
static uint64_t node_random(void *user)
{
    struct node *node = user;
    static uint64_t unseeded;

    node->random = node->random * 6364136223846793005ull + 1442695040888963407ull;
    if (node->world->plant == PLANT_UNSEEDED)
        return node->random ^ (node->random >> 31) ^ ++unseeded;
    return node->random ^ (node->random >> 31);
}

/* ---- birth ---- */

void node_record(const struct node *node, struct pvmi_rec_host *record, uint8_t key[32], char address[32],
                 char **addresses)
{
    memset(record, 0, sizeof(*record));
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)(node->incarnation >> (8 * (i % 8))) ^ (uint8_t)i;
    snprintf(address, 32, "10.%d.%d.1", node->number / 256, node->number % 256);
    addresses[0] = address;
    record->number = node->number;
    record->incarnation = node->incarnation;
    record->name = node->name;
    record->addresses.v = addresses;
    record->addresses.n = 1;
    record->port = 40000 + (uint32_t)node->number;
    record->key.data = key;
    record->key.length = 32;
    record->arch = "LINUX64";
    record->format = pvmi_format_own();
    record->dsig = pvmi_format_dsig(record->format);
    record->speed = 1000;
    record->launcher = node->launch == NULL ? "first" : "ssh";
}

static int64_t node_clock(void *user)
{
    const struct node *node = user;

    return (int64_t)node->world->now;
}

static void node_core(struct node *node)
{
    struct world *world = node->world;
    struct core_config config = { .first = node->launch == NULL };
    uint8_t key[2][32];
    char address[2][32];
    char *addresses[2][1];

    node_record(node, &config.self, key[0], address[0], addresses[0]);
    if (node != world->first)
        node_record(world->first, &config.orderer, key[1], address[1], addresses[1]);
    for (int i = 0; i < 32; i++)
        config.gate[i] = (uint8_t)(i + 1);
    config.suspect_ms = world->suspect_ms;
    config.dead_ms = world->dead_ms;
    config.join_ms = world->join_ms;
    config.halt_ms = world->halt_ms;
    config.tasks_max = world->faults.few_tasks ? (int)world_between(world, 3, 12) : 0;
    config.random = node_random;
    config.random_user = node;
    config.clock = node_clock;
    config.clock_user = node;
    if (config.first) {
        memcpy(node->gate, config.gate, sizeof(node->gate));
        node->gated = true;
    } else {
        memset(config.gate, 0, sizeof(config.gate));
    }
    if (core_new(&config, &node->core) != PvmOk)
        world_fail(world, "core", "core_new failed");
}

static void node_first_step(void *object, uint64_t value)
{
    struct node *node = object;
    struct core_event event = { .type = CORE_EVENT_TICK };

    if (node->alive && !node_defers(node, node_first_step, node, value))
        node_step(node, &event);
}

struct node *node_new(struct world *world, const char *name, struct launch *launch)
{
    struct node *node = world_alloc(world, sizeof(*node));

    node->world = world;
    snprintf(node->name, sizeof(node->name), "%s", name);
    node->number = launch == NULL ? 1 : launch->number;
    node->incarnation = world_random(world) | 1;
    node->random = world_random(world);
    node->clock_ms = world_below(world, 100000000);
    node->alive = node->powered = true;
    node->born_at = world->now;
    node->launch = launch;
    pvmi_table_init(&node->links);
    pvmi_table_init(&node->admitted);
    pvmi_table_init(&node->tokens);
    pvmi_table_init(&node->starts);
    pvmi_table_init(&node->launches);
    pvmi_table_init(&node->peers);
    world_append((void ***)&world->nodes, &world->node_count, &world->node_size, node);
    if (world->first == NULL)
        world->first = node;
    node_core(node);
    world_say(world, "node %d (%s) is born", node->number, node->name);
    world_after(world, world_below(world, MS), node_first_step, node, 0);
    return node;
}

void nodes_fini(struct world *world)
{
    for (int i = 0; i < world->actor_count; i++)
        actor_free(world->actors[i]);
    for (int i = 0; i < world->node_count; i++) {
        struct node *node = world->nodes[i];

        if (node->alive)
            node_kill(node, true);
        while (node->held_first != NULL) {
            struct held *held = node->held_first;

            node->held_first = held->next;
            free(held);
        }
        pvmi_table_fini(&node->links);
        pvmi_table_fini(&node->admitted);
        pvmi_table_fini(&node->tokens);
        pvmi_table_fini(&node->starts);
        pvmi_table_fini(&node->launches);
        pvmi_table_fini(&node->peers);
        free(node->conns);
        free(node->hosts);
    }
}

/* ---- who is who ---- */

struct node *node_find(struct world *world, int number, uint64_t incarnation)
{
    for (int i = 0; i < world->node_count; i++) {
        if (world->nodes[i]->number == number && world->nodes[i]->incarnation == incarnation)
            return world->nodes[i];
    }
    return NULL;
}

struct node *node_numbered(struct world *world, int number)
{
    for (int i = world->node_count - 1; i >= 0; i--) {
        if (world->nodes[i]->number == number)
            return world->nodes[i];
    }
    return NULL;
}

struct node *node_named(struct world *world, const char *name)
{
    for (int i = 0; i < world->node_count; i++) {
        if (world->nodes[i]->alive && strcmp(world->nodes[i]->name, name) == 0)
            return world->nodes[i];
    }
    return NULL;
}

bool node_member(const struct node *node)
{
    return node->alive && node->was_member && node->dropped_at == 0 && node->world->first->alive;
}

/* ---- what the host table says, step by step ---- */

static void node_host_added(struct node *node, int number)
{
    struct world *world = node->world;
    struct node *other = node_numbered(world, number);

    if (node == world->first && other != NULL) {
        if (other->was_member)
            world_fail(world, "host number reused", "%d", number);
        other->was_member = true;
        other->member_at = world->now;
        world->stats.joins++;
    }
    for (int i = 0; i < world->actor_count; i++) {
        if (world->actors[i]->node == node)
            actor_host_added(world->actors[i], number);
    }
}

static void node_host_dropped(struct node *node, int number)
{
    struct world *world = node->world;
    struct node *other = node_numbered(world, number);

    if (node == world->first && other != NULL) {
        other->dropped_at = world->now;
        world->stats.drops++;
        check_drop(other);
    }
}

/* Compares the table with what it was; both are in order of number. */
static void node_watch_table(struct node *node)
{
    static int numbers[PVMI_HOST_MAX];
    static uint64_t incarnations[PVMI_HOST_MAX];
    int max = core_hosts(node->core, numbers, incarnations, PVMI_HOST_MAX);
    int *old = node->hosts;
    int old_count = node->host_count;
    int i = 0, k = 0;

    if (max == old_count && max > 0 && memcmp(numbers, old, (size_t)max * sizeof(*old)) == 0)
        return;
    node->hosts = sim_alloc((size_t)max * sizeof(*numbers) + 1);
    memcpy(node->hosts, numbers, (size_t)max * sizeof(*numbers));
    node->host_count = max;
    while (i < old_count || k < max) {
        if (k == max || (i < old_count && old[i] < numbers[k]))
            node_host_dropped(node, old[i++]);
        else if (i == old_count || numbers[k] < old[i])
            node_host_added(node, numbers[k++]);
        else
            i++, k++;
    }
    free(old);
}

/* ---- events ---- */

bool node_defers(struct node *node, void (*run)(void *object, uint64_t value), void *object, uint64_t value)
{
    struct held *held;

    if (!node->frozen)
        return false;
    held = sim_alloc(sizeof(*held));
    held->run = run;
    held->object = object;
    held->value = value;
    if (node->held_first == NULL)
        node->held_first = held;
    else
        node->held_last->next = held;
    node->held_last = held;
    return true;
}

static void node_note_event(struct node *node, const struct core_event *event)
{
    struct world *world = node->world;

    world->stats.steps++;
    world_note(world, world->now, (uint64_t)node->number << 8 | event->type, event->handle);
    if (world->trace && event->type != CORE_EVENT_TICK && event->type != CORE_EVENT_FRAME)
        world_say(world, "node %d: %s %llu", node->number, node_event_name(event->type),
                  (unsigned long long)event->handle);
}

/* A change of the host table always comes with one of these; to read the whole table each time is slow. */
static bool tells_of_hosts(const struct pvmi_list *actions)
{
    for (const struct pvmi_list *link = actions->next; link != actions; link = link->next) {
        enum core_action_type type = PVMI_CONTAINER(link, struct core_action, link)->type;

        if (type == CORE_ACTION_PEER_SET || type == CORE_ACTION_PEER_DROP || type == CORE_ACTION_GATE ||
            type == CORE_ACTION_READY)
            return true;
    }
    return false;
}

void node_step(struct node *node, struct core_event *event)
{
    struct world *world = node->world;
    struct pvmi_list actions;
    struct pvmi_list *link;

    pvmi_list_init(&actions);
    node_note_event(node, event);
    if (world->faults.memory && !world->calm && world_chance(world, 2) &&
        (node != world->first || world->faults.first_too)) {
        node_disturb(node);
        pvmi_alloc_fail_nth((int)world_below(world, 20));
    }
    core_step(node->core, node_now_ms(node), event, &actions);
    pvmi_alloc_fail_nth(-1);
    if (tells_of_hosts(&actions))
        node_watch_table(node);
    while ((link = pvmi_list_pop(&actions)) != NULL) {
        struct core_action *action = PVMI_CONTAINER(link, struct core_action, link);

        if (node->alive && !world->failed) {
            world->stats.actions++;
            world_note(world, action->type, action->handle, (uint64_t)node->number);
            if (node->crash_in > 0 && --node->crash_in == 0)
                node_kill(node, false);
            else
                node_act(node, action);
        }
        if (!plant_strikes(world, PLANT_LEAK, 1))
            core_action_free(action);
    }
    if (node->alive)
        node_timer(node);
}

static void node_timer_run(void *object, uint64_t set)
{
    struct node *node = object;
    struct core_event event = { .type = CORE_EVENT_TICK };
    uint64_t deadline;

    if (!node->alive || set != node->timer_set || node_defers(node, node_timer_run, node, set))
        return;
    node->timer_at = 0;
    deadline = core_deadline(node->core);
    if (deadline <= node_now_ms(node)) {
        event.tick.late_ms = node_now_ms(node) - deadline;
        node_step(node, &event);
    } else {
        node_timer(node);
    }
}

/* Sets the timer; an earlier setting that still stands will look again by itself. */
static void node_timer(struct node *node)
{
    struct world *world = node->world;
    uint64_t deadline = core_deadline(node->core);
    uint64_t now_ms = node_now_ms(node);
    uint64_t delay;

    if (deadline == UINT64_MAX)
        return;
    delay = deadline <= now_ms ? 0 : (deadline - now_ms) * MS;
    if (world->faults.slow && world_chance(world, 20))
        delay += world_below(world, world->suspect_ms / 2 * MS);
    else
        delay += world_below(
            world, world->hosts_wanted > 50 ? 30 * MS : 2 * MS); /* a tick costs a walk over all hosts */
    if (node->timer_at != 0 && node->timer_at <= world->now + delay)
        return;
    node->timer_at = world->now + delay;
    world_after(world, delay, node_timer_run, node, ++node->timer_set);
}

/* ---- links ---- */

void node_link_in(struct conn_end *end, enum core_link_kind kind, int32_t pid, const struct node *from,
                  uint64_t ticket)
{
    struct node *node = end->node;
    struct core_event event = { .type = CORE_EVENT_LINK_IN };

    end->token = ++node->token;
    pvmi_table_set(&node->tokens, end->token, end);
    event.link_in.token = end->token;
    event.link_in.kind = kind;
    event.link_in.pid = pid;
    event.link_in.channel = end->conn->channel;
    event.link_in.ticket = ticket;
    event.link_in.start = end->conn->start;
    if (from != NULL) {
        event.link_in.host = from->number;
        event.link_in.incarnation = from->incarnation;
    }
    node_step(node, &event);
}

void node_link_up(struct conn_end *end)
{
    struct core_event event = { .type = CORE_EVENT_LINK_UP, .handle = end->handle };

    node_step(end->node, &event);
}

void node_link_down(struct conn_end *end, enum core_down_reason reason)
{
    struct core_event event = { .type = CORE_EVENT_LINK_DOWN, .handle = end->handle };

    pvmi_table_remove(&end->node->links, end->handle);
    net_forget(end);
    event.link_down.reason = reason;
    snprintf(event.link_down.text, sizeof(event.link_down.text), "simulated: reason %d", reason);
    node_step(end->node, &event);
}

void node_frame(struct conn_end *end, const uint8_t *bytes, size_t length)
{
    struct world *world = end->conn->world;
    struct core_event event = { .type = CORE_EVENT_FRAME, .handle = end->handle };
    struct pvmi_frame_header header;
    struct pvmi_blob *payload = NULL;

    if (pvmi_frame_header_decode(bytes, &header) != PvmOk ||
        header.length != length - PVMI_FRAME_HEADER_SIZE) {
        if (net_other(end)->process == NULL)
            world_fail(world, "bad frame", "node %d got a frame of kind %d that does not decode",
                       end->node->number, bytes[0]);
        net_hang_up(net_other(end));
        node_link_down(end, CORE_DOWN_PROTOCOL);
        return;
    }
    if (header.kind == PVMI_FRAME_RESUME)
        world->stats.resumes++;
    if (header.length > 0)
        payload = pvmi_blob_copy(bytes + PVMI_FRAME_HEADER_SIZE, header.length);
    event.frame.frame = pvmi_frame_new(&header, payload, 0, header.length);
    world_note_bytes(world, bytes, length < NOTED_MAX ? length : NOTED_MAX);
    trace_frame(world, "->", end, &header, bytes + PVMI_FRAME_HEADER_SIZE);
    end->node->heard = payload;
    end->node->heard_on = end;
    node_step(end->node, &event);
    end->node->heard = NULL;
    pvmi_blob_unref(payload);
}

static void congestion_tell(void *object, uint64_t congested)
{
    struct conn_end *end = object;
    struct node *node = end->node;
    struct core_event event = { .handle = end->handle };

    if (end->state != END_UP || !node->alive || node_defers(node, congestion_tell, end, congested))
        return;
    event.type = congested ? CORE_EVENT_LINK_CONGESTED : CORE_EVENT_LINK_WRITABLE;
    node_step(node, &event);
}

void node_congestion(struct conn_end *end, bool congested)
{
    end->congested = congested;
    world_after(end->conn->world, 0, congestion_tell, end, congested);
}

/* ---- faults ---- */

void node_thaw_now(struct node *node)
{
    struct world *world = node->world;
    bool timer_first = world_chance(world, 500);

    if (!node->alive || !node->frozen)
        return;
    world_say(world, "node %d thaws", node->number);
    node->frozen = false;
    node->thawed_at = world->now;
    if (timer_first)
        world_after(world, 0, node_timer_run, node, ++node->timer_set);
    while (node->held_first != NULL) {
        struct held *held = node->held_first;

        node->held_first = held->next;
        world_after(world, 0, held->run, held->object, held->value);
        free(held);
    }
    net_kick(node, 0);
    if (!timer_first)
        world_after(world, 1, node_timer_run, node, ++node->timer_set);
}

static void node_thaw(void *object, uint64_t value)
{
    (void)value;
    node_thaw_now(object);
}

void node_disturb(struct node *node)
{
    if (!node->disturbed)
        node->disturbed_at = node->world->now;
    node->disturbed = true;
}

void node_freeze(struct node *node, uint64_t duration)
{
    if (!node->alive || node->frozen)
        return;
    node_disturb(node);
    world_say(node->world, "node %d freezes for %llu ms", node->number, (unsigned long long)(duration / MS));
    node->frozen = true;
    world_after(node->world, duration, node_thaw, node, 0);
}

void node_kill(struct node *node, bool power)
{
    struct world *world = node->world;

    if (!node->alive)
        return;
    node_disturb(node);
    world_say(world, "node %d %s", node->number, power ? "loses power" : "dies");
    node->alive = false;
    node->crashed = !node->stopped;
    node->powered = !power;
    node->died_at = world->now;
    net_node_died(node, power);
    core_free(node->core);
    node->core = NULL;
    for (int i = 0; i < world->process_count; i++) {
        struct process *process = world->processes[i];

        if (process->node != node || process->state == PROCESS_ENDED)
            continue;
        if (power)
            process_end(process, 9);
        else
            process_orphan(process);
    }
}
