/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions about tasks and hosts, and signals: answered here, or by the daemon that knows. */
#include "pvmd/core/query.h"

#include <string.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/join_failed.h"
#include "pvmd/core/join_request.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/request.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

/* ---- one task: pvm_pstat ---- */

static void answer_exists(struct core *core, const struct asker *asker, int32_t tid, bool exists)
{
    if (exists)
        asker_answer(core, asker, NULL, 0);
    else
        asker_fail(core, asker, PvmNoTask, "there is no task t%x", (unsigned)tid);
}

/* A host that is gone has no tasks any more. Else what it says goes to who asked: it may have had no memory to look. */
static void on_task_query(struct core *core, struct request *request, const struct pvmi_fault *fault,
                          int type, const void *msg)
{
    if (fault == NULL && type == PVMI_MSG_answer) {
        struct pvmi_msg_answer answer = *(const struct pvmi_msg_answer *)msg;

        asker_send(core, &request->asker, PVMI_MSG_answer, &answer);
    } else {
        answer_exists(core, &request->asker, request->index, false);
    }
}

void query_task(struct core *core, const struct asker *asker, int32_t tid)
{
    struct pvmi_msg_task_query query = { .tid = tid };
    int host = pvmi_tid_host(tid);

    if (!pvmi_tid_may_be_task(tid)) {
        asker_fail(core, asker, PvmBadParam, "0x%x is no task", (unsigned)tid);
        return;
    }
    if (host == core_self(core) || host_find(&core->state, host) == NULL || asker->kind == ASKER_HOST) {
        answer_exists(core, asker, tid, task_find(core, tid) != NULL);
        return;
    }
    struct request *request = request_open(core, host, on_task_query);
    if (request == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory for the request");
        return;
    }
    request->asker = *asker;
    request->index = tid;
    request_post(core, request, PVMI_MSG_task_query, &query);
}

/* ---- all tasks: pvm_tasks ---- */

struct gather_part {
    struct pvmi_list link;    /* in gather.parts, in order of host number */
    uint32_t count;
    struct pvmi_rec_taskinfo tasks[];    /* with files of its own */
};

struct gather {
    struct asker asker;
    uint32_t pending;    /* hosts, and 1 while they are being asked */
    uint32_t count;      /* tasks */
    bool no_memory;
    struct pvmi_list parts;
};

static void answer_tasks(struct core *core, const struct asker *asker, struct pvmi_rec_taskinfo *tasks,
                         uint32_t count)
{
    struct pvmi_msg_tasks answer = { .tasks = { .v = tasks, .n = count } };

    asker_send(core, asker, PVMI_MSG_tasks, &answer);
}

void query_tasks_fail(struct core *core, const struct asker *asker, int code, const char *text)
{
    struct pvmi_fault fault;
    struct pvmi_msg_tasks answer = { .id = 0 };

    pvmi_fault_set(&fault, code, core->self->rec.name, "%s", text);
    answer.error = fault_record(&fault);
    asker_send(core, asker, PVMI_MSG_tasks, &answer);
}

static void local_tasks(struct core *core, const struct asker *asker, int32_t where)
{
    struct pvmi_rec_taskinfo *tasks = core_alloc(core, (core->tasks.count + 1) * sizeof(*tasks));
    uint32_t cursor = 0;
    uint32_t count = 0;
    struct task *task;

    if (tasks == NULL) {
        query_tasks_fail(core, asker, PvmNoMem, "no memory for the list of tasks");
        return;
    }
    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        bool wanted = pvmi_tid_local(where) == 0 || where == task->tid;

        if (!task->left && wanted)
            task_info(core, task, &tasks[count++]);
    }
    answer_tasks(core, asker, tasks, count);
    pvmi_free(tasks);
}

static void gather_part_free(struct gather_part *part)
{
    for (uint32_t i = 0; i < part->count; i++)
        pvmi_free((char *)part->tasks[i].file);
    pvmi_free(part);
}

static void gather_answer(struct core *core, struct gather *gather)
{
    struct pvmi_rec_taskinfo *tasks =
        gather->no_memory ? NULL : core_alloc(core, (gather->count + 1) * sizeof(*tasks));
    uint32_t at = 0;

    if (tasks == NULL) {
        query_tasks_fail(core, &gather->asker, PvmNoMem, "no memory for the list of tasks");
    } else {
        PVMI_LIST_EACH(node, &gather->parts) {
            struct gather_part *part = PVMI_CONTAINER(node, struct gather_part, link);

            memcpy(&tasks[at], part->tasks, part->count * sizeof(*tasks));
            at += part->count;
        }
        answer_tasks(core, &gather->asker, tasks, at);
    }
    pvmi_free(tasks);
}

static void gather_decided(struct core *core, struct gather *gather)
{
    struct pvmi_list *node;

    if (--gather->pending > 0)
        return;
    gather_answer(core, gather);
    while ((node = pvmi_list_pop(&gather->parts)) != NULL)
        gather_part_free(PVMI_CONTAINER(node, struct gather_part, link));
    pvmi_free(gather);
}

/* The hosts were asked in order of number, so a part stands behind those of lower numbers. */
static void gather_insert(struct gather *gather, struct gather_part *part)
{
    struct pvmi_list *where = &gather->parts;

    PVMI_LIST_EACH(node, &gather->parts) {
        const struct gather_part *other = PVMI_CONTAINER(node, struct gather_part, link);

        if (pvmi_tid_host(other->tasks[0].tid) > pvmi_tid_host(part->tasks[0].tid)) {
            where = node;
            break;
        }
    }
    pvmi_list_insert(where, &part->link);
    gather->count += part->count;
}

static void gather_add(struct core *core, struct gather *gather, const struct pvmi_msg_tasks *answer)
{
    struct gather_part *part;

    if (answer->tasks.n == 0)
        return;
    part = core_alloc(core, sizeof(*part) + answer->tasks.n * sizeof(part->tasks[0]));
    if (part == NULL) {
        gather->no_memory = true;
        return;
    }
    for (uint32_t i = 0; i < answer->tasks.n; i++) {
        const char *file = answer->tasks.v[i].file;
        char *copy = core_strdup(core, file != NULL ? file : "");

        if (copy == NULL) {
            gather->no_memory = true;
            gather_part_free(part);
            return;
        }
        part->tasks[i] = answer->tasks.v[i];
        part->tasks[i].file = copy;
        part->count++;
    }
    gather_insert(gather, part);
}

/* A host that goes meanwhile is left out. */
static void on_gathered(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                        const void *msg)
{
    struct gather *gather = request->owner;

    if (fault == NULL && type == PVMI_MSG_tasks)
        gather_add(core, gather, msg);
    gather_decided(core, gather);
}

static void gather_ask(struct core *core, struct gather *gather, int host, int32_t where)
{
    struct pvmi_msg_tasks_query query = { .where = where };
    struct request *request = request_open(core, host, on_gathered);

    if (request == NULL) {
        gather->no_memory = true;
        return;
    }
    gather->pending++;
    request->owner = gather;
    request_post(core, request, PVMI_MSG_tasks_query, &query);
}

void query_tasks(struct core *core, const struct asker *asker, int32_t where)
{
    int host = pvmi_tid_host(where);
    struct gather *gather;

    if (asker->kind != ASKER_TASK) {
        local_tasks(core, asker, where);
        return;
    }
    if (where != 0 && host_find(&core->state, host) == NULL) {
        query_tasks_fail(core, asker, PvmNoHost, "no such host is in the virtual machine");
        return;
    }
    gather = core_alloc(core, sizeof(*gather));
    if (gather == NULL) {
        query_tasks_fail(core, asker, PvmNoMem, "no memory for the list of tasks");
        return;
    }
    gather->asker = *asker;
    gather->pending = 1;
    pvmi_list_init(&gather->parts);
    PVMI_LIST_EACH(node, &core->state.hosts) {
        int number = PVMI_CONTAINER(node, struct host, link)->rec.number;

        if (where == 0 || number == host)
            gather_ask(core, gather, number, where != 0 ? where : pvmi_tid_of_host(number));
    }
    gather_decided(core, gather);
}

/* ---- hosts: pvm_config, pvm_mstat ---- */

void query_hosts_fail(struct core *core, const struct asker *asker, int code, const char *text)
{
    struct pvmi_fault fault;
    struct pvmi_msg_hosts answer = { .id = 0 };

    pvmi_fault_set(&fault, code, core->self->rec.name, "%s", text);
    answer.error = fault_record(&fault);
    asker_send(core, asker, PVMI_MSG_hosts, &answer);
}

void query_hosts(struct core *core, const struct asker *asker)
{
    struct pvmi_msg_hosts answer = { .pending = join_pending(core) };

    answer.hosts.v = core_alloc(core, ((size_t)core->state.host_count + 1) * sizeof(*answer.hosts.v));
    if (answer.hosts.v == NULL || failed_hosts_tell(core, &answer) != PvmOk) {
        query_hosts_fail(core, asker, PvmNoMem, "no memory for the list of hosts");
    } else {
        PVMI_LIST_EACH(node, &core->state.hosts)
            answer.hosts.v[answer.hosts.n++] = PVMI_CONTAINER(node, struct host, link)->rec;
        asker_send(core, asker, PVMI_MSG_hosts, &answer);
    }
    pvmi_free(answer.hosts.v);
    pvmi_free(answer.failed_names.v);
    pvmi_free(answer.errors.v);
}

/* Whatever it says, it lives. */
static void on_host(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                    const void *msg)
{
    (void)type;
    (void)msg;
    asker_answer(core, &request->asker, fault, 0);
}

/* A member may have died without having been missed: it is asked itself, and is gone when it does not answer. */
void query_host(struct core *core, const struct asker *asker, const char *name)
{
    struct pvmi_msg_host_query query = { .name = name };
    const struct host *host;
    struct request *request;

    if (name == NULL || name[0] == '\0') {
        asker_fail(core, asker, PvmBadParam, "a host's name is needed");
        return;
    }
    host = strcmp(name, ".") == 0 ? core->self : host_by_name(&core->state, name);
    if (host == NULL) {
        asker_fail(core, asker, PvmNoHost, "%s is not in the virtual machine", name);
        return;
    }
    if (asker->kind != ASKER_TASK || host->rec.number == core_self(core)) {
        asker_answer(core, asker, NULL, 0);
        return;
    }
    request = request_open(core, host->rec.number, on_host);
    if (request == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory for the request");
        return;
    }
    request->asker = *asker;
    request_post(core, request, PVMI_MSG_host_query, &query);
}

/* ---- signals: pvm_sendsig. Nobody is told what became of them, as in PVM 3. ---- */

void query_signal(struct core *core, int32_t tid, int signum)
{
    struct pvmi_msg_signal signal = { .tid = tid, .signum = signum };
    struct peer *peer = peer_find(core, pvmi_tid_host(tid));

    if (pvmi_tid_host(tid) == core_self(core)) {
        struct task *task = task_find(core, tid);

        if (task != NULL && (task->handle == 0 || (task->running && !task->ended)))
            action_signal(core, task, signum);
    } else if (peer != NULL && peer->member) {
        peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_signal, &signal);
    }
}

/* ---- another host's clock: pvm_hostsync ---- */

static void answer_clock(struct core *core, const struct asker *asker)
{
    int64_t now_us = core->config.clock(core->config.clock_user);
    int64_t seconds = now_us / 1000000;
    int32_t values[3] = { (int32_t)(seconds >> 30), (int32_t)(seconds & ((1 << 30) - 1)),
                          (int32_t)(now_us % 1000000) };
    struct pvmi_msg_answer answer = { .values = { .v = values, .n = 3 } };

    asker_send(core, asker, PVMI_MSG_answer, &answer);
}

static void on_clock(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                     const void *msg)
{
    struct pvmi_msg_answer answer;

    if (fault != NULL || type != PVMI_MSG_answer) {
        asker_fail(core, &request->asker, PvmHostFail, "%s",
                   fault != NULL ? fault->text : "the other daemon's answer cannot be understood");
        return;
    }
    answer = *(const struct pvmi_msg_answer *)msg;
    asker_send(core, &request->asker, type, &answer);
}

void query_clock(struct core *core, const struct asker *asker, int32_t where)
{
    struct pvmi_msg_clock clock = { .host = where };
    int host = pvmi_tid_host(where);

    if (asker->kind == ASKER_HOST || (host == core_self(core) && (where & 0x40000000) == 0)) {
        answer_clock(core, asker);
        return;
    }
    if ((where & 0x40000000) != 0 || host_find(&core->state, host) == NULL) {
        asker_fail(core, asker, PvmNoHost, "0x%x belongs to no host of the virtual machine", (unsigned)where);
        return;
    }
    struct request *request = request_open(core, host, on_clock);
    if (request == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory for the request");
        return;
    }
    request->asker = *asker;
    request_post(core, request, PVMI_MSG_clock, &clock);
}
