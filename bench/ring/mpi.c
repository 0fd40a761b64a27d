/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of ring/pvm.c. */
#include "bench/mpi_team.h"

static void pass_on(struct team *team, int first)
{
    int left = (team->rank + team->size - 1) % team->size, right = (team->rank + 1) % team->size;
    double token = 0;

    for (int half = 0; half < 2; half++) {
        if (half == first)
            MPI_Recv(&token, 1, MPI_DOUBLE, left, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        else
            MPI_Send(&token, 1, MPI_DOUBLE, right, TAG_DATA, MPI_COMM_WORLD);
    }
}

static double rounds(void *arg, long count)
{
    struct team *team = arg;
    double start;

    team_order(team, 8, count);
    start = clock_now();
    for (long i = 0; i < count; i++)
        pass_on(team, 1);
    return clock_now() - start;
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 64, .seconds = 0.1 };
    struct team team;
    struct order order;

    options_read(&options, argc, argv);
    team_start(&team, &options);
    while (team.rank != 0 && team_obey(&order)) {
        for (int i = 0; i < order.count; i++)
            pass_on(&team, 0);
    }
    if (team.rank != 0)
        return 0;
    print_head("MPI Ring Test", "Tasks           Hop (us)");
    print_size(team.size, 1, measure(options.seconds, 100000, rounds, &team) / team.size * 1e6);
    team_order(&team, 0, 0);
    return 0;
}
