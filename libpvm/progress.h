/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one place where a task waits. A wait of the library is a loop:
 *
 *     for (;;) {
 *         if (what is waited for is there)
 *             return ...;
 *         rc = pvmi_progress_wait(deadline_us);
 *         if (rc < 0)
 *             return rc;    the daemon has gone, there is no memory; or PVMI_AGAIN, the deadline has passed
 *     }
 *
 * Whoever waits also reads for all others; a second thread sleeps until the first has moved something.
 */
#ifndef PVMI_LIBPVM_PROGRESS_H
#define PVMI_LIBPVM_PROGRESS_H

#include <stdint.h>

#define PVMI_PROGRESS_NO_DEADLINE UINT64_MAX

/* Moves what can move now; messages that come stand in the line (libpvm/line) then. Returns PvmOk, PvmNoMem, or
 * PvmSysErr when the daemon has gone or was never there. */
int pvmi_progress(void);

/*
 * Moves what can move; when nothing can, sleeps until something may have, or until deadline_us of
 * pvmi_clock_us(). Signals do not end it. The library's lock is free while it sleeps.
 *
 * Returns PvmOk when something may have moved, PVMI_AGAIN when the deadline has passed, PvmSysErr when the
 * daemon has gone, PvmNoMem when there is no memory to read what comes from it (what it had read before may have
 * been what is waited for).
 */
int pvmi_progress_wait(uint64_t deadline_us);

/* The same for a receive: what comes through the arena and is posted goes straight to it (libpvm/sweep). */
struct pvmi_posted;
int pvmi_progress_wait_for(uint64_t deadline_us, struct pvmi_posted *posted);

/* Wakes threads that wait, because what they wait for may be there by other means. */
void pvmi_progress_wake(void);

/* The calling thread, which polled for all, does no more: it has come back from that, or, after a signal handler that
 * jumped out of it, calls the library again. Under the library's lock. */
void pvmi_progress_polled(void);

/* A call begins, while pvmi_call_rests: peers need not wake us any more. */
void pvmi_progress_entered(void);

/* A call ends, while pvmi_call_rest_after: what comes from now on makes the descriptor of pvm_getfds() readable. */
void pvmi_progress_rest(void);

/* Before what threads sleep on is unmapped: none does when it returns, and none begins until pvmi_progress_leave_done(). */
void pvmi_progress_leave_begin(void);
void pvmi_progress_leave_done(void);

/* A child after fork(): no thread waits. */
void pvmi_progress_after_fork(void);

#endif
