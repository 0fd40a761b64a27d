/* SPDX-License-Identifier: BSD-3-Clause */
/* Events of the user's own: a message of PvmDataTrace is a record from its making on. The types before the items come
 * from libpvm/pack. */
#include "libpvm/msgbuf.h"
#include "libpvm/pack.h"
#include "libpvm/send.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "libpvm/trace_events.h"

/* count ints, without types before them. */
static int put_ints(struct pvmi_msgbuf *buf, const int *ints, int count)
{
    int rc;

    buf->encoding = PvmDataDefault;
    rc = pvmi_pack_items(buf, PVMI_TYPE_INT32, ints, sizeof(*ints), count, 1);
    buf->encoding = PvmDataTrace;
    return rc;
}

static int put_name(struct pvmi_msgbuf *buf, const char *name)
{
    int rc;

    buf->encoding = PvmDataDefault;
    rc = pvmi_pack_string(buf, name);
    buf->encoding = PvmDataTrace;
    return rc;
}

int pvmi_trace_user_begin(struct pvmi_msgbuf *buf)
{
    struct timeval now;
    int rc = put_ints(buf, (int[]){ TEV_MARK_USER_EVENT_RECORD, TEV_USER_DEFINED }, 2);

    gettimeofday(&now, NULL);
    if (rc == PvmOk)
        rc = put_name(buf, pvmtevinfo[TEV_USER_DEFINED].name);
    if (rc == PvmOk)
        rc = put_ints(buf, (int[]){ (int)now.tv_sec, (int)now.tv_usec }, 2);
    pvmi_msgbuf_seal(buf);
    return rc;
}

int pvmi_trace_user_send(struct pvmi_msgbuf *buf, int tag)
{
    const int end = TEV_MARK_USER_EVENT_RECORD_END;
    int32_t collector = pvmi_task.self.trace_tid;
    int rc;

    if (tag != PVM_TRACE_CODE)
        return pvmi_call_fail(PvmBadParam, "message tag %d: PVM_TRACE_TID takes PVM_TRACE_CODE alone", tag);
    if (!pvmi_trace_wants_user())
        return PvmOk;
    if (buf->encoding == PvmDataTrace)
        rc = put_ints(buf, &end, 1);
    else
        rc = pvmi_pack_items(buf, PVMI_TYPE_INT32, &end, sizeof(end), 1, 1);
    if (rc != PvmOk)
        return rc;
    return pvmi_send_by_daemon(buf, collector, pvmi_task.self.trace_tag, pvmi_task.self.trace_ctx);
}
