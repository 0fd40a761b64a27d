/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of contexts. */
#ifndef PVMD_CORE_CONTEXT_H
#define PVMD_CORE_CONTEXT_H

#include "pvmd/core/core.h"

struct asker;
struct task;

void context_request(struct core *core, const struct asker *asker, const struct task *task,
                     const struct pvmi_msg_context *msg);
void context_task_left(struct core *core, int32_t tid);

#endif
