/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting tasks on this host, for any daemon's pvm_spawn. */
#ifndef PVMD_CORE_START_H
#define PVMD_CORE_START_H

#include "pvmd/core/core.h"

struct asker;
struct task;

#define START_TEXTS_MAX 64    /* error texts in the answer to a spawn; all codes are there */

void start_request(struct core *core, const struct asker *asker, const struct pvmi_msg_start *msg);
void start_on_done(struct core *core, int host, uint32_t id);
void start_tell_spawned(struct core *core, struct task *task);    /* to who catches its output or traces it, once */
void start_on_started(struct core *core, struct task *task);
void start_on_failed(struct core *core, struct task *task, const struct pvmi_fault *fault);
void start_host_dropped(struct core *core, int number);
void start_free_all(struct core *core);

#endif
