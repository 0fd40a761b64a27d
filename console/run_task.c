/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "console/report.h"
#include "console/run.h"
#include "pvm3.h"

#define OUTPUT_END 0           /* the count of an output message that ends it */
#define OUTPUT_GRACE_MS 2000   /* output that is not complete so long after a task's end is lost: its host went */

uint64_t run_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Name of the host of tid; false when it is no member of the machine. */
static bool host_of(int tid, char *ret_name, size_t name_max)
{
    int count;
    struct pvmhostinfo *hosts;

    if (pvm_config(&count, NULL, &hosts) < 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (hosts[i].hi_tid == pvm_tidtohost(tid)) {
            snprintf(ret_name, name_max, "%s", hosts[i].hi_name);
            return true;
        }
    }
    return false;
}

static struct run_task *task_find(const struct run *run, int tid)
{
    struct run_task *task = run->tasks;

    while (task != NULL && task->tid != tid)
        task = task->next;
    return task;
}

void run_task_add(struct run *run, int tid, bool copy)
{
    struct run_task *task = task_find(run, tid);

    if (task != NULL) {
        task->copy |= copy;
        return;
    }
    task = calloc(1, sizeof(*task));
    if (task == NULL)
        return;
    task->run = run;
    task->tid = tid;
    task->copy = copy;
    if (!run->options.label || !host_of(tid, task->host, sizeof(task->host)))
        snprintf(task->host, sizeof(task->host), "?");
    task->next = run->tasks;
    run->tasks = task;
    pvm_notify(PvmTaskExit, TAG_TASK_EXIT, 1, &tid);
}

/* ---- output ---- */

/* Every byte as it came; only where the line of one task is cut off by that of another a newline is added. */
static void task_on_line(void *user, const char *text, size_t length, bool newline)
{
    const struct run_task *task = user;
    struct run *run = task->run;

    if (run->open != NULL && run->open != task) {
        putchar('\n');
        run->open = NULL;
    }
    if (run->options.label && run->open == NULL)
        printf("[%s:t%x] ", task->host, (unsigned)task->tid);
    fwrite(text, 1, length, stdout);
    if (newline)
        putchar('\n');
    run->open = newline ? NULL : task;
}

/* A task that is alone shows half lines at once, such as a progress bar; nobody's lines could get between. */
static bool task_is_alone(const struct run_task *task)
{
    return task->run->options.copies == 1 && task->run->tasks == task && task->next == NULL;
}

static void task_output(struct run *run)
{
    int tid, count;

    if (pvm_upkint(&tid, 1, 1) != PvmOk || pvm_upkint(&count, 1, 1) != PvmOk)
        return;
    run_task_add(run, tid, false);    /* perhaps one that a task of the job has spawned */
    struct run_task *task = task_find(run, tid);
    if (task == NULL)
        return;
    if (count > 0) {
        char *bytes = malloc((size_t)count);

        if (bytes != NULL && pvm_upkbyte(bytes, count, 1) == PvmOk)
            lines_feed(&task->lines, bytes, (size_t)count, task_on_line, task);
        free(bytes);
        if (task_is_alone(task))
            lines_flush(&task->lines, task_on_line, task);
    } else if (count == OUTPUT_END) {
        lines_end(&task->lines, task_on_line, task);
        task->output_ended = true;
    }
}

/* ---- ends ---- */

/* The first copy that did not end well gives the job its status. */
static void copy_ended(struct run *run, const struct run_task *task, int status)
{
    char host[64];
    int code = EXIT_GOOD;

    if (WIFSIGNALED(status))
        code = EXIT_SIGNAL + WTERMSIG(status);
    else if (WIFEXITED(status))
        code = WEXITSTATUS(status);
    if (code == EXIT_GOOD && !host_of(task->tid, host, sizeof(host))) {
        report_error("pvm", "t%x is lost: its host has gone", (unsigned)task->tid);
        code = EXIT_FAILED;
    }
    if (run->status == EXIT_GOOD)
        run->status = code;
}

/* The notice: the tid and, which PVM 3 does not have, how it ended. */
static void task_exit(struct run *run)
{
    int tid;
    int status = 0;

    if (pvm_upkint(&tid, 1, 1) != PvmOk)
        return;
    if (pvm_upkint(&status, 1, 1) != PvmOk)
        status = 0;
    struct run_task *task = task_find(run, tid);
    if (task == NULL || task->gone)
        return;
    task->gone = true;
    task->gone_ms = run_now_ms();
    if (task->copy)
        copy_ended(run, task, status);
}

void run_task_received(struct run *run, int bufid)
{
    int bytes, tag, from;

    if (pvm_bufinfo(bufid, &bytes, &tag, &from) != PvmOk)
        return;
    if (tag == TAG_OUTPUT)
        task_output(run);
    else if (tag == TAG_TASK_EXIT)
        task_exit(run);
}

bool run_task_any_left(const struct run *run)
{
    uint64_t now = run_now_ms();

    for (const struct run_task *task = run->tasks; task != NULL; task = task->next) {
        if (!task->gone || (!task->output_ended && now < task->gone_ms + OUTPUT_GRACE_MS))
            return true;
    }
    return false;
}

void run_task_signal_all(const struct run *run, int signum)
{
    for (const struct run_task *task = run->tasks; task != NULL; task = task->next) {
        if (!task->gone)
            pvm_sendsig(task->tid, signum);
    }
}

void run_task_free_all(struct run *run)
{
    for (struct run_task *task = run->tasks; task != NULL; task = task->next)
        lines_end(&task->lines, task_on_line, task);
    if (run->options.label && run->open != NULL)
        putchar('\n');
    fflush(stdout);
    while (run->tasks != NULL) {
        struct run_task *task = run->tasks;

        run->tasks = task->next;
        free(task);
    }
}
