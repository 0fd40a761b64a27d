/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_notify of task ends: bad arguments, dead and unknown tasks, twice, cancelled, contexts of tags. */
#include "case.h"

static void show_notice(int tag)
{
    struct timeval limit = { 3, 0 };
    int from, got, tid = 0;

    got = pvm_trecv(-1, tag, &limit);
    if (got <= 0) {
        printf("tag %d: nothing\n", tag);
        return;
    }
    pvm_bufinfo(got, NULL, NULL, &from);
    pvm_upkint(&tid, 1, 1);
    printf("tag %d from %s about %s\n", tag, who(from), who(tid));
}

static void none(int tag)
{
    struct timeval limit = { 0, 200000 };

    printf("tag %d: %s\n", tag, pvm_trecv(-1, tag, &limit) == 0 ? "no more" : "one more");
}

int main(int argc, char **argv)
{
    int dead, zero = 0, far = 0x7c0001, pvmd = (int)0x80040000;

    case_roles(argc, argv);
    case_begin();
    SHOW(pvm_notify(0, 1, 1, &zero));
    SHOW(pvm_notify(6, 1, 1, &zero));
    SHOW(pvm_notify(PvmTaskExit, -1, 1, &case_me));
    SHOW(pvm_notify(PvmTaskExit, 1, 0, &case_me));
    SHOW(pvm_notify(PvmTaskExit, 1, -1, &case_me));
    SHOW(pvm_notify(PvmTaskExit, 1, 1, &zero));
    SHOW(pvm_notify(PvmTaskExit, 1, 1, &pvmd));
    SHOW(pvm_notify(PvmTaskExit | 512, 1, 1, &case_me));
    dead = case_dead();
    SHOW(pvm_notify(PvmTaskExit, 10, 1, &dead));
    show_notice(10);
    SHOW(pvm_notify(PvmTaskExit, 11, 1, &far));
    show_notice(11);
    case_spawn("wait", 2);
    SHOW(pvm_notify(PvmTaskExit, 12, 2, case_tids + 1));
    SHOW(pvm_notify(PvmTaskExit, 12, 1, case_tids + 1));
    none(12);
    pvm_kill(case_tids[1]);
    show_notice(12);
    show_notice(12);
    none(12);
    SHOW(pvm_notify(PvmTaskExit | PvmNotifyCancel, 12, 1, case_tids + 2));
    show_notice(12);
    pvm_kill(case_tids[2]);
    case_await_end(case_tids[2]);
    none(12);
    SHOW(pvm_notify(PvmTaskExit | PvmNotifyCancel, 99, 1, case_tids + 2));
    none(99);
    SHOW(pvm_notify(PvmTaskExit, 13, 1, &case_me));
    none(13);
    pvm_exit();
    return 0;
}
