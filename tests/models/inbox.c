/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena/inbox.c: an inbox of one cell, two senders, of which one may be killed at any step, pvmd, and a receiver that is
 * woken properly (wake.c has that). One cell is the hardest case: claims meet. A sender that finds no free cell gives up,
 * as it would for a ring.
 *
 * In the end every record that was published, and no other, was received once and whole, and the cell is free.
 */
#include "models.h"

enum { WORD, DATA, FULL_BITS, SWEEP, DEAD, VARIABLES };
static const char *const names[] = { "WORD", "DATA", "FULL_BITS", "SWEEP", "DEAD" };

enum { RECEIVER, SENDER0, SENDER1, PVMD };

enum { FREE, BUSY0, BUSY1, FULL0, FULL1 };
#define PER_SENDER 2

/* What a sender remembers. */
enum { SENT, TRIED, SEEN };

static void send_records(struct thread *t, int busy, int full, int first)
{
    BEGIN(t);
    for (t->r[TRIED] = 0; t->r[TRIED] < PER_SENDER; t->r[TRIED]++) {
        LOAD(t, WORD, RELAXED);
        if (t->got != FREE)
            continue;
        if (mutation == INBOX_CLAIM_BY_STORE) {
            STORE(t, WORD, busy, RELAXED);
        } else {
            SWAP_IF(t, WORD, FREE, busy);
            if (t->got != FREE)
                continue;
        }
        STORE(t, DATA, first + t->r[SENT], RELAXED);
        if (mutation == INBOX_BELL_FIRST)
            OR(t, FULL_BITS, 1, RELEASE);
        STORE(t, WORD, full, mutation == INBOX_RELAXED ? RELAXED : RELEASE);
        t->r[SENT]++;
        if (mutation != INBOX_BELL_FIRST)
            OR(t, FULL_BITS, 1, RELEASE);
    }
    END(t);
}

static void sender0(struct thread *t)
{
    send_records(t, BUSY0, FULL0, 10);
}

static void sender1(struct thread *t)
{
    send_records(t, BUSY1, FULL1, 20);
}

/* pvmi_heal_dead(): the life word, then what concerns the dead one. */
static void pvmd(struct thread *t)
{
    BEGIN(t);
    AWAIT_DEAD(t, SENDER0);
    STORE(t, DEAD, 1, RELEASE);
    LOAD(t, WORD, ACQUIRE);
    if ((t->got == BUSY0 || t->got == FULL0) && mutation != INBOX_NO_SWEEP)
        STORE(t, SWEEP, 1, RELEASE);
    END(t);
}

/* What the receiver remembers: records of each sender that it has got. */
enum { GOT0, GOT1, PENDING, CELL };

static void take(struct thread *t, int which, uint8_t data)
{
    if (data != (which == GOT0 ? 10 : 20) + t->r[which])
        wrong("a record was received twice, or is damaged");
    t->r[which]++;
}

static void receiver(struct thread *t)
{
    BEGIN(t);
    for (t->r[PENDING] = 1;; t->r[PENDING] = 0) {    /* pvmi_inbox_init(): it looks at all cells once */
        if (!t->r[PENDING]) {
            AWAIT(t, FULL_BITS, 1, SWEEP);
            SWAP(t, SWEEP, 0, ACQUIRE);
            t->r[PENDING] = t->got;
            SWAP(t, FULL_BITS, 0, ACQUIRE);
            t->r[PENDING] |= t->got;
            if (!t->r[PENDING])
                continue;
        }
        LOAD(t, WORD, ACQUIRE);
        t->r[CELL] = t->got;
        if (t->r[CELL] == BUSY0 || (t->r[CELL] == BUSY1 && mutation == INBOX_FREE_BUSY)) {
            LOAD(t, DEAD, ACQUIRE);
            if (t->got || mutation == INBOX_FREE_BUSY) {
                if (mutation == INBOX_FREE_BY_STORE) {
                    STORE(t, WORD, FREE, RELEASE);
                } else {
                    SWAP_IF(t, WORD, t->r[CELL], FREE);
                    t->r[CELL] = t->got;
                }
            }
        }
        if (t->r[CELL] == FULL0 || t->r[CELL] == FULL1) {
            LOAD(t, DATA, RELAXED);
            take(t, t->r[CELL] == FULL0 ? GOT0 : GOT1, t->got);
            STORE(t, WORD, FREE, RELEASE);
        }
    }
    END(t);
}

static const char *end(const struct thread *threads, const uint8_t *last)
{
    if (threads[RECEIVER].r[GOT0] != threads[SENDER0].r[SENT] || threads[RECEIVER].r[GOT1] != threads[SENDER1].r[SENT])
        return "a record that was published is not received";
    if (last[WORD] != FREE)
        return "the cell is never free again";
    return NULL;
}

const char *model_inbox(char *trace, unsigned size, unsigned long *states)
{
    const struct model model = {
        .name = "inbox",
        .variables = VARIABLES,
        .threads = 4,
        .run = { receiver, sender0, sender1, pvmd },
        .may_die = { false, true, false, false },
        .deaths = 1,
        .variable_names = names,
        .end = end,
    };

    return explore(&model, trace, size, states);
}
