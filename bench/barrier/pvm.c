/* SPDX-License-Identifier: BSD-3-Clause */
/* All tasks of a group wait for each other: as osu_barrier. */
#include "bench/pvm_team.h"

static double barriers(void *arg, long count)
{
    struct team *team = arg;
    double start;

    team_order(team, 0, count);
    team_check(pvm_barrier(TEAM_GROUP, team->size), "pvm_barrier");
    start = clock_now();
    for (long i = 0; i < count; i++)
        team_check(pvm_barrier(TEAM_GROUP, team->size), "pvm_barrier");
    return clock_now() - start;
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 8, .seconds = 0.1 };
    struct team team;
    struct order order;

    options_read(&options, argc, argv);
    team_start(&team, &options, argv);
    team_group(&team);
    while (team.rank != 0 && team_obey(&team, &order)) {
        for (int i = 0; i <= order.count; i++)
            team_check(pvm_barrier(TEAM_GROUP, team.size), "pvm_barrier");
    }
    if (team.rank != 0)
        return 0;
    print_head("PVM Barrier Latency Test", "Tasks           Latency (us)");
    print_size(team.size, 1, measure(options.seconds, 1000000, barriers, &team) * 1e6);
    team_order(&team, 0, 0);
    return 0;
}
