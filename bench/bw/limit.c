/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of bandwidth and message rate: the fastest way from one process's memory into the other's. */
#include "bench/limit_ring.h"
#include "bench/window.h"

struct work {
    struct team team;
    struct ring_end to, from;
    long size;
    char *data;
};

static double stream(void *arg, long count)
{
    struct work *work = arg;
    int window = window_of(work->size);
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < window; j++)
            ring_put(&work->to, work->data, (size_t)work->size);
        ring_get(&work->from, work->data, 4);
    }
    return clock_now() - start;
}

static void drain(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        int window = window_of(order.size);

        for (long i = 0; i < order.count; i++) {
            for (int j = 0; j < window; j++)
                ring_get(&work->from, work->data, (size_t)order.size);
            ring_put(&work->to, work->data, 4);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 65536, 1 << 20, 16 << 20 }, .nsizes = 4, .tasks = 2, .seconds = 0.1 };
    struct ring *rings = team_memory(2 * sizeof(*rings));
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    ring_open(rings, &work.team, &work.to, &work.from);
    work.data = memory((size_t)largest_size(&options) + 4);
    if (work.team.rank != 0) {
        drain(&work);
        return 0;
    }
    print_head("Shared memory Bandwidth Test", "Size            Bandwidth (MB/s)      Messages/s");
    for (int i = 0; i < options.nsizes; i++) {
        enum ring_way way, last = options.sizes[i] <= CELL_BYTES ? RING_COPY : RING_READ;

        work.size = options.sizes[i];
        window_print(work.size,
                     ring_measure(rings, last, options.seconds, 100000, stream, &work, &way));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
