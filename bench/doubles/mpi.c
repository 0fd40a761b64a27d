/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of doubles/pvm.c, with vector data types. */
#include "bench/mpi_team.h"
#include "bench/window.h"

struct work {
    struct team team;
    int count;
    int stride;
    double *data;
    MPI_Datatype types[3];    /* by stride */
};

static double stream(void *arg, long count)
{
    struct work *work = arg;
    MPI_Request requests[DOUBLES_WINDOW];
    double start;

    team_order(&work->team, work->stride, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < DOUBLES_WINDOW; j++)
            MPI_Isend(work->data, 1, work->types[work->stride], 1, TAG_DATA, MPI_COMM_WORLD, &requests[j]);
        MPI_Waitall(DOUBLES_WINDOW, requests, MPI_STATUSES_IGNORE);
        MPI_Recv(NULL, 0, MPI_BYTE, 1, TAG_BACK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return clock_now() - start;
}

static void drain(struct work *work)
{
    MPI_Request requests[DOUBLES_WINDOW];
    struct order order;

    while (team_obey(&order)) {
        for (int i = 0; i < order.count; i++) {
            for (int j = 0; j < DOUBLES_WINDOW; j++)
                MPI_Irecv(work->data, 1, work->types[order.size], 0, TAG_DATA, MPI_COMM_WORLD, &requests[j]);
            MPI_Waitall(DOUBLES_WINDOW, requests, MPI_STATUSES_IGNORE);
            MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_BACK, MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1000000 }, .nsizes = 1, .tasks = 2, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options);
    work.count = (int)options.sizes[0];
    work.data = memory(2 * sizeof(double) * (size_t)work.count);
    MPI_Type_contiguous(work.count, MPI_DOUBLE, &work.types[1]);
    MPI_Type_vector(work.count, 1, 2, MPI_DOUBLE, &work.types[2]);
    MPI_Type_commit(&work.types[1]);
    MPI_Type_commit(&work.types[2]);
    if (work.team.rank != 0) {
        drain(&work);
        return 0;
    }
    print_head("MPI Bandwidth of doubles", "Layout          Bandwidth (MB/s)");
    for (work.stride = 1; work.stride <= 2; work.stride++)
        doubles_print(work.stride, work.count, measure(options.seconds, 10000, stream, &work));
    team_order(&work.team, 0, 0);
    return 0;
}
