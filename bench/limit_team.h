/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processes of a limit: forked, with a piece of memory that they share, and nothing between them and the
 * computer. What they reach is a mark to measure against, not a proof that no more is possible.
 */
#ifndef BENCH_LIMIT_TEAM_H
#define BENCH_LIMIT_TEAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/measure.h"

#define TEAM_MAX 1024

/* A number that one process raises and others wait for, alone in its cache line. */
struct signal {
    _Alignas(128) _Atomic uint32_t value;
    _Atomic uint32_t sleepers;
};

struct team {
    int rank;
    int size;
    bool crowded;    /* more processes than processors: who waits must make room */
    pid_t pids[TEAM_MAX];
    struct team_shared *shared;
    uint32_t orders;
};

struct order {
    long size;
    long count;
};

/* Zeroed memory that all processes forked later share. */
void *team_memory(size_t bytes);

/* Forks the others; each comes back from here with its rank. */
void team_start(struct team *team, const struct options *options);

/* As in pvm_team.h; the order of 0 turns makes the others end and waits for them. */
void team_order(struct team *team, long size, long count);
bool team_obey(struct team *team, struct order *ret_order);

/* Where there is a processor for each, waiting is looking; else a few times sched_yield, then the kernel's futex. */
void signal_await(const struct team *team, struct signal *signal, uint32_t value);    /* until it is >= value */
void signal_raise(struct signal *signal, uint32_t value);
void signal_add(struct signal *signal);

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

#endif
