/* SPDX-License-Identifier: BSD-3-Clause */
/* What waits to go to a peer, by source; and credit. */
#ifndef PVMD_CORE_FLOW_H
#define PVMD_CORE_FLOW_H

#include "pvmd/core/core.h"

struct peer;

#define FLOW_BURST (1024u * 1024)    /* bytes given to a link before io may say "congested" */
#define ACK_DELAY_MS 50              /* so long acknowledgements and credit wait for company */

/* What waits to go to a peer from one task, and what is on its way and not yet delivered there. */
struct flow {
    int32_t src;
    struct peer *peer;
    struct pvmi_list frames;
    struct pvmi_list ready;      /* in peer.ready while frames is not empty */
    uint64_t data_bytes;         /* queued or sent, not yet credited */
    uint64_t output_bytes;
};

/* What a peer's task gets credit for, collected. */
struct owed {
    int32_t tid;    /* with the pvmd bit: for its output */
    uint64_t bytes;
};

/* Queues frame, which becomes the flow's, for peer behind all that src has sent there. */
void flow_push(struct core *core, struct peer *peer, int32_t src, struct pvmi_frame *frame);
/* The next frame whose turn it is, or NULL. */
struct pvmi_frame *flow_pop(struct core *core, struct peer *peer);
void flow_on_credit(struct core *core, struct peer *peer, int32_t tid, uint64_t bytes);
void flow_free_all(struct core *core, struct peer *peer);
/* True when something of tid still waits for a peer. */
bool flow_alive(struct core *core, int32_t tid);
/* tid is no more: its queues that have nothing left go. */
void flow_forget(struct core *core, int32_t tid);
/* A frame from peer has been delivered or dropped: its sender gets the bytes back. */
void credit_owe(struct core *core, int32_t src, const struct pvmi_frame_header *header);
void credit_flush(struct core *core, struct peer *peer);

/* What src has waiting for peer is not to go any more. */
void flow_drop(struct peer *peer, int32_t src);
/* How many frames src has waiting for peer, counted up to max. */
int flow_waiting(const struct peer *peer, int32_t src, int max);

#endif
