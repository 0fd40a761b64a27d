/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_notify(). Notices of tasks and hosts come from the daemon; those of direct routes are made here: there
 * is none yet, so a deleted one is told at once and an added one never.
 */
#include <stdint.h>

#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/option.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
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
        if (!pvmi_tid_is_task(tids[i]))
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

/* The message that there is no direct route to tid: tid and -1. */
static int tell_no_route(int msgtag, int32_t tid)
{
    const int32_t ints[2] = { tid, -1 };
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

static int notify(int what, int msgtag, int count, int *tids)
{
    int kind = what & ~PvmNotifyCancel;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = check(kind, msgtag, count, tids);
    if (rc != PvmOk)
        return rc;
    if (kind == PvmRouteAdd || what == (PvmRouteDelete | PvmNotifyCancel))
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
    return pvmi_call_leave("pvm_notify", notify(what, msgtag, cnt, tids));
}
