/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions about tasks and hosts, and signals. */
#ifndef PVMD_CORE_QUERY_H
#define PVMD_CORE_QUERY_H

#include "pvmd/core/core.h"

struct asker;

void query_task(struct core *core, const struct asker *asker, int32_t tid);
void query_tasks(struct core *core, const struct asker *asker, int32_t where);
void query_hosts(struct core *core, const struct asker *asker);
void query_host(struct core *core, const struct asker *asker, const char *name);
/* Negative answers of the two that are not answered by "answer". */
void query_tasks_fail(struct core *core, const struct asker *asker, int code, const char *text);
void query_hosts_fail(struct core *core, const struct asker *asker, int code, const char *text);
void query_signal(struct core *core, int32_t tid, int signum);
void query_clock(struct core *core, const struct asker *asker, int32_t where);

#endif
