/* SPDX-License-Identifier: BSD-3-Clause */
/* One task sends to all others of a group, until each has unpacked it and answered. */
#include "bench/pvm_team.h"

struct work {
    struct team team;
    int size;
    char *data;
};

static double broadcasts(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        pvm_initsend(work->team.encoding);
        pvm_pkbyte(work->data, work->size, 1);
        team_check(pvm_bcast(TEAM_GROUP, TAG_DATA), "pvm_bcast");
        for (int j = 1; j < work->team.size; j++)
            team_check(pvm_recv(-1, TAG_BACK), "pvm_recv");
    }
    return clock_now() - start;
}

static void answer(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (int i = 0; i < order.count; i++) {
            team_check(pvm_recv(work->team.tids[0], TAG_DATA), "pvm_recv");
            team_check(pvm_upkbyte(work->data, order.size, 1), "pvm_upkbyte");
            pvm_initsend(work->team.encoding);
            team_check(pvm_send(work->team.tids[0], TAG_BACK), "pvm_send");
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1024, 1 << 20 }, .nsizes = 2, .tasks = 8, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options, argv);
    team_group(&work.team);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    print_head("PVM Broadcast Test, with answers", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 100000, broadcasts, &work) * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
