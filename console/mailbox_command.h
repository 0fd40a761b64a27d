/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about the mailbox, and reset. */
#ifndef CONSOLE_MAILBOX_COMMAND_H
#define CONSOLE_MAILBOX_COMMAND_H

#include "console/console.h"

int mailbox_command_names(struct console *console, int argc, char **argv);
int mailbox_command_put(struct console *console, int argc, char **argv);
int mailbox_command_reset(struct console *console, int argc, char **argv);

#endif
