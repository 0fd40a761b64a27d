/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descendants: as we are a subreaper, what loses its parent becomes our child, so there is nobody left
 * when we have no child any more. Yet not only children are killed: a parent that hangs in the kernel
 * must not shield its own.
 */
#include "pvmd/keeper/reap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

#define REAP_ROUND_MS 5
#define REAP_ROUNDS_MAX (10 * 1000 / REAP_ROUND_MS)
#define REAP_PROCESSES_MAX 65536    /* looked at in a round */
#define REAP_UNSURE_ROUNDS 10       /* for processes that are between vfork and the end of their exec */
#define REAP_KTHREADD 2             /* the parent of the kernel's threads */

struct process {
    pid_t pid;
    pid_t parent;
    bool ours;
};

static void pause_round(void)
{
    struct timespec pause = { .tv_nsec = REAP_ROUND_MS * 1000000L };

    nanosleep(&pause, NULL);
}

/* The parent of pid, or -1; and 'Z' in ret_state for one that has ended. The name in /proc/PID/stat may hold anything:
 * look behind its last ')'. */
static pid_t parent_of(pid_t pid, char *ret_state)
{
    char path[64];
    char text[512];
    int parent = -1;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (length <= 0)
        return -1;
    text[length] = '\0';

    const char *behind = strrchr(text, ')');
    if (behind == NULL || sscanf(behind + 1, " %c %d", ret_state, &parent) != 2)
        return -1;
    return parent;
}

/* The next process of a walk over /proc, or 0. */
static pid_t next_pid(DIR *proc)
{
    struct dirent *entry;

    while ((entry = readdir(proc)) != NULL) {
        long pid = strtol(entry->d_name, NULL, 10);

        if (pid > 0)
            return (pid_t)pid;
    }
    return 0;
}

static size_t list_processes(struct process *list, size_t max)
{
    DIR *proc = opendir("/proc");
    size_t count = 0;
    char state;
    pid_t pid;

    if (proc == NULL)
        return 0;
    while (count < max && (pid = next_pid(proc)) != 0) {
        pid_t parent = parent_of(pid, &state);

        if (parent >= 0)
            list[count++] = (struct process){ pid, parent, false };
    }
    closedir(proc);
    return count;
}

static int compare_pids(const void *left, const void *right)
{
    const struct process *a = left;
    const struct process *b = right;

    return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Marks what descends from root: again and again, for a child's pid may be below its parent's. */
static void mark_descendants(struct process *list, size_t count, pid_t root)
{
    bool more = true;

    qsort(list, count, sizeof(*list), compare_pids);
    while (more) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            struct process key = { .pid = list[i].parent };
            struct process *parent;

            if (list[i].ours)
                continue;
            parent = bsearch(&key, list, count, sizeof(*list), compare_pids);
            list[i].ours = list[i].parent == root || (parent != NULL && parent->ours);
            more |= list[i].ours;
        }
    }
}

static void kill_descendants(struct process *list)
{
    size_t count = list_processes(list, REAP_PROCESSES_MAX);

    mark_descendants(list, count, getpid());
    for (size_t i = 0; i < count; i++)
        if (list[i].ours)
            kill(list[i].pid, SIGKILL);
}

/* Collects the dead; false when there is no child, dead or alive. */
static bool wait_children(void)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        continue;
    return pid == 0 || errno != ECHILD;
}

void reap_descendants(void)
{
    struct process *list = wait_children() ? pvmi_malloc(REAP_PROCESSES_MAX * sizeof(*list)) : NULL;

    if (list == NULL)
        return;
    for (int round = 0; round < REAP_ROUNDS_MAX && wait_children(); round++) {
        kill_descendants(list);
        pause_round();
    }
    pvmi_free(list);
}

enum marked { MARKED, UNMARKED, UNSURE };

/* A process without any environment: one in the middle of its exec has none for a moment. */
static enum marked has_none(pid_t pid)
{
    char state = 'Z';
    pid_t parent = parent_of(pid, &state);

    return state != 'Z' && parent > 0 && parent != REAP_KTHREADD ? UNSURE : UNMARKED;
}

/* MARKED when the environment that pid was started with holds mark, a whole "NAME=value". */
static enum marked has_mark(pid_t pid, const char *mark, char *text, size_t text_max)
{
    size_t mark_length = strlen(mark);
    size_t length = 0;
    char path[64];
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return UNMARKED;
    while (length < text_max - 1 && (n = read(fd, text + length, text_max - 1 - length)) > 0)
        length += (size_t)n;
    close(fd);
    text[length] = '\0';

    for (size_t at = 0; at < length; at += strlen(text + at) + 1)
        if (strncmp(text + at, mark, mark_length + 1) == 0)
            return MARKED;
    return length > 0 ? UNMARKED : has_none(pid);
}

static bool is_own(pid_t pid)
{
    char path[64];
    struct stat info;

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    return stat(path, &info) == 0 && info.st_uid == geteuid();
}

/* Returns how many there were, and whether there may be more. */
static int kill_marked(const char *mark, char *text, size_t text_max, bool *ret_unsure)
{
    DIR *proc = opendir("/proc");
    int count = 0;
    pid_t pid;

    *ret_unsure = false;
    if (proc == NULL)
        return 0;
    while ((pid = next_pid(proc)) != 0) {
        enum marked marked = pid != getpid() && is_own(pid) ? has_mark(pid, mark, text, text_max) : UNMARKED;

        *ret_unsure |= marked == UNSURE;
        count += marked == MARKED && kill(pid, SIGKILL) == 0;
    }
    closedir(proc);
    return count;
}

int reap_marked(const char *variable, const char *value)
{
    const size_t text_max = 256 * 1024;
    char *mark = pvmi_asprintf("%s=%s", variable, value);
    char *text = pvmi_malloc(text_max);
    int unsure_rounds = 0;
    int most = 0;
    bool unsure;

    /* A zombie shows an empty environment, so what was killed no longer counts. */
    for (int round = 0; mark != NULL && text != NULL && round < REAP_ROUNDS_MAX; round++) {
        int count = kill_marked(mark, text, text_max, &unsure);

        if (count > most)
            most = count;
        if (count == 0 && (!unsure || unsure_rounds++ >= REAP_UNSURE_ROUNDS))
            break;
        pause_round();
    }
    pvmi_free(mark);
    pvmi_free(text);
    return most;
}
