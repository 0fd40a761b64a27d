/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_reduce(), pvm_gather(), pvm_scatter(): every member sends its part to the root, or gets it from there,
 * as typed messages in a context of the system.
 *
 * The root takes the parts in the order of the instances, so that a sum of reals is the same each time. It
 * takes all parts of a round even after an error: one left over would be taken for a part of the next round.
 * A member that ends before it has sent its part ends the call: its death is asked for when nothing has come
 * from it for a while.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "libpvm/call.h"
#include "libpvm/datatype.h"
#include "libpvm/group.h"
#include "libpvm/msgbuf.h"
#include "libpvm/progress.h"
#include "libpvm/recv.h"
#include "libpvm/send.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "libpvm/watch.h"
#include "wire/tid.h"

#define PATIENCE_US 100000    /* wait before a member's death is asked for */

/* One call: who takes part and what of. */
struct collective {
    const char *group;
    struct pvmi_members *members;
    int32_t tid;                  /* of this task */
    int me;                       /* instances */
    int root;
    int tag;
    int count;                    /* items of each member */
    struct pvmi_datatype type;
    size_t size;                  /* bytes of each member's items */
};

/* ---- parts ---- */

static int part_send(const struct collective *c, const void *data, int32_t tid)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_msgbuf_new(PvmDataDefault, &buf);

    if (rc != PvmOk)
        return pvmi_call_fail(rc, "no memory for the data of group %s", c->group);
    rc = pvmi_pack_items(buf, c->type.type, data, c->type.size, c->count, 1);
    if (rc == PvmOk)
        rc = pvmi_send_message(buf, &tid, 1, c->tag, PVMI_CONTEXT_GROUP);
    pvmi_msgbuf_free(buf);
    return rc;
}

/* False when another thread has called pvm_exit(): no part can come any more. */
static bool is_member_still(const struct collective *c)
{
    return pvmi_task.tid == c->tid;
}

/* Waits for the part of tid, or for its end. */
static int part_wait_watched(const struct collective *c, int32_t tid, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_watch *watch;
    int rc = pvmi_watch_begin(tid, &watch);

    if (rc != PvmOk)
        return rc;
    do {
        /* First the queue, for what a task has sent is there before its end is told. */
        bool gone = watch->gone;

        rc = pvmi_recv_wait(tid, c->tag, PVMI_CONTEXT_GROUP, 0, ret_buf);
        if (rc == PVMI_AGAIN && gone)
            rc = pvmi_call_fail(PvmNoTask, "t%x (instance %d of group %s) has ended", (unsigned)tid,
                                pvmi_members_find(c->members, tid), c->group);
        else if (rc == PVMI_AGAIN && !watch->gone)
            pvmi_progress_wait(PVMI_PROGRESS_NO_DEADLINE);
    } while (rc == PVMI_AGAIN && is_member_still(c));
    pvmi_watch_end(watch);
    return rc == PVMI_AGAIN ? pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile") : rc;
}

/* The part of tid, the caller's to free. It may be here although the daemon has gone. */
static int part_receive(const struct collective *c, int32_t tid, struct pvmi_msgbuf **ret_buf)
{
    uint64_t patience_us = pvmi_clock_us() + PATIENCE_US;
    int rc;

    if (!is_member_still(c))
        return pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile");
    rc = pvmi_recv_wait(tid, c->tag, PVMI_CONTEXT_GROUP, patience_us, ret_buf);
    if (rc == PVMI_AGAIN)
        rc = part_wait_watched(c, tid, ret_buf);
    if (rc == PvmOk) {
        pvmi_match_take(*ret_buf);
        pvmi_msgbuf_rewind(*ret_buf);
    }
    return rc;
}

static int part_unpack(const struct collective *c, struct pvmi_msgbuf *buf, void *data)
{
    int rc = pvmi_unpack_items(buf, c->type.type, data, c->type.size, c->count, 1);

    if (rc == PvmNoData)
        return pvmi_call_fail(PvmNoData, "t%x has sent fewer than %d items to group %s", (unsigned)buf->src,
                              c->count, c->group);
    return rc;
}

/* ---- who takes part ---- */

static int check_data(const struct collective *c, const void *data)
{
    if (data == NULL)
        return pvmi_call_fail(PvmBadParam, "the data are NULL");
    if (c->count < 1)
        return pvmi_call_fail(PvmBadParam, "%d items", c->count);
    return PvmOk;
}

/* Reduce, gather and scatter know the same types. */
static int find_type(struct collective *c, int datatype)
{
    int rc;

    if (datatype < PVM_BYTE || datatype > PVM_LONG)
        return pvmi_call_fail(PvmBadParam, "group functions do not know data type %d", datatype);
    rc = pvmi_datatype_find(datatype, &c->type);
    c->size = (size_t)c->count * c->type.size;
    return rc;
}

/* Strings are for gather and scatter only, as bytes. */
static int check_data_or_text(struct collective *c, const void *data, int datatype)
{
    int rc = check_data(c, data);

    return rc == PvmOk ? find_type(c, datatype == PVM_STR ? PVM_BYTE : datatype) : rc;
}

/* Fills c with the members of the group. c->members is to be freed, also after an error. */
static int find_members(struct collective *c)
{
    int rc = pvmi_group_members(c->group, &c->members);

    if (rc != PvmOk)
        return rc;
    c->tid = pvmi_task.tid;
    c->me = pvmi_members_find(c->members, c->tid);
    if (c->me < 0)
        return pvmi_call_fail(PvmNotInGroup, "this task is not in group %s", c->group);
    if (c->root < 0 || (uint32_t)c->root >= c->members->count || c->members->tids[c->root] == 0)
        return pvmi_call_fail(PvmNoInst, "group %s has no instance %d for the root", c->group, c->root);
    return PvmOk;
}

static int check_no_holes(const struct collective *c)
{
    for (uint32_t i = 0; i < c->members->count; i++) {
        if (c->members->tids[i] == 0)
            return pvmi_call_fail(PvmNoInst, "instance %u of group %s is missing", i, c->group);
    }
    return PvmOk;
}

/* ---- reduce ---- */

typedef void reduce_fn(int *datatype, void *x, void *y, int *num, int *info);

/* Takes the part of instance i into data. With rc already negative it is only taken. */
static int reduce_part(const struct collective *c, reduce_fn *func, int datatype, void *data, void *part,
                       uint32_t i, int rc)
{
    struct pvmi_msgbuf *buf;
    int count = c->count;
    int info = PvmOk;
    int part_rc = part_receive(c, c->members->tids[i], &buf);

    if (part_rc == PvmOk) {
        part_rc = part_unpack(c, buf, part);
        pvmi_msgbuf_free(buf);
    }
    if (rc != PvmOk || part_rc != PvmOk)
        return rc != PvmOk ? rc : part_rc;
    func(&datatype, data, part, &count, &info);
    if (info < 0)
        return pvmi_call_fail(info, "the function of pvm_reduce() has given %s", pvmi_error_name(info));
    return PvmOk;
}

static int reduce_at_root(const struct collective *c, reduce_fn *func, int datatype, void *data)
{
    void *part = pvmi_malloc(c->size);
    int rc = PvmOk;

    if (part == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for %d items of a member", c->count);
    for (uint32_t i = 0; i < c->members->count; i++) {
        if (c->members->tids[i] != 0 && (int)i != c->me)
            rc = reduce_part(c, func, datatype, data, part, i, rc);
    }
    pvmi_free(part);
    return rc;
}

static int reduce(reduce_fn *func, void *data, struct collective *c, int datatype)
{
    int rc;

    if (func == NULL)
        return pvmi_call_fail(PvmBadParam, "the function is NULL");
    rc = check_data(c, data);
    if (rc == PvmOk)
        rc = find_members(c);
    if (rc == PvmOk)
        rc = find_type(c, datatype);
    if (rc == PvmOk && c->me == c->root)
        rc = reduce_at_root(c, func, datatype, data);
    else if (rc == PvmOk)
        rc = part_send(c, data, c->members->tids[c->root]);
    pvmi_free(c->members);
    return rc;
}

int pvm_reduce(void (*func)(int *datatype, void *x, void *y, int *num, int *info), void *data, int count,
               int datatype, int msgtag, const char *group, int rootginst)
{
    struct collective c = { .group = group, .root = rootginst, .tag = msgtag, .count = count };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_REDUCE, group, msgtag);
    return pvmi_call_leave("pvm_reduce", reduce(func, data, &c, datatype));
}

/* ---- gather ---- */

static int gather_part(const struct collective *c, uint8_t *place, uint32_t i)
{
    struct pvmi_msgbuf *buf;
    int rc = part_receive(c, c->members->tids[i], &buf);

    if (rc == PvmOk) {
        rc = part_unpack(c, buf, place);
        pvmi_msgbuf_free(buf);
    }
    return rc;
}

static int gather_at_root(const struct collective *c, void *result, const void *data)
{
    int rc = PvmOk;

    if (result == NULL)
        return pvmi_call_fail(PvmBadParam, "the place for the result is NULL");
    memmove((uint8_t *)result + (size_t)c->me * c->size, data, c->size);
    for (uint32_t i = 0; i < c->members->count; i++) {
        int part_rc = (int)i == c->me ? PvmOk : gather_part(c, (uint8_t *)result + i * c->size, i);

        if (rc == PvmOk)
            rc = part_rc;
    }
    return rc;
}

static int gather(void *result, const void *data, struct collective *c, int datatype)
{
    int rc = check_data_or_text(c, data, datatype);

    if (rc == PvmOk)
        rc = find_members(c);
    if (rc == PvmOk)
        rc = check_no_holes(c);
    if (rc == PvmOk && c->me == c->root)
        rc = gather_at_root(c, result, data);
    else if (rc == PvmOk)
        rc = part_send(c, data, c->members->tids[c->root]);
    pvmi_free(c->members);
    return rc;
}

int pvm_gather(void *result, void *data, int count, int datatype, int msgtag, const char *group, int rootginst)
{
    struct collective c = { .group = group, .root = rootginst, .tag = msgtag, .count = count };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_GATHER, group, msgtag);
    return pvmi_call_leave("pvm_gather", gather(result, data, &c, datatype));
}

/* ---- scatter ---- */

static int scatter_from_root(const struct collective *c, void *result, const uint8_t *data)
{
    int rc = PvmOk;

    if (data == NULL)
        return pvmi_call_fail(PvmBadParam, "the data are NULL");
    pvmi_active_replace_send(0);    /* as in PVM 3, where this call has packed into a buffer of its own */
    for (uint32_t i = 0; i < c->members->count && rc == PvmOk; i++) {
        if ((int)i != c->me)
            rc = part_send(c, data + i * c->size, c->members->tids[i]);
    }
    memmove(result, data + (size_t)c->me * c->size, c->size);
    return rc;
}

static int scatter_receive(const struct collective *c, void *result)
{
    struct pvmi_msgbuf *buf;
    int rc = part_receive(c, c->members->tids[c->root], &buf);

    if (rc == PvmOk) {
        rc = part_unpack(c, buf, result);
        pvmi_msgbuf_free(buf);
    }
    return rc;
}

static int scatter(void *result, const void *data, struct collective *c, int datatype)
{
    int rc = check_data_or_text(c, result, datatype);

    if (rc == PvmOk)
        rc = find_members(c);
    if (rc == PvmOk)
        rc = check_no_holes(c);
    if (rc == PvmOk)
        rc = c->me == c->root ? scatter_from_root(c, result, data) : scatter_receive(c, result);
    pvmi_free(c->members);
    return rc;
}

int pvm_scatter(void *result, void *data, int count, int datatype, int msgtag, const char *group, int rootginst)
{
    struct collective c = { .group = group, .root = rootginst, .tag = msgtag, .count = count };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_SCATTER, group, msgtag);
    return pvmi_call_leave("pvm_scatter", scatter(result, data, &c, datatype));
}
