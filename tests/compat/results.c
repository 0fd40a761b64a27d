/* SPDX-License-Identifier: BSD-3-Clause */
/* Results that no other case shows: codes in lists, groups that are frozen, left, or have holes. */
#include "case.h"

#include <pvmtev.h>

static void one_spawn(const char *task, int flag, const char *where)
{
    int tid = 0, rc = pvm_spawn((char *)task, NULL, flag, (char *)where, 1, &tid);

    printf("pvm_spawn(\"%s\", %d, \"%s\"): %s\n", task, flag, where, rc == 1 ? "1" : code(tid));
    if (rc == 1)
        pvm_kill(tid);
}

static void lists_of_hosts(void)
{
    char *add[] = { "nosuchhost.invalid", "alpha", "alpha xx=1" };
    char *gone[] = { "nosuchmember", "alpha", "nosuchmember" };
    int info = 0;

    for (int i = 0; i < 3; i++) {
        pvm_addhosts(&add[i], 1, &info);
        printf("pvm_addhosts(\"%s\"): %s\n", add[i], code(info));
    }
    for (int i = 0; i < 2; i++) {
        SHOW(pvm_delhosts(&gone[i], 1, &info));
        printf("pvm_delhosts(\"%s\"): %s\n", gone[i], code(info));
    }
    {
        int infos[3] = { 0, 0, 0 };

        pvm_delhosts(gone, 3, infos);
        printf("pvm_delhosts(the same twice): %s\n", code(infos[2]));
    }
}

/* A child without a parent, which comes late to a frozen group: it tells its results to argv[2]. */
static int late(const char *asker)
{
    int results[2];

    pvm_setopt(PvmAutoErr, 0);
    results[0] = pvm_parent();
    results[1] = pvm_joingroup("frozen");
    pvm_initsend(PvmDataDefault);
    pvm_pkint(results, 2, 1);
    pvm_send(atoi(asker), 98);
    pvm_exit();
    return 0;
}

static void without_a_parent(void)
{
    char me[16];
    char *args[] = { "late", me, NULL };
    int results[2] = { 0, 0 }, tid = 0;

    snprintf(me, sizeof(me), "%d", case_me);
    pvm_spawn(CASE_NAME, args, PvmNoSpawnParent, "", 1, &tid);
    pvm_recv(tid, 98);
    pvm_upkint(results, 2, 1);
    printf("pvm_parent(without one): %s\n", code(results[0]));
    printf("pvm_joingroup(frozen): %s\n", code(results[1]));
}

/* Two members; the second one freezes, too. */
static int member(void)
{
    int data[4] = { 0, 0, 0, 0 }, all[8];

    pvm_setopt(PvmAutoErr, 0);
    pvm_joingroup("frozen");
    pvm_joingroup("open");
    pvm_barrier("open", 2);
    pvm_freezegroup("frozen", 2);
    pvm_barrier("frozen", 2);
    pvm_gather(all, data, 2, PVM_INT, 6, "open", 0);
    pvm_scatter(data, all, 2, PVM_INT, 7, "open", 0);
    pvm_recv(-1, 99);
    pvm_exit();
    return 0;
}

static void frozen_groups(void)
{
    int data[4] = { 1, 2, 3, 4 }, all[8] = { 0 }, other;

    case_spawn("member", 1);
    other = case_tids[case_count - 1];
    while (pvm_getinst("frozen", other) < 0)
        usleep(2000);
    while (pvm_gsize("open") < 1)
        usleep(2000);
    SHOW(pvm_freezegroup("nosuchgroup", 1));
    SHOW(pvm_freezegroup("frozen", 2));
    SHOW(pvm_joingroup("frozen"));
    SHOW(pvm_joingroup("frozen"));
    SHOW(pvm_joingroup("open"));
    SHOW(pvm_barrier("open", 2));
    SIGN(pvm_freezegroup("frozen", 2));
    SHOW(pvm_freezegroup("frozen", 2));
    SHOW(pvm_barrier("frozen", 2));
    without_a_parent();
    SHOW(pvm_gather(all, data, 2, PVM_INT, 6, "open", 0));
    SHOW(pvm_scatter(data, all, 2, PVM_INT, 7, "open", 0));
    SIGN(pvm_gettid("open", 1));
    SHOW(pvm_gather(all, data, 2, PVM_INT, 6, "nosuchgroup", 0));
    SHOW(pvm_scatter(data, all, 2, PVM_INT, 7, "nosuchgroup", 0));
    SHOW(pvm_scatter(data, all, 2, PVM_INT, 7, "open", 9));
    SHOW(pvm_lvgroup("open"));
    SHOW(pvm_gather(all, data, 2, PVM_INT, 6, "open", 0));
    SHOW(pvm_scatter(data, all, 2, PVM_INT, 7, "open", 0));
    SHOW(pvm_reduce(PvmSum, data, 2, PVM_INT, 7, "open", 0));
    pvm_initsend(PvmDataDefault);
    pvm_send(other, 99);
}

static int never(int mid)
{
    return mid;
}

static int child(void)
{
    int parent = pvm_parent();

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&parent, 1, 1);
    pvm_send(parent, 97);
    pvm_exit();
    return 0;
}

static void single_calls(void)
{
    Pvmtmask mask;
    int parent = 0, x = 1, b;

    case_spawn("child", 1);
    pvm_recv(case_tids[case_count - 1], 97);
    pvm_upkint(&parent, 1, 1);
    printf("pvm_parent(of a child): %s\n", parent == case_me ? "positive" : code(parent));
    SHOW(pvm_gettmask(PvmTaskSelf, mask));
    SHOW(pvm_settmask(PvmTaskSelf, mask));
    SHOW(pvm_gettmask(7, mask));
    SHOW(pvm_settmask(7, mask));
    SIGN(pvm_newcontext());
    SHOW(pvm_delmhf(pvm_addmhf(-1, 12345, 12345, never)));
    printf("pvm_addmhf(nobody else's): %s\n", pvm_addmhf(-1, 12345, 12345, never) >= 0 ? "positive" : "refused");
    printf("pvm_recvf(NULL): %s\n", pvm_recvf(NULL) != NULL ? "positive" : "none");
    printf("pvmgetrsh(): %s\n", pvmgetrsh() != NULL ? "positive" : "none");
    printf("pvmgettmp(): %s\n", pvmgettmp() != NULL ? "positive" : "none");
    b = pvm_mkbuf(PvmDataDefault);
    pvm_initsend(PvmDataDefault);
    pvm_pkmesg(b);
    pvm_send(case_me, 96);
    pvm_recv(case_me, 96);
    SIGN(pvm_upkmesg());
    SHOW(pvm_joingroup("single"));
    SHOW(pvm_barrier("single", 0));
    SHOW(pvm_freezegroup("single", 0));
    SHOW(pvm_lookup("nosuchclass", 0, &x));
    SHOW(pvm_insert("", 0, 1));
}

static void functions_of_reduce(void)
{
    static void (*const functions[])(int *, void *, void *, int *, int *) = { PvmMax, PvmMin, PvmSum, PvmProduct };
    static const char *const names[] = { "PvmMax", "PvmMin", "PvmSum", "PvmProduct" };
    int types[] = { PVM_INT, PVM_STR }, x[2], y[2] = { 3, 4 }, n = 2, info;

    for (int f = 0; f < 4; f++)
        for (int t = 0; t < 2; t++) {
            x[0] = x[1] = 5;
            info = 1;
            functions[f](&types[t], x, y, &n, &info);
            printf("%s(type %d): %s\n", names[f], types[t], code(info));
        }
}

int main(int argc, char **argv)
{
    if (case_role(argc, argv, "member"))
        return member();
    if (case_role(argc, argv, "late"))
        return late(argv[2]);
    if (case_role(argc, argv, "child"))
        return child();
    case_roles(argc, argv);
    case_begin();
    one_spawn("nosuchprogram", PvmTaskDefault, "");
    one_spawn("nosuchprogram", PvmTaskHost, "nosuchhost");
    one_spawn("nosuchprogram", PvmTaskArch, "NOARCH");
    lists_of_hosts();
    functions_of_reduce();
    single_calls();
    frozen_groups();
    SIGN(pvm_tidtohost(case_me));
    SIGN(pvm_mytid());
    SHOW(pvm_hostsync(0, NULL, NULL));
    SHOW(pvm_start_pvmd(0, NULL, 0));
    SHOW(strcmp(pvm_version(), "3.4.6"));
    SHOW(pvm_strerror() == NULL);
    pvm_exit();
    return 0;
}
