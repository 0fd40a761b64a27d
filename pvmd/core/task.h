/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks of this host, and the processes behind them. */
#ifndef PVMD_CORE_TASK_H
#define PVMD_CORE_TASK_H

#include "pvmd/core/core.h"
#include "wire/items.h"

struct link;
struct start_job;

#define EXIT_EOF_MS 1000    /* how long the rest of the output may take after the end */

struct task {
    int32_t tid;
    int32_t parent;          /* as programs see it */
    int32_t spawner;         /* tid, also when parent is PvmParentNotSet */
    uint64_t handle;         /* of the process we started; 0 for one started by hand */
    uint64_t nonce;
    bool offered;            /* its process may inherit a connection */
    struct link *door;       /* that connection, while it has not enrolled there */
    uint64_t claimant;       /* link of a process that wants to be this task, while io looks whether it may; 0 none */
    bool claimed;            /* has enrolled */
    bool said;               /* has said that it leaves */
    bool left;               /* is no task any more; its process or its output may go on */
    bool reported;           /* its end has been told */
    bool running;            /* its process is known to run */
    bool ended;              /* and was reaped */
    bool output_begun;       /* who catches it knows of it */
    bool output_over;        /* its pipe was closed before the news of its start came */
    bool output_eof;
    bool spawn_told;         /* that its pvm_spawn is complete */
    bool ordered;            /* has joined a group, used the mailbox or added hosts: the orderer must hear of its end */
    bool transferred;        /* has sent it more than a message holds: it must hear that behind that, too */
    int32_t pid;
    int32_t status;          /* as of wait() */
    uint64_t user_us;        /* what its process has used, once it was reaped */
    uint64_t system_us;
    int32_t spawn_flags;
    bool trace_begun;        /* who traces it knows of it */
    bool trace_adopted;      /* it goes to the machine's tracer, for it went to nobody: that is told nothing of its spawn */
    bool output_adopted;     /* so does its output */
    int32_t manager;         /* who decides what it gets of the machine; 0 nobody */
    int32_t tasker;          /* who is to start it; 0 the keeper. Once handed: who tells of its end, 0 nobody */
    bool handed;             /* the tasker has it */
    int32_t hand_argc;       /* for the request to the tasker, while its executable is looked for: */
    struct pvmi_items_writer hand_rest;    /* all of it behind the path */
    char *file;
    struct pvmi_rec_inherit self;
    char *trace_mask;        /* what self points to */
    struct link *link;
    struct pvmi_list inbox;  /* frames for it that its link does not take now */
    uint32_t pvmd_messages;  /* with a number, that this daemon has sent it */
    uint64_t waiting;        /* bytes it sent that have not been delivered */
    size_t output_waiting;   /* bytes of output on their way */
    size_t output_ungranted; /* bytes that io may not yet read for */
    uint64_t report_at;
    uint64_t kill_at;
    int32_t *siblings;
    uint32_t sibling_count;
    bool siblings_known;
    struct pvmi_list siblings_waiters;
    struct start_job *job;   /* that waits for its process to start */
    uint32_t job_index;
    struct pvmi_list watches;    /* struct watch.own: what it asked for */
    struct pvmi_list dead;       /* in core.dead */
};

struct task *task_new(struct core *core);    /* with a tid, in the table */
struct task *task_find(struct core *core, int32_t tid);    /* that has not left */
struct task *task_of_handle(struct core *core, uint64_t handle);
bool task_room(const struct core *core, struct pvmi_fault *ret_fault);    /* false: with the limit */
int task_set_inherit(struct core *core, struct task *task, const struct pvmi_rec_inherit *inherit);
void task_poke(struct core *core, const struct pvmi_msg_poke *msg);
void task_link_lost(struct core *core, struct task *task);     /* which is freed already */
void task_leave(struct core *core, struct task *task);    /* it is no task from now on */
void task_on_started(struct core *core, struct core_event *event);
void task_on_start_failed(struct core *core, struct core_event *event);
void task_on_ended(struct core *core, struct core_event *event);
void task_start_failed(struct core *core, struct task *task, const struct pvmi_fault *fault);
void task_has_ended(struct core *core, struct task *task);    /* its status is set */
void task_settle(struct core *core, struct task *task);    /* reports its end, frees it, when it is time */
void task_timers(struct core *core, uint64_t late_ms);
void task_info(const struct core *core, const struct task *task, struct pvmi_rec_taskinfo *ret_info);
void task_free_dead(struct core *core);
void task_free_all(struct core *core);

#endif
