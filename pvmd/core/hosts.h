/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows from the host table; and pvm_delhosts. */
#ifndef PVMD_CORE_HOSTS_H
#define PVMD_CORE_HOSTS_H

#include "pvmd/core/core.h"

struct asker;
struct host;
struct peer;

void hosts_on_add(struct core *core, struct host *host);
void hosts_on_drop(struct core *core, int number, int reason, const char *text);
/* At the orderer: host number is no member from now on. reason 0 deleted, 1 died. */
void hosts_order_drop(struct core *core, int number, int reason, const char *text);
void hosts_delete(struct core *core, const struct asker *asker, const struct pvmi_msg_host_delete *msg);
void hosts_deletes_free(struct core *core);
void hosts_timers(struct core *core);

#endif
