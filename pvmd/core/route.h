/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of tasks on their way through this daemon. */
#ifndef PVMD_CORE_ROUTE_H
#define PVMD_CORE_ROUTE_H

#include "pvmd/core/core.h"

struct peer;
struct task;

uint64_t frame_cost(const struct pvmi_frame_header *header);
/* A frame of a task of this host or from its daemon: on to where it belongs. Takes frame. */
void route_frame(struct core *core, struct pvmi_frame *frame);
/* A frame for a task of this host. Takes frame. */
void route_deliver(struct core *core, struct pvmi_frame *frame);
/* A frame that a peer has sent. Takes frame. */
void route_from_peer(struct core *core, struct peer *peer, struct pvmi_frame *frame);
void route_flush(struct core *core, struct task *task);     /* the inbox, as far as the link takes it */
void route_drop_inbox(struct core *core, struct task *task);
/* bytes of data of a task of this host have been delivered. */
void route_credited(struct core *core, int32_t src, bool output, uint64_t bytes);

#endif
