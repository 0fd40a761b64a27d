/* SPDX-License-Identifier: BSD-3-Clause */
/* What a resource manager is answered and told of hosts: SM_ADD of some that cannot be added, SM_EXEC on another host,
 * SM_HOSTX; and SM_HANDOFF, which gives its tasks to another manager. */
#include "case.h"

#include <pvmproto.h>

#define PVMD(host) ((int)(0x80000000u | (unsigned)(host) << 18))

enum { TAG_GO = 1, TAG_TOLD, TAG_LEAVE, TAG_SERVING, TAG_COUNT, TAG_ENDED };

static int ended;    /* tasks of which this manager was told, by SM_TASKX */

static void put_int(int value)
{
    pvm_pkint(&value, 1, 1);
}

static int take_int(void)
{
    int value = -77;

    pvm_upkint(&value, 1, 1);
    return value;
}

static int begin(int wid)
{
    struct pvmminfo info;
    int buf = pvm_initsend(PvmDataDefault);

    pvm_getminfo(buf, &info);
    info.wid = wid;
    pvm_setminfo(buf, &info);
    return buf;
}

/* What no message of ours is: from whom, with which wait id. */
static void await(int tag, const char *name)
{
    struct pvmminfo info;
    struct timeval limit = { 20, 0 };
    int buf = pvm_trecv(-1, tag, &limit);

    if (buf <= 0) {
        printf("%s: %s\n", name, code(buf));
        return;
    }
    pvm_getminfo(buf, &info);
    printf("%s from the pvmd of %d, context %d, wait id %d:", name, info.src == (int)0x80000000 ? 0 : info.src >> 18 & 0xfff,
           info.ctx, info.wid);
}

/* ---- hosts ---- */

static void take_added(void)
{
    char name[256] = "?", arch[256] = "?", own_arch[256] = "";
    struct pvmhostinfo *hosts;
    int n = take_int();

    pvm_config(NULL, NULL, &hosts);
    strcpy(own_arch, hosts[0].hi_arch);
    printf(" %s, formats", code(n));
    printf(" %d\n", take_int());
    for (int i = 0; i < n; i++) {
        int tid = take_int(), speed, dsig;

        pvm_upkstr(name);
        pvm_upkstr(arch);
        speed = take_int();
        dsig = take_int();
        printf(" %s <%s> arch <%s> speed %d dsig %s\n", sign(tid), name, strcmp(arch, own_arch) == 0 ? "own" : arch,
               speed, dsig == hosts[0].hi_dsig ? "own" : code(dsig));
    }
    printf("rest: %s\n", code(pvm_upkint(&n, 1, 1)));
}

static void add(int n, const char *const lines[])
{
    begin(4242);
    put_int(n);
    for (int i = 0; i < n; i++)
        pvm_pkstr((char *)lines[i]);
    SHOW(pvm_send(PVMD(1), SM_ADD));
    await(SM_ADDACK, "SM_ADDACK");
    take_added();
}

static void exec_on(int host, const char *file, int copies)
{
    int n;

    begin(99);
    put_int(case_me);
    pvm_pkstr((char *)file);
    put_int(0);
    put_int(copies);
    put_int(1);
    pvm_pkstr("die");
    for (int i = 0; i < 6; i++)
        put_int(0);
    put_int(0);
    put_int(3);
    put_int(copies);
    put_int(copies + 5);
    SHOW(pvm_send(PVMD(host), SM_EXEC));
    await(SM_EXECACK, "SM_EXECACK");
    n = take_int();
    printf(" %d", n);
    for (int i = 0; i < n; i++) {
        int tid = take_int();

        printf(" %s%s", sign(tid), tid > 0 && tid >> 18 == host ? " there" : "");
    }
    printf(", rest %s\n", code(pvm_upkint(&n, 1, 1)));
}

static void show_taskx(int count)
{
    for (int i = 0; i < count; i++) {
        await(SM_TASKX, "SM_TASKX");
        printf(" host %d", take_int() >> 18);
        printf(", status %d", take_int());
        printf(", %d %d", take_int() >= 0, take_int() >= 0);
        printf(" %d %d", take_int() >= 0, take_int() >= 0);
        printf(", rest %d\n", take_int());
    }
}

static void hosts(void)
{
    static const char *const some[] = { "beta", "no.such.host.invalid", "gamma dx=/nonexistent/pvmd", "beta", "bad xx=1" };
    static const char *const none[] = { "no.such.host.invalid" };
    char *gone[] = { "beta" };
    int infos[1];

    add(5, some);
    add(1, none);
    exec_on(2, CASE_NAME, 2);
    show_taskx(2);
    exec_on(1, "there is no such program", 1);
    printf("pvm_delhosts: %d", pvm_delhosts(gone, 1, infos));
    printf(" %s\n", code(infos[0]));
    await(SM_HOSTX, "SM_HOSTX");
    printf(" host %d", take_int() >> 18 & 0xfff);
    printf(", rest %d\n", take_int());
}

/* ---- handing off ---- */

/* Answers SM_CONFIG with a host of the manager's name, SM_SCHED with one, too. */
static void answer(const char *name, const struct pvmminfo *info)
{
    begin(info->wid);
    put_int(info->tag == SM_CONFIG ? 1 : 4711);
    if (info->tag == SM_CONFIG)
        put_int(1);
    put_int(0x40000);
    pvm_pkstr((char *)name);
    pvm_pkstr("SOMETHING");
    put_int(77);
    if (info->tag == SM_CONFIG)
        put_int(0x00408c41);
    pvm_send(info->src, info->tag);
}

/* Serves until a message with tag stop comes, which is the active one then. */
static void serve(const char *name, int stop)
{
    struct pvmminfo info;

    for (;;) {
        pvm_getminfo(pvm_recv(-1, -1), &info);
        if (info.tag == SM_CONFIG || info.tag == SM_SCHED)
            answer(name, &info);
        if (info.tag == SM_TASKX)
            ended++;
        if (info.tag == TAG_COUNT && stop != TAG_COUNT) {
            pvm_initsend(PvmDataDefault);
            put_int(ended);
            pvm_send(info.src, TAG_COUNT);
        }
        if (info.tag == stop)
            return;
    }
}

static int heir(void)
{
    int rc;

    pvm_setopt(PvmAutoErr, 0);
    pvm_setopt(PvmResvTids, 1);
    rc = pvm_reg_rm(NULL);
    pvm_initsend(PvmDataDefault);
    put_int(rc == pvm_parent() ? 1 : rc);
    pvm_send(pvm_parent(), TAG_SERVING);
    serve("heir", TAG_LEAVE);
    pvm_exit();
    return 0;
}

/* Tells which manager answers it, each time it is asked. */
static int client(void)
{
    struct pvmhostinfo *list = NULL;
    int n = 0, tag;

    pvm_setopt(PvmAutoErr, 0);
    pvm_mytid();
    do {
        int rc = pvm_config(&n, NULL, &list);

        pvm_initsend(PvmDataDefault);
        put_int(rc);
        pvm_pkstr(rc == PvmOk ? list[0].hi_name : "");
        pvm_send(pvm_parent(), TAG_TOLD);
        pvm_bufinfo(pvm_recv(pvm_parent(), -1), NULL, &tag, NULL);
    } while (tag != TAG_LEAVE);
    pvm_exit();
    return 0;
}

static void client_says(const char *which)
{
    char name[256] = "?";
    int rc;

    serve("first", TAG_TOLD);
    rc = take_int();
    pvm_upkstr(name);
    printf("%s client: %s", which, code(rc));
    printf(" <%s>\n", name);
}

static void ask(int tid)
{
    pvm_initsend(PvmDataDefault);
    pvm_send(tid, TAG_GO);
}

static void hand_off(int to)
{
    begin(0);
    put_int(to);
    SHOW(pvm_send(PVMD(1), SM_HANDOFF));
}

/* A client ends: who is told? */
static void leave(int tid, int heir_tid, const char *which)
{
    int before = ended, told;

    pvm_notify(PvmTaskExit, TAG_ENDED, 1, &tid);
    pvm_initsend(PvmDataDefault);
    pvm_send(tid, TAG_LEAVE);
    serve("first", TAG_ENDED);
    pvm_initsend(PvmDataDefault);
    pvm_send(heir_tid, TAG_COUNT);
    serve("first", TAG_COUNT);
    told = take_int();
    printf("the end of %s client: the first one was told %d, the heir %d in all\n", which, ended - before, told);
}

static void handing_off(void)
{
    int old, heir_tid, fresh;

    /* Messages to the heir must not come before what the daemon tells it. */
    pvm_setopt(PvmRoute, PvmDontRoute);
    case_spawn("client", 1);
    old = case_tids[case_count - 1];
    client_says("the old");
    case_spawn("heir", 1);
    heir_tid = case_tids[case_count - 1];
    serve("first", TAG_SERVING);
    printf("the heir registers: %s\n", code(take_int()));
    ask(old);
    client_says("the old");
    hand_off(heir_tid);
    ask(old);
    client_says("the old");
    case_spawn("client", 1);
    fresh = case_tids[case_count - 1];
    client_says("a new");
    hand_off(case_me);
    ask(fresh);
    client_says("the new");
    case_spawn("client", 1);
    client_says("another new");
    leave(old, heir_tid, "the old");
    leave(fresh, heir_tid, "the new");
    for (int i = 0; i < case_count; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_send(case_tids[i], TAG_LEAVE);
    }
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    if (case_role(argc, argv, "heir"))
        return heir();
    if (case_role(argc, argv, "client"))
        return client();
    case_begin();
    pvm_setopt(PvmResvTids, 1);
    SIGN(pvm_reg_rm(NULL));
    hosts();
    handing_off();
    pvm_exit();
    return 0;
}
