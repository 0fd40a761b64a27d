/* SPDX-License-Identifier: BSD-3-Clause */
/* One-way time of a message between two tasks that wait for each other: as osu_latency, with pack and unpack. */
#include "bench/pvm_team.h"

struct work {
    struct team team;
    bool psend;
    int other;
    int size;
    char *out, *in;
};

static void put(struct work *work)
{
    if (work->psend) {
        team_check(pvm_psend(work->other, TAG_DATA, work->out, work->size, PVM_BYTE), "pvm_psend");
        return;
    }
    pvm_initsend(work->team.encoding);
    pvm_pkbyte(work->out, work->size, 1);
    team_check(pvm_send(work->other, TAG_DATA), "pvm_send");
}

static void get(struct work *work)
{
    int tid, tag, length;

    if (work->psend) {
        team_check(pvm_precv(work->other, TAG_DATA, work->in, work->size, PVM_BYTE, &tid, &tag, &length), "pvm_precv");
        return;
    }
    team_check(pvm_recv(work->other, TAG_DATA), "pvm_recv");
    team_check(pvm_upkbyte(work->in, work->size, 1), "pvm_upkbyte");
}

static double ping_pong(void *arg, long count)
{
    struct work *work = arg;
    double start;

    team_order(&work->team, work->size, count);
    start = clock_now();
    for (long i = 0; i < count; i++) {
        put(work);
        get(work);
    }
    return clock_now() - start;
}

static void answer(struct work *work)
{
    struct order order;

    while (team_obey(&work->team, &order)) {
        work->size = order.size;
        for (int i = 0; i < order.count; i++) {
            get(work);
            put(work);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = { .sizes = { 8, 1024, 65536, 1 << 20 }, .nsizes = 4, .tasks = 2, .seconds = 0.1 };
    static struct work work;

    options_read(&options, argc, argv);
    team_start(&work.team, &options, argv);
    work.psend = options.psend;
    work.other = work.team.tids[!work.team.rank];
    work.out = memory((size_t)largest_size(&options));
    work.in = memory((size_t)largest_size(&options));
    if (work.team.rank != 0) {
        answer(&work);
        return 0;
    }
    print_head("PVM Latency Test", "Size            Latency (us)");
    for (int i = 0; i < options.nsizes; i++) {
        work.size = (int)options.sizes[i];
        print_size(work.size, 1, measure(options.seconds, 1000000, ping_pong, &work) / 2 * 1e6);
    }
    team_order(&work.team, 0, 0);
    return 0;
}
