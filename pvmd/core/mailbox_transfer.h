/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies on their way. */
#ifndef PVMD_CORE_MAILBOX_TRANSFER_H
#define PVMD_CORE_MAILBOX_TRANSFER_H

#include "pvmd/core/core.h"

struct asker;
struct request;

/* Sends msg, a PUT or INSERT of a task of this host, to the orderer, with body, of which it holds a reference. */
void mailbox_transfer_up(struct core *core, struct request *request, const struct pvmi_msg_mailbox *msg,
                         struct pvmi_blob *body);
/* Sends found to who asked, a task tid. */
void mailbox_transfer_down(struct core *core, const struct asker *asker, int32_t tid,
                           const struct pvmi_msg_mailbox_found *found, struct pvmi_blob *body);
/* As far as the links take them. */
void mailbox_transfer_pump(struct core *core);
void mailbox_transfers_forget(struct core *core, int32_t tid, int host);
void mailbox_transfers_free(struct core *core);
/* By what what goes up from tid waits in the bulk channel: not behind the task's own messages. */
int32_t mailbox_transfer_key(int32_t tid);

#endif
