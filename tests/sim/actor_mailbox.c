/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Puts, readings, deletions. What is put tells by its header who put it and with which request, and its body follows
 * from that, so that every reading can be checked by itself. A task has one request about the mailbox open at a time,
 * and remembers which entries nobody else may change: in the calm they must be there, and no entry of the dead.
 */
#include "tests/sim/actor_mailbox.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/check.h"
#include "wire/tid.h"

static const char *const class_names[MAILBOX_CLASSES] = { "sun", "moon" };

/* ---- bodies ---- */

static uint64_t body_hash(int32_t src, uint32_t wid)
{
    uint64_t x = ((uint64_t)(uint32_t)src << 32 | wid) * 0x9e3779b97f4a7c15ull;

    return x ^ (x >> 29);
}

/* Mostly short; some go in pieces. */
static uint64_t body_length(int32_t src, uint32_t wid)
{
    uint64_t x = body_hash(src, wid);

    return x % 8 == 0 ? x / 8 % 200000 : x / 8 % 300;
}

static uint8_t body_byte(uint64_t hash, uint64_t at)
{
    return (uint8_t)(hash + at * 31 + at / 256);
}

static void say_put(struct actor *actor, struct pvmi_msg_mailbox *msg)
{
    uint64_t hash = body_hash(actor->tid, msg->id);
    uint64_t length = body_length(actor->tid, msg->id);
    static uint8_t bytes[PVMI_MAILBOX_PIECE];
    int op = msg->op;
    uint64_t at = 0;

    msg->message = (struct pvmi_rec_message){ .format = pvmi_format_own(), .src = actor->tid, .wid = msg->id,
                                              .length = length };
    do {
        uint64_t left = length - at;
        uint32_t piece = left < sizeof(bytes) ? (uint32_t)left : (uint32_t)sizeof(bytes);

        for (uint32_t i = 0; i < piece; i++)
            bytes[i] = body_byte(hash, at + i);
        at += piece;
        msg->op = at < length ? PVMI_MAILBOX_PIECE_OF : op;
        msg->body = (struct pvmi_bytes){ .data = bytes, .length = piece };
        actor_say(actor->process, PVMI_MSG_mailbox, msg, NULL);
    } while (at < length);
}

/* ---- asking ---- */

static struct request *ask(struct actor *actor, int op, int class, int index, int flags)
{
    struct request *request = actor_request(actor, PVMI_MSG_mailbox);
    struct pvmi_msg_mailbox msg = { .id = request->id, .op = op, .index = index, .flags = flags };

    request->op = op;
    request->group = class;
    request->number = index;
    request->flags = flags;
    msg.name = class < 0 ? NULL : class_names[class];
    if (op == PVMI_MAILBOX_PUT)
        say_put(actor, &msg);
    else
        actor_say(actor->process, PVMI_MSG_mailbox, &msg, NULL);
    actor->mailbox_busy = actor->mailbox_busy || !actor_mailbox_waits(request);
    return request;
}

bool actor_mailbox_waits(const struct request *request)
{
    return request->type == PVMI_MSG_mailbox && request->op == PVMI_MAILBOX_GET &&
           (request->flags & PvmMboxWaitForInfo) != 0;
}

static int put_flags(struct world *world)
{
    int flags = 0;

    flags |= world_chance(world, 200) ? PvmMboxPersistent : 0;
    flags |= world_chance(world, 400) ? PvmMboxMultiInstance : 0;
    flags |= world_chance(world, 400) ? PvmMboxOverWritable : 0;
    return flags;
}

static int get_flags(struct world *world)
{
    int flags = 0;

    flags |= world_chance(world, 500) ? PvmMboxFirstAvail : 0;
    flags |= world_chance(world, 300) ? PvmMboxReadAndDelete : 0;
    return flags;
}

void actor_mailbox(struct actor *actor)
{
    struct world *world = actor->world;
    int class = (int)world_below(world, MAILBOX_CLASSES);
    int index = (int)world_below(world, MAILBOX_INDICES);

    if (actor->mailbox_busy)
        return;
    switch (world_below(world, 8)) {
    case 0:
        ask(actor, PVMI_MAILBOX_DELETE, class, index, 0);
        break;
    case 1:
        ask(actor, PVMI_MAILBOX_LIST, class, 0, 0);
        break;
    case 2:
        if (world_chance(world, 300))
            ask(actor, PVMI_MAILBOX_RESET, -1, -1, 0);
        break;
    case 3:
        ask(actor, PVMI_MAILBOX_GET, class, index, PvmMboxWaitForInfo | (get_flags(world) & PvmMboxFirstAvail));
        break;
    case 4:
    case 5:
        ask(actor, PVMI_MAILBOX_GET, class, index, get_flags(world));
        break;
    default:
        ask(actor, PVMI_MAILBOX_PUT, class, index, put_flags(world));
        break;
    }
}

void actor_mailbox_list(struct actor *actor)
{
    struct request *request = actor_request(actor, PVMI_MSG_mailbox);
    struct pvmi_msg_mailbox msg = { .id = request->id, .op = PVMI_MAILBOX_LIST };

    request->op = PVMI_MAILBOX_LIST;
    request->final = true;
    actor_say(actor->process, PVMI_MSG_mailbox, &msg, NULL);
}

/* ---- answers ---- */

static void forget(struct actor *actor, int class, int index)
{
    if (class >= 0 && index >= 0 && index < MAILBOX_INDICES)
        actor->mailbox_mine[class][index] = 0;
}

static void told_put(struct actor *actor, struct request *request, const struct pvmi_msg_answer *msg)
{
    bool multi = (request->flags & PvmMboxMultiInstance) != 0;

    if (msg->error.code == PvmDenied && !multi)
        return;
    if (msg->error.code != PvmOk) {
        world_fail(actor->world, "bad answer", "t%x puts with flags %d and gets %d: %s", (unsigned)actor->tid,
                   request->flags, msg->error.code, msg->error.text == NULL ? "" : msg->error.text);
        return;
    }
    if (multi ? msg->value < request->number : msg->value != request->number)
        world_fail(actor->world, "bad answer", "t%x puts at %d and gets %d", (unsigned)actor->tid, request->number,
                   msg->value);
    else if (msg->value < MAILBOX_INDICES)
        actor->mailbox_mine[request->group][msg->value] =
            request->flags & PvmMboxOverWritable ? 0 : request->id;
}

void actor_mailbox_answered(struct actor *actor, struct request *request, const struct pvmi_msg_answer *msg)
{
    int code = msg->error.code;
    bool denied = code == PvmDenied || code == PvmNotFound;

    if (!actor_mailbox_waits(request))
        actor->mailbox_busy = false;
    if (code == PvmNoMem && actor->world->faults.memory && !request->final)
        return;    /* refused, and nothing has changed */
    if (request->op == PVMI_MAILBOX_PUT) {
        told_put(actor, request, msg);
        return;
    }
    if (request->op == PVMI_MAILBOX_DELETE && code == PvmOk)
        forget(actor, request->group, msg->value);
    if (code != PvmOk ? !denied || request->op == PVMI_MAILBOX_RESET : request->op == PVMI_MAILBOX_GET)
        world_fail(actor->world, "bad answer", "t%x: op %d on the mailbox gives %d: %s", (unsigned)actor->tid,
                   request->op, code, msg->error.text == NULL ? "" : msg->error.text);
}

/* An entry that is there in the calm. */
static void check_entry(struct actor *actor, const struct pvmi_rec_entry *entry)
{
    const struct actor *owner = pvmi_table_get(&actor->world->by_tid, (uint64_t)entry->owner);
    bool kept = (entry->flags & PvmMboxPersistent) != 0;

    if (entry->owner == 0 ? !kept : owner == NULL || owner->gone_at != 0 || !node_member(owner->node))
        world_fail(actor->world, "mailbox wrong", "t%x sees %s[%d] of t%x, which is gone", (unsigned)actor->tid,
                   entry->name, entry->index, (unsigned)entry->owner);
}

static bool is_listed(const struct pvmi_msg_mailbox_found *msg, const char *name, int index, bool first_avail,
                      const struct pvmi_rec_entry **ret_entry)
{
    for (uint32_t i = 0; i < msg->entries.n; i++) {
        const struct pvmi_rec_entry *entry = &msg->entries.v[i];

        if (strcmp(entry->name, name) == 0 &&
            (entry->index == index || (first_avail && entry->index > index))) {
            *ret_entry = entry;
            return true;
        }
    }
    return false;
}

/* What it put and nobody may have changed; and what it waits for. */
static void check_own(struct actor *actor, const struct pvmi_msg_mailbox_found *msg)
{
    const struct pvmi_rec_entry *entry;
    struct request *request;
    uint32_t cursor = 0;

    for (int class = 0; class < MAILBOX_CLASSES; class++) {
        for (int index = 0; index < MAILBOX_INDICES; index++) {
            uint32_t wid = actor->mailbox_mine[class][index];

            if (wid != 0 && (!is_listed(msg, class_names[class], index, false, &entry) ||
                             entry->owner != actor->tid || entry->message.wid != wid))
                world_fail(actor->world, "mailbox wrong", "t%x does not find its %s[%d]", (unsigned)actor->tid,
                           class_names[class], index);
        }
    }
    while ((request = pvmi_table_next(&actor->requests, &cursor, NULL)) != NULL) {
        if (!request->answered && actor_mailbox_waits(request) &&
            is_listed(msg, class_names[request->group], request->number,
                      (request->flags & PvmMboxFirstAvail) != 0, &entry))
            world_fail(actor->world, "reader forgotten", "t%x waits for %s[%d], which is there",
                       (unsigned)actor->tid, class_names[request->group], request->number);
    }
}

static void told_list(struct actor *actor, struct request *request, const struct pvmi_msg_mailbox_found *msg)
{
    actor->mailbox_busy = request->final ? actor->mailbox_busy : false;
    if (!request->final)
        return;
    for (uint32_t i = 0; i < msg->entries.n; i++)
        check_entry(actor, &msg->entries.v[i]);
    check_own(actor, msg);
}

void actor_mailbox_found(struct actor *actor, struct request *request, const struct pvmi_msg_mailbox_found *msg)
{
    uint64_t hash = body_hash(msg->message.src, msg->message.wid);
    uint64_t length = body_length(msg->message.src, msg->message.wid);
    bool good;

    if (request->op == PVMI_MAILBOX_LIST) {
        told_list(actor, request, msg);
        return;
    }
    good = msg->message.length == length && request->have + msg->body.length <= length &&
           pvmi_table_get(&actor->world->by_tid, (uint64_t)msg->message.src) != NULL;
    for (uint32_t i = 0; good && i < msg->body.length; i++)
        good = msg->body.data[i] == body_byte(hash, request->have + i);
    request->have += msg->body.length;
    if (!good || (msg->more == 0 && request->have != length))
        world_fail(actor->world, "entry damaged", "t%x reads %s[%d] of t%x", (unsigned)actor->tid,
                   class_names[request->group], msg->index, (unsigned)msg->message.src);
    if (msg->more != 0)
        return;
    if (!actor_mailbox_waits(request))
        actor->mailbox_busy = false;
    if (request->flags & PvmMboxReadAndDelete)
        forget(actor, request->group, msg->index);
}
