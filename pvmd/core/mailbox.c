/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tasks ask of the mailbox. The orderer decides: what changes becomes a command of the log, which tells what
 * is there and whose it is; the bodies it keeps itself, and gives to who reads. Readers that wait, wait here.
 *
 * A daemon answers pvm_getmboxinfo from its own state, when the orderer's answer has come: that comes behind all
 * commands that the orderer had made by then.
 */
#include "pvmd/core/mailbox.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/mailbox_body.h"
#include "pvmd/core/mailbox_transfer.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/request.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/state_mailbox.h"
#include "pvmd/core/task.h"

#define MAILBOX_ENTRIES_MAX 65536               /* so many entries, and bytes of their names: "welcome" must */
#define MAILBOX_NAMES_MAX (4u * 1024 * 1024)    /* hold them all */

struct mailbox_wait {
    struct pvmi_list link;    /* in core.mailbox_waits, oldest first */
    struct asker asker;
    int32_t tid;
    int32_t index;
    int32_t flags;
    char *name;
};

static void no_memory(struct core *core, const struct asker *asker)
{
    asker_fail(core, asker, PvmNoMem, "%s has no memory for the request", core->self->rec.name);
}

static struct mailbox_entry *entry_find(struct core *core, const char *name, int32_t index, bool first_avail)
{
    const struct mailbox_class *class = mailbox_class_find(&core->state.mailbox, name);

    return class != NULL ? mailbox_entry_find(class, index, first_avail) : NULL;
}

static bool may_change(const struct mailbox_entry *entry, int32_t tid)
{
    return entry->owner == tid || (entry->flags & PvmMboxOverWritable) != 0;
}

static void deny(struct core *core, const struct asker *asker, const char *name,
                 const struct mailbox_entry *entry)
{
    if (entry->owner != 0)
        asker_fail(core, asker, PvmDenied, "index %d of \"%s\" in the mailbox belongs to t%x",
                   (int)entry->index, name, (unsigned)entry->owner);
    else
        asker_fail(core, asker, PvmDenied,
                   "index %d of \"%s\" in the mailbox is kept although its owner has ended: the console's "
                   "\"reset info\" takes it out",
                   (int)entry->index, name);
}

static int order_delete(struct core *core, const char *name, int32_t index)
{
    struct pvmi_msg_cmd_mailbox_delete cmd = { .name = name, .index = index };

    return state_order(core, PVMI_MSG_cmd_mailbox_delete, &cmd);
}

/* ---- reading ---- */

/* False when there is nothing to be read. */
static bool read_entry(struct core *core, const struct asker *asker, int32_t tid, const char *name, int32_t index,
                       int32_t flags)
{
    struct mailbox_entry *entry = entry_find(core, name, index, (flags & PvmMboxFirstAvail) != 0);
    struct pvmi_msg_mailbox_found found;
    struct pvmi_blob *body;

    if (entry == NULL)
        return false;
    if ((flags & PvmMboxReadAndDelete) != 0 && !may_change(entry, tid)) {
        deny(core, asker, name, entry);
        return true;
    }
    found = (struct pvmi_msg_mailbox_found){ .index = entry->index, .message = entry->message };
    body = pvmi_blob_ref(entry->body);
    if ((flags & PvmMboxReadAndDelete) != 0 && order_delete(core, name, entry->index) != PvmOk)
        no_memory(core, asker);
    else
        mailbox_transfer_down(core, asker, tid, &found, body);
    pvmi_blob_unref(body);
    return true;
}

static void wait_free(struct mailbox_wait *wait)
{
    pvmi_list_remove(&wait->link);
    pvmi_free(wait->name);
    pvmi_free(wait);
}

static void wait_add(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    struct mailbox_wait *wait = core_alloc(core, sizeof(*wait));
    char *name = core_strdup(core, msg->name);

    if (wait == NULL || name == NULL) {
        pvmi_free(wait);
        pvmi_free(name);
        no_memory(core, asker);
        return;
    }
    wait->asker = *asker;
    wait->tid = msg->tid;
    wait->index = msg->index;
    wait->flags = msg->flags;
    wait->name = name;
    pvmi_list_push(&core->mailbox_waits, &wait->link);
}

/* An entry of name was put: whoever waits for it reads it, in turn. */
static void waits_look(struct core *core, const char *name)
{
    PVMI_LIST_EACH(node, &core->mailbox_waits) {
        struct mailbox_wait *wait = PVMI_CONTAINER(node, struct mailbox_wait, link);

        if (strcmp(wait->name, name) == 0 &&
            read_entry(core, &wait->asker, wait->tid, wait->name, wait->index, wait->flags))
            wait_free(wait);
    }
}

static void get(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    if (msg->index < 0)
        asker_fail(core, asker, PvmBadParam, "%d is no index in the mailbox", (int)msg->index);
    else if (read_entry(core, asker, msg->tid, msg->name, msg->index, msg->flags))
        return;
    else if (msg->flags & PvmMboxWaitForInfo)
        wait_add(core, asker, msg);
    else
        asker_fail(core, asker, PvmNotFound, "the mailbox has no \"%s\" with index %d%s", msg->name,
                   (int)msg->index, msg->flags & PvmMboxFirstAvail ? " or higher" : "");
}

static void delete(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    struct mailbox_entry *entry;

    if (msg->index < 0) {
        asker_fail(core, asker, PvmBadParam, "%d is no index in the mailbox", (int)msg->index);
        return;
    }
    entry = entry_find(core, msg->name, msg->index, false);
    if (entry == NULL)
        asker_fail(core, asker, PvmNotFound, "the mailbox has no \"%s\" with index %d", msg->name,
                   (int)msg->index);
    else if (!may_change(entry, msg->tid))
        deny(core, asker, msg->name, entry);
    else if (order_delete(core, msg->name, msg->index) != PvmOk)
        no_memory(core, asker);
    else
        asker_answer(core, asker, NULL, msg->index);
}

/* ---- what nobody owns: the console's reset ---- */

static bool is_left_over(const struct pvmi_msg_mailbox *msg, const struct mailbox_entry *entry)
{
    if ((entry->flags & PvmMboxPersistent) == 0 || (msg->index >= 0 && entry->index != msg->index))
        return false;
    for (uint32_t i = 0; i < msg->tids.n; i++) {
        if (entry->owner == msg->tids.v[i])
            return true;
    }
    return entry->owner == 0;
}

/* The first one, and the name of its class. */
static const struct mailbox_entry *left_over(struct core *core, const struct pvmi_msg_mailbox *msg,
                                             const char **ret_name)
{
    PVMI_LIST_EACH(node, &core->state.mailbox.classes) {
        const struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        if (msg->name != NULL && strcmp(msg->name, class->name) != 0)
            continue;
        PVMI_LIST_EACH(at, &class->entries) {
            const struct mailbox_entry *entry = PVMI_CONTAINER(at, struct mailbox_entry, link);

            if (!is_left_over(msg, entry))
                continue;
            *ret_name = class->name;
            return entry;
        }
    }
    return NULL;
}

static void reset(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    const struct mailbox_entry *entry;
    const char *name;
    int32_t count = 0;

    while ((entry = left_over(core, msg, &name)) != NULL) {
        if (order_delete(core, name, entry->index) != PvmOk) {
            no_memory(core, asker);
            return;
        }
        count++;
    }
    asker_answer(core, asker, NULL, count);
}

/* ---- putting ---- */

static int32_t lowest_free(const struct mailbox_class *class, int32_t from)
{
    int32_t index = from;

    if (class == NULL)
        return index;
    if (index <= class->count && PVMI_CONTAINER(class->entries.prev, struct mailbox_entry, link)->index ==
                                     class->count - 1)
        return class->count;    /* there are no holes */
    PVMI_LIST_EACH(node, &class->entries) {
        int32_t used = PVMI_CONTAINER(node, struct mailbox_entry, link)->index;

        if (used == index)
            index++;
        else if (used > index)
            break;
    }
    return index;
}

/* Where it goes, or -1 when the asker has been told why it cannot. */
static int32_t choose_index(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    const struct mailbox_class *class = mailbox_class_find(&core->state.mailbox, msg->name);
    const struct mailbox_entry *entry = entry_find(core, msg->name, msg->index, false);
    bool insert = msg->op == PVMI_MAILBOX_INSERT;

    if (insert ? msg->index == -1 : (msg->flags & PvmMboxMultiInstance) != 0)
        return lowest_free(class, msg->index < 0 ? 0 : msg->index);
    if (msg->index < 0) {
        asker_fail(core, asker, PvmBadParam, "%d is no index in the mailbox", (int)msg->index);
        return -1;
    }
    if (entry != NULL && (insert || !may_change(entry, msg->tid))) {
        deny(core, asker, msg->name, entry);
        return -1;
    }
    return msg->index;
}

static bool has_room(struct core *core, const struct asker *asker, const char *name)
{
    const struct mailbox *mailbox = &core->state.mailbox;

    if (mailbox->entry_count >= MAILBOX_ENTRIES_MAX)
        asker_fail(core, asker, PvmNoMem, "the mailbox is full: it may have %u entries", MAILBOX_ENTRIES_MAX);
    else if (strlen(name) > MAILBOX_NAMES_MAX - mailbox->name_bytes)
        asker_fail(core, asker, PvmNoMem, "the mailbox is full: the names of its entries may have %u bytes",
                   MAILBOX_NAMES_MAX);
    else
        return true;
    return false;
}

static void put(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg,
                struct pvmi_blob *body)
{
    int32_t index = choose_index(core, asker, msg);
    struct pvmi_msg_cmd_mailbox_put cmd = {
        .entry = { .name = msg->name, .index = index, .owner = msg->tid, .flags = msg->flags,
                   .message = msg->message },
    };
    struct mailbox_entry *entry;

    if (index < 0 || (entry_find(core, msg->name, index, false) == NULL && !has_room(core, asker, msg->name)))
        return;
    cmd.entry.message.length = body->length;
    if (mailbox_tells(msg->name, index, body->length))
        cmd.entry.told = (struct pvmi_bytes){ .data = body->data, .length = (uint32_t)body->length };
    if (state_order(core, PVMI_MSG_cmd_mailbox_put, &cmd) != PvmOk) {
        no_memory(core, asker);
        return;
    }
    entry = entry_find(core, msg->name, index, false);
    pvmi_blob_unref(entry->body);
    entry->body = pvmi_blob_ref(body);
    asker_answer(core, asker, NULL, index);
    waits_look(core, msg->name);
}

static void put_whole(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    struct pvmi_fault fault;
    struct pvmi_blob *body = mailbox_body_whole(core, asker, msg, &fault);

    if (body == NULL) {
        asker_answer(core, asker, &fault, 0);
        return;
    }
    put(core, asker, msg, body);
    pvmi_blob_unref(body);
}

void mailbox_serve(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    if (msg->op == PVMI_MAILBOX_PIECE_OF) {
        mailbox_body_piece(core, asker, msg);
    } else if (msg->op == PVMI_MAILBOX_LIST) {
        asker_answer(core, asker, NULL, 0);
    } else if (msg->op == PVMI_MAILBOX_RESET) {
        reset(core, asker, msg);
    } else if (msg->name == NULL || msg->name[0] == '\0') {
        asker_fail(core, asker, PvmBadParam, "a class of the mailbox has a name");
    } else if (msg->op == PVMI_MAILBOX_PUT || msg->op == PVMI_MAILBOX_INSERT) {
        put_whole(core, asker, msg);
    } else if (msg->op == PVMI_MAILBOX_GET) {
        get(core, asker, msg);
    } else if (msg->op == PVMI_MAILBOX_DELETE) {
        delete(core, asker, msg);
    } else {
        asker_fail(core, asker, PvmBadParam, "%d is no request about the mailbox", (int)msg->op);
    }
}

/* ---- tasks that go ---- */

void mailbox_task_gone(struct core *core, int32_t tid)
{
    PVMI_LIST_EACH(node, &core->mailbox_waits) {
        struct mailbox_wait *wait = PVMI_CONTAINER(node, struct mailbox_wait, link);
        struct asker asker = wait->asker;

        if (wait->tid != tid)
            continue;
        wait_free(wait);
        asker_fail(core, &asker, PvmNoTask, "t%x has ended", (unsigned)tid);    /* its daemon keeps it open */
    }
    mailbox_transfers_forget(core, tid, 0);
    mailbox_bodies_forget(core, tid, 0);
}

void mailbox_host_gone(struct core *core, int number)
{
    PVMI_LIST_EACH(node, &core->mailbox_waits) {
        struct mailbox_wait *wait = PVMI_CONTAINER(node, struct mailbox_wait, link);

        if (wait->asker.kind == ASKER_HOST && wait->asker.host == number)
            wait_free(wait);
    }
    mailbox_transfers_forget(core, 0, number);
    mailbox_bodies_forget(core, 0, number);
}

void mailbox_task_left(struct core *core, struct task *task)
{
    mailbox_transfers_forget(core, task->tid, 0);
    mailbox_bodies_forget(core, task->tid, 0);
}

void mailbox_free_all(struct core *core)
{
    PVMI_LIST_EACH(node, &core->mailbox_waits)
        wait_free(PVMI_CONTAINER(node, struct mailbox_wait, link));
    mailbox_bodies_free(core);
    mailbox_transfers_free(core);
}

/* ---- at the daemon of who asks ---- */

/* The pattern is found anywhere in name; a '*' stands for any characters. */
static bool name_matches(const char *name, const char *pattern)
{
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, "*");
        const char *at = name;

        while (*at != '\0' && strncmp(at, pattern, length) != 0)
            at++;
        if (length > 0 && *at == '\0')
            return false;
        name = at + length;
        pattern += length + (pattern[length] == '*');
    }
    return true;
}

static void answer_list(struct core *core, const struct asker *asker, const char *pattern)
{
    const struct mailbox *mailbox = &core->state.mailbox;
    struct pvmi_msg_mailbox_found found = { .index = 0 };

    found.entries.v = core_alloc(core, ((size_t)mailbox->entry_count + 1) * sizeof(*found.entries.v));
    if (found.entries.v == NULL) {
        no_memory(core, asker);
        return;
    }
    PVMI_LIST_EACH(node, &mailbox->classes) {
        const struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        if (!name_matches(class->name, pattern))
            continue;
        PVMI_LIST_EACH(at, &class->entries)
            found.entries.v[found.entries.n++] =
                mailbox_record(class, PVMI_CONTAINER(at, struct mailbox_entry, link));
    }
    asker_send(core, asker, PVMI_MSG_mailbox_found, &found);
    pvmi_free(found.entries.v);
}

static void on_answered(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                        const void *msg)
{
    const struct pvmi_msg_answer *answer = msg;
    char *pattern = request->owner;    /* LIST */

    if (fault != NULL) {
        asker_answer(core, &request->asker, fault, 0);
    } else if (type == PVMI_MSG_mailbox_found) {
        struct pvmi_msg_mailbox_found found = *(const struct pvmi_msg_mailbox_found *)msg;

        asker_send(core, &request->asker, type, &found);
    } else if (type == PVMI_MSG_answer && answer->error.code == PvmOk && pattern != NULL) {
        answer_list(core, &request->asker, pattern);
    } else if (type == PVMI_MSG_answer) {
        struct pvmi_msg_answer copy = *answer;

        asker_send(core, &request->asker, type, &copy);
    } else {
        asker_fail(core, &request->asker, PvmSysErr, "%s answered with \"%s\"",
                   host_name(core, request->host), pvmi_control_name(type));
    }
    pvmi_free(pattern);
}

static struct request *open_request(struct core *core, const struct asker *asker)
{
    struct request *request = request_open(core, core_orderer_number(core), on_answered);

    if (request != NULL)
        request->asker = *asker;
    else
        no_memory(core, asker);
    return request;
}

static void put_request(struct core *core, const struct asker *asker, struct task *task,
                        struct pvmi_msg_mailbox *msg)
{
    struct pvmi_fault fault;
    struct pvmi_blob *body = mailbox_body_whole(core, asker, msg, &fault);
    struct request *request;

    if (body == NULL) {
        asker_answer(core, asker, &fault, 0);
        return;
    }
    request = open_request(core, asker);
    if (request != NULL) {
        task->transferred = task->transferred || body->length > PVMI_MAILBOX_PIECE;
        mailbox_transfer_up(core, request, msg, body);
    }
    pvmi_blob_unref(body);
}

void mailbox_request(struct core *core, const struct asker *asker, struct task *task,
                     const struct pvmi_msg_mailbox *msg)
{
    struct pvmi_msg_mailbox own = *msg;
    struct request *request;
    char *pattern = NULL;

    own.tid = task->tid;
    task->ordered = true;
    if (own.op == PVMI_MAILBOX_PIECE_OF) {
        mailbox_body_piece(core, asker, &own);
        return;
    }
    if (own.op == PVMI_MAILBOX_PUT || own.op == PVMI_MAILBOX_INSERT) {
        put_request(core, asker, task, &own);
        return;
    }
    if (own.op == PVMI_MAILBOX_LIST) {
        pattern = core_strdup(core, own.name != NULL ? own.name : "");
        own.name = NULL;
        if (pattern == NULL) {
            no_memory(core, asker);
            return;
        }
    }
    request = open_request(core, asker);
    if (request == NULL) {
        pvmi_free(pattern);
        return;
    }
    request->owner = pattern;
    request_post(core, request, PVMI_MSG_mailbox, &own);
}
