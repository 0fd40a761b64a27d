/* SPDX-License-Identifier: BSD-3-Clause */
/* The core's memory, with the reserve that lets what is under way end well. */
#ifndef PVMD_CORE_MEMORY_H
#define PVMD_CORE_MEMORY_H

#include "pvmd/core/core.h"

struct pvmi_table;

/* Zeroed memory; gives the reserve back to the heap before it gives up. NULL then. */
void *core_alloc(struct core *core, size_t size);
char *core_strdup(struct core *core, const char *text);    /* of NULL: NULL, which is no failure */
/* True when the reserve was still there: what failed is worth another try. */
bool core_release_reserve(struct core *core);
/* Fills it again. False while memory is short: new requests are refused then. */
bool core_fill_reserve(struct core *core);
/* Set key in table; retries with the reserve. */
int core_table_set(struct core *core, struct pvmi_table *table, uint64_t key, void *value);
/* There is no memory for what must not be lost: the daemon ends. */
void core_out_of_memory(struct core *core);

#endif
