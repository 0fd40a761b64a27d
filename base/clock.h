/* SPDX-License-Identifier: BSD-3-Clause */
/* Time since some start, never set back. A test can put its own in place. */
#ifndef PVMI_BASE_CLOCK_H
#define PVMI_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds, in microseconds. */
uint64_t pvmi_clock_ms(void);
uint64_t pvmi_clock_us(void);

/* The real one in nanoseconds, for what is measured. */
uint64_t pvmi_clock_ns(void);

/* For tests: takes the time in microseconds from now_us; NULL goes back to the real clock. */
void pvmi_clock_set(uint64_t (*now_us)(void));

#endif
