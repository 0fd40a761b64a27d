/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process: started by a daemon (its output is caught, its end reported) or by hand. It may enrol and be a
 * task, leave and enrol again, or never do so.
 */
#ifndef SIM_PROCESS_H
#define SIM_PROCESS_H

#include "tests/sim/node.h"

struct spawn;

enum process_state { PROCESS_STARTING, PROCESS_RUNNING, PROCESS_ENDED };

struct process {
    struct world *world;
    struct node *node;
    uint64_t handle; /* of the start; 0 by hand */
    int32_t pid;
    enum process_state state;
    int32_t claim_tid; /* what its start gave it */
    uint64_t claim_nonce;
    struct spawn *spawn;  /* NULL by hand */
    struct conn_end *end; /* to its daemon, or NULL */
    struct conn_end *door; /* to its daemon, too: inherited, and not claimed yet */
    uint8_t *hello;        /* what lies in there: payload of a control frame */
    uint32_t hello_length;
    bool slot_claimed;     /* it has claimed what it inherited */
    bool slot_revoked;     /* and cannot any more */
    struct actor *actor;  /* who it is now, or NULL */
    uint64_t busy_until;  /* it computes and reads nothing */
    int32_t borrowed_tid; /* a claim in its environment that another process has used */
    uint64_t borrowed_nonce;
    bool lies;                    /* it claims its tid with another nonce */
    bool signalled;               /* a task has asked for that */
    bool stubborn;                /* SIGTERM does nothing */
    int lives_left;               /* how often it may enrol */
    int acts_left;                /* what it will still do by itself */
    uint64_t made, told, granted; /* bytes of output: written, given to the core, wanted by it */
    bool eof_told;
    bool end_told;
    int status;
};

/* The core's TASK_REVOKE. */
void process_revoke(struct node *node, uint64_t handle);

/* The core's TASK_START. */
struct process *process_start(struct node *node, const struct core_action *action);

/* A program that the user starts on node's host. */
struct process *process_by_hand(struct node *node);

/* It ends now, as if killed; status as of wait(). */
void process_end(struct process *process, int status);

/* The core or the keeper sends it a signal. */
void process_signal(struct process *process, int signum);

/* The core wants so many bytes more of its output. */
void process_grant(struct process *process, size_t bytes);

/* Its daemon has died: the keeper ends it soon, if the daemon started it. */
void process_orphan(struct process *process);

/* What its connection brings. */
bool process_reads(const struct process *process);
void process_frame(struct process *process, const uint8_t *bytes, size_t length);
void process_link_down(struct process *process, struct conn_end *end);

/* The daemon has taken the packet with this mark; NULL is fine. */
void process_mark_taken(void *mark);

/* Connects and enrols; claims what its start gave it if it has not done so. */
void process_enroll(struct process *process, bool claim);

/* It computes for so long, and reads nothing. */
void process_compute(struct process *process, uint64_t duration);

/* Leaves the machine's sight: closes its connection without a word. */
void process_hang_up(struct process *process);

/* Byte number at of what it writes. */
uint8_t process_output_byte(const struct process *process, uint64_t at);

#endif
