/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What waits to go to a peer, in one queue for each source, taken in turn, so that a task that sends a
 * gigabyte does not delay the others; and credit, by which a sender learns what has been delivered.
 */
#include "pvmd/core/flow.h"

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/route.h"
#include "wire/tid.h"

#define CREDIT_BATCH (64u * 1024)

static struct flow *flow_make(struct core *core, struct peer *peer, int32_t src)
{
    struct flow *flow = pvmi_table_get(&peer->flows, (uint32_t)src);

    if (flow != NULL)
        return flow;
    flow = core_alloc(core, sizeof(*flow));
    if (flow == NULL)
        return NULL;
    if (core_table_set(core, &peer->flows, (uint32_t)src, flow) != PvmOk) {
        pvmi_free(flow);
        return NULL;
    }
    flow->src = src;
    flow->peer = peer;
    pvmi_list_init(&flow->frames);
    pvmi_list_init(&flow->ready);
    return flow;
}

static void flow_free(struct flow *flow)
{
    pvmi_table_remove(&flow->peer->flows, (uint32_t)flow->src);
    pvmi_list_remove(&flow->ready);
    pvmi_frame_free_all(&flow->frames);
    pvmi_free(flow);
}

void flow_drop(struct peer *peer, int32_t src)
{
    struct flow *flow = pvmi_table_get(&peer->flows, (uint32_t)src);

    if (flow != NULL)
        flow_free(flow);
}

int flow_waiting(const struct peer *peer, int32_t src, int max)
{
    const struct flow *flow = pvmi_table_get(&peer->flows, (uint32_t)src);
    int count = 0;

    if (flow == NULL)
        return 0;
    PVMI_LIST_EACH(node, &flow->frames) {
        if (count >= max)
            break;
        count++;
    }
    return count;
}

void flow_push(struct core *core, struct peer *peer, int32_t src, struct pvmi_frame *frame)
{
    struct flow *flow = flow_make(core, peer, src);

    if (flow == NULL) {
        pvmi_frame_free(frame);
        core_out_of_memory(core);
        return;
    }
    if (frame->header.kind == PVMI_FRAME_DATA || frame->header.kind == PVMI_FRAME_MANY)
        flow->data_bytes += frame_cost(&frame->header);
    else if (frame->header.kind == PVMI_FRAME_OUTPUT)
        flow->output_bytes += frame_cost(&frame->header);
    pvmi_list_push(&flow->frames, &frame->link);
    if (pvmi_list_empty(&flow->ready))
        pvmi_list_push(&peer->ready, &flow->ready);
    peer_touch(core, &peer->channels[PVMI_CHANNEL_BULK]);
}

/* A control frame with a source is output for the log: it counts as delivered when it goes. */
static void flow_pass_log(struct core *core, struct pvmi_frame *frame)
{
    if (frame->header.kind != PVMI_FRAME_CONTROL || frame->header.src == 0)
        return;
    route_credited(core, frame->header.src, true, frame_cost(&frame->header));
    frame->header.src = 0;
}

struct pvmi_frame *flow_pop(struct core *core, struct peer *peer)
{
    struct pvmi_list *node = pvmi_list_pop(&peer->ready);

    if (node == NULL)
        return NULL;

    struct flow *flow = PVMI_CONTAINER(node, struct flow, ready);
    struct pvmi_frame *frame = PVMI_CONTAINER(pvmi_list_pop(&flow->frames), struct pvmi_frame, link);
    if (!pvmi_list_empty(&flow->frames))
        pvmi_list_push(&peer->ready, &flow->ready);
    else if (pvmi_table_get(&core->tasks, (uint32_t)flow->src) == NULL)
        flow_free(flow);
    flow_pass_log(core, frame);
    return frame;
}

/* Never more than is due: a peer's arithmetic is not trusted. */
void flow_on_credit(struct core *core, struct peer *peer, int32_t tid, uint64_t bytes)
{
    bool output = (tid & PVMI_TID_PVMD) != 0;
    int32_t src = tid & ~PVMI_TID_PVMD;
    struct flow *flow = pvmi_table_get(&peer->flows, (uint32_t)src);

    if (flow == NULL)
        return;
    uint64_t *due = output ? &flow->output_bytes : &flow->data_bytes;
    if (bytes > *due)
        bytes = *due;
    *due -= bytes;
    route_credited(core, src, output, bytes);
}

static void credit_free_all(struct peer *peer)
{
    uint32_t cursor = 0;
    struct owed *owed;

    while ((owed = pvmi_table_next(&peer->owed, &cursor, NULL)) != NULL)
        pvmi_free(owed);
    pvmi_table_fini(&peer->owed);
    pvmi_table_init(&peer->owed);
    peer->owed_at = CORE_NEVER;
}

/* The peer is going: what was on its way to it is lost, and its senders need not wait for that. */
void flow_free_all(struct core *core, struct peer *peer)
{
    uint32_t cursor = 0;
    struct flow *flow;

    while ((flow = pvmi_table_next(&peer->flows, &cursor, NULL)) != NULL) {
        int32_t src = flow->src;
        uint64_t data_bytes = flow->data_bytes;
        uint64_t output_bytes = flow->output_bytes;

        PVMI_LIST_EACH(node, &flow->frames)
            flow_pass_log(core, PVMI_CONTAINER(node, struct pvmi_frame, link));
        flow_free(flow);
        route_credited(core, src, false, data_bytes);
        route_credited(core, src, true, output_bytes);
    }
    pvmi_table_fini(&peer->flows);
    credit_free_all(peer);
    pvmi_table_fini(&peer->owed);
}

bool flow_alive(struct core *core, int32_t tid)
{
    uint32_t cursor = 0;
    struct peer *peer;

    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        if (pvmi_table_get(&peer->flows, (uint32_t)tid) != NULL)
            return true;
    }
    return false;
}

void flow_forget(struct core *core, int32_t tid)
{
    uint32_t cursor = 0;
    struct peer *peer;

    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        struct flow *flow = pvmi_table_get(&peer->flows, (uint32_t)tid);

        if (flow != NULL && pvmi_list_empty(&flow->frames))
            flow_free(flow);
    }
}

static struct owed *owed_make(struct core *core, struct peer *peer, int32_t tid)
{
    struct owed *owed = pvmi_table_get(&peer->owed, (uint32_t)tid);

    if (owed != NULL)
        return owed;
    owed = core_alloc(core, sizeof(*owed));
    if (owed == NULL)
        return NULL;
    if (core_table_set(core, &peer->owed, (uint32_t)tid, owed) != PvmOk) {
        pvmi_free(owed);
        return NULL;
    }
    owed->tid = tid;
    return owed;
}

static void credit_send(struct core *core, struct peer *peer, struct owed *owed)
{
    struct pvmi_msg_credit credit = { .tid = owed->tid, .bytes = owed->bytes };

    pvmi_table_remove(&peer->owed, (uint32_t)owed->tid);
    pvmi_free(owed);
    peer_send(core, peer, PVMI_CHANNEL_BULK, PVMI_MSG_credit, &credit);
}

void credit_owe(struct core *core, int32_t src, const struct pvmi_frame_header *header)
{
    bool output = header->kind == PVMI_FRAME_OUTPUT;

    if (!pvmi_tid_is_task(src) || header->kind == PVMI_FRAME_NOTICE)
        return;
    if (pvmi_tid_host(src) == core_self(core)) {
        route_credited(core, src, output, frame_cost(header));
        return;
    }

    struct peer *peer = peer_find(core, pvmi_tid_host(src));
    if (peer == NULL)
        return;
    struct owed *owed = owed_make(core, peer, output ? src | PVMI_TID_PVMD : src);
    if (owed == NULL) {
        core_out_of_memory(core);
        return;
    }
    owed->bytes += frame_cost(header);
    if (owed->bytes >= CREDIT_BATCH) {
        credit_send(core, peer, owed);
    } else if (peer->owed_at == CORE_NEVER) {
        peer->owed_at = core->now_ms + ACK_DELAY_MS;
        peer_wake_at(core, peer, peer->owed_at);
    }
}

void credit_flush(struct core *core, struct peer *peer)
{
    uint32_t cursor = 0;
    struct owed *owed;

    while ((owed = pvmi_table_next(&peer->owed, &cursor, NULL)) != NULL)
        credit_send(core, peer, owed);
    peer->owed_at = CORE_NEVER;
}
