/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_getfds: a program that waits in select() gets all messages, and sleeps when there are none. */
#include <sys/select.h>

#include "case.h"

#define ROUNDS 200

static int sleeps(struct timeval *tmout)
{
    int *fds, n = pvm_getfds(&fds), highest = 0;
    fd_set set;

    FD_ZERO(&set);
    for (int i = 0; i < n; i++) {
        FD_SET(fds[i], &set);
        if (fds[i] > highest)
            highest = fds[i];
    }
    return select(highest + 1, &set, NULL, NULL, tmout);
}

static void child(void)
{
    int parent = pvm_parent(), x, bad = 0;

    for (int i = 0; i < ROUNDS; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&i, 1, 1);
        pvm_send(parent, 1);
        if (i % 10 == 9) {
            pvm_recv(parent, 2);
            pvm_upkint(&x, 1, 1);
            bad += x != i;
        }
    }
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&bad, 1, 1);
    pvm_send(parent, 3);
    pvm_exit();
}

int main(int argc, char **argv)
{
    struct timeval some = { 0, 100000 }, limit;
    int next = 0, bad = 0, tag = 0, x, mid;

    case_roles(argc, argv);
    case_begin();
    if (case_role(argc, argv, "child")) {
        child();
        return 0;
    }
    printf("idle: %d\n", sleeps(&some));
    case_spawn("child", 1);
    while (tag != 3) {
        while ((mid = pvm_nrecv(-1, -1)) > 0) {
            pvm_bufinfo(mid, NULL, &tag, NULL);
            pvm_upkint(&x, 1, 1);
            if (tag == 3)
                break;
            bad += x != next++;
            if (x % 10 == 9) {
                pvm_initsend(PvmDataDefault);
                pvm_pkint(&x, 1, 1);
                pvm_send(case_tids[0], 2);
            }
        }
        limit = (struct timeval){ 20, 0 };
        if (tag != 3 && sleeps(&limit) == 0)
            return 1;
    }
    printf("messages %d, out of order %d, at the child %d\n", next, bad, x);
    case_await_end(case_tids[0]);
    while (pvm_nrecv(-1, -1) > 0)
        ;
    some = (struct timeval){ 0, 100000 };
    printf("idle again: %d\n", sleeps(&some));
    pvm_exit();
    return 0;
}
