/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts of message handlers and match functions. */
#include "case.h"

static int calls;

static void send_to(int tid, int tag, int value)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    pvm_send(tid, tag);
}

static int tell(int mid)
{
    int tag, value = -1;

    calls++;
    pvm_bufinfo(mid, NULL, &tag, NULL);
    pvm_upkint(&value, 1, 1);
    printf("  handler: tag %d value %d context %d\n", tag, value, pvm_getcontext());
    SHOW(pvm_setcontext(99));
    return 0;
}

static int any(int mid, int tid, int tag)
{
    struct pvmminfo info;

    pvm_getminfo(mid, &info);
    printf("  shown: tag %d context %d\n", info.tag, info.ctx);
    return 1;
}

int main(int argc, char **argv)
{
    struct timeval some = { 0, 100000 };
    int id, other;

    case_roles(argc, argv);
    case_begin();
    id = pvm_addmhf(-1, 10, 5, tell);
    other = pvm_addmhf(-1, 11, -1, tell);
    send_to(case_me, 10, 1);
    SIGN(pvm_recv(-1, 10));
    pvm_setcontext(5);
    send_to(case_me, 10, 2);
    pvm_setcontext(0);
    SHOW(pvm_trecv(-1, 10, &some));
    SHOW(pvm_getcontext());
    pvm_setcontext(8);
    send_to(case_me, 11, 3);
    pvm_setcontext(2);
    SHOW(pvm_trecv(-1, 11, &some));
    SHOW(pvm_getcontext());
    SHOW(calls);
    pvm_delmhf(id);
    pvm_delmhf(other);

    send_to(case_me, 20, 1);
    pvm_setcontext(3);
    SHOW(pvm_trecv(-1, 20, &some));
    pvm_recvf(any);
    SIGN(pvm_nrecv(-1, 77));
    pvm_exit();
    return 0;
}
