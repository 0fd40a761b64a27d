/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_notify(). Notices of tasks and hosts come from the daemon; those of direct routes are made here: there
 * is none yet, so a deleted one is told at once, cancelled or not, and an added one never. Notices of this
 * task's own end are made here, too, in pvm_exit(), for message handlers.
 */
#include "libpvm/notify.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/handler.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/option.h"
#include "libpvm/progress.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/reader.h"
#include "wire/section.h"
#include "wire/tid.h"

#define TIDS_MAX 65536    /* in one message to the daemon */

static bool has_tids(int what)
{
    return what == PvmTaskExit || what == PvmHostDelete || what == PvmRouteDelete;
}

static int check(int what, int msgtag, int count, const int *tids)
{
    if (what < PvmTaskExit || what > PvmRouteDelete)
        return pvmi_call_fail(PvmBadParam, "%d is nothing to be notified of", what);
    if (msgtag < 0 && pvmi_options.reserved == 0)
        return pvmi_call_fail(PvmBadParam, "message tag %d is negative", msgtag);
    if (!has_tids(what))
        return PvmOk;
    if (count < 1 || tids == NULL)
        return pvmi_call_fail(PvmBadParam, "no tids are given");
    for (int i = 0; what != PvmHostDelete && i < count; i++) {
        if (!pvmi_tid_may_be_task(tids[i]))
            return pvmi_call_fail(PvmBadParam, "0x%x is not the tid of a task", (unsigned)tids[i]);
    }
    return PvmOk;
}

/* Each tid is a request of its own, so a list that is too long for one message goes in several. */
static int ask_daemon(int what, int msgtag, int count, int *tids)
{
    struct pvmi_msg_notify msg = { .what = what, .tag = msgtag, .ctx = pvmmyctx, .count = count };
    int rc = PvmOk;

    if (!has_tids(what & ~PvmNotifyCancel))
        return pvmi_request_tell(PVMI_MSG_notify, &msg);
    for (int at = 0; at < count && rc == PvmOk; at += msg.count) {
        msg.count = count - at < TIDS_MAX ? count - at : TIDS_MAX;
        msg.tids = (struct pvmi_ints){ .v = tids + at, .n = (uint32_t)msg.count };
        rc = pvmi_request_tell(PVMI_MSG_notify, &msg);
    }
    return rc;
}

/* A notice as the daemon would send it: tid, and the number that goes with it. */
static int tell(int msgtag, int32_t tid, int32_t number)
{
    const int32_t ints[2] = { tid, number };
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_NOTICE, .encoding = PVMI_ENCODING_DEFAULT,
                                        .format = (uint8_t)pvmi_format_own(), .src = PVMI_TID_PVMD,
                                        .dst = pvmi_task.tid, .tag = msgtag, .ctx = pvmmyctx };
    struct pvmi_blob *blob = pvmi_blob_new(PVMI_SECTION_HEADER_SIZE + sizeof(ints));
    struct pvmi_frame *frame = NULL;

    if (blob != NULL) {
        uint8_t *at = blob->data + PVMI_SECTION_HEADER_SIZE;

        pvmi_section_header_encode(PVMI_TYPE_INT32, sizeof(ints), blob->data);
        pvmi_put_bytes(&at, ints, sizeof(ints));
        header.message_length = blob->length;
        frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
        pvmi_blob_unref(blob);
    }
    if (frame == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a notice");
    pvmi_arrive_frame(frame);
    return PvmOk;
}

/* ---- from this task itself, as PVM 3 sends them ---- */

/* A message with tid and number; NULL when there is no memory. */
static struct pvmi_msgbuf *notice_new(int tag, int ctx, int32_t tid, int32_t number)
{
    const int32_t ints[2] = { tid, number };
    struct pvmi_msgbuf *buf;

    if (pvmi_msgbuf_new(PvmDataDefault, &buf) != PvmOk)
        return NULL;
    if (pvmi_pack_items(buf, PVMI_TYPE_INT32, ints, sizeof(ints[0]), 2, 1) != PvmOk) {
        pvmi_msgbuf_free(buf);
        return NULL;
    }
    pvmi_msgbuf_seal(buf);
    buf->tag = tag;
    buf->ctx = ctx;
    return buf;
}

static int tell_no_route(int tag, int32_t tid)
{
    struct pvmi_msgbuf *buf = notice_new(tag, pvmmyctx, tid, -1);

    if (buf == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a notice");
    pvmi_line_push(buf);
    pvmi_line_drain();    /* its handler runs in this call, as in PVM 3 */
    return PvmOk;
}

/* ---- of this task itself ---- */

struct own_end {
    struct pvmi_list link;
    int tag;
    int ctx;
};

static struct pvmi_list own_ends = { &own_ends, &own_ends };

static int own_end_ask(int tag)
{
    struct own_end *own = pvmi_malloc(sizeof(*own));

    if (own == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a notice");
    *own = (struct own_end){ .tag = tag, .ctx = pvmmyctx };
    pvmi_list_push(&own_ends, &own->link);
    return PvmOk;
}

/* As for other tasks: the notice comes at once instead. */
static int own_end_cancel(int tag)
{
    PVMI_LIST_EACH(node, &own_ends) {
        struct own_end *own = PVMI_CONTAINER(node, struct own_end, link);

        if (own->tag != tag || own->ctx != pvmmyctx)
            continue;
        pvmi_list_remove(&own->link);
        pvmi_free(own);
        return tell(tag, pvmi_task.tid, 0);
    }
    return PvmOk;
}

/* The daemon leaves out those of tids that are the asker. */
static int ask_of_myself(int what, int msgtag, int count, const int *tids)
{
    int rc = PvmOk;

    for (int i = 0; i < count && rc == PvmOk; i++) {
        if (tids[i] == pvmi_task.tid)
            rc = (what & PvmNotifyCancel) != 0 ? own_end_cancel(msgtag) : own_end_ask(msgtag);
    }
    return rc;
}

/* For the handler of such a notice, if there is one. */
static void own_end_tell(const struct own_end *own)
{
    struct pvmi_msgbuf *buf = notice_new(own->tag, own->ctx, pvmi_task.tid, 0);

    if (buf != NULL && pvmi_handler_exists(buf))
        pvmi_line_push(buf);
    else
        pvmi_msgbuf_free(buf);
    pvmi_line_drain();
}

void pvmi_notify_leave(void)
{
    struct pvmi_list *node;

    pvmi_progress();
    pvmi_line_drain();
    while ((node = pvmi_list_pop(&own_ends)) != NULL) {
        struct own_end *own = PVMI_CONTAINER(node, struct own_end, link);

        own_end_tell(own);
        pvmi_free(own);
    }
}

void pvmi_notify_forget(void)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&own_ends)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct own_end, link));
}

/* ---- the API ---- */

static int notify(int what, int msgtag, int count, int *tids)
{
    int kind = what & ~PvmNotifyCancel;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = check(kind, msgtag, count, tids);
    if (rc != PvmOk)
        return rc;
    if (kind == PvmTaskExit)
        rc = ask_of_myself(what, msgtag, count, tids);
    if (rc != PvmOk)
        return rc;
    if (kind == PvmRouteAdd)
        return PvmOk;
    if (kind != PvmRouteDelete)
        return ask_daemon(what, msgtag, count, tids);
    for (int i = 0; i < count && rc == PvmOk; i++)
        rc = tell_no_route(msgtag, tids[i]);
    return rc;
}

int pvm_notify(int what, int msgtag, int cnt, int *tids)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_NOTIFY, what, msgtag, cnt, tids);
    return pvmi_call_leave("pvm_notify", notify(what, msgtag, cnt, tids));
}
