/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "libpvm/progress.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

int pvm_errno = PvmOk;
int pvmi_autoerr = 1;
__thread struct pvmi_call_state pvmi_call_state;

bool pvmi_call_rests;
bool pvmi_call_rest_after;

static pthread_mutex_t call_mutex = PTHREAD_MUTEX_INITIALIZER;

/*
 * The last error of a thread: kept until the next one, as pvm_errno is. Made when the thread has its first one, for a
 * program that loads the library with dlopen() may find little room for thread-local data; out of memory, the threads
 * share one.
 */
struct call_error {
    struct pvmi_fault fault;
    char text[sizeof(((struct pvmi_fault *)NULL)->host) + sizeof(((struct pvmi_fault *)NULL)->text) + 2];
};

static __thread struct call_error *call_error;
static struct call_error call_error_shared;
static pthread_key_t call_error_key;    /* frees it when the thread ends */
static pthread_once_t call_error_once = PTHREAD_ONCE_INIT;
static bool call_error_keyed;

static void call_error_free(void *error)
{
    call_error = NULL;
    free(error);
}

static void call_error_make_key(void)
{
    call_error_keyed = pthread_key_create(&call_error_key, call_error_free) == 0;
}

static struct call_error *call_error_of_thread(void)
{
    if (call_error != NULL)
        return call_error;
    pthread_once(&call_error_once, call_error_make_key);
    call_error = call_error_keyed ? calloc(1, sizeof(*call_error)) : NULL;
    if (call_error != NULL && pthread_setspecific(call_error_key, call_error) != 0) {
        free(call_error);
        call_error = NULL;
    }
    return call_error != NULL ? call_error : &call_error_shared;
}

void pvmi_call_wake(void)
{
    pvmi_progress_entered();
}

void pvmi_call_take(void)
{
    pthread_mutex_lock(&call_mutex);
    pvmi_call_state.locked = true;
    if (pvmi_call_state.polling) {
        pvmi_call_state.polling = false;
        pvmi_progress_polled();
    }
}

void pvmi_call_give(void)
{
    pvmi_call_state.locked = false;
    pthread_mutex_unlock(&call_mutex);
}

/* The outermost function leaves: its exit is told, the lock given back. */
void pvmi_call_finish(int rc)
{
    if (pvmi_call_state.traced != 0)
        pvmi_trace_end(rc);
    if (pvmi_call_rest_after && pvmi_call_state.depth == 0)
        pvmi_progress_rest();
    if (pvmi_call_state.locked && pvmi_call_state.depth == 0)
        pvmi_call_give();
}

struct pvmi_call_state pvmi_call_program_begin(void)
{
    struct pvmi_call_state before = pvmi_call_state;

    pvmi_call_state.outside = pvmi_call_state.depth;
    pvmi_call_state.traced = 0;
    return before;
}

void pvmi_call_program_end(const struct pvmi_call_state *before)
{
    pvmi_call_state.outside = before->outside;
    pvmi_call_state.traced = before->traced;
}

int pvmi_call_unlock(void)
{
    int depth = pvmi_call_state.depth;

    pvmi_call_state.depth = 0;
    if (pvmi_call_state.locked)
        pvmi_call_give();
    return depth;
}

void pvmi_call_lock(int depth)
{
    if (!pvmi_call_one_thread() || pvmi_call_state.polling)
        pvmi_call_take();
    pvmi_call_state.depth = depth;
}

void pvmi_call_wait(pthread_cond_t *cond)
{
    struct pvmi_call_state state = pvmi_call_state;

    pvmi_call_state.depth = 0;
    pvmi_call_state.locked = false;
    pthread_cond_wait(cond, &call_mutex);
    pvmi_call_state = state;
}

int pvmi_call_fail(int code, const char *format, ...)
{
    struct pvmi_fault *fault = &call_error_of_thread()->fault;
    char text[sizeof(fault->text)];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);

    pvmi_fault_set(fault, code, NULL, "%s", text);
    pvmi_call_state.noted = true;
    pvmi_call_state.told = false;
    return code;
}

int pvmi_call_fail_fault(const struct pvmi_fault *fault)
{
    call_error_of_thread()->fault = *fault;
    pvmi_call_state.noted = true;
    pvmi_call_state.told = false;
    return fault->code;
}

const char *pvmi_call_detail(void)
{
    struct call_error *error = call_error_of_thread();

    if (error->fault.host[0] == '\0')
        return error->fault.text;
    snprintf(error->text, sizeof(error->text), "%s: %s", error->fault.host, error->fault.text);
    return error->text;
}

/* The lines of one error: the one that PVM 3 prints, and once for each error what it is about. */
static void call_print(const char *function, int rc)
{
    const char *name = pvmi_task_name();
    const char *detail = pvmi_call_detail();

    if (detail[0] == '\0' || pvmi_call_state.told) {
        fprintf(stderr, "libpvm [%s]: %s(): %s\n", name, function, pvmi_error_text(rc));
        return;
    }
    fprintf(stderr, "libpvm [%s]: %s(): %s\nlibpvm [%s]:   %s\n", name, function, pvmi_error_text(rc), name,
            detail);
    pvmi_call_state.told = true;
}

/* rc becomes the last error; a text that was noted for another one (which the call has got over) goes. */
static void call_note(int rc)
{
    pvm_errno = rc;
    if (!pvmi_call_state.noted || call_error_of_thread()->fault.code != rc)
        pvmi_call_fail(rc, "%s", "");
}

void pvmi_call_report(const char *function, int rc)
{
    static bool ending;    /* pvm_exit() on the way out may fail, too */

    call_note(rc);
    if (function == NULL || pvmi_autoerr == 0)
        return;
    call_print(function, rc);
    if (pvmi_autoerr == 3)
        abort();
    if (pvmi_autoerr == 2 && !ending) {
        ending = true;
        pvm_exit();
        exit(rc);
    }
}

void pvmi_call_after_fork(void)
{
    pthread_mutex_init(&call_mutex, NULL);
    pvmi_call_state.polling = false;
    pvmi_call_state.locked = false;    /* depth stays: a handler that forked returns through its call */
}
