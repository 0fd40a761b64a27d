/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/measure.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_MAX 64
#define BATCHES_MIN 3

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* "8,1K,4M" */
static void read_sizes(struct options *options, const char *text)
{
    options->nsizes = 0;
    while (*text != '\0') {
        char *end;
        long size = strtol(text, &end, 10);

        if (end == text || size < 0 || options->nsizes == SIZES_MAX)
            die("-s %s: sizes look like 8,1K,4M, at most %d of them", text, SIZES_MAX);
        if (*end == 'K' || *end == 'M')
            size <<= *end++ == 'K' ? 10 : 20;
        options->sizes[options->nsizes++] = size;
        text = *end == ',' ? end + 1 : end;
    }
}

/*
 * Linux shares the processors among sessions first (autogroups), by a priority of their own, and then within each.
 * Daemons and mpirun put what they start into new sessions.
 */
static void take_priority(void)
{
    const char *nice = getenv("PVM_BENCH_NICE");
    FILE *file = nice != NULL ? fopen("/proc/self/autogroup", "w") : NULL;

    if (file == NULL)
        return;
    fputs(nice, file);
    fclose(file);
}

void options_read(struct options *options, int argc, char **argv)
{
    int letter;

    take_priority();
    options->rank = -1;
    while ((letter = getopt(argc, argv, "s:n:t:r:l:pdDRP")) != -1) {
        switch (letter) {
        case 's': read_sizes(options, optarg); break;
        case 'n': options->tasks = atoi(optarg); break;
        case 't': options->seconds = atof(optarg) / 1e3; break;
        case 'r': options->rank = atoi(optarg); break;
        case 'l': options->launch = optarg; break;
        case 'p': options->pinned = true; break;
        case 'd': options->direct = true; break;
        case 'D': options->routed = true; break;
        case 'R': options->raw = true; break;
        case 'P': options->psend = true; break;
        default:
            fprintf(stderr, "usage: %s [-s SIZES] [-n TASKS] [-t MS] [-p] [-d|-D] [-R] [-P] [-l COMMAND]\n"
                            "bench/measure.h says what they mean; bench/run gives them.\n", argv[0]);
            exit(2);
        }
    }
    if (options->tasks < 1 || options->seconds <= 0)
        die("-n and -t must be positive");
}

long largest_size(const struct options *options)
{
    long largest = 0;

    for (int i = 0; i < options->nsizes; i++)
        largest = options->sizes[i] > largest ? options->sizes[i] : largest;
    return largest;
}

void pin_to(int rank)
{
    cpu_set_t allowed, own;
    int nth = 0;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        die("sched_getaffinity: %s", strerror(errno));
    rank %= CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || nth++ != rank)
            continue;
        CPU_ZERO(&own);
        CPU_SET(cpu, &own);
        if (sched_setaffinity(0, sizeof(own), &own) != 0)
            die("sched_setaffinity: %s", strerror(errno));
        return;
    }
}

double clock_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double measure(double seconds, long turns_max, turns_fn turns, void *arg)
{
    double batch = seconds / 16, took, each[BATCHES_MAX];
    double end = clock_now() + seconds;
    long count = 1;
    int nbatches = 0;

    /* The first ones open routes and touch memory. Growing by no more than 8, as the first are slow. */
    took = turns(arg, 1);
    if (took > seconds && took > 1)
        return took;
    while ((took = turns(arg, count)) < batch / 2 && count < turns_max) {
        double fitting = took > 0 ? (double)count * batch / took : 8.0 * (double)count;
        long next = fitting < 8.0 * (double)count ? (long)fitting + 1 : 8 * count;

        count = next < turns_max ? next : turns_max;
    }
    do {
        each[nbatches++] = turns(arg, count) / (double)count;
    } while (nbatches < BATCHES_MIN || (nbatches < BATCHES_MAX && clock_now() < end));
    return median(each, nbatches);
}

void *memory(size_t bytes)
{
    void *block;

    if (posix_memalign(&block, 4096, bytes > 0 ? bytes : 1) != 0)
        die("no memory for %zu bytes", bytes);
    memset(block, 1, bytes);
    return block;
}

double *zeros(long bytes)
{
    double *block = memory((size_t)bytes);

    memset(block, 0, (size_t)bytes);
    return block;
}

void print_head(const char *title, const char *columns)
{
    printf("# %s\n# %s\n", title, columns);
    fflush(stdout);
}

static void print_figures(const char *key, int nfigures, va_list args)
{
    printf("%-16s", key);
    for (int i = 0; i < nfigures; i++)
        printf(" %15.6g", va_arg(args, double));
    putchar('\n');
    fflush(stdout);
}

void print_line(const char *key, int nfigures, ...)
{
    va_list args;

    va_start(args, nfigures);
    print_figures(key, nfigures, args);
    va_end(args);
}

void print_size(long size, int nfigures, ...)
{
    char key[32];
    va_list args;

    snprintf(key, sizeof(key), "%ld", size);
    va_start(args, nfigures);
    print_figures(key, nfigures, args);
    va_end(args);
}
