/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/team.h"

#include <sched.h>
#include <string.h>

#include "arena/team.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/table.h"
#include "libpvm/call.h"
#include "libpvm/handler.h"
#include "libpvm/line.h"
#include "libpvm/progress.h"
#include "libpvm/request.h"
#include "libpvm/task.h"

#define LOOKS_IN_ROW 64
#define ROWS 64            /* of looks without a pause, at most: some 80 us */
#define YIELDS 16
#define YIELD_US 20        /* at least so long: a yield that lets nobody run takes 0.4 us, and what is missing some 10 us */
#define YIELD_A_ROW 4      /* rows of looks in between, while all who are missing run elsewhere */

/* A seat. */
struct seat {
    struct pvmi_list link;             /* in pvmi_team_waits while a thread waits */
    struct pvmi_team team;             /* all zeros once this task has left the arena */
    struct pvmi_members *members;
    struct pvmi_request *request;      /* by which the daemon answers who is taken over */
    uint32_t generation;
    int size;                          /* of the group */
    int waiting;                       /* threads */
    bool undecided;                    /* the last arrival: a program may jump out of a barrier */
    bool out;                          /* nobody finds it any more: who waits in it frees it */
    char *group;
};

struct pvmi_list pvmi_team_waits = { &pvmi_team_waits, &pvmi_team_waits };

static struct pvmi_names seats;    /* struct seat by name of the group */
static struct seat *last;          /* that was found last: most programs have one group */

/* ---- seats ---- */

static void seat_free(struct seat *seat)
{
    pvmi_list_remove(&seat->link);
    pvmi_team_close(&seat->team);
    if (seat->request != NULL)
        pvmi_request_forget(seat->request);
    pvmi_free(seat->members);
    pvmi_free(seat->group);
    pvmi_free(seat);
}

/* Nobody finds it any more. A thread that waits in it frees it afterwards. */
static void seat_out(struct seat *seat)
{
    if (pvmi_names_get(&seats, seat->group) == seat)
        pvmi_names_remove(&seats, seat->group);
    if (last == seat)
        last = NULL;
    seat->out = true;
    if (seat->waiting == 0)
        seat_free(seat);
}

/* Nobody waits who was in a barrier and jumped out of it: of one thread only that can be said. */
static void seat_settle(struct seat *seat)
{
    if (!pvmi_call_one_thread())
        return;
    seat->waiting = 0;
    pvmi_list_remove(&seat->link);
}

/* The open team of group, or NULL. */
static struct seat *seat_find(const char *group)
{
    struct seat *seat = last;

    if (seat == NULL || strcmp(seat->group, group) != 0)
        seat = pvmi_names_get(&seats, group);
    if (seat == NULL)
        return NULL;
    last = seat;
    if (pvmi_team_is_open(&seat->team))
        return seat;
    if (seat->waiting > 0)
        seat_settle(seat);
    if (seat->waiting == 0)
        seat_out(seat);
    return NULL;
}

static bool seat_fill(struct seat *seat, const struct pvmi_msg_team *msg)
{
    uint32_t id;

    seat->group = pvmi_malloc(strlen(msg->group) + 1);
    seat->members = pvmi_members_new(msg->tids.v, msg->tids.n);
    if (seat->group == NULL || seat->members == NULL || pvmi_request_expect(&seat->request, &id) != PvmOk)
        return false;
    strcpy(seat->group, msg->group);
    seat->generation = msg->generation;
    for (uint32_t i = 0; i < msg->tids.n; i++)
        seat->size += msg->tids.v[i] != 0;
    return pvmi_team_open(&pvmi_task.self_slot, msg->position, (uint32_t)msg->seat, id, &seat->team) == PvmOk;
}

void pvmi_team_told(const struct pvmi_msg_team *msg)
{
    struct seat *seat = msg->group != NULL && pvmi_task.arena != NULL ? pvmi_calloc(1, sizeof(*seat)) : NULL;
    struct seat *before;

    if (seat == NULL)
        return;
    pvmi_list_init(&seat->link);
    before = pvmi_names_get(&seats, msg->group);
    if (before != NULL)
        seat_out(before);
    if (!seat_fill(seat, msg) || pvmi_names_set(&seats, msg->group, seat) != PvmOk)
        seat_free(seat);
}

const struct pvmi_members *pvmi_team_members(const char *group)
{
    const struct seat *seat = seat_find(group);

    return seat != NULL ? seat->members : NULL;
}

void pvmi_team_left(const char *group)
{
    struct seat *seat = pvmi_names_get(&seats, group);

    if (seat != NULL)
        seat_out(seat);
}

void pvmi_team_forget_all(bool forked)
{
    struct seat *seat;
    uint32_t cursor = 0;

    PVMI_LIST_EACH(node, &pvmi_team_waits) {    /* also those that have no name any more */
        seat = PVMI_CONTAINER(node, struct seat, link);
        if (forked) {
            pvmi_team_forget(&seat->team);
            seat->waiting = 0;                  /* its thread is in the parent */
            pvmi_list_remove(&seat->link);
            if (seat->out)
                seat_free(seat);
        } else {
            pvmi_team_close(&seat->team);
        }
    }
    while ((seat = pvmi_names_next(&seats, &cursor, NULL)) != NULL) {
        if (forked)
            pvmi_team_forget(&seat->team);
        seat->out = true;
        if (seat->waiting == 0)
            seat_free(seat);
    }
    pvmi_names_fini(&seats);
    last = NULL;
}

/* ---- barriers ---- */

/* Whether a thread that waits for the arrival to be decided can go on. */
static bool seat_ready(struct seat *seat)
{
    return seat->team.head == NULL || pvmi_team_look(&seat->team) != PVMI_TEAM_WAIT;
}

bool pvmi_team_ready_slow(void)
{
    PVMI_LIST_EACH(node, &pvmi_team_waits) {
        struct seat *seat = PVMI_CONTAINER(node, struct seat, link);

        if (seat->undecided && seat_ready(seat))
            return true;
    }
    return false;
}

/* Who sleeps over its descriptors is woken by its daemon. */
static void poke(void *user, uint32_t slot)
{
    (void)user;
    pvmi_request_poke(atomic_load(&pvmi_task.arena->tids[slot]));
}

/* Whether all members can run at once. Who was woken counts as awake only when it runs, so that count is not enough. */
static bool may_spin(const struct seat *seat)
{
    return seat->team.seats <= pvmi_wake_cpus(&pvmi_task.self_slot) && pvmi_wake_may_spin(&pvmi_task.self_slot) &&
           !pvmi_team_in_the_way(&seat->team);
}

static enum pvmi_team_result look_in_row(struct seat *seat)
{
    enum pvmi_team_result result = PVMI_TEAM_WAIT;

    for (int i = 0; i < LOOKS_IN_ROW && result == PVMI_TEAM_WAIT; i++) {
        pvmi_spin_pause();
        result = pvmi_team_look(&seat->team);
    }
    return result;
}

/*
 * Looks without a pause, and without a look at messages, which may take longer than the rest of the barrier. For longer
 * than it takes to be woken; else two who have slept once do so each time, and wait for each other's waking for ever after.
 */
static enum pvmi_team_result look_and_spin(struct seat *seat)
{
    enum pvmi_team_result result = pvmi_team_look(&seat->team);

    for (int row = 0; result == PVMI_TEAM_WAIT && row < ROWS && may_spin(seat); row++)
        result = look_in_row(seat);
    return result;
}

/*
 * Lets others run: most likely those for whom we wait. Going on with that is cheaper than sleeping: as long as nobody
 * sleeps the last one has nobody to wake, and each runs once in a barrier. Where only members on other processors are
 * missing, whoever would run instead of us has arrived, too; so we look on, for the time of an exchange of tasks.
 */
static enum pvmi_team_result look_and_yield(struct seat *seat)
{
    bool alone = pvmi_call_one_thread();    /* else each lets another thread have the lock, perhaps for long */
    bool may_look_on = alone && seat->team.whole && seat->team.seats <= PVMI_TEAM_WHERE;
    uint64_t until = alone ? pvmi_clock_us() + YIELD_US : 0;
    enum pvmi_team_result result = PVMI_TEAM_WAIT;

    for (int i = 0; i < (alone ? YIELDS : 1) || (alone && pvmi_clock_us() < until); i++) {
        int depth;

        if (may_look_on && i % YIELD_A_ROW != YIELD_A_ROW - 1 && !pvmi_team_in_the_way(&seat->team)) {
            result = look_in_row(seat);
        } else {
            depth = pvmi_call_unlock();
            sched_yield();
            pvmi_call_lock(depth);
            if (seat->team.head == NULL)
                break;
            result = pvmi_team_look(&seat->team);
        }
        if (result != PVMI_TEAM_WAIT)
            break;
    }
    return result;
}

/* The answer to who was taken over. */
static int wait_taken(struct seat *seat)
{
    while (!pvmi_request_over(seat->request)) {
        int rc = pvmi_progress_wait(PVMI_PROGRESS_NO_DEADLINE);

        pvmi_line_drain();
        if (rc == PvmSysErr && !pvmi_request_over(seat->request))
            return pvmi_call_fail(PvmSysErr, "the daemon of this host has gone");
        if (rc == PvmNoMem && !pvmi_request_over(seat->request))
            return pvmi_call_fail(PvmNoMem, "no memory for the daemon's answer");
    }
    return pvmi_request_result(seat->request);
}

static int wait_failed(const struct seat *seat, int rc)
{
    if (seat->team.head == NULL)
        return pvmi_call_fail(PvmSysErr, "this task has left the virtual machine meanwhile");
    if (rc == PvmSysErr)
        return pvmi_call_fail(PvmSysErr, "the daemon of this host has gone");
    return pvmi_call_fail(PvmNoMem, "no memory for what comes while this task waits");
}

/* Sleeps, and reads what comes, until the arrival is decided. PvmOk: *ret_result says how. */
static int wait_long(struct seat *seat, enum pvmi_team_result *ret_result)
{
    int rc = PvmOk;

    pvmi_team_wait_begin(&seat->team);
    while (rc == PvmOk && !seat_ready(seat)) {
        rc = pvmi_progress_wait(PVMI_PROGRESS_NO_DEADLINE);
        pvmi_line_drain();    /* as in PVM 3, which reads all that stands before the end */
    }
    if (seat->team.head == NULL)
        return wait_failed(seat, rc);
    pvmi_team_wait_end(&seat->team);
    *ret_result = pvmi_team_look(&seat->team);
    return *ret_result != PVMI_TEAM_WAIT ? PvmOk : wait_failed(seat, rc);
}

static int wait_decided(struct seat *seat)
{
    enum pvmi_team_result result = look_and_spin(seat);
    int rc = PvmOk;

    if (result == PVMI_TEAM_WAIT)
        result = look_and_yield(seat);
    if (result == PVMI_TEAM_WAIT)
        rc = seat->team.head != NULL ? wait_long(seat, &result) : wait_failed(seat, PvmSysErr);
    if (rc != PvmOk)
        return rc;
    seat->undecided = false;
    if (result == PVMI_TEAM_TAKEN)
        return wait_taken(seat);
    if (result == PVMI_TEAM_MISSED)
        return PVMI_AGAIN;
    if (seat->team.few)
        pvmi_team_wake(&seat->team, poke, NULL);
    return PvmOk;
}

/* All of this host have arrived. */
static int last_arrived(struct seat *seat)
{
    struct pvmi_msg_team_arrived msg = { .generation = seat->generation, .round = seat->team.round };

    if (!seat->team.whole)
        return pvmi_request_tell(PVMI_MSG_team_arrived, &msg);
    pvmi_team_wake(&seat->team, poke, NULL);
    return PvmOk;
}

int pvmi_team_barrier(const char *group, int count)
{
    struct seat *seat = seat_find(group);
    int rc = PvmOk;

    if (seat == NULL || (count != -1 && count != seat->size))
        return PVMI_AGAIN;
    rc = pvmi_handler_refuse("wait in a barrier: only sends and receives of what is there work in it");
    if (rc != PvmOk)
        return rc;
    if (seat->waiting > 0)
        seat_settle(seat);
    if (seat->waiting > 0)
        return PVMI_AGAIN;    /* another thread waits there: let the daemon count both */
    seat->waiting = 1;
    pvmi_list_push(&pvmi_team_waits, &seat->link);
    if (!seat->undecided) {
        seat->undecided = true;
        if (pvmi_team_arrive(&seat->team, count))
            rc = last_arrived(seat);
    }
    if (rc == PvmOk)
        rc = wait_decided(seat);
    seat->waiting = 0;
    pvmi_list_remove(&seat->link);
    if (seat->out)
        seat_free(seat);
    return rc;
}
