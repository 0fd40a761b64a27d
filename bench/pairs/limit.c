/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of pairs: each process waits for a number of its own, which its neighbour raises. */
#include "bench/limit_team.h"
#include "bench/pairs.h"

struct shared {
    struct signal signals[TEAM_MAX];
    _Atomic uint32_t last[TEAM_MAX];    /* by leader: the turn that is the last one; 0 until it is known */
    double rates[TEAM_MAX];
};

static void follow(struct team *team, struct shared *shared)
{
    int other = team->rank ^ 1;
    uint32_t turn = 0;

    do {
        signal_await(team, &shared->signals[team->rank], ++turn);
        signal_raise(&shared->signals[other], turn);
    } while (atomic_load(&shared->last[other]) != turn);
}

static double lead(struct team *team, struct shared *shared, double seconds)
{
    int other = team->rank ^ 1;
    double start = clock_now(), took;
    uint32_t turn = 0;

    do {
        took = clock_now() - start;
        turn++;
        if (took >= seconds)
            atomic_store(&shared->last[team->rank], turn);
        signal_raise(&shared->signals[other], turn);
        signal_await(team, &shared->signals[team->rank], turn);
    } while (took < seconds);
    return 2.0 * turn / (clock_now() - start);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 64, .seconds = 0.5 };
    struct shared *shared = team_memory(sizeof(*shared));
    struct team team;
    struct order order;

    options_read(&options, argc, argv);
    options.tasks += options.tasks % 2;
    team_start(&team, &options);
    if (team.rank == 0)
        team_order(&team, 8, 1);
    else
        team_obey(&team, &order);
    if (team.rank % 2 == 0)
        shared->rates[team.rank] = lead(&team, shared, options.seconds);
    else
        follow(&team, shared);
    if (team.rank != 0) {
        team_obey(&team, &order);
        return 0;
    }
    team_order(&team, 0, 0);
    pairs_print("Shared memory", team.size, shared->rates);
    return 0;
}
