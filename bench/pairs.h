/* SPDX-License-Identifier: BSD-3-Clause */
/* What the twins of pairs/ share. */
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include <stdio.h>

#include "bench/measure.h"

#define PAIRS_END 2

/* From the messages in a second of each leader; the slowest and the fastest of them show whether all get their turn. */
static inline void pairs_print(const char *who, int tasks, const double *rates)
{
    double sum = 0, slowest = rates[0], fastest = rates[0];
    char title[64];

    for (int rank = 0; rank < tasks; rank += 2) {
        sum += rates[rank];
        slowest = rates[rank] < slowest ? rates[rank] : slowest;
        fastest = rates[rank] > fastest ? rates[rank] : fastest;
    }
    snprintf(title, sizeof(title), "%s Pairs Test", who);
    print_head(title, "Tasks           Messages/s         Slowest         Fastest");
    print_size(tasks, 3, sum, slowest, fastest);
}

#endif
