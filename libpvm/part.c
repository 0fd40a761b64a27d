/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/part.h"

#include "base/clock.h"
#include "libpvm/call.h"
#include "libpvm/msgbuf.h"
#include "libpvm/progress.h"
#include "libpvm/recv.h"
#include "libpvm/send.h"
#include "libpvm/task.h"
#include "libpvm/watch.h"
#include "wire/section.h"

#define PATIENCE_US 100000    /* wait before a member's death is asked for */

/* ---- who sends to whom ---- */

int pvmi_part_leader(const struct pvmi_collective *c, int host)
{
    if (pvmi_part_host(c, (uint32_t)c->root) == host)
        return c->root;
    for (uint32_t i = 0; i < c->members->count; i++) {
        if (c->members->tids[i] != 0 && pvmi_part_host(c, i) == host)
            return (int)i;
    }
    return c->root;
}

bool pvmi_part_is_far_leader(const struct pvmi_collective *c, uint32_t instance, struct pvmi_part_hosts *seen)
{
    int host = pvmi_part_host(c, instance);
    uint8_t bit = (uint8_t)(1u << host % 8);

    if (c->members->tids[instance] == 0 || host == pvmi_tid_host(c->tid) || (seen->bits[host / 8] & bit) != 0)
        return false;
    seen->bits[host / 8] |= bit;
    return true;
}

/* ---- sending ---- */

int pvmi_part_begin(const struct pvmi_collective *c, int rc, struct pvmi_msgbuf **ret_buf)
{
    int32_t head[2] = { rc, rc != PvmOk ? c->missing : 0 };
    int made = pvmi_msgbuf_new(PvmDataDefault, ret_buf);

    if (made == PvmOk) {
        made = pvmi_pack_items(*ret_buf, PVMI_TYPE_INT32, head, sizeof(head[0]), 2, 1);
        if (made != PvmOk)
            pvmi_msgbuf_free(*ret_buf);
    }
    return made == PvmOk ? PvmOk : pvmi_call_fail(made, "no memory for the data of group %s", c->group);
}

int pvmi_part_pack(const struct pvmi_collective *c, struct pvmi_msgbuf *buf, const void *data)
{
    return pvmi_pack_items(buf, c->type.type, data, c->type.size, c->count, 1);
}

int pvmi_part_end(const struct pvmi_collective *c, struct pvmi_msgbuf *buf, int32_t tid)
{
    int rc = pvmi_send_message(buf, &tid, 1, c->tag, PVMI_CONTEXT_GROUP);

    pvmi_msgbuf_free(buf);
    return rc;
}

int pvmi_part_send(const struct pvmi_collective *c, int rc, const void *data, int32_t tid)
{
    struct pvmi_msgbuf *buf;
    int made = pvmi_part_begin(c, rc, &buf);

    if (made != PvmOk)
        return made;
    made = rc == PvmOk ? pvmi_part_pack(c, buf, data) : PvmOk;
    if (made == PvmOk)
        return pvmi_part_end(c, buf, tid);
    pvmi_msgbuf_free(buf);
    return made;
}

/* ---- receiving ---- */

/* False when another thread has called pvm_exit(): no part can come any more. */
static bool is_member_still(const struct pvmi_collective *c)
{
    return pvmi_task.tid == c->tid;
}

static int left_meanwhile(void)
{
    return pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile");
}

static int has_ended(struct pvmi_collective *c, int32_t tid)
{
    c->missing = tid;
    return pvmi_call_fail(PvmNoTask, "t%x (instance %d of group %s) has ended", (unsigned)tid,
                          pvmi_members_find(c->members, tid), c->group);
}

/* Waits for the part of tid, or for its end. */
static int wait_watched(struct pvmi_collective *c, int32_t tid, struct pvmi_msgbuf **ret_buf)
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
            rc = has_ended(c, tid);
        else if (rc == PVMI_AGAIN && !watch->gone)
            pvmi_progress_wait(PVMI_PROGRESS_NO_DEADLINE);
    } while (rc == PVMI_AGAIN && is_member_still(c));
    pvmi_watch_end(watch);
    return rc == PVMI_AGAIN ? left_meanwhile() : rc;
}

/* It may be here although the daemon has gone. */
static int wait_for(struct pvmi_collective *c, int32_t tid, struct pvmi_msgbuf **ret_buf)
{
    int rc;

    if (!is_member_still(c))
        return left_meanwhile();
    rc = pvmi_recv_wait(tid, c->tag, PVMI_CONTEXT_GROUP, pvmi_clock_us() + PATIENCE_US, ret_buf);
    if (rc == PVMI_AGAIN)
        rc = wait_watched(c, tid, ret_buf);
    if (rc == PvmOk) {
        pvmi_match_take(*ret_buf);
        pvmi_msgbuf_rewind(*ret_buf);
    }
    return rc;
}

/* What the part of tid says has happened. */
static int refused(struct pvmi_collective *c, int32_t tid, const int32_t *head)
{
    if (head[0] == PvmNoTask && head[1] != 0)
        return has_ended(c, head[1]);
    return pvmi_call_fail(head[0], "t%x (instance %d of group %s) has failed with %s", (unsigned)tid,
                          pvmi_members_find(c->members, tid), c->group, pvmi_error_name(head[0]));
}

int pvmi_part_receive(struct pvmi_collective *c, uint32_t instance, struct pvmi_msgbuf **ret_buf)
{
    int32_t tid = c->members->tids[instance];
    int32_t head[2] = { 0, 0 };
    int rc = wait_for(c, tid, ret_buf);

    if (rc != PvmOk)
        return rc;
    rc = pvmi_unpack_items(*ret_buf, PVMI_TYPE_INT32, head, sizeof(head[0]), 2, 1);
    if (rc == PvmOk && head[0] < 0)
        rc = refused(c, tid, head);
    if (rc != PvmOk)
        pvmi_msgbuf_free(*ret_buf);
    return rc;
}

int pvmi_part_unpack(const struct pvmi_collective *c, struct pvmi_msgbuf *buf, void *data)
{
    int rc = pvmi_unpack_items(buf, c->type.type, data, c->type.size, c->count, 1);

    if (rc == PvmNoData)
        return pvmi_call_fail(PvmNoData, "t%x has sent fewer than %d items to group %s", (unsigned)buf->src,
                              c->count, c->group);
    return rc;
}
