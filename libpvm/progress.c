/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread at a time is the poller: it sleeps in poll() over the transports and moves what comes, for
 * all. Other threads that wait sleep on a condition until the poller, or a thread that called in between,
 * has moved something; then each looks for its own message, and one of them polls next.
 */
#include "libpvm/progress.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/task.h"

static struct {
    bool polling;           /* one of several threads is in poll(), under the library's lock */
    int wake_fd;            /* an eventfd that ends its poll(); 0 not yet made */
    unsigned sleepers;      /* threads that wait for moved to change; under mutex */
    unsigned long moved;    /* counts what waiting threads should look at; under mutex */
} progress;

static pthread_mutex_t progress_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress_cond;
static pthread_once_t progress_once = PTHREAD_ONCE_INIT;

static void cond_init(void)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&progress_cond, &attr);
    pthread_condattr_destroy(&attr);
}

static void wake_sleepers(void)
{
    pthread_mutex_lock(&progress_mutex);
    progress.moved++;
    if (progress.sleepers > 0)
        pthread_cond_broadcast(&progress_cond);
    pthread_mutex_unlock(&progress_mutex);
}

void pvmi_progress_wake(void)
{
    static const uint64_t one = 1;

    if (pvmi_call_one_thread())
        return;
    wake_sleepers();
    if (progress.polling && progress.wake_fd > 0) {
        ssize_t rc = write(progress.wake_fd, &one, sizeof(one));
        (void)rc;    /* a full counter wakes as well */
    }
}

/* Returns how many events were handled, PvmSysErr, or PvmNoMem: try again. */
static int move_all(void)
{
    int events = pvmi_arrive_retry();
    int rc;

    if (pvmi_task.lost || pvmi_task.unix_tp == NULL)
        return PvmSysErr;
    rc = pvmi_task.self_tp->ops->progress(pvmi_task.self_tp);
    if (rc > 0)
        events += rc;
    rc = pvmi_task.unix_tp->ops->progress(pvmi_task.unix_tp);
    if (rc > 0)
        events += rc;
    if (events > 0 || rc == PvmNoMem)
        pvmi_progress_wake();
    if (pvmi_task.lost)
        return PvmSysErr;
    return events == 0 && rc == PvmNoMem ? PvmNoMem : events;
}

int pvmi_progress(void)
{
    int rc = move_all();

    return rc < 0 ? rc : PvmOk;
}

/* Milliseconds for poll(), rounded up so that a deadline has passed when it returns; -1 for ever. */
static int poll_timeout(uint64_t deadline_us, uint64_t now_us)
{
    uint64_t left_ms;

    if (deadline_us == PVMI_PROGRESS_NO_DEADLINE)
        return -1;
    left_ms = (deadline_us - now_us + 999) / 1000;
    return left_ms > 1000000 ? 1000000 : (int)left_ms;
}

void pvmi_progress_polled(void)
{
    progress.polling = false;
    wake_sleepers();    /* also without events: someone must poll next */
}

static void poll_transports(uint64_t deadline_us, uint64_t now_us)
{
    struct pollfd fds[3];
    uint64_t count;
    int depth;

    if (progress.wake_fd <= 0 && !pvmi_call_one_thread())
        progress.wake_fd = pvmi_descriptor_move(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    fds[0] = (struct pollfd){ .fd = pvmi_task.unix_tp->ops->event_fd(pvmi_task.unix_tp), .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = pvmi_task.self_tp->ops->event_fd(pvmi_task.self_tp), .events = POLLIN };
    fds[2] = (struct pollfd){ .fd = progress.wake_fd > 0 ? progress.wake_fd : -1, .events = POLLIN };

    progress.polling = pvmi_call_state.polling = !pvmi_call_one_thread();
    depth = pvmi_call_unlock();
    poll(fds, 3, poll_timeout(deadline_us, now_us));
    pvmi_call_lock(depth);
    if (fds[2].revents != 0) {
        ssize_t rc = read(progress.wake_fd, &count, sizeof(count));
        (void)rc;    /* another thread may have been faster */
    }
}

/* Sleeps until another thread has moved something, or stops polling. */
static void sleep_behind_poller(uint64_t deadline_us)
{
    struct timespec until = { .tv_sec = (time_t)(deadline_us / 1000000),
                              .tv_nsec = (long)(deadline_us % 1000000) * 1000 };
    unsigned long seen;
    int rc = 0;
    int depth;

    pthread_once(&progress_once, cond_init);
    pthread_mutex_lock(&progress_mutex);
    seen = progress.moved;
    progress.sleepers++;
    depth = pvmi_call_unlock();
    while (progress.moved == seen && rc != ETIMEDOUT) {
        if (deadline_us == PVMI_PROGRESS_NO_DEADLINE)
            rc = pthread_cond_wait(&progress_cond, &progress_mutex);
        else
            rc = pthread_cond_timedwait(&progress_cond, &progress_mutex, &until);
    }
    progress.sleepers--;
    pthread_mutex_unlock(&progress_mutex);
    pvmi_call_lock(depth);
}

int pvmi_progress_wait(uint64_t deadline_us)
{
    int events = move_all();
    uint64_t now_us;

    if (events == PvmNoMem)
        return move_all() == PvmNoMem ? PvmNoMem : PvmOk;    /* the first time, too, may have brought something */
    if (events != 0)
        return events < 0 ? events : PvmOk;
    now_us = pvmi_clock_us();
    if (now_us >= deadline_us)
        return PVMI_AGAIN;

    if (progress.polling && !pvmi_call_one_thread()) {
        sleep_behind_poller(deadline_us);
        return pvmi_task.lost || pvmi_task.unix_tp == NULL ? PvmSysErr : PvmOk;
    }
    poll_transports(deadline_us, now_us);
    events = move_all();
    return events == PvmSysErr ? PvmSysErr : PvmOk;
}

void pvmi_progress_after_fork(void)
{
    progress.polling = false;
    progress.sleepers = 0;
    if (progress.wake_fd > 0)
        close(progress.wake_fd);
    progress.wake_fd = 0;
    pthread_mutex_init(&progress_mutex, NULL);
    cond_init();
}
