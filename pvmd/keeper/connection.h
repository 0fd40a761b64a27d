/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a task's process inherits: the arena, and a connection to its daemon in which the daemon's first frames lie
 * already, so that it enrols without a round trip (arena/handover.h).
 */
#ifndef PVMD_KEEPER_CONNECTION_H
#define PVMD_KEEPER_CONNECTION_H

#include "arena/handover.h"
#include "pvmd/keeper/start.h"
#include "wire/control.h"

struct connection {
    int ours;      /* the daemon's end; -1: there is none */
    int theirs;
    struct start_inherit inherit[2];
    char variable[PVMI_HANDOVER_TEXT + 16];    /* for the environment */
};

/*
 * Makes that of run. arena is its file (fd -1: there is none), files how many the process may open. What cannot be made
 * is left out: the process finds its daemon by its socket then.
 */
void connection_make(const struct pvmi_handover_file *arena, const struct pvmi_msg_run *run,
                     const struct rlimit *files, struct connection *ret_connection);

/* Closes the ends that are still here. */
void connection_close(struct connection *connection);

#endif
