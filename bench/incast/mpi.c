/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of incast/pvm.c. */
#include "bench/incast.h"
#include "bench/mpi_team.h"

struct work {
    struct team team;
    int size;
    char *data;
};

static double streams(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = count * (work->team.size - 1); i > 0; i--)
        MPI_Recv(work->data, work->size, MPI_BYTE, MPI_ANY_SOURCE, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return clock_now() - start;
}

static void stream(struct work *work)
{
    struct order order;

    while (team_obey(&order)) {
        for (int i = 0; i < order.count; i++)
            MPI_Send(work->data, order.size, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD);
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 1024 }, .nsizes = 2, .tasks = 17, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        stream(&work);
        return 0;
    }
    print_head("MPI Incast Test", "Size            Messages/s");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, (work.team.size - 1) / measure(options.seconds, INCAST_MAX, streams, &work));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
