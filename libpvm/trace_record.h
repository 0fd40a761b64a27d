/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of trace events, packed and sent to the collector, at once or in bundles of PvmSelfTraceBuffer bytes. */
#ifndef PVMI_LIBPVM_TRACE_RECORD_H
#define PVMI_LIBPVM_TRACE_RECORD_H

#include "libpvm/trace_events.h"

/* A value, by its item's type. */
struct pvmi_trace_value {
    int number;          /* of an int; of an array how many */
    const void *data;    /* a string; an address; the ints or strings of an array */
};

/* Tells event (TEV_*, with TEV_EVENT_ENTRY or TEV_EVENT_EXIT): the first time what it is made of, too. */
void pvmi_trace_record(int event, const struct pvmi_trace_item *items, const struct pvmi_trace_value *values);

/* Sends what is collected. */
void pvmi_trace_send_collected(void);

/* Drops it: a child after fork(). */
void pvmi_trace_drop_collected(void);

/* The next records go to another collector, or are of another task: they tell again what they are made of. */
void pvmi_trace_describe_anew(void);

#endif
