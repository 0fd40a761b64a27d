/* SPDX-License-Identifier: BSD-3-Clause */
/* What processes that wait cost: processor time, and memory. */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

/*
 * Sleeps for so many seconds. Returns how much of all processors these processes used meanwhile, and those whose pids
 * stand in the list (separated by blanks, NULL for none): percent.
 */
double idle_percent(double seconds, const int *pids, int npids, const char *list);

/* Proportional set size of a process, shared pages divided among those who have them: KiB. */
double idle_pss(int pid);

#endif
