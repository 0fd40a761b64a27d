/* SPDX-License-Identifier: BSD-3-Clause */
/* What tasks ask of the mailbox. */
#ifndef PVMD_CORE_MAILBOX_H
#define PVMD_CORE_MAILBOX_H

#include "pvmd/core/core.h"

struct asker;
struct task;

/* From a task of this host. */
void mailbox_request(struct core *core, const struct asker *asker, struct task *task,
                     const struct pvmi_msg_mailbox *msg);
/* At the orderer. */
void mailbox_serve(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg);
void mailbox_task_gone(struct core *core, int32_t tid);      /* at the orderer: it waits for nothing any more */
void mailbox_host_gone(struct core *core, int number);       /* the same for all tasks of a host */
void mailbox_task_left(struct core *core, struct task *task);    /* at its own daemon */
void mailbox_free_all(struct core *core);

#endif
