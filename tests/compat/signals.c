/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_kill and pvm_sendsig: dead, unknown, nonsense, oneself. */
#include "case.h"

static volatile sig_atomic_t got;

static void on_signal(int signum)
{
    got = signum;
}

int main(int argc, char **argv)
{
    int dead, tid;

    case_roles(argc, argv);
    case_begin();
    SHOW(pvm_kill(0));
    SHOW(pvm_kill(-1));
    SHOW(pvm_kill(0x40000));
    SHOW(pvm_kill((int)0x80040000));
    SHOW(pvm_kill(0x7c0001));
    dead = case_dead();
    SHOW(pvm_kill(dead));
    SHOW(pvm_sendsig(dead, 9));
    SHOW(pvm_sendsig(case_me, 0));
    SHOW(pvm_sendsig(case_me, 9999));
    SHOW(pvm_sendsig(0, 1));
    case_spawn("wait", 1);
    tid = case_tids[case_count - 1];
    SHOW(pvm_pstat(tid));
    SHOW(pvm_kill(tid));
    case_await_end(tid);
    SHOW(pvm_pstat(tid));
    signal(SIGUSR1, on_signal);
    signal(SIGTERM, on_signal);
    SHOW(pvm_sendsig(case_me, SIGUSR1));
    while (got != SIGUSR1)
        usleep(1000);
    SHOW(pvm_kill(case_me));
    while (got != SIGTERM)
        usleep(1000);
    printf("both came\n");
    pvm_exit();
    return 0;
}
