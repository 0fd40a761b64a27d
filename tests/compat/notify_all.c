/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_notify of all kinds: what is refused, counts, cancels, contexts, doubles; route notices of this task's own. */
#include "case.h"

static void came(const char *what, int tag)
{
    struct timeval limit = { 0, 300000 };
    int mid = pvm_trecv(-1, tag, &limit), from = 0, value = -1;
    struct pvmminfo info;

    if (mid <= 0) {
        printf("%s: none\n", what);
        return;
    }
    pvm_getminfo(mid, &info);
    pvm_bufinfo(mid, NULL, NULL, &from);
    pvm_upkint(&value, 1, 1);
    printf("%s: from %s, about %s, context %d, wid %d, dst %s\n", what, who(from), who(value), info.ctx, info.wid, who(info.dst));
}

int main(int argc, char **argv)
{
    int tids[3], host, x;

    case_roles(argc, argv);
    case_begin();
    case_spawn("wait", 3);
    SHOW(pvm_notify(PvmTaskExit, 1, 3, case_tids));
    SHOW(pvm_notify(PvmTaskExit, 1, 1, case_tids));
    SHOW(pvm_notify(PvmTaskExit | PvmNotifyCancel, 2, 1, case_tids));
    came("another tag", 2);
    pvm_setcontext(5);
    SHOW(pvm_notify(PvmTaskExit | PvmNotifyCancel, 1, 1, case_tids));
    came("another context", 1);
    SHOW(pvm_notify(PvmTaskExit, 1, 1, case_tids));
    pvm_setcontext(0);
    SHOW(pvm_notify(PvmTaskExit | PvmNotifyCancel, 1, 1, case_tids + 1));
    came("cancelled", 1);
    pvm_kill(case_tids[0]);
    came("twice asked, first", 1);
    came("twice asked, second", 1);
    came("no third", 1);
    pvm_setcontext(5);
    came("in its context", 1);
    pvm_setcontext(0);
    pvm_kill(case_tids[1]);
    case_await_end(case_tids[1]);
    came("not after the cancel", 1);
    SHOW(pvm_notify(PvmTaskExit | PvmNotifyCancel, 1, 3, case_tids));
    came("the cancel of the living one", 1);
    came("and of no other", 1);
    tids[0] = case_tids[2];
    tids[1] = 0;
    tids[2] = case_tids[2];
    SHOW(pvm_notify(PvmTaskExit, 3, 3, tids));
    came("one of them is none", 3);
    tids[1] = tids[0];
    SHOW(pvm_notify(PvmTaskExit, 3, 3, tids));
    pvm_kill(case_tids[2]);
    came("in one list, first", 3);
    came("second", 3);
    came("third", 3);
    came("fourth", 3);

    host = pvm_tidtohost(case_me);
    SHOW(pvm_notify(PvmHostDelete, 4, 1, &host));
    came("the own host", 4);
    SHOW(pvm_notify(PvmHostDelete | PvmNotifyCancel, 4, 1, &host));
    came("cancelled", 4);
    SHOW(pvm_notify(PvmHostDelete, 4, 0, &host));
    SHOW(pvm_notify(PvmHostDelete, 4, -1, &host));
    x = 0;
    SHOW(pvm_notify(PvmHostDelete, 5, 1, &x));
    came("host 0", 5);
    x = -1;
    SHOW(pvm_notify(PvmHostDelete, 5, 1, &x));
    came("host -1", 5);
    SHOW(pvm_notify(PvmHostAdd, 6, 0, NULL));
    SHOW(pvm_notify(PvmHostAdd, 6, -5, NULL));
    SHOW(pvm_notify(PvmHostAdd | PvmNotifyCancel, 6, 0, NULL));
    SHOW(pvm_notify(PvmHostAdd, -6, 1, NULL));
    SHOW(pvm_notify(PvmRouteAdd, 7, 1, NULL));
    SHOW(pvm_notify(PvmRouteAdd, 7, 0, NULL));
    SHOW(pvm_notify(PvmRouteAdd | PvmNotifyCancel, 7, 0, NULL));
    SHOW(pvm_notify(PvmRouteDelete, 8, 1, &case_me));
    SHOW(pvm_notify(PvmRouteDelete, 8, 0, &case_me));
    SHOW(pvm_notify(PvmRouteDelete, 8, 1, &x));
    x = case_tids[0];
    SHOW(pvm_notify(PvmRouteDelete, 9, 1, &x));
    came("no route", 9);
    SHOW(pvm_notify(PvmRouteDelete | PvmNotifyCancel, 9, 1, &x));
    came("cancelled", 9);
    SHOW(pvm_notify(PvmNotifyCancel, 9, 1, &x));
    SHOW(pvm_notify(6, 9, 1, &x));
    SHOW(pvm_notify(PvmTaskExit | 0x1000, 9, 1, &x));
    pvm_exit();
    return 0;
}
