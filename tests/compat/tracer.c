/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_reg_tracer: its entry in the mailbox, who gets what, PvmAlready, and that the second call takes it back. */
#include "trace.h"

#define OUTPUT_TAG 902

static void show_entry(void)
{
    struct pvmmboxinfo *classes;
    int n;

    pvm_getmboxinfo(PVMTRACERCLASS, &n, &classes);
    printf("%d class\n", n);
    for (int i = 0; i < n; i++)
        printf("%s: %d entry, index %d, owner %s, flags %d\n", classes[i].mi_name, classes[i].mi_nentries,
               classes[i].mi_indices[0], who(classes[i].mi_owners[0]), classes[i].mi_flags[0]);
}

static void show_body(void)
{
    int tid, ints[4], rest[2];
    char mask[64];

    SIGN(pvm_recvinfo(PVMTRACERCLASS, 0, PvmMboxDefault));
    pvm_upkint(&tid, 1, 1);
    pvm_upkint(ints, 4, 1);
    pvm_upkstr(mask);
    pvm_upkint(rest, 2, 1);
    printf("%s: %d %d %d %d \"%s\" %d %d\n", who(tid), ints[0], ints[1], ints[2], ints[3], mask, rest[0], rest[1]);
}

/* Another task registers, and tells what it got. */
static int other(Pvmtmask mask)
{
    int told[5];

    pvm_setopt(PvmAutoErr, 0);
    told[0] = pvm_reg_tracer(0, 1, 0, 2, mask, 0, PvmTraceFull);
    told[1] = pvm_getopt(PvmSelfTraceTid) == pvm_parent();
    told[2] = pvm_getopt(PvmSelfTraceCode);
    told[3] = pvm_getopt(PvmSelfOutputTid) == pvm_parent();
    told[4] = pvm_getopt(PvmSelfOutputCode);
    puts("output");
    fflush(stdout);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(told, 5, 1);
    pvm_send(pvm_parent(), 1);
    pvm_exit();
    return 0;
}

static void other_says(void)
{
    int told[5];

    case_spawn("other", 1);
    pvm_recv(case_tids[case_count - 1], 1);
    pvm_upkint(told, 5, 1);
    printf("pvm_reg_tracer(another one): %s\n", code(told[0]));
    printf("another one: %s; traced by me %d, code %d, output to me %d, code %d\n", code(told[0]), told[1], told[2],
           told[3], told[4]);
}

int main(int argc, char **argv)
{
    struct pvmtaskinfo *task;
    Pvmtmask mask;
    int n;

    case_roles(argc, argv);
    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_SEND);
    TEV_MASK_SET(mask, TEV_EXIT);
    if (argc > 1)
        return other(mask);
    case_begin();
    SHOW(pvm_reg_tracer(0, TRACE_TAG, 0, OUTPUT_TAG, mask, 0, PvmTraceFull));
    show_entry();
    show_body();
    pvm_tasks(case_me, &n, &task);
    printf("flags %x\n", task->ti_flag & 0xf00);
    other_says();
    trace_collect(case_tids[case_count - 1]);
    SHOW(pvm_reg_tracer(0, TRACE_TAG, 0, OUTPUT_TAG, mask, 0, PvmTraceFull));
    show_entry();
    other_says();
    pvm_exit();
    return 0;
}
