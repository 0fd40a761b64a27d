/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about hosts. Each has the form of command.run and returns an exit status. */
#ifndef CONSOLE_HOST_COMMAND_H
#define CONSOLE_HOST_COMMAND_H

#include "console/console.h"

int host_command_add(struct console *console, int argc, char **argv);
int host_command_conf(struct console *console, int argc, char **argv);
int host_command_delete(struct console *console, int argc, char **argv);
int host_command_halt(struct console *console, int argc, char **argv);
int host_command_mstat(struct console *console, int argc, char **argv);
int host_command_start(struct console *console, int argc, char **argv);

/*
 * Adds count hosts, each a line of a host file, with progress on stderr if that is a terminal or forced.
 * infos gets their tids or codes. Returns how many, or the negative code of the call.
 */
int host_command_add_hosts(struct console *console, char **hosts, int count, int *infos, bool progress_forced);

/* Lines "localN via=local" with names that no host of the machine has; NULL: no memory. */
char **host_command_local_lines(int count);
void host_command_lines_free(char **lines, int count);

/* Hosts that are there now need no notice. */
void host_command_know_all(struct console *console);

/* "Console: 2 new hosts added" and their lines. */
void host_command_announce(const int *tids, int count);

#endif
