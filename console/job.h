/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job: what one spawn command with -> started. Its output comes as messages with the job's tag and goes
 * line by line, each with a prefix, to the console or a file; the tasks that its tasks spawn belong to it.
 */
#ifndef CONSOLE_JOB_H
#define CONSOLE_JOB_H

#include <stdbool.h>
#include <stdio.h>

#include "console/lines.h"

struct job_task {
    struct job_task *next;
    struct job *job;
    int tid;
    bool ended;           /* its output is complete */
    struct lines lines;
};

struct job {
    struct job *next;     /* in the order of numbers */
    int number;
    FILE *out;            /* stdout or a file */
    bool spawned;         /* pvm_spawn has said which tasks there are */
    bool finished;
    struct job_task *tasks;
};

/* Makes job number, which writes to out (not stdout: it is closed at the end). NULL: no memory. */
struct job *job_new(struct job **jobs, int number, FILE *out);

struct job *job_find(struct job *jobs, int number);

/* pvm_spawn has returned these tids (negative ones are codes). */
void job_spawned(struct job *job, const int *tids, int count);

/* Handles the output message in the active receive buffer. */
void job_output(struct job *job);

/* The host of task tid has gone: nothing more comes from there. */
void job_host_gone(struct job *jobs, int tid);

/* A job that is not finished: there is more to wait for. */
bool job_any_left(const struct job *jobs);

/* Forgets the job and closes its file. */
void job_free(struct job **jobs, struct job *job);

#endif
