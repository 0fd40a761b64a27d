/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of idle/pvm.c: the others wait in MPI_Recv. */
#include "bench/idle.h"

#include <unistd.h>

#include "bench/mpi_team.h"

int main(int argc, char **argv)
{
    struct options options = { .tasks = 65, .seconds = 5 };
    struct team team;
    int pid = getpid(), *pids;

    options_read(&options, argc, argv);
    team_start(&team, &options);
    pids = memory((size_t)team.size * sizeof(*pids));
    MPI_Gather(&pid, 1, MPI_INT, pids, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (team.rank != 0) {
        MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        print_head("MPI Idle Test", "Tasks           Processors (%)");
        print_size(team.size - 1, 1, idle_percent(options.seconds, pids + 1, team.size - 1, NULL));
        for (int i = 1; i < team.size; i++)
            MPI_Send(NULL, 0, MPI_BYTE, i, TAG_DATA, MPI_COMM_WORLD);
    }
    MPI_Finalize();
    return 0;
}
