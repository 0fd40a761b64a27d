/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon's hands do with the actions of its core; an action for a handle that is none is an error.
 */
#include "tests/sim/node.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/actor.h"
#include "tests/sim/check.h"
#include "tests/sim/process.h"
#include "tests/sim/shim.h"
#include "tests/sim/trace.h"
#include "tests/sim/plan.h"
#include "tests/sim/team.h"

static struct conn_end *node_link(struct node *node, const struct core_action *action)
{
    struct conn_end *end = pvmi_table_get(&node->links, action->handle);

    if (end == NULL)
        world_fail(node->world, "unknown handle", "node %d: %s for link %llu, which is none", node->number,
                   node_action_name(action->type), (unsigned long long)action->handle);
    return end;
}

static struct conn_end *node_token(struct node *node, const struct core_action *action)
{
    struct conn_end *end = pvmi_table_remove(&node->tokens, action->adopt.token);

    if (end == NULL)
        world_fail(node->world, "unknown handle", "node %d: %s for token %llu, which is none", node->number,
                   node_action_name(action->type), (unsigned long long)action->adopt.token);
    else if (end->state == END_CLOSED)
        return NULL; /* a dialler that is gone already */
    return end;
}

static void act_dial(struct node *node, const struct core_action *action)
{
    struct conn *conn;

    if (pvmi_table_get(&node->links, action->handle) != NULL) {
        world_fail(node->world, "handle used twice", "node %d dials under %llu", node->number,
                   (unsigned long long)action->handle);
        return;
    }
    net_dial(node, action->handle, action->dial.host, action->dial.incarnation, action->dial.channel);
    conn = node->conns[node->conn_count - 1];
    pvmi_table_set(&node->links, action->handle, &conn->end[0]);
}

static void act_adopt(struct node *node, const struct core_action *action)
{
    struct conn_end *end = node_token(node, action);

    if (end == NULL)
        return;
    if (pvmi_table_get(&node->links, action->handle) != NULL) {
        world_fail(node->world, "handle used twice", "node %d adopts as %llu", node->number,
                   (unsigned long long)action->handle);
        return;
    }
    pvmi_table_set(&node->links, action->handle, end);
    net_adopt(end, action->handle);
}

static void act_refuse(struct node *node, const struct core_action *action)
{
    struct conn_end *end = node_token(node, action);

    if (end != NULL)
        net_refuse(end);
}

static void act_send(struct node *node, const struct core_action *action)
{
    struct conn_end *end = node_link(node, action);
    const struct pvmi_frame *frame = action->send.frame;

    if (end == NULL)
        return;
    if (end->state != END_UP) {
        world_fail(node->world, "send before up", "node %d: link %llu", node->number,
                   (unsigned long long)action->handle);
        return;
    }
    trace_frame(node->world, "<-", end, &frame->header, pvmi_frame_bytes(frame));
    if (net_other(end)->process != NULL && frame->header.kind == PVMI_FRAME_CONTROL)
        actor_sent(net_other(end)->process, pvmi_frame_bytes(frame), frame->header.length);
    if (node->world->plant != PLANT_NONE && shim_send(end, frame))
        return;
    net_send(end, &frame->header, pvmi_frame_bytes(frame), NULL);
}

static void act_read(struct node *node, const struct core_action *action)
{
    struct conn_end *end = node_link(node, action);

    if (end == NULL)
        return;
    end->reading = action->read.on;
    if (end->reading)
        net_kick_end(end, 0);
}

static void act_close(struct node *node, const struct core_action *action)
{
    struct conn_end *end = node_link(node, action);

    if (end == NULL)
        return;
    pvmi_table_remove(&node->links, action->handle);
    net_close(end, action->close.flush);
}

/* A task comes once, and goes once. */
static void act_admit(struct node *node, const struct core_action *action)
{
    struct conn_end *end = node_link(node, action);

    if (end != NULL)
        end->tid = action->admit.tid;
    if (pvmi_table_get(&node->admitted, (uint32_t)action->admit.tid) != NULL)
        world_fail(node->world, "admitted twice", "node %d: t%x", node->number, (unsigned)action->admit.tid);
    else
        pvmi_table_set(&node->admitted, (uint32_t)action->admit.tid, node);
}

static void act_gone(struct node *node, const struct core_action *action)
{
    struct actor *actor = pvmi_table_get(&node->world->by_tid, (uint64_t)action->gone.tid);

    if (actor != NULL)
        actor->buried = true;
    pvmi_table_remove(&node->admitted, (uint32_t)action->gone.tid);
}

static void act_signal(struct node *node, const struct core_action *action)
{
    struct world *world = node->world;
    struct process *process = NULL;

    if (action->handle != 0) {
        process = pvmi_table_get(&node->starts, action->handle);
        if (process == NULL)
            world_fail(world, "unknown handle", "node %d signals start %llu, which is none", node->number,
                       (unsigned long long)action->handle);
    } else {
        for (int i = 0; i < world->process_count && process == NULL; i++) {
            if (world->processes[i]->pid == action->signal.pid && world->processes[i]->node == node)
                process = world->processes[i];
        }
        if (process == NULL)
            world_fail(world, "stranger signalled", "node %d signals pid %d", node->number,
                       action->signal.pid);
    }
    if (process == NULL)
        return;
    check_signal(process);
    process_signal(process, action->signal.signum);
}

static void act_grant(struct node *node, const struct core_action *action)
{
    struct process *process = pvmi_table_get(&node->starts, action->handle);

    if (process == NULL)
        world_fail(node->world, "unknown handle", "node %d grants output of start %llu, which is none",
                   node->number, (unsigned long long)action->handle);
    else
        process_grant(process, action->grant.bytes);
}

static void act_peer_set(struct node *node, const struct core_action *action)
{
    struct world *world = node->world;
    struct peer *peer = pvmi_table_get(&node->peers, (uint64_t)action->peer.number);

    if (peer == NULL)
        peer = world_alloc(world, sizeof(*peer));
    peer->number = action->peer.number;
    peer->incarnation = action->peer.incarnation;
    peer->ticket = action->peer.ticket;
    pvmi_table_set(&node->peers, (uint64_t)peer->number, peer);
}

static void act_peer_drop(struct node *node, const struct core_action *action)
{
    struct peer *peer = pvmi_table_get(&node->peers, (uint64_t)action->peer.number);

    if (node->world->plant == PLANT_NO_FENCE)
        shim_drop(node, action->peer.number);
    if (peer == NULL || peer->incarnation != action->peer.incarnation)
        world_fail(node->world, "unknown handle", "node %d drops peer %d, which is none", node->number,
                   action->peer.number);
    else
        pvmi_table_remove(&node->peers, (uint64_t)action->peer.number);
}

/* The keeper ends what the daemon started, so nothing more is asked of the core. */
static void act_stop(struct node *node, const struct core_action *action)
{
    struct world *world = node->world;

    world_say(world, "node %d stops: %s", node->number,
              action->stop.text == NULL ? "as asked" : action->stop.text);
    if (node->dropped_at != 0 && plant_strikes(world, PLANT_LIVING_DEAD, 300))
        return;
    check_stop(node, action->stop.text != NULL);
    node->stopped = true;
    node_kill(node, false);
}

/* ---- launches ---- */

static void launch_tell(void *object, uint64_t code)
{
    struct launch *launch = object;
    struct node *node = launch->node;
    struct core_event event = { .type = CORE_EVENT_LAUNCHED, .handle = launch->handle };
    uint8_t key[32];
    char address[32];
    char *addresses[1];

    if (!node->alive || launch->told || node_defers(node, launch_tell, launch, code))
        return;
    launch->told = true;
    launch->code = (int)(int64_t)code;
    event.launched.fault.code = (int)(int64_t)code;
    if (event.launched.fault.code != PvmOk) {
        pvmi_fault_set(&event.launched.fault, event.launched.fault.code, launch->name, "simulated failure");
    } else {
        node_record(launch->born, &event.launched.host, key, address, addresses);
    }
    node_step(node, &event);
}

static void launch_die(void *object, uint64_t value)
{
    struct launch *launch = object;

    (void)value;
    if (launch->born != NULL)
        node_kill(launch->born, false);
}

/* The new daemon starts, and its ready line goes home; either may be first on its way to the orderer. */
static void launch_born(void *object, uint64_t value)
{
    struct launch *launch = object;
    struct world *world = launch->node->world;
    struct node *old = node_named(world, launch->name);
    uint64_t delay = world_below(world, 20 * MS);

    (void)value;
    if (launch->over || !launch->node->alive)
        return;
    if (old != NULL) {
        world_after(world, delay, launch_tell, launch, (uint64_t)(int64_t)PvmCantStart);
        return;
    }
    launch->born = node_new(world, launch->name, launch);
    if (world->faults.launch_failures && world_chance(world, 100)) {
        world_after(world, world_below(world, 200 * MS), launch_die, launch, 0);
    } else if (world->faults.launch_failures && world_chance(world, 50)) {
        plan_isolate(launch->born, world_between(world, 1, 20) * SECOND); /* its ready line comes, no more */
    } else if (world->faults.launch_failures && world_chance(world, 50)) {
        world_after(world, delay, launch_tell, launch, (uint64_t)(int64_t)PvmCantStart); /* ssh broke */
        return;
    }
    world_after(world, delay, launch_tell, launch, PvmOk);
}

/* Whose the connection is that the node hears on: a task's, which has come or was started with it, or 0. */
static int32_t node_hears(const struct node *node)
{
    struct conn_end *end = node->heard_on;
    const struct process *process = net_other(end)->process;

    return end->tid != 0 || process == NULL || end->conn->start == 0 ? end->tid : process->claim_tid;
}

/* The core begins a start in the step in which it is asked to. */
static int32_t launch_asker(const struct node *node)
{
    struct pvmi_control control;
    int32_t tid = 0;

    if (node->heard == NULL || pvmi_control_decode(node->heard->data, node->heard->length, &control) != PvmOk)
        return 0;
    if (control.type == PVMI_MSG_host_add) {
        tid = node_hears(node);
        if (tid == 0)
            tid = ((struct pvmi_msg_host_add *)control.msg)->tid;
    }
    pvmi_control_free(&control);
    return tid;
}

static void act_launch(struct node *node, const struct core_action *action)
{
    struct world *world = node->world;
    struct launch *launch = world_alloc(world, sizeof(*launch));
    uint64_t delay = world_between(world, 1, 500) * MS;

    launch->node = node;
    launch->handle = action->handle;
    launch->number = action->launch.number;
    launch->ticket = action->launch.ticket;
    launch->asker = launch_asker(node);
    snprintf(launch->name, sizeof(launch->name), "%s", action->launch.spec->name);
    if (node_numbered(world, launch->number) != NULL)
        world_fail(world, "host number reused", "%d is given to %s", launch->number, launch->name);
    pvmi_table_set(&node->launches, launch->handle, launch);
    if (world->faults.launch_failures && world_chance(world, 100))
        world_after(world, delay, launch_tell, launch, (uint64_t)(int64_t)PvmCantStart);
    else if (world->faults.launch_failures && world_chance(world, 50))
        world_after(world, 10 * SECOND, launch_tell, launch, (uint64_t)(int64_t)PvmCantStart);
    else
        world_after(world, delay, launch_born, launch, 0);
}

static void act_launch_end(struct node *node, const struct core_action *action)
{
    struct launch *launch = pvmi_table_remove(&node->launches, action->handle);

    if (launch == NULL) {
        world_fail(node->world, "unknown handle", "node %d ends launch %llu, which is none", node->number,
                   (unsigned long long)action->handle);
        return;
    }
    launch->over = true;
    check_launch_end(launch, action->launch_end.keep);
    if (!action->launch_end.keep && launch->born != NULL && net_reachable(node, launch->born))
        world_after(node->world, world_below(node->world, 500 * MS), launch_die, launch, 0);
}

void node_act(struct node *node, struct core_action *action)
{
    if (node->world->trace && action->type != CORE_ACTION_LINK_SEND)
        world_say(node->world, "node %d:   %s %llu", node->number, node_action_name(action->type),
                  (unsigned long long)action->handle);
    switch (action->type) {
    case CORE_ACTION_LINK_DIAL:
        act_dial(node, action);
        break;
    case CORE_ACTION_LINK_ADOPT:
        act_adopt(node, action);
        break;
    case CORE_ACTION_LINK_REFUSE:
        act_refuse(node, action);
        break;
    case CORE_ACTION_LINK_SEND:
        act_send(node, action);
        break;
    case CORE_ACTION_LINK_READ:
        act_read(node, action);
        break;
    case CORE_ACTION_LINK_CLOSE:
        act_close(node, action);
        break;
    case CORE_ACTION_TASK_START:
        if (node->world->plant == PLANT_REUSED_TID)
            shim_start(node, action);
        process_start(node, action);
        break;
    case CORE_ACTION_TASK_SIGNAL:
        act_signal(node, action);
        break;
    case CORE_ACTION_TASK_REVOKE:
        process_revoke(node, action->handle);
        break;
    case CORE_ACTION_TASK_ADMIT:
        act_admit(node, action);
        break;
    case CORE_ACTION_TASK_GONE:
        act_gone(node, action);
        break;
    case CORE_ACTION_OUTPUT_GRANT:
        act_grant(node, action);
        break;
    case CORE_ACTION_LAUNCH:
        act_launch(node, action);
        break;
    case CORE_ACTION_LAUNCH_END:
        act_launch_end(node, action);
        break;
    case CORE_ACTION_PEER_SET:
        act_peer_set(node, action);
        break;
    case CORE_ACTION_PEER_DROP:
        act_peer_drop(node, action);
        break;
    case CORE_ACTION_GATE:
        memcpy(node->gate, action->gate.key, sizeof(node->gate));
        node->gated = true;
        break;
    case CORE_ACTION_TEAM_MAKE:
    case CORE_ACTION_TEAM_SEAL:
    case CORE_ACTION_TEAM_RELEASE:
        team_act(node, action);
        break;
    case CORE_ACTION_READY:
        node->ready = true;
        break;
    case CORE_ACTION_LOG:
        world_say(node->world, "node %d: log: %s", node->number, action->log.text);
        break;
    case CORE_ACTION_DEBUG:
    case CORE_ACTION_LAUNCH_ANSWER:    /* no task of the simulation is a hoster */
        break;
    case CORE_ACTION_STOP:
        act_stop(node, action);
        break;
    }
}
