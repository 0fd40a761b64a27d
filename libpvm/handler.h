/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message handlers: messages that match one are given to a function of the program instead of being queued.
 *
 * They are called when a message's turn comes (libpvm/line), never while a transport is at work, and do not nest.
 */
#ifndef PVMI_LIBPVM_HANDLER_H
#define PVMI_LIBPVM_HANDLER_H

#include <stdbool.h>

struct pvmi_msgbuf;

extern int pvmi_handler_count;

/* There is a handler for this message. */
bool pvmi_handler_exists(const struct pvmi_msgbuf *buf);

/* Takes buf out of the list that it is in and gives it to its handler. Returns 1; 0 when it has none, PvmNoMem when
 * it cannot be shown to it: then it stays. */
int pvmi_handler_call(struct pvmi_msgbuf *buf);

/* One runs now. */
bool pvmi_handler_running(void);

/* The program has installed handlers: sends, too, are to read what has come. */
static inline bool pvmi_handler_any(void)
{
    return pvmi_handler_count > 0;
}

/* The calling thread is in a handler. */
bool pvmi_handler_inside(void);

/* PvmOk; in a handler, which must not wait for messages, PvmNotImpl, with the fault noted: what was refused. */
int pvmi_handler_refuse(const char *what);

/* This task has left: no handlers. */
void pvmi_handler_clear(void);

#endif
