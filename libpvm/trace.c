/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which calls are traced, and what of them. A call is traced from its begin to its end by one thread: the thread
 * knows the event (pvmi_call_state.traced).
 *
 * A task that has not enrolled does not know yet whether it is traced. Its call is kept until it has enrolled
 * inside, and told then; or until it ends without.
 */
#include "libpvm/trace.h"

#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"
#include "libpvm/trace_record.h"
#include "libpvm/undeclared.h"

bool pvmi_trace_on = true;
bool pvmi_trace_buffers_on = true;    /* until the first such call has looked */

/* The call of a task that has not enrolled. */
static struct {
    bool waiting;
    pthread_t thread;
    int event;
    struct pvmi_trace_value values[PVMI_TRACE_VALUES_MAX];
} early;

/* What the call that is about to leave has said of its exit. No other thread comes between. */
static struct {
    bool said;
    int event;
    struct pvmi_trace_value values[PVMI_TRACE_VALUES_MAX];
    int *array;    /* copy of the ints of the array in values: no exit has more than one */
} result;

static int32_t described_to;    /* the collector that has the descriptions */

/* ---- what is wanted ---- */

static bool has_collector(void)
{
    return pvmi_task.tid != 0 && !pvmi_task.lost && pvmi_task.self.trace_tid > 0;
}

/* Nobody collects its calls from itself: each message would make the next. */
static bool is_traced(void)
{
    return has_collector() && pvmi_task.self.trace_tid != pvmi_task.tid;
}

static bool mask_has(const char *mask, int event)
{
    return (size_t)event / 4 < strlen(mask) && TEV_MASK_CHECK(mask, event) != 0;
}

bool pvmi_trace_wants(int event)
{
    return is_traced() && mask_has(pvmi_task.self_mask, event);
}

bool pvmi_trace_wants_user(void)
{
    return has_collector() && mask_has(pvmi_task.self_mask, TEV_USER_DEFINED);
}

/* ---- values ---- */

static void take_values(const struct pvmi_trace_item *items, struct pvmi_trace_value *values, int from, va_list args)
{
    for (int i = from; items[i].type != TEV_DATA_NULL; i++) {
        bool array = (items[i].type & TEV_DATA_ARRAY) != 0;

        values[i] = (struct pvmi_trace_value){ 0, NULL };
        if (array || items[i].type == TEV_DATA_INT)
            values[i].number = va_arg(args, int);
        if (array || items[i].type != TEV_DATA_INT)
            values[i].data = va_arg(args, const void *);
    }
}

/* ---- PvmTraceTime and PvmTraceCount ---- */

static bool has_sums(void)
{
    return pvmi_task.self.trace_options == PvmTraceTime || pvmi_task.self.trace_options == PvmTraceCount;
}

/* PVM 3 counts entries and exits. */
static void note_exit(int event)
{
    struct Pvmtevinfo *info = &pvmtevinfo[event];
    struct timeval now;
    struct timeval taken;

    info->count++;
    if (pvmi_task.self.trace_options != PvmTraceTime)
        return;
    gettimeofday(&now, NULL);
    timersub(&now, &info->mark, &taken);
    timeradd(&info->total, &taken, &info->total);
}

static void note_entry(int event)
{
    pvmtevinfo[event].count++;
    if (pvmi_task.self.trace_options == PvmTraceTime)
        gettimeofday(&pvmtevinfo[event].mark, NULL);
}

/* Tells the sums, and begins anew. */
static void tell_sums(void)
{
    const char *names[TEV_MAX + 1];
    int seconds[TEV_MAX + 1];
    int microseconds[TEV_MAX + 1];
    int counts[TEV_MAX + 1];
    int n = 0;

    for (int event = 0; event <= TEV_MAX; event++) {
        struct Pvmtevinfo *info = &pvmtevinfo[event];

        if (info->count == 0)
            continue;
        names[n] = info->name;
        seconds[n] = (int)info->total.tv_sec;
        microseconds[n] = (int)info->total.tv_usec;
        counts[n++] = info->count;
        info->count = 0;
        info->total = (struct timeval){ 0, 0 };
    }
    if (n == 0)
        return;
    if (pvmi_task.self.trace_options == PvmTraceTime)
        pvmi_trace_record(TEV_TIMING, pvmi_trace_events[TEV_TIMING].entry,
                          (struct pvmi_trace_value[]){ { n, NULL }, { n, names }, { n, seconds },
                                                       { n, microseconds }, { n, counts } });
    else
        pvmi_trace_record(TEV_PROFILING, pvmi_trace_events[TEV_PROFILING].entry,
                          (struct pvmi_trace_value[]){ { n, NULL }, { n, names }, { n, counts } });
}

/* ---- a call ---- */

static void tell_entry(int event, const struct pvmi_trace_value *values)
{
    if (pvmi_task.self.trace_options == PvmTraceFull)
        pvmi_trace_record(event | TEV_EVENT_ENTRY, pvmi_trace_events[event].entry, values);
    else if (has_sums())
        note_entry(event);
}

/* The mask that this process was spawned with; NULL: it was not spawned. */
static const char *spawned_mask(void)
{
    return pvmi_env(PVMI_ENV_PVM_CLAIM) != NULL ? pvmi_env(PVMI_ENV_PVMTMASK) : NULL;
}

static bool is_empty(const char *mask)
{
    return mask[strspn(mask, "@")] == '\0';
}

/* Was spawned with event in the mask, and its first call is not one that enrols: it does, to tell of it. */
static bool is_spawned_with(int event)
{
    const char *mask = spawned_mask();

    if (event == TEV_SETOPT || event == TEV_GETOPT)
        return false;    /* PVM 3 does not enrol for these either */
    return mask != NULL && mask_has(mask, event);
}

void pvmi_trace_begin(int event, ...)
{
    struct pvmi_trace_value values[PVMI_TRACE_VALUES_MAX];
    va_list args;

    if (pvmi_call_state.depth != pvmi_call_state.outside + 1)
        return;
    if (pvmi_task.tid != 0 && !pvmi_trace_wants(event))
        return;
    va_start(args, event);
    take_values(pvmi_trace_events[event].entry, values, 0, args);
    va_end(args);
    pvmi_call_state.traced = event + 1;
    result.said = false;
    if (pvmi_task.tid != 0) {
        tell_entry(event, values);
        return;
    }
    pvmi_trace_buffers_on = spawned_mask() != NULL && !is_empty(spawned_mask());
    early.waiting = true;
    early.thread = pthread_self();
    early.event = event;
    memcpy(early.values, values, sizeof(values));
    if (is_spawned_with(event))
        pvmi_task_enroll();    /* without a daemon there is no trace, and the function does without, or fails */
}

void pvmi_trace_once(int event, ...)
{
    struct pvmi_trace_value values[PVMI_TRACE_VALUES_MAX];
    va_list args;

    if (!pvmi_trace_wants(event))
        return;
    va_start(args, event);
    take_values(pvmi_trace_events[event].entry, values, 0, args);
    va_end(args);
    tell_entry(event, values);
}

/* The ints of value become a copy, which stays. Without memory there are none. */
static void keep_ints(struct pvmi_trace_value *value)
{
    size_t size = value->number <= 0 ? 0 : (size_t)value->number * sizeof(int);

    pvmi_free(result.array);
    result.array = size == 0 || value->data == NULL ? NULL : pvmi_malloc(size);
    if (result.array != NULL)
        memcpy(result.array, value->data, size);
    value->data = result.array;
}

void pvmi_trace_take_result(int first, ...)
{
    const struct pvmi_trace_item *items = pvmi_trace_events[pvmi_call_state.traced - 1].exit;
    va_list args;

    result.event = pvmi_call_state.traced - 1;
    result.said = true;
    result.values[0] = (struct pvmi_trace_value){ first, NULL };
    va_start(args, first);
    if (items[0].type & TEV_DATA_ARRAY)
        result.values[0].data = va_arg(args, const int *);
    take_values(items, result.values, 1, args);
    va_end(args);
    for (int i = 0; items[i].type != TEV_DATA_NULL; i++) {
        if (items[i].type == (TEV_DATA_INT | TEV_DATA_ARRAY))
            keep_ints(&result.values[i]);
    }
}

void pvmi_trace_take_received(int first, struct pvmi_msgbuf *buf)
{
    if (buf == NULL)
        pvmi_trace_take_result(first, -1, -1, pvmmyctx, -1);
    else
        pvmi_trace_take_result(first, (int)pvmi_msgbuf_xdr_length(buf), buf->tag, buf->ctx, buf->src);
}

/* The exit of a call that has said nothing: its result, and zeros where there is more. */
static void result_default(int event, int rc)
{
    if (result.said && result.event == event)
        return;
    memset(result.values, 0, sizeof(result.values));
    result.values[0].number = rc;
}

static bool is_early(void)
{
    return early.waiting && pthread_equal(early.thread, pthread_self());
}

void pvmi_trace_end(int rc)
{
    int event = pvmi_call_state.traced - 1;

    pvmi_call_state.traced = 0;
    if (is_early()) {
        early.waiting = false;
        return;
    }
    if (!pvmi_trace_wants(event))
        return;
    result_default(event, rc);
    result.said = false;
    if (pvmi_task.self.trace_options == PvmTraceFull)
        pvmi_trace_record(event | TEV_EVENT_EXIT, pvmi_trace_events[event].exit, result.values);
    else if (has_sums())
        note_exit(event);
}

/* ---- changes ---- */

void pvmi_trace_changed(void)
{
    pvmi_trace_show();
    pvmi_trace_on = pvmi_task.tid == 0 || (is_traced() && !is_empty(pvmi_task.self_mask));
    pvmi_trace_buffers_on = pvmi_trace_on;
    if (pvmi_task.tid == 0)
        return;
    if (is_traced() && pvmi_task.self.trace_tid != described_to) {
        pvmi_trace_describe_anew();
        described_to = pvmi_task.self.trace_tid;
    }
    if (is_early()) {
        early.waiting = false;
        if (pvmi_trace_wants(early.event))
            tell_entry(early.event, early.values);
    }
}

void pvmi_trace_leave(void)
{
    if (is_traced() && has_sums())
        tell_sums();
    if (is_traced())
        pvmi_trace_send_collected();
    pvmi_call_state.traced = 0;
    described_to = 0;
}

void pvmi_trace_after_fork(void)
{
    pvmi_trace_drop_collected();
    early.waiting = false;
    described_to = 0;
    pvmi_trace_on = pvmi_trace_buffers_on = true;
}
