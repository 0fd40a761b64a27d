/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that a task starts. */
#ifndef PVMD_CORE_HOSTER_H
#define PVMD_CORE_HOSTER_H

#include "pvmd/core/core.h"

struct launch;

/* Whether a hoster is to start it: how long that may take, else 0. */
uint32_t hoster_begin(struct core *core, struct launch *launch, const struct hostspec *spec);
void hoster_on_command(struct core *core, struct core_event *event);
/* One was started with the daemon: hosts wait for it to register, or (tid 0) it could not be started. */
void hoster_expect(struct core *core);
void hoster_started(struct core *core, int32_t tid);
void hoster_check(struct core *core);    /* after each event: it may have registered, or ended */
void hoster_ask_all(struct core *core);    /* for the hosts of which all is known */
void hoster_late(struct core *core, struct launch *launch);    /* ORDERED: its time is over. It is gone then */

#endif
