/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread at a time is the poller: it sleeps on the task's state word (arena/wake), or in poll() over the transports
 * where there is no arena, or bytes wait to go out to the daemon; and it moves what comes, for all. Other threads that
 * wait sleep on a condition until the poller, or a thread that called in between, has moved something; then each looks
 * for its own message, and one of them polls next.
 */
#include "libpvm/progress.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "arena/wake.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/shared.h"
#include "libpvm/sweep.h"
#include "libpvm/task.h"
#include "libpvm/team.h"

#define LOOKS_IN_ROW 32        /* without asking how many others are awake */
#define LOOKS_A_YIELD 4        /* rows */
#define LOOKS_A_CLOCK 8
#define REFUSED_A_LOOK 16
#define SPIN_US 50
#define YIELDS 4
#define ANSWERS_IN_ROW 256
#define LUCK_OF_ONE 8
#define LUCK_MAX 16
#define WAITS_A_TRY 8
#define YIELD_US 20
#define POLL_FIRST_US 2000     /* as in arena/wake: for what was sent while we went to sleep */
#define LOOK_AGAIN_US 4000000    /* at the daemon, which may have been killed: told within 5 s */
#define LEAVE_US 1000000       /* for a thread that sleeps to come back from it */
#define LEAVE_LOOK_US 10000

static struct {
    bool polling;           /* one of several threads sleeps for all; under the library's lock */
    int wake_fd;            /* an eventfd that ends its poll(); 0 not yet made */
    bool leaving;           /* one of several threads takes the task out of the arena */
    bool socket_again;      /* the daemon's socket has to be looked at once more */
    struct pvmi_wake_count count;
    unsigned sleepers;      /* threads that wait for moved to change; under mutex */
    atomic_ulong moved;     /* counts what waiting threads should look at; under mutex */
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

/* The poller sleeps on its state word, or in poll(). */
static void wake_poller(void)
{
    static const uint64_t one = 1;
    uint32_t woken = PVMI_WAKE_NEVER;

    if (pvmi_shared != NULL)
        pvmi_wake_peer(&pvmi_task.self_slot, pvmi_task.self_slot.slot, &woken);
    if (progress.wake_fd > 0) {
        ssize_t rc = write(progress.wake_fd, &one, sizeof(one));
        (void)rc;    /* a full counter wakes as well */
    }
}

void pvmi_progress_wake(void)
{
    if (pvmi_call_one_thread())
        return;
    wake_sleepers();
    if (progress.polling)
        wake_poller();
}

/* Whether the socket to the daemon is to be looked at: without an arena always; else when the daemon says that it has
 * written, and as long as we have to write or the last look has left something. */
static bool socket_due(void)
{
    return pvmi_shared == NULL || progress.socket_again || pvmi_wake_has_mail(&pvmi_task.self_slot) ||
           (pvmi_task.daemon != NULL && pvmi_task.daemon->tp->ops->pending(pvmi_task.daemon));
}

/* Events, PvmNoMem, PvmSysErr. */
static int move_socket(void)
{
    int rc;

    if (pvmi_shared != NULL)
        pvmi_wake_take_mail(&pvmi_task.self_slot);
    rc = pvmi_task.unix_tp->ops->progress(pvmi_task.unix_tp);
    progress.socket_again = rc != 0;
    return rc;
}

/* Returns how many events were handled, PvmSysErr, or PvmNoMem: try again. */
static int move_all(struct pvmi_posted *posted)
{
    int events = pvmi_arrive_stalled() ? pvmi_arrive_retry() : 0;
    int rc;

    if (pvmi_task.lost || pvmi_task.unix_tp == NULL)
        return PvmSysErr;
    rc = pvmi_task.self_tp->ops->progress(pvmi_task.self_tp);
    if (rc > 0)
        events += rc;
    rc = pvmi_sweep(posted);
    if (rc > 0)
        events += rc;
    if (rc >= 0 && socket_due()) {
        rc = move_socket();
        if (rc > 0)
            events += rc;
    }
    events += pvmi_team_ready();
    if (events > 0 || rc == PvmNoMem)
        pvmi_progress_wake();
    if (pvmi_task.lost)
        return PvmSysErr;
    return events == 0 && rc == PvmNoMem ? PvmNoMem : events;
}

int pvmi_progress(void)
{
    int rc = move_all(NULL);

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

/* Sleeps in poll() over the transports, for at most that long. Whether something has come. */
static bool poll_transports(uint64_t deadline_us, uint64_t now_us)
{
    struct pollfd fds[3];
    uint64_t count;
    int depth, ready;

    if (progress.wake_fd <= 0 && !pvmi_call_one_thread())
        progress.wake_fd = pvmi_descriptor_move(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    fds[0] = (struct pollfd){ .fd = pvmi_task.unix_tp->ops->event_fd(pvmi_task.unix_tp), .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = pvmi_task.self_tp->ops->event_fd(pvmi_task.self_tp), .events = POLLIN };
    fds[2] = (struct pollfd){ .fd = progress.wake_fd > 0 ? progress.wake_fd : -1, .events = POLLIN };

    progress.polling = pvmi_call_state.polling = !pvmi_call_one_thread();
    depth = pvmi_call_unlock();
    ready = poll(fds, 3, poll_timeout(deadline_us, now_us));
    pvmi_call_lock(depth);
    if (fds[2].revents != 0) {
        ssize_t rc = read(progress.wake_fd, &count, sizeof(count));
        (void)rc;    /* another thread may have been faster */
    }
    return ready > 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool arena_ready(void)
{
    return pvmi_sweep_ready() || pvmi_team_ready();
}

/* The same while others may send through the arena, too: they have us poked by the daemon. */
static void poll_with_arena(uint64_t deadline_us, uint64_t now_us)
{
    struct pvmi_self *self = &pvmi_task.self_slot;
    uint64_t last = earlier(deadline_us, now_us + LOOK_AGAIN_US);

    pvmi_call_rests = true;
    pvmi_wake_rest(self);
    if (!arena_ready() && !poll_transports(earlier(last, now_us + POLL_FIRST_US), now_us) &&
        pvmi_shared != NULL) {
        pvmi_wake_recheck(self);
        now_us = pvmi_clock_us();
        if (!arena_ready() && now_us < last)
            poll_transports(last, now_us);
    }
    pvmi_progress_entered();
}

/* ---- waiting for what comes through the arena ---- */

/* Whatever could have come; messages to oneself were looked at before. */
static bool something_there(void)
{
    return pvmi_shared == NULL || pvmi_shm_ready(pvmi_shared) || pvmi_team_ready() ||
           pvmi_wake_has_mail(&pvmi_task.self_slot);
}

/* Lets other threads and other tasks run. Whether something is there then. */
static bool give_way(void)
{
    int depth = pvmi_call_unlock();

    sched_yield();
    pvmi_call_lock(depth);
    return something_there();
}

static bool look_for_a_row(void)
{
    for (int i = 0; i < LOOKS_IN_ROW; i++) {
        if (something_there())
            return true;
        pvmi_spin_pause();
    }
    return false;
}

/* A program may pin itself after it has enrolled: now and then somebody who may not spin finds out. */
static bool may_spin(void)
{
    static unsigned refused;

    if (pvmi_wake_may_spin(&pvmi_task.self_slot))
        return true;
    if (refused++ % REFUSED_A_LOOK != 0)
        return false;
    pvmi_wake_remask(&pvmi_task.self_slot);
    return pvmi_wake_may_spin(&pvmi_task.self_slot);
}

/*
 * Where others want the processor, too, a row of looks pays if whoever answers runs on another one just now, as the master
 * of a farm does: it takes less than to let another task run. Who was lucky goes on so for a while, then the others have
 * their turn; who was not tries again now and then.
 */
static bool look_for_answer(void)
{
    static unsigned luck, waits, in_row;

    if (in_row >= ANSWERS_IN_ROW || (luck == 0 && waits++ % WAITS_A_TRY != 0)) {
        in_row = 0;
        return false;
    }
    if (look_for_a_row()) {
        luck = luck + LUCK_OF_ONE < LUCK_MAX ? luck + LUCK_OF_ONE : LUCK_MAX;
        in_row++;
        return true;
    }
    luck = luck > 0 ? luck - 1 : 0;
    in_row = 0;
    return false;
}

/* A yield that lets nobody run takes 0.4 us: one thread goes on for a while when the first few are over. */
static bool make_way_longer(uint64_t *until, uint64_t deadline_us)
{
    uint64_t now_us;

    if (!pvmi_call_one_thread())
        return false;
    now_us = pvmi_clock_us();
    if (*until == 0)
        *until = earlier(deadline_us, now_us + YIELD_US);
    return now_us < *until;
}

/*
 * Looks without a pause as long as that takes no processor away from others, then lets them run a few times in between.
 * Returns whether something is there. The clock is asked only now and then: asking costs more than looking. Now and then
 * it makes way, too: the kernel may keep another task on this processor although there is one free, and that may be the one
 * whose message is awaited. Making way is cheaper than sleeping: who sleeps has to be woken by somebody who then keeps others waiting, and so on
 * round after round.
 */
static bool spin(uint64_t deadline_us)
{
    bool displaced = pvmi_wake_displaced(&pvmi_task.self_slot);
    uint64_t until = 0;

    if (pvmi_task.oneself->tp->ops->pending(pvmi_task.oneself))
        return true;

    for (unsigned looks = 1; !displaced && may_spin(); looks++) {
        if (look_for_a_row())
            return true;
        if (looks % LOOKS_A_YIELD == 0 && give_way())
            return true;
        if (looks % LOOKS_A_CLOCK == 0) {
            uint64_t now_us = pvmi_clock_us();

            if (until == 0)
                until = earlier(deadline_us, now_us + SPIN_US);
            if (now_us >= until)
                break;
        }
    }
    if (something_there() || (!displaced && look_for_answer()))
        return true;
    until = 0;
    for (int i = 0; i < YIELDS || (!displaced && make_way_longer(&until, deadline_us)); i++) {
        if (give_way())
            return true;
    }
    return false;
}

struct look {
    int depth;              /* of the calls that wait */
    unsigned long moved;    /* by other threads, before we unlocked */
    uint64_t socket_us;     /* when the daemon's socket is to be looked at, too */
};

/* Mail says that the daemon has written: one that was killed says nothing, but its socket does. */
static bool socket_ready(struct look *before)
{
    uint64_t now_us = pvmi_clock_us();
    struct pollfd daemon = { .fd = pvmi_task.socket, .events = POLLIN };

    if (now_us < before->socket_us)
        return false;
    before->socket_us = now_us + LOOK_AGAIN_US;
    progress.socket_again = poll(&daemon, 1, 0) > 0;
    return progress.socket_again;
}

/* Under the lock, for other threads may be at work on what is looked at. Whoever takes it otherwise polls no more, and the
 * others are told so; this one goes on. */
static bool look(void *user)
{
    struct look *before = user;
    bool polling = pvmi_call_state.polling;
    bool any;

    pvmi_call_state.polling = false;
    pvmi_call_lock(before->depth);
    pvmi_call_state.polling = polling;
    any = progress.moved != before->moved || something_there() || socket_ready(before);
    pvmi_call_unlock();
    return any;
}

/* Sleeps on the state word. Now and then it looks at the socket, too. */
static void sleep_on_word(uint64_t deadline_us)
{
    struct look before = { .moved = progress.moved, .socket_us = pvmi_clock_us() + LOOK_AGAIN_US };

    pvmi_task.self_slot.again_us = LOOK_AGAIN_US;
    pvmi_call_rests = true;
    progress.polling = pvmi_call_state.polling = !pvmi_call_one_thread();
    before.depth = pvmi_call_unlock();
    if (pvmi_wake_wait(&pvmi_task.self_slot, look, &before, deadline_us, &progress.count) == PVMI_AGAIN)
        progress.socket_again = true;
    pvmi_call_lock(before.depth);
    pvmi_progress_entered();
}

/* Other threads that were let in meanwhile may have moved what the caller waits for, or sleep for all now. */
static void wait_with_arena(uint64_t deadline_us)
{
    unsigned long moved = progress.moved;
    uint64_t now_us;

    if (pvmi_team_waiting() ? something_there() : spin(deadline_us))    /* who waits in a team has done so already */
        return;
    if (progress.moved != moved || progress.polling || progress.leaving)
        return;
    now_us = pvmi_clock_us();
    if (now_us >= deadline_us)
        return;
    if (pvmi_task.daemon->tp->ops->pending(pvmi_task.daemon))
        poll_with_arena(deadline_us, now_us);
    else
        sleep_on_word(deadline_us);
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
    return pvmi_progress_wait_for(deadline_us, NULL);
}

int pvmi_progress_wait_for(uint64_t deadline_us, struct pvmi_posted *posted)
{
    int events = move_all(posted);

    if (events == PvmNoMem)
        return move_all(posted) == PvmNoMem ? PvmNoMem : PvmOk;    /* the first time, too, may have brought something */
    if (events != 0)
        return events < 0 ? events : PvmOk;
    if (deadline_us != PVMI_PROGRESS_NO_DEADLINE && (deadline_us == 0 || pvmi_clock_us() >= deadline_us))
        return PVMI_AGAIN;

    if ((progress.polling || progress.leaving) && !pvmi_call_one_thread()) {
        sleep_behind_poller(deadline_us);
        return pvmi_task.lost || pvmi_task.unix_tp == NULL ? PvmSysErr : PvmOk;
    }
    if (pvmi_shared != NULL) {
        wait_with_arena(deadline_us);
        return PvmOk;
    }
    poll_transports(deadline_us, pvmi_clock_us());
    events = move_all(NULL);
    return events == PvmSysErr ? PvmSysErr : PvmOk;
}

/* Another thread may be asleep: then its word is not ours to change. */
void pvmi_progress_entered(void)
{
    if (progress.polling && !pvmi_call_state.polling)
        return;
    pvmi_call_rests = false;
    if (pvmi_shared != NULL)
        pvmi_wake_enter(&pvmi_task.self_slot);
}

/*
 * The state word rests at ASLEEP_FD as long as nobody has woken us: then the daemon pokes us through the socket, which
 * makes the descriptor readable. What has come before goes into the line, and that does so, too. Nobody waits 2 ms here,
 * so a barrier makes sure that what was sent while we went to rest is seen.
 */
void pvmi_progress_rest(void)
{
    struct pvmi_self *self = &pvmi_task.self_slot;

    if (pvmi_shared == NULL || progress.polling || pvmi_wake_rests(self))
        return;
    for (int rc = PvmOk; rc == PvmOk;) {
        pvmi_wake_rest(self);
        if (!pvmi_sweep_ready())
            pvmi_wake_recheck(self);
        if (!pvmi_sweep_ready())
            break;
        rc = pvmi_sweep_all();
        pvmi_progress_wake();    /* another thread may be about to sleep, for what has come just now */
    }
}

/* A thread that a signal handler has taken away from its sleep says so with its next call, which may never come. */
void pvmi_progress_leave_begin(void)
{
    uint64_t until = pvmi_clock_us() + LEAVE_US;

    progress.leaving = true;
    while (progress.polling && !pvmi_call_state.polling && !pvmi_call_one_thread() && pvmi_clock_us() < until) {
        wake_poller();
        sleep_behind_poller(pvmi_clock_us() + LEAVE_LOOK_US);
    }
}

void pvmi_progress_leave_done(void)
{
    pvmi_log(PVMI_LOG_INFO, "slept %llu times over shared memory; woken late %llu times, not at all %llu times",
             (unsigned long long)progress.count.sleeps, (unsigned long long)progress.count.late,
             (unsigned long long)progress.count.lost);
    progress.count = (struct pvmi_wake_count){ 0 };
    progress.leaving = false;
    wake_sleepers();
}

void pvmi_progress_after_fork(void)
{
    progress.count = (struct pvmi_wake_count){ 0 };
    progress.leaving = false;
    progress.polling = false;
    progress.sleepers = 0;
    if (progress.wake_fd > 0)
        close(progress.wake_fd);
    progress.wake_fd = 0;
    pthread_mutex_init(&progress_mutex, NULL);
    cond_init();
}
