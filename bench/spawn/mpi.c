/* SPDX-License-Identifier: BSD-3-Clause */
/* Twin of spawn/pvm.c. */
#include "bench/mpi_team.h"

static const char *own_path;

static double spawns(void *arg, long count)
{
    int children = *(int *)arg;
    double took = 0;
    MPI_Comm others;

    for (long i = 0; i < count; i++) {
        double start = clock_now();

        if (MPI_Comm_spawn(own_path, MPI_ARGV_NULL, children, MPI_INFO_NULL, 0, MPI_COMM_SELF, &others,
                           MPI_ERRCODES_IGNORE) != MPI_SUCCESS)
            die("MPI_Comm_spawn could not start %d processes", children);
        for (int j = 0; j < children; j++)
            MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG_BACK, others, MPI_STATUS_IGNORE);
        took += clock_now() - start;
        MPI_Comm_disconnect(&others);
    }
    return took;
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 64, 256 }, .nsizes = 2, .tasks = 1, .seconds = 0.1 };
    MPI_Comm parent;

    own_path = argv[0];
    options_read(&options, argc, argv);
    MPI_Init(NULL, NULL);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_BACK, parent);
        MPI_Comm_disconnect(&parent);
        MPI_Finalize();
        return 0;
    }
    print_head("MPI Spawn Test", "Tasks           Time (ms)");
    for (int i = 0; i < options.nsizes; i++) {
        int children = (int)options.sizes[i];

        print_size(children, 1, measure(options.seconds, 1000, spawns, &children) * 1e3);
    }
    MPI_Finalize();
    return 0;
}
