/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of latency/pvm.c: what osu_latency does. */
#include "bench/mpi_team.h"

struct work {
    struct team team;
    int size;
    char *out, *in;
};

static double ping_pong(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        MPI_Send(work->out, work->size, MPI_BYTE, 1, TAG_DATA, MPI_COMM_WORLD);
        MPI_Recv(work->in, work->size, MPI_BYTE, 1, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return clock_now() - start;
}

static void answer(struct work *work)
{
    struct order order;

    while (team_obey(&order)) {
        for (int i = 0; i < order.count; i++) {
            MPI_Recv(work->in, order.size, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Send(work->out, order.size, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 1024, 65536, 1 << 20 }, .nsizes = 4, .tasks = 2, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    work.out = memory((size_t)largest_size(&options));
    work.in = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    print_head("MPI Latency Test", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 1000000, ping_pong, &work) / 2 * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
