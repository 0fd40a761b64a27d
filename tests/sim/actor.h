/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A task: a process under a tid, what it has asked for and what it was told. The checks of what comes to
 * it are made as it comes (actor_told.c); what is missing shows at the end (check.c).
 */
#ifndef SIM_ACTOR_H
#define SIM_ACTOR_H

#include "tests/sim/process.h"
#include "wire/control.h"

#define GROUPS 3
#define SPAWN_MAX 8
#define MAILBOX_CLASSES 2
#define MAILBOX_INDICES 4    /* that tasks ask for; more instances go beyond */

/* Messages from one task to one tid, seen from both sides. */
struct pair {
    struct actor *src;
    int32_t dst;
    uint32_t sent; /* messages */
    uint32_t delivered;
    uint64_t arriving; /* bytes of the next one that have come */
};

struct spawn {
    uint64_t uid;
    struct actor *parent;
    int count;
    int starts; /* TASK_STARTs that came out of it */
    struct process *processes[SPAWN_MAX];
    bool decided; /* its daemon has sent the answer */
    bool answered;
    uint64_t answered_at;
    int answered_count;
    int32_t answered_tids[SPAWN_MAX];
    int32_t output_tid, output_ctx, output_tag;
};

struct request {
    uint32_t id;
    int type; /* PVMI_MSG_* that was asked */
    int op;   /* of a request about a group or the mailbox */
    int group;
    int number;
    int flags;      /* about the mailbox */
    uint64_t have;  /* bytes of a body that have come */
    int32_t target; /* of a signal or query */
    bool answered;
    bool final; /* asked in the calm: the answer must be exact */
    uint64_t asked_at;
    struct spawn *spawn;
};

/* One notice that was asked for; of PvmHostAdd, a row of them. */
struct watch {
    struct actor *actor;
    int what;
    int tag;
    int32_t value;
    bool active; /* the daemon has taken it */
    bool cancelled;
    int got;
    int limit; /* PvmHostAdd: messages, -1 for ever */
    uint64_t taken_at;
    int *hosts; /* PvmHostAdd: numbers that were added since, negative once told of */
    int host_count, host_size;
};

struct notify_call {
    int count;
    struct watch *watches;
};

/* Output that a catcher got of one task. */
struct caught {
    struct process *process;
    uint64_t bytes;
    int begins, completes, ends;
};

enum membership { MEMBER_NO, MEMBER_MAYBE, MEMBER_YES };

struct team;

/* Its seat in a team; the last one it was told of. */
struct seat {
    struct team *team;
    int number;
    uint32_t generation;
    int size;    /* of the group */
};

struct actor {
    struct world *world;
    struct process *process;
    struct node *node;
    int32_t tid;
    bool enrolled;
    bool leaving;     /* it has said so */
    bool left;        /* and was answered: all it sent has been taken */
    uint64_t gone_at; /* when it ended in any way; 0 alive */
    bool buried;      /* its daemon knows */
    uint32_t next_request;
    struct pvmi_table requests; /* struct request by id */
    struct pvmi_table pairs;    /* struct pair by dst */
    struct pvmi_table noticed;  /* tids whose end it was told of */
    struct pvmi_table noticed_hosts;
    struct pvmi_table caught; /* struct caught by tid */
    struct watch **watches;
    int watch_count, watch_size;
    enum membership member[GROUPS];
    int waiting[GROUPS]; /* in a barrier or a freeze: which of them */
    int instance[GROUPS];
    struct seat seat[GROUPS];
    bool mailbox_busy;    /* a request about the mailbox is open, and not one that waits */
    uint32_t mailbox_mine[MAILBOX_CLASSES][MAILBOX_INDICES]; /* request that put what only it may change, or 0 */
};

/* The task of tid, which may be known already. */
struct actor *actor_new(struct process *process, int32_t tid);
void actor_free(struct actor *actor);

/* It has ended, or can no more be heard. */
void actor_gone(struct actor *actor);

static inline bool actor_alive(const struct actor *actor)
{
    return actor->enrolled && actor->gone_at == 0 && actor->node->alive;
}

/* What it does: one thing it likes, or a certain one. */
void actor_act(struct actor *actor);
void actor_send(struct actor *actor, struct actor *to);
void actor_flood(struct actor *actor, struct actor *to);
void actor_misbehave(struct actor *actor);
void actor_notify(struct actor *actor, int what, int count, const int32_t *values, int limit);
void actor_cancel(struct actor *actor, struct watch *watch);
struct request *actor_spawn(struct actor *actor, int count, const char *where);
void actor_group(struct actor *actor, int op, int group, int number, bool final);
void actor_passed(struct actor *actor, uint32_t id);    /* a barrier, without its daemon */
void actor_ask(struct actor *actor, int type, int32_t target, bool final);
void actor_host_add(struct actor *actor, char **lines, int count);
void actor_host_delete(struct actor *actor, const char *name);
void actor_leave(struct actor *actor);
void actor_halt(struct actor *actor);

/* A new open request. */
struct request *actor_request(struct actor *actor, int type);

/* Encodes and sends a control message to its daemon. */
void actor_say(struct process *process, int type, const void *msg, void *mark);

/* actor_told.c: a frame has come for it. */
void actor_frame(struct process *process, const struct pvmi_frame_header *header, const uint8_t *payload);

/* A number, negative once told of, among those that the watch is or was due for. */
void watch_note_host(struct watch *watch, int number);

/* Its daemon has sent process a control message: notes the answer to a spawn. */
void actor_sent(struct process *process, const uint8_t *payload, size_t length);

/* Its node's table has got a host. */
void actor_host_added(struct actor *actor, int number);

/* How long message number of a pair is, and the byte at a place in it. */
uint64_t actor_message_length(const struct pair *pair, uint32_t number);
void actor_message_fill(const struct pair *pair, uint32_t number, uint64_t offset, uint8_t *bytes,
                        size_t length);

/* The name of a group. */
const char *actor_group_name(int group);

#endif
