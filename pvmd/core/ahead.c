/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What speaks of hosts that are not in this daemon's table yet. A task can hear of a host sooner than its own
 * daemon, which may be behind in the log: by a message from there, or from somebody who was told. Such a host
 * must not pass for a dead one. So the orderer is asked something; before its answer comes, in the same
 * session, each command that it had ordered by then. Who is not in the table after that is no member.
 *
 *   task:  what it said and all that it says after that wait, so that its order holds, and it is not read
 *   peer:  a "start" waits whose output or trace goes to such a host; all else that peers ask is about tasks here
 *
 * Hosts that were in the table once cost nothing: they are never waited for. The first host never waits.
 */
#include "pvmd/core/ahead.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/link.h"
#include "pvmd/core/many.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/request.h"
#include "pvmd/core/requests.h"
#include "pvmd/core/route.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

/* ---- who is not known ---- */

static bool tid_ahead(const struct core *core, int32_t tid)
{
    int host = pvmi_tid_host(tid);

    return host != 0 && !host_met(&core->state, host);
}

static bool tids_ahead(const struct core *core, const struct pvmi_ints *tids)
{
    for (uint32_t i = 0; i < tids->n; i++) {
        if (tid_ahead(core, tids->v[i]))
            return true;
    }
    return false;
}

static bool inherit_ahead(const struct core *core, const struct pvmi_rec_inherit *inherit)
{
    return tid_ahead(core, inherit->output_tid) || tid_ahead(core, inherit->trace_tid);
}

/* By name or architecture: nothing in the table has it. */
static bool where_ahead(const struct core *core, int flags, const char *where)
{
    if (where == NULL || strcmp(where, ".") == 0)
        return false;
    if ((flags & PvmTaskHost) != 0)
        return host_by_name(&core->state, where) == NULL;
    if ((flags & PvmTaskArch) == 0)
        return false;
    PVMI_LIST_EACH(node, &core->state.hosts) {
        const char *arch = PVMI_CONTAINER(node, struct host, link)->rec.arch;

        if (arch != NULL && strcmp(arch, where) == 0)
            return false;
    }
    return true;
}

static bool said_ahead(const struct core *core, const struct pvmi_control *control)
{
    const struct pvmi_msg_spawn *spawn = control->msg;
    const struct pvmi_msg_notify *notify = control->msg;

    switch (control->type) {
    case PVMI_MSG_spawn:
        return where_ahead(core, spawn->flags, spawn->where) || inherit_ahead(core, &spawn->inherit);
    case PVMI_MSG_notify:
        return tids_ahead(core, &notify->tids);
    case PVMI_MSG_signal:
        return tid_ahead(core, ((const struct pvmi_msg_signal *)control->msg)->tid);
    case PVMI_MSG_task_query:
        return tid_ahead(core, ((const struct pvmi_msg_task_query *)control->msg)->tid);
    case PVMI_MSG_tasks_query:
        return tid_ahead(core, ((const struct pvmi_msg_tasks_query *)control->msg)->where);
    case PVMI_MSG_clock:
        return tid_ahead(core, ((const struct pvmi_msg_clock *)control->msg)->host);
    case PVMI_MSG_host_query:
        return where_ahead(core, PvmTaskHost, ((const struct pvmi_msg_host_query *)control->msg)->name);
    case PVMI_MSG_option:
        return inherit_ahead(core, &((const struct pvmi_msg_option *)control->msg)->inherit);
    default:
        return false;
    }
}

static bool may_wait(const struct core *core)
{
    return !core->caught_up && !core_is_orderer(core);
}

/* Any question will do. The daemon cannot go on without it: what waits would wait for ever. */
static struct request *catch_up(struct core *core, request_done_fn *done)
{
    struct request *request = request_open(core, core_orderer_number(core), done);

    if (request == NULL)
        core_out_of_memory(core);
    return request;
}

static void catch_up_post(struct core *core, struct request *request)
{
    struct pvmi_msg_task_query query = { .tid = pvmi_tid_make(core_orderer_number(core), PVMI_LOCAL_MAX) };

    request_post(core, request, PVMI_MSG_task_query, &query);
}

/* ---- tasks ---- */

/* What had been said before the question is sure now; what came later may speak of still newer hosts. */
static void go_on(struct core *core, struct link *link)
{
    uint32_t sure = link->held_sure;
    struct pvmi_list *node;

    link->catching_up = false;
    while (!link->catching_up && pvmi_list_empty(&link->doomed) &&
           (node = pvmi_list_pop(&link->held)) != NULL) {
        core->caught_up = sure > 0;
        sure -= sure > 0;
        link_task_frame(core, link, PVMI_CONTAINER(node, struct pvmi_frame, link));
        core->caught_up = false;
    }
    link_read(core, link);
}

static void on_caught_up(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                         const void *msg)
{
    struct link *link = link_find(core, request->asker.link);

    (void)fault;    /* the machine ends: nobody is left to wait for */
    (void)type;
    (void)msg;
    if (link != NULL && !core->stopped)
        go_on(core, link);
}

/* In front of what came later, while that is gone through. Takes frame. */
static void hold(struct core *core, struct link *link, struct pvmi_frame *frame)
{
    struct request *request = catch_up(core, on_caught_up);

    if (request == NULL) {
        pvmi_frame_free(frame);
        return;
    }
    pvmi_list_push_front(&link->held, &frame->link);
    link->catching_up = true;
    link->held_sure = 0;
    PVMI_LIST_EACH(node, &link->held)
        link->held_sure++;
    link_read(core, link);
    request->asker = (struct asker){ .kind = ASKER_TASK, .link = link->handle };
    catch_up_post(core, request);
}

bool ahead_waits(struct link *link, struct pvmi_frame *frame)
{
    if (!link->catching_up)
        return false;
    pvmi_list_push(&link->held, &frame->link);
    return true;
}

static bool task_ahead(const struct core *core, int32_t tid)
{
    return pvmi_tid_is_task(tid) && tid_ahead(core, tid);
}

bool ahead_data(struct core *core, struct link *link, struct pvmi_frame *frame)
{
    bool ahead = frame->header.kind == PVMI_FRAME_MANY ? many_any(core, frame, task_ahead)
                                                       : task_ahead(core, frame->header.dst);

    if (!ahead || !may_wait(core))
        return false;
    hold(core, link, frame);
    return true;
}

static struct pvmi_frame *frame_again(struct core *core, const struct pvmi_frame *frame)
{
    return core_frame(core, &frame->header, frame->payload, frame->payload_at, frame->header.length);
}

bool ahead_said(struct core *core, struct link *link, const struct pvmi_frame *frame,
                const struct pvmi_control *control)
{
    struct pvmi_frame *again;

    if (!may_wait(core) || !said_ahead(core, control))
        return false;
    again = frame_again(core, frame);
    if (again != NULL)
        hold(core, link, again);
    return true;
}

void ahead_link_lost(struct core *core, struct link *link)
{
    struct task *task = link->task;
    struct pvmi_list *node;

    if (task != NULL)
        task->link = NULL;
    while ((node = pvmi_list_pop(&link->held)) != NULL) {
        struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);

        if (task != NULL && link_may_send(frame)) {
            link_sign_frame(link, frame);
            link_route(core, frame);
        } else {
            pvmi_frame_free(frame);
        }
    }
}

/* ---- peers ---- */

static void on_start_caught_up(struct core *core, struct request *request, const struct pvmi_fault *fault,
                               int type, const void *msg)
{
    struct pvmi_frame *frame = request->owner;
    struct peer *peer = peer_find(core, request->asker.host);

    (void)fault;
    (void)type;
    (void)msg;
    if (peer != NULL && peer->incarnation == request->asker.incarnation && !core->stopped) {
        core->caught_up = true;
        requests_from_peer(core, peer, frame);
        core->caught_up = false;
    }
    pvmi_frame_free(frame);
}

bool ahead_start(struct core *core, const struct peer *peer, const struct pvmi_frame *frame,
                 const struct pvmi_control *control)
{
    struct request *request;

    if (control->type != PVMI_MSG_start || !may_wait(core) ||
        !inherit_ahead(core, &((const struct pvmi_msg_start *)control->msg)->inherit))
        return false;
    request = catch_up(core, on_start_caught_up);
    if (request == NULL)
        return true;
    request->asker =
        (struct asker){ .kind = ASKER_HOST, .host = peer->number, .incarnation = peer->incarnation };
    request->owner = frame_again(core, frame);
    if (request->owner != NULL)
        catch_up_post(core, request);
    return true;
}
