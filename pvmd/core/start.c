/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting tasks on this host, for any daemon's pvm_spawn. The tids are given out first, then the processes
 * are started; the answer goes when all are decided. Until its receiver says "start_done", the tasks end with
 * the host that asked: nobody else knows of them.
 */
#include "pvmd/core/start.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/adopt.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/enroll.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/output.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmd/core/tasker.h"
#include "pvmd/core/trace.h"
#include "wire/tid.h"

struct start_job {
    struct pvmi_list link;    /* in core.jobs */
    struct asker asker;
    bool answered;
    uint32_t count;
    uint32_t pending;         /* not yet decided, and 1 while they are being started */
    int32_t *values;          /* tid, or code */
    struct pvmi_fault *faults;    /* START_TEXTS_MAX */
    uint32_t fault_count;
};

static void job_free(struct start_job *job)
{
    pvmi_list_remove(&job->link);
    pvmi_free(job->values);
    pvmi_free(job->faults);
    pvmi_free(job);
}

static struct start_job *job_new(struct core *core, const struct asker *asker, uint32_t count)
{
    struct start_job *job = core_alloc(core, sizeof(*job));

    if (job == NULL)
        return NULL;
    pvmi_list_init(&job->link);
    job->asker = *asker;
    job->count = count;
    job->pending = 1;
    job->values = core_alloc(core, count * sizeof(*job->values));
    job->faults = core_alloc(core, START_TEXTS_MAX * sizeof(*job->faults));
    if (job->values == NULL || job->faults == NULL) {
        job_free(job);
        return NULL;
    }
    pvmi_list_push(&core->jobs, &job->link);
    return job;
}

/* Tids first, then codes, as the asker wants them. */
static void job_answer(struct core *core, struct start_job *job)
{
    struct pvmi_rec_error errors[START_TEXTS_MAX];
    struct pvmi_msg_answer answer = { .errors = { .v = errors, .n = job->fault_count } };
    int32_t *values = core_alloc(core, job->count * sizeof(*values));

    if (values == NULL) {
        core_out_of_memory(core);
        return;
    }
    for (uint32_t i = 0; i < job->count; i++) {
        if (job->values[i] > 0)
            values[answer.values.n++] = job->values[i];
    }
    answer.value = (int32_t)answer.values.n;
    for (uint32_t i = 0; i < job->count; i++) {
        if (job->values[i] <= 0)
            values[answer.values.n++] = job->values[i];
    }
    for (uint32_t i = 0; i < job->fault_count; i++)
        errors[i] = fault_record(&job->faults[i]);
    answer.values.v = values;
    job->answered = true;
    asker_send(core, &job->asker, PVMI_MSG_answer, &answer);
    pvmi_free(values);
}

static void job_decided(struct core *core, struct start_job *job)
{
    if (--job->pending == 0)
        job_answer(core, job);
}

static void job_failed(struct core *core, struct start_job *job, uint32_t index,
                       const struct pvmi_fault *fault)
{
    job->values[index] = fault->code;
    if (job->fault_count < START_TEXTS_MAX)
        job->faults[job->fault_count++] = *fault;
    job_decided(core, job);
}

/* ---- what a process starts with ---- */

static bool add_string(char **strings, size_t *count, char *text)
{
    if (text == NULL)
        return false;
    strings[(*count)++] = text;
    return true;
}

static bool add_copies(struct core *core, char **strings, size_t *count, const struct pvmi_strings *from)
{
    for (uint32_t i = 0; i < from->n; i++) {
        if (from->v[i] != NULL && !add_string(strings, count, core_strdup(core, from->v[i])))
            return false;
    }
    return true;
}

static char **start_argv(struct core *core, const struct pvmi_msg_start *msg, struct core_action *action)
{
    size_t count = 0;

    action->start.argv = core_alloc(core, (msg->argv.n + 1) * sizeof(char *));
    if (action->start.argv == NULL || !add_copies(core, action->start.argv, &count, &msg->argv))
        return NULL;
    return action->start.argv;
}

static char *env_text(struct core *core, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *env_text(struct core *core, const char *format, ...)
{
    char text[128];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return core_strdup(core, text);
}

static bool add_own_env(struct core *core, char **env, size_t *count, const struct task *task)
{
    const struct pvmi_rec_inherit *inherit = &task->self;

    return add_string(
               env, count,
               env_text(core, "PVM_CLAIM=%x:%llx", (unsigned)task->tid, (unsigned long long)task->nonce)) &&
           add_string(env, count, env_text(core, "PVMEPID=%d", (int)pvmi_tid_local(task->tid))) &&
           add_string(env, count, env_text(core, "PVMCTX=0x%x", (unsigned)inherit->context)) &&
           add_string(env, count, env_text(core, "PVMTRCBUF=%d", (int)inherit->trace_buffer)) &&
           add_string(env, count, env_text(core, "PVMTRCOPT=%d", (int)inherit->trace_options)) &&
           (inherit->trace_mask == NULL ||
            add_string(env, count, env_text(core, "PVMTMASK=%.100s", inherit->trace_mask)));
}

static bool start_env(struct core *core, const struct pvmi_msg_start *msg, const struct task *task,
                      struct core_action *action)
{
    size_t count = 0;

    action->start.env = core_alloc(core, (msg->env.n + 8) * sizeof(char *));
    return action->start.env != NULL && add_copies(core, action->start.env, &count, &msg->env) &&
           add_own_env(core, action->start.env, &count, task);
}

/* ep= of this host, then beside the caller's executable, then its working directory. */
static bool start_path(struct core *core, const struct pvmi_msg_start *msg, struct core_action *action)
{
    const char *ep = core->config.ep != NULL ? core->config.ep : "";
    const char *last[] = { msg->beside, msg->cwd };
    size_t places = 4;
    size_t count = 0;

    for (const char *at = ep; *at != '\0'; at++)
        places += *at == ':';
    action->start.path = core_alloc(core, places * sizeof(char *));
    if (action->start.path == NULL)
        return false;
    while (*ep != '\0') {
        size_t length = strcspn(ep, ":");

        if (length > 0) {
            char *place = core_alloc(core, length + 1);

            if (!add_string(action->start.path, &count, place))
                return false;
            memcpy(place, ep, length);
        }
        ep += length + (ep[length] == ':');
    }
    for (size_t i = 0; i < 2; i++) {
        if (last[i] != NULL && last[i][0] != '\0' &&
            !add_string(action->start.path, &count, core_strdup(core, last[i])))
            return false;
    }
    return true;
}

static bool start_action(struct core *core, const struct pvmi_msg_start *msg, struct task *task)
{
    struct core_action *action = action_add(core, CORE_ACTION_TASK_START, task->handle);
    const char *directory =
        msg->directory != NULL && msg->directory[0] != '\0' ? msg->directory : core->config.wd;
    const char *debugger = (msg->flags & PvmTaskDebug) != 0 ? core->config.bx : NULL;

    if (action == NULL)
        return false;
    action->start.tid = task->tid;
    action->start.nonce = task->nonce;
    action->start.flags = task->tasker != 0 ? 0 : msg->flags;    /* a debugger is the tasker's business */
    action->start.find = task->tasker != 0;
    action->start.enrolled = task->tasker == 0 ? enroll_hello(core, task) : NULL;
    action->start.file = core_strdup(core, msg->file);
    action->start.directory = core_strdup(core, directory);
    action->start.debugger = core_strdup(core, debugger);
    if (action->start.file != NULL && (directory == NULL || action->start.directory != NULL) &&
        (debugger == NULL || action->start.debugger != NULL) && start_argv(core, msg, action) != NULL &&
        start_env(core, msg, task, action) && start_path(core, msg, action)) {
        task->offered = action->start.enrolled != NULL;
        return true;
    }
    core_action_free(action);
    return false;
}

/* ---- one copy ---- */

static void start_forget(struct core *core, struct task *task)
{
    pvmi_table_remove(&core->tasks, (uint32_t)task->tid);
    if (task->handle != 0)
        pvmi_table_remove(&core->processes, task->handle);
    core->task_count--;
    pvmi_list_push(&core->dead, &task->dead);
}

static struct task *start_task(struct core *core, const struct pvmi_msg_start *msg, uint32_t index)
{
    struct task *task = task_new(core);

    if (task == NULL)
        return NULL;
    task->parent = (msg->flags & PvmNoSpawnParent) != 0 ? PvmParentNotSet : msg->parent;
    task->spawner = msg->parent;
    task->spawn_flags = msg->flags;
    task->nonce = core_random(core);
    task->file = core_strdup(core, msg->file);
    task->handle = core_handle(core);
    if (task->file == NULL || task_set_inherit(core, task, &msg->inherit) != PvmOk ||
        core_table_set(core, &core->processes, task->handle, task) != PvmOk) {
        start_forget(core, task);
        return NULL;
    }
    adopt_by_tracer(core, task);
    tasker_prepare(core, task, msg, (int32_t)index);
    if (!start_action(core, msg, task)) {
        start_forget(core, task);
        return NULL;
    }
    core->process_count++;
    output_first_grant(core, task);
    return task;
}

static void start_copy(struct core *core, const struct pvmi_msg_start *msg, struct start_job *job,
                       uint32_t index)
{
    struct pvmi_fault fault;
    struct task *task;

    job->pending++;
    if (core->halting) {
        pvmi_fault_set(&fault, PvmSysErr, core->self->rec.name, "%s is halting", core->self->rec.name);
        job_failed(core, job, index, &fault);
        return;
    }
    if (!task_room(core, &fault)) {
        job_failed(core, job, index, &fault);
        return;
    }
    task = start_task(core, msg, index);
    if (task == NULL) {
        pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "%s has no memory for one more task",
                       core->self->rec.name);
        job_failed(core, job, index, &fault);
        return;
    }
    task->job = job;
    task->job_index = index;
    if (job->asker.kind == ASKER_MANAGER)
        task->manager = job->asker.tid;
}

void start_request(struct core *core, const struct asker *asker, const struct pvmi_msg_start *msg)
{
    struct start_job *job;

    if (msg->file == NULL || msg->file[0] == '\0' || msg->count < 1 || msg->count > PVMI_LOCAL_MAX) {
        asker_fail(core, asker, PvmBadParam, "a start of %d copies of \"%s\"", (int)msg->count,
                   msg->file != NULL ? msg->file : "");
        return;
    }
    job = job_new(core, asker, (uint32_t)msg->count);
    if (job == NULL) {
        asker_fail(core, asker, PvmNoMem, "%s has no memory for the spawn", core->self->rec.name);
        return;
    }
    for (uint32_t i = 0; i < job->count; i++)
        start_copy(core, msg, job, i);
    job_decided(core, job);
}

/* ---- what became of them ---- */

void start_on_started(struct core *core, struct task *task)
{
    struct start_job *job = task->job;

    task->job = NULL;
    if (job == NULL)
        return;
    job->values[task->job_index] = task->tid;
    job_decided(core, job);
}

void start_on_failed(struct core *core, struct task *task, const struct pvmi_fault *fault)
{
    struct start_job *job = task->job;

    task->job = NULL;
    if (job != NULL)
        job_failed(core, job, task->job_index, fault);
}

/* Behind the news of its start and before that of its end: of a task that ends before its spawn is complete, then. */
void start_tell_spawned(struct core *core, struct task *task)
{
    if (task->handle == 0 || !task->trace_begun || task->spawn_told)
        return;
    task->spawn_told = true;
    if (!task->trace_adopted)
        trace_spawned(core, task);
    if (!task->output_adopted)
        output_spawned(core, task);
}

static void job_done(struct core *core, struct start_job *job)
{
    for (uint32_t i = 0; i < job->count; i++) {
        struct task *task =
            job->values[i] > 0 ? pvmi_table_get(&core->tasks, (uint32_t)job->values[i]) : NULL;

        if (task != NULL)
            start_tell_spawned(core, task);
    }
    job_free(job);
}

void start_on_done(struct core *core, int host, uint32_t id)
{
    PVMI_LIST_EACH(node, &core->jobs) {
        struct start_job *job = PVMI_CONTAINER(node, struct start_job, link);
        int from = job->asker.kind == ASKER_HOST ? job->asker.host : core_self(core);

        if (job->answered && from == host && job->asker.id == id) {
            job_done(core, job);
            return;
        }
    }
}

static void end_task(struct core *core, struct task *task)
{
    task->job = NULL;
    task->kill_at = core->now_ms + core->config.halt_ms;
    if (!task->running || task->ended)
        return;
    action_signal(core, task, 15);
    core_wake_at(core, task->kill_at);
}

static void job_abandon(struct core *core, struct start_job *job)
{
    uint32_t cursor = 0;
    struct task *task;

    for (uint32_t i = 0; i < job->count; i++) {
        task = job->values[i] > 0 ? pvmi_table_get(&core->tasks, (uint32_t)job->values[i]) : NULL;
        if (task != NULL)
            end_task(core, task);
    }
    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        if (task->job == job)
            end_task(core, task);
    }
    job_free(job);
}

void start_host_dropped(struct core *core, int number)
{
    PVMI_LIST_EACH(node, &core->jobs) {
        struct start_job *job = PVMI_CONTAINER(node, struct start_job, link);

        if (job->asker.kind == ASKER_HOST && job->asker.host == number)
            job_abandon(core, job);
    }
}

void start_free_all(struct core *core)
{
    PVMI_LIST_EACH(node, &core->jobs)
        job_free(PVMI_CONTAINER(node, struct start_job, link));
}
