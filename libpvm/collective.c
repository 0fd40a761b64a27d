/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_reduce(), pvm_gather(), pvm_scatter(): on each host a leader collects the parts of its members, or hands them out;
 * one part a host goes to the root, or comes from there (part.h).
 *
 * Parts are taken in the order of the instances, so that a sum of reals is the same each time. Who collects takes all parts
 * of a round even after an error: one left over would be taken for a part of the next round. A member that ends before it
 * has sent its part ends the call: its death is asked for when nothing has come from it for a while.
 */
#include <string.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/datatype.h"
#include "libpvm/group.h"
#include "libpvm/msgbuf.h"
#include "libpvm/part.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

/* ---- who takes part ---- */

static int check_data(const struct pvmi_collective *c, const void *data)
{
    if (data == NULL)
        return pvmi_call_fail(PvmBadParam, "the data are NULL");
    if (c->count < 1)
        return pvmi_call_fail(PvmBadParam, "%d items", c->count);
    return PvmOk;
}

/* Reduce, gather and scatter know the same types. */
static int find_type(struct pvmi_collective *c, int datatype)
{
    int rc;

    if (datatype < PVM_BYTE || datatype > PVM_LONG)
        return pvmi_call_fail(PvmBadParam, "group functions do not know data type %d", datatype);
    rc = pvmi_datatype_find(datatype, &c->type);
    c->size = (size_t)c->count * c->type.size;
    return rc;
}

/* Strings are for gather and scatter only, as bytes. */
static int check_data_or_text(struct pvmi_collective *c, const void *data, int datatype)
{
    int rc = check_data(c, data);

    return rc == PvmOk ? find_type(c, datatype == PVM_STR ? PVM_BYTE : datatype) : rc;
}

/* Fills c with the members of the group. c->members is to be freed, also after an error. */
static int find_members(struct pvmi_collective *c)
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
    c->leader = pvmi_part_leader(c, pvmi_tid_host(c->tid));
    return PvmOk;
}

static int check_no_holes(const struct pvmi_collective *c)
{
    for (uint32_t i = 0; i < c->members->count; i++) {
        if (c->members->tids[i] == 0)
            return pvmi_call_fail(PvmNoInst, "instance %u of group %s is missing", i, c->group);
    }
    return PvmOk;
}

/* ---- those whose parts come to this member ---- */

typedef int part_fn(struct pvmi_collective *c, struct pvmi_msgbuf *buf, uint32_t instance, void *user);

/* Gives each(user) the parts of the other members of this host, and, at the root, of the other hosts. With rc already
 * negative, and after an error, they are only taken. Returns the first error. */
static int take_parts(struct pvmi_collective *c, part_fn *each, void *user, int rc)
{
    struct pvmi_part_hosts seen = { { 0 } };

    for (uint32_t i = 0; i < c->members->count; i++) {
        struct pvmi_msgbuf *buf;
        int part_rc;

        if (!pvmi_part_is_near(c, i) && (c->me != c->root || !pvmi_part_is_far_leader(c, i, &seen)))
            continue;
        part_rc = pvmi_part_receive(c, i, &buf);
        if (part_rc == PvmOk && rc == PvmOk)
            rc = each(c, buf, i, user);
        if (part_rc == PvmOk)
            pvmi_msgbuf_free(buf);
        else if (rc == PvmOk)
            rc = part_rc;
    }
    return rc;
}

/* ---- reduce ---- */

typedef void reduce_fn(int *datatype, void *x, void *y, int *num, int *info);

struct reduction {
    reduce_fn *func;
    int datatype;
    void *data;
    void *part;
};

static int reduce_part(struct pvmi_collective *c, struct pvmi_msgbuf *buf, uint32_t instance, void *user)
{
    struct reduction *reduction = user;
    int count = c->count;
    int info = PvmOk;
    int rc = pvmi_part_unpack(c, buf, reduction->part);

    (void)instance;
    if (rc != PvmOk)
        return rc;
    reduction->func(&reduction->datatype, reduction->data, reduction->part, &count, &info);
    if (info < 0)
        return pvmi_call_fail(info, "the function of pvm_reduce() has given %s", pvmi_error_name(info));
    return PvmOk;
}

/* The root does it in the program's data, a leader of another host in its own memory. */
static int reduce_parts(struct pvmi_collective *c, reduce_fn *func, int datatype, void *data)
{
    struct reduction reduction = { .func = func, .datatype = datatype, .data = data };
    uint8_t *room = pvmi_malloc(2 * c->size);
    int rc = PvmOk;

    if (room == NULL) {
        rc = pvmi_call_fail(PvmNoMem, "no memory for %d items of a member", c->count);
    } else {
        reduction.part = room;
        if (c->me != c->root)
            reduction.data = memcpy(room + c->size, data, c->size);
    }
    rc = take_parts(c, reduce_part, &reduction, rc);
    if (c->me != c->root) {
        int sent = pvmi_part_send(c, rc, reduction.data, c->members->tids[c->root]);

        if (rc == PvmOk)
            rc = sent;
    }
    pvmi_free(room);
    return rc;
}

static int reduce(reduce_fn *func, void *data, struct pvmi_collective *c, int datatype)
{
    int rc;

    if (func == NULL)
        return pvmi_call_fail(PvmBadParam, "the function is NULL");
    rc = check_data(c, data);
    if (rc == PvmOk)
        rc = find_members(c);
    if (rc == PvmOk)
        rc = find_type(c, datatype);
    if (rc == PvmOk && c->me == c->leader)
        rc = reduce_parts(c, func, datatype, data);
    else if (rc == PvmOk)
        rc = pvmi_part_send(c, PvmOk, data, c->members->tids[c->leader]);
    pvmi_free(c->members);
    return rc;
}

int pvm_reduce(void (*func)(int *datatype, void *x, void *y, int *num, int *info), void *data, int count,
               int datatype, int msgtag, const char *group, int rootginst)
{
    struct pvmi_collective c = { .group = group, .root = rootginst, .tag = msgtag, .count = count };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_REDUCE, group, msgtag);
    return pvmi_call_leave("pvm_reduce", reduce(func, data, &c, datatype));
}

/* ---- gather ---- */

/* The items of all members of the host of instance, which have come in one part, or (from this host) of it alone. */
static int gather_part(struct pvmi_collective *c, struct pvmi_msgbuf *buf, uint32_t instance, void *user)
{
    uint8_t *result = user;
    int host = pvmi_part_host(c, instance);
    int rc = PvmOk;

    if (host == pvmi_tid_host(c->tid))
        return pvmi_part_unpack(c, buf, result + instance * c->size);
    for (uint32_t i = 0; i < c->members->count && rc == PvmOk; i++) {
        if (pvmi_part_host(c, i) == host)
            rc = pvmi_part_unpack(c, buf, result + i * c->size);
    }
    return rc;
}

static int gather_at_root(struct pvmi_collective *c, void *result, const void *data)
{
    if (result == NULL)
        return pvmi_call_fail(PvmBadParam, "the place for the result is NULL");
    memmove((uint8_t *)result + (size_t)c->me * c->size, data, c->size);
    return take_parts(c, gather_part, result, PvmOk);
}

/* What has been gathered on this host, in the order of the instances, is the part of it. */
static int gather_send(struct pvmi_collective *c, const uint8_t *all, int rc)
{
    struct pvmi_msgbuf *buf;
    int sent = pvmi_part_begin(c, rc, &buf);

    if (sent != PvmOk)
        return sent;
    for (uint32_t i = 0; i < c->members->count && sent == PvmOk && rc == PvmOk; i++) {
        if (pvmi_part_host(c, i) == pvmi_tid_host(c->tid))
            sent = pvmi_part_pack(c, buf, all + i * c->size);
    }
    if (sent == PvmOk)
        return pvmi_part_end(c, buf, c->members->tids[c->root]);
    pvmi_msgbuf_free(buf);
    return sent;
}

static int gather_for_host(struct pvmi_collective *c, const void *data)
{
    uint8_t *all = pvmi_malloc(c->members->count * c->size);
    int rc = PvmOk;
    int sent;

    if (all == NULL)
        rc = pvmi_call_fail(PvmNoMem, "no memory for %d items of %u members", c->count, c->members->count);
    else
        memcpy(all + (size_t)c->me * c->size, data, c->size);
    rc = take_parts(c, gather_part, all, rc);
    sent = gather_send(c, all, rc);
    pvmi_free(all);
    return rc != PvmOk ? rc : sent;
}

static int gather(void *result, const void *data, struct pvmi_collective *c, int datatype)
{
    int rc = check_data_or_text(c, data, datatype);

    if (rc == PvmOk)
        rc = find_members(c);
    if (rc == PvmOk)
        rc = check_no_holes(c);
    if (rc == PvmOk && c->me == c->root)
        rc = gather_at_root(c, result, data);
    else if (rc == PvmOk && c->me == c->leader)
        rc = gather_for_host(c, data);
    else if (rc == PvmOk)
        rc = pvmi_part_send(c, PvmOk, data, c->members->tids[c->leader]);
    pvmi_free(c->members);
    return rc;
}

int pvm_gather(void *result, void *data, int count, int datatype, int msgtag, const char *group, int rootginst)
{
    struct pvmi_collective c = { .group = group, .root = rootginst, .tag = msgtag, .count = count };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_GATHER, group, msgtag);
    return pvmi_call_leave("pvm_gather", gather(result, data, &c, datatype));
}

/* ---- scatter ---- */

/* The items of all members of the host that instance leads. */
static int scatter_to_host(struct pvmi_collective *c, const uint8_t *data, uint32_t instance)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_part_begin(c, PvmOk, &buf);

    if (rc != PvmOk)
        return rc;
    for (uint32_t i = 0; i < c->members->count && rc == PvmOk; i++) {
        if (pvmi_part_host(c, i) == pvmi_part_host(c, instance))
            rc = pvmi_part_pack(c, buf, data + i * c->size);
    }
    if (rc == PvmOk)
        return pvmi_part_end(c, buf, c->members->tids[instance]);
    pvmi_msgbuf_free(buf);
    return rc;
}

static int scatter_from_root(struct pvmi_collective *c, void *result, const uint8_t *data)
{
    struct pvmi_part_hosts seen = { { 0 } };
    int rc = PvmOk;

    if (data == NULL)
        return pvmi_call_fail(PvmBadParam, "the data are NULL");
    pvmi_active_replace_send(0);    /* as in PVM 3, where this call has packed into a buffer of its own */
    for (uint32_t i = 0; i < c->members->count && rc == PvmOk; i++) {
        if (pvmi_part_is_far_leader(c, i, &seen))
            rc = scatter_to_host(c, data, i);
        else if (pvmi_part_is_near(c, i))
            rc = pvmi_part_send(c, PvmOk, data + i * c->size, c->members->tids[i]);
    }
    memmove(result, data + (size_t)c->me * c->size, c->size);
    return rc;
}

/* What has come for this host, or the news that nothing has. */
static int scatter_on(struct pvmi_collective *c, void *result, struct pvmi_msgbuf *buf, int rc)
{
    void *part = pvmi_malloc(c->size);

    if (part == NULL && rc == PvmOk)
        rc = pvmi_call_fail(PvmNoMem, "no memory for %d items of a member", c->count);
    for (uint32_t i = 0; i < c->members->count; i++) {
        if (pvmi_part_host(c, i) != pvmi_tid_host(c->tid))
            continue;
        if (rc == PvmOk)
            rc = pvmi_part_unpack(c, buf, (int)i == c->me ? result : part);
        if ((int)i == c->me)
            continue;
        int sent = pvmi_part_send(c, rc, part, c->members->tids[i]);
        if (rc == PvmOk)
            rc = sent;
    }
    pvmi_free(part);
    return rc;
}

static int scatter_receive(struct pvmi_collective *c, void *result)
{
    bool leads = c->me == c->leader;
    struct pvmi_msgbuf *buf;
    int rc = pvmi_part_receive(c, (uint32_t)(leads ? c->root : c->leader), &buf);
    int done = leads ? scatter_on(c, result, buf, rc) : rc == PvmOk ? pvmi_part_unpack(c, buf, result) : rc;

    if (rc == PvmOk)
        pvmi_msgbuf_free(buf);
    return done;
}

static int scatter(void *result, const void *data, struct pvmi_collective *c, int datatype)
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
    struct pvmi_collective c = { .group = group, .root = rootginst, .tag = msgtag, .count = count };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_SCATTER, group, msgtag);
    return pvmi_call_leave("pvm_scatter", scatter(result, data, &c, datatype));
}
