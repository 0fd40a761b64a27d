/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of latency: the fastest way from one process's memory into the other's, and which it is. */
#include "bench/limit_ring.h"

struct work {
    struct team team;
    struct ring_end to, from;
    size_t size;
    char *out, *in;
};

static double ping_pong(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, (long)work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        ring_put(&work->to, work->out, work->size);
        ring_get(&work->from, work->in, work->size);
    }
    return clock_now() - start;
}

static void answer(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (long i = 0; i < order.count; i++) {
            ring_get(&work->from, work->in, (size_t)order.size);
            ring_put(&work->to, work->out, (size_t)order.size);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 1024, 65536, 1 << 20 }, .nsizes = 4, .tasks = 2, .seconds = 0.1 };
    struct ring *rings = team_memory(2 * sizeof(*rings));
    static struct work work;
    double took;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    ring_open(rings, &work.team, &work.to, &work.from);
    work.out = memory((size_t)largest_size(&options));
    work.in = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    print_head("Shared memory Latency Test", "Size            Latency (us)    Way: 0 copy, 1 stream, 2 read");
    for (int i = 0; i < options.nsizes; i++) {
        enum ring_way way, last = options.sizes[i] <= CELL_BYTES ? RING_COPY : RING_READ;

        work.size = (size_t)options.sizes[i];
        took = ring_measure(rings, last, options.seconds, 1000000, ping_pong, &work, &way);
        print_size(options.sizes[i], 2, took / 2 * 1e6, (double)way);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
