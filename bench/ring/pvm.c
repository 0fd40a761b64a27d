/* SPDX-License-Identifier: BSD-3-Clause */
/* A message of 8 bytes goes round through all tasks: time for each hop. */
#include "bench/pvm_team.h"

static void pass_on(struct team *team, int first)
{
    int left = team->tids[(team->rank + team->size - 1) % team->size];
    int right = team->tids[(team->rank + 1) % team->size];
    double token = 0;

    for (int half = 0; half < 2; half++) {
        if (half == first) {
            team_check(pvm_recv(left, TAG_DATA), "pvm_recv");
            team_check(pvm_upkdouble(&token, 1, 1), "pvm_upkdouble");
        } else {
            pvm_initsend(team->encoding);
            pvm_pkdouble(&token, 1, 1);
            team_check(pvm_send(right, TAG_DATA), "pvm_send");
        }
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
    team_start(&team, &options, argv);
    while (team.rank != 0 && team_obey(&team, &order)) {
        for (int i = 0; i < order.count; i++)
            pass_on(&team, 0);
    }
    if (team.rank != 0)
        return 0;
    print_head("PVM Ring Test", "Tasks           Hop (us)");
    print_size(team.size, 1, measure(options.seconds, 100000, rounds, &team) / team.size * 1e6);
    team_order(&team, 0, 0);
    return 0;
}
