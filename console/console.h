/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a task that looks at the virtual machine and changes it, by nothing but the public API.
 *
 * One table of commands (command.h) serves three ways in: a prompt on a terminal, lines from a pipe, and
 * "pvm COMMAND WORDS". All of them go through console_execute().
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <stdbool.h>

#include "console/alias.h"
#include "console/job.h"
#include "console/words.h"

/* Message tags of the console, far from those of programs. */
#define TAG_HOST_ADD 0x70000000
#define TAG_TASK_EXIT 0x70000001
#define TAG_HOST_DELETE 0x70000002
#define TAG_OUTPUT 0x70000003
#define TAG_JOB 0x70010000      /* plus the job's number: output */
#define TAG_TRACE 0x71000000    /* the same: trace */

struct console {
    struct alias *aliases;
    struct job *jobs;
    int job_count;        /* jobs so far: the number of the last */
    int *hosts;           /* tids of the hosts whose coming needs no notice */
    int host_count;
    int tid;              /* 0: not enrolled */
    bool prompt;          /* reads commands; false: was given one on the command line */
    bool json;            /* the command that runs was given --json */
    bool over;            /* quit or halt was said, or the daemon has gone */
    int exit_status;      /* of pvm, so far */
};

/* Joins the virtual machine that runs on this host. Returns the own tid, or what pvm_mytid() says. */
int console_enroll(struct console *console);

/* Starts a daemon with these arguments (options, host file) and joins it. Hosts of the file that failed are told,
 * and make the exit status. Returns the tid or a code. */
int console_start(struct console *console, int argc, char **argv);

/* Joins, or starts a machine and joins it. Returns an exit status; what went wrong is told. */
int console_enroll_or_start(struct console *console);

/* Says that no machine runs, and what to do. Returns EXIT_NO_MACHINE. */
int console_no_machine(void);

/* Splits line, replaces aliases and runs the command. Returns its exit status. */
int console_execute_line(struct console *console, const char *line);

/* Runs the command that words name. Returns its exit status (enum exit_status). */
int console_execute(struct console *console, int argc, char **argv);

/* Handles all messages that are here: output of jobs, notices. Prints what is to be said. */
void console_receive(struct console *console);

/* Handles the message bufid, which is the active receive buffer. */
void console_received(struct console *console, int bufid);

/* The daemon has gone: says so; the console is over. */
void console_lost(struct console *console);

/* These hosts are known: no notice when they come. */
void console_hosts_known(struct console *console, const int *tids, int count);

/* Stops the whole machine and waits for the daemon's end. Returns an exit status. */
int console_halt(struct console *console);

/* Reads commands until quit, halt or the end of input. */
void console_prompt(struct console *console);

/* pvm run: see run.c. Returns the status of the job. */
int console_run(struct console *console, int argc, char **argv);

/* Leaves the machine and frees. */
void console_fini(struct console *console);

#endif
