/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of barrier/pvm.c: what osu_barrier does. */
#include "bench/mpi_team.h"

static double barriers(void *arg, long count)
{
    struct team *team = arg;
    double start;

    team_order(team, 0, count);
    MPI_Barrier(MPI_COMM_WORLD);
    start = clock_now();
    for (long i = 0; i < count; i++)
        MPI_Barrier(MPI_COMM_WORLD);
    return clock_now() - start;
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 8, .seconds = 0.1 };
    struct team team;
    struct order order;

    options_read(&options, argc, argv);
    team_start(&team, &options);
    while (team.rank != 0 && team_obey(&order)) {
        for (int i = 0; i <= order.count; i++)
            MPI_Barrier(MPI_COMM_WORLD);
    }
    if (team.rank != 0)
        return 0;
    print_head("MPI Barrier Latency Test", "Tasks           Latency (us)");
    print_size(team.size, 1, measure(options.seconds, 1000000, barriers, &team) * 1e6);
    team_order(&team, 0, 0);
    return 0;
}
