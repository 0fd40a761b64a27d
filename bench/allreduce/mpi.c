/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of allreduce/pvm.c: what osu_allreduce does. */
#include "bench/mpi_team.h"

struct work {
    struct team team;
    int size;
    double *data, *sum;
};

static void reduce(struct work *work, int size)
{
    MPI_Allreduce(work->data, work->sum, size / (int)sizeof(double), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
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
    team_start(&work.team, &options);
    work.data = zeros(largest_size(&options));
    work.sum = zeros(largest_size(&options));
    while (work.team.rank != 0 && team_obey(&order)) {
        for (int i = 0; i < order.count; i++)
            reduce(&work, order.size);
    }
    if (work.team.rank != 0)
        return 0;
    print_head("MPI Allreduce Latency Test", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 100000, reductions, &work) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
