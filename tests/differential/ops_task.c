/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations on tasks, hosts, options and the environment. */
#include "script.h"

static void op_pstat(int index)
{
    int tid = some_tid();

    (void)index;
    say("(%s) = %s", who(tid), quiet(pvm_pstat(tid)));
}

static void op_relatives(int index)
{
    int *list = NULL, n, parent = pvm_parent();

    (void)index;
    say(" parent %s", parent > 0 ? who(parent) : quiet(parent));
    n = pvm_siblings(&list);
    say(", siblings %d:", n);
    for (int i = 0; i < n; i++)
        say(" %s", who(list[i]));
    say(", mytid %s", who(pvm_mytid()));
}

static void op_tasks(int index)
{
    struct pvmtaskinfo *list = NULL;
    int wheres[] = { 0, pvm_tidtohost(pvm_mytid()), script.tids[below(script.ntask)], script.dead, 0x7c0000, 0x7c0001 };
    int where = wheres[below(6)], n = -7, ours = 0, rc = pvm_tasks(where, &n, &list);

    (void)index;
    errno_unsure();
    say("(%s) = %s", where == wheres[1] ? "the host" : who(where), code(rc));
    if (rc < 0) {
        say(" %d", n);
        return;
    }
    if (where == wheres[2])
        say(" %d %s parent %s \"%s\"", n, who(list[0].ti_tid), who(list[0].ti_ptid), list[0].ti_a_out);
    for (int i = 0; i < n; i++)
        ours += who(list[i].ti_tid)[0] == 't' && pvm_tidtohost(list[i].ti_tid) == list[i].ti_host;
    say(", of the script %d", ours);
}

static void op_hosts(int index)
{
    struct pvmhostinfo *list = NULL;
    const char *const names[] = { ".", "alpha", "Alpha", "nosuchhost", "127.0.0.2", "alpha sp=1", "" };
    const char *name = names[below(7)];
    int nhost = -1, narch = -1, rc = pvm_config(&nhost, &narch, &list);

    (void)index;
    say(" %s %d %d \"%s\" %s %d own %d", code(rc), nhost, narch, list[0].hi_name, list[0].hi_arch, list[0].hi_speed,
        list[0].hi_tid == pvm_tidtohost(pvm_mytid()));
    say(" mstat(\"%s\") = %s", name, quiet(pvm_mstat((char *)name)));
    say(" tidtohost %x", (unsigned)pvm_tidtohost((int)draw()));
}

static void op_hosts_refused(int index)
{
    char *lines[] = { "alpha", "bad xx=1", "" };
    char *gone[] = { "nosuchmember", "alpha", "nosuchmember" };
    int infos[3] = { 1, 1, 1 }, n = below(4) - 1, rc;

    (void)index;
    if (chance(50)) {
        rc = pvm_addhosts(lines, n, infos);
        say(" add %d = %s", n, code(rc));
    } else {
        rc = pvm_delhosts(gone, n, infos);
        say(" delete %d = %s", n, code(rc));
    }
    for (int i = 0; i < n; i++)
        say(" %d", infos[i]);
}

/* One spawn for a table of what cannot be spawned. */
static void op_spawn_refused(int index)
{
    static const struct { const char *task; int flag; const char *where; int n; } tries[] = {
        { "nosuchprogramhere", PvmTaskDefault, "", 2 },
        { "nosuchprogramhere", PvmTaskDefault, "", 0 },
        { "nosuchprogramhere", PvmTaskDefault, "", -3 },
        { "nosuchprogramhere", PvmTaskHost, "nosuchhost", 2 },
        { "nosuchprogramhere", PvmTaskHost, "127.0.0.2", 1 },
        { "nosuchprogramhere", PvmTaskArch, "NOARCH", 2 },
        { "nosuchprogramhere", PvmTaskHost | PvmHostCompl, "alpha", 1 },
        { "nosuchprogramhere", PvmTaskHost | PvmHostCompl, "nosuchhost", 1 },
        { "/nonexistent/program", PvmTaskHost, ".", 1 },
        { "/", PvmTaskDefault, "", 1 },
        { "nosuchprogramhere", PvmTaskHost, "alpha:/tmp", 1 },
        { "nosuchprogramhere", 1 << 20, ":/nonexistent", 1 },
    };
    int which = below(12), tids[3] = { 0, 0, 0 };
    int rc = pvm_spawn((char *)tries[which].task, NULL, tries[which].flag, (char *)tries[which].where,
                       tries[which].n, tids);

    (void)index;
    say(" %d = %s:", which, code(rc));
    for (int i = 0; i < tries[which].n; i++)
        say(" %d", tids[i]);
}

static void say_notice(void)
{
    int before = pvm_setrbuf(0), id = pvm_recv(-1, TAG_NOTICE), tid = 0, from = 0;

    pvm_bufinfo(id, NULL, NULL, &from);
    pvm_upkint(&tid, 1, 1);
    say(" notice about %s from %s", who(tid), who(from));
    pvm_freebuf(id);
    pvm_setrbuf(before);
}

/* Starts a task, asks for its end, ends it, and is told. */
static void op_victim(int index)
{
    char *args[] = { "victim", NULL };
    int how = below(3), tid = 0;

    (void)index;
    if (pvm_spawn((char *)script.program, args, PvmTaskDefault, "", 1, &tid) != 1) {
        say(" spawn %d", tid);
        return;
    }
    script.dead = tid;
    say(" pstat %s notify %s", quiet(pvm_pstat(tid)), code(pvm_notify(PvmTaskExit, TAG_NOTICE, 1, &tid)));
    if (how == 0) {
        say(" kill %s", code(pvm_kill(tid)));
    } else if (how == 1) {
        say(" sendsig %s", code(pvm_sendsig(tid, 9)));
    } else {
        int before = pvm_setsbuf(0), id = pvm_initsend(PvmDataRaw);

        say(" send %s", code(pvm_send(tid, 0)));
        pvm_freebuf(id);
        pvm_setsbuf(before);
    }
    say_notice();
    say(" pstat %s", quiet(pvm_pstat(tid)));
}

/* Requests that are answered at once, and what is refused. */
static void op_notify(int index)
{
    int bad[] = { 0, -3, (int)0x80000000 }, dead = script.dead != 0 ? script.dead : 0x40ffff, tid = bad[below(3)];

    (void)index;
    switch (below(6)) {
    case 0:
        say(" dead %s", code(pvm_notify(PvmTaskExit, TAG_NOTICE, 1, &dead)));
        say_notice();
        break;
    case 1:
        say(" cancelled %s", code(pvm_notify(PvmTaskExit, TAG_NOTICE, 1, &script.tids[0])));
        say(" %s", code(pvm_notify(PvmTaskExit | PvmNotifyCancel, TAG_NOTICE, 1, &script.tids[0])));
        say_notice();
        break;
    case 2:
        say(" kind %s", code(pvm_notify(below(2) * 9, TAG_NOTICE, 1, &dead)));
        break;
    case 3:
        say(" tag %s", code(pvm_notify(PvmTaskExit, -1, 1, &dead)));
        break;
    case 4:
        say(" count %s", code(pvm_notify(PvmTaskExit, TAG_NOTICE, -below(2), &dead)));
        break;
    default:
        say(" tid %s", code(pvm_notify(PvmTaskExit, TAG_NOTICE, 1, &tid)));
    }
}

static void op_signals(int index)
{
    static const int wrong[] = { 0, -1, 0x40000, (int)0x80000000 };
    int tid = script.dead != 0 && chance(50) ? script.dead : wrong[below(4)];

    (void)index;
    say("(%s) kill %s sendsig %s", who(tid), code(pvm_kill(tid)), code(pvm_sendsig(tid, 10)));
}

/* Options whose value changes nothing that goes on. */
static void op_setopt(int index)
{
    static const struct { int what; int values[5]; } tries[] = {
        { PvmRoute, { 1, 2, 3, 0, 4 } },
        { PvmFragSize, { 1000, 4080, 51, 1048576, 1048577 } },
        { PvmShowTids, { 0, 1, 2, -1, 0 } },
        { PvmOutputTid, { 0, 12345, 0, 1, 0 } },
        { PvmTraceTid, { 0, 12345, 0, 1, 0 } },
        { PvmOutputCode, { 0, 5, -1, 7, 1 } },
        { PvmOutputContext, { 0, 5, 3, 7, 1 } },
        { PvmTraceCode, { 0, 5, 3, 7, 1 } },
        { PvmTraceContext, { 0, 5, 3, 7, 1 } },
        { PvmTraceBuffer, { 0, 100, 3, 7, 1 } },
        { PvmTraceOptions, { 1, 2, 3, 0, 4 } },
        { PvmPollType, { 0, 1, 2, 3, 4 } },
        { PvmPollTime, { 0, 1, 2, 3, 4 } },
        { PvmSelfOutputContext, { 0, 1, 2, 3, 4 } },
        { PvmSelfTraceContext, { 0, 1, 2, 3, 4 } },
        { 0, { 0, 1, 2, 3, 4 } },
        { 26, { 0, 1, 2, 3, 4 } },
        { -4, { 0, 1, 2, 3, 4 } },
    };
    int which = below(18), value = tries[which].values[below(5)];

    (void)index;
    say("(%d, %d) = %s", tries[which].what, value, code(pvm_setopt(tries[which].what, value)));
    say(", now %s", quiet(pvm_getopt(tries[which].what)));
}

static void op_getopt(int index)
{
    int what = below(27), value = pvm_getopt(what);

    (void)index;
    say("(%d) = %s", what, what == PvmOutputTid || what == PvmSelfOutputTid ? who(value) : value < 0 && what == 0 ? code(value) : quiet(value));
}

/* Reserved tags and tids, allowed for one call. */
static void op_reserved(int index)
{
    int before = pvm_getsbuf(), id, got;

    (void)index;
    say(" %d", pvm_setopt(PvmResvTids, 1));
    pvm_setsbuf(0);
    id = pvm_initsend(PvmDataDefault);
    say(" send %s", code(pvm_send(script.tids[script.me], -77)));
    pvm_freebuf(id);
    pvm_setsbuf(before);
    say(" %d", pvm_setopt(PvmResvTids, 0));
    before = pvm_setrbuf(0);
    got = pvm_recv(-1, -77);
    say(" received %d", got > 0);
    pvm_freebuf(got);
    pvm_setrbuf(before);
}

static void op_environment(int index)
{
    static char *const names[] = { "ALPHA", "BETA", "HOME", "" };
    char *name = names[below(4)];
    const char *value;

    (void)index;
    if (chance(60))
        say(" export(%s) = %s", name, code(pvm_export(name)));
    else
        say(" unexport(%s) = %s", name, code(pvm_unexport(name)));
    value = getenv("PVM_EXPORT");
    say(", %s", value == NULL ? "not set" : value);
}

static void op_errors(int index)
{
    (void)index;
    say(" %s, version %s", last_error(), pvm_version());
}

const struct op task_ops[] = {
    { "pstat", 5, 0, op_pstat },
    { "relatives", 3, 0, op_relatives },
    { "tasks", 4, 0, op_tasks },
    { "hosts", 4, 0, op_hosts },
    { "hosts_refused", 2, 0, op_hosts_refused },
    { "spawn_refused", 4, 0, op_spawn_refused },
    { "victim", 2, 0, op_victim },
    { "notify", 4, 0, op_notify },
    { "signals", 3, 0, op_signals },
    { "setopt", 7, 0, op_setopt },
    { "getopt", 4, 0, op_getopt },
    { "reserved", 2, 0, op_reserved },
    { "environment", 3, 0, op_environment },
    { "errors", 3, 0, op_errors },
    { NULL, 0, 0, NULL },
};
