/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program as it was written in 1995, in what C of 1989 and C++ have in common: strings in char *, literals given
 * where a name belongs, every function. It must compile and link without a warning; it is not run.
 */
#include "pvm3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pvmproto.h"
#include "pvmtev.h"

static char name[] = "a name";
static const char *literal = "another";
static int tids[8];

static int handler(int mid)
{
    return mid;
}

static int match(int bufid, int tid, int tag)
{
    return bufid > 0 && tid == -1 && tag == -1;
}

static void longest(int *datatype, void *x, void *y, int *num, int *info)
{
    int i;

    for (i = 0; *datatype == PVM_INT && i < *num; i++)
        if (((int *)y)[i] > ((int *)x)[i])
            ((int *)x)[i] = ((int *)y)[i];
    *info = PvmOk;
}

static void tasks_and_hosts(int argc, char **argv)
{
    char *hosts[2];
    int infos[2];
    int nhost, narch, ntask, *siblings, i;
    struct pvmhostinfo *hostp;
    struct pvmtaskinfo *taskp;
    struct timeval clk, delta;

    hosts[0] = name;
    hosts[1] = argv[0];
    pvm_spawn("worker", argv + 1, PvmTaskHost | PvmHostCompl, "here", 8, tids);
    pvm_spawn(name, (char **)0, PvmTaskDefault, (char *)0, 1, (int *)0);
    pvm_siblings(&siblings);
    pvm_addhosts(hosts, 2, infos);
    pvm_delhosts(hosts, 2, infos);
    pvm_mstat("somewhere");
    pvm_mstat(hosts[0]);
    pvm_archcode("LINUX64");
    pvm_hostsync(pvm_tidtohost(pvm_mytid()), &clk, &delta);
    if (pvm_config(&nhost, &narch, &hostp) == PvmOk)
        for (i = 0; i < nhost; i++)
            printf("%x %s %s %d %x\n", hostp[i].hi_tid, hostp[i].hi_name, hostp[i].hi_arch, hostp[i].hi_speed,
                   hostp[i].hi_dsig);
    if (pvm_tasks(0, &ntask, &taskp) == PvmOk)
        for (i = 0; i < ntask; i++)
            printf("%x %x %x %x %s %d\n", taskp[i].ti_tid, taskp[i].ti_ptid, taskp[i].ti_host, taskp[i].ti_flag,
                   taskp[i].ti_a_out, taskp[i].ti_pid);
    pvm_export("DISPLAY");
    pvm_unexport(name);
    pvm_start_pvmd(argc, argv, 1);
    pvm_kill(tids[0]);
    pvm_sendsig(tids[0], 15);
    pvm_pstat(pvm_parent());
    pvm_notify(PvmTaskExit | PvmNotifyCancel, 1, 8, tids);
    pvm_tickle(1, tids, &ntask, infos);
    pvm_reg_hoster();
    pvm_reg_tasker();
    pvm_reg_rm(&hostp);
    pvm_halt();
}

static void packing(void)
{
    char c[8];
    short s[2];
    unsigned short us[2];
    int i[2];
    unsigned int ui[2];
    long l[2];
    unsigned long ul[2];
    float f[4];
    double d[4];

    memset(c, 0, sizeof(c));
    pvm_initsend(PvmDataDefault);
    pvm_pkbyte("literal", 7, 1);
    pvm_pkbyte(c, 8, 1);
    pvm_pkstr("literal");
    pvm_pkstr(name);
    pvm_upkbyte(c, 8, 1);
    pvm_upkstr(c);
    pvm_upkshort(s, 2, 1);
    pvm_pkshort(s, 2, 1);
    pvm_upkushort(us, 2, 1);
    pvm_pkushort(us, 2, 1);
    pvm_upkint(i, 2, 1);
    pvm_pkint(i, 2, 1);
    pvm_upkuint(ui, 2, 1);
    pvm_pkuint(ui, 2, 1);
    pvm_upklong(l, 2, 1);
    pvm_pklong(l, 2, 1);
    pvm_upkulong(ul, 2, 1);
    pvm_pkulong(ul, 2, 1);
    pvm_upkfloat(f, 4, 1);
    pvm_pkfloat(f, 4, 1);
    pvm_upkcplx(f, 2, 1);
    pvm_pkcplx(f, 2, 1);
    pvm_upkdouble(d, 4, 1);
    pvm_pkdouble(d, 4, 1);
    pvm_upkdcplx(d, 2, 1);
    pvm_pkdcplx(d, 2, 1);
    pvm_packf("%+ %d %s", PvmDataRaw, 5, name);
    pvm_unpackf("%d %s", &i[0], c);
}

static void messages(void)
{
    struct pvmminfo info;
    struct timeval tmout;
    int bufid, bytes, tag, tid, *fds;
    int (*before)(int, int, int);

    bufid = pvm_mkbuf(PvmDataInPlace);
    pvm_setsbuf(bufid);
    pvm_setrbuf(pvm_getsbuf());
    pvm_freebuf(pvm_getrbuf());
    pvm_send(tids[0], 1);
    pvm_mcast(tids, 8, 1);
    pvm_psend(tids[0], 1, "bytes", 5, PVM_BYTE);
    pvm_psend(tids[0], 1, (void *)tids, 8, PVM_INT);
    bufid = pvm_recv(-1, -1);
    pvm_bufinfo(bufid, &bytes, &tag, &tid);
    pvm_getminfo(bufid, &info);
    pvm_setminfo(bufid, &info);
    pvm_nrecv(-1, -1);
    tmout.tv_sec = tmout.tv_usec = 0;
    pvm_trecv(-1, -1, &tmout);
    pvm_probe(-1, -1);
    pvm_precv(-1, -1, (void *)tids, 8, PVM_INT, &tid, &tag, &bytes);
    before = pvm_recvf(match);
    pvm_recvf(before);
    pvm_getfds(&fds);
    pvm_pkmesg(bufid);
    pvm_pkmesgbody(bufid);
    pvm_upkmesg();
    pvm_delmhf(pvm_addmhf(-1, -1, -1, handler));
#ifdef PVM33COMPAT
    pvm_setmwid(bufid, pvm_getmwid(bufid));
#endif
}

static void mailbox_and_contexts(void)
{
    struct pvmmboxinfo *classes;
    int nclasses, ntids, *list, data, i;

    pvm_putinfo("a class", pvm_getsbuf(), PvmMboxDefault);
    pvm_putinfo(name, pvm_getsbuf(), PvmMboxMultiInstance | (int)PvmMboxDirectIndex(3));
    pvm_recvinfo("a class", 0, PvmMboxWaitForInfo);
    pvm_delinfo(name, 0, PvmMboxDefault);
    if (pvm_getmboxinfo("*", &nclasses, &classes) == PvmOk)
        for (i = 0; i < nclasses && classes[i].mi_nentries > 0; i++)
            printf("%s %d %d %x\n", classes[i].mi_name, classes[i].mi_indices[0], classes[i].mi_owners[0],
                   classes[i].mi_flags[0]);
    pvm_insert("a class", -1, 7);
    pvm_lookup("a class", -1, &data);
    pvm_delete("a class", 0);
    pvm_getnoresets(&list, &ntids);
    pvm_setcontext(pvm_newcontext());
    pvm_freecontext(pvm_getcontext());
}

static void groups(void)
{
    pvm_joingroup("group");
    pvm_joingroup(name);
    pvm_lvgroup("group");
    pvm_gsize("group");
    pvm_getinst("group", pvm_gettid("group", 0));
    pvm_barrier("group", 2);
    pvm_bcast("group", 1);
    pvm_freezegroup("group", 2);
    pvm_reduce(PvmMax, (void *)tids, 8, PVM_INT, 1, "group", 0);
    pvm_reduce(PvmMin, tids, 8, PVM_INT, 1, name, 0);
    pvm_reduce(PvmSum, tids, 8, PVM_INT, 1, name, 0);
    pvm_reduce(PvmProduct, tids, 8, PVM_INT, 1, name, 0);
    pvm_reduce(longest, tids, 8, PVM_INT, 1, name, 0);
    pvm_gather((void *)tids, (void *)tids, 1, PVM_INT, 1, "group", 0);
    pvm_scatter(tids, tids, 1, PVM_INT, 1, name, 0);
}

static void options_and_errors(void)
{
    Pvmtmask mask;
    char file[PVMTMPNAMLEN];

    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_SEND);
    TEV_MASK_UNSET(mask, TEV_SEND);
    if (TEV_MASK_CHECK(mask, TEV_RECV))
        printf("receives are traced\n");
    pvm_gettmask(PvmTaskSelf, mask);
    pvm_settmask(PvmTaskChild, mask);
    pvm_reg_tracer(0, 1, 0, 2, mask, 0, PvmTraceFull);
    pvm_setopt(PvmRoute, PvmRouteDirect);
    pvm_getopt(PvmAutoErr);
    pvm_catchout(stdout);
    pvm_catchout(NULL);
    pvm_perror("literal");
    pvm_perror(name);
    printf("%s %s %s %s %s\n", pvm_strerror(), pvm_version(), pvmgetrsh(), pvmgettmp(), literal);
#ifdef NOTMPNAM
    printf("%s\n", PVMTMPNAMFUN(file));
#else
    printf("%lu\n", (unsigned long)sizeof(file));
#endif
}

int main(int argc, char **argv)
{
    tasks_and_hosts(argc, argv);
    packing();
    messages();
    mailbox_and_contexts();
    groups();
    options_and_errors();
    pvm_exit();
    return SM_FIRST == SYSCTX_FIRST;
}
