/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tasker, a resource manager or a tracer, as users write them, started by hand or named in the daemon's environment:
 *
 *   plugins tasker|manager|tracer LOG
 *
 * LOG tells what it was asked. The manager refuses each spawn, and never answers that of a program named "hang".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>
#include <pvmproto.h>
#include <pvmtev.h>

#define WORDS 64

static FILE *told;
static struct pvmminfo from;

static void fail(const char *what, int rc)
{
    fprintf(told, "%s failed: %d\n", what, rc);
    exit(1);
}

static int take_int(void)
{
    int value = 0;

    if (pvm_upkint(&value, 1, 1) < 0)
        fail("unpacking", 0);
    return value;
}

static char *take_string(void)
{
    static char text[65536];

    if (pvm_upkstr(text) < 0)
        fail("unpacking", 0);
    return strdup(text);
}

static void put_int(int value)
{
    pvm_pkint(&value, 1, 1);
}

/* An answer bears the wait id of the question. */
static void begin_answer(void)
{
    struct pvmminfo info;
    int buf = pvm_initsend(PvmDataDefault);

    pvm_getminfo(buf, &info);
    info.wid = from.wid;
    pvm_setminfo(buf, &info);
}

/* ---- tasker ---- */

static struct {
    pid_t pid;
    int tid;
} children[WORDS];

static void start(void)
{
    char *words[WORDS + 1], *variables[WORDS], *path;
    int tid = take_int(), argc, nenv, slot = 0, copies[3];

    take_int();
    path = take_string();
    argc = take_int();
    for (int i = 0; i < argc; i++)
        words[i] = take_string();
    words[argc] = NULL;
    while (children[slot].pid != 0)
        slot++;
    nenv = take_int();
    for (int i = 0; i < nenv; i++)
        variables[i] = take_string();
    pvm_upkint(copies, 3, 1);
    children[slot].tid = tid;
    children[slot].pid = fork();
    if (children[slot].pid == 0) {
        for (int i = 0; i < nenv; i++)
            putenv(variables[i]);
        execv(path, words);
        _exit(1);
    }
    fprintf(told, "start %s %d of %d of %d\n", strrchr(path, '/') + 1, copies[0], copies[1], copies[2]);
}

static void tell_ends(void)
{
    struct rusage usage;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        for (int i = 0; i < WORDS; i++) {
            int words[] = { children[i].tid, status, 0, 0, 0, 0 };

            if (children[i].pid != pid)
                continue;
            children[i].pid = 0;
            pvm_initsend(PvmDataDefault);
            pvm_pkint(words, 6, 1);
            pvm_send((int)0x80000000 | pvm_tidtohost(children[i].tid), SM_TASKX);
        }
    }
}

static void tasker(void)
{
    struct timeval moment = { 0, 20000 };

    fprintf(told, "registered %d\n", pvm_reg_tasker());
    for (;;) {
        int buf = pvm_trecv(-1, SM_STTASK, &moment);

        if (buf < 0)
            fail("pvm_trecv", buf);
        if (buf > 0)
            start();
        tell_ends();
    }
}

/* ---- manager ---- */

static void on_spawn(void)
{
    char *file = take_string();
    int n;

    take_int();
    free(take_string());
    n = take_int();
    fprintf(told, "spawn %s %d\n", file, n);
    if (strcmp(file, "hang") == 0)
        return;
    begin_answer();
    put_int(n);
    for (int i = 0; i < n; i++)
        put_int(PvmOutOfRes);
    pvm_send(from.src, SM_SPAWN);
}

static void on_config(void)
{
    fprintf(told, "config\n");
    begin_answer();
    put_int(1);
    put_int(1);
    put_int(0x40000);
    pvm_pkstr("managed");
    pvm_pkstr("SOMETHING");
    put_int(77);
    put_int(0x00408c41);
    pvm_send(from.src, SM_CONFIG);
}

static void manager(void)
{
    fprintf(told, "registered %d\n", pvm_reg_rm(NULL));
    for (;;) {
        int buf = pvm_recv(-1, -1);

        if (buf < 0)
            fail("pvm_recv", buf);
        pvm_getminfo(buf, &from);
        if (from.tag == SM_SPAWN)
            on_spawn();
        else if (from.tag == SM_CONFIG)
            on_config();
        else if (from.tag == SM_HOSTX || from.tag == SM_TASKX)
            fprintf(told, "%s\n", from.tag == SM_TASKX ? "taskx" : "hostx");
    }
}

/* ---- tracer ---- */

static void tracer(void)
{
    Pvmtmask mask;

    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_MYTID);
    fprintf(told, "registered %d\n", pvm_reg_tracer(0, 101, 0, 102, mask, 0, PvmTraceFull));
    for (;;) {
        int buf = pvm_recv(-1, -1), n = 0, tid = 0;

        if (buf < 0)
            fail("pvm_recv", buf);
        pvm_getminfo(buf, &from);
        if (from.tag == 102 && pvm_upkint(&tid, 1, 1) == PvmOk && pvm_upkint(&n, 1, 1) == PvmOk)
            fprintf(told, "output %d\n", n);
        else if (from.tag == 101)
            fprintf(told, "trace\n");
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 || (told = fopen(argv[2], "a")) == NULL)
        return 2;
    setvbuf(told, NULL, _IOLBF, 0);
    pvm_setopt(PvmAutoErr, 0);
    pvm_setopt(PvmResvTids, 1);
    if (strcmp(argv[1], "tasker") == 0)
        tasker();
    else if (strcmp(argv[1], "manager") == 0)
        manager();
    else
        tracer();
    return 2;
}
