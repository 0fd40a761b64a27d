/* SPDX-License-Identifier: BSD-3-Clause */
/* A task that is its own collector: its calls are not told of, user events are. */
#include "case.h"

#include <pvmtev.h>

#define TRACE_TAG 555

/* Without the daemon's. */
static void collect(void)
{
    struct timeval limit = { 20, 0 };

    for (;;) {
        int tag, from, mark = 0, event = 0, number = 0, values[3];
        char name[256] = "";

        pvm_bufinfo(pvm_trecv(-1, -1, &limit), NULL, &tag, &from);
        if (from == (int)0x80000000)
            continue;
        pvm_upkint(&mark, 1, 1);
        printf("tag %d from %s: %d", tag, who(from), mark);
        if (tag != TRACE_TAG)
            break;
        pvm_upkint(&event, 1, 1);
        printf(" %d", event);
        pvm_upkstr(name);
        pvm_upkint(values, 2, 1);
        printf(" \"%s\"", name);
        while (pvm_upkint(&number, 1, 1) == PvmOk)
            printf(" %d", number);
        puts("");
    }
    puts("");
}

int main(int argc, char **argv)
{
    Pvmtmask mask;
    int value = 42;

    case_roles(argc, argv);
    case_begin();
    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_NEWCONTEXT);
    TEV_MASK_SET(mask, TEV_SEND);
    TEV_MASK_SET(mask, TEV_TRECV);
    TEV_MASK_SET(mask, TEV_USER_DEFINED);
    pvm_setopt(PvmSelfTraceTid, case_me);
    pvm_setopt(PvmSelfTraceCode, TRACE_TAG);
    pvm_setopt(PvmSelfTraceOptions, PvmTraceFull);
    pvm_settmask(PvmTaskSelf, mask);
    pvm_newcontext();
    pvm_initsend(PvmDataTrace);
    SHOW(pvm_pkint(&value, 1, 1));
    SHOW(pvm_send(PVM_TRACE_TID, PVM_TRACE_CODE));
    SHOW(pvm_send(PVM_TRACE_TID, PVM_TRACE_CODE));
    TEV_MASK_UNSET(mask, TEV_USER_DEFINED);
    pvm_settmask(PvmTaskSelf, mask);
    SHOW(pvm_send(PVM_TRACE_TID, PVM_TRACE_CODE));
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    pvm_send(case_me, 1);
    collect();
    pvm_setopt(PvmSelfTraceTid, 0);
    pvm_exit();
    return 0;
}
