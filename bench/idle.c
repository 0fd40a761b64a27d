/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/idle.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"

/* Seconds of processor time, exactly: /proc/PID/stat counts ticks of 10 ms. */
static double used_by(int pid)
{
    struct timespec time;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        die("process %d has ended", pid);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double used_by_all(const int *pids, int npids, const char *list)
{
    double used = 0;

    for (int i = 0; i < npids; i++)
        used += used_by(pids[i]);
    while (list != NULL && *list != '\0') {
        char *end;
        int pid = (int)strtol(list, &end, 10);

        if (end == list)
            die("-l %s: process numbers are wanted", list);
        used += used_by(pid);
        list = *end == ' ' ? end + 1 : end;
    }
    return used;
}

double idle_percent(double seconds, const int *pids, int npids, const char *list)
{
    struct timespec time = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    double before = used_by_all(pids, npids, list), start = clock_now();

    nanosleep(&time, NULL);
    return 100 * (used_by_all(pids, npids, list) - before) / (clock_now() - start) /
           (double)sysconf(_SC_NPROCESSORS_ONLN);
}

double idle_pss(int pid)
{
    char path[64], line[256];
    double kib = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    file = fopen(path, "r");
    if (file == NULL)
        die("%s cannot be read", path);
    while (kib < 0 && fgets(line, sizeof(line), file) != NULL)
        sscanf(line, "Pss: %lf", &kib);
    fclose(file);
    return kib;
}
