/* SPDX-License-Identifier: BSD-3-Clause */
/* The console's reset, and the tasks that it spares: each has an entry in a class of the mailbox. */
#include "libpvm/noreset.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/mailbox.h"
#include "libpvm/request.h"
#include "libpvm/task.h"

/* The entry of this task. That of an enrolment before has gone with it. */
static struct {
    int32_t tid;
    int index;
} mark;

static bool is_marked(void)
{
    return mark.tid != 0 && mark.tid == pvmi_task.tid;
}

int pvmi_noreset_set(bool on)
{
    int rc = pvmi_task_enroll();

    if (rc != PvmOk || is_marked() == on)
        return rc;
    if (on) {
        rc = pvmi_mailbox_mark(PVMNORESETCLASS);
        if (rc < 0)
            return rc;
        mark.tid = pvmi_task.tid;
        mark.index = rc;
        return PvmOk;
    }
    rc = pvmi_mailbox_delete(PVMNORESETCLASS, mark.index);
    if (rc < 0 && rc != PvmNotFound)
        return rc;
    mark.tid = 0;
    return PvmOk;
}

/* The owners of all entries of the one class, or none. Returns PvmOk, or PvmNoMem. */
static int owners(const struct pvmmboxinfo *classes, int count, int **ret_tids, int *ret_ntids)
{
    int entries = count > 0 ? classes[0].mi_nentries : 0;
    int *tids = pvmi_malloc(((size_t)entries + 1) * sizeof(*tids));
    int ntids = 0;

    if (tids == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %d tasks", entries);
    for (int i = 0; i < entries; i++) {
        bool again = classes[0].mi_owners[i] == 0;

        for (int k = 0; k < ntids && !again; k++)
            again = tids[k] == classes[0].mi_owners[i];
        if (!again)
            tids[ntids++] = classes[0].mi_owners[i];
    }
    *ret_tids = tids;
    *ret_ntids = ntids;
    return PvmOk;
}

/* Those who are to be spared; the list is to be freed. */
static int spared(int **ret_tids, int *ret_ntids)
{
    struct pvmmboxinfo *classes;
    int count;
    int rc = pvmi_mailbox_list(PVMNORESETCLASS, &count, &classes);

    if (rc != PvmOk)
        return rc;
    rc = owners(classes, count, ret_tids, ret_ntids);
    pvmi_free(classes);
    return rc;
}

static int get_noresets(int **tids, int *ntids)
{
    static int *given;
    int *list = NULL;
    int length = 0;
    int rc = spared(&list, &length);

    /* PVM 3 never fails here: programs look at the number alone, which is 0 then. */
    pvmi_free(given);
    given = list;
    if (tids != NULL)
        *tids = list;
    if (ntids != NULL)
        *ntids = length;
    return rc;
}

int pvm_getnoresets(int **tids, int *ntids)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_getnoresets", get_noresets(tids, ntids));
}

/* ---- reset ---- */

static bool is_among(int tid, const int *tids, int ntids)
{
    for (int i = 0; i < ntids; i++) {
        if (tids[i] == tid)
            return true;
    }
    return false;
}

/* Sends SIGTERM to each task of the answer that is not spared, and notes it in ret_tids. */
static int end_tasks(const struct pvmi_msg_tasks *tasks, int mytid, const int *spare, int nspare,
                     struct pvmi_ints *ret_tids)
{
    ret_tids->v = pvmi_malloc((tasks->tasks.n + 1) * sizeof(*ret_tids->v));
    if (ret_tids->v == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %u tasks", tasks->tasks.n);
    for (uint32_t i = 0; i < tasks->tasks.n; i++) {
        int32_t tid = tasks->tasks.v[i].tid;
        struct pvmi_msg_signal msg = { .tid = tid, .signum = SIGTERM };
        int rc = PvmOk;

        if (tid == mytid || is_among(tid, spare, nspare))
            continue;
        ret_tids->v[ret_tids->n++] = tid;
        rc = pvmi_request_value(PVMI_MSG_signal, &msg);
        if (rc < 0)
            return rc;
    }
    return PvmOk;
}

static int end_all(int mytid, struct pvmi_ints *ret_tids)
{
    struct pvmi_msg_tasks_query msg = { .where = 0 };
    struct pvmi_control answer;
    int *spare;
    int nspare;
    int rc = spared(&spare, &nspare);

    if (rc != PvmOk)
        return rc;
    rc = pvmi_request_call(PVMI_MSG_tasks_query, &msg, UINT64_MAX, &answer);
    if (rc == PvmOk) {
        if (answer.type == PVMI_MSG_tasks)
            rc = end_tasks(answer.msg, mytid, spare, nspare, ret_tids);
        else
            rc = pvmi_call_fail(PvmSysErr, "the daemon does not tell which tasks there are");
        pvmi_control_free(&answer);
    }
    pvmi_free(spare);
    return rc;
}

static int reset(int mytid, int killtasks, const char *name, int index)
{
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_RESET, .index = index < 0 ? -1 : index };
    int rc = pvmi_task_enroll();

    if (name != NULL && name[0] != '\0')
        msg.name = name;
    if (rc == PvmOk && killtasks != 0)
        rc = end_all(mytid, &msg.tids);
    if (rc == PvmOk)
        rc = pvmi_request_value(PVMI_MSG_mailbox, &msg);
    pvmi_free(msg.tids.v);
    return rc < 0 ? rc : PvmOk;
}

int pvmreset(int mytid, int killtasks, const char *name, int index)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvmreset", reset(mytid, killtasks, name, index));
}
