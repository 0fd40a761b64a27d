/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Twin of start/pvm.c: mpirun, from its exec until a single rank has left MPI_Init; and from there to the end of all.
 * -l has the command line of mpirun without the program.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/launch.h"
#include "bench/mpi_team.h"

#define RANK "rank"

static int be_rank(void)
{
    char byte;

    MPI_Init(NULL, NULL);
    puts("up");
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        continue;
    MPI_Finalize();
    return 0;
}

static void turn(void *arg, double *ret_start, double *ret_halt)
{
    double start = clock_now();
    struct launched mpirun = launch(arg);

    launch_await_line(&mpirun, "mpirun");
    *ret_start = clock_now() - start;
    start = clock_now();
    close(mpirun.to);
    launch_await_ends();
    *ret_halt = clock_now() - start;
    close(mpirun.from);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 1, .seconds = 0.5 };
    char *rank[] = { argv[0], RANK, NULL };

    if (argc == 2 && strcmp(argv[1], RANK) == 0)
        return be_rank();
    options_read(&options, argc, argv);
    launch_adopt();
    launch_measure("MPI Start and Halt Test", options.seconds, turn, launch_words(options.launch, rank));
    return 0;
}
