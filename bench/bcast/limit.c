/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of bcast: one copy into shared memory, and one from there for each. */
#include <string.h>

#include "bench/limit_team.h"

struct shared {
    struct signal sent;
    struct signal taken;
    _Alignas(4096) char data[];
};

struct work {
    struct team team;
    struct shared *shared;
    long size;
    char *data;
    uint32_t turn;
};

static double broadcasts(void *arg, long count)
{
    struct work *work = arg;
    uint32_t others = (uint32_t)work->team.size - 1;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        memcpy(work->shared->data, work->data, (size_t)work->size);
        signal_raise(&work->shared->sent, ++work->turn);
        signal_await(&work->team, &work->shared->taken, others * work->turn);
    }
    return clock_now() - start;
}

static void answer(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (long i = 0; i < order.count; i++) {
            signal_await(&work->team, &work->shared->sent, ++work->turn);
            memcpy(work->data, work->shared->data, (size_t)order.size);
            signal_add(&work->shared->taken);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1024, 1 << 20 }, .nsizes = 2, .tasks = 8, .seconds = 0.1 };
    struct work work = { .turn = 0 };

    options_read(&options, argc, argv);
    work.shared = team_memory(sizeof(*work.shared) + (size_t)largest_size(&options));
    team_start(&work.team, &options);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    print_head("Shared memory Broadcast Test, with answers", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 100000, broadcasts, &work) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
