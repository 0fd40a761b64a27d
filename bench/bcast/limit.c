/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The limit of bcast: one copy into shared memory, and one from there for each; or one copy for each out of the
 * memory of the sender, by the kernel. The faster of them.
 */
#include <string.h>

#include "bench/limit_ring.h"

struct shared {
    struct signal sent;
    struct signal taken;
    enum ring_way way;
    pid_t sender;
    const char *source;    /* where the bytes are in the sender's memory */
    _Alignas(4096) char data[];
};

struct work {
    struct team team;
    struct shared *shared;
    long size;
    char *data;
    uint32_t turn;
};

static void lay_out(struct work *work)
{
    struct shared *shared = work->shared;

    if (shared->way == RING_COPY)
        memcpy(shared->data, work->data, (size_t)work->size);
    else if (shared->way == RING_STREAM)
        copy_past_caches(shared->data, work->data, (size_t)work->size);
}

static void take(struct work *work, long size)
{
    struct shared *shared = work->shared;

    if (shared->way != RING_READ)
        memcpy(work->data, shared->data, (size_t)size);
    else if (!process_read(shared->sender, work->data, shared->source, (size_t)size))
        die("process_vm_readv failed");
}

static double broadcasts(void *arg, long count)
{
    struct work *work = arg;
    uint32_t others = (uint32_t)work->team.size - 1;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        lay_out(work);
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
            take(work, order.size);
            signal_add(&work->shared->taken);
        }
    }
}

/* The kernel lets all read from all, or nobody: asked of the first of the others. */
static double fastest(struct work *work, double seconds)
{
    double least = 0, took;
    char byte;

    for (int way = RING_COPY; way < RING_WAYS; way++) {
        if (way == RING_READ && !process_read(work->team.pids[1], &byte, (const char *)work->shared, 1))
            continue;
        work->shared->way = (enum ring_way)way;
        took = measure(seconds / RING_WAYS, 100000, broadcasts, work);
        least = way == RING_COPY || took < least ? took : least;
    }
    return least;
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1024, 1 << 20 }, .nsizes = 2, .tasks = 8, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    work.shared = team_memory(sizeof(*work.shared) + (size_t)largest_size(&options));
    team_start(&work.team, &options);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    work.shared->sender = getpid();
    work.shared->source = work.data;
    print_head("Shared memory Broadcast Test, with answers", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = options.sizes[i];
        print_size(work.size, 1, fastest(&work, options.seconds) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
