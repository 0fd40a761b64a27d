/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon tells those who trace a task. */
#ifndef PVMD_CORE_TRACE_H
#define PVMD_CORE_TRACE_H

#include "pvmd/core/core.h"

struct task;

#define TRACERS_MAX 16

/* What this daemon has told a task that collects trace messages. */
struct tracer {
    int32_t tid;             /* 0 none */
    bool identified;         /* the list of identifiers */
    unsigned described;      /* bit n: what event TEV_NEWTASK + n is made of */
};

void trace_begin(struct core *core, struct task *task);      /* "a task was started" */
void trace_by_hand(struct core *core, struct task *task);    /* the same, of one that was not spawned */
void trace_spawned(struct core *core, struct task *task);    /* "its pvm_spawn is complete" */
void trace_end(struct core *core, struct task *task);        /* "it has ended" */
/* Whether inherit has the trace of task go elsewhere. */
bool trace_moves(const struct task *task, const struct pvmi_rec_inherit *inherit);

#endif
