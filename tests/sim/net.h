/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections: between two daemons, or a process and its daemon. Each direction keeps order; bytes that are
 * on their way stand still while the receiver does not read, is frozen or cannot be reached, as TCP's do.
 *
 * Who a daemon is has been proven when a connection stands: that is what the key pairs of the real thing
 * are for. Here it means that the listener has a peer of that number and incarnation, and the same gate key.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"
#include "wire/hello.h"

struct conn;
struct node;
struct process;
struct world;

/* One frame on its way, encoded. */
struct packet {
    struct packet *next;
    uint64_t at; /* arrives not before */
    uint32_t length;
    void *mark; /* what the sender wants to be told of when the daemon takes it, or NULL */
    uint8_t bytes[];
};

enum end_state {
    END_NEW, /* listening side: offered to the core, which has not yet adopted it */
    END_DIALING,
    END_UP,
    END_CLOSED
};

struct conn_end {
    struct conn *conn;
    struct node *node;       /* whose end it is: a daemon's, */
    struct process *process; /* or a process's */
    uint64_t handle;
    uint64_t token;
    int32_t tid; /* the task that its daemon has admitted on it, or 0 */
    enum end_state state;
    bool reading;
    bool congested;       /* the core knows that too much waits behind its writes */
    bool armed;           /* an event will look at the packets */
    bool ended;           /* behind the packets the connection has ended */
    struct packet *first; /* on their way to this end */
    struct packet *last;
    size_t bytes;
    uint64_t line_free; /* when the line to here has passed on all that was sent */
};

struct conn {
    struct world *world;
    struct conn_end end[2]; /* 0 dialled, 1 listened */
    enum pvmi_channel channel;
    uint64_t latency;
    uint64_t bytes_per_ms;
    uint64_t dial_until; /* then the dialler gives up */
    int host;            /* whom it dialled */
    uint64_t start;      /* handle of the process that has inherited it; 0: it came */
    uint64_t incarnation;
    bool silent; /* what is sent goes nowhere, and nobody is told */
    bool half;   /* what is sent goes nowhere, and a sender is told after a while */
};

/* Node dials the daemon of host and incarnation: LINK_UP or LINK_DOWN comes later. */
void net_dial(struct node *node, uint64_t handle, int host, uint64_t incarnation, enum pvmi_channel channel);

/* A process connects to its daemon's socket. NULL when nobody listens. */
struct conn_end *net_attach(struct process *process);

/* The other end of a connection that a process inherits from its daemon. */
struct conn_end *net_inherit(struct process *process);

/* The core's answer to LINK_IN. */
void net_adopt(struct conn_end *end, uint64_t handle);
void net_refuse(struct conn_end *end);

/* Sends a frame from end to the other one. mark may be NULL. */
void net_send(struct conn_end *end, const struct pvmi_frame_header *header, const uint8_t *payload,
              void *mark);

/* The same for bytes that are encoded already, in front of all that waits if first. For planted bugs. */
void net_send_bytes(struct conn_end *end, const uint8_t *bytes, size_t length, bool first);

/* How much waits behind what end has written. */
size_t net_waiting(const struct conn_end *end);

/* Closes end; the other one gets what was sent (all of it if flush), then the end of the connection. */
void net_close(struct conn_end *end, bool flush);

/* The other side has closed it, with what was still on its way to end. */
void net_hang_up(struct conn_end *end);

/* Its owner has been told that the connection has ended. */
void net_forget(struct conn_end *end);

/* All connections of a daemon end: its process has died, or its whole host without a word. */
void net_node_died(struct node *node, bool power);

/* Faults. break: both sides learn of it; half: one of them; silent: none. */
enum net_break { NET_BREAK_BOTH, NET_BREAK_HALF, NET_BREAK_SILENT, NET_BREAK_COUNT };
void net_break(struct conn *conn, enum net_break how);

/* Can a reach b now? */
bool net_reachable(const struct node *a, const struct node *b);

/* Something stood still and may go on: after a thaw, a heal, a start of reading. */
void net_kick(struct node *node, uint64_t delay_max);
void net_kick_end(struct conn_end *end, uint64_t delay);

/* Drops the packets to end from one on. */
void net_drop(struct conn_end *end, struct packet **from);

/* The end at the other side. */
static inline struct conn_end *net_other(struct conn_end *end)
{
    return end == &end->conn->end[0] ? &end->conn->end[1] : &end->conn->end[0];
}

#endif
