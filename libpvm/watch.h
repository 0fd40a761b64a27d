/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A task whose death would leave a call of the library waiting for ever. The library asks for the same
 * notice as pvm_notify(), with a tag of its own in a context that programs do not use.
 */
#ifndef PVMI_LIBPVM_WATCH_H
#define PVMI_LIBPVM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct pvmi_msgbuf;

struct pvmi_watch {
    struct pvmi_list link;
    int32_t me;     /* the tid that asked */
    int32_t tid;
    int tag;
    bool gone;      /* it has ended, and all that it sent to this task has arrived */
};

/* Watches tid until pvmi_watch_end(). PvmOk, PvmNoMem, PvmSysErr (fault noted; nothing is to be ended). */
int pvmi_watch_begin(int32_t tid, struct pvmi_watch **ret_watch);
void pvmi_watch_end(struct pvmi_watch *watch);

/* A notice of the library's own has come. */
void pvmi_watch_arrived(struct pvmi_msgbuf *buf);

#endif
