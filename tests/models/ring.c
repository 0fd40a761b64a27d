/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena/ring.c: four records, of two, two, one and one cells, through a chunk of four cells; where the receiver is slow,
 * on in a second chunk, which has old numbers in it. The sender may be killed at any step; then pvmd says so.
 *
 * The receiver gets the records whole and in order, all that were published, and then knows that there is no more.
 */
#include "models.h"

enum { NA, DA = NA + 4, NB = DA + 4, DB = NB + 4, CONSUMED = DB + 4, DEAD, VARIABLES };
static const char *const names[] = { "NA0", "NA1", "NA2", "NA3", "DA0", "DA1", "DA2", "DA3",      "NB0",
                                     "NB1", "NB2", "NB3", "DB0", "DB1", "DB2", "DB3", "CONSUMED", "DEAD" };

enum { SENDER, RECEIVER, PVMD };

#define RECORDS 4
#define CELLS 4
#define MARK(number) ((number) + 1)
#define LINK 50
#define FOLLOWER 60    /* and the record: the contents of its second cell */

static const uint8_t record_cells[RECORDS] = { 2, 2, 1, 1 };

/* Both remember the number of the next cell, and the number of the first cell of the chunk where they are. */
enum { NUMBER, BASE, RECORD, IN_B, SEEN, ENDED };

static uint8_t number_variable(const struct thread *t, int more)
{
    int number = t->r[NUMBER] + more;

    return (uint8_t)(t->r[IN_B] ? NB + (number - t->r[BASE]) % CELLS : NA + number % CELLS);
}

static uint8_t data_variable(const struct thread *t, int more)
{
    return (uint8_t)(number_variable(t, more) + (DA - NA));
}

/* In the second chunk there is room for the rest. */
static bool has_room(const struct thread *t, uint8_t consumed)
{
    int kept = mutation == RING_NO_CELL_KEPT ? 0 : 1;

    return t->r[IN_B] || t->r[NUMBER] - consumed + record_cells[t->r[RECORD]] + kept <= CELLS;
}

#define NUMBER_ORDER (mutation == RING_RELAXED ? RELAXED : RELEASE)

static void sender(struct thread *t)
{
    BEGIN(t);
    for (t->r[RECORD] = 0; t->r[RECORD] < RECORDS;) {
        if (!has_room(t, t->r[SEEN])) {
            LOAD(t, CONSUMED, ACQUIRE);
            t->r[SEEN] = t->got;
        }
        if (!has_room(t, t->r[SEEN])) {
            if (mutation != RING_CHUNK_NOT_ZEROED) {
                STORE(t, NB + 0, 0, RELAXED);
                STORE(t, NB + 1, 0, RELAXED);
            }
            STORE(t, data_variable(t, 0), LINK, RELAXED);
            STORE(t, number_variable(t, 0), MARK(t->r[NUMBER]), NUMBER_ORDER);
            t->r[NUMBER]++;
            t->r[BASE] = t->r[NUMBER];
            t->r[IN_B] = 1;
        }
        if (mutation == RING_FIRST_CELL_FIRST && record_cells[t->r[RECORD]] == 2) {
            STORE(t, data_variable(t, 0), t->r[RECORD], RELAXED);
            STORE(t, number_variable(t, 0), MARK(t->r[NUMBER]), RELEASE);
        }
        if (record_cells[t->r[RECORD]] == 2) {
            /* Bytes in the place of the number can be anything: the number of this cell a lap later. */
            STORE(t, number_variable(t, 1),
                  MARK(t->r[NUMBER] + 1) + (mutation == RING_FOLLOWERS_UNNUMBERED ? CELLS : 0), RELAXED);
            STORE(t, data_variable(t, 1), FOLLOWER + t->r[RECORD], RELAXED);
        }
        if (mutation != RING_FIRST_CELL_FIRST || record_cells[t->r[RECORD]] == 1) {
            STORE(t, data_variable(t, 0), t->r[RECORD], RELAXED);
            STORE(t, number_variable(t, 0), MARK(t->r[NUMBER]), NUMBER_ORDER);
        }
        t->r[NUMBER] += record_cells[t->r[RECORD]];
        t->r[RECORD]++;
    }
    END(t);
}

static void receiver(struct thread *t)
{
    BEGIN(t);
    while (t->r[RECORD] < RECORDS) {
        AWAIT(t, number_variable(t, 0), MARK(t->r[NUMBER]), DEAD);
        if (mutation != RING_READY_THEN_DEAD) {
            LOAD(t, DEAD, ACQUIRE);
            t->r[ENDED] = t->got;
        }
        LOAD(t, number_variable(t, 0), ACQUIRE);
        if (t->got != MARK(t->r[NUMBER])) {
            if (mutation == RING_READY_THEN_DEAD) {
                LOAD(t, DEAD, ACQUIRE);
                t->r[ENDED] = t->got;
            }
            if (t->r[ENDED])
                FINISH(t);
            continue;
        }
        if (mutation == RING_CONSUMED_EARLY)
            STORE(t, CONSUMED, t->r[NUMBER] + record_cells[t->r[RECORD]], RELEASE);
        LOAD(t, data_variable(t, 0), RELAXED);
        if (t->got == LINK) {
            t->r[NUMBER]++;
            t->r[BASE] = t->r[NUMBER];
            t->r[IN_B] = 1;
            STORE(t, CONSUMED, t->r[NUMBER], RELEASE);
            continue;
        }
        if (t->got != t->r[RECORD])
            wrong("a record is not the next one");
        if (record_cells[t->r[RECORD]] == 2) {
            LOAD(t, data_variable(t, 1), RELAXED);
            if (t->got != FOLLOWER + t->r[RECORD])
                wrong("a record is damaged");
        }
        t->r[NUMBER] += record_cells[t->r[RECORD]];
        t->r[RECORD]++;
        STORE(t, CONSUMED, t->r[NUMBER], RELEASE);
    }
    END(t);
}

static void pvmd(struct thread *t)
{
    BEGIN(t);
    AWAIT_DEAD(t, SENDER);
    STORE(t, DEAD, 1, RELEASE);
    END(t);
}

static const char *end(const struct thread *threads, const uint8_t *last)
{
    (void)last;
    if (threads[RECEIVER].life != DONE)
        return "the receiver waits for ever";
    if (threads[RECEIVER].r[RECORD] != threads[SENDER].r[RECORD])
        return "what was published is not what was received";
    return NULL;
}

const char *model_ring(char *trace, unsigned size, unsigned long *states)
{
    const struct model model = {
        .name = "ring",
        .variables = VARIABLES,
        .threads = 3,
        .run = { sender, receiver, pvmd },
        .may_die = { true, false, false },
        .deaths = 1,
        .first = { [NB] = MARK(3), [NB + 1] = MARK(4) },
        .variable_names = names,
        .end = end,
    };

    return explore(&model, trace, size, states);
}
