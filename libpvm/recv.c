/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/recv.h"

#include "base/clock.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/datatype.h"
#include "libpvm/getfds.h"
#include "libpvm/handler.h"
#include "libpvm/line.h"
#include "libpvm/matcher.h"
#include "libpvm/msgbuf.h"
#include "libpvm/progress.h"
#include "libpvm/shared.h"
#include "libpvm/sweep.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/section.h"

/* What a receive looks for. */
struct wanted {
    int tid;
    int tag;
    int ctx;
    bool by_program;    /* the function of pvm_recvf() decides, if there is one */
};

static int no_memory(void)
{
    return pvmi_call_fail(PvmNoMem, "no memory for a message that has arrived");
}

/* In the queue. PvmOk, PVMI_AGAIN when it is not there, or the error that the function of pvm_recvf() has given. */
static int find(const struct wanted *wanted, struct pvmi_msgbuf **ret_buf)
{
    if (wanted->by_program && pvmi_matcher_set())
        return pvmi_matcher_find(&pvmi_task.arrived, wanted->tid, wanted->tag, wanted->ctx, ret_buf);
    *ret_buf = pvmi_match_find(&pvmi_task.arrived, wanted->tid, wanted->tag, wanted->ctx);
    return *ret_buf == NULL ? PVMI_AGAIN : PvmOk;
}

/* The same for a message that has just been queued. */
static int suits(const struct wanted *wanted, struct pvmi_msgbuf *buf)
{
    if (wanted->by_program && pvmi_matcher_set())
        return pvmi_matcher_try(buf, wanted->tid, wanted->tag, wanted->ctx);
    return pvmi_match_suits(buf, wanted->tid, wanted->tag, wanted->ctx) ? PvmOk : PVMI_AGAIN;
}

/* Down the line to the message that is wanted. What stands behind it stays: the program may have a handler for it
 * before it looks again. */
static int find_in_line(const struct wanted *wanted, uint64_t *seen, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_msgbuf *buf;
    int rc;

    while ((rc = pvmi_line_step(&buf)) > 0) {
        if (buf == NULL)
            continue;
        (*seen)++;
        rc = suits(wanted, buf);
        if (rc == PvmOk)
            *ret_buf = buf;
        if (rc != PVMI_AGAIN)
            return rc;
    }
    return rc == 0 ? PVMI_AGAIN : no_memory();
}

/* *seen says how much of the queue has been looked at before: nobody walks a long one again for each that comes. */
static int look(const struct wanted *wanted, uint64_t *seen, struct pvmi_msgbuf **ret_buf)
{
    if (*seen != pvmi_task.arrived.pushed) {
        uint64_t pushed = pvmi_task.arrived.pushed;
        int rc = find(wanted, ret_buf);

        if (rc != PVMI_AGAIN)
            return rc;
        *seen = pushed;
    }
    if (!pvmi_match_is_system(wanted->ctx))
        return find_in_line(wanted, seen, ret_buf);
    pvmi_line_drain();
    return PVMI_AGAIN;
}

/* Whether what comes next through the arena may go straight to the receive: no function of the program's has a say in it,
 * and there is no other thread to wait for the same. */
static bool may_post(const struct wanted *wanted)
{
    return pvmi_shared != NULL && !(wanted->by_program && pvmi_matcher_set()) && !pvmi_handler_any() &&
           wanted->ctx != -1 && pvmi_call_one_thread() && !pvmi_match_is_system(wanted->ctx);
}

/* The usual case: nothing stands before the message that comes next, and that is it. */
static bool wait_quick(struct pvmi_posted *posted)
{
    return pvmi_match_empty(&pvmi_task.arrived) && pvmi_line_empty() && !pvmi_arrive_stalled() &&
           pvmi_sweep(posted) > 0 && posted->buf != NULL;
}

static int wait_for(const struct wanted *wanted, uint64_t deadline_us, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_posted own = { .tid = wanted->tid, .tag = wanted->tag, .ctx = wanted->ctx, .buf = NULL };
    struct pvmi_posted *posted = may_post(wanted) ? &own : NULL;
    int32_t me = pvmi_task.tid;
    uint64_t seen = UINT64_MAX;

    for (;;) {
        int found;
        int rc;

        if (own.buf != NULL || (posted != NULL && wait_quick(posted))) {
            *ret_buf = own.buf;
            return PvmOk;
        }
        found = look(wanted, &seen, ret_buf);
        if (found != PVMI_AGAIN)
            return found;
        if (pvmi_handler_inside())
            return deadline_us == 0 ? PVMI_AGAIN : pvmi_handler_refuse("wait for a message");
        if (pvmi_task.tid != me)
            return pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile");
        if (pvmi_arrive_stalled()) {
            if (pvmi_arrive_retry() == 0)
                return no_memory();
            continue;
        }
        rc = pvmi_progress_wait_for(deadline_us, posted);
        if (rc == PVMI_AGAIN)
            return rc;
        if (rc == PvmOk || own.buf != NULL)
            continue;
        found = look(wanted, &seen, ret_buf);    /* it may have come before */
        if (found != PVMI_AGAIN)
            return found;
        return rc == PvmNoMem ? no_memory() : pvmi_call_fail(rc, "the daemon of this host has gone");
    }
}

int pvmi_recv_wait(int tid, int tag, int ctx, uint64_t deadline_us, struct pvmi_msgbuf **ret_buf)
{
    const struct wanted wanted = { .tid = tid, .tag = tag, .ctx = ctx };

    return wait_for(&wanted, deadline_us, ret_buf);
}

/* The same for the receives of the program. */
static int wait_for_program(int tid, int tag, uint64_t deadline_us, struct pvmi_msgbuf **ret_buf)
{
    const struct wanted wanted = { .tid = tid, .tag = tag, .ctx = pvmmyctx, .by_program = true };

    return wait_for(&wanted, deadline_us, ret_buf);
}

void pvmi_recv_drop_active(void)
{
    struct pvmi_msgbuf *old;

    if (pvmi_active_drop_receive())
        return;
    old = pvmi_active_receive_buf();
    if (old != NULL && pvmi_match_holds(old)) {
        pvmi_msgbuf_rewind(old);
        pvmi_active_set_receive(0);
    } else {
        pvmi_active_replace_receive(0);
    }
}

/* Shows buf to the program. It stays in the queue if that fails. */
static int publish(struct pvmi_msgbuf *buf)
{
    int rc = buf->id != 0 ? PvmOk : pvmi_msgbuf_publish(buf);

    return rc == PvmOk ? PvmOk : pvmi_call_fail(rc, "no memory for one more message buffer");
}

/* What a receive gives that has no message. */
static int found_none(int rc)
{
    if (rc != PVMI_AGAIN)
        return rc;
    pvmi_getfds_looked();
    return 0;
}

static void take(struct pvmi_msgbuf *buf)
{
    pvmi_match_take(buf);
    if (pvmi_list_empty(&pvmi_task.arrived.arrived))
        pvmi_getfds_looked();
}

/* The receives that make a message the active receive buffer. Returns its id, 0 when there is none in time. */
static int receive(int tid, int tag, uint64_t deadline_us)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_task.tid != 0 || pvmi_task.lost ? PvmOk : pvmi_task_enroll();

    if (rc != PvmOk)
        return rc;
    pvmi_recv_drop_active();
    rc = wait_for_program(tid, tag, deadline_us, &buf);
    if (rc == PvmOk && buf->id == 0)
        rc = publish(buf);
    if (rc != PvmOk)
        return found_none(rc);
    if (pvmi_match_holds(buf))
        take(buf);
    pvmi_msgbuf_rewind(buf);
    pvmi_active_received(buf);
    return buf->id;
}

/* What all of them leave with. */
static int leave(const char *function, int rc)
{
    if (pvmi_call_state.traced != 0)
        pvmi_trace_take_received(rc, rc > 0 ? pvmi_msgbuf_find(rc) : NULL);
    return pvmi_call_leave(function, rc);
}

int pvm_recv(int tid, int msgtag)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_RECV, tid, msgtag, pvmmyctx);
    return leave("pvm_recv", receive(tid, msgtag, PVMI_PROGRESS_NO_DEADLINE));
}

int pvm_nrecv(int tid, int msgtag)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_NRECV, tid, msgtag, pvmmyctx);
    return leave("pvm_nrecv", receive(tid, msgtag, 0));
}

/* When tmout from now is over; at once for negative ones. */
static uint64_t deadline_of(const struct timeval *tmout)
{
    int64_t us;

    if (tmout == NULL)
        return PVMI_PROGRESS_NO_DEADLINE;
    if (__builtin_mul_overflow((int64_t)tmout->tv_sec, 1000000, &us) ||
        __builtin_add_overflow(us, (int64_t)tmout->tv_usec, &us))
        return tmout->tv_sec < 0 ? 0 : PVMI_PROGRESS_NO_DEADLINE;
    return us <= 0 ? 0 : pvmi_clock_us() + (uint64_t)us;
}

int pvm_trecv(int tid, int msgtag, struct timeval *tmout)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_TRECV, tid, msgtag, pvmmyctx, tmout == NULL ? -1 : (int)tmout->tv_sec,
                     tmout == NULL ? -1 : (int)tmout->tv_usec);
    return leave("pvm_trecv", receive(tid, msgtag, deadline_of(tmout)));
}

static int probe(int tid, int tag)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_task.lost ? PvmOk : pvmi_task_enroll();

    if (rc == PvmOk)
        rc = wait_for_program(tid, tag, 0, &buf);
    if (rc == PvmOk)
        rc = publish(buf);
    return rc == PvmOk ? buf->id : found_none(rc);
}

int pvm_probe(int tid, int msgtag)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_PROBE, tid, msgtag, pvmmyctx);
    return pvmi_call_leave("pvm_probe", probe(tid, msgtag));
}

/* ---- pvm_precv ---- */

/* Copies at most len items out of buf; what a shorter message does not have is left alone. */
static int copy_items(struct pvmi_msgbuf *buf, void *data, int len, const struct pvmi_datatype *type)
{
    bool plain = buf->encoding == PvmDataRaw && !buf->foreign;
    int rc;

    if (len <= 0)
        return PvmOk;
    pvmi_msgbuf_rewind(buf);
    if (plain) {
        uint64_t wanted = (uint64_t)len * type->size;

        pvmi_msgbuf_read(buf, 0, data, (size_t)(wanted < buf->length ? wanted : buf->length));
        return PvmOk;
    }
    /* Bytes of a typed message are its XDR view. */
    rc = pvmi_unpack_items(buf, type->type, data, type->size, len, 1);
    return rc == PvmNoData ? PvmOk : rc;
}

/* How long a message is for *alen. Items of pvm_psend() from another kind of machine count as they are here, so
 * that dividing by their size gives how many there are. */
static uint64_t items_length(struct pvmi_msgbuf *buf, const struct pvmi_datatype *type)
{
    if (!buf->foreign || buf->raw_type == 0 || type->type == PVMI_TYPE_BYTES)
        return pvmi_msgbuf_xdr_length(buf);
    return buf->length / pvmi_type_scalar_size(buf->raw_type) * pvmi_type_scalar_size(type->type);
}

static int precv_wait(int tid, int tag, struct pvmi_msgbuf **ret_buf)
{
    int rc = pvmi_task.lost ? PvmOk : pvmi_task_enroll();

    if (rc == PvmOk)
        rc = wait_for_program(tid, tag, PVMI_PROGRESS_NO_DEADLINE, ret_buf);
    return rc;
}

static int precv(int tid, int tag, void *data, int len, int datatype, int *atid, int *atag, int *alen)
{
    struct pvmi_datatype type;
    struct pvmi_msgbuf *buf;
    uint64_t length;
    int rc = pvmi_datatype_find(datatype, &type);

    if (rc != PvmOk)
        return rc;
    if (len > 0 && data == NULL)
        return pvmi_call_fail(PvmBadParam, "the place for the data is NULL");
    pvmi_call_enter();
    rc = pvmi_call_leave("pvm_recv", precv_wait(tid, tag, &buf));
    if (rc != PvmOk)
        return rc;

    take(buf);
    rc = copy_items(buf, data, len, &type);
    length = items_length(buf, &type);
    pvmi_trace_result(rc, length > INT32_MAX ? INT32_MAX : (int)length, buf->tag, buf->ctx, buf->src);
    if (atid != NULL)
        *atid = buf->src;
    if (atag != NULL)
        *atag = buf->tag;
    if (alen != NULL)
        *alen = length > INT32_MAX ? INT32_MAX : (int)length;
    pvmi_msgbuf_free(buf);
    return rc;
}

int pvm_precv(int tid, int msgtag, void *buf, int len, int datatype, int *atid, int *atag, int *alen)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_PRECV, tid, msgtag, pvmmyctx, buf, len, datatype);
    return pvmi_call_leave("pvm_precv", precv(tid, msgtag, buf, len, datatype, atid, atag, alen));
}
