/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of farm: each worker has a cache line for its job, and one for its result; the master looks at all. */
#include "bench/limit_team.h"

struct desk {
    struct signal given;
    struct signal done;
    double job, result;
};

struct work {
    struct team team;
    struct desk *desks;          /* by rank */
    struct signal *finished;     /* results of all together */
    uint32_t given[TEAM_MAX], taken[TEAM_MAX];
    uint32_t results;
};

static void give(struct work *work, int rank, long job)
{
    work->desks[rank].job = (double)job;
    signal_raise(&work->desks[rank].given, ++work->given[rank]);
}

static double jobs(void *arg, long count)
{
    struct work *work = arg;
    long given = 0, done = 0;
    double start = clock_now();

    for (; given < work->team.size - 1 && given < count; given++)
        give(work, (int)given + 1, given);
    while (done < count) {
        signal_await(&work->team, work->finished, work->results + 1);
        for (int rank = 1; rank < work->team.size; rank++) {
            if (work->taken[rank] == work->given[rank] ||
                atomic_load_explicit(&work->desks[rank].done.value, memory_order_acquire) != work->given[rank])
                continue;
            work->taken[rank]++;
            work->results++;
            done++;
            if (given < count)
                give(work, rank, given++);
        }
    }
    return clock_now() - start;
}

static void serve(struct work *work)
{
    struct desk *desk = &work->desks[work->team.rank];

    for (uint32_t turn = 1;; turn++) {
        signal_await(&work->team, &desk->given, turn);
        if (desk->job < 0)
            break;
        desk->result = desk->job;
        signal_raise(&desk->done, turn);
        signal_add(work->finished);
    }
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 17, .seconds = 0.1 };
    static struct work work;
    struct order order;

    options_read(&options, argc, argv);
    work.desks = team_memory((size_t)options.tasks * sizeof(*work.desks));
    work.finished = team_memory(sizeof(*work.finished));
    team_start(&work.team, &options);
    if (work.team.rank != 0) {
        serve(&work);
        team_obey(&work.team, &order);
        return 0;
    }
    print_head("Shared memory Task Farm", "Workers         Jobs/s");
    print_size(work.team.size - 1, 1, 1 / measure(options.seconds, 1000000, jobs, &work));
    for (int rank = 1; rank < work.team.size; rank++)
        give(&work, rank, -1);
    team_order(&work.team, 0, 0);
    return 0;
}
