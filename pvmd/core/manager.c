/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks of this host that have a resource manager (pvm_reg_rm): those that enrol while there is one, and those that it
 * has started. What they want of the virtual machine becomes a message to it, in the form and as from the sender that it
 * has in PVM 3, and its answer, which is for the task, becomes the daemon's. When it has gone, its tasks have none.
 */
#include "pvmd/core/manager.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/manager_exec.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/spawn.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmproto.h"
#include "wire/items.h"
#include "wire/tid.h"

/* The one that the task has, if that is still there. */
static int32_t manager_of(struct core *core, struct task *task)
{
    if (task->manager != 0 && !plugin_is(core, task->manager, PLUGIN_MANAGER))
        task->manager = 0;
    return task->manager;
}

/* ---- answers ---- */

/* Codes that the manager gave, with a text for each. */
struct refused {
    struct pvmi_fault fault;
    struct pvmi_rec_error errors[START_TEXTS_MAX];
    uint32_t count;
};

static void refused_add(struct core *core, struct refused *refused, const struct plugin_ask *ask, int code)
{
    if (refused->count == 0)
        pvmi_fault_set(&refused->fault, code, core->self->rec.name, "so the resource manager t%x says",
                       (unsigned)ask->plugin);
    if (refused->count == START_TEXTS_MAX)
        return;
    refused->errors[refused->count] = fault_record(&refused->fault);
    refused->errors[refused->count++].code = code;
}

/* False when that is not what a manager answers, or it is a code: then the answer has gone. */
static bool take_count(struct core *core, const struct plugin_ask *ask, const struct pvmi_fault *fault,
                       struct pvmi_items_reader *items, int32_t *ret_count)
{
    struct pvmi_fault own;

    if (fault != NULL) {
        asker_answer(core, &ask->asker, fault, 0);
        return false;
    }
    *ret_count = pvmi_items_int(items);
    if (!items->failed && *ret_count < 0) {
        asker_fail(core, &ask->asker, *ret_count, "so the resource manager t%x says", (unsigned)ask->plugin);
        return false;
    }
    if (!items->failed && *ret_count == ask->count)
        return true;
    plugin_nonsense(core, ask, &own);
    asker_answer(core, &ask->asker, &own, 0);
    return false;
}

static void answer_values(struct core *core, const struct plugin_ask *ask, const struct pvmi_items_reader *items,
                          int32_t good, int32_t *values, struct refused *refused)
{
    struct pvmi_msg_answer answer = {
        .value = good,
        .values = { .v = values, .n = (uint32_t)ask->count },
        .errors = { .v = refused->errors, .n = refused->count },
    };
    struct pvmi_fault fault;

    if (items->failed) {
        plugin_nonsense(core, ask, &fault);
        asker_answer(core, &ask->asker, &fault, 0);
    } else {
        asker_send(core, &ask->asker, PVMI_MSG_answer, &answer);
    }
}

/* Room for as many values as were asked for; NULL: the answer has gone. */
static int32_t *values_new(struct core *core, const struct plugin_ask *ask)
{
    int32_t *values = core_alloc(core, ((size_t)ask->count + 1) * sizeof(*values));

    if (values == NULL)
        asker_fail(core, &ask->asker, PvmNoMem, "no memory for the answer of the resource manager");
    return values;
}

/* They are siblings, and hear of it as from a daemon that has started them. */
static void tell_siblings(struct core *core, int32_t *tids, uint32_t count)
{
    struct pvmi_msg_siblings siblings = { .tids = { .v = tids, .n = count } };
    struct peer *peer;

    siblings_set(core, &siblings.tids);
    for (uint32_t i = 0; i < count; i++) {
        int host = pvmi_tid_host(tids[i]);
        bool told = false;

        for (uint32_t k = 0; k < i && !told; k++)
            told = pvmi_tid_host(tids[k]) == host;
        peer = told ? NULL : peer_find(core, host);
        if (peer != NULL && peer->member)
            peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_siblings, &siblings);
    }
}

/* SM_SPAWN: int count, so many tids or codes. */
static void on_spawned(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                       struct pvmi_items_reader *items)
{
    struct refused refused = { .count = 0 };
    int32_t count, good = 0, bad = 0;
    int32_t *values;

    if (!take_count(core, ask, fault, items, &count) || (values = values_new(core, ask)) == NULL)
        return;
    for (int32_t i = 0; i < count; i++) {
        int32_t value = pvmi_items_int(items);

        if (pvmi_tid_is_task(value)) {
            memmove(values + good + 1, values + good, (size_t)bad * sizeof(*values));
            values[good++] = value;
        } else {
            values[good + bad++] = value < 0 ? value : PvmSysErr;
            refused_add(core, &refused, ask, value < 0 ? value : PvmSysErr);
        }
    }
    answer_values(core, ask, items, good, values, &refused);
    if (!items->failed)
        tell_siblings(core, values, (uint32_t)good);
    pvmi_free(values);
}

/* SM_ADDHOST: int count, int formats, for each host as in SM_CONFIG, the tid a code where it failed. */
static void on_added(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                     struct pvmi_items_reader *items)
{
    struct refused refused = { .count = 0 };
    int32_t count, good = 0;
    int32_t *values;

    if (!take_count(core, ask, fault, items, &count) || (values = values_new(core, ask)) == NULL)
        return;
    pvmi_items_int(items);
    for (int32_t i = 0; i < count; i++) {
        values[i] = pvmi_items_int(items);
        pvmi_items_string(items);
        pvmi_items_string(items);
        pvmi_items_int(items);
        pvmi_items_int(items);
        if (values[i] > 0)
            good++;
        else
            refused_add(core, &refused, ask, values[i]);
    }
    answer_values(core, ask, items, good, values, &refused);
    pvmi_free(values);
}

/* SM_DELHOST: int count, so many codes. */
static void on_deleted(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                       struct pvmi_items_reader *items)
{
    struct refused refused = { .count = 0 };
    int32_t count, good = 0;
    int32_t *values;

    if (!take_count(core, ask, fault, items, &count) || (values = values_new(core, ask)) == NULL)
        return;
    for (int32_t i = 0; i < count; i++) {
        values[i] = pvmi_items_int(items);
        if (values[i] >= 0)
            good++;
        else
            refused_add(core, &refused, ask, values[i]);
    }
    answer_values(core, ask, items, good, values, &refused);
    pvmi_free(values);
}

/* Room for one more than count records; NULL when there is no memory, and records stays. */
static void *grow(void *records, size_t count, size_t size)
{
    return count % 16 != 0 ? records : pvmi_realloc(records, (count + 16) * size);
}

static struct pvmi_rec_host read_host(struct pvmi_items_reader *items)
{
    struct pvmi_rec_host rec = { .number = pvmi_tid_host(pvmi_items_int(items)) };

    rec.name = pvmi_items_string(items);
    rec.arch = pvmi_items_string(items);
    rec.speed = pvmi_items_int(items);
    return rec;
}

/* SM_CONFIG: int count, int formats, and for each host int tid, string name, string arch, int speed, int dsig. */
static void on_config(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                      struct pvmi_items_reader *items)
{
    struct pvmi_msg_hosts hosts = { .id = 0 };
    struct pvmi_fault own;
    int32_t count = 0;

    if (fault == NULL) {
        count = pvmi_items_int(items);
        pvmi_items_int(items);
    }
    for (int32_t i = 0; i < count && !items->failed; i++) {
        struct pvmi_rec_host *more = grow(hosts.hosts.v, hosts.hosts.n, sizeof(*more));

        if (more == NULL)
            break;
        hosts.hosts.v = more;
        more[hosts.hosts.n] = read_host(items);
        more[hosts.hosts.n++].dsig = pvmi_items_int(items);
    }
    if (fault == NULL && (items->failed || (int32_t)hosts.hosts.n != count)) {
        plugin_nonsense(core, ask, &own);
        fault = &own;
    }
    if (fault != NULL) {
        hosts.error = fault_record(fault);
        hosts.hosts.n = 0;
    }
    asker_send(core, &ask->asker, PVMI_MSG_hosts, &hosts);
    pvmi_free(hosts.hosts.v);
}

/* SM_TASK: int code, and to the end int tid, int parent, int host, int flags, string file, int pid. */
static void on_tasks(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                     struct pvmi_items_reader *items)
{
    int32_t code = fault == NULL ? pvmi_items_int(items) : 0;
    struct pvmi_msg_tasks tasks = { .id = 0 };
    struct pvmi_fault own;

    while (fault == NULL && !items->failed && code >= 0 && !pvmi_items_end(items)) {
        struct pvmi_rec_taskinfo *more = grow(tasks.tasks.v, tasks.tasks.n, sizeof(*more));

        if (more == NULL)
            break;
        tasks.tasks.v = more;
        more += tasks.tasks.n++;
        *more = (struct pvmi_rec_taskinfo){ .tid = pvmi_items_int(items) };
        more->parent = pvmi_items_int(items);
        more->host = pvmi_items_int(items);
        more->flags = pvmi_items_int(items);
        more->file = pvmi_items_string(items);
        more->pid = pvmi_items_int(items);
    }
    if (fault == NULL && code < 0)
        pvmi_fault_set(&own, code, core->self->rec.name, "so the resource manager t%x says", (unsigned)ask->plugin);
    else if (fault == NULL && (items->failed || !pvmi_items_end(items)))
        plugin_nonsense(core, ask, &own);
    else
        own.code = PvmOk;
    if (fault == NULL && own.code != PvmOk)
        fault = &own;
    if (fault != NULL) {
        tasks.error = fault_record(fault);
        tasks.tasks.n = 0;
    }
    asker_send(core, &ask->asker, PVMI_MSG_tasks, &tasks);
    pvmi_free(tasks.tasks.v);
}

/* SM_SCHED: int result, and the first host as in SM_CONFIG without its dsig. */
static void on_sched(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                     struct pvmi_items_reader *items)
{
    struct pvmi_rec_host rec;
    struct pvmi_msg_hosts hosts = { .hosts = { .v = &rec, .n = 1 }, .asked = 1 };
    struct pvmi_fault own;

    if (fault == NULL) {
        hosts.manager = pvmi_items_int(items);
        rec = read_host(items);
        if (items->failed) {
            plugin_nonsense(core, ask, &own);
            fault = &own;
        }
    }
    if (fault != NULL) {
        hosts.error = fault_record(fault);
        hosts.hosts.n = 0;
    }
    asker_send(core, &ask->asker, PVMI_MSG_hosts, &hosts);
}

/* ---- requests ---- */

static int32_t put_strings(struct pvmi_items_writer *items, const struct pvmi_strings *strings)
{
    for (uint32_t i = 0; i < strings->n; i++)
        pvmi_items_put_string(items, strings->v[i]);
    return (int32_t)strings->n;
}

static int32_t put_counted(struct pvmi_items_writer *items, const struct pvmi_strings *strings)
{
    pvmi_items_put_int(items, (int32_t)strings->n);
    return put_strings(items, strings);
}

static int32_t put_spawn(struct pvmi_items_writer *items, const struct pvmi_msg_spawn *msg)
{
    const struct pvmi_rec_inherit *inherit = &msg->inherit;

    pvmi_items_put_string(items, msg->file);
    pvmi_items_put_int(items, msg->flags);
    pvmi_items_put_string(items, msg->where);
    pvmi_items_put_int(items, msg->count);
    put_counted(items, &msg->argv);
    pvmi_items_put_int(items, inherit->output_tid);
    pvmi_items_put_int(items, inherit->output_ctx);
    pvmi_items_put_int(items, inherit->output_tag);
    pvmi_items_put_int(items, inherit->trace_tid);
    pvmi_items_put_int(items, inherit->trace_ctx);
    pvmi_items_put_int(items, inherit->trace_tag);
    manager_put_env(items, msg);
    return msg->count;
}

static void put_notify(struct pvmi_items_writer *items, const struct pvmi_msg_notify *msg)
{
    pvmi_items_put_int(items, msg->what);
    pvmi_items_put_int(items, msg->ctx);
    pvmi_items_put_int(items, msg->tag);
    pvmi_items_put_int(items, msg->tids.n > 0 ? (int32_t)msg->tids.n : msg->count);
    for (uint32_t i = 0; i < msg->tids.n; i++)
        pvmi_items_put_int(items, msg->tids.v[i]);
}

/* Fills what is to be sent and who takes the answer. False: that is not the manager's business. */
static bool make_request(const struct pvmi_control *control, struct pvmi_items_writer *items,
                         struct plugin_ask *ask)
{
    const void *msg = control->msg;

    switch (control->type) {
    case PVMI_MSG_spawn:
        ask->done = on_spawned;
        ask->answer_tag = SM_SPAWN;
        ask->count = put_spawn(items, msg);
        return true;
    case PVMI_MSG_host_add:
        ask->done = on_added;
        ask->answer_tag = SM_ADDHOST;
        ask->count = put_counted(items, &((const struct pvmi_msg_host_add *)msg)->lines);
        return true;
    case PVMI_MSG_host_delete:
        ask->done = on_deleted;
        ask->answer_tag = SM_DELHOST;
        ask->count = put_counted(items, &((const struct pvmi_msg_host_delete *)msg)->names);
        return true;
    case PVMI_MSG_hosts_query:
        ask->done = on_config;
        ask->answer_tag = SM_CONFIG;
        return true;
    case PVMI_MSG_tasks_query:
        ask->done = on_tasks;
        ask->answer_tag = SM_TASK;
        pvmi_items_put_int(items, ((const struct pvmi_msg_tasks_query *)msg)->where);
        return true;
    case PVMI_MSG_manage:
        ask->done = on_sched;
        ask->answer_tag = SM_SCHED;
        return true;
    default:
        return false;
    }
}

/* The library's own notices are not the program's. */
static bool is_notify(const struct pvmi_control *control)
{
    return control->type == PVMI_MSG_notify &&
           ((const struct pvmi_msg_notify *)control->msg)->ctx != PVMI_CONTEXT_PVMD;
}

bool manager_takes(struct core *core, struct task *task, const struct asker *asker,
                   const struct pvmi_control *control)
{
    struct pvmi_items_writer items = { 0 };
    struct plugin_ask ask = { .kind = PLUGIN_MANAGER, .src = task->tid, .asker = *asker };
    struct pvmi_fault fault;

    ask.plugin = manager_of(core, task);
    if (ask.plugin == 0)
        return false;
    if (is_notify(control)) {
        put_notify(&items, control->msg);
        if (!plugin_send(core, task->tid, ask.plugin, SM_NOTIFY, 0, &items))
            core_log(core, PVMI_LOG_ERROR, "no memory for what t%x asked the resource manager", (unsigned)task->tid);
        return true;
    }
    if (!make_request(control, &items, &ask))
        return false;
    if (!plugin_ask(core, &ask, ask.answer_tag, &items, &fault))
        ask.done(core, &ask, &fault, NULL);
    return true;
}

void manager_request(struct core *core, const struct asker *asker)
{
    const struct host *first = host_find(&core->state, core_orderer_number(core));
    struct pvmi_rec_host rec = first != NULL ? first->rec : core->orderer->rec;
    struct pvmi_msg_hosts hosts = { .hosts = { .v = &rec, .n = 1 },
                                    .manager = plugin_find(core, PLUGIN_MANAGER) };

    asker_send(core, asker, PVMI_MSG_hosts, &hosts);
}

/* ---- what a manager is told of its tasks ---- */

void manager_on_enrolled(struct core *core, struct task *task)
{
    int32_t manager = plugin_find(core, PLUGIN_MANAGER);
    struct pvmi_items_writer items = { 0 };

    if (task->manager != 0 || manager == 0)
        return;
    task->manager = manager;
    if (task->handle != 0)
        return;    /* the one that spawned it knows */
    pvmi_items_put_int(&items, 1);
    pvmi_items_put_int(&items, task->tid);
    plugin_send(core, 0, manager, SM_EXECACK, 0, &items);
}

void manager_on_ended(struct core *core, struct task *task)
{
    struct pvmi_items_writer items = { 0 };
    int32_t manager = manager_of(core, task);

    if (manager == 0 || core->stopped)
        return;
    pvmi_items_put_int(&items, task->tid);
    pvmi_items_put_int(&items, task->status);
    pvmi_items_put_int(&items, (int32_t)(task->user_us / 1000000));
    pvmi_items_put_int(&items, (int32_t)(task->user_us % 1000000));
    pvmi_items_put_int(&items, (int32_t)(task->system_us / 1000000));
    pvmi_items_put_int(&items, (int32_t)(task->system_us % 1000000));
    plugin_send(core, 0, manager, SM_TASKX, 0, &items);
}

void manager_host_dropped(struct core *core, int number)
{
    struct pvmi_items_writer items = { 0 };
    int32_t manager = plugin_find(core, PLUGIN_MANAGER);

    if (manager == 0 || core->stopped)
        return;
    pvmi_items_put_int(&items, PVMI_TID_PVMD | pvmi_tid_of_host(number));
    plugin_send(core, 0, manager, SM_HOSTX, 0, &items);
}
