/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hoster as a user writes one: runs each command with what PVM_RSH names, and answers with the first line that it
 * prints. Its arguments are what it does otherwise:
 *
 *   late FIFO       keeps the answer until somebody has that open for writing
 *   twice           answers twice, the second time that nothing could be started
 *   once            is a hoster for one request alone
 *   say WORD        does not start anything, and answers WORD
 *   garbage         answers with a message of another kind
 *   fewer           leaves the last host out
 *   ends            ends without an answer
 *
 * It tells what it was asked for in the file that HOSTER_LOG names: no line holds an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pvm3.h"
#include "pvmproto.h"

#define HOSTS 64
#define LINE 16384

static int tids[HOSTS];
static char lines[HOSTS][LINE];
static FILE *told;

/* The first line that command prints, run where the host is; all that comes is read. */
static void run(const char *where, const char *command, char *line)
{
    static char text[2 * LINE];
    const char *address = strchr(where, '@') != NULL ? strchr(where, '@') + 1 : where;
    FILE *pipe;

    snprintf(text, sizeof(text), "%s %s '%s' </dev/null", getenv("PVM_RSH"), address, command);
    pipe = popen(text, "r");
    if (pipe == NULL || fgets(line, LINE, pipe) == NULL)
        strcpy(line, "PvmCantStart");
    line[strcspn(line, "\n")] = '\0';
    while (pipe != NULL && fgets(text, sizeof(text), pipe) != NULL)
        continue;
    if (pipe != NULL)
        pclose(pipe);
}

/* Returns how many. */
static int take_hosts(const char *word)
{
    int count;

    pvm_upkint(&count, 1, 1);
    fprintf(told, "%d hosts\n", count);
    for (int i = 0; i < count && i < HOSTS; i++) {
        char so[256], where[256], command[LINE], windows[LINE], vmid[256];

        pvm_upkint(&tids[i], 1, 1);
        pvm_upkstr(so);
        pvm_upkstr(where);
        pvm_upkstr(command);
        pvm_upkstr(windows);
        pvm_upkstr(vmid);
        fprintf(told, "host %d so <%s> where <%s> windows <%s> vmid <%s>\ncommand %s\n", tids[i] >> 18, so, where, windows,
                vmid, command);
        fflush(told);
        if (word != NULL)
            snprintf(lines[i], LINE, "%s", word);
        else
            run(where, command, lines[i]);
    }
    return count;
}

static void answer(int to, int wid, int count, int garbage)
{
    int id = pvm_initsend(PvmDataDefault);
    struct pvmminfo info;

    if (garbage) {
        pvm_pkstr((char *)"I am no answer");
    } else {
        pvm_pkint(&count, 1, 1);
        for (int i = 0; i < count; i++) {
            pvm_pkint(&tids[i], 1, 1);
            pvm_pkstr(lines[i]);
        }
    }
    pvm_getminfo(id, &info);
    info.wid = wid;
    pvm_setminfo(id, &info);
    pvm_send(to, SM_STHOSTACK);
}

static int has(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return i;
    return 0;
}

static void serve(int argc, char **argv, const struct pvmminfo *info)
{
    int say = has(argc, argv, "say");
    int count = take_hosts(say > 0 ? argv[say + 1] : NULL);

    if (has(argc, argv, "ends")) {
        pvm_exit();
        exit(0);
    }
    if (has(argc, argv, "late")) {
        fprintf(told, "started\n");
        fflush(told);
        fclose(fopen(argv[has(argc, argv, "late") + 1], "r"));
    }
    answer(info->src, info->wid, count - (has(argc, argv, "fewer") > 0), has(argc, argv, "garbage"));
    if (has(argc, argv, "twice")) {
        for (int i = 0; i < count; i++)
            strcpy(lines[i], "PvmCantStart");
        answer(info->src, info->wid, count, 0);
    }
    if (has(argc, argv, "once"))
        fprintf(told, "registered %d\n", pvm_reg_hoster());
    fprintf(told, "answered\n");
    fflush(told);
}

int main(int argc, char **argv)
{
    told = fopen(getenv("HOSTER_LOG"), "a");
    if (told == NULL || pvm_mytid() < 0)
        return 1;
    pvm_setopt(PvmResvTids, 1);
    fprintf(told, "registered %d\n", pvm_reg_hoster());
    fflush(told);
    for (;;) {
        struct pvmminfo info;
        int id = pvm_recv(-1, -1);

        if (id < 0)
            return 1;
        pvm_getminfo(id, &info);
        if (info.tag == SM_STHOST)
            serve(argc, argv, &info);
    }
}
