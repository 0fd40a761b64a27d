/* SPDX-License-Identifier: BSD-3-Clause */
/* How the console tells of failures, and the exit status of pvm. */
#ifndef CONSOLE_REPORT_H
#define CONSOLE_REPORT_H

/* What pvm returns to the shell; "pvm help exit" prints it. */
enum exit_status {
    EXIT_GOOD = 0,
    EXIT_FAILED = 1,            /* the command was understood, and something of it failed */
    EXIT_USAGE = 2,             /* wrong words */
    EXIT_NO_MACHINE = 3,        /* no daemon runs, or it has gone */
    EXIT_HOSTS_MISSING = 4,     /* the machine was started and runs, without some hosts of its host file */
    EXIT_TIMEOUT = 124,         /* pvm run --timeout */
    EXIT_NO_PROGRAM = 127,      /* pvm run: no such program on the host */
    EXIT_SIGNAL = 128,          /* pvm run: plus the number of the signal */
};

/* What pvm_perror() prints for code. */
const char *report_text(int code);

/* "pvm: " or, at the prompt, the command's name, then the text, on stderr. Returns EXIT_FAILED. */
int report_error(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for bad words; names the help. Returns EXIT_USAGE. */
int report_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A call for command failed with code: its text, and beneath it what pvm_errdetail() says.
 * Returns EXIT_NO_MACHINE for PvmSysErr, else EXIT_FAILED. */
int report_call(const char *command, int code);

/*
 * What libpvm says about entry index of codes, the list of infos or tids that its last call filled; "" when it
 * has no more to say.
 */
const char *report_detail(const int *codes, int index);

/* Prints a detail on stderr, indented, under the row of a table; nothing when it is empty. */
void report_detail_print(const char *detail);

#endif
