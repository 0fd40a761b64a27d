/* SPDX-License-Identifier: BSD-3-Clause */
/* The end. */
#ifndef PVMD_CORE_HALT_H
#define PVMD_CORE_HALT_H

#include "pvmd/core/core.h"

struct asker;

void halt_request(struct core *core, const struct asker *asker);
void halt_on_event(struct core *core);
/* Ends this host's tasks, those started by hand only if by_hand, and then the daemon. text: why, for STOP, or
 * NULL when it was asked for. */
void halt_begin(struct core *core, bool by_hand, const char *text);
void halt_check(struct core *core);    /* after anything that may have been waited for */
void halt_timers(struct core *core);
void halt_of_job(struct core *core);    /* after each event: the program that the machine is for may have ended */

#endif
