/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours exchange messages of 8 bytes, all pairs at once: messages of all in a second, and of single pairs. */
#include "bench/pairs.h"
#include "bench/pvm_team.h"

static void put(struct team *team, int tid, double value)
{
    pvm_initsend(team->encoding);
    pvm_pkdouble(&value, 1, 1);
    team_check(pvm_send(tid, TAG_DATA), "pvm_send");
}

static double get(int tid)
{
    double value;

    team_check(pvm_recv(tid, TAG_DATA), "pvm_recv");
    team_check(pvm_upkdouble(&value, 1, 1), "pvm_upkdouble");
    return value;
}

/* Those of even rank lead, until their time is over; their last message says so. Returns messages in a second. */
static double talk(struct team *team, double seconds)
{
    int other = team->tids[team->rank ^ 1];
    double start = clock_now(), value, took;
    long messages = 0;

    if (team->rank % 2 != 0) {
        do {
            value = get(other);
            put(team, other, value);
        } while (value != PAIRS_END);
        return 0;
    }
    do {
        took = clock_now() - start;
        put(team, other, took < seconds ? 1 : PAIRS_END);
        get(other);
        messages += 2;
    } while (took < seconds);
    return (double)messages / (clock_now() - start);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 64, .seconds = 0.5 };
    struct team team;
    struct order order;
    double rates[TEAM_MAX];

    options_read(&options, argc, argv);
    options.tasks += options.tasks % 2;
    team_start(&team, &options, argv);
    if (team.rank == 0)
        team_order(&team, 8, 1);
    else
        team_obey(&team, &order);
    rates[0] = talk(&team, options.seconds);
    if (team.rank != 0) {
        pvm_initsend(PvmDataDefault);
        pvm_pkdouble(rates, 1, 1);
        team_check(pvm_send(team.tids[0], TAG_BACK), "pvm_send");
        team_obey(&team, &order);
        return 0;
    }
    for (int i = 1; i < team.size; i++) {
        team_check(pvm_recv(team.tids[i], TAG_BACK), "pvm_recv");
        pvm_upkdouble(&rates[i], 1, 1);
    }
    pairs_print("PVM", team.size, rates);
    team_order(&team, 0, 0);
    return 0;
}
