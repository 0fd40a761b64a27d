/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control messages come in here: who may send what stands in control.def, and nothing is done before that was
 * checked.
 */
#include "pvmd/core/requests.h"

#include <string.h>

#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/ahead.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/context.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/enroll.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/groups.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/hosts.h"
#include "pvmd/core/join.h"
#include "pvmd/core/lease.h"
#include "pvmd/core/link.h"
#include "pvmd/core/mailbox.h"
#include "pvmd/core/manager.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/notify.h"
#include "pvmd/core/output.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/query.h"
#include "pvmd/core/relay.h"
#include "pvmd/core/request.h"
#include "pvmd/core/spawn.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmd/core/team.h"
#include "pvmd/core/tickle.h"
#include "pvmd/core/trace.h"
#include "wire/tid.h"

/* What only the first host can do, for a task of this host. */
static void on_forwarded(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                         const void *msg)
{
    struct pvmi_msg_answer answer;

    if (fault != NULL) {
        asker_answer(core, &request->asker, fault, 0);
        return;
    }
    if (type != PVMI_MSG_answer) {
        asker_fail(core, &request->asker, PvmSysErr, "%s answered with \"%s\"",
                   host_name(core, request->host), pvmi_control_name(type));
        return;
    }
    answer = *(const struct pvmi_msg_answer *)msg;
    asker_send(core, &request->asker, type, &answer);
}

void requests_forward(struct core *core, const struct asker *asker, int type, void *msg)
{
    struct request *request = request_open(core, core_orderer_number(core), on_forwarded);

    if (request == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory for the request");
        return;
    }
    request->asker = *asker;
    request_post(core, request, type, msg);
}

/* ---- what a daemon does for daemons, and for itself ---- */

static void serve_as_orderer(struct core *core, const struct asker *asker, int type, const void *msg)
{
    const struct pvmi_msg_host_add *add = msg;

    if (!core_is_orderer(core)) {
        asker_fail(core, asker, PvmSysErr, "%s does not order the virtual machine", core->self->rec.name);
        return;
    }
    if (type == PVMI_MSG_host_add)
        join_add(core, asker, add->tid, &add->lines, false);
    else if (type == PVMI_MSG_host_delete)
        hosts_delete(core, asker, msg);
    else if (type == PVMI_MSG_halt)
        halt_request(core, asker);
    else if (type == PVMI_MSG_mailbox)
        mailbox_serve(core, asker, msg);
    else
        groups_request(core, asker, msg);
}

void requests_serve(struct core *core, const struct asker *asker, int type, const void *msg)
{
    switch (type) {
    case PVMI_MSG_task_query:
        query_task(core, asker, ((const struct pvmi_msg_task_query *)msg)->tid);
        break;
    case PVMI_MSG_tasks_query:
        query_tasks(core, asker, ((const struct pvmi_msg_tasks_query *)msg)->where);
        break;
    case PVMI_MSG_start:
        start_request(core, asker, msg);
        break;
    case PVMI_MSG_clock:
        query_clock(core, asker, ((const struct pvmi_msg_clock *)msg)->host);
        break;
    case PVMI_MSG_host_query:
        query_host(core, asker, ((const struct pvmi_msg_host_query *)msg)->name);
        break;
    case PVMI_MSG_tickle:
        tickle_serve(core, asker, msg);
        break;
    default:
        serve_as_orderer(core, asker, type, msg);
        break;
    }
}

/* A request that cannot be taken for want of memory. */
static bool is_request(int type)
{
    switch (type) {
    case PVMI_MSG_spawn:
    case PVMI_MSG_task_query:
    case PVMI_MSG_tasks_query:
    case PVMI_MSG_hosts_query:
    case PVMI_MSG_host_add:
    case PVMI_MSG_host_delete:
    case PVMI_MSG_host_query:
    case PVMI_MSG_group:
    case PVMI_MSG_start:
    case PVMI_MSG_mailbox:
    case PVMI_MSG_context:
    case PVMI_MSG_clock:
    case PVMI_MSG_tickle:
        return true;
    default:
        return false;
    }
}

static bool refused_for_memory(struct core *core, const struct asker *asker, const struct pvmi_control *control)
{
    const char *text = "the daemon is short of memory: try again later";
    int type = control->type;

    if (core->reserve != NULL || !is_request(type))
        return false;
    if (type == PVMI_MSG_mailbox &&
        ((const struct pvmi_msg_mailbox *)control->msg)->op == PVMI_MAILBOX_PIECE_OF)
        return true;    /* what is missing then is told at the end */
    if (type == PVMI_MSG_tasks_query)
        query_tasks_fail(core, asker, PvmNoMem, text);
    else if (type == PVMI_MSG_hosts_query)
        query_hosts_fail(core, asker, PvmNoMem, text);
    else
        asker_fail(core, asker, PvmNoMem, "%s", text);
    return true;
}

/* A host asks for its own tasks alone. */
static void task_of_peer(struct core *core, struct peer *peer, const struct asker *asker, int32_t tid,
                         const struct pvmi_control *control)
{
    if (pvmi_tid_host(tid) != peer->number)
        asker_fail(core, asker, PvmBadParam, "t%x is no task of %s", (unsigned)tid, peer->name);
    else
        requests_serve(core, asker, control->type, control->msg);
}

static void request_from_peer(struct core *core, struct peer *peer, const struct pvmi_control *control)
{
    struct asker asker = { .kind = ASKER_HOST, .host = peer->number, .incarnation = peer->incarnation };

    memcpy(&asker.id, control->msg, sizeof(asker.id));
    if (refused_for_memory(core, &asker, control))
        return;
    if (control->type == PVMI_MSG_group)
        task_of_peer(core, peer, &asker, ((const struct pvmi_msg_group *)control->msg)->tid, control);
    else if (control->type == PVMI_MSG_mailbox)
        task_of_peer(core, peer, &asker, ((const struct pvmi_msg_mailbox *)control->msg)->tid, control);
    else if (control->type == PVMI_MSG_host_add && ((const struct pvmi_msg_host_add *)control->msg)->tid != 0)
        task_of_peer(core, peer, &asker, ((const struct pvmi_msg_host_add *)control->msg)->tid, control);
    else
        requests_serve(core, &asker, control->type, control->msg);
}

static void told_by_peer(struct core *core, struct peer *peer, int type, const void *msg)
{
    const struct pvmi_msg_exited *exited = msg;
    const struct pvmi_msg_log_output *output = msg;
    const struct pvmi_msg_credit *credit = msg;

    switch (type) {
    case PVMI_MSG_signal:
        query_signal(core, ((const struct pvmi_msg_signal *)msg)->tid,
                     ((const struct pvmi_msg_signal *)msg)->signum);
        break;
    case PVMI_MSG_start_done:
        start_on_done(core, peer->number, ((const struct pvmi_msg_start_done *)msg)->id);
        break;
    case PVMI_MSG_siblings:
        siblings_set(core, &((const struct pvmi_msg_siblings *)msg)->tids);
        break;
    case PVMI_MSG_watch:
        notify_watch(core, peer, ((const struct pvmi_msg_watch *)msg)->tid);
        break;
    case PVMI_MSG_unwatch:
        notify_unwatch(core, peer, ((const struct pvmi_msg_unwatch *)msg)->tid);
        break;
    case PVMI_MSG_exited:
        if (pvmi_tid_host(exited->tid) == peer->number)
            notify_exited(core, exited->tid, exited->status);
        break;
    case PVMI_MSG_credit:
        flow_on_credit(core, peer, credit->tid, credit->bytes);
        break;
    case PVMI_MSG_lease:
        team_on_lease(core, msg);
        break;
    case PVMI_MSG_lease_report:
        lease_on_report(core, peer->number, msg);
        break;
    case PVMI_MSG_log_output:
        output_log(core, output->tid, output->text.data, output->text.length);
        break;
    default:
        break;
    }
}

/* What only the orderer hears, and what only it says. */
static void about_the_machine(struct core *core, struct peer *peer, int type, const void *msg)
{
    struct peer *accused;

    switch (type) {
    case PVMI_MSG_accuse:
        accused = peer_find(core, ((const struct pvmi_msg_accuse *)msg)->number);
        if (((const struct pvmi_msg_accuse *)msg)->number == core_self(core))
            peer_on_asked(core, peer);
        else if (core_is_orderer(core) && accused != NULL)
            peer_probe(core, accused);
        break;
    case PVMI_MSG_relay:
        relay_on_message(core, peer, msg);
        break;
    case PVMI_MSG_welcome:
        state_on_welcome(core, msg);
        break;
    case PVMI_MSG_welcomed:
        join_on_welcomed(core, peer);
        break;
    case PVMI_MSG_append:
        state_on_append(core, msg);
        break;
    case PVMI_MSG_task_gone:
        if (core_is_orderer(core) &&
            pvmi_tid_host(((const struct pvmi_msg_task_gone *)msg)->tid) == peer->number)
            state_order_gone(core, ((const struct pvmi_msg_task_gone *)msg)->tid);
        break;
    case PVMI_MSG_halting:
        halt_begin(core, true,
                   ((const struct pvmi_msg_halting *)msg)->reason == 1
                       ? "this host was deleted from the virtual machine"
                       : NULL);
        break;
    case PVMI_MSG_halted:
        break;    /* its tasks have ended; when all else has, too, its links close: peer_link_down() */
    default:
        told_by_peer(core, peer, type, msg);
        break;
    }
}

static void dispatch_from_peer(struct core *core, struct peer *peer, const struct pvmi_control *control)
{
    switch (control->type) {
    case PVMI_MSG_answer:
    case PVMI_MSG_tasks:
    case PVMI_MSG_host_progress:
    case PVMI_MSG_mailbox_found:
        request_answered(core, peer->number, control->type, control->msg);
        break;
    case PVMI_MSG_task_query:
    case PVMI_MSG_tasks_query:
    case PVMI_MSG_host_add:
    case PVMI_MSG_host_delete:
    case PVMI_MSG_halt:
    case PVMI_MSG_group:
    case PVMI_MSG_start:
    case PVMI_MSG_mailbox:
    case PVMI_MSG_clock:
    case PVMI_MSG_host_query:
        request_from_peer(core, peer, control);
        break;
    default:
        about_the_machine(core, peer, control->type, control->msg);
        break;
    }
}

static int decode(struct core *core, const struct pvmi_frame *frame, struct pvmi_control *ret_control)
{
    int rc = pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, ret_control);

    if (rc == PvmNoMem && core_release_reserve(core))
        rc = pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, ret_control);
    return rc;
}

void requests_from_peer(struct core *core, struct peer *peer, const struct pvmi_frame *frame)
{
    int role = PVMI_FROM_HOST;
    struct pvmi_control control;

    if (!core_is_orderer(core) && peer->number == core_orderer_number(core))
        role |= PVMI_FROM_ORDERER;
    int rc = decode(core, frame, &control);
    if (rc == PvmNoMem) {
        core_out_of_memory(core);    /* it may be a command of the ordered log: it must not be lost */
        return;
    }
    if (rc != PvmOk) {
        core_log(core, PVMI_LOG_WARN, "%s sent a control message that cannot be read: dropped", peer->name);
        return;
    }
    bool joins = !peer->member && (control.type == PVMI_MSG_welcomed || (role & PVMI_FROM_ORDERER) != 0);
    if ((pvmi_control_senders(control.type) & role) == 0 || (!peer->member && !joins))
        core_log(core, PVMI_LOG_WARN, "%s sent \"%s\", which it may not: dropped", peer->name,
                 pvmi_control_name(control.type));
    else if (!ahead_start(core, peer, frame, &control))
        dispatch_from_peer(core, peer, &control);
    pvmi_control_free(&control);
}

/* ---- tasks ---- */

static void leave_request(struct core *core, const struct asker *asker, struct link *link)
{
    asker_answer(core, asker, NULL, 0);
    link->task->said = true;
    task_leave(core, link->task);
    link_doom(core, link);
}

static void signal_request(struct core *core, const struct asker *asker, const struct pvmi_msg_signal *msg)
{
    if (!pvmi_tid_may_be_task(msg->tid)) {
        asker_fail(core, asker, PvmBadParam, "0x%x is no task", (unsigned)msg->tid);
        return;
    }
    asker_answer(core, asker, NULL, 0);    /* before the signal: it may be for the task that asks */
    query_signal(core, msg->tid, msg->signum);
}

static void group_request(struct core *core, const struct asker *asker, struct task *task,
                          const struct pvmi_msg_group *msg)
{
    struct pvmi_msg_group group = *msg;

    if (group.op > PVMI_GROUP_FREEZE) {
        asker_fail(core, asker, PvmBadParam, "%d is no request about a group", (int)group.op);
        return;
    }
    group.tid = task->tid;
    if (group.op == PVMI_GROUP_JOIN)
        task->ordered = true;
    requests_forward(core, asker, PVMI_MSG_group, &group);
}

static void add_request(struct core *core, const struct asker *asker, struct task *task,
                        const struct pvmi_msg_host_add *msg)
{
    struct pvmi_msg_host_add add = *msg;

    add.tid = task->tid;
    task->ordered = true;
    requests_forward(core, asker, PVMI_MSG_host_add, &add);
}

static void option_request(struct core *core, struct task *task, const struct pvmi_msg_option *msg)
{
    bool moves = trace_moves(task, &msg->inherit);

    if (moves)
        trace_end(core, task);    /* for who has traced it so far */
    if (task_set_inherit(core, task, &msg->inherit) != PvmOk)
        core_log(core, PVMI_LOG_ERROR, "no memory for the options of t%x", (unsigned)task->tid);
    if (!moves)
        return;
    task->trace_adopted = false;
    trace_spawned(core, task);
    trace_begin(core, task);
}

static void dispatch_from_task(struct core *core, struct link *link, const struct pvmi_control *control)
{
    struct asker asker = { .kind = ASKER_TASK, .link = link->handle };
    struct task *task = link->task;

    if (control->type != PVMI_MSG_notify && control->type != PVMI_MSG_option && control->type != PVMI_MSG_poke)
        memcpy(&asker.id, control->msg, sizeof(asker.id));
    if (refused_for_memory(core, &asker, control) || manager_takes(core, task, &asker, control))
        return;
    switch (control->type) {
    case PVMI_MSG_leave:
        leave_request(core, &asker, link);
        break;
    case PVMI_MSG_spawn:
        spawn_request(core, &asker, task, control->msg);
        break;
    case PVMI_MSG_signal:
        signal_request(core, &asker, control->msg);
        break;
    case PVMI_MSG_hosts_query:
        query_hosts(core, &asker);
        break;
    case PVMI_MSG_host_add:
        add_request(core, &asker, task, control->msg);
        break;
    case PVMI_MSG_host_delete:
    case PVMI_MSG_halt:
        requests_forward(core, &asker, control->type, control->msg);
        break;
    case PVMI_MSG_notify:
        notify_request(core, task, control->msg);
        break;
    case PVMI_MSG_group:
        group_request(core, &asker, task, control->msg);
        break;
    case PVMI_MSG_team_arrived:
        team_arrived(core, task, control->msg);
        break;
    case PVMI_MSG_option:
        option_request(core, task, control->msg);
        break;
    case PVMI_MSG_poke:
        task_poke(core, control->msg);
        break;
    case PVMI_MSG_siblings_query:
        siblings_query(core, &asker, task);
        break;
    case PVMI_MSG_manage:
        manager_request(core, &asker);
        break;
    case PVMI_MSG_mailbox:
        mailbox_request(core, &asker, task, control->msg);
        break;
    case PVMI_MSG_context:
        context_request(core, &asker, task, control->msg);
        break;
    case PVMI_MSG_tickle:
        if (tickle_is_for_orderer(core, control->msg))
            requests_forward(core, &asker, control->type, control->msg);
        else
            requests_serve(core, &asker, control->type, control->msg);
        break;
    default:
        requests_serve(core, &asker, control->type, control->msg);
        break;
    }
}

void requests_from_task(struct core *core, struct link *link, const struct pvmi_frame *frame)
{
    int role = link->task != NULL ? PVMI_FROM_TASK : PVMI_FROM_STRANGER;
    struct pvmi_control control;

    int rc = decode(core, frame, &control);
    if (rc != PvmOk) {
        core_log(core, PVMI_LOG_WARN, "process %d sent a control message that cannot be read (%s): closing",
                 (int)link->pid, pvmi_error_text(rc));
        link_doom(core, link);
        return;
    }
    if ((pvmi_control_senders(control.type) & role) == 0) {
        core_log(core, PVMI_LOG_WARN, "process %d sent \"%s\", which it may not: closing", (int)link->pid,
                 pvmi_control_name(control.type));
        link_doom(core, link);
    } else if (role == PVMI_FROM_STRANGER) {
        enroll_request(core, link, control.msg);
    } else if (!ahead_said(core, link, frame, &control)) {
        dispatch_from_task(core, link, &control);
    }
    pvmi_control_free(&control);
}
