/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies that come in pieces. */
#ifndef PVMD_CORE_MAILBOX_BODY_H
#define PVMD_CORE_MAILBOX_BODY_H

#include "pvmd/core/core.h"

struct asker;

/* A piece of a body, in the order in which they come; what finds no memory or is too much is forgotten, which
 * the end tells. */
void mailbox_body_piece(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg);
/* The last piece, or the whole: the body with one reference, or NULL and fault filled. */
struct pvmi_blob *mailbox_body_whole(struct core *core, const struct asker *asker,
                                     const struct pvmi_msg_mailbox *msg, struct pvmi_fault *fault);
void mailbox_bodies_forget(struct core *core, int32_t tid, int host);    /* of a task, or (tid 0) of a host */
void mailbox_bodies_free(struct core *core);

#endif
