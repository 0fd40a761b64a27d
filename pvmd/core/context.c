/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: numbers that no two tasks get. Each daemon gives those that bear its host's number, so nobody else
 * need be asked; they come round as late as possible. A task's contexts are free again when it has left.
 */
#include "pvmd/core/context.h"

#include "base/table.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

#define CONTEXT_LOCAL_MAX 0x3fff5    /* those of host 1 above are the system's: see wire/tid.h */

static int32_t context_next(struct core *core)
{
    for (int32_t tries = 0; tries < CONTEXT_LOCAL_MAX; tries++) {
        int32_t number = pvmi_tid_make(core_self(core), core->next_context);

        core->next_context = core->next_context == CONTEXT_LOCAL_MAX ? 1 : core->next_context + 1;
        if (pvmi_table_get(&core->contexts, (uint32_t)number) == NULL)
            return number;
    }
    return 0;
}

static void context_new(struct core *core, const struct asker *asker, const struct task *task)
{
    int32_t number = context_next(core);

    if (number == 0)
        asker_fail(core, asker, PvmOutOfRes, "all %d contexts of %s are in use", CONTEXT_LOCAL_MAX,
                   core->self->rec.name);
    else if (core_table_set(core, &core->contexts, (uint32_t)number, (void *)(uintptr_t)task->tid) != PvmOk)
        asker_fail(core, asker, PvmNoMem, "no memory for one more context");
    else
        asker_answer(core, asker, NULL, number);
}

void context_request(struct core *core, const struct asker *asker, const struct task *task,
                     const struct pvmi_msg_context *msg)
{
    const void *owner = pvmi_table_get(&core->contexts, (uint32_t)msg->number);

    if (msg->number == 0) {
        context_new(core, asker, task);
    } else if (owner == NULL || (int32_t)(uintptr_t)owner != task->tid) {
        asker_fail(core, asker, PvmNotFound, "context %d was not given to this task by pvm_newcontext()",
                   (int)msg->number);
    } else {
        pvmi_table_remove(&core->contexts, (uint32_t)msg->number);
        asker_answer(core, asker, NULL, 0);
    }
}

void context_task_left(struct core *core, int32_t tid)
{
    uint32_t cursor = 0;
    uint64_t number;
    void *owner;

    while ((owner = pvmi_table_next(&core->contexts, &cursor, &number)) != NULL) {
        if ((int32_t)(uintptr_t)owner == tid)
            pvmi_table_remove(&core->contexts, number);
    }
}
