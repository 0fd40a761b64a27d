/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups: codes, holes after a member has ended, barriers that do not fit. */
#include "case.h"

static int member(void)
{
    int go = 1, rc, what, number;

    case_begin();
    while (go) {
        pvm_recv(pvm_parent(), -1);
        pvm_upkint(&what, 1, 1);
        pvm_upkint(&number, 1, 1);
        switch (what) {
        case 1: rc = pvm_joingroup("g"); break;
        case 2: rc = pvm_lvgroup("g"); break;
        case 3: rc = pvm_barrier("g", number); break;
        default: rc = 0; go = 0; break;
        }
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&rc, 1, 1);
        pvm_send(pvm_parent(), 50);
    }
    pvm_exit();
    return 0;
}

static void tell(int i, int what, int number)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&what, 1, 1);
    pvm_pkint(&number, 1, 1);
    pvm_send(case_tids[i], 1);
}

static int result(int i)
{
    int rc = 0;

    pvm_recv(case_tids[i], 50);
    pvm_upkint(&rc, 1, 1);
    return rc;
}

static int ask(int i, int what, int number)
{
    tell(i, what, number);
    return result(i);
}

int main(int argc, char **argv)
{
    struct timeval limit = { 0, 300000 };
    int tid;

    if (case_role(argc, argv, "member"))
        return member();
    case_begin();
    SHOW(pvm_joingroup(NULL));
    SHOW(pvm_joingroup(""));
    SHOW(pvm_lvgroup(""));
    SHOW(pvm_gsize(""));
    SHOW(pvm_barrier("", 1));
    SHOW(pvm_bcast("", 1));
    SHOW(pvm_gsize("nobody"));
    SHOW(pvm_lvgroup("nobody"));
    SHOW(pvm_getinst("nobody", case_me));
    SHOW(pvm_gettid("nobody", 0));
    SHOW(pvm_barrier("nobody", 1));
    case_spawn("member", 3);
    for (int i = 0; i < 3; i++)
        printf("child %d joins: %s\n", i, code(ask(i, 1, 0)));
    printf("twice: %s\n", code(ask(0, 1, 0)));
    SHOW(pvm_gsize("g"));
    SHOW(pvm_getinst("g", case_me));
    printf("instance of child 2: %s\n", code(pvm_getinst("g", case_tids[2])));
    printf("tid of 1: %s\n", who(pvm_gettid("g", 1)));
    SHOW(pvm_gettid("g", 3));
    SHOW(pvm_gettid("g", -1));
    SHOW(pvm_lvgroup("g"));
    SHOW(pvm_barrier("g", 1));
    tell(0, 3, 3);
    pvm_trecv(-2, -2, &limit);
    printf("another count than the first: %s\n", code(ask(1, 3, 2)));
    tell(1, 3, 3);
    tell(2, 3, 3);
    for (int i = 0; i < 3; i++)
        printf("barrier of 3: %s\n", code(result(i)));
    for (int i = 0; i < 3; i++)
        tell(i, 3, -1);
    for (int i = 0; i < 3; i++)
        printf("barrier of all: %s\n", code(result(i)));
    printf("child 1 leaves: %s\n", code(ask(1, 2, 0)));
    SHOW(pvm_gsize("g"));
    SHOW(pvm_gettid("g", 1));
    printf("tid of 2: %s\n", who(pvm_gettid("g", 2)));
    printf("I join in the hole: %s\n", code(pvm_joingroup("g")));
    tid = case_tids[2];
    ask(2, 9, 0);
    case_await_end(tid);
    while (pvm_gsize("g") != 2)
        usleep(1000);
    printf("a member that ended has left: %s\n", code(pvm_gettid("g", 2)));
    SHOW(pvm_lvgroup("g"));
    printf("child 0 leaves: %s\n", code(ask(0, 2, 0)));
    SHOW(pvm_gsize("g"));
    ask(0, 9, 0);
    ask(1, 9, 0);
    pvm_exit();
    return 0;
}
