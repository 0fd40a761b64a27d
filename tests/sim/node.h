/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A simulated daemon: a core, and what pvmd/io would do with its actions. It can be frozen (its process
 * stops, its kernel's buffers stay), killed between any two actions, or lose power with its whole host.
 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "pvmd/core/core.h"
#include "tests/sim/net.h"
#include "tests/sim/world.h"

#define NODE_CUTS_MAX 8

struct team;

/* A daemon that the core has told io about: who may connect, and whom it may dial. */
struct peer {
    int number;
    uint64_t incarnation;
    uint64_t ticket; /* it joins under this launch; 0 a member */
};

/* An event that came while the node was frozen. */
struct held {
    struct held *next;
    void (*run)(void *object, uint64_t value);
    void *object;
    uint64_t value;
};

/* A daemon start under way. */
struct launch {
    struct node *node; /* who launches */
    struct node *born; /* the new one, when there is one */
    uint64_t handle;
    int number;
    uint64_t ticket;
    int32_t asker; /* the task that it is for; 0 none */
    char name[32];
    bool told; /* LAUNCHED was delivered */
    bool over; /* LAUNCH_END came */
    int code;  /* and said so */
};

struct node {
    struct world *world;
    char name[32];
    int number;
    uint64_t incarnation;
    struct core *core; /* NULL once the process is dead */
    bool alive;
    bool frozen;
    bool powered;                         /* its host is */
    struct node *cut_from[NODE_CUTS_MAX]; /* whom it cannot reach */
    int cut_count;
    bool isolated;      /* it reaches nobody */
    uint64_t clock_ms;  /* its clock's lead over the world's */
    uint64_t random;    /* its own seed, for the core */
    struct pvmi_table admitted;           /* tasks that have come and not gone, by tid */
    struct team *teams;
    uint64_t timer_at;  /* when its timer is set to look; 0 not set */
    uint64_t timer_set; /* only the last setting counts */
    uint64_t token;     /* last one given */
    struct held *held_first, *held_last;
    struct pvmi_table links;    /* struct conn_end by handle */
    struct pvmi_table tokens;   /* struct conn_end by token */
    struct pvmi_table starts;   /* struct process by handle */
    struct pvmi_table launches; /* struct launch by handle */
    struct pvmi_table peers;    /* struct peer by number */
    const struct pvmi_blob *heard;     /* payload of the frame that it is about, or NULL, */
    struct conn_end *heard_on;         /* and where that came from */
    struct conn **conns;
    int conn_count, conn_size;
    uint8_t gate[32];
    bool gated;
    bool ready;
    int crash_in;          /* dies after so many actions; 0 not */
    struct launch *launch; /* what brought it to life; NULL for the first */

    /* what the world sees of it */
    int *hosts; /* numbers in its table, as it last was */
    int host_count;
    uint64_t born_at;
    uint64_t died_at;
    uint64_t thawed_at;
    uint64_t dropped_at; /* the orderer's table lost it */
    bool disturbed;      /* a fault hit it that may have it dropped */
    uint64_t disturbed_at;
    uint64_t member_at; /* and when it came in */
    bool was_member;    /* the orderer's table had it */
    bool stopped;       /* it ended itself, by STOP */
    bool crashed;
};

/* A new daemon. launch is NULL for the first one. Its first step comes later. */
struct node *node_new(struct world *world, const char *name, struct launch *launch);

/* Frees what the world's memory does not hold. */
void nodes_fini(struct world *world);

/* Gives the core an event now, and does what it says. The node must be alive and not frozen. */
void node_step(struct node *node, struct core_event *event);

/* If the node is frozen, keeps the call for its thaw and returns true. */
bool node_defers(struct node *node, void (*run)(void *object, uint64_t value), void *object, uint64_t value);

/* What an end of a connection has to tell the core. */
void node_link_in(struct conn_end *end, enum core_link_kind kind, int32_t pid, const struct node *from,
                  uint64_t ticket);
void node_link_up(struct conn_end *end);
void node_link_down(struct conn_end *end, enum core_down_reason reason);
void node_frame(struct conn_end *end, const uint8_t *bytes, size_t length);
void node_congestion(struct conn_end *end, bool congested);

/* Faults. */
void node_freeze(struct node *node, uint64_t duration);
void node_thaw_now(struct node *node);
void node_disturb(struct node *node); /* it may be dropped for what happens to it now */
void node_kill(struct node *node, bool power);

/* The daemon with this number and incarnation, dead or alive, or NULL; the living one of that name. */
struct node *node_find(struct world *world, int number, uint64_t incarnation);
struct node *node_named(struct world *world, const char *name);

/* True when the node is alive and in the orderer's table. */
bool node_member(const struct node *node);

/* The node that has this number, dead or alive, or NULL. */
struct node *node_numbered(struct world *world, int number);

/* node_actions.c: does one action of a step. */
void node_act(struct node *node, struct core_action *action);

/* What the ready line of the launched daemon says; the pointers go to the other arguments. */
void node_record(const struct node *node, struct pvmi_rec_host *record, uint8_t key[32], char address[32],
                 char **addresses);

/* The name of an action, of an event, for traces. */
const char *node_action_name(enum core_action_type type);
const char *node_event_name(enum core_event_type type);

#endif
