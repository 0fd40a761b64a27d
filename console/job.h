/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job: what one spawn command with -> or -@ started. Its output comes as messages with the job's tag and goes
 * line by line, each with a prefix, to the console or a file, and into the trace if there is one; the tasks that its
 * tasks spawn belong to it.
 */
#ifndef CONSOLE_JOB_H
#define CONSOLE_JOB_H

#include <stdbool.h>
#include <stdio.h>

#include "console/lines.h"
#include "console/trace_file.h"

struct job_task {
    struct job_task *next;
    struct job *job;
    int tid;
    bool ended;           /* its output is complete */
    bool traced;          /* its trace has begun, */
    bool trace_ended;     /* and is complete */
    struct lines lines;
};

struct job {
    struct job *next;     /* in the order of numbers */
    int number;
    FILE *out;            /* stdout or a file; NULL: output only goes into the trace */
    struct trace_file *trace;    /* or NULL */
    FILE *trace_out;             /* where that is written */
    char *file;           /* the name of out's file, if it has one */
    char *trace_file;     /* and of trace_out's */
    bool failed;          /* a file could not be written, which was told */
    bool spawned;         /* pvm_spawn has said which tasks there are */
    bool finished;
    struct job_task *tasks;
};

/* Makes job number, which writes its output to out and its trace to trace_out (each stdout, or closed at the end, or
 * NULL). NULL: no memory. */
struct job *job_new(struct job **jobs, int number, FILE *out, FILE *trace_out);

struct job *job_find(struct job *jobs, int number);

/* pvm_spawn has returned these tids (negative ones are codes). */
void job_spawned(struct job *job, const int *tids, int count);

/* Handles the output message in the active receive buffer. */
void job_output(struct job *job);

/* Handles the trace message in the active receive buffer, which came from that task or daemon. */
void job_trace(struct job *job, int from);

/* The host of task tid has gone: nothing more comes from there. */
void job_host_gone(struct job *jobs, int tid);

/* A job that is not finished: there is more to wait for. */
bool job_any_left(const struct job *jobs);

/* A job whose output could not all be written. */
bool job_any_failed(const struct job *jobs);

/* Forgets the job and closes its file. */
void job_free(struct job **jobs, struct job *job);

#endif
