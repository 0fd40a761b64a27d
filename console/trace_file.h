/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A trace as text, in the format of PVM 3's tracers (SDDF of Pablo): what a job's tasks and daemons tell. Before
 * the first record of a kind stands what it is made of. To the console each line has a prefix "[T1:t40002] ".
 */
#ifndef CONSOLE_TRACE_FILE_H
#define CONSOLE_TRACE_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct trace_file;

/* Of job number; out stays the caller's. Writes the beginning and the hosts. NULL: no memory. */
struct trace_file *trace_file_new(int number, FILE *out);
void trace_file_free(struct trace_file *file);    /* NULL is fine */

/* What a trace message says besides. */
enum trace_news { TRACE_NOTHING, TRACE_TASK_BEGAN, TRACE_TASK_ENDED };

/* Writes the message in the active receive buffer, which came from the task, or from the daemon (0x80000000). *ret_tid is
 * that of the task that began or ended. */
enum trace_news trace_file_message(struct trace_file *file, int from, int *ret_tid);

/* A line of output of task tid, or that it began or ended: "CREATION", "GOTSPAWN", "GOTEOF". */
void trace_file_output(struct trace_file *file, int tid, const char *text);

#endif
