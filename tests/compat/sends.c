/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_send and pvm_mcast: what is refused and in which order, what is dropped silently. */
#include "case.h"

int main(int argc, char **argv)
{
    int dead, x = 1, list[4];

    case_roles(argc, argv);
    case_begin();
    dead = case_dead();
    SHOW(pvm_send(case_me, 1));
    SHOW(pvm_send(0, 1));
    SHOW(pvm_send(case_me, -1));
    SHOW(pvm_mcast(NULL, 0, 1));
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&x, 1, 1);
    SHOW(pvm_send(0, 1));
    SHOW(pvm_send(-1, 1));
    SHOW(pvm_send(0x40000, 1));
    SHOW(pvm_send((int)0x80000000, 1));
    SHOW(pvm_send(case_me, -1));
    SHOW(pvm_send(dead, 1));
    SHOW(pvm_send(0x7c0001, 1));
    SHOW(pvm_send(case_me, 0));
    SHOW(pvm_send(case_me, 0x7fffffff));
    SIGN(pvm_recv(case_me, 0));
    SIGN(pvm_recv(case_me, 0x7fffffff));
    SHOW(pvm_mcast(NULL, 0, 1));
    SHOW(pvm_mcast(list, -1, 1));
    list[0] = case_me;
    list[1] = dead;
    list[2] = 0x7c0001;
    SHOW(pvm_mcast(list, 3, 1));
    list[3] = 0;
    SHOW(pvm_mcast(list, 4, 1));
    SHOW(pvm_mcast(list, 1, -1));
    printf("never to the caller: %d\n", pvm_probe(-1, 1));
    x = 2;
    pvm_pkint(&x, 1, 1);
    SHOW(pvm_send(case_me, 7));
    pvm_recv(-1, 7);
    pvm_upkint(&x, 1, 1);
    printf("packed further after a send: %d", x);
    pvm_upkint(&x, 1, 1);
    printf(" %d\n", x);
    pvm_exit();
    return 0;
}
