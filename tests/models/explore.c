/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_STEPS 1000

struct stored {
    uint8_t value;
    uint8_t seen[VARIABLES_MAX];    /* what a release carries; else 0 */
};

struct state {
    struct thread threads[THREADS_MAX];
    uint8_t count[VARIABLES_MAX];
    uint8_t fenced[VARIABLES_MAX];    /* what full fences have seen */
    uint8_t deaths;
    struct stored stores[VARIABLES_MAX][STORES_MAX];
};

struct step {
    uint8_t thread;
    uint8_t got;
    bool killed;
    struct op op;
};

static struct {
    const struct model *model;
    uint64_t *seen;          /* open addressing, by hash */
    size_t room;
    unsigned long states;
    const char *what;
    struct step path[PATH_MAX_STEPS];
    int steps;
} search;

int mutation;

void wrong(const char *what)
{
    if (search.what == NULL)
        search.what = what;
}

/* No answer is better than one about a part. */
static void too_large(const char *limit)
{
    fprintf(stderr, "FAIL model %s is larger than %s\n", search.model->name, limit);
    exit(1);
}

/* ---- the set of states that were seen ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ hash >> 29;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t word;

    for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = mix(hash, word);
    }
    word = size;
    memcpy(&word, at, size);
    return mix(hash, word);
}

static uint64_t hash_state(const struct state *state)
{
    const struct model *model = search.model;
    uint64_t hash = hash_bytes(state->deaths, state->threads, sizeof(state->threads[0]) * (size_t)model->threads);

    hash = hash_bytes(hash, state->count, sizeof(state->count));
    hash = hash_bytes(hash, state->fenced, sizeof(state->fenced));
    for (int v = 0; v < model->variables; v++)
        hash = hash_bytes(hash, state->stores[v], state->count[v] * sizeof(state->stores[v][0]));
    return hash | 1;
}

static void seen_put(uint64_t hash)
{
    size_t at = hash % search.room;

    while (search.seen[at] != 0)
        at = at + 1 == search.room ? 0 : at + 1;
    search.seen[at] = hash;
}

static bool seen_before(uint64_t hash)
{
    for (size_t at = hash % search.room; search.seen[at] != 0; at = at + 1 == search.room ? 0 : at + 1) {
        if (search.seen[at] == hash)
            return true;
    }
    if (++search.states * 2 > search.room) {
        uint64_t *old = search.seen;
        size_t room = search.room;

        search.room *= 2;
        search.seen = calloc(search.room, sizeof(*search.seen));
        if (search.seen == NULL)
            abort();
        for (size_t i = 0; i < room; i++) {
            if (old[i] != 0)
                seen_put(old[i]);
        }
        free(old);
    }
    seen_put(hash);
    return false;
}

/* ---- memory ---- */

static void join(uint8_t *seen, const uint8_t *other)
{
    for (int v = 0; v < search.model->variables; v++)
        seen[v] = other[v] > seen[v] ? other[v] : seen[v];
}

static void less(uint8_t *seen, int v, uint8_t drop)
{
    seen[v] = seen[v] > drop ? (uint8_t)(seen[v] - drop) : 0;
}

/* Forgets stores that nobody can read any more, so that equal states look equal. */
static void forget(struct state *state)
{
    const struct model *model = search.model;

    for (int v = 0; v < model->variables; v++) {
        uint8_t drop = (uint8_t)(state->count[v] - 1);

        for (int i = 0; i < model->threads; i++) {
            const struct thread *t = &state->threads[i];

            if (t->life == RUNNING && t->seen[v] < drop)
                drop = t->seen[v];
        }
        if (drop == 0)
            continue;
        state->count[v] -= drop;
        memmove(state->stores[v], state->stores[v] + drop, state->count[v] * sizeof(state->stores[v][0]));
        for (int i = 0; i < model->threads; i++)
            less(state->threads[i].seen, v, drop);
        less(state->fenced, v, drop);
        for (int w = 0; w < model->variables; w++) {
            for (int s = 0; s < state->count[w]; s++)
                less(state->stores[w][s].seen, v, drop);
        }
    }
}

static void read_at(struct state *state, struct thread *t, int v, int index, unsigned order)
{
    const struct stored *stored = &state->stores[v][index];

    t->got = stored->value;
    t->seen[v] = (uint8_t)index;
    if ((order & ACQUIRE) != 0)
        join(t->seen, stored->seen);
}

static void write_value(struct state *state, struct thread *t, int v, uint8_t value, unsigned order,
                        const struct stored *read)
{
    struct stored *stored;

    if (state->count[v] == STORES_MAX)
        too_large("STORES_MAX");
    stored = &state->stores[v][state->count[v]++];
    memset(stored, 0, sizeof(*stored));
    stored->value = value;
    t->seen[v] = (uint8_t)(state->count[v] - 1);
    if ((order & RELEASE) != 0)
        memcpy(stored->seen, t->seen, sizeof(stored->seen));
    if (read != NULL)    /* a read and write goes on with what the store carried that it replaces */
        join(stored->seen, read->seen);
}

static void fence(struct state *state, struct thread *t)
{
    join(t->seen, state->fenced);
    memcpy(state->fenced, t->seen, sizeof(state->fenced));
}

/* ---- steps ---- */

static uint8_t newest(const struct state *state, int v)
{
    return state->stores[v][state->count[v] - 1].value;
}

/* In how many ways the next operation of t can end; 0: not now. */
static int ways(const struct state *state, const struct thread *t)
{
    const struct op *op = &t->op;

    switch (op->kind) {
    case OP_LOAD:
        return state->count[op->variable] - t->seen[op->variable];
    case OP_CHOOSE:
        return op->value;
    case OP_SLEEP:
        return !t->queued || op->value != 0;
    case OP_AWAIT_DEAD:
        return state->threads[op->variable].life == KILLED;
    case OP_AWAIT:
        return newest(state, op->variable) == op->value || newest(state, op->expected) != 0;
    default:
        return 1;
    }
}

static void do_swap(struct state *state, struct thread *t)
{
    struct op *op = &t->op;
    int v = op->variable;
    struct stored read = state->stores[v][state->count[v] - 1];

    read_at(state, t, v, state->count[v] - 1, op->order);
    if (op->kind == OP_SWAP_IF && read.value != op->expected)
        return;
    write_value(state, t, v, op->kind == OP_OR ? (uint8_t)(read.value | op->value) : op->value, op->order, &read);
}

/* Does the operation in one way, and lets the thread go on to its next. */
static void do_step(struct state *state, struct thread *t, int way)
{
    struct op op = t->op;
    const struct thread *other = &state->threads[op.variable < THREADS_MAX ? op.variable : 0];

    t->got = 0;
    switch (op.kind) {
    case OP_LOAD:
        read_at(state, t, op.variable, t->seen[op.variable] + way, op.order);
        break;
    case OP_STORE:
        write_value(state, t, op.variable, op.value, op.order, NULL);
        break;
    case OP_SWAP_IF:
    case OP_SWAP:
    case OP_OR:
        do_swap(state, t);
        break;
    case OP_FENCE:
        fence(state, t);
        break;
    case OP_FENCE_OF:
        fence(state, &state->threads[op.variable]);
        break;
    case OP_CHOOSE:
        t->got = (uint8_t)way;
        break;
    case OP_QUEUE:
        t->queued = 1;
        fence(state, t);
        break;
    case OP_SLEEP:
        t->got = t->queued;
        t->queued = 0;
        break;
    case OP_WAKE:
        fence(state, t);
        state->threads[op.variable].queued = 0;
        break;
    case OP_AWAIT_DEAD:
        join(t->seen, other->seen);
        break;
    default:
        break;
    }
    search.model->run[t->self](t);
    if (t->op.kind == OP_DONE) {
        t->life = DONE;
        t->pc = 0;
        memset(&t->op, 0, sizeof(t->op));
        t->got = 0;
    }
}

/* Without the room that is not used. */
static void copy_state(struct state *to, const struct state *from)
{
    memcpy(to, from, offsetof(struct state, stores));
    for (int v = 0; v < search.model->variables; v++)
        memcpy(to->stores[v], from->stores[v], from->count[v] * sizeof(from->stores[v][0]));
}

static void visit(const struct state *state);

static void go(struct state *next, int thread, struct op op, bool killed)
{
    struct step *step = &search.path[search.steps];

    if (search.steps + 1 == PATH_MAX_STEPS)
        too_large("PATH_MAX_STEPS");
    *step = (struct step){ (uint8_t)thread, next->threads[thread].got, killed, op };
    search.steps++;
    if (search.what == NULL) {
        forget(next);
        visit(next);
    }
    if (search.what == NULL)
        search.steps--;
}

static void check_end(const struct state *state)
{
    uint8_t last[VARIABLES_MAX] = { 0 };
    const char *what;

    for (int v = 0; v < search.model->variables; v++)
        last[v] = newest(state, v);
    what = search.model->end(state->threads, last);
    if (what != NULL)
        wrong(what);
}

static void visit(const struct state *state)
{
    struct state *next;
    bool stuck = true;

    if (seen_before(hash_state(state)))
        return;
    next = malloc(sizeof(*next));
    if (next == NULL)
        abort();
    for (int i = 0; i < search.model->threads && search.what == NULL; i++) {
        const struct thread *t = &state->threads[i];
        int count = t->life == RUNNING ? ways(state, t) : 0;

        for (int way = 0; way < count && search.what == NULL; way++) {
            copy_state(next, state);
            do_step(next, &next->threads[i], way);
            stuck = false;
            go(next, i, t->op, false);
        }
        if (t->life == RUNNING && search.model->may_die[i] && state->deaths < search.model->deaths &&
            search.what == NULL) {
            copy_state(next, state);
            next->threads[i].life = KILLED;
            next->threads[i].queued = 0;
            next->deaths++;
            go(next, i, t->op, true);    /* not needed for going on: nobody has to die */
        }
    }
    if (stuck && search.what == NULL)
        check_end(state);
    free(next);
}

/* ---- telling ---- */

static void write_trace(char *trace, unsigned size)
{
    static const char *const names[] = { "-", "load", "store", "swap-if", "swap", "or", "fence", "fence-of", "choose",
                                         "queue", "sleep", "wake", "await-dead", "await", "done" };
    unsigned used = 0;

    trace[0] = '\0';
    for (int i = 0; i < search.steps && used < size; i++) {
        const struct step *step = &search.path[i];
        const char *on = step->op.kind <= OP_OR
                             ? search.model->variable_names[step->op.variable]
                             : "";

        used += (unsigned)snprintf(trace + used, size - used, "    thread %d: %s%s %s %d (now %d)\n", step->thread,
                                   step->killed ? "KILLED before " : "", names[step->op.kind], on, step->op.value,
                                   step->got);
    }
}

const char *explore(const struct model *model, char *trace, unsigned trace_size, unsigned long *ret_states)
{
    static struct state first;

    memset(&search, 0, sizeof(search));
    memset(&first, 0, sizeof(first));
    search.model = model;
    search.room = 1u << 16;
    search.seen = calloc(search.room, sizeof(*search.seen));
    if (search.seen == NULL)
        abort();
    for (int v = 0; v < model->variables; v++) {
        first.count[v] = 1;
        first.stores[v][0].value = model->first[v];
    }
    for (int i = 0; i < model->threads; i++) {
        first.threads[i].self = (uint8_t)i;
        model->run[i](&first.threads[i]);
    }
    visit(&first);
    free(search.seen);
    write_trace(trace, trace_size);
    *ret_states = search.states;
    return search.what;
}
