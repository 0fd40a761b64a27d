/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of bcast/pvm.c. */
#include "bench/mpi_team.h"

struct work {
    struct team team;
    int size;
    char *data;
};

static double broadcasts(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        MPI_Bcast(work->data, work->size, MPI_BYTE, 0, MPI_COMM_WORLD);
        for (int j = 1; j < work->team.size; j++)
            MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG_BACK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return clock_now() - start;
}

static void answer(struct work *work)
{
    struct order order;

    while (team_obey(&order)) {
        for (int i = 0; i < order.count; i++) {
            MPI_Bcast(work->data, order.size, MPI_BYTE, 0, MPI_COMM_WORLD);
            MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_BACK, MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1024, 1 << 20 }, .nsizes = 2, .tasks = 8, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    print_head("MPI Broadcast Test, with answers", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 100000, broadcasts, &work) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
