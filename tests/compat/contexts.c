/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts: who has them, what they match, what goes along with pvm_spawn, groups and notices. And clocks, architectures,
 * and tasks that reset spares. */
#include "case.h"

static int child(void)
{
    int ctx[4];

    ctx[0] = pvm_getcontext();    /* before it has done anything else */
    case_begin();
    ctx[1] = pvm_getcontext();
    ctx[2] = pvm_newcontext();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(ctx, 3, 1);
    pvm_send(pvm_parent(), 1);
    pvm_recv(pvm_parent(), 2);
    pvm_upkint(ctx, 1, 1);
    ctx[1] = pvm_freecontext(ctx[0]);
    pvm_setcontext(PvmBaseContext);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(ctx + 1, 1, 1);
    pvm_send(pvm_parent(), 3);
    pvm_exit();
    return 0;
}

static void send(int ctx, int tag)
{
    int old = pvm_setcontext(ctx);

    pvm_initsend(PvmDataDefault);
    pvm_send(case_me, tag);
    pvm_setcontext(old);
}

static void matching(void)
{
    struct pvmminfo info;
    int order[3], bufid, old;

    puts("-- matching");
    send(5, 1);
    send(6, 2);
    send(0, 3);
    printf("in 0: %s", sign(pvm_nrecv(-1, 1)));
    printf(" %s, ", sign(pvm_nrecv(-1, 2)));
    for (int i = 0; i < 200 && (bufid = pvm_probe(-1, 3)) == 0; i++)
        usleep(1000);
    printf("its own %s\n", sign(bufid));
    pvm_setcontext(6);
    printf("in 6: %s", sign(pvm_nrecv(-1, 1)));
    printf(" %s", sign(pvm_nrecv(-1, 3)));
    printf(" %s\n", sign(pvm_nrecv(-1, 2)));
    pvm_setcontext(-1);
    for (int i = 0; i < 2; i++) {
        bufid = pvm_recv(-1, -1);
        pvm_getminfo(bufid, &info);
        printf("in -1: ctx %d tag %d\n", info.ctx, info.tag);
    }
    pvm_setcontext(0);
    old = pvm_setcontext(1 << 30);
    printf("any number: %d %d\n", old, pvm_setcontext(-77));
    printf("negative: %d\n", pvm_setcontext(0));
    (void)order;
}

static void elsewhere(int ctx)
{
    int dead = case_dead(), tid = 0, bufid, sum = 3;
    struct pvmminfo info;

    puts("-- in groups and notices");
    pvm_setcontext(ctx);
    printf("join %s", code(pvm_joingroup("g")));
    printf(" size %s", code(pvm_gsize("g")));
    printf(" barrier %s\n", code(pvm_barrier("g", 1)));
    printf("reduce %s", code(pvm_reduce(PvmSum, &sum, 1, PVM_INT, 7, "g", 0)));
    printf(", context stays %d\n", pvm_getcontext() == ctx);
    pvm_lvgroup("g");
    pvm_notify(PvmTaskExit, 8, 1, &dead);
    pvm_setcontext(0);
    printf("a notice has the context of its request: %s", sign(pvm_nrecv(-1, 8)));
    pvm_setcontext(ctx);
    bufid = pvm_recv(-1, 8);
    pvm_getminfo(bufid, &info);
    pvm_upkint(&tid, 1, 1);
    printf(" then %d %d\n", info.ctx == ctx, tid == dead);
    pvm_setcontext(0);
}

static void clocks(void)
{
    struct timeval clk = { 1, 1 }, delta = { 99, 99 };

    puts("-- clocks and architectures");
    printf("own host %s", code(pvm_hostsync(case_me, &clk, &delta)));
    printf(" near %d, delta small %d\n", clk.tv_sec > 1000000000, delta.tv_sec == 0 || delta.tv_sec == -1);
    printf("its tid %s", code(pvm_hostsync(pvm_tidtohost(case_me), &clk, NULL)));
    printf(", without results %s\n", code(pvm_hostsync(case_me, NULL, NULL)));
    printf("of a pvmd %s\n", code(pvm_hostsync((int)0x80000000 | pvm_tidtohost(case_me), NULL, NULL)));
    printf("a tid that nobody has %s\n", code(pvm_hostsync(pvm_tidtohost(case_me) | 0x3ffff, NULL, NULL)));
    LINES(pvm_hostsync(0, NULL, NULL), "hostsync, 0");
    LINES(pvm_hostsync(-1, NULL, NULL), "hostsync, -1");
    LINES(pvm_hostsync(0x3ffc0000, NULL, NULL), "hostsync, unknown host");
    printf("archcode is a signature: %d\n", pvm_archcode("LINUX64") > 0);
    LINES(pvm_archcode("NONE"), "archcode, unknown");
    LINES(pvm_archcode(""), "archcode, empty");
    LINES(pvm_archcode(NULL), "archcode, NULL");
    LINES(pvm_freecontext(99), "freecontext, another's");
}

static void noresets(void)
{
    int *tids, count = -1;

    puts("-- PvmNoReset");
    printf("first %s", code(pvm_getnoresets(&tids, &count)));
    printf(" %d, value %d\n", count, pvm_getopt(PvmNoReset));
    printf("set 5 %s", code(pvm_setopt(PvmNoReset, 5)));
    printf(", get %d\n", pvm_getopt(PvmNoReset));
    pvm_getnoresets(&tids, &count);
    printf("list %d %s\n", count, who(tids[0]));
    printf("set 1 %s", code(pvm_setopt(PvmNoReset, 1)));
    pvm_getnoresets(NULL, &count);
    printf(" list %d\n", count);
    printf("set 0 %s", code(pvm_setopt(PvmNoReset, 0)));
    pvm_getnoresets(NULL, &count);
    printf(" list %d get %d\n", count, pvm_getopt(PvmNoReset));
    pvm_setopt(PvmNoReset, 1);
    pvm_exit();
    printf("after pvm_exit: get %d", pvm_getopt(PvmNoReset));
    case_me = pvm_mytid();
    pvm_getnoresets(NULL, &count);
    printf(" list %d\n", count);
}

int main(int argc, char **argv)
{
    int ctx[4], rc;

    case_roles(argc, argv);
    if (argc > 1)
        return child();
    printf("at first %d", pvm_getcontext());
    printf(", set 3: %d\n", pvm_setcontext(3));
    case_begin();
    printf("after enrolment %d\n", pvm_getcontext());
    pvm_setcontext(0);
    for (int i = 0; i < 3; i++)
        ctx[i] = pvm_newcontext();
    printf("new ones count up: %d %d, current %d\n", ctx[1] - ctx[0], ctx[2] - ctx[0], pvm_getcontext());
    printf("the host's: %d\n", pvm_tidtohost(ctx[0]) == pvm_tidtohost(case_me));
    printf("free %s", code(pvm_freecontext(ctx[2])));
    printf(", again %s, ", code(pvm_freecontext(ctx[2])));
    printf("-1 %s", code(pvm_freecontext(-1)));
    printf(", 12345 %s\n", code(pvm_freecontext(12345)));
    printf("freecontext(0) makes one: %d\n", pvm_freecontext(0) - ctx[0]);
    pvm_setcontext(ctx[1]);
    printf("free the current one %s", code(pvm_freecontext(ctx[1])));
    printf(", it stays %d\n", pvm_getcontext() == ctx[1]);

    case_spawn("child", 1);
    pvm_recv(case_tids[0], 1);
    pvm_upkint(ctx + 1, 3, 1);
    printf("a child starts in it: %d", ctx[1] == pvm_getcontext());
    printf(" %d", ctx[2] == pvm_getcontext());
    printf(", and its new one is %d\n", ctx[3] - ctx[0]);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(ctx, 1, 1);
    pvm_send(case_tids[0], 2);
    pvm_setcontext(PvmBaseContext);
    pvm_recv(case_tids[0], 3);
    pvm_upkint(&rc, 1, 1);
    printf("it frees mine: %s\n", code(rc));
    matching();
    elsewhere(ctx[0]);
    clocks();
    noresets();
    pvm_exit();
    return 0;
}
