/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena/team.c: two members of a team go through barriers, each may be killed at any step; pvmd seals the team at any
 * time. What a member takes for complete, pvmd finds complete, too; what pvmd takes over, no member passes by itself; an
 * arrival that pvmd has not seen is known to its member alone. Then the same with sleeping: nobody sleeps for ever.
 *
 * Few members: each looks at the other's seat. Many: a counter, here a bit for each, so that adding is setting.
 */
#include "models.h"

enum { ROUND_A, ROUND_B, COUNTER, SEALED, RELEASED, COUNTED_A, COUNTED_B, SEAL_VARIABLES };
enum { WAITING = SEAL_VARIABLES, STATE, VARIABLES };
static const char *const names[] = { "ROUND_A",   "ROUND_B",   "COUNTER",   "SEALED", "RELEASED",
                                     "COUNTED_A", "COUNTED_B", "WAITING", "STATE" };

enum { MEMBER_A, MEMBER_B, PVMD };
enum { OPEN, SEALING, ALL_SEALED };
enum { WAIT, DONE_IT, TAKEN, MISSED };
enum { AWAKE, ASLEEP, WAKING };

static bool fencing;    /* no membarrier here */
static bool many;
static int rounds;

/* What a member remembers: the round it is in, the last that it is done with, what became of it, how it waits. */
enum { ROUND, DONE_WITH, RESULT, COMPLETE, SEAL_SEEN, PHASE };
enum { POLLS, TO_SLEEP, TIME_OVER, WOKEN };

/* Rounds of barriers; one who may sleep does so at once. */
static void member(struct thread *t, int own, int other, int counted, int bit, bool may_sleep)
{
    BEGIN(t);
    for (t->r[ROUND] = 1; t->r[ROUND] <= rounds; t->r[ROUND]++) {
        if (many && mutation == TEAM_COUNTER_FIRST)
            OR(t, COUNTER, bit, ACQUIRE_RELEASE);
        STORE(t, own, t->r[ROUND], RELEASE);
        if (many && mutation != TEAM_COUNTER_FIRST)
            OR(t, COUNTER, bit, ACQUIRE_RELEASE);
        for (t->r[PHASE] = may_sleep ? TO_SLEEP : POLLS;;) {
            if (t->r[PHASE] == TO_SLEEP) {
                if (mutation != TEAM_WAITING_LATE)
                    STORE(t, WAITING, 1, RELAXED);
                STORE(t, STATE, ASLEEP, RELAXED);
                FENCE(t);
            } else if (t->r[PHASE] == TIME_OVER) {
                FENCE(t);
                FENCE_OF(t, MEMBER_A);
                FENCE(t);
            }
            /* pvmi_team_look() */
            t->r[RESULT] = WAIT;
            if (mutation == TEAM_SEAL_LOOKED_AT_FIRST)
                LOAD(t, SEALED, ACQUIRE);
            t->r[SEAL_SEEN] = t->got;
            LOAD(t, many ? COUNTER : other, ACQUIRE);
            t->r[COMPLETE] = many ? t->got == 3 : t->got >= t->r[ROUND];
            if (t->r[COMPLETE] && fencing && mutation != TEAM_NO_FENCE)
                FENCE(t);
            if (mutation != TEAM_SEAL_LOOKED_AT_FIRST) {
                LOAD(t, SEALED, ACQUIRE);
                t->r[SEAL_SEEN] = t->got;
            }
            if (t->r[COMPLETE] && (t->r[SEAL_SEEN] == OPEN || mutation == TEAM_SEAL_NOT_LOOKED_AT)) {
                t->r[RESULT] = DONE_IT;
            } else if (t->r[SEAL_SEEN] == ALL_SEALED) {
                LOAD(t, RELEASED, ACQUIRE);
                t->r[RESULT] = DONE_IT;
                if (t->got < t->r[ROUND]) {
                    LOAD(t, counted, RELAXED);
                    t->r[RESULT] = t->got == t->r[ROUND] ? TAKEN : MISSED;
                }
            }
            if (t->r[RESULT] != WAIT)
                break;
            if (t->r[PHASE] == POLLS || t->r[PHASE] == WOKEN)
                continue;
            if (mutation == TEAM_WAITING_LATE)
                STORE(t, WAITING, 1, RELAXED);
            QUEUE(t);
            LOAD(t, STATE, RELAXED);
            if (t->got == ASLEEP)
                SLEEP(t, t->r[PHASE] == TO_SLEEP && !fencing && !many);
            else
                t->got = 0;
            t->r[PHASE] = t->got == 1 ? TIME_OVER : WOKEN;
        }
        if (t->r[RESULT] != DONE_IT)
            FINISH(t);
        t->r[DONE_WITH] = t->r[ROUND];
    }
    END(t);
}

static void member_a(struct thread *t)
{
    member(t, ROUND_A, ROUND_B, COUNTED_A, 1, false);
}

static void member_b(struct thread *t)
{
    member(t, ROUND_B, ROUND_A, COUNTED_B, 2, false);
}

static void sleeper(struct thread *t)
{
    member(t, ROUND_B, ROUND_A, COUNTED_B, 2, true);
}

/* What pvmd remembers. */
enum { SEEN_A, SEEN_B, LAST, WORD };

/* pvmi_team_seal(), at any time or after a death; then it wakes. */
static void seal(struct thread *t, bool after_death)
{
    BEGIN(t);
    if (after_death)
        AWAIT_DEAD(t, MEMBER_A);
    STORE(t, SEALED, SEALING, RELEASE);
    FENCE(t);
    if (!fencing && mutation != TEAM_NO_MEMBARRIER) {
        FENCE_OF(t, MEMBER_A);
        FENCE_OF(t, MEMBER_B);
        FENCE(t);
    }
    LOAD(t, ROUND_A, ACQUIRE);
    t->r[SEEN_A] = t->got;
    LOAD(t, ROUND_B, ACQUIRE);
    t->r[SEEN_B] = t->got;
    t->r[LAST] = t->r[SEEN_A] > t->r[SEEN_B] ? t->r[SEEN_A] : t->r[SEEN_B];
    if (t->r[SEEN_A] != t->r[SEEN_B])
        t->r[LAST]--;
    if (mutation == TEAM_SEALED_EARLY)
        STORE(t, SEALED, ALL_SEALED, RELEASE);
    STORE(t, COUNTED_A, t->r[SEEN_A], RELAXED);
    STORE(t, COUNTED_B, t->r[SEEN_B], RELAXED);
    STORE(t, RELEASED, t->r[LAST], RELAXED);
    if (mutation != TEAM_SEALED_EARLY)
        STORE(t, SEALED, ALL_SEALED, RELEASE);
    if (!after_death || mutation == TEAM_SEAL_WAKES_NOBODY)
        FINISH(t);
    FENCE(t);
    LOAD(t, WAITING, RELAXED);
    if (t->got == 0)
        FINISH(t);
    SWAP_IF(t, STATE, ASLEEP, WAKING);
    if (t->got != AWAKE)
        WAKE(t, MEMBER_B);
    END(t);
}

static void sealer(struct thread *t)
{
    seal(t, false);
}

static void burier(struct thread *t)
{
    seal(t, true);
}

/* A member that was killed has said nothing of its result. */
static const char *member_end(const struct thread *member, uint8_t counted, const struct thread *pvmd, uint8_t other)
{
    if (member->r[DONE_WITH] > other)
        return "a member has passed a barrier to which the other has not come";
    if (member->r[DONE_WITH] > pvmd->r[LAST])
        return "a member has passed a barrier that pvmd has found incomplete";
    if (member->life == KILLED || member->r[RESULT] == DONE_IT)
        return NULL;
    if (member->r[RESULT] == TAKEN && counted != member->r[ROUND])
        return "a member waits for pvmd's answer, which does not know of it";
    if (member->r[RESULT] == MISSED && counted == member->r[ROUND])
        return "a member asks once more, which pvmd has counted";
    if (member->r[ROUND] <= pvmd->r[LAST])
        return "a member has not passed a barrier that pvmd has found complete";
    return NULL;
}

static const char *seal_end(const struct thread *threads, const uint8_t *last)
{
    const struct thread *pvmd = &threads[PVMD];
    const char *what = member_end(&threads[MEMBER_A], pvmd->r[SEEN_A], pvmd, last[ROUND_B]);

    return what != NULL ? what : member_end(&threads[MEMBER_B], pvmd->r[SEEN_B], pvmd, last[ROUND_A]);
}

static const char *search(bool without_membarrier, bool with_counter, int count, char *trace, unsigned size,
                          unsigned long *states)
{
    const struct model model = {
        .name = "team",
        .variables = SEAL_VARIABLES,
        .threads = 3,
        .run = { member_a, member_b, sealer },
        .may_die = { true, true, false },
        .deaths = 1,
        .variable_names = names,
        .end = seal_end,
    };

    fencing = without_membarrier;
    many = with_counter;
    rounds = count;
    return explore(&model, trace, size, states);
}

const char *model_team(char *trace, unsigned size, unsigned long *states)
{
    return search(false, false, 2, trace, size, states);
}

const char *model_team_fencing(char *trace, unsigned size, unsigned long *states)
{
    return search(true, false, 1, trace, size, states);
}

const char *model_team_many(char *trace, unsigned size, unsigned long *states)
{
    return search(false, true, 1, trace, size, states);
}

/* ---- sleeping: B may sleep, and A comes last, or is killed; then pvmd seals ---- */

/* It wakes B if it sees the round complete, or has raised the counter to all. */
static void last_one(struct thread *t)
{
    BEGIN(t);
    STORE(t, ROUND_A, 1, RELEASE);
    if (many) {
        OR(t, COUNTER, 1, ACQUIRE_RELEASE);
        if (t->got != 2)
            FINISH(t);
    } else {
        do
            LOAD(t, ROUND_B, ACQUIRE);
        while (t->got == 0);
    }
    if ((many || fencing) && mutation != TEAM_WAKE_WITHOUT_FENCE)
        FENCE(t);
    if (mutation == TEAM_NO_WAKE)
        FINISH(t);
    LOAD(t, WAITING, RELAXED);
    if (t->got == 0)
        FINISH(t);
    FENCE(t);    /* pvmi_wake_slow() */
    SWAP_IF(t, STATE, ASLEEP, WAKING);
    if (t->got != AWAKE)
        WAKE(t, MEMBER_B);
    END(t);
}

static const char *wake_end(const struct thread *threads, const uint8_t *last)
{
    (void)last;
    return threads[MEMBER_B].life == RUNNING ? "a member sleeps for ever" : NULL;
}

static const char *search_wake(bool without_membarrier, bool with_counter, char *trace, unsigned size,
                               unsigned long *states)
{
    const struct model model = {
        .name = "team",
        .variables = VARIABLES,
        .threads = 3,
        .run = { last_one, sleeper, burier },
        .may_die = { true, false, false },
        .deaths = 1,
        .variable_names = names,
        .end = wake_end,
    };

    fencing = without_membarrier;
    many = with_counter;
    rounds = 1;
    return explore(&model, trace, size, states);
}

const char *model_team_wake(char *trace, unsigned size, unsigned long *states)
{
    return search_wake(false, false, trace, size, states);
}

const char *model_team_wake_fencing(char *trace, unsigned size, unsigned long *states)
{
    return search_wake(true, false, trace, size, states);
}

const char *model_team_wake_many(char *trace, unsigned size, unsigned long *states)
{
    return search_wake(false, true, trace, size, states);
}
