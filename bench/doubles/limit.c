/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of doubles: gathered into a ring of shared memory and scattered from it, by both processors at once. */
#include "bench/limit_ring.h"
#include "bench/window.h"

#define PER_CHUNK ((long)(CHUNK_MAX / sizeof(double)))
#define GATHERED 512    /* doubles that are gathered before they are streamed */

struct work {
    struct team team;
    struct ring_end to, from;
    long count;
    long stride;
    double *data;
};

static void gather(double *to, const double *from, long count)
{
    for (long i = 0; i < count; i++)
        to[i] = from[2 * i];
}

static void gather_past_caches(double *to, const double *from, long count)
{
    double gathered[GATHERED];

    for (long done = 0, part; done < count; done += part) {
        part = count - done < GATHERED ? count - done : GATHERED;
        gather(gathered, from + 2 * done, part);
        copy_past_caches((char *)(to + done), (const char *)gathered, (size_t)part * sizeof(double));
    }
}

static void put_every_second(struct ring_end *end, const double *data, long count)
{
    for (long done = 0, part; done < count; done += part) {
        double *chunk = (double *)ring_to_fill(end);

        part = count - done < PER_CHUNK ? count - done : PER_CHUNK;
        if (end->ring->way == RING_STREAM)
            gather_past_caches(chunk, data + 2 * done, part);
        else
            gather(chunk, data + 2 * done, part);
        ring_filled(end);
    }
}

static void get_every_second(struct ring_end *end, double *data, long count)
{
    for (long done = 0, part; done < count; done += part) {
        const double *chunk = (const double *)ring_to_empty(end);

        part = count - done < PER_CHUNK ? count - done : PER_CHUNK;
        for (long i = 0; i < part; i++)
            data[2 * (done + i)] = chunk[i];
        ring_emptied(end);
    }
}

static double stream(void *arg, long count)
{
    struct work *work = arg;
    double start;
    char back;

    team_order(&work->team, work->stride, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < DOUBLES_WINDOW; j++) {
            if (work->stride == 1)
                ring_put(&work->to, (const char *)work->data, (size_t)work->count * sizeof(double));
            else
                put_every_second(&work->to, work->data, work->count);
        }
        ring_get(&work->from, &back, 1);
    }
    return clock_now() - start;
}

static void drain(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (long i = 0; i < order.count; i++) {
            for (int j = 0; j < DOUBLES_WINDOW; j++) {
                if (order.size == 1)
                    ring_get(&work->from, (char *)work->data, (size_t)work->count * sizeof(double));
                else
                    get_every_second(&work->from, work->data, work->count);
            }
            ring_put(&work->to, "", 1);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1000000 }, .nsizes = 1, .tasks = 2, .seconds = 0.1 };
    struct ring *rings = team_memory(2 * sizeof(*rings));
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    ring_open(rings, &work.team, &work.to, &work.from);
    work.count = options.sizes[0];
    work.data = memory(2 * sizeof(double) * (size_t)work.count);
    if (work.team.rank != 0) {
        drain(&work);
        return 0;
    }
    print_head("Shared memory Bandwidth of doubles", "Layout          Bandwidth (MB/s)");
    for (work.stride = 1; work.stride <= 2; work.stride++) {
        enum ring_way way, last = work.stride == 1 ? RING_READ : RING_STREAM;

        doubles_print((int)work.stride, work.count,
                      ring_measure(rings, last, options.seconds, 10000, stream, &work, &way));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
