/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_spawn, at the daemon of the task that asks: hosts are chosen, each gets a "start" for its block of
 * copies, and when all have answered the task gets tids first, then codes. Then the children learn their
 * siblings, and each host hears "start_done".
 */
#include "pvmd/core/spawn.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/placement.h"
#include "pvmd/core/request.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

struct spawn_part {
    int host;
    uint32_t count;
    uint32_t request;         /* id of the start */
    bool answered;            /* by the host; else it failed */
    uint32_t tid_count;
    int32_t *values;          /* in spawn.values: tids, then codes */
};

struct spawn {
    struct asker asker;
    int32_t parent;
    uint32_t count;
    int32_t *values;                    /* as the parts have them */
    int *hosts;                         /* of each copy */
    struct spawn_part *parts;
    uint32_t part_count;
    uint32_t pending;                   /* parts, and 1 while they are being asked */
    struct pvmi_fault *faults;          /* START_TEXTS_MAX, in order of arrival */
    uint32_t fault_count;
};

static void spawn_free(struct spawn *spawn)
{
    pvmi_free(spawn->values);
    pvmi_free(spawn->hosts);
    pvmi_free(spawn->parts);
    pvmi_free(spawn->faults);
    pvmi_free(spawn);
}

static struct spawn *spawn_new(struct core *core, uint32_t count)
{
    struct spawn *spawn = core_alloc(core, sizeof(*spawn));

    if (spawn == NULL)
        return NULL;
    spawn->count = count;
    spawn->pending = 1;
    spawn->values = core_alloc(core, count * sizeof(*spawn->values));
    spawn->hosts = core_alloc(core, count * sizeof(*spawn->hosts));
    spawn->parts = core_alloc(core, count * sizeof(*spawn->parts));
    spawn->faults = core_alloc(core, START_TEXTS_MAX * sizeof(*spawn->faults));
    if (spawn->values == NULL || spawn->hosts == NULL || spawn->parts == NULL || spawn->faults == NULL) {
        spawn_free(spawn);
        return NULL;
    }
    return spawn;
}

/* ---- the end ---- */

static void spawn_answer(struct core *core, const struct spawn *spawn, int32_t *values, uint32_t tid_count)
{
    struct pvmi_rec_error errors[START_TEXTS_MAX];
    struct pvmi_msg_answer answer = {
        .value = (int32_t)tid_count,
        .values = { .v = values, .n = spawn->count },
        .errors = { .v = errors, .n = spawn->fault_count },
    };

    for (uint32_t i = 0; i < spawn->fault_count; i++)
        errors[i] = fault_record(&spawn->faults[i]);
    asker_send(core, &spawn->asker, PVMI_MSG_answer, &answer);
}

static void spawn_tell_hosts(struct core *core, const struct spawn *spawn, int32_t *tids, uint32_t tid_count)
{
    struct pvmi_msg_siblings siblings = { .tids = { .v = tids, .n = tid_count } };

    for (uint32_t i = 0; i < spawn->part_count; i++) {
        const struct spawn_part *part = &spawn->parts[i];
        struct pvmi_msg_start_done done = { .id = part->request };
        struct peer *peer = peer_find(core, part->host);

        if (!part->answered)
            continue;
        if (part->host == core_self(core)) {
            siblings_set(core, &siblings.tids);
            start_on_done(core, part->host, done.id);
        } else if (peer != NULL) {
            if (part->tid_count > 0)
                peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_siblings, &siblings);
            peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_start_done, &done);
        }
    }
}

/* The parts' tids in order of the parts, then their codes. */
static int32_t *spawn_collect(struct core *core, const struct spawn *spawn, uint32_t *ret_tid_count)
{
    int32_t *values = core_alloc(core, spawn->count * sizeof(*values));
    uint32_t at = 0;

    if (values == NULL)
        return NULL;
    for (uint32_t i = 0; i < spawn->part_count; i++) {
        for (uint32_t k = 0; k < spawn->parts[i].tid_count; k++)
            values[at++] = spawn->parts[i].values[k];
    }
    *ret_tid_count = at;
    for (uint32_t i = 0; i < spawn->part_count; i++) {
        for (uint32_t k = spawn->parts[i].tid_count; k < spawn->parts[i].count; k++)
            values[at++] = spawn->parts[i].values[k];
    }
    return values;
}

static void spawn_decided(struct core *core, struct spawn *spawn)
{
    uint32_t tid_count;

    if (--spawn->pending > 0)
        return;

    int32_t *values = spawn_collect(core, spawn, &tid_count);
    if (values != NULL) {
        spawn_answer(core, spawn, values, tid_count);
        spawn_tell_hosts(core, spawn, values, tid_count);
    } else {
        core_out_of_memory(core);
    }
    pvmi_free(values);
    spawn_free(spawn);
}

/* ---- answers of hosts ---- */

static void spawn_add_fault(struct spawn *spawn, const struct pvmi_fault *fault)
{
    if (spawn->fault_count < START_TEXTS_MAX)
        spawn->faults[spawn->fault_count++] = *fault;
}

static void part_failed(struct spawn *spawn, struct spawn_part *part, const struct pvmi_fault *fault)
{
    part->tid_count = 0;
    for (uint32_t i = 0; i < part->count; i++) {
        part->values[i] = fault->code;
        spawn_add_fault(spawn, fault);
    }
}

/* What a host answers is checked: as many values as were asked for, tids of that host first. */
static bool part_take(struct core *core, struct spawn *spawn, struct spawn_part *part,
                      const struct pvmi_msg_answer *answer)
{
    uint32_t tid_count = 0;
    struct pvmi_fault fault;

    if (answer->values.n != part->count)
        return false;
    while (tid_count < part->count && answer->values.v[tid_count] > 0) {
        if (!pvmi_tid_is_task(answer->values.v[tid_count]) ||
            pvmi_tid_host(answer->values.v[tid_count]) != part->host)
            return false;
        tid_count++;
    }
    for (uint32_t i = tid_count; i < part->count; i++) {
        if (answer->values.v[i] >= 0)
            return false;
    }
    memcpy(part->values, answer->values.v, part->count * sizeof(*part->values));
    part->tid_count = tid_count;
    for (uint32_t i = 0; i < answer->errors.n; i++) {
        fault_from_record(&fault, &answer->errors.v[i], host_name(core, part->host));
        spawn_add_fault(spawn, &fault);
    }
    return true;
}

static void on_started(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                       const void *msg)
{
    struct spawn *spawn = request->owner;
    struct spawn_part *part = &spawn->parts[request->index];
    const struct pvmi_msg_answer *answer = msg;
    struct pvmi_fault own;

    if (fault == NULL && type == PVMI_MSG_answer && answer->error.code < 0) {
        fault_from_record(&own, &answer->error, host_name(core, part->host));
        fault = &own;
    }
    if (fault == NULL && (type != PVMI_MSG_answer || !part_take(core, spawn, part, answer))) {
        pvmi_fault_set(&own, PvmDSysErr, core->self->rec.name, "%s answered a start with nonsense",
                       host_name(core, part->host));
        fault = &own;
    }
    if (fault != NULL)
        part_failed(spawn, part, fault);
    else
        part->answered = true;
    spawn_decided(core, spawn);
}

/* ---- the beginning ---- */

static void spawn_make_parts(struct spawn *spawn)
{
    for (uint32_t i = 0; i < spawn->count; i++) {
        if (i == 0 || spawn->hosts[i] != spawn->hosts[i - 1]) {
            spawn->parts[spawn->part_count].host = spawn->hosts[i];
            spawn->parts[spawn->part_count].values = &spawn->values[i];
            spawn->part_count++;
        }
        spawn->parts[spawn->part_count - 1].count++;
    }
    spawn->pending += spawn->part_count;
}

static void spawn_ask_hosts(struct core *core, struct spawn *spawn, const struct pvmi_msg_spawn *msg)
{
    struct pvmi_msg_start start = {
        .file = msg->file,
        .argv = msg->argv,
        .flags = msg->flags,
        .directory = msg->directory,
        .env = msg->env,
        .beside = msg->beside,
        .cwd = msg->cwd,
        .parent = spawn->parent,
        .total = (int32_t)spawn->count,
        .inherit = msg->inherit,
    };
    struct pvmi_fault fault;

    for (uint32_t i = 0; i < spawn->part_count; i++) {
        struct spawn_part *part = &spawn->parts[i];
        struct request *request = request_open(core, part->host, on_started);

        if (request == NULL) {
            pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "no memory to start it on %s",
                           host_name(core, part->host));
            part_failed(spawn, part, &fault);
            spawn_decided(core, spawn);
            continue;
        }
        request->owner = spawn;
        request->index = (int)i;
        part->request = request->id;
        start.first = (int32_t)(part->values - spawn->values);
        start.count = (int32_t)part->count;
        request_post(core, request, PVMI_MSG_start, &start);
    }
    spawn_decided(core, spawn);
}

/* None of the copies can be started, for the same reason. Frees spawn. */
static void spawn_refuse(struct core *core, struct spawn *spawn, const struct pvmi_fault *fault)
{
    for (uint32_t i = 0; i < spawn->count; i++) {
        spawn->values[i] = fault->code;
        spawn_add_fault(spawn, fault);
    }
    spawn_answer(core, spawn, spawn->values, 0);
    spawn_free(spawn);
}

void spawn_request(struct core *core, const struct asker *asker, struct task *task,
                   const struct pvmi_msg_spawn *msg)
{
    struct pvmi_fault fault;

    if (msg->count < 1 || msg->count > PVMI_LOCAL_MAX) {
        asker_fail(core, asker, PvmBadParam, "a spawn of %d copies of \"%s\"", (int)msg->count,
                   msg->file != NULL ? msg->file : "");
        return;
    }
    struct spawn *spawn = spawn_new(core, (uint32_t)msg->count);
    if (spawn == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory to spawn %d tasks", (int)msg->count);
        return;
    }
    spawn->asker = *asker;
    spawn->parent = task->tid;
    if (msg->file == NULL || msg->file[0] == '\0') {
        pvmi_fault_set(&fault, PvmNoFile, core->self->rec.name, "the name of the program is empty");
        spawn_refuse(core, spawn, &fault);
        return;
    }
    int rc = placement_choose(core, msg->flags, msg->where, msg->count, spawn->hosts, &fault);
    if (rc == PvmNoHost) {
        spawn_refuse(core, spawn, &fault);
    } else if (rc != PvmOk) {
        asker_answer(core, asker, &fault, 0);
        spawn_free(spawn);
    } else {
        spawn_make_parts(spawn);
        spawn_ask_hosts(core, spawn, msg);
    }
}

/* ---- siblings ---- */

struct siblings_waiter {
    struct pvmi_list link;    /* in task.siblings_waiters */
    struct asker asker;
};

static void siblings_answer(struct core *core, const struct asker *asker, int32_t *tids, uint32_t count)
{
    struct pvmi_msg_answer answer = { .value = (int32_t)count, .values = { .v = tids, .n = count } };

    asker_send(core, asker, PVMI_MSG_answer, &answer);
}

void siblings_forget(struct task *task)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&task->siblings_waiters)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct siblings_waiter, link));
}

static void siblings_learn(struct core *core, struct task *task, const struct pvmi_ints *tids)
{
    int32_t *copy = core_alloc(core, tids->n * sizeof(*copy));

    if (copy == NULL) {
        core_out_of_memory(core);
        return;
    }
    memcpy(copy, tids->v, tids->n * sizeof(*copy));
    task->siblings = copy;
    task->sibling_count = tids->n;
    task->siblings_known = true;
    PVMI_LIST_EACH(node, &task->siblings_waiters)
        siblings_answer(core, &PVMI_CONTAINER(node, struct siblings_waiter, link)->asker, copy, tids->n);
    siblings_forget(task);
}

void siblings_set(struct core *core, const struct pvmi_ints *tids)
{
    for (uint32_t i = 0; i < tids->n; i++) {
        struct task *task = task_find(core, tids->v[i]);

        if (task != NULL && !task->siblings_known)
            siblings_learn(core, task, tids);
    }
}

void siblings_query(struct core *core, const struct asker *asker, struct task *task)
{
    struct siblings_waiter *waiter;

    if (task->siblings_known) {
        siblings_answer(core, asker, task->siblings, task->sibling_count);
        return;
    }
    if (task->handle == 0) {
        siblings_answer(core, asker, &task->tid, 1);
        return;
    }
    waiter = core_alloc(core, sizeof(*waiter));
    if (waiter == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory to wait for the siblings");
        return;
    }
    waiter->asker = *asker;
    pvmi_list_push(&task->siblings_waiters, &waiter->link);
}
