/* SPDX-License-Identifier: BSD-3-Clause */
/* What all programs of bench/ share: the command line, the clock, how often a thing is repeated, and the table. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#define SIZES_MAX 64

struct options {
    long sizes[SIZES_MAX];    /* -s 8,1K,4M: bytes of a message, or whatever the program counts */
    int nsizes;
    int tasks;             /* -n: processes in all, or as the program says */
    double seconds;        /* -t MS: how long one figure may take to measure, about */
    bool pinned;           /* -p: the process of rank r runs on processor r alone */
    bool direct;           /* -d: PVM's option PvmRouteDirect */
    bool routed;           /* -D: PVM's option PvmDontRoute */
    bool raw;              /* -R: PvmDataRaw in the place of PvmDataDefault */
    bool psend;            /* -P: pvm_psend and pvm_precv in the place of packing */
    int rank;              /* -r: of a task that was spawned pinned; -1: not given */
    const char *launch;    /* -l: the command line of what has to be started, for `start` */
};

/* Reads the command line over the defaults in options; says what is wrong and ends the program. */
void options_read(struct options *options, int argc, char **argv);

/* The largest of the sizes. */
long largest_size(const struct options *options);

/* The processor that the process of this rank is to have, for ever. Before the library is called: it may look. */
void pin_to(int rank);

/* Seconds on a clock that all processes of a computer share. */
double clock_now(void);

/* Does the thing count times and returns how many seconds that took, without what comes before and after. */
typedef double (*turns_fn)(void *arg, long count);

/*
 * Seconds for one turn: the median over batches, which are short, because the processors may be taken away or moved
 * at any time. The batches together take about `seconds`, and there are three of them at least; none has more turns
 * than turns_max. A turn that alone takes longer than `seconds`, and than a second, is done once.
 */
double measure(double seconds, long turns_max, turns_fn turns, void *arg);

double median(double *values, int count);

/* Memory that was touched. Ends the program when there is none. */
void *memory(size_t bytes);

/* The same for doubles, which are 0, so that sums stay numbers that processors add fast. */
double *zeros(long bytes);

/* Prints what went wrong, as by printf, and ends the program. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The head of the table, as the benchmarks of the Ohio State University write it. */
void print_head(const char *title, const char *columns);

/* One line: what was measured at, and the figures in the order of the columns. */
void print_line(const char *key, int nfigures, ...);
void print_size(long size, int nfigures, ...);

#endif
