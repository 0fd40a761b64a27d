/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena/wake.c: a receiver that sleeps, two senders, and pvmd, which wakes for a sender that was killed. A time-out may
 * come at any time, or never. In the end nobody sleeps over a message.
 *
 * Two kinds of machine: with membarrier, senders do not fence before their first load; without, they do, and there is no
 * second look.
 */
#include "models.h"

enum { STATE, DATA0, DATA1, VARIABLES };
static const char *const names[] = { "STATE", "DATA0", "DATA1" };

enum { RECEIVER, SENDER0, SENDER1, PVMD };

/* A state word: number and state. */
enum { AWAKE, ASLEEP, WAKING };
#define WORD(number, state) ((uint8_t)((number) << 2 | (state)))
#define STATE_OF(word) ((word) & 3)
#define NUMBER_OF(word) ((word) >> 2)

static bool fencing;    /* no membarrier here */
static bool noticing;   /* pvmd sees the death */
static int messages[2]; /* of each sender */

/* What the receiver remembers. */
enum { TAKEN0, TAKEN1, NUMBER, FOUND };

/* A look takes what it sees, into which. */
static void take(struct thread *t, int which)
{
    t->r[FOUND] |= t->got != t->r[which];
    t->r[which] = t->got;
}

/* pvmi_wake_wait(), again and again until all has come. */
static void receiver(struct thread *t)
{
    BEGIN(t);
    while (t->r[TAKEN0] < messages[0] || t->r[TAKEN1] < messages[1]) {
        if (mutation != WAKE_SAME_NUMBER || t->r[NUMBER] == 0)
            t->r[NUMBER]++;
        STORE(t, STATE, WORD(t->r[NUMBER], ASLEEP), RELAXED);
        if (mutation != WAKE_NO_FENCE_OF_SLEEPER)
            FENCE(t);
        t->r[FOUND] = 0;
        if (mutation != WAKE_NO_LOOK) {
            LOAD(t, DATA0, ACQUIRE);
            take(t, TAKEN0);
            LOAD(t, DATA1, ACQUIRE);
            take(t, TAKEN1);
        }
        if (!t->r[FOUND]) {
            QUEUE(t);
            LOAD(t, STATE, RELAXED);
            if (t->got != WORD(t->r[NUMBER], ASLEEP))
                t->got = 0;
            else
                SLEEP(t, !fencing);
            if (t->got == 1) {    /* 2 ms are over: the word is left alone */
                if (mutation == WAKE_TIMEOUT_AWAKE)
                    STORE(t, STATE, WORD(t->r[NUMBER], AWAKE), RELAXED);
                if (mutation != WAKE_NO_MEMBARRIER) {
                    FENCE(t);
                    FENCE_OF(t, SENDER0);
                    FENCE_OF(t, SENDER1);
                    FENCE(t);
                }
                LOAD(t, DATA0, ACQUIRE);
                take(t, TAKEN0);
                LOAD(t, DATA1, ACQUIRE);
                take(t, TAKEN1);
                if (!t->r[FOUND]) {
                    QUEUE(t);
                    LOAD(t, STATE, RELAXED);
                    if (t->got == WORD(t->r[NUMBER], mutation == WAKE_TIMEOUT_AWAKE ? AWAKE : ASLEEP))
                        SLEEP(t, 0);
                }
            }
        }
        if (!t->r[FOUND]) {    /* woken: look again, awake */
            LOAD(t, DATA0, ACQUIRE);
            take(t, TAKEN0);
            LOAD(t, DATA1, ACQUIRE);
            take(t, TAKEN1);
        }
        STORE(t, STATE, WORD(t->r[NUMBER], AWAKE), RELAXED);
    }
    END(t);
}

/* What a sender remembers. */
enum { SENT, WOKEN, SEEN, NEVER = 63 };

static void send_and_wake(struct thread *t, int data, int count)
{
    BEGIN(t);
    t->r[WOKEN] = NEVER;
    for (t->r[SENT] = 0; t->r[SENT] < count;) {
        t->r[SENT]++;
        STORE(t, data, t->r[SENT], RELEASE);
        if (fencing && mutation != WAKE_NO_FENCE_OF_SENDER)
            FENCE(t);
        LOAD(t, STATE, RELAXED);
        if (STATE_OF(t->got) == AWAKE)
            continue;
        FENCE(t);
        LOAD(t, STATE, RELAXED);
        t->r[SEEN] = t->got;
        while (STATE_OF(t->r[SEEN]) != AWAKE && NUMBER_OF(t->r[SEEN]) != t->r[WOKEN]) {
            if (STATE_OF(t->r[SEEN]) == ASLEEP) {
                SWAP_IF(t, STATE, t->r[SEEN], WORD(NUMBER_OF(t->r[SEEN]), mutation == WAKE_BY_AWAKE ? AWAKE : WAKING));
                if (t->got != t->r[SEEN]) {
                    t->r[SEEN] = t->got;
                    continue;
                }
            } else if (mutation == WAKE_LEFT_TO_THE_OTHER) {
                break;
            }
            t->r[WOKEN] = NUMBER_OF(t->r[SEEN]);
            WAKE(t, RECEIVER);
            break;
        }
    }
    END(t);
}

static void sender0(struct thread *t)
{
    send_and_wake(t, DATA0, messages[0]);
}

static void sender1(struct thread *t)
{
    send_and_wake(t, DATA1, messages[1]);
}

/* pvmi_heal_dead(): fences as every sender that finds somebody asleep, and has not woken anybody at this number. */
static void pvmd(struct thread *t)
{
    BEGIN(t);
    AWAIT_DEAD(t, SENDER0);
    FENCE(t);
    LOAD(t, STATE, RELAXED);
    t->r[SEEN] = t->got;
    while (STATE_OF(t->r[SEEN]) != AWAKE) {
        if (STATE_OF(t->r[SEEN]) == ASLEEP) {
            SWAP_IF(t, STATE, t->r[SEEN], WORD(NUMBER_OF(t->r[SEEN]), WAKING));
            if (t->got != t->r[SEEN]) {
                t->r[SEEN] = t->got;
                continue;
            }
        }
        WAKE(t, RECEIVER);
        break;
    }
    END(t);
}

static const char *end(const struct thread *threads, const uint8_t *last)
{
    const struct thread *r = &threads[RECEIVER];

    if (r->life == DONE)
        return NULL;
    if (last[DATA1] != r->r[TAKEN1])
        return "the receiver sleeps over a message of a living sender";
    if ((noticing || threads[SENDER0].life != KILLED) && last[DATA0] != r->r[TAKEN0])
        return "the receiver sleeps over a message of a sender that was killed";
    return NULL;
}

static const char *search(bool without_membarrier, bool with_pvmd, int of_sender0, int of_sender1, char *trace, unsigned size,
                          unsigned long *states)
{
    struct model model = {
        .name = "wake",
        .variables = VARIABLES,
        .threads = with_pvmd ? 4 : 3,
        .run = { receiver, sender0, sender1, pvmd },
        .may_die = { false, true, false, false },
        .deaths = 1,
        .variable_names = names,
        .end = end,
    };

    fencing = without_membarrier;
    noticing = with_pvmd;
    messages[0] = of_sender0;
    messages[1] = of_sender1;
    return explore(&model, trace, size, states);
}

const char *model_wake(char *trace, unsigned size, unsigned long *states)
{
    return search(false, true, 1, 1, trace, size, states);
}

const char *model_wake_unnoticed(char *trace, unsigned size, unsigned long *states)
{
    return search(false, false, 1, 1, trace, size, states);
}

const char *model_wake_fencing(char *trace, unsigned size, unsigned long *states)
{
    return search(true, true, 1, 1, trace, size, states);
}

const char *model_wake_again(char *trace, unsigned size, unsigned long *states)
{
    return search(false, false, 0, 3, trace, size, states);
}
