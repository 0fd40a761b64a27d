/* SPDX-License-Identifier: BSD-3-Clause */
/* The command spawn and its options. */
#ifndef CONSOLE_SPAWN_COMMAND_H
#define CONSOLE_SPAWN_COMMAND_H

#include <stdbool.h>

#include "console/console.h"

struct spawn_options {
    int count;           /* copies, 1 */
    int flags;           /* PvmTaskHost, PvmTaskArch, PvmTaskDebug, PvmHostCompl */
    const char *place;   /* the host or architecture, or NULL; place_length bytes of it */
    int place_length;
    const char *directory;    /* or NULL */
    bool output;         /* lines of the tasks come to the console or to file */
    bool append;
    const char *file;    /* NULL: the console */
    bool trace;          /* the tasks' calls are told to the console or trace_file */
    const char *trace_file;
};

/*
 * Takes the options in argv from 1 on. Returns the index of the first word that is none (argc if all are), or
 * -1 after a message about a bad one.
 */
int spawn_options_parse(int argc, char **argv, struct spawn_options *ret_options);

int spawn_command(struct console *console, int argc, char **argv);

#endif
