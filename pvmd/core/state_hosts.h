/* SPDX-License-Identifier: BSD-3-Clause */
/* The host table as the log makes it. */
#ifndef PVMD_CORE_STATE_HOSTS_H
#define PVMD_CORE_STATE_HOSTS_H

#include "pvmd/core/core.h"

struct state;

struct host {
    struct pvmi_list link;    /* in state.hosts, in order of number */
    struct pvmi_rec_host rec;
};

struct host *host_new(struct core *core, const struct pvmi_rec_host *rec);
void host_free(struct host *host);
struct host *host_find(const struct state *state, int number);
struct host *host_by_name(const struct state *state, const char *name);
void state_insert_host(struct state *state, struct host *host);
bool host_met(const struct state *state, int number);    /* it is in the table, or was */
struct host *state_remove_host(struct state *state, int number);
/* "h2", or "host 7" when it is not in the table. */
const char *host_name(struct core *core, int number);

#endif
