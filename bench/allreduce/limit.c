/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of allreduce: all lay their numbers into shared memory, one adds them up, all take the sum. */
#include <string.h>

#include "bench/limit_team.h"

struct shared {
    struct signal laid;
    struct signal summed;
};

struct work {
    struct team team;
    struct shared *shared;
    double *slots;    /* shared: what each rank has laid; that of rank 0 is the sum */
    long capacity;    /* doubles of a slot */
    long size;
    double *data;
    uint32_t turn;
};

static void add_up(struct work *work, long count)
{
    memcpy(work->slots, work->data, (size_t)count * sizeof(double));
    for (int rank = 1; rank < work->team.size; rank++) {
        const double *slot = work->slots + rank * work->capacity;

        for (long i = 0; i < count; i++)
            work->slots[i] += slot[i];
    }
}

static void reduce(struct work *work, long size)
{
    size_t bytes = (size_t)size;
    uint32_t others = (uint32_t)work->team.size - 1, turn = ++work->turn;

    if (work->team.rank == 0) {
        signal_await(&work->team, &work->shared->laid, others * turn);
        add_up(work, size / (long)sizeof(double));
        signal_raise(&work->shared->summed, turn);
        memcpy(work->data, work->slots, bytes);
    } else {
        memcpy(work->slots + work->team.rank * work->capacity, work->data, bytes);
        signal_add(&work->shared->laid);
        signal_await(&work->team, &work->shared->summed, turn);
        memcpy(work->data, work->slots, bytes);
    }
}

static double reductions(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++)
        reduce(work, work->size);
    return clock_now() - start;
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 8192 }, .nsizes = 2, .tasks = 8, .seconds = 0.1 };
    static struct work work;
    struct order order;

    options_read(&options, argc, argv);
    work.shared = team_memory(sizeof(*work.shared));
    work.capacity = largest_size(&options) / (long)sizeof(double) + 16;
    work.slots = team_memory((size_t)(options.tasks * work.capacity) * sizeof(double));
    team_start(&work.team, &options);
    work.data = zeros(largest_size(&options));
    while (work.team.rank != 0 && team_obey(&work.team, &order)) {
        for (long i = 0; i < order.count; i++)
            reduce(&work, order.size);
    }
    if (work.team.rank != 0)
        return 0;
    print_head("Shared memory Allreduce Latency Test", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 100000, reductions, &work) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
