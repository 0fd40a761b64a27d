/* SPDX-License-Identifier: BSD-3-Clause */
/* The one struct that is this task, and the questions that all files of libpvm ask of it. */
#ifndef PVMI_LIBPVM_TASK_H
#define PVMI_LIBPVM_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena/slot.h"
#include "libpvm/match.h"
#include "transport/transport.h"
#include "wire/control.h"

#define PVMI_TRACE_MASK_SIZE 36    /* 35 characters, each '@' and four bits, and the end */

struct pvmi_task {
    int32_t tid;              /* 0 before enrolment and after pvm_exit */
    int32_t last_tid;         /* the tid when the daemon went away: pvm_mytid still gives it */
    int32_t parent;           /* tid, 0 for none, or PvmParentNotSet */
    bool lost;                /* the daemon has gone: calls give PvmSysErr */
    char host[64];            /* name of this host, for texts */
    char socket_path[512];    /* of the daemon's socket; PVMSOCK for children */
    struct pvmi_rec_inherit children;    /* what pvm_spawn passes on (trace_mask points to child_mask) */
    struct pvmi_rec_inherit self;        /* output and trace of this task itself (to self_mask) */
    char child_mask[PVMI_TRACE_MASK_SIZE];
    char self_mask[PVMI_TRACE_MASK_SIZE];
    struct pvmi_transport *unix_tp;      /* to the daemon */
    struct pvmi_transport *self_tp;      /* to oneself */
    struct pvmi_endpoint *daemon;
    int socket;                          /* of that endpoint, which owns it; for a child after fork() */
    struct pvmi_endpoint *oneself;
    struct pvmi_arena *arena;            /* shared with the tasks of this host (libpvm/window); NULL: there is none */
    struct pvmi_self self_slot;          /* this task's place in it */
    struct pvmi_match arrived;           /* whole messages that no receive has taken yet */
    uint32_t next_request;               /* id of the next request to the daemon */
};

extern struct pvmi_task pvmi_task;

/* The current context; survives pvm_exit(). Exported under PVM 3's name: programs read it, and may set it. */
extern int pvmmyctx;

/* Enrols if need be. Returns PvmOk; PvmSysErr when there is no daemon or it has gone; or why it refused. The
 * fault is noted. */
int pvmi_task_enroll(void);

/* The own tid, 0 when not enrolled; never enrols. */
int32_t pvmi_task_tid(void);

/* The own tid, or PVM 3's word for messages before that: "t40001" or "pid123". */
const char *pvmi_task_name(void);

/* The daemon has gone: notes it, once. */
void pvmi_task_lose(void);

/* Closes the transports and forgets all that belongs to the enrolment; buffers, context and options stay. */
void pvmi_task_forget(void);

#endif
