/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of barrier: a number that each raises by one, and one that the last raises for all. */
#include "bench/limit_team.h"

struct shared {
    _Alignas(128) _Atomic uint32_t arrived;
    struct signal opened;
};

struct work {
    struct team team;
    struct shared *shared;
    uint32_t turn;
};

static void barrier(struct work *work)
{
    uint32_t size = (uint32_t)work->team.size, turn = ++work->turn;

    if (atomic_fetch_add(&work->shared->arrived, 1) + 1 == size * turn)
        signal_raise(&work->shared->opened, turn);
    else
        signal_await(&work->team, &work->shared->opened, turn);
}

static double barriers(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, 0, count);
    barrier(work);
    start = clock_now();
    for (long i = 0; i < count; i++)
        barrier(work);
    return clock_now() - start;
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 8, .seconds = 0.1 };
    static struct work work;
    struct order order;

    options_read(&options, argc, argv);
    work.shared = team_memory(sizeof(*work.shared));
    team_start(&work.team, &options);
    while (work.team.rank != 0 && team_obey(&work.team, &order)) {
        for (long i = 0; i <= order.count; i++)
            barrier(&work);
    }
    if (work.team.rank != 0)
        return 0;
    print_head("Shared memory Barrier Latency Test", "Tasks           Latency (us)");
    print_size(work.team.size, 1, measure(options.seconds, 1000000, barriers, &work) * 1e6);
    team_order(&work.team, 0, 0);
    return 0;
}
