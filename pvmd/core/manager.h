/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks that have a resource manager. */
#ifndef PVMD_CORE_MANAGER_H
#define PVMD_CORE_MANAGER_H

#include "pvmd/core/core.h"

struct asker;
struct task;

/* A request of a task: true when its manager is asked instead. */
bool manager_takes(struct core *core, struct task *task, const struct asker *asker,
                   const struct pvmi_control *control);
void manager_request(struct core *core, const struct asker *asker);    /* a task is to become one */
void manager_on_enrolled(struct core *core, struct task *task);
void manager_on_ended(struct core *core, struct task *task);
void manager_host_dropped(struct core *core, int number);

#endif
