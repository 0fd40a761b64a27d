/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/request.h"

#include <stdbool.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/handler.h"
#include "libpvm/line.h"
#include "libpvm/progress.h"
#include "libpvm/send.h"
#include "libpvm/task.h"
#include "libpvm/team.h"
#include "libpvm/window.h"

/* An open request. Not on the stack of whoever waits: a program's signal handler may longjmp() out of that. */
struct pvmi_request {
    struct pvmi_list link;
    uint32_t id;                   /* 0 for enrolment */
    bool done;
    bool abandoned;
    struct pvmi_control answer;
    struct pvmi_list reports;      /* struct report: what has come before the answer */
};

struct report {
    struct pvmi_list link;
    struct pvmi_control control;
};

static struct pvmi_list requests_open = { &requests_open, &requests_open };

/* ---- the daemon's side of it ---- */

/* The id that an arrived message is about; false for one that answers nothing. */
static bool control_id(const struct pvmi_control *control, uint32_t *ret_id)
{
    switch (control->type) {
    case PVMI_MSG_enrolled:
        *ret_id = 0;
        return true;
    case PVMI_MSG_answer:
        *ret_id = ((const struct pvmi_msg_answer *)control->msg)->id;
        return true;
    case PVMI_MSG_tasks:
        *ret_id = ((const struct pvmi_msg_tasks *)control->msg)->id;
        return true;
    case PVMI_MSG_hosts:
        *ret_id = ((const struct pvmi_msg_hosts *)control->msg)->id;
        return true;
    case PVMI_MSG_host_progress:
        *ret_id = ((const struct pvmi_msg_host_progress *)control->msg)->id;
        return true;
    case PVMI_MSG_mailbox_found:
        *ret_id = ((const struct pvmi_msg_mailbox_found *)control->msg)->id;
        return true;
    default:
        return false;
    }
}

/* More comes after it. */
static bool control_is_report(const struct pvmi_control *control)
{
    return control->type == PVMI_MSG_host_progress ||
           (control->type == PVMI_MSG_mailbox_found &&
            ((const struct pvmi_msg_mailbox_found *)control->msg)->more != 0);
}

static struct pvmi_request *request_find(uint32_t id)
{
    PVMI_LIST_EACH(node, &requests_open) {
        struct pvmi_request *request = PVMI_CONTAINER(node, struct pvmi_request, link);

        if (request->id == id && !request->done && !request->abandoned)
            return request;
    }
    return NULL;
}

int pvmi_request_arrived(const uint8_t *bytes, size_t length)
{
    struct pvmi_control control;
    struct pvmi_request *request;
    struct report *report;
    uint32_t id;
    int rc = pvmi_control_decode(bytes, length, &control);

    if (rc != PvmOk)
        return rc;
    if (control.type == PVMI_MSG_team) {
        pvmi_team_told(control.msg);
        pvmi_control_free(&control);
        return PvmOk;
    }
    if (control.type == PVMI_MSG_arena) {
        pvmi_window_offer(control.msg, pvmi_unix_take_passed(pvmi_task.daemon));
        pvmi_control_free(&control);
        return PvmOk;
    }
    if (!control_id(&control, &id) || (pvmi_control_senders(control.type) & PVMI_FROM_PVMD) == 0) {
        pvmi_control_free(&control);
        return PvmBadMsg;
    }
    request = request_find(id);
    if (request == NULL) {
        pvmi_control_free(&control);    /* whoever asked has not waited for it */
        return PvmOk;
    }
    if (!control_is_report(&control)) {
        request->answer = control;
        request->done = true;
        return PvmOk;
    }
    report = pvmi_malloc(sizeof(*report));
    if (report == NULL) {
        pvmi_control_free(&control);
        return PvmNoMem;
    }
    report->control = control;
    pvmi_list_push(&request->reports, &report->link);
    return PvmOk;
}

void pvmi_request_abandon_all(void)
{
    PVMI_LIST_EACH(node, &requests_open)
        PVMI_CONTAINER(node, struct pvmi_request, link)->abandoned = true;
    pvmi_progress_wake();
}

/* ---- this side ---- */

static int request_no_memory(int type)
{
    return pvmi_call_fail(PvmNoMem, "request \"%s\" to the daemon: out of memory", pvmi_control_name(type));
}

/* PvmOk, PvmNoMem, PvmOverflow (too long). */
static int request_frame(int type, const void *msg, struct pvmi_frame **ret_frame)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .format = (uint8_t)pvmi_format_own() };
    struct pvmi_blob *blob;
    int rc = pvmi_control_encode_blob(type, msg, &blob);

    if (rc != PvmOk)
        return rc;
    *ret_frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
    pvmi_blob_unref(blob);
    return *ret_frame == NULL ? PvmNoMem : PvmOk;
}

static int request_send(int type, const void *msg)
{
    struct pvmi_frame *frame;
    int rc = request_frame(type, msg, &frame);

    if (rc == PvmNoMem)
        return request_no_memory(type);
    if (rc != PvmOk)
        return pvmi_call_fail(rc, "request \"%s\" to the daemon: too long", pvmi_control_name(type));
    return pvmi_send_frame(pvmi_task.daemon, frame);
}

void pvmi_request_poke(int32_t tid)
{
    const struct pvmi_msg_poke poke = { .tid = tid };
    struct pvmi_frame *frame;

    if (pvmi_task.daemon == NULL || request_frame(PVMI_MSG_poke, &poke, &frame) != PvmOk)
        return;
    if (pvmi_task.daemon->tp->ops->send(pvmi_task.daemon, frame) != PvmOk)
        pvmi_frame_free(frame);
}

int pvmi_request_tell(int type, const void *msg)
{
    int rc = request_send(type, msg);

    return rc == PvmOk ? pvmi_send_flush(pvmi_task.daemon) : rc;
}

static void report_free(struct pvmi_list *node)
{
    struct report *report = PVMI_CONTAINER(node, struct report, link);

    pvmi_list_remove(&report->link);
    pvmi_control_free(&report->control);
    pvmi_free(report);
}

void pvmi_request_forget(struct pvmi_request *request)
{
    pvmi_list_remove(&request->link);
    PVMI_LIST_EACH(node, &request->reports)
        report_free(node);
    if (request->done)
        pvmi_control_free(&request->answer);
    pvmi_free(request);
}

static void request_report(struct pvmi_request *request, pvmi_request_progress_fn *progress, void *user)
{
    while (!pvmi_list_empty(&request->reports)) {
        struct report *report = PVMI_CONTAINER(request->reports.next, struct report, link);

        if (progress != NULL)
            progress(user, &report->control);
        report_free(&report->link);
    }
}

static int request_wait(struct pvmi_request *request, pvmi_request_progress_fn *progress, void *user,
                        uint64_t deadline_us)
{
    for (;;) {
        int rc;

        request_report(request, progress, user);
        if (request->done)
            return PvmOk;
        if (request->abandoned)
            return pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile");
        if (pvmi_arrive_stalled()) {
            if (pvmi_arrive_retry() == 0)
                return pvmi_call_fail(PvmNoMem, "no memory for what has arrived before the daemon's answer");
            continue;
        }
        rc = pvmi_progress_wait(deadline_us);
        pvmi_line_drain();    /* as in PVM 3, which reads all that stands before the answer */
        if (rc == PVMI_AGAIN && !request->done)
            return rc;
        if (rc == PvmSysErr && !request->done)
            return pvmi_call_fail(PvmSysErr, "the daemon of this host has gone");
        if (rc == PvmNoMem && !request->done)
            return pvmi_call_fail(PvmNoMem, "no memory for the daemon's answer");
    }
}

static int request_run(int type, void *msg, uint32_t id, pvmi_request_progress_fn *progress, void *user,
                       uint64_t deadline_us, struct pvmi_control *ret_answer)
{
    struct pvmi_request *request;
    int rc = pvmi_handler_refuse("ask the daemon: only sends and receives of what is there work in it");

    if (rc != PvmOk)
        return rc;
    request = pvmi_calloc(1, sizeof(*request));
    if (request == NULL)
        return request_no_memory(type);
    request->id = id;
    pvmi_list_init(&request->reports);
    pvmi_list_push(&requests_open, &request->link);
    rc = request_send(type, msg);
    if (rc == PvmOk)
        rc = request_wait(request, progress, user, deadline_us);
    if (rc == PvmOk) {
        *ret_answer = request->answer;
        request->done = false;    /* it is the caller's */
    }
    pvmi_request_forget(request);
    return rc;
}

static uint32_t request_new_id(void)
{
    if (++pvmi_task.next_request == 0)
        pvmi_task.next_request = 1;
    return pvmi_task.next_request;
}

/* Sets the id of a request, its first field. */
static uint32_t request_number(int type, void *msg)
{
    uint32_t *id = msg;

    if (type == PVMI_MSG_enroll)
        return 0;
    *id = request_new_id();
    return *id;
}

int pvmi_request_call(int type, void *msg, uint64_t deadline_us, struct pvmi_control *ret_answer)
{
    return request_run(type, msg, request_number(type, msg), NULL, NULL, deadline_us, ret_answer);
}

int pvmi_request_fault(const struct pvmi_rec_error *error)
{
    struct pvmi_fault fault;

    if (error->code >= 0)
        return PvmOk;
    pvmi_fault_set(&fault, error->code, error->host, "%s", error->text == NULL ? "" : error->text);
    return pvmi_call_fail_fault(&fault);
}

/* The answer to a request of this id, when it is good. */
static int request_ask(int type, void *msg, uint32_t id, pvmi_request_progress_fn *progress, void *user,
                       int wanted, struct pvmi_control *ret_answer)
{
    struct pvmi_control answer;
    int rc = request_run(type, msg, id, progress, user, PVMI_PROGRESS_NO_DEADLINE, &answer);

    if (rc != PvmOk)
        return rc;
    if (answer.type == PVMI_MSG_answer)
        rc = pvmi_request_fault(&((const struct pvmi_msg_answer *)answer.msg)->error);
    if (rc == PvmOk && answer.type != wanted)
        rc = pvmi_call_fail(PvmSysErr, "the daemon answered \"%s\" with \"%s\"", pvmi_control_name(type),
                            pvmi_control_name(answer.type));
    if (rc != PvmOk)
        pvmi_control_free(&answer);
    else
        *ret_answer = answer;
    return rc;
}

int pvmi_request_ask(int type, void *msg, pvmi_request_progress_fn *progress, void *user,
                     struct pvmi_control *ret_answer)
{
    return request_ask(type, msg, request_number(type, msg), progress, user, PVMI_MSG_answer, ret_answer);
}

int pvmi_request_find(struct pvmi_msg_mailbox *msg, pvmi_request_progress_fn *progress, void *user,
                      struct pvmi_control *ret_answer)
{
    return request_ask(PVMI_MSG_mailbox, msg, request_number(PVMI_MSG_mailbox, msg), progress, user,
                       PVMI_MSG_mailbox_found, ret_answer);
}

static int take_value(struct pvmi_control *answer)
{
    int value = ((const struct pvmi_msg_answer *)answer->msg)->value;

    pvmi_control_free(answer);
    return value;
}

int pvmi_request_value(int type, void *msg)
{
    struct pvmi_control answer;
    int rc = pvmi_request_ask(type, msg, NULL, NULL, &answer);

    return rc == PvmOk ? take_value(&answer) : rc;
}

/* ---- with a body in pieces ---- */

void pvmi_request_begin(struct pvmi_msg_mailbox *msg)
{
    request_number(PVMI_MSG_mailbox, msg);
}

int pvmi_request_piece(const struct pvmi_msg_mailbox *msg)
{
    return request_send(PVMI_MSG_mailbox, msg);
}

int pvmi_request_finish(struct pvmi_msg_mailbox *msg)
{
    struct pvmi_control answer;
    int rc = request_ask(PVMI_MSG_mailbox, msg, msg->id, NULL, NULL, PVMI_MSG_answer, &answer);

    return rc == PvmOk ? take_value(&answer) : rc;
}

/* ---- asked by the daemon in our name ---- */

int pvmi_request_expect(struct pvmi_request **ret_request, uint32_t *ret_id)
{
    struct pvmi_request *request = pvmi_calloc(1, sizeof(*request));

    if (request == NULL)
        return PvmNoMem;
    request->id = request_new_id();
    pvmi_list_init(&request->reports);
    pvmi_list_push(&requests_open, &request->link);
    *ret_request = request;
    *ret_id = request->id;
    return PvmOk;
}

bool pvmi_request_over(const struct pvmi_request *request)
{
    return request->done || request->abandoned;
}

int pvmi_request_result(const struct pvmi_request *request)
{
    if (!request->done)
        return pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile");
    if (request->answer.type != PVMI_MSG_answer)
        return pvmi_call_fail(PvmSysErr, "the daemon answered with \"%s\"", pvmi_control_name(request->answer.type));
    return pvmi_request_fault(&((const struct pvmi_msg_answer *)request->answer.msg)->error);
}
