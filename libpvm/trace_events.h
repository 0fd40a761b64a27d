/* SPDX-License-Identifier: BSD-3-Clause */
/* The events that a task can tell of: their names and the values of entry and exit. */
#ifndef PVMI_LIBPVM_TRACE_EVENTS_H
#define PVMI_LIBPVM_TRACE_EVENTS_H

#include "wire/trace.h"

#define PVMI_TRACE_VALUES_MAX 8    /* of one record, besides time and tid */

struct pvmi_trace_item {
    short did;     /* TEV_DID_* */
    short type;    /* TEV_DATA_*; TEV_DATA_NULL behind the last one */
};

struct pvmi_trace_event {
    struct pvmi_trace_item entry[PVMI_TRACE_VALUES_MAX + 1];
    struct pvmi_trace_item exit[PVMI_TRACE_VALUES_MAX + 1];
};

extern const struct pvmi_trace_event pvmi_trace_events[TEV_MAX + 1];
extern struct Pvmtevinfo pvmtevinfo[TEV_MAX + 1];

#endif
