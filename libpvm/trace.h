/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trace events of this task's own calls: messages of entry and exit to the task that collects them
 * (include/pvmtev.h has their layout). A function that PVM 3 traces says so behind pvmi_call_enter():
 *
 *     int pvm_kill(int tid)
 *     {
 *         pvmi_call_enter();
 *         pvmi_trace_enter(TEV_KILL, tid);
 *         return pvmi_call_leave("pvm_kill", ...);
 *     }
 *
 * The values are those of the event's entry in libpvm/trace_events.c, in that order: an int, a const char *, a
 * pointer whose address is told, or for an array its length and where it lies. The exit is told when the call
 * leaves: its result is the first value. An event with more, or whose first value is not the result, calls
 * pvmi_trace_result() with all of them before; the ints of an array are copied. What the values of the entry
 * point to must stay until the call leaves.
 *
 * Only what the program calls is told, not what the library calls inside.
 */
#ifndef PVMI_LIBPVM_TRACE_H
#define PVMI_LIBPVM_TRACE_H

#include <stdbool.h>

#include "libpvm/call.h"
#include "wire/trace.h"

struct pvmi_msgbuf;

/* Some event may be wanted: it is traced, or not known yet whether it is, for the process has not enrolled. */
extern bool pvmi_trace_on;

/* The same for calls that work on buffers alone: they do not enrol, and before that they are only told of by a task
 * that was spawned with a mask. */
extern bool pvmi_trace_buffers_on;

/* Macros, for only they leave the values alone when nothing is traced. */
#define pvmi_trace_enter(...) (__builtin_expect(pvmi_trace_on, 0) ? pvmi_trace_begin(__VA_ARGS__) : (void)0)
#define pvmi_trace_enter_buffers(...)                                                                         \
    (__builtin_expect(pvmi_trace_buffers_on, 0) ? pvmi_trace_begin(__VA_ARGS__) : (void)0)
#define pvmi_trace_result(...)                                                                                \
    (__builtin_expect(pvmi_call_state.traced != 0, 0) ? pvmi_trace_take_result(__VA_ARGS__) : (void)0)

/* An event without an exit, wherever the call stands: a message handler is invoked. */
void pvmi_trace_once(int event, ...);

void pvmi_trace_begin(int event, ...);
void pvmi_trace_take_result(int first, ...);

/* The values of a receive's exit: first (MB, or CC of pvm_precv()), and what buf is; NULL: nothing came. */
void pvmi_trace_take_received(int first, struct pvmi_msgbuf *buf);

/* The call that runs, of this thread, leaves with rc: tells its exit. */
void pvmi_trace_end(int rc);

/* The task has enrolled, or where its trace goes and what is in it has changed. */
void pvmi_trace_changed(void);

/* Whether event is told of, by what is set now. */
bool pvmi_trace_wants(int event);
bool pvmi_trace_wants_user(void);    /* a user event: those go to the task itself, too */

/* PVM 3's variable pvmctrc: as it is set now. */
void pvmi_trace_show(void);

/* The task leaves the virtual machine: sends what is collected, with PvmTraceTime and PvmTraceCount the sums. The
 * running call has no exit. */
void pvmi_trace_leave(void);

/* A child after fork(): nothing is collected. */
void pvmi_trace_after_fork(void);

/* ---- events of the user's own: messages of PvmDataTrace ---- */

/* What such a message begins with. PvmOk or PvmNoMem. */
int pvmi_trace_user_begin(struct pvmi_msgbuf *buf);

/* pvm_send() of it to PVM_TRACE_TID. PvmOk, also when nobody traces; PvmBadParam: not PVM_TRACE_CODE; else as
 * pvmi_send_message(). */
int pvmi_trace_user_send(struct pvmi_msgbuf *buf, int tag);

#endif
