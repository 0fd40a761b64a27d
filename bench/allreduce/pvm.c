/* SPDX-License-Identifier: BSD-3-Clause */
/* The sum of what all tasks of a group have, at one of them, and from there to all: what osu_allreduce asks. */
#include "bench/pvm_team.h"

struct work {
    struct team team;
    int size;
    double *data;
};

static void reduce(struct work *work, int size)
{
    int count = size / (int)sizeof(double);

    team_check(pvm_reduce(PvmSum, work->data, count, PVM_DOUBLE, TAG_BACK, TEAM_GROUP, 0), "pvm_reduce");
    if (work->team.rank == 0) {
        pvm_initsend(work->team.encoding);
        pvm_pkdouble(work->data, count, 1);
        team_check(pvm_bcast(TEAM_GROUP, TAG_DATA), "pvm_bcast");
    } else {
        team_check(pvm_recv(work->team.tids[0], TAG_DATA), "pvm_recv");
        team_check(pvm_upkdouble(work->data, count, 1), "pvm_upkdouble");
    }
}

static double reductions(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++)
        reduce(work, work->size);
    return clock_now() - start;
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 8192 }, .nsizes = 2, .tasks = 8, .seconds = 0.1 };
    static struct work work;
    struct order order;

    options_read(&options, argc, argv);
    team_start(&work.team, &options, argv);
    team_group(&work.team);
    work.data = zeros(largest_size(&options));
    while (work.team.rank != 0 && team_obey(&work.team, &order)) {
        for (int i = 0; i < order.count; i++)
            reduce(&work, order.size);
    }
    if (work.team.rank != 0)
        return 0;
    print_head("PVM Allreduce Latency Test", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 100000, reductions, &work) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
