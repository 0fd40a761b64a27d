/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a peer alive? What time brings. */
#ifndef PVMD_CORE_PEER_ALIVE_H
#define PVMD_CORE_PEER_ALIVE_H

#include "pvmd/core/core.h"

struct peer;

/* A sign of life is wanted from it now. */
void peer_probe(struct core *core, struct peer *peer);
/* Its timers are to run at_ms or earlier. */
void peer_wake_at(struct core *core, struct peer *peer, uint64_t at_ms);
void peer_timers(struct core *core, struct peer *peer, uint64_t late_ms);

#endif
