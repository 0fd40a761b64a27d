/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of tasks that have talked to their master and wait: the median of their proportional set sizes. */
#include "bench/idle.h"

#include <unistd.h>

#include "bench/pvm_team.h"

int main(int argc, char **argv)
{
    struct options options = { .tasks = 17, .seconds = 1 };
    struct team team;
    struct order order;
    double pss[TEAM_MAX];
    int pid;

    options_read(&options, argc, argv);
    team_start(&team, &options, argv);
    if (team.rank != 0) {
        pid = getpid();
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&pid, 1, 1);
        team_check(pvm_send(team.tids[0], TAG_DATA), "pvm_send");
        team_obey(&team, &order);
        return 0;
    }
    for (int i = 1; i < team.size; i++) {
        team_check(pvm_recv(team.tids[i], TAG_DATA), "pvm_recv");
        team_check(pvm_upkint(&pid, 1, 1), "pvm_upkint");
        pss[i - 1] = idle_pss(pid);
    }
    print_head("PVM Memory Test", "Tasks           Memory of one (KiB)");
    print_size(team.size - 1, 1, median(pss, team.size - 1));
    team_order(&team, 0, 0);
    return 0;
}
