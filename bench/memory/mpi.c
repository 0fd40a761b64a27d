/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of memory/pvm.c. */
#include "bench/idle.h"

#include <unistd.h>

#include "bench/mpi_team.h"

int main(int argc, char **argv)
{
    struct options options = { .tasks = 17, .seconds = 1 };
    struct team team;
    int pid = getpid(), *pids;
    double *pss;

    options_read(&options, argc, argv);
    team_start(&team, &options);
    pids = memory((size_t)team.size * sizeof(*pids));
    pss = memory((size_t)team.size * sizeof(*pss));
    MPI_Gather(&pid, 1, MPI_INT, pids, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (team.rank != 0) {
        MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        for (int i = 1; i < team.size; i++)
            pss[i - 1] = idle_pss(pids[i]);
        print_head("MPI Memory Test", "Tasks           Memory of one (KiB)");
        print_size(team.size - 1, 1, median(pss, team.size - 1));
        for (int i = 1; i < team.size; i++)
            MPI_Send(NULL, 0, MPI_BYTE, i, TAG_DATA, MPI_COMM_WORLD);
    }
    MPI_Finalize();
    return 0;
}
