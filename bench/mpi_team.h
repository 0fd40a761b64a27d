/* SPDX-License-Identifier: BSD-3-Clause */
/* The ranks of one MPI program: as pvm_team.h, so that the twins read alike. */
#ifndef BENCH_MPI_TEAM_H
#define BENCH_MPI_TEAM_H

#include <mpi.h>

#include "bench/measure.h"

enum { TAG_DATA = 1, TAG_BACK };

struct team {
    int rank;
    int size;
};

struct order {
    int size;
    int count;
};

static inline void team_start(struct team *team, const struct options *options)
{
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &team->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &team->size);
    if (team->size != options->tasks)
        die("-n %d, but mpirun started %d", options->tasks, team->size);
}

/* Rank 0: what is to be done next; the others have heard it then. count 0: the end. */
static inline void team_order(struct team *team, int size, long count)
{
    struct order order = { size, (int)count };

    if (team->size > 1)
        MPI_Bcast(&order, 2, MPI_INT, 0, MPI_COMM_WORLD);
    if (count == 0)
        MPI_Finalize();
    else
        MPI_Barrier(MPI_COMM_WORLD);
}

/* The others. false: it was the end. */
static inline bool team_obey(struct order *ret_order)
{
    MPI_Bcast(ret_order, 2, MPI_INT, 0, MPI_COMM_WORLD);
    if (ret_order->count == 0)
        MPI_Finalize();
    else
        MPI_Barrier(MPI_COMM_WORLD);
    return ret_order->count > 0;
}

#endif
