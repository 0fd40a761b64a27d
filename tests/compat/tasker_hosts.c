/* SPDX-License-Identifier: BSD-3-Clause */
/* The three ints at the end of SM_STTASK, with a tasker on each of two hosts: which copy of its pvm_spawn each task is,
 * how many of them are on that host, and how many there are. */
#include "case.h"

#include <pvmproto.h>

enum { TAG_READY = 1, TAG_TOLD, TAG_LEAVE };

#define COPIES_MAX 8

static void skip_strings(void)
{
    char text[8192];
    int n;

    pvm_upkint(&n, 1, 1);
    for (int i = 0; i < n; i++)
        pvm_upkstr(text);
}

/* Starts nothing: tells the case of each, then the pvmd that it has ended. */
static void start(int from)
{
    int ints[5], copies[3], zeros[5] = { 0 };
    char path[1024];

    pvm_upkint(ints, 2, 1);
    pvm_upkstr(path);
    skip_strings();
    skip_strings();
    pvm_upkint(copies, 3, 1);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(ints, 1, 1);
    pvm_pkint(copies, 3, 1);
    ints[1] = pvm_upkint(ints + 2, 1, 1);
    pvm_pkint(ints + 1, 1, 1);
    pvm_send(pvm_parent(), TAG_TOLD);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(ints, 1, 1);
    pvm_pkint(zeros, 5, 1);
    pvm_send(from, SM_TASKX);
}

static int tasker(void)
{
    int tag, from, rc;

    pvm_setopt(PvmAutoErr, 0);
    pvm_setopt(PvmResvTids, 1);
    rc = pvm_reg_tasker();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&rc, 1, 1);
    pvm_send(pvm_parent(), TAG_READY);
    do {
        pvm_bufinfo(pvm_recv(-1, -1), NULL, &tag, &from);
        if (tag == SM_STTASK)
            start(from);
    } while (tag != TAG_LEAVE);
    pvm_exit();
    return 0;
}

static void tasker_on(char *host)
{
    char *args[] = { "tasker", NULL };
    int rc;

    if (pvm_spawn(CASE_NAME, args, PvmTaskHost, host, 1, case_tids + case_count) != 1)
        printf("no tasker on %s\n", host);
    pvm_recv(case_tids[case_count++], TAG_READY);
    pvm_upkint(&rc, 1, 1);
    printf("the tasker on %s: %s\n", host, code(rc));
}

/* What was told of tids[i]: in the order of pvm_spawn's tids, for hosts tell at the same time. */
static void show(const int *tids, int n, int told[][5])
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++) {
            if (told[k][0] == tids[i])
                printf("copy %d on host %d: %d %d %d, rest %s\n", i, tids[i] >> 18, told[k][1], told[k][2], told[k][3],
                       code(told[k][4]));
        }
    }
}

static void spawn(int n, int flag, char *where)
{
    int told[COPIES_MAX][5], tids[COPIES_MAX];

    printf("spawn of %d, flags %d <%s>: %d\n", n, flag, where, pvm_spawn(CASE_NAME, NULL, flag, where, n, tids));
    for (int i = 0; i < n; i++) {
        pvm_recv(-1, TAG_TOLD);
        pvm_upkint(told[i], 5, 1);
    }
    show(tids, n, told);
    for (int i = 0; i < n; i++)
        case_await_end(tids[i]);
}

int main(int argc, char **argv)
{
    char *hosts[] = { "beta" };
    int infos[1];

    case_roles(argc, argv);
    if (case_role(argc, argv, "tasker"))
        return tasker();
    case_begin();
    SHOW(pvm_addhosts(hosts, 1, infos));
    tasker_on("alpha");
    tasker_on("beta");
    spawn(1, PvmTaskDefault, "");
    spawn(2, PvmTaskDefault, "");
    spawn(5, PvmTaskDefault, "");
    spawn(6, PvmTaskDefault, "");
    spawn(3, PvmTaskHost, "beta");
    spawn(3, PvmTaskHost, "alpha");
    spawn(2, PvmTaskHost + PvmHostCompl, "alpha");
    for (int i = 0; i < case_count; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_send(case_tids[i], TAG_LEAVE);
        case_await_end(case_tids[i]);
    }
    pvm_exit();
    return 0;
}
