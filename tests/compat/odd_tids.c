/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that are no tids of tasks, or of tasks that never were, where a tid is wanted. */
#include "case.h"

static const int odd[] = {
    1, 2, 0x3ffff, 0, -1, -2, (int)0x80000000, (int)0x80000001, 0x40000000, 0x40000001, 0x40040001, 0x40000, 0x80000,
    0x3ffc0000, 0x3fffffff, 0x7fffffff, (int)0x80040000, (int)0xc0000001, (int)0xc0040001, 0x7bffff, 0x13c0005,
};

#define ODD_COUNT ((int)(sizeof(odd) / sizeof(odd[0])))

static void show_tasks(int tid)
{
    struct pvmtaskinfo *tasks;
    int n = -7;
    int rc = pvm_tasks(tid, &n, &tasks);

    printf(" tasks %s", code(rc));
    printf(" %d", n);
}

static void show_notice(int what, const char *word, int tid)
{
    int rc = pvm_notify(what, 30, 1, &tid), got = 0;

    printf(" %s %s", word, code(rc));
    if (rc == PvmOk && pvm_recv(-1, 30) > 0) {
        pvm_upkint(&got, 1, 1);
        printf(" comes%s", got == tid ? "" : " changed");
    }
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    for (int i = 0; i < ODD_COUNT; i++) {
        int tid = odd[i];

        printf("%08x: pstat %s", (unsigned)tid, code(pvm_pstat(tid)));
        printf(" sendsig %s", code(pvm_sendsig(tid, 10)));
        printf(" kill %s", code(pvm_kill(tid)));
        show_tasks(tid);
        printf(" tidtohost %x", (unsigned)pvm_tidtohost(tid));
        printf("\n");
        printf("%08x:", (unsigned)tid);
        pvm_initsend(PvmDataDefault);
        printf(" send %s", code(pvm_send(tid, 1)));
        printf(" mcast %s", code(pvm_mcast(&tid, 1, 1)));
        printf(" psend %s", code(pvm_psend(tid, 1, &tid, 1, PVM_INT)));
        printf(" probe %s", code(pvm_probe(tid, 1)));
        printf(" nrecv %s", code(pvm_nrecv(tid, 1)));
        printf("\n");
    }
    SHOW(pvm_pstat(case_me));
    SHOW(pvm_sendsig(case_me, 0));
    SHOW(pvm_sendsig(case_me, -1));
    SHOW(pvm_sendsig(case_me, 1000));
    SHOW(pvm_sendsig(case_dead(), 9));
    SHOW(pvm_mstat("alpha "));
    SHOW(pvm_mstat(" alpha"));
    SHOW(pvm_mstat("."));
    SHOW(pvm_mstat(".."));
    SHOW(pvm_mstat("*"));
    for (int i = 0; i < ODD_COUNT; i++) {
        printf("%08x:", (unsigned)odd[i]);
        if ((odd[i] & 0x3ffc0000) != 0x40000)
            show_notice(PvmTaskExit, "TaskExit", odd[i]);
        printf("\n");
    }
    pvm_exit();
    return 0;
}
