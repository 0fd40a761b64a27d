/* SPDX-License-Identifier: BSD-3-Clause */
/* How many messages of a size are sent before an answer is waited for: the same for all contestants. */
#ifndef BENCH_WINDOW_H
#define BENCH_WINDOW_H

#include "bench/measure.h"

#define WINDOW_MAX 64

static inline int window_of(long size)
{
    return size <= 65536 ? WINDOW_MAX : size <= 1 << 20 ? 16 : 4;
}

/* Bytes that a buffer needs for each of the sizes, and for the answer. */
static inline size_t window_largest(const struct options *options)
{
    long largest = 4;

    for (int i = 0; i < options->nsizes; i++)
        largest = options->sizes[i] > largest ? options->sizes[i] : largest;
    return (size_t)largest;
}

/* From the seconds that one window took. */
static inline void window_print(long size, double seconds)
{
    double messages = window_of(size) / seconds;

    print_size(size, 2, messages * (double)size / 1e6, messages);
}

#endif
