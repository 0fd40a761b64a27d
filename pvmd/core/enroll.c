/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/core/enroll.h"

#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/adopt.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/link.h"
#include "pvmd/core/manager.h"
#include "pvmd/core/output.h"
#include "pvmd/core/route.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmd/core/trace.h"

static void enroll_refuse(struct core *core, struct link *link, int code, const char *text)
{
    struct pvmi_fault fault;
    struct pvmi_msg_enrolled enrolled = { .tid = 0 };

    link_doom(core, link);
    if (link->offered != NULL) {    /* it has its answer, and its slot: it sees that this is over */
        task_leave(core, link->offered);
        return;
    }
    pvmi_fault_set(&fault, code, core->self->rec.name, "%s", text);
    enrolled.error = fault_record(&fault);
    link_send_control(core, link, PVMI_MSG_enrolled, &enrolled);
}

/* ---- it is one from now on ---- */

static struct pvmi_msg_enrolled enrolled_of(struct core *core, const struct task *task)
{
    return (struct pvmi_msg_enrolled){
        .tid = task->tid,
        .parent = task->parent,
        .host = core->self->rec.name,
        .incarnation = core->self->rec.incarnation,
        .inherit = task->self,
    };
}

static void enroll_begin(struct core *core, struct link *link, struct task *task)
{
    if (task->handle == 0) {
        trace_by_hand(core, task);
        if (task->output_adopted)
            output_begin(core, task);
    } else if (!task->trace_begun) {    /* it was quicker than the news of its start */
        trace_begin(core, task);
    }
    task->claimed = true;
    task->link = link;
    link->task = task;
    manager_on_enrolled(core, task);
}

static void enroll_admit(struct core *core, const struct link *link, const struct task *task)
{
    struct core_action *action = action_add(core, CORE_ACTION_TASK_ADMIT, link->handle);

    if (action != NULL)
        action->admit.tid = task->tid;
}

static void enroll_accept(struct core *core, struct link *link, struct task *task)
{
    struct pvmi_msg_enrolled enrolled = enrolled_of(core, task);

    enroll_begin(core, link, task);
    enroll_admit(core, link, task);
    link_send_control(core, link, PVMI_MSG_enrolled, &enrolled);
    route_flush(core, task);
}

/* ---- by the socket ---- */

/* The spawned task that this process is, if it says so rightly and is the first to do so. */
static struct task *enroll_claim(struct core *core, const struct pvmi_msg_enroll *msg)
{
    struct task *task = msg->claim_tid != 0 ? task_find(core, msg->claim_tid) : NULL;

    if (task == NULL || task->handle == 0 || task->claimed || task->claimant != 0 || task->nonce != msg->claim_nonce)
        return NULL;
    return task;
}

/* As a new task: it has claimed nothing, or somebody else's. */
static void enroll_new(struct core *core, struct link *link)
{
    struct pvmi_fault fault;
    struct task *task;

    if (!task_room(core, &fault)) {
        enroll_refuse(core, link, PvmOutOfRes, fault.text);
        return;
    }
    task = task_new(core);
    if (task == NULL) {
        enroll_refuse(core, link, PvmNoMem, "no memory for one more task");
        return;
    }
    task->pid = link->pid;
    adopt_by_tracer(core, task);
    enroll_accept(core, link, task);
}

/* Its process could enrol by the door as well: whoever has that first. */
static void enroll_revoke(struct core *core, struct link *link, struct task *task)
{
    struct core_action *action = action_add(core, CORE_ACTION_TASK_REVOKE, task->handle);

    if (action == NULL)
        return;
    action->revoke.tid = task->tid;
    action->revoke.pid = link->pid;
    task->claimant = link->handle;
    link->claiming = true;
}

static void enroll_claimed(struct core *core, struct link *link, struct task *task)
{
    if (task->handed)
        task->pid = link->pid;
    task->running |= task->handed;
    enroll_accept(core, link, task);
}

/* If it has one that was not claimed. */
static void enroll_door_close(struct core *core, struct task *task)
{
    if (task->door == NULL)
        return;
    task->door->offered = NULL;
    link_doom(core, task->door);
    task->door = NULL;
}

void enroll_on_revoked(struct core *core, const struct core_event *event)
{
    struct task *task = task_of_handle(core, event->handle);
    bool free = event->revoked.done;
    struct link *link;

    if (task == NULL || task->claimant == 0)
        return;    /* it has left, and its claimant was told */
    link = link_find(core, task->claimant);
    task->claimant = 0;
    if (free) {
        task->offered = false;
        enroll_door_close(core, task);
    }
    if (link == NULL)
        return;
    link->claiming = false;
    if (free && !task->claimed)
        enroll_claimed(core, link, task);
    else
        enroll_new(core, link);
}

/* ---- by the door ---- */

struct pvmi_frame *enroll_hello(struct core *core, const struct task *task)
{
    struct pvmi_msg_enrolled enrolled = enrolled_of(core, task);
    struct pvmi_frame *frame;

    return control_frame(core, PVMI_MSG_enrolled, &enrolled, &frame) == PvmOk ? frame : NULL;
}

bool enroll_door_open(struct core *core, struct link *link, uint64_t handle)
{
    struct task *task = task_of_handle(core, handle);

    if (task == NULL || task->left || task->claimed || !task->offered || task->door != NULL)
        return false;
    task->door = link;
    link->offered = task;
    return true;
}

void enroll_door_lost(struct core *core, struct link *link)
{
    struct task *task = link->offered;

    task->door = NULL;
    link->offered = NULL;
    if (task->ended)
        task_settle(core, task);
}

void enroll_forget(struct core *core, struct task *task)
{
    struct link *link = task->claimant != 0 ? link_find(core, task->claimant) : NULL;

    enroll_door_close(core, task);
    task->claimant = 0;
    if (link == NULL)
        return;
    link->claiming = false;
    enroll_new(core, link);
}

/* It knows its tid already, and has its slot. */
static void enroll_by_door(struct core *core, struct link *link, const struct pvmi_msg_enroll *msg)
{
    struct task *task = link->offered;

    if (msg->claim_tid != task->tid || msg->claim_nonce != task->nonce) {
        core_log(core, PVMI_LOG_WARN, "process %d has the connection of t%x and claims another: closing", (int)link->pid,
                 (unsigned)task->tid);
        link_doom(core, link);
        task_leave(core, task);
        return;
    }
    task->door = NULL;
    link->offered = NULL;
    enroll_begin(core, link, task);
    route_flush(core, task);
}

/* ---- either way ---- */

static bool enroll_may(struct core *core, struct link *link, const struct pvmi_msg_enroll *msg)
{
    struct pvmi_fault fault;

    if (msg->version < PVMI_VERSION_MIN || msg->version > PVMI_VERSION) {
        pvmi_fault_set(&fault, PvmBadVersion, NULL,
                       "the program speaks version %u of the protocol, this daemon %d to %d: "
                       "use a libpvm3 and a pvmd of one installation",
                       msg->version, PVMI_VERSION_MIN, PVMI_VERSION);
        enroll_refuse(core, link, PvmBadVersion, fault.text);
        return false;
    }
    if (core->halting || (!core->ready && link->offered == NULL)) {    /* what we have started is one in any case */
        enroll_refuse(core, link, PvmSysErr,
                      core->halting ? "the virtual machine is halting"
                                    : "this host is not yet in the virtual machine: try again");
        return false;
    }
    return true;
}

void enroll_request(struct core *core, struct link *link, const struct pvmi_msg_enroll *msg)
{
    struct task *task;

    if (link->claiming) {
        core_log(core, PVMI_LOG_WARN, "process %d enrols twice: closing", (int)link->pid);
        link_doom(core, link);
        return;
    }
    if (!enroll_may(core, link, msg))
        return;
    if (link->offered != NULL) {
        enroll_by_door(core, link, msg);
        return;
    }
    if (link->pid <= 0)
        link->pid = msg->pid;    /* in a namespace that we do not see */
    task = enroll_claim(core, msg);
    if (task == NULL)
        enroll_new(core, link);
    else if (task->offered)
        enroll_revoke(core, link, task);
    else
        enroll_claimed(core, link, task);
}
