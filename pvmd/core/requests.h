/* SPDX-License-Identifier: BSD-3-Clause */
/* Control messages, as they come in. */
#ifndef PVMD_CORE_REQUESTS_H
#define PVMD_CORE_REQUESTS_H

#include "pvmd/core/core.h"

struct asker;
struct link;
struct peer;

/* A control message has come on a task's link; from a peer. */
void requests_from_task(struct core *core, struct link *link, const struct pvmi_frame *frame);
void requests_from_peer(struct core *core, struct peer *peer, const struct pvmi_frame *frame);
/* What only the first host can do, for who asks here: msg goes there, and the answer to asker. */
void requests_forward(struct core *core, const struct asker *asker, int type, void *msg);
/* What a daemon does for daemons, and for itself. */
void requests_serve(struct core *core, const struct asker *asker, int type, const void *msg);

#endif
