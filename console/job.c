/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of a job, from the daemons: tid and n; n > 0 that many bytes; -2 the task was started; -1 its
 * pvm_spawn is complete; 0 the end of its output. The word "finished" comes when pvm_spawn has answered and
 * every task that was heard of has ended. Daemons of two hosts are not in step, so that a grandchild may be
 * heard of after that: then the job goes on, and "finished" comes again.
 */
#include "console/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "console/report.h"
#include "pvm3.h"

#define OUTPUT_END 0
#define OUTPUT_STARTED (-2)

struct job *job_new(struct job **jobs, int number, FILE *out, FILE *trace_out)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return NULL;
    job->number = number;
    job->out = out;
    job->trace_out = trace_out;
    if (trace_out != NULL) {
        job->trace = trace_file_new(number, trace_out);
        if (job->trace == NULL) {
            free(job);
            return NULL;
        }
    }
    while (*jobs != NULL)
        jobs = &(*jobs)->next;
    *jobs = job;
    return job;
}

struct job *job_find(struct job *jobs, int number)
{
    while (jobs != NULL && jobs->number != number)
        jobs = jobs->next;
    return jobs;
}

bool job_any_left(const struct job *jobs)
{
    while (jobs != NULL && jobs->finished)
        jobs = jobs->next;
    return jobs != NULL;
}

bool job_any_failed(const struct job *jobs)
{
    while (jobs != NULL && !jobs->failed)
        jobs = jobs->next;
    return jobs != NULL;
}

/* Writes out what is buffered. The first failure is told; the job goes on, and what can be written still is. */
static void job_flush(struct job *job, FILE *out, const char *file)
{
    if (out == NULL || (fflush(out) == 0 && !ferror(out)) || out == stdout)    /* that one is looked at in the end */
        return;
    int error = errno;

    clearerr(out);
    if (job->failed)
        return;
    job->failed = true;
    report_error("spawn", "[%d] cannot write %s: %s; output is lost", job->number, file != NULL ? file : "the file",
                 strerror(error));
}

/* The task of tid, made now if it is new, in order of tids; NULL: no memory. */
static struct job_task *job_task_get(struct job *job, int tid)
{
    struct job_task **at = &job->tasks;

    while (*at != NULL && (*at)->tid < tid)
        at = &(*at)->next;
    if (*at != NULL && (*at)->tid == tid)
        return *at;
    struct job_task *task = calloc(1, sizeof(*task));
    if (task == NULL)
        return NULL;
    task->job = job;
    task->tid = tid;
    task->next = *at;
    *at = task;
    job->finished = false;
    return task;
}

static void job_finish_if_done(struct job *job)
{
    if (!job->spawned || job->finished)
        return;
    for (const struct job_task *task = job->tasks; task != NULL; task = task->next) {
        if (!task->ended || (task->traced && !task->trace_ended))
            return;
    }
    job->finished = true;
    job_flush(job, job->out, job->file);
    printf("[%d] finished\n", job->number);
}

void job_spawned(struct job *job, const int *tids, int count)
{
    job->spawned = true;
    for (int i = 0; i < count; i++) {
        if (tids[i] > 0)
            job_task_get(job, tids[i]);
    }
}

/* A line without an end gets one: its neighbours are lines of other tasks. */
static void job_on_line(void *user, const char *text, size_t length, bool newline)
{
    const struct job_task *task = user;
    char *copy;

    (void)newline;
    if (task->job->trace != NULL && (copy = strndup(text, length)) != NULL) {
        trace_file_output(task->job->trace, task->tid, copy);
        free(copy);
    }
    if (task->job->out == NULL)
        return;
    fprintf(task->job->out, "[%d:t%x] ", task->job->number, (unsigned)task->tid);
    fwrite(text, 1, length, task->job->out);
    putc('\n', task->job->out);
}

static void job_bytes(struct job_task *task, int length)
{
    char *bytes = malloc((size_t)length);

    if (bytes != NULL && pvm_upkbyte(bytes, length, 1) == PvmOk)
        lines_feed(&task->lines, bytes, (size_t)length, job_on_line, task);
    free(bytes);
}

static void job_task_end(struct job_task *task)
{
    if (task->ended)
        return;
    lines_end(&task->lines, job_on_line, task);
    task->ended = true;
    if (task->job->trace != NULL)
        trace_file_output(task->job->trace, task->tid, "GOTEOF");
    if (task->job->out != NULL)
        fprintf(task->job->out, "[%d:t%x] EOF\n", task->job->number, (unsigned)task->tid);
    job_finish_if_done(task->job);
}

void job_output(struct job *job)
{
    int tid, count;

    if (pvm_upkint(&tid, 1, 1) != PvmOk || pvm_upkint(&count, 1, 1) != PvmOk)
        return;
    struct job_task *task = job_task_get(job, tid);
    if (task == NULL)
        return;
    if (count > 0) {
        job_bytes(task, count);
    } else if (count == OUTPUT_END) {
        job_task_end(task);
    } else if (job->trace != NULL) {
        trace_file_output(job->trace, tid, count == OUTPUT_STARTED ? "CREATION" : "GOTSPAWN");
    }
    job_flush(job, job->out, job->file);
    job_flush(job, job->trace_out, job->trace_file);
}

static void job_trace_ended(struct job *job, struct job_task *task)
{
    task->trace_ended = true;
    for (const struct job_task *each = job->tasks; each != NULL; each = each->next) {
        if (!each->trace_ended)
            return;
    }
    fprintf(stderr, "[%d] libpvmtrc: Trace File Complete\n", job->number);
}

void job_trace(struct job *job, int from)
{
    int tid = 0;
    enum trace_news news = trace_file_message(job->trace, from, &tid);
    job_flush(job, job->trace_out, job->trace_file);
    struct job_task *task = news != TRACE_NOTHING ? job_task_get(job, tid) : NULL;

    if (task == NULL)
        return;
    if (news == TRACE_TASK_BEGAN) {
        task->traced = true;
        fprintf(stderr, "[%d] libpvmtrc: Task TID=0x%x Connected to Console\n", job->number, (unsigned)tid);
    } else {
        job_trace_ended(job, task);
        job_finish_if_done(job);
    }
}

void job_host_gone(struct job *jobs, int tid)
{
    for (; jobs != NULL; jobs = jobs->next) {
        for (struct job_task *task = jobs->tasks; task != NULL; task = task->next) {
            if (task->tid == tid) {
                task->trace_ended = true;
                job_task_end(task);
            }
        }
    }
}

static void job_on_line_drop(void *user, const char *text, size_t length, bool newline)
{
    (void)newline;
    (void)user;
    (void)text;
    (void)length;
}

void job_free(struct job **jobs, struct job *job)
{
    while (*jobs != job)
        jobs = &(*jobs)->next;
    *jobs = job->next;
    while (job->tasks != NULL) {
        struct job_task *task = job->tasks;

        job->tasks = task->next;
        lines_end(&task->lines, job_on_line_drop, NULL);
        free(task);
    }
    trace_file_free(job->trace);
    if (job->trace_out != NULL && job->trace_out != stdout)
        fclose(job->trace_out);
    if (job->out != NULL && job->out != stdout)
        fclose(job->out);
    free(job->file);
    free(job->trace_file);
    free(job);
}
