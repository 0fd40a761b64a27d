/* SPDX-License-Identifier: BSD-3-Clause */
/* A collector of trace messages: prints what they hold, but for times, addresses and numbers of tids and buffers. */
#ifndef TRACE_H
#define TRACE_H

#include <sys/time.h>

#include <pvmtev.h>

#include "case.h"

extern struct Pvmtevdid pvmtevdidlist[];
extern struct Pvmtevinfo pvmtevinfo[];

#define TRACE_TAG 900
#define ITEMS_MAX 40

static struct {
    int count;
    int did[ITEMS_MAX];
    int type[ITEMS_MAX];
} trace_desc[0x10000];

static char trace_daemon[65536];    /* what the daemon told: its place among the task's is by chance */
static size_t trace_daemon_length;
static int trace_from_daemon;

static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (trace_from_daemon)
        trace_daemon_length += vsnprintf(trace_daemon + trace_daemon_length,
                                         sizeof(trace_daemon) - trace_daemon_length, format, args);
    else
        vprintf(format, args);
    va_end(args);
}

static int trace_int(void)
{
    int value = -12345;

    if (pvm_upkint(&value, 1, 1) != PvmOk)
        say("<no int>");
    return value;
}

/* Values that are other ones in each run. */
static int is_random(int did)
{
    return did == TEV_DID_TS || did == TEV_DID_TU || did == TEV_DID_MB || did == TEV_DID_MSB ||
           did == TEV_DID_MRB || did == TEV_DID_CD || did == TEV_DID_CR ||
           (did >= TEV_DID_TUS && did <= TEV_DID_TSU) || did == TEV_DID_TGS || did == TEV_DID_TGU;
}

static void trace_number(int did, int value)
{
    if (is_random(did) || value > 200000 || value < -200000)
        say(" *");
    else
        say(" %d", value);
}

static void trace_value(int did, int type)
{
    int count = type & TEV_DATA_ARRAY ? trace_int() : 1;
    char text[8192];
    long address;

    if (type & TEV_DATA_ARRAY)
        say("[%d]", count);
    for (int i = 0; i < count; i++) {
        switch (type & ~TEV_DATA_ARRAY) {
        case TEV_DATA_STRING:
            pvm_upkstr(text);
            say(" \"%s\"", text);
            break;
        case TEV_DATA_LONG:
            pvm_upklong(&address, 1, 1);
            say(" address");
            break;
        default:
            trace_number(did, trace_int());
        }
    }
}

static void trace_name(int event, const char *name)
{
    say("%s%s%s (%x)", name, event & TEV_EVENT_ENTRY ? " entry" : "", event & TEV_EVENT_EXIT ? " exit" : "", event);
}

static void trace_description(void)
{
    int event = trace_int();
    char name[100];
    int did;
    int n = 0;

    pvm_upkstr(name);
    say("described ");
    trace_name(event, name);
    while ((did = trace_int()) >= 0 && n < ITEMS_MAX) {
        trace_desc[event].did[n] = did;
        trace_desc[event].type[n] = trace_int();
        say(" %s:%d =", pvmtevdidlist[did].did, trace_desc[event].type[n]);
        trace_value(did, trace_desc[event].type[n]);
        n++;
    }
    trace_desc[event].count = n;
    say(" end %d\n", did);
}

static void trace_record(void)
{
    int event = trace_int();

    say("record ");
    trace_name(event, pvmtevinfo[event & 0xfff].name);
    for (int i = 0; i < trace_desc[event].count; i++) {
        say(" %s =", pvmtevdidlist[trace_desc[event].did[i]].did);
        trace_value(trace_desc[event].did[i], trace_desc[event].type[i]);
    }
    say(" end %d\n", trace_int());
}

static void trace_identifiers(void)
{
    char did[100];
    char text[200];
    int number;

    while ((number = trace_int()) >= 0) {
        pvm_upkstr(did);
        pvm_upkstr(text);
        say("identifier %d %s %s\n", number, did, text);
    }
    say("identifiers end %d\n", number);
}

static void trace_user(void)
{
    char text[100];
    int type;

    say("user event %d", trace_int());
    pvm_upkstr(text);
    say(" %s", text);
    trace_int();
    trace_int();
    while ((type = trace_int()) > 0) {
        int count = type & TEV_DATA_ARRAY ? trace_int() : 1;

        say(" type %d:", type);
        for (int i = 0; i < count; i++) {
            float f;
            double d;
            short s;

            switch (type & ~TEV_DATA_ARRAY) {
            case TEV_DATA_BYTE:
                if (i == 0)
                    pvm_upkbyte(text, count, 1), say(" %.*s", count, text);
                break;
            case TEV_DATA_DOUBLE:
                pvm_upkdouble(&d, 1, 1), say(" %g", d);
                break;
            case TEV_DATA_FLOAT:
                pvm_upkfloat(&f, 1, 1), say(" %g", f);
                break;
            case TEV_DATA_SHORT:
                pvm_upkshort(&s, 1, 1), say(" %d", s);
                break;
            default:
                say(" %d", trace_int());
            }
        }
    }
    say(" end %d\n", type);
}

/* One message: its records, in a bundle or alone. */
static void trace_message(int bufid)
{
    int marker;
    int from;
    int records = 0;

    pvm_bufinfo(bufid, NULL, NULL, &from);
    trace_from_daemon = from == (int)0x80000000;
    while (pvm_upkint(&marker, 1, 1) == PvmOk) {
        switch (marker) {
        case TEV_MARK_EVENT_BUFFER:
            say("bundle\n");
            break;
        case TEV_MARK_EVENT_BUFFER_END:
            say("bundle end after %d\n", records);
            break;
        case TEV_MARK_DATA_ID:
            trace_identifiers();
            break;
        case TEV_MARK_EVENT_DESC:
            trace_description();
            break;
        case TEV_MARK_EVENT_RECORD:
            trace_record();
            break;
        case TEV_MARK_USER_EVENT_RECORD:
            trace_user();
            break;
        default:
            say("marker %d\n", marker);
        }
        records++;
    }
    trace_from_daemon = 0;
}

/* The task tells all it does, to the end; then what the daemon has told. */
static void trace_collect(int tid)
{
    struct timeval rest = { 0, 300000 };
    int bufid;

    pvm_notify(PvmTaskExit, TRACE_TAG + 1, 1, &tid);
    while (pvm_probe(-1, TRACE_TAG + 1) == 0) {
        rest.tv_usec = 20000;
        if ((bufid = pvm_trecv(-1, TRACE_TAG, &rest)) > 0)
            trace_message(bufid);
    }
    pvm_recv(-1, TRACE_TAG + 1);
    rest.tv_usec = 300000;
    while ((bufid = pvm_trecv(-1, TRACE_TAG, &rest)) > 0)
        trace_message(bufid);
    printf("the daemon:\n%.*s", (int)trace_daemon_length, trace_daemon);
    trace_daemon_length = 0;
}

/* Runs this case in a role, traced with this mask. */
static void trace_run(const char *role, Pvmtmask mask, int options, int buffer)
{
    printf("---- %s, options %d, buffer %d\n", role, options, buffer);
    pvm_settmask(PvmTaskChild, mask);
    pvm_setopt(PvmTraceTid, case_me);
    pvm_setopt(PvmTraceCode, TRACE_TAG);
    pvm_setopt(PvmTraceOptions, options);
    pvm_setopt(PvmTraceBuffer, buffer);
    case_spawn(role, 1);
    trace_collect(case_tids[case_count - 1]);
}

/* Everything but what 3.4.6 also tells of its own calls inside the first receive and at the exit. */
static void trace_mask_outside(Pvmtmask mask)
{
    static const int inside[] = { TEV_SETSBUF, TEV_SETRBUF, TEV_SETCONTEXT, TEV_MHF_INVOKE, TEV_FREEBUF, TEV_UPKINT };

    TEV_MASK_INIT(mask);
    for (int event = 0; event <= TEV_MAX; event++)
        TEV_MASK_SET(mask, event);
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        TEV_MASK_UNSET(mask, inside[i]);
}

#endif
