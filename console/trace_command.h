/* SPDX-License-Identifier: BSD-3-Clause */
/* The command trace: which events of later tasks are traced, and how. */
#ifndef CONSOLE_TRACE_COMMAND_H
#define CONSOLE_TRACE_COMMAND_H

#include "console/console.h"

int trace_command(struct console *console, int argc, char **argv);

/* The mask that a console begins with, that of "trace xpvm". */
void trace_command_begin(void);

#endif
