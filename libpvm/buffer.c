/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers as the program sees them: made, freed, made active, asked about. */
#include <limits.h>
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

int pvm_mkbuf(int encoding)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_MKBUF, encoding);
    rc = pvmi_msgbuf_new(encoding, &buf);
    if (rc == PvmOk && encoding == PvmDataTrace) {
        rc = pvmi_trace_user_begin(buf);
        if (rc != PvmOk)
            pvmi_msgbuf_free(buf);
    }
    return pvmi_call_leave("pvm_mkbuf", rc == PvmOk ? buf->id : rc);
}

int pvm_initsend(int encoding)
{
    int id;

    if (pvmi_call_alone() && !pvmi_trace_buffers_on && (id = pvmi_active_renew_send(encoding)) > 0)
        return id;
    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_INITSEND, encoding);
    id = pvm_mkbuf(encoding);
    if (id > 0)
        pvmi_active_replace_send(id);
    return pvmi_call_leave("pvm_initsend", id);
}

/* The buffer of a program's id. first is the smallest number that is not PvmBadParam. */
static int buffer_find(int bufid, int first, struct pvmi_msgbuf **ret_buf)
{
    if (bufid < first)
        return PvmBadParam;
    *ret_buf = pvmi_msgbuf_find(bufid);
    return *ret_buf == NULL ? PvmNoSuchBuf : PvmOk;
}

int pvm_freebuf(int bufid)
{
    struct pvmi_msgbuf *buf;
    int rc = PvmOk;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_FREEBUF, bufid);
    if (bufid != 0)
        rc = buffer_find(bufid, 0, &buf);
    if (rc == PvmOk && bufid != 0)
        pvmi_msgbuf_free(buf);
    return pvmi_call_leave("pvm_freebuf", rc);
}

int pvm_getsbuf(void)
{
    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_GETSBUF);
    return pvmi_call_end(pvmi_active_send());
}

int pvm_getrbuf(void)
{
    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_GETRBUF);
    return pvmi_call_end(pvmi_active_receive());
}

static int set_send(int bufid)
{
    struct pvmi_msgbuf *buf;
    int old = pvmi_active_send();
    int rc;

    if (bufid != 0) {
        rc = buffer_find(bufid, 0, &buf);
        if (rc != PvmOk)
            return rc;
        if (bufid == pvmi_active_receive())
            pvmi_active_set_receive(0);
        buf->unpacking = false;    /* as in PVM 3: the next pvm_setrbuf() begins anew */
    }
    pvmi_active_set_send(bufid);
    return old;
}

int pvm_setsbuf(int bufid)
{
    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_SETSBUF, bufid);
    return pvmi_call_leave("pvm_setsbuf", set_send(bufid));
}

static int set_receive(int bufid)
{
    struct pvmi_msgbuf *buf;
    int old = pvmi_active_receive();
    int rc;

    if (bufid != 0) {
        rc = buffer_find(bufid, 0, &buf);
        if (rc != PvmOk)
            return rc;
        if (bufid == pvmi_active_send())
            pvmi_active_set_send(0);
        if (!buf->unpacking)
            pvmi_msgbuf_rewind(buf);
    }
    pvmi_active_set_receive(bufid);
    return old;
}

int pvm_setrbuf(int bufid)
{
    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_SETRBUF, bufid);
    return pvmi_call_leave("pvm_setrbuf", set_receive(bufid));
}

/* ---- what is known of a buffer ---- */

/* The length that PVM 3 gives: 0 in place, where it never knew. */
static uint64_t buffer_length(struct pvmi_msgbuf *buf)
{
    return buf->encoding == PvmDataInPlace ? 0 : pvmi_msgbuf_xdr_length(buf);
}

static int buffer_source(const struct pvmi_msgbuf *buf)
{
    return buf->src != 0 ? buf->src : pvmi_task_tid();    /* made before the task had a tid */
}

/* A length as an int: INT_MAX and PvmOverflow for a longer one. */
static int length_as_int(uint64_t length, int *ret_length)
{
    if (length <= INT_MAX) {
        *ret_length = (int)length;
        return PvmOk;
    }
    *ret_length = INT_MAX;
    return pvmi_call_fail(PvmOverflow, "%llu bytes are more than an int can tell: use pvm_buflength()",
                          (unsigned long long)length);
}

static int buffer_info(int bufid, int *bytes, int *msgtag, int *tid)
{
    struct pvmi_msgbuf *buf;
    int rc = buffer_find(bufid, 1, &buf);

    if (rc != PvmOk)
        return rc;
    if (msgtag != NULL)
        *msgtag = buf->tag;
    if (tid != NULL)
        *tid = buffer_source(buf);
    return bytes == NULL ? PvmOk : length_as_int(buffer_length(buf), bytes);
}

/* The exit of pvm_bufinfo(): PVM 3 tells the error in each place. */
static void bufinfo_result(int bufid, int rc)
{
    struct pvmi_msgbuf *buf = rc == PvmOk ? pvmi_msgbuf_find(bufid) : NULL;

    if (buf == NULL)
        pvmi_trace_result(rc, rc, rc, rc);
    else
        pvmi_trace_result(rc, (int)buffer_length(buf), buf->tag, buffer_source(buf));
}

int pvm_bufinfo(int bufid, int *bytes, int *msgtag, int *tid)
{
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_BUFINFO, bufid);
    rc = buffer_info(bufid, bytes, msgtag, tid);
    if (pvmi_call_state.traced != 0)
        bufinfo_result(bufid, rc);
    return pvmi_call_leave("pvm_bufinfo", rc);
}

int pvm_buflength(int bufid, size_t *length)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    rc = buffer_find(bufid, 1, &buf);
    if (rc == PvmOk && length == NULL)
        rc = PvmBadParam;
    if (rc == PvmOk)
        *length = (size_t)pvmi_msgbuf_xdr_length(buf);
    return pvmi_call_leave("pvm_buflength", rc);
}

int pvmi_msgbuf_enc(const struct pvmi_msgbuf *buf)
{
    switch (buf->encoding) {
    case PvmDataRaw:
        return pvmi_format_dsig(buf->format);
    case PvmDataInPlace:
        return PVMI_ENC_IN_PLACE;
    case PvmDataTrace:
        return PVMI_ENC_TRACE;
    default:
        return PVMI_ENC_DEFAULT;
    }
}

int pvm_getminfo(int bufid, struct pvmminfo *info)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_GETMINFO, bufid);
    rc = buffer_find(bufid, 1, &buf);
    if (rc == PvmOk && info == NULL)
        rc = PvmBadParam;
    if (rc == PvmOk) {
        memset(info, 0, sizeof(*info));
        info->ctx = buf->ctx;
        info->tag = buf->tag;
        info->wid = (int)buf->wid;
        info->enc = pvmi_msgbuf_enc(buf);
        info->src = buffer_source(buf);
        info->dst = buf->dst;
        rc = length_as_int(buffer_length(buf), &info->len);
    }
    return pvmi_call_leave("pvm_getminfo", rc);
}

int pvm_setminfo(int bufid, struct pvmminfo *info)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_SETMINFO, bufid);
    rc = buffer_find(bufid, 1, &buf);
    if (rc == PvmOk && info == NULL)
        rc = PvmBadParam;
    if (rc == PvmOk) {
        buf->ctx = info->ctx;
        buf->tag = info->tag;
        buf->wid = (unsigned)info->wid;
        buf->src = info->src;
        buf->dst = info->dst;
    }
    return pvmi_call_leave("pvm_setminfo", rc);
}

/* ---- the wait id alone, as PVM 3.3 had it ---- */

int pvm_getmwid(int bufid)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    rc = buffer_find(bufid, 1, &buf);
    if (rc != PvmOk)
        return pvmi_call_leave("pvm_getmwid", rc);
    return pvmi_call_end((int)buf->wid);
}

int pvm_setmwid(int bufid, int waitid)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    rc = buffer_find(bufid, 1, &buf);
    if (rc == PvmOk)
        buf->wid = (unsigned)waitid;
    return pvmi_call_leave("pvm_setmwid", rc);
}
