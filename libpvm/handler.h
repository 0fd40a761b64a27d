/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message handlers: messages that match one are given to a function of the program instead of being queued.
 *
 * A message is set aside when it arrives, and its handler called when no transport is at work: whoever moves
 * frames calls pvmi_handler_run() afterwards. Handlers do not nest: what comes while one runs waits.
 */
#ifndef PVMI_LIBPVM_HANDLER_H
#define PVMI_LIBPVM_HANDLER_H

#include <stdbool.h>

struct pvmi_msgbuf;

/* A message has come. Takes it if it is for a handler, or has come behind one that is: that handler may yet
 * install the one for it. Then true; else it is still the caller's. */
bool pvmi_handler_arrived(struct pvmi_msgbuf *buf);

/* Calls the handlers of what has come; what finds none any more goes into the queue. Does nothing while a handler
 * runs. Returns how many messages went, or PvmNoMem: none, and they wait for another try. */
int pvmi_handler_run(void);

/* The program has installed handlers: sends, too, are to read what has come. */
bool pvmi_handler_any(void);

/* The calling thread is in a handler. */
bool pvmi_handler_inside(void);

/* PvmOk; in a handler, which must not wait for messages, PvmNotImpl, with the fault noted: what was refused. */
int pvmi_handler_refuse(const char *what);

/* This task has left: no handlers, and what still waits for them is freed. */
void pvmi_handler_clear(void);

/* The enrolment has ended: what still waits is freed. */
void pvmi_handler_drop(void);

#endif
