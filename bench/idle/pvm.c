/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor time of tasks that wait in pvm_recv, and of the daemon: -l has its process numbers. */
#include "bench/idle.h"

#include <unistd.h>

#include "bench/pvm_team.h"

int main(int argc, char **argv)
{
    struct options options = { .tasks = 65, .seconds = 5 };
    struct team team;
    struct order order;
    int pids[TEAM_MAX];

    options_read(&options, argc, argv);
    team_start(&team, &options, argv);
    if (team.rank != 0) {
        pids[0] = getpid();
        pvm_initsend(PvmDataDefault);
        pvm_pkint(pids, 1, 1);
        team_check(pvm_send(team.tids[0], TAG_DATA), "pvm_send");
        team_obey(&team, &order);
        return 0;
    }
    for (int i = 1; i < team.size; i++) {
        team_check(pvm_recv(team.tids[i], TAG_DATA), "pvm_recv");
        team_check(pvm_upkint(&pids[i - 1], 1, 1), "pvm_upkint");
    }
    print_head("PVM Idle Test", "Tasks           Processors (%)");
    print_size(team.size - 1, 1, idle_percent(options.seconds, pids, team.size - 1, options.launch));
    team_order(&team, 0, 0);
    return 0;
}
