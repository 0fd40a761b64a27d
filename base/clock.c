/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static uint64_t (*clock_source)(void);    /* NULL: the real one */

void pvmi_clock_set(uint64_t (*now_us)(void))
{
    clock_source = now_us;
}

uint64_t pvmi_clock_us(void)
{
    struct timespec now;

    if (clock_source != NULL)
        return clock_source();
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t pvmi_clock_ms(void)
{
    return pvmi_clock_us() / 1000;
}

uint64_t pvmi_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
