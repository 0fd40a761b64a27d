/* SPDX-License-Identifier: BSD-3-Clause */
/* How many messages of a size are sent before an answer is waited for: the same for all contestants. */
#ifndef BENCH_WINDOW_H
#define BENCH_WINDOW_H

#include "bench/measure.h"

#define WINDOW_MAX 64
#define DOUBLES_WINDOW 4

static inline int window_of(long size)
{
    return size <= 65536 ? WINDOW_MAX : size <= 1 << 20 ? 16 : 4;
}

/* From the seconds that one window took. */
static inline void window_print(long size, double seconds)
{
    double messages = window_of(size) / seconds;

    print_size(size, 2, messages * (double)size / 1e6, messages);
}

static inline void doubles_print(int stride, long count, double seconds)
{
    double bytes = DOUBLES_WINDOW * (double)count * sizeof(double);

    print_line(stride == 1 ? "contiguous" : "stride-2", 1, bytes / seconds / 1e6);
}

#endif
