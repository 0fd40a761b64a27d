/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that a tasker starts (pvm_reg_tasker). The keeper only finds the executable; the tasker is told what to run, and
 * the task is as good as started, for a tasker says nothing unless it fails. The task enrols by its claim, which the
 * tasker puts into its environment. Its end is told by the tasker (SM_TASKX); without one, by the end of its connection.
 */
#include "pvmd/core/tasker.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/output.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmd/core/trace.h"
#include "pvmproto.h"
#include "wire/items.h"
#include "wire/tid.h"

/* ---- the request ---- */

static void put_strings(struct pvmi_items_writer *items, const struct pvmi_strings *strings)
{
    for (uint32_t i = 0; i < strings->n; i++)
        pvmi_items_put_string(items, strings->v[i]);
}

static void put_variable(struct pvmi_items_writer *items, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_variable(struct pvmi_items_writer *items, const char *format, ...)
{
    char text[PATH_MAX + 16];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pvmi_items_put_string(items, text);
}

/* PVMEPID must be the first. */
static void put_env(struct pvmi_items_writer *items, const struct task *task, const struct pvmi_msg_start *msg)
{
    const struct pvmi_rec_inherit *inherit = &task->self;
    bool has_directory = msg->directory != NULL && msg->directory[0] != '\0';

    pvmi_items_put_int(items, 5 + (inherit->trace_mask != NULL) + (int32_t)msg->env.n + has_directory);
    put_variable(items, "PVMEPID=%d", (int)pvmi_tid_local(task->tid));
    put_variable(items, "PVM_CLAIM=%x:%llx", (unsigned)task->tid, (unsigned long long)task->nonce);
    if (inherit->trace_mask != NULL)
        put_variable(items, "PVMTMASK=%.100s", inherit->trace_mask);
    put_variable(items, "PVMTRCBUF=%d", (int)inherit->trace_buffer);
    put_variable(items, "PVMTRCOPT=%d", (int)inherit->trace_options);
    put_variable(items, "PVMCTX=0x%x", (unsigned)inherit->context);
    put_strings(items, &msg->env);
    if (has_directory)
        put_variable(items, "PVMSPAWNWD=%s", msg->directory);    /* the last, as in PVM 3: where the task is to run */
}

/* Before its path is known: what comes behind that. */
void tasker_prepare(struct core *core, struct task *task, const struct pvmi_msg_start *msg, int32_t index)
{
    struct pvmi_items_writer *rest = &task->hand_rest;

    task->tasker = plugin_find(core, PLUGIN_TASKER);
    if (task->tasker == 0)
        return;
    task->hand_argc = (int32_t)msg->argv.n + 1;
    put_strings(rest, &msg->argv);
    put_env(rest, task, msg);
    pvmi_items_put_int(rest, msg->first + index);
    pvmi_items_put_int(rest, msg->count);
    pvmi_items_put_int(rest, msg->total > 0 ? msg->total : msg->count);
}

static bool hand(struct core *core, struct task *task, const char *path, struct pvmi_fault *fault)
{
    const char *name = core->self->rec.name;
    struct pvmi_items_writer items = { 0 };

    if (core->halting || task->kill_at != CORE_NEVER) {
        pvmi_fault_set(fault, PvmSysErr, name, "it is not wanted any more");
        return false;
    }
    if (plugin_find(core, PLUGIN_TASKER) != task->tasker) {
        pvmi_fault_set(fault, PvmSysErr, name, "the tasker t%x has ended or left before it could start %s: try again",
                       (unsigned)task->tasker, path);
        return false;
    }
    pvmi_items_put_int(&items, task->tid);
    pvmi_items_put_int(&items, task->spawn_flags);
    pvmi_items_put_string(&items, path);
    pvmi_items_put_int(&items, task->hand_argc);
    pvmi_items_put_string(&items, path);
    pvmi_items_append(&items, &task->hand_rest);
    if (plugin_send(core, 0, task->tasker, SM_STTASK, ++core->next_wid, &items))
        return true;
    pvmi_fault_set(fault, PvmNoMem, name, "no memory to tell the tasker t%x of %s", (unsigned)task->tasker, path);
    return false;
}

void tasker_on_found(struct core *core, struct task *task, const char *path)
{
    struct pvmi_fault fault;

    core->process_count--;    /* there will be none of ours */
    if (!hand(core, task, path, &fault)) {
        task_start_failed(core, task, &fault);
        return;
    }
    pvmi_items_free(&task->hand_rest);
    task->handed = true;
    task->output_eof = true;
    core->handed_tasker = task->tasker;
    output_begin(core, task);
    if (!task->trace_begun)
        trace_begin(core, task);
    start_on_started(core, task);
}

/* ---- the end ---- */

void tasker_told(struct core *core, int32_t tasker, struct pvmi_items_reader *items)
{
    int32_t tid = pvmi_items_int(items);
    int32_t values[5];
    struct task *task;

    for (int i = 0; i < 5; i++)
        values[i] = pvmi_items_int(items);
    task = pvmi_table_get(&core->tasks, (uint32_t)tid);
    if (items->failed || task == NULL || task->tasker != tasker || !task->handed || task->ended) {
        core_log(core, PVMI_LOG_WARN, "the tasker t%x told of the end of t%x, which is none of its: dropped",
                 (unsigned)tasker, (unsigned)tid);
        return;
    }
    task->status = values[0];
    task->user_us = (uint64_t)(uint32_t)values[1] * 1000000 + (uint32_t)values[2];
    task->system_us = (uint64_t)(uint32_t)values[3] * 1000000 + (uint32_t)values[4];
    task_has_ended(core, task);
}

/* Nobody will tell of their ends: those that have not enrolled never will, the others end with their connection. */
static void tasks_orphaned(struct core *core, int32_t tasker)
{
    uint32_t cursor = 0;
    struct task *task;

    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        if (!task->handed || task->tasker != tasker || task->ended)
            continue;
        task->tasker = 0;
        if (task->claimed && !task->left)
            continue;
        if (!task->claimed) {
            task->status = 1 << 8;
            core_log(core, PVMI_LOG_WARN, "the tasker t%x has ended or left, and t%x (%s) had not enrolled: it has failed",
                     (unsigned)tasker, (unsigned)task->tid, task->file);
        }
        task_has_ended(core, task);
    }
}

void tasker_check(struct core *core)
{
    int32_t tasker = core->handed_tasker;

    if (tasker == 0 || core->stopped || plugin_find(core, PLUGIN_TASKER) == tasker)
        return;
    core->handed_tasker = 0;
    tasks_orphaned(core, tasker);
}
