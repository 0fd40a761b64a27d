/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of farm/pvm.c. */
#include "bench/mpi_team.h"

static void put(int rank, int tag, double job)
{
    MPI_Send(&job, 1, MPI_DOUBLE, rank, tag, MPI_COMM_WORLD);
}

static double jobs(void *arg, long count)
{
    struct team *team = arg;
    long given = 0, done = 0;
    double start = clock_now(), result;
    MPI_Status status;

    for (; given < team->size - 1 && given < count; given++)
        put((int)given + 1, TAG_DATA, (double)given);
    for (; done < count; done++) {
        MPI_Recv(&result, 1, MPI_DOUBLE, MPI_ANY_SOURCE, TAG_DATA, MPI_COMM_WORLD, &status);
        if (given < count)
            put(status.MPI_SOURCE, TAG_DATA, (double)given++);
    }
    return clock_now() - start;
}

static void work(void)
{
    MPI_Status status;
    double job;

    for (;;) {
        MPI_Recv(&job, 1, MPI_DOUBLE, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        if (status.MPI_TAG != TAG_DATA)
            break;
        put(0, TAG_DATA, job);
    }
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 17, .seconds = 0.1 };
    struct team team;

    options_read(&options, argc, argv);
    team_start(&team, &options);
    if (team.rank != 0) {
        work();
    } else {
        print_head("MPI Task Farm", "Workers         Jobs/s");
        print_size(team.size - 1, 1, 1 / measure(options.seconds, 1000000, jobs, &team));
        for (int i = 1; i < team.size; i++)
            put(i, TAG_BACK, 0);
    }
    MPI_Finalize();
    return 0;
}
