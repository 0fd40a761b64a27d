/* SPDX-License-Identifier: BSD-3-Clause */
/* Our files (base/rundir.h has the layout): taking the folder, also from a dead daemon, and leaving none, neither ours nor that of the dead. */
#ifndef PVMD_IO_FOLDER_H
#define PVMD_IO_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct folder;

/*
 * Takes the folder of host name and writes run and, on the first host, first. What a dead daemon left goes:
 * its files, and processes of ours that carry its mark.
 *
 * Returns PvmOk; PvmAlready when a daemon lives there; others with fault.
 */
int folder_take(const char *name, bool first, const char *run, struct folder **ret_folder,
                struct pvmi_fault *fault);

/*
 * A daemon that waits to be let in notes for which first host (its incarnation) and with which ticket, until it is a
 * member. Who started it may never tell the first host: then another one is started in its place one day, and ends it.
 */
int folder_joins(const struct folder *folder, uint64_t first, uint64_t ticket, struct pvmi_fault *fault);
void folder_joined(const struct folder *folder);

/*
 * For a daemon that the first host has started with ticket, before it takes the folder of host name: ends one that still
 * waits there for the same first host with another ticket, which that has given up. Returns when it has gone.
 */
void folder_evict(const char *name, uint64_t first, uint64_t ticket);

const char *folder_socket(const struct folder *folder);

/*
 * Removes what other daemons of this user on this computer have left that were killed: their folders, which nobody
 * may ever take again (that of a `pvm run` has a name of its own), and processes that carry their marks.
 */
void folder_sweep(struct folder *folder);

/* Processes of dead daemons that taking the folder, and the sweep, have ended. */
int folder_killed(const struct folder *folder);

/* Descriptor of the log file, or -1; the folder's. */
int folder_log(const struct folder *folder);

/* At the end, while the keeper is still ending tasks: removes what says nothing of them. Nothing is logged from now on. */
void folder_thin(struct folder *folder);

/* Removes the folder with all that is in it, and frees it. NULL is fine. */
void folder_remove(struct folder *folder);

#endif
