/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections, from the dial to the end, and the ways in which they go wrong.
 *
 *   dial --latency--> does the listener live, can it be reached, does it know us?
 *     no:  LINK_DOWN refused, unreached (after a while), denied
 *     yes: LINK_IN there --adopt--> UP there; --latency--> LINK_UP here
 *
 * A packet is delivered when it has arrived and its receiver can take it; who makes that possible again
 * (thaw, heal, start of reading) kicks the ends.
 */
#include "tests/sim/net.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/node.h"
#include "tests/sim/process.h"

#define QUEUE_HIGH (256 * 1024) /* more than this behind a link: congested */
#define QUEUE_LOW (64 * 1024)
#define DIAL_TIMEOUT (5 * SECOND) /* of the hello and the handshake */

static void end_run(void *object, uint64_t value);

static struct conn *conn_new(struct world *world)
{
    struct conn *conn = world_alloc(world, sizeof(*conn));

    conn->world = world;
    for (int i = 0; i < 2; i++)
        conn->end[i].conn = conn;
    return conn;
}

static void conn_list(struct conn *conn, struct node *node)
{
    world_append((void ***)&node->conns, &node->conn_count, &node->conn_size, conn);
}

static void conn_unlist(struct conn *conn, struct node *node)
{
    for (int i = 0; i < node->conn_count; i++) {
        if (node->conns[i] == conn) {
            node->conns[i] = node->conns[--node->conn_count];
            return;
        }
    }
}

/* ---- packets ---- */

void net_kick_end(struct conn_end *end, uint64_t delay)
{
    if (end->armed)
        return;
    end->armed = true;
    world_after(end->conn->world, delay, end_run, end, 0);
}

size_t net_waiting(const struct conn_end *end)
{
    return end == &end->conn->end[0] ? end->conn->end[1].bytes : end->conn->end[0].bytes;
}

/* A number below 100 that the seed has for these two, in this order, for good. */
static unsigned wall(const struct node *a, const struct node *b)
{
    uint64_t x = (a->world->seed * 4096 + (uint64_t)a->number) * 4096 + (uint64_t)b->number;

    x *= 0x9e3779b97f4a7c15ull;
    x ^= x >> 29;
    return (unsigned)(x * 0xbf58476d1ce4e5b9ull >> 32) % 100;
}

/* A firewall between two hosts, never between one and the first. */
static bool walled_off(const struct node *a, const struct node *b)
{
    if (!a->world->faults.walls || a->number == 1 || b->number == 1)
        return false;
    return wall(a->number < b->number ? a : b, a->number < b->number ? b : a) < 25;
}

/* A firewall that lets only the other one connect. */
static bool walled_in(const struct node *from, const struct node *to)
{
    return from->world->faults.walls && wall(from, to) >= 80 && wall(to, from) < 80;
}

bool net_reachable(const struct node *a, const struct node *b)
{
    if (a == b)
        return true;
    if (walled_off(a, b))
        return false;
    for (int i = 0; i < a->cut_count; i++) {
        if (a->cut_from[i] == b)
            return false;
    }
    return a->powered && b->powered && !a->isolated && !b->isolated;
}

static bool conn_cut(const struct conn *conn)
{
    const struct node *a = conn->end[0].node;
    const struct node *b = conn->end[1].node;

    return a != NULL && b != NULL && !net_reachable(a, b);
}

static bool end_takes(const struct conn_end *end)
{
    if (end->state != END_UP || conn_cut(end->conn))
        return false;
    if (end->node != NULL)
        return end->node->alive && !end->node->frozen && end->reading;
    return process_reads(end->process);
}

static void end_deliver(struct conn_end *end, struct packet *packet)
{
    struct conn_end *other = net_other(end);

    end->bytes -= packet->length;
    if (other->congested && other->state == END_UP && end->bytes <= QUEUE_LOW)
        node_congestion(other, false);
    if (end->node != NULL) {
        process_mark_taken(packet->mark);
        node_frame(end, packet->bytes, packet->length);
    } else {
        process_frame(end->process, packet->bytes, packet->length);
    }
    free(packet);
}

static void end_over(struct conn_end *end)
{
    if (end->node != NULL)
        node_link_down(end, CORE_DOWN_CLOSED);
    else
        process_link_down(end->process, end);
}

/* Delivers what has arrived. */
static void end_run(void *object, uint64_t value)
{
    struct conn_end *end = object;
    struct world *world = end->conn->world;

    (void)value;
    end->armed = false;
    while (end->first != NULL && end->first->at <= world->now && end_takes(end)) {
        struct packet *packet = end->first;

        end->first = packet->next;
        if (end->first == NULL)
            end->last = NULL;
        end_deliver(end, packet);
        if (world->failed)
            return;
    }
    if (!end_takes(end))
        return;
    if (end->first != NULL)
        net_kick_end(end, end->first->at > world->now ? end->first->at - world->now : 0);
    else if (end->ended)
        end_over(end);
}

void net_drop(struct conn_end *end, struct packet **from)
{
    struct packet *packet = *from;

    *from = NULL;
    while (packet != NULL) {
        struct packet *next = packet->next;

        end->bytes -= packet->length;
        free(packet);
        packet = next;
    }
    end->last = NULL;
    for (packet = end->first; packet != NULL; packet = packet->next)
        end->last = packet;
}

/* The connection breaks under what is still on its way: some of it arrives. */
static void end_drop_some(struct conn_end *end)
{
    struct packet **from = &end->first;

    while (*from != NULL && world_chance(end->conn->world, 700))
        from = &(*from)->next;
    net_drop(end, from);
}

static struct packet *packet_new(struct conn_end *to, size_t length)
{
    struct conn *conn = to->conn;
    struct world *world = conn->world;
    struct packet *packet = sim_alloc(sizeof(*packet) + length);

    packet->length = (uint32_t)length;
    if (to->line_free < world->now)
        to->line_free = world->now;
    to->line_free += length * MS / conn->bytes_per_ms;
    packet->at = to->line_free + conn->latency;
    if (world->faults.slow && world_chance(world, 20))
        to->line_free += world_below(world, 300 * MS);
    return packet;
}

static void packet_queue(struct conn_end *to, struct packet *packet, bool first)
{
    struct world *world = to->conn->world;

    if (first || to->last == NULL) {
        packet->next = to->first;
        to->first = packet;
        if (to->last == NULL)
            to->last = packet;
    } else {
        to->last->next = packet;
        to->last = packet;
    }
    to->bytes += packet->length;
    net_kick_end(to, to->first->at > world->now ? to->first->at - world->now : 0);
}

/* True when what is sent goes nowhere. */
static bool conn_swallows(struct conn_end *from)
{
    struct conn *conn = from->conn;

    if (conn->half && !from->ended) {
        from->ended = true; /* the answer to it is a reset */
        net_kick_end(from, 2 * conn->latency + 1);
    }
    return conn->half || conn->silent || net_other(from)->state == END_CLOSED;
}

void net_send(struct conn_end *end, const struct pvmi_frame_header *header, const uint8_t *payload,
              void *mark)
{
    struct conn_end *to = net_other(end);
    struct packet *packet;

    end->conn->world->stats.frames++;
    if (conn_swallows(end))
        return;
    packet = packet_new(to, PVMI_FRAME_HEADER_SIZE + header->length);
    packet->mark = mark;
    pvmi_frame_header_encode(header, packet->bytes);
    if (header->length > 0)
        memcpy(packet->bytes + PVMI_FRAME_HEADER_SIZE, payload, header->length);
    packet_queue(to, packet, false);
    if (end->node != NULL && !end->congested && to->bytes > QUEUE_HIGH)
        node_congestion(end, true);
}

void net_send_bytes(struct conn_end *end, const uint8_t *bytes, size_t length, bool first)
{
    struct conn_end *to = net_other(end);
    struct packet *packet;

    if (conn_swallows(end))
        return;
    packet = packet_new(to, length);
    memcpy(packet->bytes, bytes, length);
    if (first)
        packet->at = end->conn->world->now;
    packet_queue(to, packet, first);
}

/* ---- from the dial to the end ---- */

static void dial_fail(struct conn *conn, enum core_down_reason reason)
{
    node_link_down(&conn->end[0], reason);
}

static void dial_up(void *object, uint64_t value)
{
    struct conn *conn = object;
    struct conn_end *end = &conn->end[0];

    if (end->state != END_DIALING || !end->node->alive || node_defers(end->node, dial_up, conn, value))
        return;
    end->state = END_UP;
    end->reading = true;
    node_link_up(end);
    net_kick_end(end, 0);
}

/* Does to let from in? Members must have each other's number, incarnation and the gate key; with a host that
 * joins it is the ticket, once its ready line has been read. */
static bool admits(struct node *to, struct node *from, uint64_t *ret_ticket)
{
    struct peer *peer = pvmi_table_get(&to->peers, (uint64_t)from->number);
    struct peer *back = pvmi_table_get(&from->peers, (uint64_t)to->number);

    if (peer == NULL || peer->incarnation != from->incarnation)
        return false;
    if (back == NULL || back->incarnation != to->incarnation)
        return false;
    *ret_ticket = peer->ticket != 0 ? peer->ticket : back->ticket;
    if (*ret_ticket != 0)
        return true;
    return to->gated && from->gated && memcmp(to->gate, from->gate, sizeof(to->gate)) == 0;
}

static void dial_try(void *object, uint64_t value)
{
    struct conn *conn = object;
    struct world *world = conn->world;
    struct node *from = conn->end[0].node;
    struct node *to = node_find(world, conn->host, conn->incarnation);
    uint64_t ticket = 0;

    if (conn->end[0].state != END_DIALING || !from->alive || node_defers(from, dial_try, conn, value))
        return;
    if (pvmi_table_get(&from->peers, (uint64_t)conn->host) == NULL) {
        dial_fail(conn, CORE_DOWN_UNREACHED); /* io knows no address for it */
        return;
    }
    if (to == NULL || (!to->alive && net_reachable(from, to) && !walled_in(from, to))) {
        dial_fail(conn, CORE_DOWN_REFUSED);
        return;
    }
    if (!to->alive || to->frozen || !net_reachable(from, to) || walled_in(from, to)) {
        if (world->now >= conn->dial_until)
            dial_fail(conn, CORE_DOWN_UNREACHED);
        else
            world_after(world, 100 * MS, dial_try, conn, 0);
        return;
    }
    if (!admits(to, from, &ticket)) {
        dial_fail(conn, CORE_DOWN_DENIED);
        return;
    }
    conn->end[1].node = to;
    conn_list(conn, to);
    node_link_in(&conn->end[1], CORE_LINK_DAEMON, 0, from, ticket);
}

void net_dial(struct node *node, uint64_t handle, int host, uint64_t incarnation, enum pvmi_channel channel)
{
    struct world *world = node->world;
    struct conn *conn = conn_new(world);

    conn->channel = channel;
    conn->host = host;
    conn->incarnation = incarnation;
    conn->latency = world_between(world, 50, world->faults.slow ? 50 * MS : 2 * MS);
    conn->bytes_per_ms = world_between(world, 1, 100) * 10000;
    conn->dial_until = world->now + DIAL_TIMEOUT;
    conn->end[0].node = node;
    conn->end[0].handle = handle;
    conn->end[0].state = END_DIALING;
    conn_list(conn, node);
    world_after(world, 3 * conn->latency + world_below(world, 5 * MS), dial_try, conn, 0);
}

static void attach_try(void *object, uint64_t value)
{
    struct conn *conn = object;
    struct process *process = conn->end[0].process;
    struct node *node = process->node;

    if (conn->end[0].state != END_UP || !node->alive || node_defers(node, attach_try, conn, value))
        return;
    node_link_in(&conn->end[1], CORE_LINK_TASK, process->pid, NULL, 0);
}

struct conn_end *net_attach(struct process *process)
{
    struct world *world = process->world;
    struct conn *conn;

    if (!process->node->alive)
        return NULL;
    conn = conn_new(world);
    conn->latency = world_between(world, 5, 100);
    conn->bytes_per_ms = 1000 * 1000;
    conn->end[0].process = process;
    conn->end[0].state = END_UP;
    conn->end[0].reading = true;
    conn->end[1].node = process->node;
    conn_list(conn, process->node);
    world_after(world, world_between(world, 10, 200), attach_try, conn, 0);
    return &conn->end[0];
}

struct conn_end *net_inherit(struct process *process)
{
    struct conn_end *end = net_attach(process);

    if (end != NULL)
        end->conn->start = process->handle;
    return end;
}

void net_adopt(struct conn_end *end, uint64_t handle)
{
    struct conn *conn = end->conn;

    end->handle = handle;
    end->state = END_UP;
    end->reading = true;
    net_kick_end(end, 0);
    if (conn->end[0].node != NULL)
        world_after(conn->world, conn->latency, dial_up, conn, 0);
}

void net_refuse(struct conn_end *end)
{
    struct conn_end *other = net_other(end);

    end->state = END_CLOSED;
    conn_unlist(end->conn, end->node);
    net_drop(end, &end->first);
    other->ended = true;
    if (other->state == END_DIALING)
        world_after(end->conn->world, end->conn->latency, dial_up, end->conn, 0);
    else
        net_kick_end(other, end->conn->latency);
}

void net_close(struct conn_end *end, bool flush)
{
    struct conn_end *other = net_other(end);

    end->state = END_CLOSED;
    net_drop(end, &end->first);
    if (end->node != NULL)
        conn_unlist(end->conn, end->node);
    if (!flush)
        end_drop_some(other);
    other->ended = true;
    if (!end->conn->silent && !end->conn->half)
        net_kick_end(other, other->first != NULL ? 0 : end->conn->latency);
}

void net_hang_up(struct conn_end *end)
{
    end->ended = true;
    net_kick_end(end, end->conn->latency);
}

void net_forget(struct conn_end *end)
{
    end->state = END_CLOSED;
    net_drop(end, &end->first);
    if (end->node != NULL)
        conn_unlist(end->conn, end->node);
}

void net_node_died(struct node *node, bool power)
{
    while (node->conn_count > 0) {
        struct conn *conn = node->conns[0];
        struct conn_end *end = conn->end[0].node == node ? &conn->end[0] : &conn->end[1];
        struct conn_end *other = net_other(end);

        if (power && other->node != NULL)
            conn->silent = true;
        if (other->state == END_DIALING && end == &conn->end[1])
            world_after(conn->world, conn->latency, dial_up, conn, 0);
        net_close(end, false);
    }
}

void net_break(struct conn *conn, enum net_break how)
{
    struct world *world = conn->world;
    int told = (int)world_below(world, 2);

    for (int i = 0; i < 2; i++) {
        end_drop_some(&conn->end[i]);
        if (how == NET_BREAK_BOTH || (how == NET_BREAK_HALF && i == told)) {
            conn->end[i].ended = true;
            net_kick_end(&conn->end[i], world_below(world, 50 * MS));
        }
    }
    conn->half = conn->half || how == NET_BREAK_HALF || how == NET_BREAK_BOTH;
    conn->silent = conn->silent || how == NET_BREAK_SILENT;
}

void net_kick(struct node *node, uint64_t delay_max)
{
    struct world *world = node->world;

    for (int i = 0; i < node->conn_count; i++) {
        struct conn *conn = node->conns[i];
        bool local = conn->end[0].process != NULL || delay_max == 0;

        for (int side = 0; side < 2; side++)
            net_kick_end(&conn->end[side], local ? 0 : world_below(world, delay_max));
    }
}
