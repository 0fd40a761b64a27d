/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands: names, words, help. */
#ifndef CONSOLE_COMMAND_H
#define CONSOLE_COMMAND_H

#include "console/console.h"

enum {
    COMMAND_LOCAL = 1,       /* needs no virtual machine */
    COMMAND_JSON = 2,        /* understands --json */
    COMMAND_PROGRAM = 4,     /* words behind the options belong to a program: --json only before it */
    COMMAND_SHELL_ONLY = 8,  /* not at the prompt: it starts or ends a machine of its own */
    COMMAND_UNLISTED = 16,   /* help lists it only by its name, as in PVM 3 */
};

struct command {
    const char *name;
    int words_min;           /* with the name */
    int words_max;           /* 0: any number */
    unsigned flags;
    int (*run)(struct console *console, int argc, char **argv);    /* returns an exit status */
    const char *summary;
    const char *help;        /* syntax and more, lines that end in newlines */
};

/* Ends with an entry without name. In the order of names. */
extern const struct command command_table[];

/* The entry, or NULL. */
const struct command *command_find(const char *name);

/* The name of the command that word may have been meant to be, or NULL. */
const char *command_near(const char *word);

/* Summary and help of one command, on stdout. */
void command_help(const struct command *command);

/* What one must know about exit statuses, on stdout. */
void command_help_exit(void);

#endif
