/* SPDX-License-Identifier: BSD-3-Clause */
/* Who collects a task's trace hears of its start from the daemon, before anything from the task itself. */
#include "case.h"

#include "pvmtev.h"

#define TAG_TRACE 666
#define TAG_HERE 5
#define TAG_EXIT 7
#define TASKS 20

/* Whether the first trace message about the task came from itself. */
static int first_is_from(int tid)
{
    int from;

    pvm_recv(tid, TAG_HERE);
    pvm_bufinfo(pvm_recv(-1, TAG_TRACE), NULL, NULL, &from);
    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &tid);
    pvm_recv(-1, TAG_EXIT);
    while (pvm_nrecv(-1, TAG_TRACE) > 0)
        ;
    return from == tid;
}

int main(int argc, char **argv)
{
    int early = 0;
    Pvmtmask mask;

    case_roles(argc, argv);
    if (case_role(argc, argv, "traced")) {
        pvm_initsend(PvmDataDefault);
        pvm_send(pvm_parent(), TAG_HERE);
        pvm_exit();
        return 0;
    }
    case_begin();
    pvm_setopt(PvmTraceTid, pvm_mytid());
    pvm_setopt(PvmTraceCode, TAG_TRACE);
    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_SEND);
    TEV_MASK_SET(mask, TEV_EXIT);
    pvm_settmask(PvmTaskChild, mask);
    pvm_setopt(PvmTraceOptions, PvmTraceFull);
    for (int i = 0; i < TASKS; i++) {
        case_spawn("traced", 1);
        early += first_is_from(case_tids[case_count - 1]);
    }
    printf("a task was heard of before the daemon had told of it: %d times\n", early);
    pvm_exit();
    return 0;
}
