/* SPDX-License-Identifier: BSD-3-Clause */
/* Trace messages of calls about messages, tasks and hosts, whole, in bundles, as sums; events of the user's own. */
#include "trace.h"

static void messages(void)
{
    int numbers[6] = { 1, 2, 3, 4, 5, 6 };
    struct timeval soon = { 0, 1000 };
    int tids[2] = { pvm_parent(), pvm_mytid() };
    struct pvmminfo info;
    int bytes, tag, from;
    char text[64];
    int bufid;

    pvm_setopt(PvmAutoErr, 0);
    pvm_initsend(PvmDataDefault);
    pvm_mkbuf(PvmDataRaw);
    pvm_initsend(17);
    pvm_getsbuf();
    pvm_getrbuf();
    pvm_pkbyte("abc", 3, 1);
    pvm_pkint(numbers, 2, 2);
    pvm_pkint(numbers, -1, 1);
    pvm_pkstr("text");
    pvm_packf("%d", 7);
    pvm_send(tids[1], 5);
    pvm_send(-5, 3);
    bufid = pvm_recv(tids[1], 5);
    pvm_bufinfo(bufid, &bytes, &tag, &from);
    pvm_bufinfo(9999, &bytes, &tag, &from);
    pvm_getminfo(bufid, &info);
    pvm_setminfo(bufid, &info);
    pvm_upkbyte(text, 3, 1);
    pvm_upkuint((unsigned *)numbers, 2, 1);
    pvm_upkstr(text);
    pvm_unpackf("%d", numbers);
    pvm_upkshort((short *)numbers, 1, 1);
    pvm_nrecv(-1, 77);
    pvm_trecv(-1, 77, &soon);
    pvm_trecv(tids[1], -1, &soon);
    pvm_psend(tids[1], 10, numbers, 3, PVM_INT);
    pvm_precv(tids[1], 10, numbers, 3, PVM_INT, NULL, NULL, NULL);
    pvm_mcast(tids, 2, 33);
    pvm_probe(-1, 78);
    pvm_getopt(PvmRoute);
    pvm_getopt(99);
    pvm_setopt(PvmRoute, PvmDontRoute);
    pvm_setopt(99, 1);
}

static void tasks(void)
{
    char *hosts[] = { "nohost.invalid", NULL };
    char *args[] = { "wait", NULL };
    struct pvmhostinfo *host;
    struct pvmtaskinfo *task;
    int tids[2];
    int infos[1];
    int *list;
    int n, m;

    pvm_setopt(PvmAutoErr, 0);
    pvm_config(&n, &m, &host);
    pvm_delhosts(hosts, 1, infos);
    pvm_mstat("nohost");
    pvm_mstat("alpha");
    pvm_setopt(PvmTraceTid, 0);    /* the next ones are not traced */
    pvm_spawn(CASE_NAME, args, PvmTaskHost, "alpha", 2, tids);
    pvm_spawn("nofile", NULL, PvmTaskDefault, NULL, 1, NULL);
    pvm_tasks(pvm_mytid(), &n, &task);
    pvm_tasks(0x3ffc0000, &n, &task);
    pvm_pstat(tids[0]);
    pvm_notify(PvmTaskExit, 55, 2, tids);
    pvm_notify(PvmHostAdd, 55, 2, NULL);
    pvm_sendsig(tids[0], 0);
    pvm_kill(tids[0]);
    pvm_recv(-1, 55);
    pvm_pstat(tids[0]);
    pvm_sendsig(tids[1], SIGKILL);
    pvm_siblings(&list);
    pvm_start_pvmd(0, NULL, 0);
}

static void few(void)
{
    for (int i = 0; i < 4; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_send(pvm_mytid(), 1);
        pvm_recv(-1, 1);
    }
}

static void user(void)
{
    const double reals[2] = { 1.5, 2.5 };
    const float real = 3.5;
    const short number = 4;
    int ints[3] = { 1, 2, 3 };

    pvm_setopt(PvmAutoErr, 0);
    pvm_initsend(PvmDataTrace);
    pvm_pkint(ints, 1, 1);
    pvm_pkstr("words");
    pvm_pkint(ints, 3, 1);
    pvm_pkint(ints, 0, 1);
    pvm_pkdouble((double *)reals, 2, 1);
    pvm_pkfloat((float *)&real, 1, 1);
    pvm_pkshort((short *)&number, 1, 1);
    pvm_packf("%d", 5);
    pvm_send(PVM_TRACE_TID, 17);
    pvm_send(PVM_TRACE_TID, PVM_TRACE_CODE);
    pvm_initsend(PvmDataDefault);
    pvm_send(PVM_TRACE_TID, PVM_TRACE_CODE);
}

static int play(const char *role)
{
    if (strcmp(role, "messages") == 0)
        messages();
    else if (strcmp(role, "tasks") == 0)
        tasks();
    else if (strcmp(role, "few") == 0)
        few();
    else
        user();
    pvm_exit();
    return 0;
}

int main(int argc, char **argv)
{
    Pvmtmask mask;

    case_roles(argc, argv);
    if (argc > 1)
        return play(argv[1]);
    case_begin();
    trace_mask_outside(mask);
    trace_run("messages", mask, PvmTraceFull, 0);
    TEV_MASK_UNSET(mask, TEV_RECV);    /* of a notice, whose length is another one here */
    trace_run("tasks", mask, PvmTraceFull, 0);
    TEV_MASK_SET(mask, TEV_RECV);
    TEV_MASK_UNSET(mask, TEV_MYTID);
    trace_run("few", mask, PvmTraceFull, 100);
    trace_run("few", mask, PvmTraceFull, 100000);
    trace_run("few", mask, PvmTraceTime, 0);
    trace_run("few", mask, PvmTraceCount, 0);
    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_USER_DEFINED);
    trace_run("user", mask, PvmTraceFull, 1000);
    TEV_MASK_INIT(mask);
    trace_run("user", mask, PvmTraceFull, 0);
    pvm_exit();
    return 0;
}
