/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks that the console's reset spares: each has an entry in a class of the mailbox. */
#include "libpvm/noreset.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/mailbox.h"
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

/* The owners of all entries. Returns PvmOk, or PvmNoMem. */
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

static int get_noresets(int **tids, int *ntids)
{
    static int *given;
    struct pvmmboxinfo *classes;
    int *list = NULL;
    int count;
    int length = 0;
    int rc = pvmi_mailbox_list(PVMNORESETCLASS, &count, &classes);

    if (rc != PvmOk)
        return rc;
    rc = owners(classes, count, &list, &length);
    pvmi_free(classes);
    if (rc != PvmOk)
        return rc;
    pvmi_free(given);
    given = list;
    if (tids != NULL)
        *tids = list;
    if (ntids != NULL)
        *ntids = length;
    return PvmOk;
}

int pvm_getnoresets(int **tids, int *ntids)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_getnoresets", get_noresets(tids, ntids));
}
