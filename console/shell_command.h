/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about the console itself: environment, aliases, options, help. */
#ifndef CONSOLE_SHELL_COMMAND_H
#define CONSOLE_SHELL_COMMAND_H

#include "console/console.h"

int shell_command_alias(struct console *console, int argc, char **argv);
int shell_command_echo(struct console *console, int argc, char **argv);
int shell_command_export(struct console *console, int argc, char **argv);
int shell_command_getopt(struct console *console, int argc, char **argv);
int shell_command_help(struct console *console, int argc, char **argv);
int shell_command_idump(struct console *console, int argc, char **argv);
int shell_command_quit(struct console *console, int argc, char **argv);
int shell_command_setenv(struct console *console, int argc, char **argv);
int shell_command_setopt(struct console *console, int argc, char **argv);
int shell_command_tickle(struct console *console, int argc, char **argv);
int shell_command_unalias(struct console *console, int argc, char **argv);
int shell_command_unexport(struct console *console, int argc, char **argv);
int shell_command_version(struct console *console, int argc, char **argv);

#endif
