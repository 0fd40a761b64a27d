/* SPDX-License-Identifier: BSD-3-Clause */
/* All others stream to one task, as fast as they can: messages that it has received and unpacked in a second. */
#include "bench/incast.h"
#include "bench/pvm_team.h"

struct work {
    struct team team;
    int size;
    char *data;
};

static double streams(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = count * (work->team.size - 1); i > 0; i--) {
        team_check(pvm_recv(-1, TAG_DATA), "pvm_recv");
        team_check(pvm_upkbyte(work->data, work->size, 1), "pvm_upkbyte");
    }
    return clock_now() - start;
}

static void stream(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (int i = 0; i < order.count; i++) {
            pvm_initsend(work->team.encoding);
            pvm_pkbyte(work->data, order.size, 1);
            team_check(pvm_send(work->team.tids[0], TAG_DATA), "pvm_send");
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 1024 }, .nsizes = 2, .tasks = 17, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options, argv);
    work.data = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        stream(&work);
        return 0;
    }
    print_head("PVM Incast Test", "Size            Messages/s");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, (work.team.size - 1) / measure(options.seconds, INCAST_MAX, streams, &work));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
