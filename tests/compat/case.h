/* SPDX-License-Identifier: BSD-3-Clause */
/* Ground of the cases: each prints what it sees, without pids, tids or times; NAME.expected is what PVM 3.4.6
 * prints for it. A line that begins with "~ " may differ: docs/pvm3.md says why. */
#ifndef CASE_H
#define CASE_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>

static int case_me;
static int case_tids[64];
static int case_count;

static const char *code(int rc)
{
    static const char *const names[] = {
        "PvmOk", "-1", "PvmBadParam", "PvmMismatch", "PvmOverflow", "PvmNoData", "PvmNoHost", "PvmNoFile",
        "PvmDenied", "-9", "PvmNoMem", "-11", "PvmBadMsg", "-13", "PvmSysErr", "PvmNoBuf", "PvmNoSuchBuf",
        "PvmNullGroup", "PvmDupGroup", "PvmNoGroup", "PvmNotInGroup", "PvmNoInst", "PvmHostFail", "PvmNoParent",
        "PvmNotImpl", "PvmDSysErr", "PvmBadVersion", "PvmOutOfRes", "PvmDupHost", "PvmCantStart", "PvmAlready",
        "PvmNoTask", "PvmNotFound", "PvmExists", "PvmHostrNMstr", "PvmParentNotSet", "PvmIPLoopback",
    };
    static char text[8][24];
    static int next;

    if (rc <= 0 && -rc < (int)(sizeof(names) / sizeof(names[0])))
        return names[-rc];
    next = (next + 1) % 8;
    snprintf(text[next], sizeof(text[next]), "%d", rc);
    return text[next];
}

/* For results whose number says nothing: buffer ids, tids. */
static const char *sign(int rc)
{
    return rc > 0 ? "positive" : code(rc);
}

static const char *who(int tid)
{
    static char text[24];

    if (tid == case_me)
        return "me";
    if (tid == (int)0x80000000)
        return "the pvmd";
    for (int i = 0; i < case_count; i++)
        if (case_tids[i] == tid) {
            snprintf(text, sizeof(text), "child %d", i);
            return text;
        }
    return tid > 0 ? "other" : code(tid);
}

#define SHOW(call) printf("%s: %s\n", #call, code(call))
#define SIGN(call) printf("%s: %s\n", #call, sign(call))

static void case_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    pvm_setopt(PvmAutoErr, 0);
    case_me = pvm_mytid();
}

static int case_role(int argc, char **argv, const char *role)
{
    return argc > 1 && strcmp(argv[1], role) == 0;
}

/* Spawns n copies of this case in a role; they are child 0, 1, ... for who(). */
static int case_spawn(const char *role, int n)
{
    char *args[] = { (char *)role, NULL };
    int got = pvm_spawn(CASE_NAME, args, PvmTaskDefault, "", n, case_tids + case_count);

    if (got != n)
        printf("spawn of %d gave %s\n", n, code(got));
    case_count += n;
    return got;
}

/* Waits until tid is no task any more. */
static void case_await_end(int tid)
{
    while (pvm_pstat(tid) == PvmOk)
        usleep(2000);
}

/* A tid whose task has ended. */
static int case_dead(void)
{
    int tid;

    case_spawn("die", 1);
    tid = case_tids[case_count - 1];
    case_await_end(tid);
    return tid;
}

/* LINES(call, what): its result, and the line that PvmAutoErr 1 makes it print on stderr. */
#define LINES(call, what) (case_lines_begin(), case_lines_end((call), (what)))

static FILE *case_lines_file;
static int case_lines_stderr;

static void case_lines_begin(void)
{
    fflush(stderr);
    case_lines_file = tmpfile();
    case_lines_stderr = dup(2);
    dup2(fileno(case_lines_file), 2);
    pvm_setopt(PvmAutoErr, 1);
}

static void case_lines_end(int rc, const char *what)
{
    char line[1000], *bracket;

    pvm_setopt(PvmAutoErr, 0);
    fflush(stderr);
    dup2(case_lines_stderr, 2);
    close(case_lines_stderr);
    rewind(case_lines_file);
    printf("%s: %s", what, code(rc));
    while (fgets(line, sizeof(line), case_lines_file) != NULL)
        if ((bracket = strchr(line, ']')) != NULL && strncmp(bracket, "]:   ", 5) != 0)
            printf(" <%.*s>", (int)strcspn(bracket, "\n"), bracket);
    puts("");
    fclose(case_lines_file);
}

static void case_roles(int argc, char **argv)
{
    if (case_role(argc, argv, "die")) {
        pvm_mytid();
        pvm_exit();
        exit(0);
    }
    if (case_role(argc, argv, "wait")) {
        pvm_mytid();
        pvm_recv(-1, -1);
        exit(0);
    }
    (void)sign;
    (void)who;
    (void)case_begin;
    (void)case_dead;
    (void)case_lines_begin;
    (void)case_lines_end;
}

#endif
