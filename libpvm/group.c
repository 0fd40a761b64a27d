/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/group.h"

#include <string.h>

#include "base/alloc.h"
#include "base/table.h"
#include "libpvm/call.h"
#include "libpvm/request.h"
#include "libpvm/send.h"
#include "libpvm/task.h"
#include "libpvm/team.h"
#include "libpvm/trace.h"
#include "libpvm/undeclared.h"

static struct pvmi_names frozen_groups;    /* struct pvmi_members by name */

/* ---- questions to the daemon ---- */

/* The checks that all group functions share, and the enrolment. */
static int group_check(const char *group)
{
    if (group == NULL || group[0] == '\0')
        return pvmi_call_fail(PvmNullGroup, "the group has no name");
    /* That there is no daemon is reported, although what group functions fail with is not: as in PVM 3. */
    if (pvmi_task.tid == 0) {
        int rc = pvm_mytid();

        if (rc < 0)
            return rc;
    }
    return pvmi_task.lost ? pvmi_task_enroll() : PvmOk;    /* which says so */
}

/* Asks op of group. ret_answer may be NULL. Returns a negative code, or the value of the answer. */
static int group_ask(int op, const char *group, int number, struct pvmi_control *ret_answer)
{
    struct pvmi_msg_group msg = { .op = op, .group = group, .number = number, .tid = pvmi_task.tid };
    struct pvmi_control answer;
    int value;
    int rc = pvmi_request_ask(PVMI_MSG_group, &msg, NULL, NULL, &answer);

    if (rc != PvmOk)
        return rc;
    value = ((const struct pvmi_msg_answer *)answer.msg)->value;
    if (ret_answer != NULL)
        *ret_answer = answer;
    else
        pvmi_control_free(&answer);
    return value;
}

/* ---- members ---- */

struct pvmi_members *pvmi_members_new(const int32_t *tids, uint32_t count)
{
    struct pvmi_members *members = pvmi_malloc(sizeof(*members) + count * sizeof(tids[0]));

    if (members == NULL) {
        pvmi_call_fail(PvmNoMem, "no memory for the %u members of a group", count);
        return NULL;
    }
    members->count = count;
    if (count > 0)
        memcpy(members->tids, tids, count * sizeof(tids[0]));
    return members;
}

static struct pvmi_members *members_of_answer(const struct pvmi_control *answer)
{
    const struct pvmi_msg_answer *msg = answer->msg;

    return pvmi_members_new(msg->values.v, msg->values.n);
}

int pvmi_members_find(const struct pvmi_members *members, int32_t tid)
{
    for (uint32_t i = 0; tid != 0 && i < members->count; i++) {
        if (members->tids[i] == tid)
            return (int)i;
    }
    return -1;
}

/* The members, when they cannot change, or not while they are looked at; else NULL. */
static const struct pvmi_members *members_known(const char *group)
{
    const struct pvmi_members *frozen = pvmi_names_get(&frozen_groups, group);

    return frozen != NULL ? frozen : pvmi_team_members(group);
}

int pvmi_group_members(const char *group, struct pvmi_members **ret_members)
{
    struct pvmi_control answer;
    const struct pvmi_members *known;
    struct pvmi_members *members;
    int rc = group_check(group);

    if (rc != PvmOk)
        return rc;
    known = members_known(group);
    if (known != NULL) {
        members = pvmi_members_new(known->tids, known->count);
    } else {
        rc = group_ask(PVMI_GROUP_MEMBERS, group, 0, &answer);
        if (rc < 0)
            return rc;
        members = members_of_answer(&answer);
        pvmi_control_free(&answer);
    }
    if (members == NULL)
        return PvmNoMem;
    *ret_members = members;
    return PvmOk;
}

void pvmi_group_forget(void)
{
    struct pvmi_members *members;
    uint32_t cursor = 0;

    while ((members = pvmi_names_next(&frozen_groups, &cursor, NULL)) != NULL)
        pvmi_free(members);
    pvmi_names_fini(&frozen_groups);
}

/* ---- the API: none of these prints an error line, as in PVM 3 ---- */

static int join(const char *group)
{
    int rc = group_check(group);

    if (rc == PvmOk && pvmi_names_get(&frozen_groups, group) != NULL)
        return pvmi_call_fail(PvmNotInGroup, "group %s is frozen", group);
    return rc == PvmOk ? group_ask(PVMI_GROUP_JOIN, group, 0, NULL) : rc;
}

int pvm_joingroup(const char *group)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_JOINGROUP, group);
    return pvmi_call_leave_quiet(join(group));
}

static int leave(const char *group)
{
    int rc = group_check(group);

    if (rc == PvmOk)
        rc = group_ask(PVMI_GROUP_LEAVE, group, 0, NULL);
    if (rc >= 0) {
        pvmi_free(pvmi_names_remove(&frozen_groups, group));
        pvmi_team_left(group);
    }
    return rc < 0 ? rc : PvmOk;
}

int pvm_lvgroup(const char *group)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_LVGROUP, group);
    return pvmi_call_leave_quiet(leave(group));
}

static int members_size(const struct pvmi_members *members)
{
    int size = 0;

    for (uint32_t i = 0; i < members->count; i++)
        size += members->tids[i] != 0;
    return size;
}

static int size(const char *group)
{
    const struct pvmi_members *known;
    int rc = group_check(group);

    if (rc != PvmOk)
        return rc;
    known = members_known(group);
    return known != NULL ? members_size(known) : group_ask(PVMI_GROUP_SIZE, group, 0, NULL);
}

int pvm_gsize(const char *group)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_GSIZE, group);
    return pvmi_call_leave_quiet(size(group));
}

static int instance(const char *group, int tid)
{
    const struct pvmi_members *known;
    int rc = group_check(group);

    if (rc != PvmOk)
        return rc;
    known = members_known(group);
    if (known == NULL)
        return group_ask(PVMI_GROUP_INSTANCE, group, tid, NULL);
    rc = pvmi_members_find(known, tid);
    return rc >= 0 ? rc : pvmi_call_fail(PvmNotInGroup, "t%x is not in group %s", (unsigned)tid, group);
}

int pvm_getinst(const char *group, int tid)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETINST, group, tid);
    return pvmi_call_leave_quiet(instance(group, tid));
}

static int tid_of(const char *group, int inum)
{
    const struct pvmi_members *known;
    int rc = group_check(group);

    if (rc != PvmOk)
        return rc;
    known = members_known(group);
    if (known == NULL)
        return group_ask(PVMI_GROUP_TID, group, inum, NULL);
    if (inum < 0 || (uint32_t)inum >= known->count || known->tids[inum] == 0)
        return pvmi_call_fail(PvmNoInst, "group %s has no instance %d", group, inum);
    return known->tids[inum];
}

int pvm_gettid(const char *group, int inum)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETTID, group, inum);
    return pvmi_call_leave_quiet(tid_of(group, inum));
}

static int barrier(const char *group, int count)
{
    int rc = group_check(group);

    if (rc == PvmOk)
        rc = pvmi_team_barrier(group, count);
    if (rc == PVMI_AGAIN)
        rc = group_ask(PVMI_GROUP_BARRIER, group, count, NULL);
    return rc < 0 ? rc : PvmOk;
}

int pvm_barrier(const char *group, int count)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_BARRIER, group, count);
    return pvmi_call_leave_quiet(barrier(group, count));
}

/* Sends to all members but the caller, who need not be one. */
static int bcast_to(const struct pvmi_members *members, const char *group, int msgtag)
{
    int *others = pvmi_malloc((members->count + 1) * sizeof(*others));
    int count = 0;
    int rc;

    if (others == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for the %u members of group %s", members->count, group);
    for (uint32_t i = 0; i < members->count; i++) {
        if (members->tids[i] != 0 && members->tids[i] != pvmi_task.tid)
            others[count++] = members->tids[i];
    }
    if (count == 0)
        rc = pvmi_call_fail(PvmNoInst, "group %s has no other member", group);
    else
        rc = pvmi_send_active(others, count, msgtag);
    pvmi_trace_result(rc, count, others);
    pvmi_free(others);
    return rc;
}

static int bcast(const char *group, int msgtag)
{
    struct pvmi_members *members;
    int rc = pvmi_group_members(group, &members);

    if (rc == PvmOk) {
        rc = bcast_to(members, group, msgtag);
        pvmi_free(members);
    }
    return rc;
}

int pvm_bcast(const char *group, int msgtag)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_BCAST, group, msgtag);
    return pvmi_call_leave_quiet(bcast(group, msgtag));
}

static int freeze(const char *group, int size)
{
    struct pvmi_control answer;
    struct pvmi_members *members;
    int rc = group_check(group);
    int frozen_size;

    if (rc != PvmOk)
        return rc;
    frozen_size = group_ask(PVMI_GROUP_FREEZE, group, size, &answer);
    if (frozen_size < 0)
        return frozen_size;
    members = members_of_answer(&answer);
    pvmi_control_free(&answer);
    if (members == NULL)
        return PvmNoMem;
    pvmi_free(pvmi_names_remove(&frozen_groups, group));
    if (pvmi_names_set(&frozen_groups, group, members) != PvmOk)
        pvmi_free(members);    /* it is frozen all the same; the daemon is asked each time */
    return frozen_size;
}

int pvm_freezegroup(const char *group, int size)
{
    pvmi_call_enter();
    return pvmi_call_leave_quiet(freeze(group, size));
}

/* ---- for PVM 3's programs pvm_gstat and pvmgroups ---- */

/* How long they wait for the group server's answer: for ever. */
struct timeval *pvmgs_tmout;

int gs_getgstid(void)
{
    int rc;

    pvmi_call_enter();
    rc = pvmi_task_enroll();
    if (rc == PvmOk)
        rc = pvmi_call_fail(PvmNoTask, "there is no group server: the daemons keep the groups");
    return pvmi_call_leave("gs_getgstid", rc);
}
