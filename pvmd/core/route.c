/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of tasks on their way through this daemon: to a task here (its link, or its inbox while the link is
 * full or not yet there) or to another daemon (flow.c). Frames of one source keep their order on both ways.
 * Messages to nobody are dropped, as in PVM 3.
 */
#include "pvmd/core/route.h"

#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/link.h"
#include "pvmd/core/many.h"
#include "pvmd/core/output.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/plugin_message.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

#define FLOW_WAITING_MAX (64u * 1024 * 1024)    /* bytes of a task waiting in daemons: then it is not read */
#define FLOW_WAITING_LOW (32u * 1024 * 1024)

/* Headers count too: a task that floods another with empty messages must wait as well. What is for many costs what the
 * frames that it becomes cost. */
uint64_t frame_cost(const struct pvmi_frame_header *header)
{
    uint64_t many = header->message;

    if (header->kind == PVMI_FRAME_MANY)
        return many * (header->length - many * PVMI_MANY_ENTRY + PVMI_FRAME_HEADER_SIZE);
    return (uint64_t)header->length + PVMI_FRAME_HEADER_SIZE;
}

/* What it sent waits in daemons: it is not read while that is too much. */
static void choke(struct core *core, struct task *task, bool choked)
{
    if (task->link == NULL)
        return;
    task->link->choked = choked;
    link_read(core, task->link);
}

void route_credited(struct core *core, int32_t src, bool output, uint64_t bytes)
{
    struct task *task = pvmi_table_get(&core->tasks, (uint32_t)src);

    if (task == NULL || bytes == 0)
        return;
    if (output) {
        task->output_waiting -= bytes < task->output_waiting ? (size_t)bytes : task->output_waiting;
        output_grant(core, task);
        return;
    }
    task->waiting -= bytes < task->waiting ? bytes : task->waiting;
    if (task->waiting < FLOW_WAITING_LOW)
        choke(core, task, false);
}

static void send_to_task(struct core *core, struct task *task, struct pvmi_frame *frame)
{
    struct pvmi_frame_header header = frame->header;

    action_send(core, task->link, frame);
    credit_owe(core, header.src, &header);
}

void route_deliver(struct core *core, struct pvmi_frame *frame)
{
    struct task *task = task_find(core, frame->header.dst);

    if (task == NULL) {
        if (frame->header.kind == PVMI_FRAME_OUTPUT)
            output_undeliverable(core, frame);
        credit_owe(core, frame->header.src, &frame->header);
        pvmi_frame_free(frame);
        return;
    }
    if (plugin_takes(core, frame))
        return;
    if (task->link != NULL && !task->link->congested && pvmi_list_empty(&task->inbox))
        send_to_task(core, task, frame);
    else
        pvmi_list_push(&task->inbox, &frame->link);
}

void route_flush(struct core *core, struct task *task)
{
    uint64_t burst = 0;

    while (task->link != NULL && !task->link->congested && !pvmi_list_empty(&task->inbox)) {
        struct pvmi_frame *frame = PVMI_CONTAINER(task->inbox.next, struct pvmi_frame, link);

        if (burst >= FLOW_BURST) {    /* io gets the chance to say "congested"; task_timers() goes on */
            core_wake_at(core, core->now_ms);
            return;
        }
        burst += frame_cost(&frame->header);
        pvmi_list_remove(&frame->link);
        send_to_task(core, task, frame);
    }
}

void route_drop_inbox(struct core *core, struct task *task)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&task->inbox)) != NULL) {
        struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);

        if (frame->header.kind == PVMI_FRAME_OUTPUT)
            output_undeliverable(core, frame);
        credit_owe(core, frame->header.src, &frame->header);
        pvmi_frame_free(frame);
    }
}

static void hold_back(struct core *core, struct pvmi_frame *frame)
{
    struct task *task = pvmi_table_get(&core->tasks, (uint32_t)frame->header.src);

    if ((frame->header.kind != PVMI_FRAME_DATA && frame->header.kind != PVMI_FRAME_MANY) || task == NULL)
        return;
    task->waiting += frame_cost(&frame->header);
    if (task->waiting > FLOW_WAITING_MAX)
        choke(core, task, true);
}

/* A task here, or this daemon itself; a pvmd's tid without a host is that, too. */
static bool is_here(const struct core *core, int32_t dst)
{
    return dst == PVMI_TID_PVMD || pvmi_tid_host(dst) == core_self(core);
}

static bool is_pvmd(int32_t tid)
{
    return tid == PVMI_TID_PVMD || ((tid & PVMI_TID_PVMD) != 0 && pvmi_tid_is_host(tid));
}

void route_frame(struct core *core, struct pvmi_frame *frame)
{
    int32_t dst = frame->header.dst;
    struct peer *peer = peer_find(core, pvmi_tid_host(dst));

    hold_back(core, frame);
    if (is_pvmd(dst) && is_here(core, dst)) {
        plugin_frame(core, frame);
        return;
    }
    if (pvmi_tid_is_task(dst) && is_here(core, dst)) {
        route_deliver(core, frame);
        return;
    }
    if ((!pvmi_tid_is_task(dst) && !is_pvmd(dst)) || peer == NULL || !peer->member) {
        credit_owe(core, frame->header.src, &frame->header);
        pvmi_frame_free(frame);
        return;
    }
    flow_push(core, peer, frame->header.src, frame);
}

/* A task of the peer sends messages, to tasks and to daemons; its output goes to tasks alone, and so do the notices of
 * the peer itself, or in the name of a task of its. */
static bool may_come(const struct core *core, const struct peer *peer, const struct pvmi_frame_header *header)
{
    bool of_task = pvmi_tid_is_task(header->src);
    bool to_task = pvmi_tid_is_task(header->dst);

    if (pvmi_tid_host(header->src) != peer->number || pvmi_tid_host(header->dst) != core_self(core))
        return false;
    switch (header->kind) {
    case PVMI_FRAME_DATA:
        return of_task && (to_task || is_pvmd(header->dst));
    case PVMI_FRAME_OUTPUT:
    case PVMI_FRAME_MANY:
        return of_task && to_task;
    case PVMI_FRAME_NOTICE:
        return (of_task || is_pvmd(header->src)) && to_task;
    default:
        return false;
    }
}

void route_from_peer(struct core *core, struct peer *peer, struct pvmi_frame *frame)
{
    if (!may_come(core, peer, &frame->header)) {
        core_log(core, PVMI_LOG_WARN,
                 "%s sent a frame of kind %d from t%x to t%x that it may not send: dropped", peer->name,
                 frame->header.kind, (unsigned)frame->header.src, (unsigned)frame->header.dst);
        pvmi_frame_free(frame);
        return;
    }
    frame->header.number = 0;
    frame->header.ack = 0;
    if (frame->header.kind == PVMI_FRAME_MANY)
        many_deliver(core, frame);
    else if (pvmi_tid_is_task(frame->header.dst))
        route_deliver(core, frame);
    else
        plugin_frame(core, frame);
}
