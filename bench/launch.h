/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting something, until it says that it is there, and ending it, until nothing of it is left. */
#ifndef BENCH_LAUNCH_H
#define BENCH_LAUNCH_H

#include <sys/types.h>

#include "bench/measure.h"

/* Where what was started is talked to. */
struct launched {
    pid_t pid;
    int to;      /* its stdin */
    int from;    /* its stdout */
};

/* Starts a program with these arguments (the first is its path, or its name in $PATH). */
struct launched launch(char **args);

/* A copy of this process that runs body(from, to) and exits with what that returns. */
struct launched launch_copy(int (*body)(int from, int to));

/* Waits for a line, and throws it away. */
void launch_await_line(struct launched *launched, const char *what);

/* The words of a command line, separated by blanks, NULL at the end; more behind them. */
char **launch_words(const char *command, char **more);

/* From now on processes that lose their parent become children of this one, so that launch_await_ends sees all. */
void launch_adopt(void);
void launch_await_ends(void);

/*
 * Prints medians of what start and end take: turn does both once and gives seconds. As often as fits into the time,
 * three times at least.
 */
void launch_measure(const char *title, double seconds, void (*turn)(void *arg, double *ret_start, double *ret_halt),
                    void *arg);

#endif
