/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Room for what is larger than a block: runs of pages in windows that this task has claimed beside its own. Only the
 * owner takes and gives them, and what is free stands in its private memory. A run has neither budget nor memory here.
 */
#ifndef PVMI_ARENA_SPAN_H
#define PVMI_ARENA_SPAN_H

#include "arena/slot.h"

struct pvmi_span {
    uint32_t slot;
    uint32_t generation;
    uint32_t offset;
    uint32_t length;
};

struct pvmi_spans {
    struct pvmi_self *self;
    struct pvmi_span *free;    /* by slot and offset; neighbours are one */
    uint32_t count;
    uint32_t room;             /* enough for all that were taken to come back one by one */
    uint32_t taken;
};

void pvmi_spans_init(struct pvmi_spans *spans, struct pvmi_self *self);

/* Forgets all: the windows end with the task. */
void pvmi_spans_fini(struct pvmi_spans *spans);

/*
 * Takes length bytes, whole pages: one run if a window has so many, else several. *ret_spans is the caller's, until
 * give(). Returns PvmOk; PvmOutOfRes (no slot is free), PvmNoMem: nothing is taken.
 */
int pvmi_spans_take(struct pvmi_spans *spans, uint64_t length, struct pvmi_span **ret_spans, uint32_t *ret_count);

/* Gives them back, and frees the list. This cannot fail. */
void pvmi_spans_give(struct pvmi_spans *spans, struct pvmi_span *list, uint32_t count);

#endif
