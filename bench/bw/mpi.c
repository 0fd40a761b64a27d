/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of bw/pvm.c: what osu_bw does. */
#include "bench/mpi_team.h"
#include "bench/window.h"

struct work {
    struct team team;
    int size;
    char *data;
};

static double stream(void *arg, long count)
{
    struct work *work = arg;
    MPI_Request requests[WINDOW_MAX];
    int window = window_of(work->size);
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < window; j++)
            MPI_Isend(work->data, work->size, MPI_BYTE, 1, TAG_DATA, MPI_COMM_WORLD, &requests[j]);
        MPI_Waitall(window, requests, MPI_STATUSES_IGNORE);
        MPI_Recv(work->data, 4, MPI_BYTE, 1, TAG_BACK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return clock_now() - start;
}

static void drain(struct work *work)
{
    MPI_Request requests[WINDOW_MAX];
    struct order order;

    while (team_obey(&order)) {
        int window = window_of(order.size);

        for (int i = 0; i < order.count; i++) {
            for (int j = 0; j < window; j++)
                MPI_Irecv(work->data, order.size, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD, &requests[j]);
            MPI_Waitall(window, requests, MPI_STATUSES_IGNORE);
            MPI_Send(work->data, 4, MPI_BYTE, 0, TAG_BACK, MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 65536, 1 << 20, 16 << 20 }, .nsizes = 4, .tasks = 2, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    work.data = memory((size_t)largest_size(&options) + 4);
    if (work.team.rank != 0) {
        drain(&work);
        return 0;
    }
    print_head("MPI Bandwidth Test", "Size            Bandwidth (MB/s)      Messages/s");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        window_print(work.size, measure(options.seconds, 100000, stream, &work));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
