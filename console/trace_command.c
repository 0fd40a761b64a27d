/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/trace_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/report.h"
#include "console/words.h"
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

/* A name, or * for all. */
static int change_events(Pvmtmask mask, const char *name, bool on)
{
    int event = event_find(name);

    if (strcmp(name, "*") == 0) {
        for (int each = TEV_FIRST; each <= TEV_MAX; each++)
            mask_change(mask, each, on);
        return EXIT_GOOD;
    }
    if (event < 0) {
        printf("no such event \"%s\"\n", name);
        return EXIT_FAILED;
    }
    mask_change(mask, event, on);
    return EXIT_GOOD;
}

/* word NULL: shows. */
static int buffering(const char *word)
{
    int bytes;

    if (word == NULL) {
        printf("\nTrace Buffering set to %d bytes\n\n", pvm_getopt(PvmTraceBuffer));
        return EXIT_GOOD;
    }
    if (!words_number(word, &bytes) || bytes < 0)
        return report_usage("trace", "\"%s\" is no number of bytes", word);
    pvm_setopt(PvmTraceBuffer, bytes);
    return EXIT_GOOD;
}

/* word NULL: shows. */
static int options(const char *word)
{
    static const char *const words[] = { NULL, "full", "time", "count" };
    int now = pvm_getopt(PvmTraceOptions);

    if (word == NULL) {
        printf("\nTrace Options set to \"%s\"\n\n",
               now >= PvmTraceFull && now <= PvmTraceCount ? words[now] : "none");
        return EXIT_GOOD;
    }
    for (int option = PvmTraceFull; option <= PvmTraceCount; option++) {
        if (strcmp(word, words[option]) == 0) {
            pvm_setopt(PvmTraceOptions, option);
            return EXIT_GOOD;
        }
    }
    printf("\nError:  Unknown Trace Option \"%s\"\n\n", word);
    return EXIT_USAGE;
}

/* Word by word, as in PVM 3: each may be an event, + or - for those that follow, or a setting, which may take the
 * next word. argv ends with NULL. */
int trace_command(struct console *console, int argc, char **argv)
{
    bool on = true;
    int status = EXIT_GOOD;
    Pvmtmask mask;

    (void)console;
    if (argc == 1)
        return show_mask();
    int rc = pvm_gettmask(PvmTaskChild, mask);
    for (char **word = argv + 1; rc >= 0 && *word != NULL; word++) {
        bool takes = strcmp(*word, "buf") == 0 || strcmp(*word, "opt") == 0;
        int failed = EXIT_GOOD;

        if (strcmp(*word, "+") == 0 || strcmp(*word, "-") == 0)
            on = **word == '+';
        else if (takes)
            failed = **word == 'b' ? buffering(word[1]) : options(word[1]);
        else if (strcmp(*word, "xpvm") == 0)
            mask_xpvm(mask);
        else
            failed = change_events(mask, *word, on);
        if (failed != EXIT_GOOD)
            status = failed;
        if (takes && word[1] != NULL)
            word++;
    }
    if (rc >= 0)
        rc = pvm_settmask(PvmTaskChild, mask);
    return rc < 0 ? report_call("trace", rc) : status;
}
