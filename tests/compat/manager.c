/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_reg_rm: a small resource manager, what it is told when a task under it calls, and what it has pvmds do. */
#include "case.h"

#include <pvmproto.h>

#define MAX 64
#define MASTER ((int)0x80040000)

enum { TAG_LINE = 1, TAG_GO, TAG_HELLO, TAG_LEAVE };

static char line[4000];

static void say(const char *format, ...)
{
    size_t length = strlen(line);
    va_list args;

    va_start(args, format);
    vsnprintf(line + length, sizeof(line) - length, format, args);
    va_end(args);
}

/* What was said becomes a line of the case. */
static void tell(void)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkstr(line);
    pvm_send(pvm_parent(), TAG_LINE);
    line[0] = '\0';
}

/* ---- the manager ---- */

static int from, wid;

static void begin(void)
{
    struct pvmminfo info;
    int buf = pvm_initsend(PvmDataDefault);

    pvm_getminfo(buf, &info);
    info.wid = wid;
    pvm_setminfo(buf, &info);
}

static int take_int(const char *name)
{
    int value = 0;

    pvm_upkint(&value, 1, 1);
    if (name != NULL)
        say(" %s %d", name, value);
    return value;
}

static char *take_string(const char *name, char *text)
{
    pvm_upkstr(text);
    if (name != NULL)
        say(" %s <%s>", name, text);
    return text;
}

static void put_int(int value)
{
    pvm_pkint(&value, 1, 1);
}

static void put_host(int tid, char *name)
{
    put_int(tid);
    pvm_pkstr(name);
    pvm_pkstr("SOMETHING");
    put_int(77);
    put_int(0x00408c41);
}

/* One copy, on the first host; its tid or code. */
static int exec(char *file, int flags, int argc, char argv[MAX][256], int *rest, int nenv, char env[MAX][256])
{
    int client = from, tid;

    begin();
    put_int(client);
    pvm_pkstr(file);
    put_int(flags);
    put_int(1);
    put_int(argc);
    for (int i = 0; i < argc; i++)
        pvm_pkstr(argv[i]);
    pvm_pkint(rest, 6, 1);
    put_int(nenv);
    for (int i = 0; i < nenv; i++)
        pvm_pkstr(env[i]);
    put_int(0);
    put_int(1);
    put_int(1);
    pvm_send(MASTER, SM_EXEC);
    pvm_recv(-1, SM_EXECACK);
    say(" ack");
    take_int("of");
    tid = take_int(NULL);
    say(" %s", sign(tid));
    return tid;
}

static void on_spawn(void)
{
    static char file[1024], where[256], argv[MAX][256], env[MAX][256];
    int flags, count, argc, nenv, rest[6], tids[MAX];

    take_string(NULL, file);
    flags = take_int("flags");
    take_string("where", where);
    count = take_int("count");
    argc = take_int("argc");
    for (int i = 0; i < argc; i++)
        take_string("arg", argv[i]);
    pvm_upkint(rest, 6, 1);
    say(" output and trace %d %d %d %d %d %d", rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]);
    nenv = take_int(NULL);
    for (int i = 0; i < nenv; i++)
        take_string(NULL, env[i]);
    for (int i = 0; i < count; i++)
        tids[i] = exec(file, flags, argc, argv, rest, nenv, env);
    begin();
    put_int(count);
    pvm_pkint(tids, count, 1);
}

static void on_addhosts(void)
{
    char name[256], arch[256];
    int n = take_int("count"), client = from;

    take_string("host", name);
    begin();
    put_int(n);
    pvm_pkstr(name);
    pvm_send(MASTER, SM_ADD);
    pvm_recv(-1, SM_ADDACK);
    say(" ack");
    n = take_int("of");
    take_int(NULL);
    begin();
    put_int(n);
    put_int(1);
    say(" %s", sign(take_int(NULL)));
    take_string("name", name);
    take_string(NULL, arch);
    put_host(0x80000, name);
    from = client;
}

static void on_notify(void)
{
    int what = take_int("what"), context = take_int("context"), tag = take_int("tag"), count = take_int("count");
    int tid = count > 0 ? take_int(NULL) : 0;

    (void)what;
    (void)context;
    tell();
    pvm_initsend(PvmDataDefault);
    put_int(tid);
    pvm_send(from, tag);
}

/* False for what is not answered. */
static int serve(int tag)
{
    char name[256];

    switch (tag) {
    case SM_CONFIG:
        say("SM_CONFIG");
        begin();
        put_int(2);
        put_int(1);
        put_host(0x40000, "one");
        put_host(0x80000, "two");
        return 1;
    case SM_TASK:
        say("SM_TASK");
        take_int("where");
        begin();
        put_int(0);
        for (int i = 1; i < 3; i++) {
            put_int(0x40000 + i);
            put_int(0x40000 - i + 1);
            put_int(0x40000);
            put_int(4);
            pvm_pkstr("program");
            put_int(1000 + i);
        }
        return 1;
    case SM_SPAWN:
        say("SM_SPAWN");
        on_spawn();
        return 1;
    case SM_ADDHOST:
        say("SM_ADDHOST");
        on_addhosts();
        return 1;
    case SM_DELHOST:
        say("SM_DELHOST");
        take_int("count");
        take_string("host", name);
        take_string("host", name);
        begin();
        put_int(2);
        put_int(0);
        put_int(PvmNoHost);
        return 1;
    case SM_SCHED:
        say("SM_SCHED");
        begin();
        put_int(4711);
        put_int(0x40000);
        pvm_pkstr("one");
        pvm_pkstr("SOMETHING");
        put_int(77);
        return 1;
    case SM_NOTIFY:
        say("SM_NOTIFY");
        on_notify();
        return 0;
    case SM_TASKX:
        say("SM_TASKX");
        take_int(NULL);
        take_int("status");
        tell();
        return 0;
    default:
        return 0;
    }
}

static int manager(void)
{
    struct pvmhostinfo *host = NULL;
    struct pvmminfo info;
    int tag;

    pvm_setopt(PvmAutoErr, 0);
    pvm_setopt(PvmResvTids, 1);
    say("pvm_reg_rm(&host): %s", code(pvm_reg_rm(&host)));
    say(" host %x %s, again %d", host->hi_tid, host->hi_name, pvm_reg_rm(NULL) == pvm_mytid());
    tell();
    do {
        pvm_getminfo(pvm_recv(-1, -1), &info);
        tag = info.tag;
        from = info.src;
        wid = info.wid;
        if (serve(tag)) {
            int buf = pvm_setsbuf(0);

            tell();
            pvm_setsbuf(buf);
            pvm_send(info.src, tag);
        }
    } while (tag != TAG_LEAVE);
    pvm_exit();
    return 0;
}

/* ---- a task under it ---- */

static void client_hosts(void)
{
    char *names[] = { "beta", "nowhere" };
    struct pvmhostinfo *hosts;
    int n, formats, infos[2];

    say("pvm_config %s:", code(pvm_config(&n, &formats, &hosts)));
    say(" %d hosts, %d formats", n, formats);
    for (int i = 0; i < n; i++)
        say(", %x %s %s %d", hosts[i].hi_tid, hosts[i].hi_name, hosts[i].hi_arch, hosts[i].hi_speed);
    tell();
    say("pvm_addhosts %d,", pvm_addhosts(names, 1, infos));
    say(" %x", infos[0]);
    tell();
    say("pvm_delhosts %d,", pvm_delhosts(names, 2, infos));
    say(" %s", code(infos[0]));
    say(" %s", code(infos[1]));
    tell();
}

static void client_tasks(void)
{
    char *args[] = { "hello", "a b", NULL };
    struct pvmtaskinfo *tasks;
    int n, argc, tids[2];

    say("pvm_tasks %s:", code(pvm_tasks(0, &n, &tasks)));
    for (int i = 0; i < n; i++)
        say(" %x of %x on %x, %x %s %d", tasks[i].ti_tid, tasks[i].ti_ptid, tasks[i].ti_host, tasks[i].ti_flag,
            tasks[i].ti_a_out, tasks[i].ti_pid);
    tell();
    say("pvm_spawn %d", pvm_spawn(CASE_NAME, args, PvmTaskHost, "alpha", 2, tids));
    for (int i = 0; i < 2; i++) {
        pvm_recv(tids[i], TAG_HELLO);
        pvm_upkint(&argc, 1, 1);
        say(", child with %d arguments", argc);
    }
    tell();
    say("pvm_spawn %d", pvm_spawn("there is no such program", NULL, 0, NULL, 1, tids + 1));
    say(" %s", code(tids[1]));
    tell();
    say("pvm_notify %s", code(pvm_notify(PvmTaskExit, 9, 1, tids)));
    tell();
    pvm_recv(-1, 9);
    pvm_upkint(&n, 1, 1);
    say("notice %d", n == tids[0]);
    tell();
}

static int client(void)
{
    struct pvmhostinfo *host = NULL;

    pvm_setopt(PvmAutoErr, 0);
    pvm_mytid();
    client_hosts();
    client_tasks();
    pvm_setopt(PvmResvTids, 1);
    say("pvm_reg_rm %d", pvm_reg_rm(&host));
    say(", %x %s %s %d", host->hi_tid, host->hi_name, host->hi_arch, host->hi_speed);
    tell();
    say("pvm_pstat %s", code(pvm_pstat(pvm_mytid())));
    say(", pvm_mstat %s", code(pvm_mstat("alpha")));
    tell();
    pvm_exit();
    return 0;
}

static int hello(int argc)
{
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&argc, 1, 1);
    pvm_send(pvm_parent(), TAG_HELLO);
    pvm_recv(-1, TAG_GO);
    return 0;
}

/* ---- the case ---- */

static void print_line(const char *name, int tid)
{
    char text[4000];

    pvm_recv(tid, TAG_LINE);
    pvm_upkstr(text);
    printf("%s%s%s\n", name, name[0] == '\0' ? "" : ": ", text);
}

int main(int argc, char **argv)
{
    struct pvmtaskinfo *task;
    struct pvmhostinfo *hosts;
    int n, formats;

    case_roles(argc, argv);
    if (case_role(argc, argv, "manager"))
        return manager();
    if (case_role(argc, argv, "client"))
        return client();
    if (case_role(argc, argv, "hello"))
        return hello(argc);
    case_begin();
    case_spawn("manager", 1);
    print_line("", case_tids[0]);
    pvm_tasks(case_tids[0], &n, &task);
    printf("flags %x\n", task->ti_flag & 0xf00);
    SHOW(pvm_config(&n, &formats, &hosts));
    printf("%s\n", hosts[0].hi_name);
    case_spawn("client", 1);
    for (int i = 0; i < 6; i++) {    /* config, addhosts, delhosts, tasks, spawn, spawn */
        print_line("manager", case_tids[0]);
        print_line("client", case_tids[1]);
    }
    print_line("client", case_tids[1]);     /* notify: the manager may be later */
    print_line("manager", case_tids[0]);
    print_line("client", case_tids[1]);
    print_line("manager", case_tids[0]);    /* reg_rm */
    print_line("client", case_tids[1]);
    print_line("client", case_tids[1]);
    print_line("manager", case_tids[0]);    /* its end */
    pvm_exit();
    return 0;
}
