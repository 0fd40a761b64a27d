/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading what has come through the arena. A task without one has nothing to read here. */
#ifndef PVMI_LIBPVM_SWEEP_H
#define PVMI_LIBPVM_SWEEP_H

#include <stdbool.h>

struct pvmi_msgbuf;

/* What a receive waits for, after it has looked through all that had come before. */
struct pvmi_posted {
    int tid;                    /* as in pvmi_match_find() */
    int tag;
    int ctx;
    struct pvmi_msgbuf *buf;    /* NULL until it has come: it is in no queue, and the receive's */
};

/* Hands on the next message; one that is posted, if nothing stands before it, to whoever waits for it. posted NULL: nobody
 * does. Returns 1; 0 when all was looked at and there is none; PvmNoMem: it stays. */
int pvmi_sweep(struct pvmi_posted *posted);

/* Hands on all that has been sent before this call. Returns PvmOk, PvmNoMem. */
int pvmi_sweep_all(void);

/* Whether there may be one. */
bool pvmi_sweep_ready(void);

#endif
