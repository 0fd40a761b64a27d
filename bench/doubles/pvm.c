/* SPDX-License-Identifier: BSD-3-Clause */
/* Many doubles, packed, sent and unpacked, four messages in a window: all of an array, and every second element. */
#include "bench/pvm_team.h"
#include "bench/window.h"

struct work {
    struct team team;
    int count;
    int stride;
    double *data;
};

static double stream(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->stride, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < DOUBLES_WINDOW; j++) {
            pvm_initsend(work->team.encoding);
            team_check(pvm_pkdouble(work->data, work->count, work->stride), "pvm_pkdouble");
            team_check(pvm_send(work->team.tids[1], TAG_DATA), "pvm_send");
        }
        team_check(pvm_recv(work->team.tids[1], TAG_BACK), "pvm_recv");
    }
    return clock_now() - start;
}

static void drain(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        for (int i = 0; i < order.count; i++) {
            for (int j = 0; j < DOUBLES_WINDOW; j++) {
                team_check(pvm_recv(work->team.tids[0], TAG_DATA), "pvm_recv");
                team_check(pvm_upkdouble(work->data, work->count, order.size), "pvm_upkdouble");
            }
            pvm_initsend(PvmDataDefault);
            team_check(pvm_send(work->team.tids[0], TAG_BACK), "pvm_send");
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 1000000 }, .nsizes = 1, .tasks = 2, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options, argv);
    work.count = (int)options.sizes[0];
    work.data = memory(2 * sizeof(double) * (size_t)work.count);
    if (work.team.rank != 0) {
        drain(&work);
        return 0;
    }
    print_head("PVM Bandwidth of doubles", "Layout          Bandwidth (MB/s)");
    for (work.stride = 1; work.stride <= 2; work.stride++)
        doubles_print(work.stride, work.count, measure(options.seconds, 10000, stream, &work));
    team_order(&work.team, 0, 0);
    return 0;
}
