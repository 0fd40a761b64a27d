/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts of the host file that could not be added. Nobody waits for an answer about them, so they are kept for
 * whoever has started the machine and asks for its hosts; until they are added after all.
 */
#include "pvmd/core/join_failed.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"

#define FAILED_HOSTS_MAX 256    /* hosts of the host file that failed: names and texts kept */

static void failed_host_free(struct failed_host *failed)
{
    pvmi_list_remove(&failed->link);
    pvmi_free(failed->name);
    pvmi_free(failed);
}

static int count_kept(const struct core *core)
{
    int count = 0;

    PVMI_LIST_EACH(node, &core->failed_hosts)
        count++;
    return count;
}

/* Without memory it is counted, and stands in the log. */
void failed_host_note(struct core *core, const char *name, const struct pvmi_fault *fault)
{
    struct failed_host *failed =
        count_kept(core) < FAILED_HOSTS_MAX ? core_alloc(core, sizeof(*failed)) : NULL;
    char *copy = failed != NULL ? core_strdup(core, name) : NULL;

    if (copy == NULL) {
        pvmi_free(failed);
        core->failed_dropped++;
        return;
    }
    failed->name = copy;
    failed->fault = *fault;
    pvmi_list_push(&core->failed_hosts, &failed->link);
}

void failed_host_forget(struct core *core, const char *name)
{
    PVMI_LIST_EACH(node, &core->failed_hosts) {
        struct failed_host *failed = PVMI_CONTAINER(node, struct failed_host, link);

        if (strcmp(failed->name, name) == 0)
            failed_host_free(failed);
    }
}

int failed_hosts_tell(struct core *core, struct pvmi_msg_hosts *answer)
{
    uint32_t count = (uint32_t)count_kept(core);

    answer->failed = (int32_t)count + core->failed_dropped;
    if (count == 0)
        return PvmOk;
    answer->failed_names.v = core_alloc(core, count * sizeof(*answer->failed_names.v));
    answer->errors.v = core_alloc(core, count * sizeof(*answer->errors.v));
    if (answer->failed_names.v == NULL || answer->errors.v == NULL)
        return PvmNoMem;
    PVMI_LIST_EACH(node, &core->failed_hosts) {
        const struct failed_host *failed = PVMI_CONTAINER(node, struct failed_host, link);

        answer->failed_names.v[answer->failed_names.n++] = failed->name;
        answer->errors.v[answer->errors.n++] = fault_record(&failed->fault);
    }
    return PvmOk;
}

void failed_hosts_free(struct core *core)
{
    PVMI_LIST_EACH(node, &core->failed_hosts)
        failed_host_free(PVMI_CONTAINER(node, struct failed_host, link));
}
