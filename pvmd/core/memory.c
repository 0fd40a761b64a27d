/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reserve is held back at all times: the first allocation that fails gives it to the heap and goes on, and from then
 * on new requests get PvmNoMem until it is filled again. So what is under way ends well, and only a machine that has
 * nothing left at all ends the daemon.
 */
#include "pvmd/core/memory.h"

#include <string.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/core/core_internal.h"

#define RESERVE_SIZE (256u * 1024)

bool core_release_reserve(struct core *core)
{
    if (core->reserve == NULL)
        return false;
    pvmi_free(core->reserve);
    core->reserve = NULL;
    return true;
}

bool core_fill_reserve(struct core *core)
{
    if (core->reserve == NULL)
        core->reserve = pvmi_malloc(RESERVE_SIZE);
    return core->reserve != NULL;
}

void *core_alloc(struct core *core, size_t size)
{
    void *block = pvmi_calloc(1, size);

    if (block == NULL && core_release_reserve(core))
        block = pvmi_calloc(1, size);
    return block;
}

char *core_strdup(struct core *core, const char *text)
{
    if (text == NULL)
        return NULL;

    char *copy = core_alloc(core, strlen(text) + 1);
    if (copy != NULL)
        memcpy(copy, text, strlen(text));
    return copy;
}

int core_table_set(struct core *core, struct pvmi_table *table, uint64_t key, void *value)
{
    int rc = pvmi_table_set(table, key, value);

    if (rc == PvmNoMem && core_release_reserve(core))
        rc = pvmi_table_set(table, key, value);
    return rc;
}

void core_out_of_memory(struct core *core)
{
    if (core->stopped)
        return;
    core->stopped = true;
    pvmi_list_push(core->actions, &core->stop_action->link);
    core->stop_action = NULL;
}
