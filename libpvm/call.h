/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame around every public function: the library's lock on entry; on the way out pvm_errno, the
 * PvmAutoErr line(s), the unlock. Public functions may call public functions: then both report, as in PVM 3.
 *
 *     int pvm_kill(int tid)
 *     {
 *         pvmi_call_enter();
 *         return pvmi_call_leave("pvm_kill", kill_task(tid));
 *     }
 */
#ifndef PVMI_LIBPVM_CALL_H
#define PVMI_LIBPVM_CALL_H

#include <stdbool.h>

#include "base/error.h"

/* Takes the library's lock (recursive), unless this process has one thread only. Forgets the thread's fault. */
void pvmi_call_enter(void);

/* Gives it back. A negative rc becomes pvm_errno and is reported as PvmAutoErr says. Returns rc. */
int pvmi_call_leave(const char *function, int rc);

/* The same without ever printing: for results that PVM 3 does not report. */
int pvmi_call_leave_quiet(int rc);

/* Waits of the library let other threads in: unlock wholly, lock again. Returns the depth for lock(). */
int pvmi_call_unlock(void);
void pvmi_call_lock(int depth);

/* Notes the whole error of the call that is running, for pvm_errdetail() and the second AutoErr line.
 * Returns code. */
int pvmi_call_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with what came from a daemon. */
int pvmi_call_fail_fault(const struct pvmi_fault *fault);

/* A child after fork(): the lock is as new. */
void pvmi_call_after_fork(void);

#endif
