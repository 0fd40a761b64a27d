/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_INCAST_H
#define BENCH_INCAST_H

/* Messages that each sends before all wait for each other again: what waits at the receiver must fit into memory. */
#define INCAST_MAX 2000

#endif
