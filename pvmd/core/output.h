/* SPDX-License-Identifier: BSD-3-Clause */
/* Output of processes. */
#ifndef PVMD_CORE_OUTPUT_H
#define PVMD_CORE_OUTPUT_H

#include "pvmd/core/core.h"

struct task;

void output_on_event(struct core *core, struct core_event *event);
void output_first_grant(struct core *core, struct task *task);
void output_begin(struct core *core, struct task *task);                 /* "a task was started" */
void output_spawned(struct core *core, struct task *task);               /* "its pvm_spawn is complete" */
void output_started(struct core *core, struct task *task);               /* the end of its output may be there already */
void output_end(struct core *core, struct task *task);    /* says that there is no more, once */
void output_grant(struct core *core, struct task *task);                 /* as far as the window allows */
/* Text of tid for the first host's log; length 0: there is no more. */
void output_log(struct core *core, int32_t tid, const uint8_t *text, size_t length);
/* An OUTPUT frame for a task that is not there: what it holds goes to the log. */
void output_undeliverable(struct core *core, const struct pvmi_frame *frame);
void output_flush_host(struct core *core, int number);
void output_free_all(struct core *core);

#endif
