/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_spawn, at the daemon of the task that asks. */
#ifndef PVMD_CORE_SPAWN_H
#define PVMD_CORE_SPAWN_H

#include "pvmd/core/core.h"

struct asker;
struct task;

void spawn_request(struct core *core, const struct asker *asker, struct task *task,
                   const struct pvmi_msg_spawn *msg);

void siblings_set(struct core *core, const struct pvmi_ints *tids);
void siblings_forget(struct task *task);    /* who waits for them */
void siblings_query(struct core *core, const struct asker *asker, struct task *task);

#endif
