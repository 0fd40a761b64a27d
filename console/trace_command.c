/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/trace_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/report.h"
#include "pvm3.h"
#include "pvmtev.h"

#define COLUMNS 4

/* PVM 3's table of events, which libpvm exports and no header declares. */
extern struct Pvmtevinfo pvmtevinfo[TEV_MAX + 1];

/* ---- events ---- */

/* Those that can be asked for: the daemons' own and the sums come by themselves. */
static bool is_choosable(int event)
{
    return event != TEV_NEWTASK && event != TEV_ENDTASK && event != TEV_SPNTASK && event != TEV_TIMING &&
           event != TEV_PROFILING;
}

static int event_find(const char *name)
{
    if (strncmp(name, "pvm_", 4) == 0)
        name += 4;
    for (int event = TEV_FIRST; event <= TEV_MAX; event++) {
        if (is_choosable(event) && strcmp(pvmtevinfo[event].name, name) == 0)
            return event;
    }
    return -1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(pvmtevinfo[*(const int *)a].name, pvmtevinfo[*(const int *)b].name);
}

/* ---- trace ---- */

static int show_mask(void)
{
    int events[TEV_MAX + 1];
    int count = 0;
    Pvmtmask mask;
    int rc = pvm_gettmask(PvmTaskChild, mask);

    if (rc < 0)
        return report_call("trace", rc);
    for (int event = TEV_FIRST; event <= TEV_MAX; event++) {
        if (is_choosable(event))
            events[count++] = event;
    }
    qsort(events, (size_t)count, sizeof(events[0]), by_name);
    int rows = (count + COLUMNS - 1) / COLUMNS;
    for (int row = 0; row < rows; row++) {
        for (int i = row; i < count; i += rows)
            printf("%s %c %-15s", i == row ? "" : " ", TEV_MASK_CHECK(mask, events[i]) ? '*' : ' ',
                   pvmtevinfo[events[i]].name);
        putchar('\n');
    }
    return EXIT_GOOD;
}

static void mask_xpvm(Pvmtmask mask)
{
    static const int shown[] = {
        TEV_ADDMHF, TEV_BARRIER, TEV_BCAST,  TEV_DELMHF, TEV_EXIT, TEV_JOINGROUP, TEV_KILL,    TEV_LVGROUP,
        TEV_MCAST,  TEV_MHF_INVOKE, TEV_MYTID, TEV_NRECV, TEV_PARENT, TEV_PRECV, TEV_PROBE,    TEV_PSEND,
        TEV_RECV,   TEV_RECVF,   TEV_SEND,   TEV_SENDSIG, TEV_SIBLINGS, TEV_SPAWN, TEV_TRECV, TEV_USER_DEFINED,
    };

    TEV_MASK_INIT(mask);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        TEV_MASK_SET(mask, shown[i]);
}

void trace_command_begin(void)
{
    Pvmtmask mask;

    mask_xpvm(mask);
    pvm_settmask(PvmTaskChild, mask);
    pvm_setopt(PvmTraceOptions, PvmTraceFull);
}

static void mask_change(Pvmtmask mask, int event, bool on)
{
    if (on)
        TEV_MASK_SET(mask, event);
    else
        TEV_MASK_UNSET(mask, event);
}

/* [+|-] NAME ... or *. */
static int change_mask(int argc, char **argv)
{
    bool on = strcmp(argv[1], "-") != 0;
    int at = strcmp(argv[1], "-") == 0 || strcmp(argv[1], "+") == 0 ? 2 : 1;
    int status = EXIT_GOOD;
    Pvmtmask mask;
    int rc = pvm_gettmask(PvmTaskChild, mask);

    if (rc < 0)
        return report_call("trace", rc);
    for (; at < argc; at++) {
        int event = event_find(argv[at]);

        for (int each = TEV_FIRST; strcmp(argv[at], "*") == 0 && each <= TEV_MAX; each++)
            mask_change(mask, each, on);
        if (event >= 0) {
            mask_change(mask, event, on);
        } else if (strcmp(argv[at], "*") != 0) {
            printf("no such event \"%s\"\n", argv[at]);
            status = EXIT_FAILED;
        }
    }
    rc = pvm_settmask(PvmTaskChild, mask);
    return rc < 0 ? report_call("trace", rc) : status;
}

static int buffering(int argc, char **argv)
{
    if (argc == 2) {
        printf("\nTrace Buffering set to %d bytes\n\n", pvm_getopt(PvmTraceBuffer));
        return EXIT_GOOD;
    }
    char *end;
    long bytes = strtol(argv[2], &end, 10);
    if (end == argv[2] || *end != '\0' || bytes < 0 || bytes > 0x7fffffff)
        return report_usage("trace", "\"%s\" is no number of bytes", argv[2]);
    pvm_setopt(PvmTraceBuffer, (int)bytes);
    return EXIT_GOOD;
}

static int options(int argc, char **argv)
{
    static const char *const words[] = { NULL, "full", "time", "count" };
    int now = pvm_getopt(PvmTraceOptions);

    if (argc == 2) {
        printf("\nTrace Options set to \"%s\"\n\n",
               now >= PvmTraceFull && now <= PvmTraceCount ? words[now] : "none");
        return EXIT_GOOD;
    }
    for (int option = PvmTraceFull; option <= PvmTraceCount; option++) {
        if (strcmp(argv[2], words[option]) == 0) {
            pvm_setopt(PvmTraceOptions, option);
            return EXIT_GOOD;
        }
    }
    printf("\nError:  Unknown Trace Option \"%s\"\n\n", argv[2]);
    return EXIT_USAGE;
}

/* More behind buf, opt or xpvm than they take, which are no events. */
static bool words_too_many(int argc, char **argv)
{
    if (strcmp(argv[1], "xpvm") == 0)
        return argc > 2;
    return argc > 3 && (strcmp(argv[1], "buf") == 0 || strcmp(argv[1], "opt") == 0);
}

int trace_command(struct console *console, int argc, char **argv)
{
    Pvmtmask mask;

    (void)console;
    if (argc == 1)
        return show_mask();
    if (words_too_many(argc, argv)) {
        printf("trace: wrong #args\n");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "buf") == 0)
        return buffering(argc, argv);
    if (strcmp(argv[1], "opt") == 0)
        return options(argc, argv);
    if (strcmp(argv[1], "xpvm") == 0) {
        mask_xpvm(mask);
        pvm_settmask(PvmTaskChild, mask);
        return EXIT_GOOD;
    }
    return change_mask(argc, argv);
}
