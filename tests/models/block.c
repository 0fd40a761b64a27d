/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena/block.c and arena/heal.c: a sender lends one block to a receiver, again and again as soon as it is released; a
 * ring of one cell (consumed by number); either may be killed at any step. pvmd buries them: what a dead receiver held
 * is released, and the window of a dead sender is wiped when neither ring nor list of the receiver needs it.
 *
 * The receiver never reads what was overwritten or wiped; a sender that waits for a block gets it back; a dead sender's
 * window is wiped in the end.
 */
#include "models.h"

enum { CELL, DATA, HELD, CONSUMED, LISTED, DEAD_SENDER, DEAD_RECEIVER, LEFT, VARIABLES };
static const char *const names[] = { "CELL",   "DATA",        "HELD",          "CONSUMED",
                                     "LISTED", "DEAD_SENDER", "DEAD_RECEIVER", "LEFT" };

enum { SENDER, RECEIVER, PVMD_SENDER, PVMD_RECEIVER };

#define ROUNDS 2
#define WIPED 99

enum { ROUND, WORD };

/* Waits are polling loops; a step of AWAIT lets the search see whether they end. */
static void sender(struct thread *t)
{
    BEGIN(t);
    for (t->r[ROUND] = 1; t->r[ROUND] <= ROUNDS; t->r[ROUND]++) {
        STORE(t, DATA, t->r[ROUND], RELAXED);
        STORE(t, HELD, 1, RELAXED);
        STORE(t, CELL, t->r[ROUND], RELEASE);
        do {    /* pvmi_lend_busy() */
            AWAIT(t, HELD, 0, DEAD_RECEIVER);
            LOAD(t, HELD, ACQUIRE);
            t->r[WORD] = t->got;
            if (t->r[WORD] != 0) {
                LOAD(t, DEAD_RECEIVER, ACQUIRE);
                if (t->got)
                    FINISH(t);    /* the block is free, and nobody is there to send to */
            }
        } while (t->r[WORD] != 0);
    }
    END(t);
}

enum { NEXT, ENDED };

static void receiver(struct thread *t)
{
    BEGIN(t);
    for (t->r[NEXT] = 1; t->r[NEXT] <= ROUNDS; t->r[NEXT]++) {
        for (;;) {    /* pvmi_ring_ended(): the death first, then the cell */
            AWAIT(t, CELL, t->r[NEXT], DEAD_SENDER);
            LOAD(t, DEAD_SENDER, ACQUIRE);
            t->r[ENDED] = t->got;
            LOAD(t, CELL, ACQUIRE);
            if (t->got == t->r[NEXT])
                break;
            if (t->r[ENDED]) {
                STORE(t, LEFT, 1, RELEASE);
                FINISH(t);
            }
        }
        if (mutation != BLOCK_LISTED_LATE)
            STORE(t, LISTED, 1, RELEASE);
        STORE(t, CONSUMED, t->r[NEXT], RELEASE);
        if (mutation == BLOCK_LISTED_LATE)
            STORE(t, LISTED, 1, RELEASE);
        LOAD(t, DATA, RELAXED);
        if (t->got != t->r[NEXT])
            wrong("the receiver reads what it holds, and it is overwritten or wiped");
        if (mutation == BLOCK_COUNT) {
            LOAD(t, HELD, ACQUIRE);
            STORE(t, HELD, t->got - 1, RELEASE);
        } else {
            STORE(t, HELD, 0, RELEASE);
        }
        STORE(t, LISTED, 0, RELEASE);
    }
    STORE(t, LEFT, 1, RELEASE);
    END(t);
}

enum { NEEDED, SEEN, TRIES };
#define EARLY_TRIES 2

/* pvmi_heal_dead() and one pvmi_heal_sweep() after the other, until it can wipe. */
static void pvmd_for_sender(struct thread *t)
{
    BEGIN(t);
    AWAIT_DEAD(t, SENDER);
    STORE(t, DEAD_SENDER, 1, RELEASE);
    for (t->r[TRIES] = 0;; t->r[TRIES]++) {
        t->r[NEEDED] = 0;
        if (t->r[TRIES] >= EARLY_TRIES)
            AWAIT(t, LEFT, 1, DEAD_RECEIVER);
        if (t->r[TRIES] > EARLY_TRIES)
            t->r[TRIES] = EARLY_TRIES;
        LOAD(t, DEAD_RECEIVER, ACQUIRE);
        if (t->got)
            break;
        if (mutation == BLOCK_LISTS_FIRST) {
            LOAD(t, LISTED, ACQUIRE);
            t->r[NEEDED] |= t->got;
        }
        LOAD(t, CELL, ACQUIRE);
        t->r[SEEN] = t->got;
        LOAD(t, CONSUMED, ACQUIRE);
        t->r[NEEDED] |= t->got != t->r[SEEN];
        if (mutation != BLOCK_LISTS_FIRST) {
            LOAD(t, LISTED, ACQUIRE);
            t->r[NEEDED] |= t->got;
        }
        if (!t->r[NEEDED])
            break;
    }
    STORE(t, DATA, WIPED, RELAXED);
    END(t);
}

static void pvmd_for_receiver(struct thread *t)
{
    BEGIN(t);
    AWAIT_DEAD(t, RECEIVER);
    if (mutation == BLOCK_COUNT) {
        LOAD(t, LISTED, ACQUIRE);
        if (t->got) {
            LOAD(t, HELD, ACQUIRE);
            STORE(t, HELD, t->got - 1, RELEASE);
        }
    }
    STORE(t, DEAD_RECEIVER, 1, RELEASE);
    END(t);
}

static const char *end(const struct thread *threads, const uint8_t *last)
{
    if (threads[SENDER].life == RUNNING)
        return "the sender waits for ever";
    if (threads[RECEIVER].life == RUNNING)
        return "the receiver waits for ever";
    if (threads[SENDER].life == KILLED && last[DATA] != WIPED)
        return "the window of the dead is never wiped";
    if (last[HELD] > 1)
        return "a block was released twice: its count is wrong";
    return NULL;
}

const char *model_block(char *trace, unsigned size, unsigned long *states)
{
    const struct model model = {
        .name = "block",
        .variables = VARIABLES,
        .threads = 4,
        .run = { sender, receiver, pvmd_for_sender, pvmd_for_receiver },
        .may_die = { true, true, false, false },
        .deaths = 2,
        .variable_names = names,
        .end = end,
    };

    return explore(&model, trace, size, states);
}
