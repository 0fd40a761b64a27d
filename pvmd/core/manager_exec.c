/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a resource manager has daemons do: SM_EXEC starts tasks on the daemon's host, SM_ADD adds hosts to the machine,
 * SM_HANDOFF lets another task manage those that enrol from then on. The answers, SM_EXECACK and SM_ADDACK, bear the wait id of the request.
 * How the parts of pvm_spawn() that PVM 3 keeps elsewhere travel by way of the manager: as variables of the task, for a
 * manager hands those on without looking at them.
 */
#include "pvmd/core/manager_exec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/join.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmproto.h"
#include "wire/items.h"
#include "wire/tid.h"

/* ---- variables ---- */

static void put_variable(struct pvmi_items_writer *items, const char *name, const char *value)
{
    char *text = value == NULL ? NULL : pvmi_asprintf("%s%s", name, value);

    if (text == NULL && value != NULL)
        items->failed = true;
    else if (text != NULL)
        pvmi_items_put_string(items, text);
    pvmi_free(text);
}

static void put_number(struct pvmi_items_writer *items, const char *format, int value)
{
    char text[64];

    snprintf(text, sizeof(text), format, value);
    pvmi_items_put_string(items, text);
}

void manager_put_env(struct pvmi_items_writer *items, const struct pvmi_msg_spawn *msg)
{
    const struct pvmi_rec_inherit *inherit = &msg->inherit;

    pvmi_items_put_int(items, 3 + (int32_t)msg->env.n + (inherit->trace_mask != NULL) + (msg->directory != NULL) +
                                  (msg->beside != NULL) + (msg->cwd != NULL));
    put_variable(items, "PVMTMASK=", inherit->trace_mask);
    put_number(items, "PVMTRCBUF=%d", inherit->trace_buffer);
    put_number(items, "PVMTRCOPT=%d", inherit->trace_options);
    put_number(items, "PVMCTX=0x%x", inherit->context);
    for (uint32_t i = 0; i < msg->env.n; i++)
        pvmi_items_put_string(items, msg->env.v[i]);
    put_variable(items, "PVMSPAWNWD=", msg->directory);
    put_variable(items, "PVM_SPAWN_BESIDE=", msg->beside);
    put_variable(items, "PVM_SPAWN_CWD=", msg->cwd);
}

/* True, and *ret_value is where it begins, when text sets name (with its '='). */
static bool sets(const char *text, const char *name, const char **ret_value)
{
    size_t length = strlen(name);

    if (strncmp(text, name, length) != 0)
        return false;
    *ret_value = text + length;
    return true;
}

/* Takes a variable that is not for the task. */
static bool take_variable(const char *text, struct pvmi_msg_start *msg)
{
    const char *value;

    if (sets(text, "PVMTMASK=", &value))
        msg->inherit.trace_mask = value;
    else if (sets(text, "PVMTRCBUF=", &value))
        msg->inherit.trace_buffer = (int32_t)strtol(value, NULL, 0);
    else if (sets(text, "PVMTRCOPT=", &value))
        msg->inherit.trace_options = (int32_t)strtol(value, NULL, 0);
    else if (sets(text, "PVMCTX=", &value))
        msg->inherit.context = (int32_t)strtol(value, NULL, 0);
    else if (sets(text, "PVMSPAWNWD=", &value))
        msg->directory = value;
    else if (sets(text, "PVM_SPAWN_BESIDE=", &value))
        msg->beside = value;
    else if (sets(text, "PVM_SPAWN_CWD=", &value))
        msg->cwd = value;
    else
        return false;
    return true;
}

/* ---- requests ---- */

/* int count and so many strings. The array is to be freed, the strings lie in the message. */
static void read_strings(struct core *core, struct pvmi_items_reader *items, struct pvmi_strings *strings)
{
    int32_t count = pvmi_items_int(items);

    *strings = (struct pvmi_strings){ .n = 0 };
    if (items->failed || count < 0 || count > items->end - items->at) {
        items->failed = true;
        return;
    }
    strings->v = core_alloc(core, ((size_t)count + 1) * sizeof(*strings->v));
    items->failed |= strings->v == NULL;
    for (int32_t i = 0; i < count && !items->failed; i++)
        strings->v[strings->n++] = (char *)pvmi_items_string(items);
}

static struct asker manager_asker(struct core *core, int32_t manager, uint32_t wid, int tag)
{
    do {
        core->next_request++;
    } while (core->next_request == 0 || pvmi_table_get(&core->requests, core->next_request) != NULL);
    return (struct asker){ .kind = ASKER_MANAGER, .id = core->next_request, .tid = manager, .wid = wid, .tag = tag };
}

/* Three ints at the end, of copies, as a tasker is told them. PVM 3's own example has strings there: it means nothing. */
static void take_copies(const struct pvmi_items_reader *items, struct pvmi_msg_start *msg)
{
    struct pvmi_items_reader rest = *items;
    int32_t first = pvmi_items_int(&rest);
    int32_t total;

    pvmi_items_int(&rest);
    total = pvmi_items_int(&rest);
    if (rest.failed || !pvmi_items_end(&rest))
        return;
    msg->first = first;
    msg->total = total;
}

/* int parent, string file, int flags, int count, int argc, strings, six ints of output and trace, int n, variables. */
static void exec(struct core *core, const struct asker *asker, struct pvmi_items_reader *items)
{
    struct pvmi_msg_start msg = { .parent = pvmi_items_int(items) };
    uint32_t kept = 0;

    msg.file = pvmi_items_string(items);
    msg.flags = pvmi_items_int(items);
    msg.count = pvmi_items_int(items);
    read_strings(core, items, &msg.argv);
    msg.inherit.output_tid = pvmi_items_int(items);
    msg.inherit.output_ctx = pvmi_items_int(items);
    msg.inherit.output_tag = pvmi_items_int(items);
    msg.inherit.trace_tid = pvmi_items_int(items);
    msg.inherit.trace_ctx = pvmi_items_int(items);
    msg.inherit.trace_tag = pvmi_items_int(items);
    read_strings(core, items, &msg.env);
    for (uint32_t i = 0; i < msg.env.n && !items->failed; i++) {
        if (!take_variable(msg.env.v[i], &msg))
            msg.env.v[kept++] = msg.env.v[i];
    }
    msg.env.n = kept;
    take_copies(items, &msg);
    if (items->failed)
        asker_fail(core, asker, PvmBadMsg, "an SM_EXEC that cannot be understood");
    else
        start_request(core, asker, &msg);
    pvmi_free(msg.argv.v);
    pvmi_free(msg.env.v);
}

/* int count and so many lines of a host file. */
static void add(struct core *core, const struct asker *asker, struct pvmi_items_reader *items)
{
    struct pvmi_strings lines;

    read_strings(core, items, &lines);
    if (items->failed)
        asker_fail(core, asker, PvmBadMsg, "an SM_ADD that cannot be understood");
    else if (!core_is_orderer(core))
        asker_fail(core, asker, PvmSysErr, "%s is not the first host: send SM_ADD to that", core->self->rec.name);
    else
        join_add(core, asker, 0, &lines, false);
    pvmi_free(lines.v);
}

/* Those that it has stay with it. The heir may be none yet: one that has a manager does not become one by itself. */
static void handoff(struct core *core, int32_t manager, struct pvmi_items_reader *items)
{
    int32_t heir = pvmi_items_int(items);

    if (plugin_find(core, PLUGIN_MANAGER) != manager) {
        core_log(core, PVMI_LOG_WARN, "t%x wants to hand off what it does not manage any more: dropped", (unsigned)manager);
    } else if (items->failed || (!plugin_is(core, heir, PLUGIN_MANAGER) && task_find(core, heir) == NULL)) {
        core_log(core, PVMI_LOG_WARN, "t%x wants to hand off to t%x, which is no resource manager: dropped",
                 (unsigned)manager, (unsigned)heir);
    } else {
        core->manager = heir;
        core->heir = task_find(core, heir) != NULL ? heir : 0;
    }
}

bool manager_told(struct core *core, const struct pvmi_frame_header *header, struct pvmi_items_reader *items)
{
    struct asker asker;

    if (!plugin_is(core, header->src, PLUGIN_MANAGER))
        return false;
    switch (header->tag) {
    case SM_EXEC:
        asker = manager_asker(core, header->src, header->wid, SM_EXECACK);
        exec(core, &asker, items);
        return true;
    case SM_ADD:
        asker = manager_asker(core, header->src, header->wid, SM_ADDACK);
        add(core, &asker, items);
        return true;
    case SM_HANDOFF:
        handoff(core, header->src, items);
        return true;
    default:
        return false;
    }
}

/* ---- answers ---- */

/* A host that was added, as in SM_CONFIG; for one that was not, its code and nothing. */
static void put_host(struct core *core, struct pvmi_items_writer *items, int32_t value)
{
    const struct host *host = value > 0 ? host_find(&core->state, pvmi_tid_host(value)) : NULL;

    pvmi_items_put_int(items, value);
    pvmi_items_put_string(items, host != NULL ? host->rec.name : "");
    pvmi_items_put_string(items, host != NULL ? host->rec.arch : "");
    pvmi_items_put_int(items, host != NULL ? host->rec.speed : 0);
    pvmi_items_put_int(items, host != NULL ? host->rec.dsig : 0);
}

void manager_answer(struct core *core, const struct asker *asker, int type, const void *msg)
{
    const struct pvmi_msg_answer *answer = msg;
    struct pvmi_items_writer items = { 0 };

    if (type != PVMI_MSG_answer)
        return;    /* progress: PVM 3 has none */
    if (answer->error.code < 0) {
        pvmi_items_put_int(&items, answer->error.code);
    } else {
        pvmi_items_put_int(&items, (int32_t)answer->values.n);
        if (asker->tag == SM_ADDACK)
            pvmi_items_put_int(&items, 0);
        for (uint32_t i = 0; i < answer->values.n; i++) {
            if (asker->tag == SM_ADDACK)
                put_host(core, &items, answer->values.v[i]);
            else
                pvmi_items_put_int(&items, answer->values.v[i]);
        }
    }
    if (!plugin_send(core, 0, asker->tid, asker->tag, asker->wid, &items))
        core_log(core, PVMI_LOG_ERROR, "no memory to answer the resource manager t%x", (unsigned)asker->tid);
    if (asker->tag == SM_EXECACK && answer->error.code >= 0)
        start_on_done(core, core_self(core), asker->id);
}
