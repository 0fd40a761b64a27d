/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of incast: a ring of shared memory for each sender, and one process that empties them in turn. */
#include <sched.h>
#include <string.h>

#include "bench/incast.h"
#include "bench/limit_team.h"

#define CELLS 256
#define SWEEP_MAX 64    /* messages of one sender before the next has its turn */

struct cell {
    _Alignas(64) _Atomic uint32_t number;    /* 1: full */
    uint32_t length;
    char data[];
};

struct work {
    struct team team;
    char *rings;           /* by rank */
    size_t cell_bytes;     /* of one cell, with its data */
    uint32_t next[TEAM_MAX];
    long size;
    char *data;
};

/* The next cell of a ring; its number is 1 while it is full. */
static struct cell *cell_of(struct work *work, int rank)
{
    return (struct cell *)(work->rings + ((size_t)rank * CELLS + work->next[rank] % CELLS) * work->cell_bytes);
}

static void make_room(const struct work *work)
{
    if (work->team.crowded)
        sched_yield();
    else
        relax();
}

/* Takes what has come from one sender. Returns how many messages. */
static long sweep(struct work *work, int rank)
{
    long taken = 0;

    for (; taken < SWEEP_MAX; taken++) {
        struct cell *cell = cell_of(work, rank);

        if (atomic_load_explicit(&cell->number, memory_order_acquire) == 0)
            break;
        memcpy(work->data, cell->data, cell->length);
        atomic_store_explicit(&cell->number, 0, memory_order_release);
        work->next[rank]++;
    }
    return taken;
}

static double streams(void *arg, long count)
{
    struct work *work = arg;
    long left = count * (work->team.size - 1);
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    while (left > 0) {
        long before = left;

        for (int rank = 1; rank < work->team.size; rank++)
            left -= sweep(work, rank);
        if (left == before)
            make_room(work);
    }
    return clock_now() - start;
}

static void stream(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (long i = 0; i < order.count; i++) {
            struct cell *cell = cell_of(work, work->team.rank);

            while (atomic_load_explicit(&cell->number, memory_order_acquire) != 0)
                make_room(work);
            cell->length = (uint32_t)order.size;
            memcpy(cell->data, work->data, (size_t)order.size);
            atomic_store_explicit(&cell->number, 1, memory_order_release);
            work->next[work->team.rank]++;
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 1024 }, .nsizes = 2, .tasks = 17, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    work.cell_bytes = (sizeof(struct cell) + (size_t)largest_size(&options) + 63) / 64 * 64;
    work.rings = team_memory((size_t)options.tasks * CELLS * work.cell_bytes);
    team_start(&work.team, &options);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        stream(&work);
        return 0;
    }
    print_head("Shared memory Incast Test", "Size            Messages/s");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = options.sizes[i];
        print_size(work.size, 1, (work.team.size - 1) / measure(options.seconds, INCAST_MAX, streams, &work));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
