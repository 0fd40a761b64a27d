/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of teams (arena/team.h) in the daemon's slot. A sealed one goes when its members have let go of it. */
#ifndef PVMD_IO_TEAMS_H
#define PVMD_IO_TEAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "pvmd/io/io.h"

/* Returns NULL when there is no memory. */
struct teams *teams_new(struct io *io);
void teams_free(struct teams *teams);    /* NULL is fine */

/* The core's TEAM_MAKE, answered by TEAM_MADE; TEAM_SEAL, answered by TEAM_SEALED; TEAM_RELEASE. */
void teams_act(struct io *io, const struct core_action *action);

#endif
