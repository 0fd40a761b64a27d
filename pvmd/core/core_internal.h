/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core as one struct, and the map of its objects. An event enters in core.c, goes to the object that it is
 * about (link, peer, task, launch), and comes out as actions. One object, one file, with its header:
 *
 *   action    the actions that come out                      memory    and the reserve for when there is none
 *   link      connections by handle                          ahead     what speaks of hosts that the log has not
 *   peer      other daemons: links, sessions; peer_alive               yet brought
 *   flow      what waits to go to a peer, by source          relay     links by way of the first host
 *   route     frames of tasks: inboxes, credit
 *   state     the ordered log and what it makes: state_hosts, state_groups, state_mailbox
 *   hosts     the host table's consequences                  hostspec  lines of a host file
 *   join      adding hosts; join_request, join_failed        hoster    hosts that a task is to start
 *   requests  control messages, by what they ask             asker     who asked, and gets the answer
 *   request   open requests of our own                       task      tasks and their processes
 *   enroll    programs that become tasks
 *   spawn     pvm_spawn where it is asked                    start     and where the tasks start
 *   placement which host gets which copy                     tasker    starts by a task that has registered for them
 *   query     pstat, tasks, signal, config                   notify    who wants to know what
 *   output    of processes                                   trace     what those who trace a task are told
 *   plugin    who does a part of the daemon's work, and what they are asked; plugin_start, plugin_message
 *   manager   a task that decides what others get; manager_exec: what it has done
 *   groups    requests that wait: barrier, freeze            mailbox   requests about it; mailbox_body, _transfer
 *   lease     groups that are lent to their hosts            team      and their members on this one
 *   context   numbers of contexts                            tickle    pvm_tickle
 *   halt      the end
 *
 * What files of the room know of an object stands in its header; these include no more than the structs that they
 * hold, and never this one, which holds them all.
 */
#ifndef PVMD_CORE_CORE_INTERNAL_H
#define PVMD_CORE_CORE_INTERNAL_H

#include "base/table.h"
#include "pvmd/core/core.h"
#include "pvmd/core/notify.h"
#include "pvmd/core/state.h"
#include "pvmd/core/trace.h"

struct host;

#define CORE_NEVER UINT64_MAX

struct core {
    struct core_config config;
    struct host *self;       /* copy of config.self */
    struct host *orderer;    /* copy of config.orderer, or of self */
    bool begun;
    bool ready;              /* this host is a member */
    bool stopped;            /* STOP has been said: nothing happens any more */
    uint64_t now_ms;
    uint64_t wake_ms;        /* a tick is wanted then; never later than needed */
    uint64_t next_handle;
    struct pvmi_list *actions;       /* of the step that runs */
    struct core_action *stop_action; /* kept for when there is no memory */
    void *reserve;                   /* the same: given back to the heap when an allocation fails */

    struct pvmi_table links;    /* struct link by handle */
    struct pvmi_table peers;    /* struct peer by number */
    struct pvmi_list dirty;     /* channels that may have something to send */
    struct pvmi_list doomed;    /* links to close, and tasks to free, at the end of the step: whoever */
    struct pvmi_list dead;      /* holds a pointer to one while an event is handled may use it */

    struct state state;
    bool caught_up;             /* what is handled now does not wait for the log again */

    uint32_t next_request;
    struct pvmi_table requests;    /* struct request by id */

    struct pvmi_table tasks;       /* struct task by tid */
    struct pvmi_table processes;   /* the same by handle, while there is a process or output of it */
    int32_t next_local;
    int task_count;                /* that have not left */
    int process_count;             /* started or starting, not ended */
    struct pvmi_list jobs;         /* struct start_job */
    int next_placed;               /* host number that the next spawn begins with, or the next higher one */

    struct pvmi_table subjects;    /* struct subject by tid */
    struct tracer tracers[TRACERS_MAX];    /* a ring */
    int tracer_next;

    struct pvmi_list plugin_asks;  /* struct plugin_ask */
    struct pvmi_list plugin_parts; /* struct plugin_part: messages for this daemon, as far as they have come */
    int plugin_part_count;
    int32_t manager;               /* to whom the one before handed off this host; 0 nobody */
    int32_t heir;                  /* the same one, if that is a task of this host, which need not be registered */
    int32_t handed_tasker;         /* who was last given a task; 0 nobody who is still there */
    uint32_t next_wid;

    int32_t debug_mask;            /* as pvm_tickle() has set it, or config */

    struct ending endings[ENDINGS_MAX];    /* a ring of tasks of this host that ended badly */
    uint32_t ending_next;
    struct pvmi_list add_watches;
    size_t watch_count;

    struct pvmi_table log_lines;   /* struct log_line by tid: output that waits for its newline */

    struct pvmi_list waits;        /* struct group_wait: barrier and freeze, at the orderer */
    struct pvmi_list leases;       /* struct lease: groups that are lent to hosts, or were, at the orderer */
    uint32_t next_lease;           /* the last generation */
    struct pvmi_list teams;        /* struct team: those that are lent to this host */
    struct pvmi_list mailbox_waits;        /* struct mailbox_wait: readers, at the orderer */
    struct pvmi_list mailbox_bodies;       /* struct mailbox_body: of which pieces have come */
    uint64_t mailbox_bodies_bytes;
    struct pvmi_list mailbox_transfers;    /* struct mailbox_transfer: of which pieces are still to go */

    struct pvmi_table contexts;    /* numbers in use, with the tid of the task that each belongs to */
    int32_t next_context;

    int next_number;               /* of the next host to be launched, at the orderer */
    int32_t next_order;            /* of the questions to hosters */
    uint64_t hoster_until;         /* one that was started with the daemon is to register by then; 0: none is */
    int32_t hoster_tid;            /* it, once it runs */
    struct pvmi_list launches;
    struct pvmi_list adds;
    struct pvmi_list known;        /* struct hostspec: lines of the host file */
    struct hostspec *defaults;     /* its last '*' line */
    struct pvmi_list failed_hosts; /* of it */
    int failed_dropped;            /* more of them, not kept */
    struct pvmi_list deletes;      /* struct host_delete */
    uint64_t join_deadline_ms;     /* this host must be in by then */

    int32_t job_tid;               /* of the program that the machine is for; 0 it has not come */
    uint64_t job_until;            /* it is to come by then */
    bool halting;
    bool halt_asked;               /* the orderer was asked to halt the machine */
    bool halt_told;                /* the orderer has told the others, and waits for them */
    bool stop_wanted;              /* STOP at the end of this step */
    uint64_t halt_kill_ms;
    uint64_t halt_stop_ms;
    char *halt_text;               /* why, for STOP; NULL when it was asked for */
};

uint64_t core_handle(struct core *core);
uint64_t core_random(struct core *core);
/* A tick is wanted at_ms or earlier. */
void core_wake_at(struct core *core, uint64_t at_ms);

bool core_is_orderer(const struct core *core);
int core_self(const struct core *core);
int core_orderer_number(const struct core *core);

#endif
