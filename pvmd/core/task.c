/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks of this host, and the processes behind them.
 *
 *   started:        TASK_START --STARTED--> runs --enroll with its claim--> task with a link (enroll.c)
 *   by hand:                                      enroll -----------------> task with a link
 *   either:         leave, or its link breaks --> has left; its end is told ("reported")
 *
 * A started one is in the table from the start, and stays until its process has ended and its output is
 * complete, also after it has left; its end is told then, so that it comes behind its output and can carry
 * the exit status. One that leaves and lives on is told after EXIT_STATUS_MS.
 */
#include "pvmd/core/task.h"

#include <string.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/context.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/enroll.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/link.h"
#include "pvmd/core/mailbox.h"
#include "pvmd/core/mailbox_transfer.h"
#include "pvmd/core/manager.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/notify.h"
#include "pvmd/core/output.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/route.h"
#include "pvmd/core/spawn.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/tasker.h"
#include "pvmd/core/trace.h"
#include "wire/items.h"
#include "wire/tid.h"

#define EXIT_STATUS_MS 200    /* how long a process may take to end after its task left */

struct task *task_find(struct core *core, int32_t tid)
{
    struct task *task = pvmi_table_get(&core->tasks, (uint32_t)tid);

    return task != NULL && !task->left ? task : NULL;
}

struct task *task_of_handle(struct core *core, uint64_t handle)
{
    return pvmi_table_get(&core->processes, handle);
}

bool task_room(const struct core *core, struct pvmi_fault *ret_fault)
{
    int most = core->config.tasks_max > 0 ? core->config.tasks_max : PVMI_LOCAL_MAX;
    const char *name = core->self->rec.name;

    if (core->task_count < most)
        return true;
    pvmi_fault_set(ret_fault, PvmOutOfRes, name, "no more than %d tasks may run on %s: %s", most, name,
                   core->config.tasks_max > 0 ? "raise PVM_MAX_TASKS or add a host" : "add a host");
    return false;
}

/* Numbers come round as late as possible, and not while anything of the one before is left. */
static int32_t tid_next(struct core *core)
{
    for (int32_t tries = 0; tries < PVMI_LOCAL_MAX; tries++) {
        int32_t tid = pvmi_tid_make(core_self(core), core->next_local);

        core->next_local = core->next_local == PVMI_LOCAL_MAX ? 1 : core->next_local + 1;
        if (pvmi_table_get(&core->tasks, (uint32_t)tid) == NULL && !flow_alive(core, tid))
            return tid;
    }
    return 0;
}

struct task *task_new(struct core *core)
{
    int32_t tid = tid_next(core);
    struct task *task = tid != 0 ? core_alloc(core, sizeof(*task)) : NULL;

    if (task == NULL)
        return NULL;
    task->tid = tid;
    pvmi_list_init(&task->inbox);
    pvmi_list_init(&task->watches);
    pvmi_list_init(&task->dead);
    pvmi_list_init(&task->siblings_waiters);
    task->report_at = CORE_NEVER;
    task->kill_at = CORE_NEVER;
    if (core_table_set(core, &core->tasks, (uint32_t)tid, task) != PvmOk) {
        pvmi_free(task);
        return NULL;
    }
    core->task_count++;
    return task;
}

int task_set_inherit(struct core *core, struct task *task, const struct pvmi_rec_inherit *inherit)
{
    char *mask = core_strdup(core, inherit->trace_mask);

    if (mask == NULL && inherit->trace_mask != NULL)
        return PvmNoMem;
    pvmi_free(task->trace_mask);
    task->trace_mask = mask;
    task->self = *inherit;
    task->self.trace_mask = mask;
    return PvmOk;
}

static void task_free(struct task *task)
{
    pvmi_list_remove(&task->dead);
    pvmi_frame_free_all(&task->inbox);
    siblings_forget(task);
    pvmi_items_free(&task->hand_rest);
    pvmi_free(task->file);
    pvmi_free(task->trace_mask);
    pvmi_free(task->siblings);
    pvmi_free(task);
}

/* It is in no table any more; whoever holds a pointer to it in this step may still look at it. */
static void task_bury(struct core *core, struct task *task)
{
    pvmi_table_remove(&core->tasks, (uint32_t)task->tid);
    if (task->handle != 0)
        pvmi_table_remove(&core->processes, task->handle);
    flow_forget(core, task->tid);
    pvmi_list_push(&core->dead, &task->dead);
}

void task_free_dead(struct core *core)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&core->dead)) != NULL)
        task_free(PVMI_CONTAINER(node, struct task, dead));
}

void task_free_all(struct core *core)
{
    uint32_t cursor = 0;
    struct task *task;

    task_free_dead(core);
    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        notify_forget(core, task);
        if (task->link != NULL)
            task->link->task = NULL;
        if (task->door != NULL)
            task->door->offered = NULL;
        pvmi_table_remove(&core->tasks, (uint32_t)task->tid);
        task_free(task);
    }
    pvmi_table_fini(&core->tasks);
    pvmi_table_fini(&core->processes);
}

/* ---- shared memory ---- */

/* What it sleeps over becomes readable; that is all there is to say. */
void task_poke(struct core *core, const struct pvmi_msg_poke *msg)
{
    struct pvmi_frame_header ping = { .kind = PVMI_FRAME_PING };
    struct task *task = task_find(core, msg->tid);
    struct pvmi_frame *frame;

    if (task == NULL || task->link == NULL || task->link->congested)
        return;    /* the last: it has enough to read already */
    frame = core_frame(core, &ping, NULL, 0, 0);
    if (frame != NULL)
        action_send(core, task->link, frame);
}

/* ---- the end ---- */

static void task_report(struct core *core, struct task *task)
{
    task->reported = true;
    start_tell_spawned(core, task);
    notify_task_ended(core, task);
    manager_on_ended(core, task);
}

/* A process of ours: true when all that its end waits for has come, or has had its time. */
static bool process_settled(struct core *core, struct task *task)
{
    if (task->ended && task->output_eof)
        return true;
    if (task->ended && task->output_ungranted > 0)
        return false;    /* its output waits for whoever catches it */
    if (core->now_ms >= task->report_at)
        return true;
    core_wake_at(core, task->report_at);
    return false;
}

/* Its process has ended, and still it has not left: what it sent is in its link, which ends by itself. */
static void task_leave_ended(struct core *core, struct task *task)
{
    struct link *link = task->link != NULL ? task->link : task->door;

    if (link != NULL && (core->now_ms < task->report_at || link->read_off)) {
        if (!link->read_off)
            core_wake_at(core, task->report_at);
        return;
    }
    if (link != NULL)
        link_doom(core, link);
    task_leave(core, task);
}

void task_settle(struct core *core, struct task *task)
{
    if (!task->left) {
        if (task->ended)
            task_leave_ended(core, task);
        return;
    }
    if (task->handle == 0) {
        if (!task->reported) {
            if (task->output_begun)
                output_end(core, task);
            trace_end(core, task);
            task_report(core, task);
            task_bury(core, task);
        }
        return;
    }
    if (!process_settled(core, task))
        return;
    if (task->ended && pvmi_list_empty(&task->dead)) {
        output_end(core, task);
        trace_end(core, task);
    }
    if (!task->reported)
        task_report(core, task);
    if (!task->ended) {
        task->report_at = CORE_NEVER;
        return;
    }
    if (pvmi_list_empty(&task->dead))
        task_bury(core, task);
}

static void tell_orderer(struct core *core, struct task *task)
{
    struct pvmi_msg_task_gone gone = { .tid = task->tid };
    struct pvmi_frame *frame;

    if (!task->ordered || core->stopped)
        return;
    if (core_is_orderer(core)) {
        state_order_gone(core, task->tid);
        return;
    }
    peer_send(core, peer_orderer(core), PVMI_CHANNEL_CONTROL, PVMI_MSG_task_gone, &gone);
    if (!task->transferred)
        return;
    if (control_frame(core, PVMI_MSG_task_gone, &gone, &frame) == PvmOk)
        flow_push(core, peer_orderer(core), mailbox_transfer_key(task->tid), frame);
    else
        core_out_of_memory(core);
}

/* Before anybody hears of its end: what it published in shared memory is older than that. */
static void task_gone(struct core *core, const struct task *task)
{
    struct core_action *action = action_add(core, CORE_ACTION_TASK_GONE, 0);

    if (action == NULL)
        return;
    action->gone.tid = task->tid;
    action->gone.said = task->said;
}

void task_leave(struct core *core, struct task *task)
{
    if (task->left)
        return;
    task->left = true;
    task_gone(core, task);
    core->task_count--;
    if (task->link != NULL)
        task->link->task = NULL;
    task->link = NULL;
    enroll_forget(core, task);
    route_drop_inbox(core, task);
    notify_forget(core, task);
    siblings_forget(task);
    mailbox_task_left(core, task);
    context_task_left(core, task->tid);
    plugin_task_left(core, task->tid);
    tell_orderer(core, task);
    if (task->handed && task->tasker == 0)
        task->ended = true;    /* more than that it has left, nobody will tell */
    if (task->handle != 0 && !task->ended)
        task->report_at = core->now_ms + EXIT_STATUS_MS;
    task_settle(core, task);
}

void task_link_lost(struct core *core, struct task *task)
{
    task->link = NULL;
    task_leave(core, task);
}

/* ---- processes ---- */

void task_on_started(struct core *core, struct core_event *event)
{
    struct task *task = task_of_handle(core, event->handle);

    if (task == NULL)
        return;
    if (task->tasker != 0) {
        tasker_on_found(core, task, event->started.path != NULL ? event->started.path : task->file);
        return;
    }
    task->pid = event->started.pid;
    task->running = true;
    if (core->halting)
        action_signal(core, task, 15);
    if (task->kill_at != CORE_NEVER) {
        action_signal(core, task, 15);
        core_wake_at(core, task->kill_at);
    }
    if (!task->trace_begun)
        trace_begin(core, task);
    output_begin(core, task);
    start_on_started(core, task);
    output_started(core, task);
}

void task_start_failed(struct core *core, struct task *task, const struct pvmi_fault *fault)
{
    task->ended = true;
    task->output_eof = true;
    if (!task->left) {
        core->task_count--;
        task_gone(core, task);
    }
    task->left = true;
    task->manager = 0;    /* it has its answer, and never heard of this tid */
    route_drop_inbox(core, task);
    task_report(core, task);    /* somebody may have guessed its tid */
    start_on_failed(core, task, fault);
    task_bury(core, task);
    halt_check(core);
}

void task_on_start_failed(struct core *core, struct core_event *event)
{
    struct task *task = task_of_handle(core, event->handle);

    if (task == NULL)
        return;
    core->process_count--;
    task_start_failed(core, task, &event->start_failed.fault);
}

void task_has_ended(struct core *core, struct task *task)
{
    task->ended = true;
    task->report_at = core->now_ms + EXIT_EOF_MS;
    task_settle(core, task);
}

void task_on_ended(struct core *core, struct core_event *event)
{
    struct task *task = task_of_handle(core, event->handle);

    if (task == NULL || task->ended)
        return;
    core->process_count--;
    task->status = event->ended.status;
    task->user_us = event->ended.user_us;
    task->system_us = event->ended.system_us;
    task_has_ended(core, task);
    halt_check(core);
}

/* A loop that was late has not yet read what came in time: output that is still in the pipe. */
void task_timers(struct core *core, uint64_t late_ms)
{
    uint32_t cursor = 0;
    struct task *task;

    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        if (late_ms > EXIT_STATUS_MS && task->report_at != CORE_NEVER)
            task->report_at += late_ms;
        if (!pvmi_list_empty(&task->inbox))
            route_flush(core, task);
        if (task->kill_at <= core->now_ms && task->running && !task->ended) {
            action_signal(core, task, 9);
            task->kill_at = CORE_NEVER;
        } else if (task->kill_at != CORE_NEVER && task->running) {
            core_wake_at(core, task->kill_at);
        }
        if (task->ended || task->left)
            task_settle(core, task);
    }
}

void task_info(const struct core *core, const struct task *task, struct pvmi_rec_taskinfo *ret_info)
{
    *ret_info = (struct pvmi_rec_taskinfo){
        .tid = task->tid,
        .parent = task->parent,
        .host = pvmi_tid_of_host(pvmi_tid_host(task->tid)),
        .flags = (task->handle != 0 ? 0x2 : 0) | (task->claimed ? 0x4 : 0) | plugin_flags(core, task->tid),
        .file = task->file != NULL ? task->file : "",
        .pid = task->pid,
    };
}
