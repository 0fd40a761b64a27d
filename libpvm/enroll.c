/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Becoming a task, and ceasing to be one.
 *
 * A spawned process finds PVM_CLAIM in its environment: the first enrolment claims that tid and unsets the
 * variable, so that what the task itself starts (a shell script, a debugger, system()) becomes a task of its
 * own. A claim that the daemon does not accept is no error: the process enrols with a new tid. The process that the
 * daemon itself started has inherited more (PVM_SLOT, libpvm/window), and enrols without waiting for anybody.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/rundir.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/getfds.h"
#include "libpvm/handler.h"
#include "libpvm/memory.h"
#include "libpvm/msgbuf.h"
#include "libpvm/notify.h"
#include "libpvm/output.h"
#include "libpvm/progress.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "libpvm/undeclared.h"
#include "libpvm/window.h"
#include "wire/frame.h"
#include "wire/hello.h"

#define ENROLL_TIMEOUT_US 30000000    /* a daemon that is so slow is in trouble */

/* Enrolment waits for the daemon's answer: other threads that need it meanwhile wait for its end. */
static struct {
    bool under_way;
    pthread_t thread;
    pthread_cond_t over;
} enrolment = { .over = PTHREAD_COND_INITIALIZER };

/* ---- a child after fork() ---- */

static void before_fork(void)
{
    pvmi_call_enter();    /* no other thread is in the middle of anything */
}

static void after_fork_in_parent(void)
{
    pvmi_call_end(PvmOk);
}

/*
 * The connection is the parent's: the child closes its copies of the descriptors and says nothing. What the
 * transports have allocated stays, for closing them properly would take the socket out of the parent's
 * epoll descriptor.
 */
static void after_fork_in_child(void)
{
    static struct pvmi_transport *of_parent[2];    /* still pointed to, so that no leak is reported */

    pvmi_call_after_fork();
    pvmi_progress_after_fork();
    pvmi_getfds_after_fork();
    if (pvmi_task.unix_tp != NULL && pvmi_task.self_tp != NULL) {
        close(pvmi_task.socket);
        close(pvmi_task.unix_tp->ops->event_fd(pvmi_task.unix_tp));
        close(pvmi_task.self_tp->ops->event_fd(pvmi_task.self_tp));
        of_parent[0] = pvmi_task.unix_tp;
        of_parent[1] = pvmi_task.self_tp;
        __asm__ volatile("" : : "r"(of_parent) : "memory");
    }
    pvmi_task.unix_tp = NULL;
    pvmi_task.self_tp = NULL;
    pvmi_window_after_fork();
    pvmi_task_forget();
    pvmi_handler_clear();
    pvmi_msgbuf_after_fork();
    pvmi_trace_after_fork();
    enrolment.under_way = false;
    pthread_cond_init(&enrolment.over, NULL);
    pvmi_call_end(PvmOk);
}

static void prepare_process(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* ---- the connection ---- */

static void on_frame(void *user, struct pvmi_endpoint *ep, struct pvmi_frame *frame)
{
    (void)user;
    (void)ep;
    pvmi_arrive_frame(frame);
}

static void on_down(void *user, struct pvmi_endpoint *ep, int reason)
{
    (void)user;
    if (ep != pvmi_task.daemon)
        return;
    pvmi_log(PVMI_LOG_INFO, "the daemon has gone: %s", pvmi_error_text(reason));
    pvmi_task_lose();
}

/* Opens both transports over the connected socket fd, which becomes theirs also on failure. */
static int open_transports(int fd)
{
    static const struct pvmi_transport_events events = { .frame = on_frame, .down = on_down };
    const struct pvmi_address to_daemon = { .fd = fd };
    const struct pvmi_address to_self = { .fd = -1 };
    int rc = pvmi_transport_self.open(&events, NULL, &pvmi_task.self_tp);

    if (rc == PvmOk)
        rc = pvmi_task.self_tp->ops->connect(pvmi_task.self_tp, &to_self, &pvmi_task.oneself);
    if (rc == PvmOk)
        rc = pvmi_transport_unix.open(&events, NULL, &pvmi_task.unix_tp);
    if (rc == PvmOk)
        rc = pvmi_task.unix_tp->ops->connect(pvmi_task.unix_tp, &to_daemon, &pvmi_task.daemon);
    if (rc != PvmOk) {
        close(fd);
        return pvmi_call_fail(rc, "cannot open the connection to the daemon: %s", pvmi_error_text(rc));
    }
    pvmi_task.socket = fd;
    pvmi_getfds_opened();
    return PvmOk;
}

static int connect_failed(void)
{
    const char *why = strerror(errno);

    if (pvmi_env(PVMI_ENV_PVMSOCK) != NULL)
        return pvmi_call_fail(PvmSysErr, "no pvmd answers at PVMSOCK=%s (%s): unset PVMSOCK", pvmi_task.socket_path,
                              why);
    return pvmi_call_fail(PvmSysErr, "no pvmd answers at %s (%s): start one with: pvm", pvmi_task.socket_path, why);
}

/* Where its socket is. */
static int find_daemon(void)
{
    struct pvmi_fault fault;

    if (pvmi_rundir_find(pvmi_task.socket_path, sizeof(pvmi_task.socket_path), &fault) != PvmOk)
        return pvmi_call_fail_fault(&fault);
    return PvmOk;
}

static int connect_daemon(int *ret_fd)
{
    int rc = find_daemon();

    if (rc != PvmOk)
        return rc;
    *ret_fd = pvmi_rundir_connect(pvmi_task.socket_path);
    return *ret_fd < 0 ? connect_failed() : PvmOk;
}

/* ---- the enrolment ---- */

/* PVM_CLAIM is TID:NONCE, both hexadecimal. */
static void claim_read(struct pvmi_msg_enroll *enroll)
{
    const char *claim = pvmi_env(PVMI_ENV_PVM_CLAIM);
    char *end;
    unsigned long tid;
    unsigned long long nonce;

    if (claim == NULL)
        return;
    tid = strtoul(claim, &end, 16);
    if (end == claim || *end != ':')
        return;
    claim = end + 1;
    nonce = strtoull(claim, &end, 16);
    if (end == claim || *end != '\0')
        return;
    enroll->claim_tid = (int32_t)tid;
    enroll->claim_nonce = nonce;
}

static void take_mask(char mask[PVMI_TRACE_MASK_SIZE], const char *text)
{
    if (text != NULL && text[0] != '\0')
        snprintf(mask, PVMI_TRACE_MASK_SIZE, "%s", text);
}

/* A spawned task starts with what its parent passed on; another one with the machine's defaults, if any. */
static void take_inherited(const struct pvmi_rec_inherit *inherit, bool spawned)
{
    take_mask(pvmi_task.self_mask, inherit->trace_mask);
    pvmi_task.self = *inherit;
    pvmi_task.self.trace_mask = pvmi_task.self_mask;
    if (spawned || inherit->output_tid != 0 || inherit->trace_tid != 0) {
        take_mask(pvmi_task.child_mask, inherit->trace_mask);
        pvmi_task.children = *inherit;
        pvmi_task.children.trace_mask = pvmi_task.child_mask;
    }
    if (spawned)
        pvmmyctx = inherit->context;
}

static void open_log(void)
{
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    const char *wanted = pvmi_env(PVMI_ENV_PVM_LOG);

    for (int level = PVMI_LOG_ERROR; wanted != NULL && level <= PVMI_LOG_DEBUG; level++) {
        if (strcmp(wanted, levels[level]) == 0)
            pvmi_log_open(STDERR_FILENO, pvmi_task.tid, (enum pvmi_log_level)level, 0);
    }
}

static int take_enrolled(const struct pvmi_msg_enrolled *enrolled, bool claimed)
{
    int rc = pvmi_request_fault(&enrolled->error);

    if (rc != PvmOk)
        return rc;
    if (enrolled->tid <= 0)
        return pvmi_call_fail(PvmSysErr, "the daemon gave no tid");
    pvmi_task.tid = enrolled->tid;
    pvmmytid = enrolled->tid;
    pvmi_task.last_tid = 0;
    pvmi_task.parent = enrolled->parent;
    snprintf(pvmi_task.host, sizeof(pvmi_task.host), "%s", enrolled->host == NULL ? "" : enrolled->host);
    take_inherited(&enrolled->inherit, claimed);
    open_log();
    return PvmOk;
}

/* Says who we are over fd. Whatever fails, nothing stays open. */
static int enroll_over(int fd, struct pvmi_msg_enroll *enroll)
{
    struct pvmi_control answer;
    int rc = open_transports(fd);

    if (rc == PvmOk)
        rc = pvmi_request_call(PVMI_MSG_enroll, enroll, pvmi_clock_us() + ENROLL_TIMEOUT_US, &answer);
    if (rc == PVMI_AGAIN)
        rc = pvmi_call_fail(PvmSysErr, "the pvmd at %s has not answered for %d s", pvmi_task.socket_path,
                            ENROLL_TIMEOUT_US / 1000000);
    if (rc == PvmOk) {
        const struct pvmi_msg_enrolled *enrolled = answer.msg;

        rc = take_enrolled(enrolled, enroll->claim_tid != 0 && enrolled->tid == enroll->claim_tid);
        pvmi_control_free(&answer);
    }
    if (rc == PvmOk)
        rc = pvmi_window_open();
    if (rc != PvmOk)
        pvmi_task_forget();
    return rc;
}

static int enroll_once(struct pvmi_msg_enroll *enroll)
{
    int fd;
    int rc = connect_daemon(&fd);

    return rc == PvmOk ? enroll_over(fd, enroll) : rc;
}

/* With what we have inherited: the daemon's answer is there already. */
static int enroll_inherited(struct pvmi_msg_enroll *enroll)
{
    int fd;
    int rc = enroll->claim_tid != 0 ? find_daemon() : PvmNotFound;

    if (rc == PvmOk)
        rc = pvmi_window_inherit(&fd);
    return rc == PvmOk ? enroll_over(fd, enroll) : rc;
}

static int enroll(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct pvmi_msg_enroll msg = { .version = PVMI_VERSION, .pid = getpid(), .format = pvmi_format_own(),
                                   .program = program_invocation_short_name };
    int rc;

    pthread_once(&once, prepare_process);
    open_log();
    claim_read(&msg);
    rc = enroll_inherited(&msg);
    if (rc != PvmOk)
        rc = enroll_once(&msg);
    if (rc != PvmOk && msg.claim_tid != 0) {
        msg.claim_tid = 0;
        rc = enroll_once(&msg);
    }
    unsetenv(pvmi_env_name(PVMI_ENV_PVM_CLAIM));
    unsetenv(pvmi_env_name(PVMI_ENV_PVM_SLOT));
    if (rc == PvmOk) {
        pvmi_active_enrolled();
        pvmi_trace_changed();
    }
    return rc;
}

/* One thread enrols for all. */
static int enroll_alone(void)
{
    int rc;

    while (enrolment.under_way && !pthread_equal(enrolment.thread, pthread_self()))
        pvmi_call_wait(&enrolment.over);
    if (pvmi_task.tid != 0)
        return PvmOk;
    if (enrolment.under_way)
        pvmi_task_forget();    /* this thread was in it, and a signal handler has longjmp()ed out */
    enrolment.under_way = true;
    enrolment.thread = pthread_self();
    rc = enroll();
    enrolment.under_way = false;
    pthread_cond_broadcast(&enrolment.over);
    return rc;
}

int pvmi_task_enroll(void)
{
    int rc = pvmi_task.tid != 0 ? PvmOk : enroll_alone();

    if (rc == PvmOk && pvmi_task.lost)
        rc = pvmi_call_fail(PvmSysErr, "the daemon of this host has gone: pvm_exit() and enrol anew");
    return rc;
}

/* ---- the API ---- */

static int my_tid(void)
{
    int rc;

    if (pvmi_task.lost)
        return pvmi_task.last_tid;
    rc = pvmi_task_enroll();
    return rc == PvmOk ? pvmi_task.tid : rc;
}

int pvm_mytid(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_MYTID);
    return pvmi_call_leave("pvm_mytid", my_tid());
}

static int parent_tid(void)
{
    int rc = pvmi_task_enroll();

    if (rc != PvmOk)
        return rc;
    return pvmi_task.parent == 0 ? PvmNoParent : pvmi_task.parent;
}

int pvm_parent(void)
{
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_PARENT);
    rc = parent_tid();
    if (rc == PvmNoParent || rc == PvmParentNotSet)
        return pvmi_call_leave_quiet(rc);
    return pvmi_call_leave("pvm_parent", rc);
}

/* The daemon's answer says that all that this task has sent is taken. */
static int leave(void)
{
    struct pvmi_msg_leave msg = { 0 };
    int32_t me = pvmi_task.tid;
    int rc = pvmi_handler_refuse("leave the virtual machine");

    if (rc != PvmOk)
        return rc;
    fflush(stdout);
    fflush(stderr);
    if (me == 0)
        return PvmOk;
    if (pvmi_task.lost) {
        rc = pvmi_call_fail(PvmSysErr, "the daemon of this host had gone before");
    } else {
        rc = pvmi_memory_keep();
        if (rc != PvmOk)
            return rc;
        pvmi_output_wait();
    }
    if (rc == PvmOk && pvmi_task.tid == me)
        pvmi_notify_leave();
    if (rc == PvmOk && pvmi_task.tid == me)
        pvmi_trace_leave();
    if (rc == PvmOk && pvmi_task.tid == me) {
        pvmi_window_close();
        rc = pvmi_request_value(PVMI_MSG_leave, &msg);
    }
    if (pvmi_task.tid != me)
        return PvmOk;    /* another thread has left meanwhile */
    pvmi_progress_wake();
    pvmi_task_forget();
    pvmi_handler_clear();
    return rc;
}

int pvm_exit(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_EXIT);
    return pvmi_call_leave("pvm_exit", leave());
}

int pvmbeatask(void)
{
    pvmi_call_enter();
    return pvmi_call_leave_quiet(pvmi_task_enroll());
}

int pvmendtask(void)
{
    pvmi_call_enter();
    if (pvmi_task.tid != 0) {
        pvmi_progress_wake();
        pvmi_task_forget();
    }
    return pvmi_call_end(PvmOk);
}
