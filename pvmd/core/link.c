/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections by handle. What came on a handle that we have closed finds nothing here and changes nothing. */
#include "pvmd/core/link.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/ahead.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/enroll.h"
#include "pvmd/core/many.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/relay.h"
#include "pvmd/core/requests.h"
#include "pvmd/core/route.h"
#include "pvmd/core/task.h"

struct link *link_new(struct core *core, enum core_link_kind kind)
{
    struct link *link = core_alloc(core, sizeof(*link));

    if (link == NULL)
        return NULL;
    link->handle = core_handle(core);
    link->kind = kind;
    pvmi_list_init(&link->doomed);
    pvmi_list_init(&link->held);
    if (core_table_set(core, &core->links, link->handle, link) != PvmOk) {
        pvmi_free(link);
        return NULL;
    }
    return link;
}

struct link *link_find(struct core *core, uint64_t handle)
{
    return pvmi_table_get(&core->links, handle);
}

void link_free(struct core *core, struct link *link)
{
    pvmi_table_remove(&core->links, link->handle);
    if (link->offered != NULL)
        link->offered->door = NULL;
    pvmi_list_remove(&link->doomed);
    pvmi_frame_free_all(&link->held);
    pvmi_free(link);
}

void link_close(struct core *core, struct link *link, bool flush)
{
    struct core_action *action;

    if (link->relayed) {
        relay_close(core, link);
        link_free(core, link);
        return;
    }
    action = action_add(core, CORE_ACTION_LINK_CLOSE, link->handle);
    if (action != NULL)
        action->close.flush = flush;
    link_free(core, link);
}

void link_doom(struct core *core, struct link *link)
{
    pvmi_list_remove(&link->doomed);
    pvmi_list_push(&core->doomed, &link->doomed);
}

void link_close_doomed(struct core *core)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&core->doomed)) != NULL) {
        struct link *link = PVMI_CONTAINER(node, struct link, doomed);
        struct task *task = link->task;

        link_close(core, link, true);
        if (task != NULL)
            task_link_lost(core, task);
    }
}

/* What a task must hear and cannot, it must not wait for: its link ends. */
void link_send_control(struct core *core, struct link *link, int type, const void *msg)
{
    struct pvmi_frame *frame;

    int rc = control_frame(core, type, msg, &frame);
    if (rc == PvmOk) {
        action_send(core, link, frame);
        return;
    }
    core_log(core, PVMI_LOG_ERROR, "cannot send \"%s\" to a task: %s", pvmi_control_name(type),
             pvmi_error_text(rc));
    link_doom(core, link);
}

/* NULL: no memory, or nobody wants what a process has inherited. */
static struct link *task_link_new(struct core *core, const struct core_event *event)
{
    struct link *link = link_new(core, CORE_LINK_TASK);

    if (link == NULL || event->link_in.start == 0 || enroll_door_open(core, link, event->link_in.start))
        return link;
    link_free(core, link);
    return NULL;
}

static void task_link_in(struct core *core, const struct core_event *event)
{
    struct link *link = task_link_new(core, event);

    action_adopt(core, event, link);
    if (link == NULL)
        return;
    link->up = true;
    link->pid = event->link_in.pid;
}

void link_read(struct core *core, struct link *link)
{
    bool off = link->choked || link->catching_up;
    struct core_action *action;

    if (off == link->read_off)
        return;
    action = action_add(core, CORE_ACTION_LINK_READ, link->handle);
    if (action == NULL)
        return;
    action->read.on = !off;
    link->read_off = off;
    if (!off && link->task != NULL && link->task->ended) {    /* what it sent last is still to be read */
        link->task->report_at = core->now_ms + EXIT_EOF_MS;
        core_wake_at(core, link->task->report_at);
    }
}

void link_sign_frame(const struct link *link, struct pvmi_frame *frame)
{
    frame->header.src = link->task->tid;
    frame->header.number = 0;
    frame->header.ack = 0;
}

/* Takes frame, which has been signed. */
void link_route(struct core *core, struct pvmi_frame *frame)
{
    if (frame->header.kind == PVMI_FRAME_MANY)
        many_route(core, frame);
    else
        route_frame(core, frame);
}

bool link_may_send(const struct pvmi_frame *frame)
{
    return frame->header.kind == PVMI_FRAME_DATA || frame->header.kind == PVMI_FRAME_MANY;
}

/* A task is read only what it may say; the rest ends its connection. */
void link_task_frame(struct core *core, struct link *link, struct pvmi_frame *frame)
{
    if (ahead_waits(link, frame))
        return;
    if (frame->header.kind == PVMI_FRAME_CONTROL) {
        requests_from_task(core, link, frame);
        pvmi_frame_free(frame);
        return;
    }
    if (!link_may_send(frame) || link->task == NULL) {
        core_log(core, PVMI_LOG_WARN, "process %d sent a frame of kind %d that it may not send: closing",
                 (int)link->pid, frame->header.kind);
        pvmi_frame_free(frame);
        link_doom(core, link);
        return;
    }
    link_sign_frame(link, frame);
    if (!ahead_data(core, link, frame))
        link_route(core, frame);
}

static void link_frame(struct core *core, struct link *link, struct core_event *event)
{
    struct pvmi_frame *frame = event->frame.frame;

    event->frame.frame = NULL;
    if (link->kind == CORE_LINK_TASK)
        link_task_frame(core, link, frame);
    else
        peer_frame(core, link, frame);
}

static void link_down(struct core *core, struct link *link, const struct core_event *event)
{
    if (link->kind == CORE_LINK_DAEMON) {
        peer_link_down(core, link, event->link_down.reason, event->link_down.text);
        return;
    }

    ahead_link_lost(core, link);
    if (link->offered != NULL)
        enroll_door_lost(core, link);
    struct task *task = link->task;
    link_free(core, link);
    if (task != NULL)
        task_link_lost(core, task);
}

static void link_congestion(struct core *core, struct link *link, bool congested)
{
    link->congested = congested;
    if (congested)
        return;
    if (link->kind == CORE_LINK_DAEMON)
        peer_touch(core, &link->peer->channels[link->channel]);
    else if (link->task != NULL)
        route_flush(core, link->task);
}

void link_on_event(struct core *core, struct core_event *event)
{
    if (event->type == CORE_EVENT_LINK_IN) {
        if (event->link_in.kind == CORE_LINK_TASK)
            task_link_in(core, event);
        else
            peer_link_in(core, event);
        return;
    }

    struct link *link = link_find(core, event->handle);
    if (link == NULL)
        return;
    if (event->type == CORE_EVENT_LINK_UP)
        peer_link_up(core, link);
    else if (event->type == CORE_EVENT_LINK_DOWN)
        link_down(core, link, event);
    else if (event->type == CORE_EVENT_FRAME)
        link_frame(core, link, event);
    else
        link_congestion(core, link, event->type == CORE_EVENT_LINK_CONGESTED);
}
