/* SPDX-License-Identifier: BSD-3-Clause */
/* Bandwidth and message rate in a window: as osu_bw and osu_mbw_mr with one pair, with pack and unpack. */
#include "bench/pvm_team.h"
#include "bench/window.h"

struct work {
    struct team team;
    int size;
    char *data;
};

static void put(struct work *work, int tid, int tag, int size)
{
    pvm_initsend(work->team.encoding);
    pvm_pkbyte(work->data, size, 1);
    team_check(pvm_send(tid, tag), "pvm_send");
}

static void get(struct work *work, int tid, int tag, int size)
{
    team_check(pvm_recv(tid, tag), "pvm_recv");
    team_check(pvm_upkbyte(work->data, size, 1), "pvm_upkbyte");
}

static double stream(void *arg, long count)
{
    struct work *work = arg;
    int other = work->team.tids[1], window = window_of(work->size);
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < window; j++)
            put(work, other, TAG_DATA, work->size);
        get(work, other, TAG_BACK, 4);
    }
    return clock_now() - start;
}

static void drain(struct work *work)
{
    struct order order;
    int other = work->team.tids[0];

    while (team_obey(&work->team, &order)) {
        int window = window_of(order.size);

        for (int i = 0; i < order.count; i++) {
            for (int j = 0; j < window; j++)
                get(work, other, TAG_DATA, order.size);
            put(work, other, TAG_BACK, 4);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 65536, 1 << 20, 16 << 20 }, .nsizes = 4, .tasks = 2, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options, argv);
    work.data = memory((size_t)largest_size(&options) + 4);
    if (work.team.rank != 0) {
        drain(&work);
        return 0;
    }
    print_head("PVM Bandwidth Test", "Size            Bandwidth (MB/s)      Messages/s");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        window_print(work.size, measure(options.seconds, 100000, stream, &work));
    }
    team_order(&work.team, 0, 0);
    return 0;
}
