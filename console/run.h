/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm run: one job from start to end. run.c has its course, run_host.c the machine and its hosts, run_task.c
 * the tasks: output, ends, status.
 */
#ifndef CONSOLE_RUN_H
#define CONSOLE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "console/console.h"
#include "console/lines.h"

/* A host of -H: where copies go. */
struct run_host {
    char *name;
    int slots;           /* copies before it is the next one's turn; 0: not said */
};

struct run_options {
    int copies;
    struct run_host *hosts;
    int host_count;
    const char *hostfile;    /* or NULL */
    int local;               /* so many local hosts are added */
    const char *directory;   /* or NULL: the current one */
    bool label;
    int timeout_s;           /* 0: none */
};

/* A task of the job: a copy, or one that a task of the job has spawned. */
struct run_task {
    struct run_task *next;
    struct run *run;
    int tid;
    bool copy;
    bool output_ended;
    bool gone;
    uint64_t gone_ms;        /* when it was told */
    char host[64];
    struct lines lines;
};

struct run {
    struct console *console;
    struct run_options options;
    bool own_machine;        /* started for this job: halted at its end */
    char **added;            /* names of the hosts that were added for this job: deleted at its end */
    int added_count;
    char **adding;           /* lines that are being added; NULL none */
    int *adding_infos;       /* and what has become of them */
    int adding_count;
    struct run_task *tasks;
    const struct run_task *open;    /* the task whose line, the last one printed, has no end yet; or NULL */
    int status;              /* of the job, so far */
};

/* ---- run_host.c ---- */

/* Joins or starts a machine and adds the hosts that the options ask for. Returns an exit status. */
int run_host_prepare(struct run *run);

/* Ends what prepare has started: the machine, or the hosts. */
void run_host_release(struct run *run);

/* Starts the copies and notes them as tasks. Returns an exit status. */
int run_host_spawn(struct run *run, char **argv);

/* ---- run_task.c ---- */

/* A clock that only goes forward, in milliseconds. */
uint64_t run_now_ms(void);

/* Notes task tid, and asks to be told of its end. */
void run_task_add(struct run *run, int tid, bool copy);

/* Handles message bufid. */
void run_task_received(struct run *run, int bufid);

/* True when a task may still write something. */
bool run_task_any_left(const struct run *run);

/* Sends signum to all that are there. */
void run_task_signal_all(const struct run *run, int signum);

void run_task_free_all(struct run *run);

#endif
