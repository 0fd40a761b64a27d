/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks are spawned, until each has sent a message: how long it takes for how many. */
#include "bench/pvm_team.h"

#include <stdlib.h>
#include <unistd.h>

#define CHILDREN_MAX 16384

static char own_path[4096];

static double spawns(void *arg, long count)
{
    int children = *(int *)arg, *tids = memory((size_t)children * sizeof(*tids));
    double took = 0;

    for (long i = 0; i < count; i++) {
        double start = clock_now();

        if (pvm_spawn(own_path, NULL, PvmTaskDefault, NULL, children, tids) != children)
            die("pvm_spawn could not start %d tasks", children);
        for (int j = 0; j < children; j++)
            team_check(pvm_recv(-1, TAG_BACK), "pvm_recv");
        took += clock_now() - start;
        /* Their ends are no part of it, but must not be left to the next turn. */
        team_check(pvm_notify(PvmTaskExit, TAG_READY, children, tids), "pvm_notify");
        for (int j = 0; j < children; j++)
            team_check(pvm_recv(-1, TAG_READY), "pvm_recv");
    }
    free(tids);
    return took;
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 64, 256 }, .nsizes = 2, .tasks = 1, .seconds = 0.1 };
    ssize_t length = readlink("/proc/self/exe", own_path, sizeof(own_path) - 1);

    options_read(&options, argc, argv);
    team_check(pvm_mytid(), "pvm_mytid (does a pvmd run?)");
    if (pvm_parent() >= 0) {
        pvm_initsend(PvmDataDefault);
        team_check(pvm_send(pvm_parent(), TAG_BACK), "pvm_send");
        pvm_exit();
        return 0;
    }
    own_path[length > 0 ? length : 0] = '\0';
    print_head("PVM Spawn Test", "Tasks           Time (ms)");
    for (int i = 0; i < options.nsizes; i++) {
        int children = (int)options.sizes[i];

        if (children < 1 || children > CHILDREN_MAX)
            die("-s %d: 1 to %d", children, CHILDREN_MAX);
        print_size(children, 1, measure(options.seconds, 1000, spawns, &children) * 1e3);
    }
    pvm_exit();
    return 0;
}
