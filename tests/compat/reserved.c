/* SPDX-License-Identifier: BSD-3-Clause */
/* Option PvmResvTids: reserved tags and destinations in send, mcast, psend, notify, and what receives make of them. */
#include "case.h"

static void both(void)
{
    int list[2] = { case_me, 0x80000 }, x = 4, host = pvm_tidtohost(case_me), zero = 0;
    int pvmd = (int)0x80000000;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&x, 1, 1);
    SHOW(pvm_send(case_me, -5));
    SHOW(pvm_send(0, 1));
    SHOW(pvm_send(-1, 1));
    SHOW(pvm_send(host, 1));
    SHOW(pvm_send(0x40000000 | case_me, 1));
    SHOW(pvm_mcast(list, 1, -5));
    SHOW(pvm_mcast(list, 2, 5));
    SHOW(pvm_mcast(&zero, 1, 5));
    SHOW(pvm_psend(case_me, -6, &x, 1, PVM_INT));
    SHOW(pvm_psend(0, 1, &x, 1, PVM_INT));
    SHOW(pvm_psend(host, 1, &x, 1, PVM_INT));
    SHOW(pvm_psend(case_me, 1, &x, 1, PVM_STR));
    SHOW(pvm_psend(case_me, 1, &x, 1, 99));
    SHOW(pvm_psend(case_me, 1, &x, -1, PVM_INT));
    SHOW(pvm_notify(PvmTaskExit, -7, 1, &zero));
    SHOW(pvm_notify(PvmTaskExit, -7, 1, &list[0]));
    SHOW(pvm_notify(PvmTaskExit, 7, 1, &zero));
    SHOW(pvm_notify(PvmTaskExit, 7, 1, &pvmd));
    SHOW(pvm_notify(PvmHostAdd, -7, 1, NULL));
    SHOW(pvm_notify(PvmHostDelete, 7, 1, &zero));
    SHOW(pvm_notify(PvmRouteDelete, 7, 1, &zero));
    SHOW(pvm_notify(0, 7, 1, &zero));
    SHOW(pvm_kill(0));
    SHOW(pvm_kill(host));
    SHOW(pvm_sendsig(pvmd, 0));
    SHOW(pvm_pstat(0));
    SHOW(pvm_pstat(host));
    SHOW(pvm_bcast("nobody", -1));
}

static void came(int tid, int tag)
{
    struct timeval limit = { 0, 200000 };
    int mid = pvm_trecv(tid, tag, &limit), got = 0, from = 0;

    if (mid > 0)
        pvm_bufinfo(mid, NULL, &got, &from);
    printf("receive of %d: %s, tag %d, from %s\n", tag, sign(mid), got, who(from));
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    printf("without\n");
    both();
    came(-1, 1);
    came(-1, 7);
    SHOW(pvm_setopt(PvmResvTids, 1));
    printf("with\n");
    both();
    came(-1, -5);
    came(-1, -6);
    came(-1, 1);
    came(-1, -7);
    came(-1, 7);
    came(-1, 5);
    came(-1, -5);
    SHOW(pvm_setopt(PvmResvTids, 0));
    SHOW(pvm_send(case_me, -5));
    pvm_exit();
    return 0;
}
