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
 *
 * Enter and leave are inline: packing one int takes about as long as one locked instruction.
 */
#ifndef PVMI_LIBPVM_CALL_H
#define PVMI_LIBPVM_CALL_H

#include <pthread.h>
#include <stdbool.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define pvmi_call_one_thread() (__libc_single_threaded != 0)
#else
#define pvmi_call_one_thread() false    /* no such flag in this C library: always lock */
#endif

#include "base/error.h"

/* The code of the last error of this process, as in PVM 3; exported. Successes keep it. */
extern int pvm_errno;

/* Option PvmAutoErr: 0 silent, 1 a line on stderr, 2 the line and then pvm_exit() and exit(code), 3 the
 * line and abort(); other values act as 1. */
extern int pvmi_autoerr;

/*
 * What a thread is doing in the library. Small, for its TLS model needs room that a dlopen may not find. Never
 * through a pointer: where UBSan checks that for NULL, ld turns the add that sets the flags into a lea.
 */
struct pvmi_call_state {
    int depth;       /* public functions that this thread is in */
    int outside;     /* depth of the program's own code: 0, in a message handler that of the call which runs it */
    bool locked;     /* it holds the library's lock */
    short traced;    /* the running call is traced: its event (libpvm/trace.h) and 1; else 0 */
    bool noted;      /* the running call has noted a fault */
    bool told;       /* and AutoErr has printed its text */
    bool polling;    /* it is in poll() for all threads, or a signal handler has jumped out of that */
};

extern __thread struct pvmi_call_state pvmi_call_state __attribute__((tls_model("initial-exec")));

/* The task's state word may say that it sleeps: the next call sets it right (libpvm/progress). */
extern bool pvmi_call_rests;

/* What comes while the program is outside the library has to make its descriptor readable (libpvm/getfds). */
extern bool pvmi_call_rest_after;

/* The slow halves of enter and leave. */
void pvmi_call_wake(void);
void pvmi_call_take(void);
void pvmi_call_give(void);
void pvmi_call_finish(int rc);
void pvmi_call_report(const char *function, int rc);

/*
 * True when no other thread can be in the library meanwhile. What then neither fails nor waits nor calls anything
 * of the program's may go without enter and leave: counting the depth up and down takes longer than packing an int.
 */
static inline bool pvmi_call_alone(void)
{
    return pvmi_call_state.locked || pvmi_call_one_thread();
}

/* Takes the library's lock (recursive), unless this process has one thread only. Forgets the thread's fault. */
static inline void pvmi_call_enter(void)
{
    if (!pvmi_call_state.locked && !pvmi_call_one_thread())
        pvmi_call_take();
    if (pvmi_call_state.depth++ == 0)
        pvmi_call_state.noted = false;
    if (__builtin_expect(pvmi_call_rests, 0))
        pvmi_call_wake();
}

/* The way out that they all share, and all of it for results that may be negative without being errors. */
static inline int pvmi_call_end(int rc)
{
    if (--pvmi_call_state.depth == pvmi_call_state.outside &&
        (pvmi_call_state.locked | pvmi_call_state.traced | pvmi_call_rest_after) != 0)
        pvmi_call_finish(rc);
    return rc;
}

/* Gives the lock back. A negative rc becomes pvm_errno and is reported as PvmAutoErr says. Returns rc. */
static inline int pvmi_call_leave(const char *function, int rc)
{
    if (__builtin_expect(rc < 0, 0))
        pvmi_call_report(function, rc);
    return pvmi_call_end(rc);
}

/* The same without ever printing: for results that PVM 3 does not report. */
static inline int pvmi_call_leave_quiet(int rc)
{
    if (__builtin_expect(rc < 0, 0))
        pvmi_call_report(NULL, rc);
    return pvmi_call_end(rc);
}

/* A call runs a function of the program: what that calls is traced as any other. begin() returns what end() takes. */
struct pvmi_call_state pvmi_call_program_begin(void);
void pvmi_call_program_end(const struct pvmi_call_state *before);

/* Waits of the library let other threads in: unlock wholly, lock again. Returns the depth for lock(). */
int pvmi_call_unlock(void);
void pvmi_call_lock(int depth);

/* Waits for cond, which another thread signals inside a call of its own. */
void pvmi_call_wait(pthread_cond_t *cond);

/* Notes the whole error of the call that is running, for pvm_errdetail() and the second AutoErr line.
 * Returns code. */
int pvmi_call_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with what came from a daemon. */
int pvmi_call_fail_fault(const struct pvmi_fault *fault);

/* The text of the thread's last error, with the host where it arose if that is another; "" for none. */
const char *pvmi_call_detail(void);

/* A child after fork(): the lock is as new. */
void pvmi_call_after_fork(void);

#endif
