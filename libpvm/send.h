/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages and control frames on their way out. Whatever waits for room reads on meanwhile. */
#ifndef PVMI_LIBPVM_SEND_H
#define PVMI_LIBPVM_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/transport.h"

struct pvmi_msgbuf;

/* Gives frame to ep, waiting for room. Takes the frame, always. PvmOk, or PvmSysErr (fault noted). */
int pvmi_send_frame(struct pvmi_endpoint *ep, struct pvmi_frame *frame);

/* Waits until ep has written all that it was given. PvmOk, or PvmSysErr (fault noted). */
int pvmi_send_flush(struct pvmi_endpoint *ep);

/*
 * Sends buf to each of count different tids, with tag in context ctx. All of it has left this process when
 * it returns. PvmOk, PvmNoMem, PvmSysErr; the fault is noted.
 */
int pvmi_send_message(struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx);

/* The same by the daemon alone, and so behind what that has said before: who collects a trace hears from it that a task
 * has started, and only then of what the task does. */
int pvmi_send_by_daemon(struct pvmi_msgbuf *buf, int32_t tid, int tag, int ctx);

/* pvm_mcast() without its frame: the active send buffer to each different one of tids but the caller. */
int pvmi_send_active(const int *tids, int ntask, int msgtag);

/* The check of a destination that all sends share. */
bool pvmi_send_may(int tid, int msgtag);

#endif
