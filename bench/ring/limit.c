/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of ring: each process waits for a number of its own to be raised. */
#include "bench/limit_team.h"

struct work {
    struct team team;
    struct signal *signals;    /* by rank: how often the token has come there */
    uint32_t turn;
};

static double rounds(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, 8, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        signal_raise(&work->signals[1 % work->team.size], ++work->turn);
        signal_await(&work->team, &work->signals[0], work->turn);
    }
    return clock_now() - start;
}

static void pass_on(struct work *work)
{
    struct order order;
    int rank = work->team.rank, right = (rank + 1) % work->team.size;

    while (team_obey(&work->team, &order)) {
        for (long i = 0; i < order.count; i++) {
            signal_await(&work->team, &work->signals[rank], ++work->turn);
            signal_raise(&work->signals[right], work->turn);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 64, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    work.signals = team_memory((size_t)options.tasks * sizeof(*work.signals));
    team_start(&work.team, &options);
    if (work.team.rank != 0) {
        pass_on(&work);
        return 0;
    }
    print_head("Shared memory Ring Test", "Tasks           Hop (us)");
    print_size(work.team.size, 1, measure(options.seconds, 100000, rounds, &work) / work.team.size * 1e6);
    team_order(&work.team, 0, 0);
    return 0;
}
