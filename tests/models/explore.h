/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs every interleaving of a few threads over a weak memory, with any of them killed at any step.
 *
 * Memory: each variable has a history of stores. A thread has, for each variable, how much of the history it has seen, and
 * a load may give it any store from there on: also an old one, as if the newer were still in another's store buffer, or
 * the load had been done early. A release store carries what its thread has seen, an acquire load takes that over. A read
 * and write in one (compare-and-swap) reads the newest. A full fence exchanges what has been seen with all other full
 * fences. That has all that store buffers (TSO) allow, and what weaker processors do with release and acquire; it has not
 * the values out of thin air of the C standard, nor a load that is done after a store behind it: that the release of a
 * block's word is a release, so that no read of the block comes after it, this search cannot show.
 *
 * A thread is a function that is entered again and again: it asks for one operation at a time, and goes on behind it.
 *
 *      static void sender(struct thread *t)
 *      {
 *          BEGIN(t);
 *          STORE(t, DATA, 1, RELEASE);
 *          LOAD(t, STATE, RELAXED);       the value is in t->got
 *          if (t->got == AWAKE)
 *              FINISH(t);
 *          ...
 *          END(t);
 *      }
 *
 * One operation on a line. What it has to remember is in t->r[]: locals do not last. A process that is killed has done
 * all its stores up to there, and none after.
 */
#ifndef TESTS_MODELS_EXPLORE_H
#define TESTS_MODELS_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#define THREADS_MAX 4
#define VARIABLES_MAX 18
#define STORES_MAX 40
#define REGISTERS 8

enum order { RELAXED = 0, ACQUIRE = 1, RELEASE = 2, ACQUIRE_RELEASE = 3 };

enum kind {
    OP_NONE,
    OP_LOAD,
    OP_STORE,
    OP_SWAP_IF,      /* compare-and-swap: got is what was there */
    OP_SWAP,         /* exchange */
    OP_OR,           /* fetch_or */
    OP_FENCE,        /* full */
    OP_FENCE_OF,     /* full, by another thread: a step of membarrier */
    OP_CHOOSE,       /* got is 0 to value - 1, all of them */
    OP_QUEUE,        /* futex_wait: in the queue of the kernel */
    OP_SLEEP,        /* and asleep; got 0: woken, 1: the time is over, if it has one */
    OP_WAKE,         /* futex_wake of a thread */
    OP_AWAIT_DEAD,   /* goes on when that thread was killed, with all that it had stored */
    OP_AWAIT,        /* goes on when variable is value, or expected (another variable) is not 0: a polling loop that ends */
    OP_DONE
};

struct op {
    uint8_t kind;
    uint8_t variable;     /* or thread */
    uint8_t value;
    uint8_t order;
    uint8_t expected;     /* of a compare-and-swap; the other variable of an await */
};

enum life { RUNNING, DONE, KILLED };

struct thread {
    uint16_t pc;
    uint8_t self;
    uint8_t life;
    uint8_t queued;       /* in the queue of a futex */
    uint8_t got;
    struct op op;         /* that comes next */
    uint8_t r[REGISTERS];
    uint8_t seen[VARIABLES_MAX];
};

struct model {
    const char *name;
    int variables;
    int threads;
    void (*run[THREADS_MAX])(struct thread *t);
    bool may_die[THREADS_MAX];
    int deaths;                                  /* at most so many */
    uint8_t first[VARIABLES_MAX];                /* values in the beginning */
    const char *const *variable_names;
    /* When nothing can go on: NULL if all is well, else what is wrong. last has the newest value of each variable. */
    const char *(*end)(const struct thread *threads, const uint8_t *last);
};

/* Which rule is broken on purpose; 0: none. The models ask for it. */
extern int mutation;

/* Says that something is wrong at this point of this run. */
void wrong(const char *what);

/* Explores. Returns NULL, or what was wrong, and then the steps that led there are in trace (a text). states counts. */
const char *explore(const struct model *model, char *trace, unsigned trace_size, unsigned long *ret_states);

#define BEGIN(t) switch ((t)->pc) { case 0:
#define OPERATION(t, k, v, x, o, e)                                       \
    do {                                                                  \
        (t)->op = (struct op){ (k), (uint8_t)(v), (uint8_t)(x), (uint8_t)(o), (uint8_t)(e) }; \
        (t)->pc = __LINE__;                                               \
        return;                                                           \
    case __LINE__:;                                                       \
    } while (0)
#define LOAD(t, v, o) OPERATION(t, OP_LOAD, v, 0, o, 0)
#define STORE(t, v, x, o) OPERATION(t, OP_STORE, v, x, o, 0)
#define SWAP_IF(t, v, e, x) OPERATION(t, OP_SWAP_IF, v, x, ACQUIRE_RELEASE, e)
#define SWAP(t, v, x, o) OPERATION(t, OP_SWAP, v, x, o, 0)
#define OR(t, v, x, o) OPERATION(t, OP_OR, v, x, o, 0)
#define FENCE(t) OPERATION(t, OP_FENCE, 0, 0, 0, 0)
#define FENCE_OF(t, thread) OPERATION(t, OP_FENCE_OF, thread, 0, 0, 0)
#define CHOOSE(t, n) OPERATION(t, OP_CHOOSE, 0, n, 0, 0)
#define QUEUE(t) OPERATION(t, OP_QUEUE, 0, 0, 0, 0)
#define SLEEP(t, limited) OPERATION(t, OP_SLEEP, 0, limited, 0, 0)
#define WAKE(t, thread) OPERATION(t, OP_WAKE, thread, 0, 0, 0)
#define AWAIT_DEAD(t, thread) OPERATION(t, OP_AWAIT_DEAD, thread, 0, 0, 0)
#define AWAIT(t, v, x, other) OPERATION(t, OP_AWAIT, v, x, 0, other)
#define FINISH(t)                            \
    do {                                     \
        (t)->op = (struct op){ OP_DONE, 0, 0, 0, 0 }; \
        return;                              \
    } while (0)
#define END(t)                               \
    FINISH(t);                               \
    }

#endif
