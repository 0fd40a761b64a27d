/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far apart the first two processors are just now: one-way time of a cache line between them, and how fast bytes
 * that one has written are copied by the other; the best of a few short batches. In a virtual machine the host may
 * move the processors, which changes every other figure.
 */
#include <string.h>

#include "bench/limit_team.h"

#define BATCHES 16
#define TURNS 200
#define COPIES 8
#define COPY_BYTES 32768

struct shared {
    _Alignas(128) _Atomic uint32_t there;
    _Alignas(128) _Atomic uint32_t back;
    _Alignas(4096) char data[2][COPY_BYTES];    /* there and back */
};

struct work {
    int rank;
    struct shared *shared;
    uint32_t turn;
    char data[COPY_BYTES];
};

static void await(_Atomic uint32_t *line, uint32_t value)
{
    while (atomic_load_explicit(line, memory_order_acquire) != value)
        relax();
}

/* A turn: bytes go there and back, 0 for the cache line alone. */
static void turn(struct work *work, size_t bytes)
{
    struct shared *shared = work->shared;
    int rank = work->rank;

    work->turn++;
    if (rank == 1) {
        await(&shared->there, work->turn);
        memcpy(work->data, shared->data[0], bytes);
    }
    memcpy(shared->data[rank], work->data, bytes);
    atomic_store_explicit(rank == 0 ? &shared->there : &shared->back, work->turn, memory_order_release);
    if (rank == 0) {
        await(&shared->back, work->turn);
        memcpy(work->data, shared->data[1], bytes);
    }
}

/* Seconds for one way. */
static double best(struct work *work, int turns, size_t bytes)
{
    double least = 1;

    for (int batch = 0; batch < BATCHES; batch++) {
        double start = clock_now(), took;

        for (int i = 0; i < turns; i++)
            turn(work, bytes);
        took = (clock_now() - start) / turns / 2;
        least = took < least ? took : least;
    }
    return least;
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 2, .seconds = 0.01, .pinned = true };
    static struct work work;
    struct team team;
    double line, copy;

    options_read(&options, argc, argv);
    work.shared = team_memory(sizeof(*work.shared));
    team_start(&team, &options);
    work.rank = team.rank;
    line = best(&work, TURNS, 0);
    copy = best(&work, COPIES, COPY_BYTES);
    if (team.rank != 0)
        return 0;
    print_head("Placement of the processors", "Processors      Cache line (ns)     Copy (MB/s)");
    print_size(2, 2, line * 1e9, COPY_BYTES / copy / 1e6);
    return 0;
}
