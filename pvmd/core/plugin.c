/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that do a part of the daemon's work: hoster, tasker, manager, and the tracer, who only is told. A registration
 * is an entry of the mailbox, as in PVM 3: so all daemons know of it, and it goes with its task.
 *
 * What a plug-in is asked is a message with a wait id, which its answer bears. Who it is that must answer is known, and
 * checked in each step: when it is registered no longer, what it was asked for has failed, and what comes next goes the
 * ordinary way again.
 */
#include "pvmd/core/plugin.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/plugin_message.h"
#include "pvmd/core/route.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/state_mailbox.h"
#include "pvmd/core/task.h"
#include "wire/items.h"
#include "wire/tid.h"

#define FLAG_MANAGER 0x100
#define FLAG_HOSTER 0x200
#define FLAG_TASKER 0x400
#define FLAG_TRACER 0x800

static const struct {
    const char *class_name;
    const char *word;
    int flag;
    bool each_host;    /* has one; else there is one for the machine */
} kinds[PLUGIN_KINDS] = {
    [PLUGIN_MANAGER] = { PVMRMCLASS, "resource manager", FLAG_MANAGER, true },
    [PLUGIN_HOSTER] = { PVMHOSTERCLASS, "hoster", FLAG_HOSTER, false },
    [PLUGIN_TASKER] = { PVMTASKERCLASS, "tasker", FLAG_TASKER, true },
    [PLUGIN_TRACER] = { PVMTRACERCLASS, "tracer", FLAG_TRACER, false },
};

/* ---- who is registered ---- */

/* The owner of an entry of kind: tid, or (0) the one that counts for host number. 0: there is none. Of managers the last
 * one counts, for a new one takes over; of the others there is only one. */
static int32_t find_owner(const struct core *core, enum plugin_kind kind, int number, int32_t tid)
{
    const struct mailbox_class *class = mailbox_class_find(&core->state.mailbox, kinds[kind].class_name);
    int32_t found = 0;

    if (class == NULL)
        return 0;
    PVMI_LIST_EACH(node, &class->entries) {
        int32_t owner = PVMI_CONTAINER(node, struct mailbox_entry, link)->owner;
        bool counts = !kinds[kind].each_host || pvmi_tid_host(owner) == number;

        if (owner != 0 && (tid == 0 ? counts : owner == tid) && (found == 0 || kind == PLUGIN_MANAGER))
            found = owner;
    }
    return found;
}

/* A task of this host that has ended, which the log does not say yet. */
static bool has_ended(struct core *core, int32_t tid)
{
    return pvmi_tid_host(tid) == core_self(core) && task_find(core, tid) == NULL;
}

bool plugin_is(struct core *core, int32_t tid, enum plugin_kind kind)
{
    bool heir = kind == PLUGIN_MANAGER && tid == core->heir;

    return tid != 0 && (heir || find_owner(core, kind, 0, tid) == tid) && !has_ended(core, tid);
}

int32_t plugin_find(struct core *core, enum plugin_kind kind)
{
    int32_t tid = find_owner(core, kind, core_self(core), 0);

    if (kind == PLUGIN_MANAGER && plugin_is(core, core->manager, kind))
        return core->manager;
    return tid == 0 || has_ended(core, tid) ? 0 : tid;
}

int32_t plugin_flags(const struct core *core, int32_t tid)
{
    int32_t flags = tid != 0 && tid == core->heir ? FLAG_MANAGER : 0;

    for (int kind = 0; kind < PLUGIN_KINDS; kind++) {
        if (find_owner(core, (enum plugin_kind)kind, 0, tid) == tid)
            flags |= kinds[kind].flag;
    }
    return flags;
}

/* ---- messages to a task ---- */

static bool send_piece(struct core *core, struct pvmi_frame_header *header, struct pvmi_blob *blob, uint32_t length)
{
    struct pvmi_frame *frame = core_frame(core, header, blob, (size_t)header->offset, length);

    if (frame == NULL)
        return false;
    if (pvmi_tid_host(header->dst) == core_self(core))
        route_deliver(core, frame);
    else
        route_frame(core, frame);
    return true;
}

/* More than one frame holds: pieces of a message that has a number among those of this daemon to its task. */
static bool send_long(struct core *core, struct pvmi_frame_header *header, struct pvmi_blob *blob)
{
    struct task *task = task_find(core, header->dst);

    if (task == NULL || header->src != PVMI_TID_PVMD)
        return false;
    header->kind = PVMI_FRAME_DATA;
    header->message = ++task->pvmd_messages;
    while (header->offset < blob->length) {
        size_t left = blob->length - (size_t)header->offset;
        uint32_t length = left < PVMI_FRAME_PAYLOAD_MAX ? (uint32_t)left : PVMI_FRAME_PAYLOAD_MAX;

        if (!send_piece(core, header, blob, length))
            return false;
        header->offset += length;
    }
    return true;
}

bool plugin_send(struct core *core, int32_t src, int32_t dst, int32_t tag, uint32_t wid,
                 struct pvmi_items_writer *items)
{
    bool here = pvmi_tid_host(dst) == core_self(core);
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_NOTICE,
        .encoding = PVMI_ENCODING_DEFAULT,
        .format = (uint8_t)pvmi_format_own(),
        .src = src != 0 ? src : here ? PVMI_TID_PVMD : PVMI_TID_PVMD | pvmi_tid_of_host(core_self(core)),
        .dst = dst,
        .tag = tag,
        .wid = wid,
        .message_length = items->length,
    };
    struct pvmi_blob *blob = items->failed ? NULL : pvmi_blob_copy(items->data, items->length);
    bool sent = false;

    pvmi_items_free(items);
    if (blob == NULL)
        return false;
    if (blob->length <= PVMI_FRAME_PAYLOAD_MAX)
        sent = send_piece(core, &header, blob, (uint32_t)blob->length);
    else
        sent = send_long(core, &header, blob);
    pvmi_blob_unref(blob);
    return sent;
}

/* ---- questions ---- */

bool plugin_ask(struct core *core, const struct plugin_ask *what, int32_t tag, struct pvmi_items_writer *items,
                struct pvmi_fault *fault)
{
    struct plugin_ask *ask = core_alloc(core, sizeof(*ask));

    if (ask == NULL) {
        pvmi_items_free(items);
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name, "no memory to ask the %s", kinds[what->kind].word);
        return false;
    }
    *ask = *what;
    ask->wid = ++core->next_wid;
    if (!plugin_send(core, ask->src, ask->plugin, tag, ask->wid, items)) {
        pvmi_free(ask);
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name, "what the %s t%x is to be asked is too large",
                       kinds[what->kind].word, (unsigned)what->plugin);
        return false;
    }
    pvmi_list_push(&core->plugin_asks, &ask->link);
    return true;
}

static void ask_end(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                    struct pvmi_items_reader *answer)
{
    pvmi_list_remove(&ask->link);
    ask->done(core, ask, fault, answer);
    pvmi_free(ask);
}

bool plugin_asked(const struct core *core, int32_t plugin, int32_t src)
{
    PVMI_LIST_EACH(node, &core->plugin_asks) {
        const struct plugin_ask *ask = PVMI_CONTAINER(node, struct plugin_ask, link);

        if (ask->plugin == plugin && ask->src == src)
            return true;
    }
    return false;
}

bool plugin_answered(struct core *core, int32_t plugin, int32_t src, int32_t tag, uint32_t wid,
                     struct pvmi_items_reader *answer)
{
    PVMI_LIST_EACH(node, &core->plugin_asks) {
        struct plugin_ask *ask = PVMI_CONTAINER(node, struct plugin_ask, link);

        if (ask->plugin == plugin && ask->src == src && ask->answer_tag == tag && ask->wid == wid) {
            ask_end(core, ask, NULL, answer);
            return true;
        }
    }
    return false;
}

void plugin_nonsense(struct core *core, const struct plugin_ask *ask, struct pvmi_fault *fault)
{
    pvmi_fault_set(fault, PvmDSysErr, core->self->rec.name, "the answer of the %s t%x cannot be understood",
                   kinds[ask->kind].word, (unsigned)ask->plugin);
    core_log(core, PVMI_LOG_WARN, "%s", fault->text);
}

void plugin_check(struct core *core)
{
    struct pvmi_fault fault;

    PVMI_LIST_EACH(node, &core->plugin_asks) {
        struct plugin_ask *ask = PVMI_CONTAINER(node, struct plugin_ask, link);

        if (core->stopped || plugin_is(core, ask->plugin, ask->kind))
            continue;
        pvmi_fault_set(&fault, PvmSysErr, core->self->rec.name,
                       "the %s t%x has ended or left before it answered: try again, without it",
                       kinds[ask->kind].word, (unsigned)ask->plugin);
        ask_end(core, ask, &fault, NULL);
    }
}

void plugin_task_left(struct core *core, int32_t tid)
{
    struct pvmi_fault fault;

    plugin_parts_forget(core, tid);
    pvmi_fault_set(&fault, PvmSysErr, core->self->rec.name, "the task that asked has ended");
    PVMI_LIST_EACH(node, &core->plugin_asks) {
        struct plugin_ask *ask = PVMI_CONTAINER(node, struct plugin_ask, link);

        if (ask->src == tid)
            ask_end(core, ask, &fault, NULL);
    }
}

void plugin_free_all(struct core *core)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmSysErr, NULL, "the daemon ends");
    while (!pvmi_list_empty(&core->plugin_asks))
        ask_end(core, PVMI_CONTAINER(core->plugin_asks.next, struct plugin_ask, link), &fault, NULL);
    plugin_parts_forget(core, 0);
}
