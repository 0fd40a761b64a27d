/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far apart the first two processors are just now: one-way time of a cache line between them, the least of a few
 * short batches. In a virtual machine the host may move them, which changes every other figure.
 */
#include "bench/limit_team.h"

#define BATCHES 20
#define TURNS 200

struct lines {
    _Alignas(128) _Atomic uint32_t there;
    _Alignas(128) _Atomic uint32_t back;
};

static void await(_Atomic uint32_t *line, uint32_t value)
{
    while (atomic_load_explicit(line, memory_order_acquire) != value)
        relax();
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 2, .seconds = 0.01, .pinned = true };
    struct lines *lines = team_memory(sizeof(*lines));
    struct team team;
    double least = 1;

    options_read(&options, argc, argv);
    team_start(&team, &options);
    for (uint32_t batch = 0, turn = 0; batch < BATCHES; batch++) {
        double start = clock_now(), took;

        for (uint32_t end = turn + TURNS; turn < end; turn++) {
            if (team.rank == 0) {
                atomic_store_explicit(&lines->there, turn + 1, memory_order_release);
                await(&lines->back, turn + 1);
            } else {
                await(&lines->there, turn + 1);
                atomic_store_explicit(&lines->back, turn + 1, memory_order_release);
            }
        }
        took = (clock_now() - start) / TURNS / 2;
        least = took < least ? took : least;
    }
    if (team.rank != 0)
        return 0;
    print_head("Placement of the processors", "Processors      Cache line (ns)");
    print_size(2, 1, least * 1e9);
    return 0;
}
