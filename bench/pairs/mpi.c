/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of pairs/pvm.c. */
#include "bench/mpi_team.h"
#include "bench/pairs.h"

static void put(int rank, double value)
{
    MPI_Send(&value, 1, MPI_DOUBLE, rank, TAG_DATA, MPI_COMM_WORLD);
}

static double get(int rank)
{
    double value;

    MPI_Recv(&value, 1, MPI_DOUBLE, rank, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return value;
}

static double talk(struct team *team, double seconds)
{
    int other = team->rank ^ 1;
    double start = clock_now(), value, took;
    long messages = 0;

    if (team->rank % 2 != 0) {
        do {
            value = get(other);
            put(other, value);
        } while (value != PAIRS_END);
        return 0;
    }
    do {
        took = clock_now() - start;
        put(other, took < seconds ? 1 : PAIRS_END);
        get(other);
        messages += 2;
    } while (took < seconds);
    return (double)messages / (clock_now() - start);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 64, .seconds = 0.5 };
    struct team team;
    double own, *rates;

    options_read(&options, argc, argv);
    options.tasks += options.tasks % 2;
    team_start(&team, &options);
    rates = memory((size_t)team.size * sizeof(*rates));
    MPI_Barrier(MPI_COMM_WORLD);
    own = talk(&team, options.seconds);
    MPI_Gather(&own, 1, MPI_DOUBLE, rates, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    if (team.rank == 0)
        pairs_print("MPI", team.size, rates);
    MPI_Finalize();
    return 0;
}
