/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork() says EAGAIN for three limits: that of the user (setrlimit), that of a control group, which containers and
 * systemd set, and the kernel's own. A group shows how full it is, so that it is looked at first.
 */
#include "base/limit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"

static char limit_text[512];
static const char *limit_cgroups = CGROUPS;

void pvmi_limit_cgroups(const char *folder)
{
    limit_cgroups = folder != NULL ? folder : CGROUPS;
}

/* The number in a file of a group, -1 for "max" or no such file. */
static long group_number(const char *group, const char *file)
{
    char path[600];
    char number[32] = "";

    if (snprintf(path, sizeof(path), "%s/%s", group, file) >= (int)sizeof(path))
        return -1;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return -1;
    char *got = fgets(number, sizeof(number), in);
    fclose(in);
    return got == NULL || number[0] < '0' || number[0] > '9' ? -1 : strtol(number, NULL, 10);
}

/* True when the group of that path below root, or one above it, is full: it is told. */
static bool group_is_full(const char *root, const char *path)
{
    char group[512];

    if (snprintf(group, sizeof(group), "%s%s", root, path) >= (int)sizeof(group))
        return false;
    if (path[strlen(path) - 1] == '/')
        group[strlen(group) - 1] = '\0';
    for (size_t least = strlen(root);;) {
        long most = group_number(group, "pids.max");

        if (most >= 0 && group_number(group, "pids.current") >= most) {
            snprintf(limit_text, sizeof(limit_text),
                     " (no more than %ld processes and threads may run in this container or control group: raise "
                     "%.300s/pids.max, or systemd's TasksMax, or the container's limit of pids)",
                     most, group);
            return true;
        }
        char *slash = strrchr(group, '/');
        if (slash == NULL || slash < group + least)
            return false;
        *slash = '\0';
    }
}

/* A line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH; without controllers it is of version 2. */
static bool line_is_full(char *line)
{
    char root[512];
    char *controllers = strchr(line, ':');
    char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (path == NULL)
        return false;
    *path++ = '\0';
    controllers++;
    path[strcspn(path, "\n")] = '\0';
    if (*path != '/')
        return false;
    if (strcmp(controllers, "pids") == 0)
        snprintf(root, sizeof(root), "%s/pids", limit_cgroups);
    else if (*controllers == '\0')
        snprintf(root, sizeof(root), "%s", limit_cgroups);
    else
        return false;
    return group_is_full(root, path);
}

static bool groups_are_full(void)
{
    char line[512];
    bool full = false;
    FILE *in = fopen("/proc/self/cgroup", "re");

    if (in == NULL)
        return false;
    while (!full && fgets(line, sizeof(line), in) != NULL)
        full = line_is_full(line);
    fclose(in);
    return full;
}

/* ulimit -u does not hold for root. */
static void explain_processes(void)
{
    struct rlimit processes;

    if (groups_are_full())
        return;
    if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &processes) == 0 && processes.rlim_cur != RLIM_INFINITY)
        snprintf(limit_text, sizeof(limit_text), " (this user may have no more than %llu processes: ulimit -u)",
                 (unsigned long long)processes.rlim_cur);
    else
        snprintf(limit_text, sizeof(limit_text),
                 " (no more processes are allowed: ulimit -u, kernel.pid_max, kernel.threads-max)");
}

static void explain_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        files.rlim_cur = 0;
    snprintf(limit_text, sizeof(limit_text), " (no more than %llu files may be opened: ulimit -n)",
             (unsigned long long)files.rlim_cur);
}

const char *pvmi_limit_text(int err)
{
    int saved = errno;

    limit_text[0] = '\0';
    if (err == EAGAIN)
        explain_processes();
    else if (err == EMFILE)
        explain_files();
    else if (err == ENFILE)
        snprintf(limit_text, sizeof(limit_text), " (no more files may be opened on this computer: fs.file-max)");
    errno = saved;
    return limit_text;
}
