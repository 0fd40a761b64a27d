/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results that PVM 3.4.6 gives too seldom, or not at all, to be recorded from it. Prints "function(arguments): code"
 * for each; codes.expected has what it must be. The first argument says which part:
 *
 *   start     no daemon can be started
 *   machine   needs a daemon with PVM_MAX_TASKS=4, and PVM_RSH, which fails as the host's address says
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvm3.h>
#include <pvmtev.h>

enum { TAG_READY = 1, TAG_GO, TAG_END };

static char self[4096];

static const char *code(int rc)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        { PvmOk, "PvmOk" },           { PvmBadParam, "PvmBadParam" },   { PvmNoTask, "PvmNoTask" },
        { PvmOutOfRes, "PvmOutOfRes" }, { PvmCantStart, "PvmCantStart" }, { PvmBadVersion, "PvmBadVersion" },
        { PvmAlready, "PvmAlready" }, { PvmDupHost, "PvmDupHost" },     { PvmNoHost, "PvmNoHost" },
    };
    static char number[16];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].code == rc)
            return names[i].name;
    }
    snprintf(number, sizeof(number), "%d", rc);
    return number;
}

#define SHOW(call) printf("%s: %s\n", #call, code(call))

/* ---- start ---- */

static int run_start(void)
{
    char *wrong[] = { "-z" };

    SHOW(pvm_start_pvmd(1, wrong, 0));
    SHOW(pvm_start_pvmd(1, wrong, 1));
    return 0;
}

/* ---- machine ---- */

static int spawn(const char *role)
{
    char *args[] = { (char *)role, NULL };
    int tid = 0;

    if (pvm_spawn(self, args, PvmTaskDefault, NULL, 1, &tid) != 1 || pvm_recv(tid, TAG_READY) < 0)
        printf("%s: no such task: %s\n", role, code(tid));
    return tid;
}

static void send_empty(int tid, int tag)
{
    pvm_initsend(PvmDataDefault);
    pvm_send(tid, tag);
}

/* Is the tracer until it is told to go. */
static int tracer(void)
{
    Pvmtmask mask;

    TEV_MASK_INIT(mask);
    pvm_reg_tracer(0, 900, 0, 901, mask, 0, PvmTraceFull);
    send_empty(pvm_parent(), TAG_READY);
    return pvm_recv(pvm_parent(), TAG_GO) < 0;
}

/* A member that ends as soon as the other one waits in a barrier. */
static int member(void)
{
    pvm_joingroup("g");
    send_empty(pvm_parent(), TAG_READY);
    while (pvm_barrier("g", 1) == PvmOk)
        continue;
    return 0;
}

static int idle(void)
{
    send_empty(pvm_parent(), TAG_READY);
    return pvm_recv(pvm_parent(), TAG_GO) < 0;
}

static void end(int tid)
{
    pvm_notify(PvmTaskExit, TAG_END, 1, &tid);
    send_empty(tid, TAG_GO);
    pvm_recv(-1, TAG_END);
}

static void show_tracers(void)
{
    Pvmtmask mask;
    int tid = spawn("tracer");

    TEV_MASK_INIT(mask);
    SHOW(pvm_reg_tracer(0, 900, 0, 901, NULL, 0, PvmTraceFull));
    SHOW(pvm_reg_tracer(0, 900, 0, 901, mask, 0, PvmTraceFull));
    end(tid);
    SHOW(pvm_reg_tracer(0, 900, 0, 901, mask, 0, PvmTraceFull));
}

static void show_added(const char *line)
{
    char *hosts[] = { (char *)line };
    int info = 77;

    pvm_addhosts(hosts, 1, &info);
    printf("pvm_addhosts(%s): %s\n", line, code(info));
}

static void show_limit(void)
{
    int tid = spawn("idle");
    char *args[] = { "idle", NULL };
    int tids[4] = { 0 };
    int n = pvm_spawn(self, args, PvmTaskDefault, NULL, 4, tids);

    printf("pvm_spawn(the task beyond PVM_MAX_TASKS): %s\n", code(tids[n]));
    for (int i = 0; i < n; i++) {
        pvm_recv(tids[i], TAG_READY);
        end(tids[i]);
    }
    end(tid);
}

static void show_barrier(void)
{
    spawn("member");
    pvm_joingroup("g");
    SHOW(pvm_barrier("g", 2));
    pvm_lvgroup("g");
}

static int run_machine(void)
{
    show_tracers();
    show_added("other-version ip=127.0.0.2");
    show_added("no-daemon ip=127.0.0.3");
    show_limit();
    show_barrier();
    pvm_exit();
    return 0;
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length < 0)
        return 1;
    self[length] = '\0';
    setvbuf(stdout, NULL, _IOLBF, 0);
    pvm_setopt(PvmAutoErr, 0);
    if (strcmp(role, "start") == 0)
        return run_start();
    if (strcmp(role, "machine") == 0)
        return run_machine();
    if (strcmp(role, "tracer") == 0)
        return tracer();
    if (strcmp(role, "member") == 0)
        return member();
    return idle();
}
