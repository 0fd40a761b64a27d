/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of spawn: posix_spawn, until each has written a byte into a pipe. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

#define CHILD "child"

/* A program that has next to nothing to load: this one, told by its name that it is a child. */
static void start_child(const char *pipe_end)
{
    char *args[] = { CHILD, (char *)pipe_end, NULL };
    pid_t pid;
    int rc = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args, environ);

    if (rc != 0)
        die("posix_spawn: %s", strerror(rc));
}

static double spawns(void *arg, long count)
{
    int children = *(int *)arg, ends[2];
    char number[16], byte;
    double took = 0;

    if (pipe(ends) != 0)
        die("pipe: %s", strerror(errno));
    snprintf(number, sizeof(number), "%d", ends[1]);
    for (long i = 0; i < count; i++) {
        double start = clock_now();

        for (int j = 0; j < children; j++)
            start_child(number);
        for (int j = 0; j < children; j++) {
            if (read(ends[0], &byte, 1) != 1)
                die("a child did not report");
        }
        took += clock_now() - start;
        for (int j = 0; j < children; j++)
            waitpid(-1, NULL, 0);
    }
    close(ends[0]);
    close(ends[1]);
    return took;
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 64, 256 }, .nsizes = 2, .tasks = 1, .seconds = 0.1 };

    if (argc == 2 && strcmp(argv[0], CHILD) == 0)
        return write(atoi(argv[1]), "", 1) == 1 ? 0 : 1;
    options_read(&options, argc, argv);
    print_head("Bare Spawn Test", "Processes       Time (ms)");
    for (int i = 0; i < options.nsizes; i++) {
        int children = (int)options.sizes[i];

        print_size(children, 1, measure(options.seconds, 1000, spawns, &children) * 1e3);
    }
    return 0;
}
