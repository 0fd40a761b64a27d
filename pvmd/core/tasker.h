/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks that a tasker starts. */
#ifndef PVMD_CORE_TASKER_H
#define PVMD_CORE_TASKER_H

#include "pvmd/core/core.h"

struct pvmi_items_reader;
struct task;

/* The index-th task that msg wants: by a tasker, if there is one. */
void tasker_prepare(struct core *core, struct task *task, const struct pvmi_msg_start *msg, int32_t index);
void tasker_on_found(struct core *core, struct task *task, const char *path);
void tasker_told(struct core *core, int32_t tasker, struct pvmi_items_reader *items);    /* SM_TASKX */
void tasker_check(struct core *core);    /* after each event: has it gone? */

#endif
