/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about tasks. Each has the form of command.run and returns an exit status. */
#ifndef CONSOLE_TASK_COMMAND_H
#define CONSOLE_TASK_COMMAND_H

#include "console/console.h"

int task_command_id(struct console *console, int argc, char **argv);
int task_command_jobs(struct console *console, int argc, char **argv);
int task_command_kill(struct console *console, int argc, char **argv);
int task_command_ps(struct console *console, int argc, char **argv);
int task_command_pstat(struct console *console, int argc, char **argv);
int task_command_sig(struct console *console, int argc, char **argv);

#endif
