/* SPDX-License-Identifier: BSD-3-Clause */
/* What a task is told, and the checks that can be made at once. */
#include "tests/sim/actor.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/actor_mailbox.h"
#include "tests/sim/check.h"
#include "tests/sim/team.h"
#include "wire/section.h"
#include "wire/tid.h"

#define HOSTS_TOLD_LATE (60 * SECOND) /* an addition of many hosts is told of when all are decided */

/* The numbers and bytes of a message made of typed sections. */
struct unpacked {
    int32_t ints[600];
    int int_count;
    const uint8_t *bytes;
    size_t byte_count;
};

static bool unpack_section(const uint8_t *at, int type, uint32_t length, struct unpacked *out)
{
    if (type == PVMI_TYPE_BYTES && out->bytes == NULL) {
        out->bytes = at;
        out->byte_count = length;
        return true;
    }
    if (type != PVMI_TYPE_INT32 || out->int_count + (int)(length / 4) > 600)
        return false;
    memcpy(&out->ints[out->int_count], at, length);
    out->int_count += (int)(length / 4);
    return true;
}

static bool unpack(const struct pvmi_frame_header *header, const uint8_t *payload, struct unpacked *out)
{
    uint32_t at = 0;

    out->int_count = 0;
    out->bytes = NULL;
    out->byte_count = 0;
    if (header->message_length != header->length || header->offset != 0)
        return false;
    while (at < header->length) {
        int type;
        uint32_t length;

        if (header->length - at < PVMI_SECTION_HEADER_SIZE ||
            pvmi_section_header_decode(payload + at, &type, &length) != PvmOk)
            return false;
        at += PVMI_SECTION_HEADER_SIZE;
        if (length > header->length - at || !unpack_section(payload + at, type, length, out))
            return false;
        at += length;
    }
    return true;
}

/* ---- messages ---- */

static void told_message_end(struct pair *pair)
{
    pair->delivered++;
    pair->arriving = 0;
}

static void told_data(struct actor *actor, const struct pvmi_frame_header *header, const uint8_t *payload)
{
    struct world *world = actor->world;
    struct actor *src = pvmi_table_get(&world->by_tid, (uint64_t)header->src);
    struct pair *pair = src == NULL ? NULL : pvmi_table_get(&src->pairs, (uint64_t)actor->tid);
    static uint8_t expected[PVMI_FRAME_PAYLOAD_MAX];

    if (pair == NULL || header->dst != actor->tid) {
        world_fail(world, "stray message", "t%x got one from t%x to t%x", (unsigned)actor->tid,
                   (unsigned)header->src, (unsigned)header->dst);
        return;
    }
    if (pvmi_table_get(&actor->noticed, (uint64_t)header->src) != NULL)
        world_fail(world, "message after notice", "t%x got message %u of t%x, of whose end it knows",
                   (unsigned)actor->tid, header->message, (unsigned)header->src);
    if (pvmi_table_get(&actor->noticed_hosts, (uint64_t)pvmi_tid_host(header->src)) != NULL)
        world_fail(world, "message after notice", "t%x got message %u of t%x, of whose host's end it knows",
                   (unsigned)actor->tid, header->message, (unsigned)header->src);
    if (header->message != pair->delivered + 1 || header->message > pair->sent ||
        header->offset != pair->arriving)
        world_fail(world, "message order", "t%x got message %u at %llu from t%x, after %u and %llu of %u",
                   (unsigned)actor->tid, header->message, (unsigned long long)header->offset,
                   (unsigned)header->src, pair->delivered, (unsigned long long)pair->arriving, pair->sent);
    else if (header->message_length != actor_message_length(pair, header->message))
        world_fail(world, "message changed", "t%x got message %u from t%x with another length",
                   (unsigned)actor->tid, header->message, (unsigned)header->src);
    actor_message_fill(pair, header->message, header->offset, expected, header->length);
    if (memcmp(expected, payload, header->length) != 0)
        world_fail(world, "message changed", "t%x got message %u from t%x with other bytes",
                   (unsigned)actor->tid, header->message, (unsigned)header->src);
    pair->arriving += header->length;
    if (pair->arriving >= header->message_length)
        told_message_end(pair);
}

/* ---- notices ---- */

static struct watch *told_watch(struct actor *actor, int tag, int32_t value)
{
    for (int i = 0; i < actor->watch_count; i++) {
        struct watch *watch = actor->watches[i];

        if (watch->tag == tag && (watch->what == PvmHostAdd || (watch->value == value && watch->got == 0)))
            return watch;
    }
    return NULL;
}

/* Takes number from those that are due. A host that was added shortly before the request may still be told
 * of. */
static void told_host(struct actor *actor, struct watch *watch, int number)
{
    const struct node *node = node_numbered(actor->world, number);

    for (int i = 0; i < watch->host_count; i++) {
        if (watch->hosts[i] == number) {
            watch->hosts[i] = -number;
            return;
        }
        if (watch->hosts[i] == -number)
            node = NULL;
    }
    if (node == NULL || !node->was_member || node->member_at + HOSTS_TOLD_LATE < watch->taken_at)
        world_fail(actor->world, "notice twice", "t%x was told of new host %d, which was not due",
                   (unsigned)actor->tid, number);
    watch_note_host(watch, -number);
}

static void told_host_added(struct actor *actor, struct watch *watch, const struct unpacked *out)
{
    struct world *world = actor->world;

    watch->got++;
    if (watch->cancelled)
        return; /* on its way when the cancel was asked for */
    if (watch->limit >= 0 && watch->got > watch->limit)
        world_fail(world, "notice too often", "t%x asked for %d of new hosts", (unsigned)actor->tid,
                   watch->limit);
    if (out->int_count != out->ints[0] + 1)
        world_fail(world, "bad notice", "t%x got %d numbers of new hosts", (unsigned)actor->tid,
                   out->int_count);
    for (int i = 1; i < out->int_count; i++)
        told_host(actor, watch, pvmi_tid_host(out->ints[i]));
}

/* The status is that of the process, or 0 when it is not known. */
static void told_status(struct actor *actor, const struct actor *other, const struct unpacked *out)
{
    if (out->int_count == 2 && out->ints[1] != 0 && (other == NULL || out->ints[1] != other->process->status))
        world_fail(actor->world, "bad notice", "t%x was told status %d of t%x", (unsigned)actor->tid,
                   out->ints[1], (unsigned)out->ints[0]);
}

static void told_end(struct actor *actor, struct watch *watch, int32_t value)
{
    struct world *world = actor->world;
    struct actor *other = pvmi_table_get(&world->by_tid, (uint64_t)value);

    watch->got++;
    if (watch->cancelled)
        return;
    if (watch->what == PvmHostDelete) {
        if (check_host_lives(world, pvmi_tid_host(value)))
            world_fail(world, "false notice", "t%x was told of the end of host %d, which lives",
                       (unsigned)actor->tid, pvmi_tid_host(value));
        pvmi_table_set(&actor->noticed_hosts, (uint64_t)pvmi_tid_host(value), actor);
        return;
    }
    if (other != NULL && other->gone_at == 0 && check_host_lives(world, pvmi_tid_host(value)))
        world_fail(world, "false notice", "t%x was told of the end of t%x, which lives", (unsigned)actor->tid,
                   (unsigned)value);
    pvmi_table_set(&actor->noticed, (uint64_t)value, actor);
}

static void told_notice(struct actor *actor, const struct pvmi_frame_header *header, const uint8_t *payload)
{
    struct world *world = actor->world;
    struct unpacked out;
    struct watch *watch;

    world->stats.notices++;
    if (!unpack(header, payload, &out) || out.int_count < 1) {
        world_fail(world, "bad notice", "t%x got one with tag %d that does not unpack", (unsigned)actor->tid,
                   header->tag);
        return;
    }
    world_say(world, "t%x gets notice of t%x, tag %d", (unsigned)actor->tid, (unsigned)out.ints[0],
              header->tag);
    watch = told_watch(actor, header->tag, out.ints[0]);
    if (watch == NULL)
        world_fail(world, "notice twice",
                   "t%x got a notice of t%x with tag %d that it did not ask for, or has had",
                   (unsigned)actor->tid, (unsigned)out.ints[0], header->tag);
    else if (watch->what == PvmHostAdd)
        told_host_added(actor, watch, &out);
    else {
        told_status(actor, pvmi_table_get(&world->by_tid, (uint64_t)out.ints[0]), &out);
        told_end(actor, watch, out.ints[0]);
    }
}

/* ---- output ---- */

static void told_text(struct actor *actor, struct caught *caught, const struct unpacked *out)
{
    for (size_t i = 0; i < out->byte_count; i++) {
        if (out->bytes[i] != process_output_byte(caught->process, caught->bytes + i)) {
            world_fail(actor->world, "output order", "t%x: byte %llu of process %d is not the one it wrote",
                       (unsigned)actor->tid, (unsigned long long)caught->bytes + i, caught->process->pid);
            return;
        }
    }
    caught->bytes += out->byte_count;
}

static void told_output(struct actor *actor, const struct pvmi_frame_header *header, const uint8_t *payload)
{
    struct world *world = actor->world;
    struct unpacked out;
    struct actor *src;
    struct caught *caught;

    world->stats.outputs++;
    if (!unpack(header, payload, &out) || out.int_count < 2 ||
        (src = pvmi_table_get(&world->by_tid, (uint64_t)out.ints[0])) == NULL ||
        src->process->spawn == NULL) {
        world_fail(world, "bad output", "t%x got output with tag %d that does not unpack",
                   (unsigned)actor->tid, header->tag);
        return;
    }
    caught = pvmi_table_get(&actor->caught, (uint64_t)src->tid);
    if (caught == NULL) {
        caught = world_alloc(world, sizeof(*caught));
        caught->process = src->process;
        pvmi_table_set(&actor->caught, (uint64_t)src->tid, caught);
    }
    if (src->process->spawn->output_tid != actor->tid || header->tag != src->process->spawn->output_tag)
        world_fail(world, "stray output", "t%x got output of t%x with tag %d", (unsigned)actor->tid,
                   (unsigned)src->tid, header->tag);
    if (caught->ends > 0 && out.ints[1] != -1) /* "all are started" comes from the spawner's daemon */
        world_fail(world, "output after its end", "t%x got more of t%x", (unsigned)actor->tid,
                   (unsigned)src->tid);
    if (out.ints[1] == -2)
        caught->begins++;
    else if (out.ints[1] == -1)
        caught->completes++;
    else if (out.ints[1] == 0)
        caught->ends++;
    else if ((size_t)out.ints[1] != out.byte_count)
        world_fail(world, "bad output", "t%x got %d bytes of t%x that are %zu", (unsigned)actor->tid,
                   out.ints[1], (unsigned)src->tid, out.byte_count);
    else
        told_text(actor, caught, &out);
    if (caught->begins > 1 || caught->completes > 1)
        world_fail(world, "output begins twice", "t%x of t%x", (unsigned)actor->tid, (unsigned)src->tid);
}

/* ---- answers ---- */

/* Takes the open request that is answered. */
static struct request *told_request(struct actor *actor, uint32_t id, int type)
{
    struct world *world = actor->world;
    struct request *request = pvmi_table_get(&actor->requests, id);

    world->stats.answers++;
    if (request == NULL || request->answered) {
        world_fail(world, "answered twice", "t%x got \"%s\" for request %u, which is not open",
                   (unsigned)actor->tid, pvmi_control_name(type), id);
        return NULL;
    }
    request->answered = true;
    world_say(world, "t%x gets \"%s\" for request %u (%s)", (unsigned)actor->tid, pvmi_control_name(type), id,
              pvmi_control_name(request->type));
    return request;
}

/* In the calm a start fails for no other reasons than those that the simulator makes. */
static void told_spawned_final(struct actor *actor, const struct pvmi_msg_answer *msg)
{
    for (uint32_t i = 0; i < msg->values.n; i++) {
        int32_t value = msg->values.v[i];

        if (value < 0 && value != PvmNoFile && !(value == PvmOutOfRes && actor->world->faults.few_tasks))
            world_fail(actor->world, "bad answer", "t%x spawns in the calm and gets %d", (unsigned)actor->tid,
                       value);
    }
    if (msg->error.code != PvmOk)
        world_fail(actor->world, "bad answer", "t%x spawns in the calm and gets %d: %s", (unsigned)actor->tid,
                   msg->error.code, msg->error.text == NULL ? "" : msg->error.text);
}

static void told_spawned(struct actor *actor, struct request *request, const struct pvmi_msg_answer *msg)
{
    struct spawn *spawn = request->spawn;
    int started = 0;

    spawn->answered = true;
    spawn->answered_at = actor->world->now;
    if (request->final)
        told_spawned_final(actor, msg);
    if (msg->error.code != PvmOk)
        return;
    for (uint32_t i = 0; i < msg->values.n; i++) {
        if (msg->values.v[i] > 0 && spawn->answered_count < SPAWN_MAX)
            spawn->answered_tids[spawn->answered_count++] = msg->values.v[i];
        started += msg->values.v[i] > 0;
        if ((int)i >= started && msg->values.v[i] > 0)
            world_fail(actor->world, "bad answer", "t%x: tids of a spawn are not in front",
                       (unsigned)actor->tid);
    }
    if ((int)msg->values.n != spawn->count || msg->value != started ||
        (int)msg->errors.n != spawn->count - started)
        world_fail(actor->world, "bad answer", "t%x spawned %d: value %d, %u values, %u errors",
                   (unsigned)actor->tid, spawn->count, msg->value, msg->values.n, msg->errors.n);
}

/* A program that goes from one barrier to the next. */
static void barrier_again(void *object, uint64_t group)
{
    struct actor *actor = object;

    if (actor_alive(actor) && !actor->leaving && !actor->world->calm && actor->waiting[group] == 0 &&
        actor->member[group] == MEMBER_YES)
        actor_group(actor, PVMI_GROUP_BARRIER, (int)group, actor->seat[group].size, false);
}

static void barrier_soon(struct actor *actor, int group)
{
    if (world_chance(actor->world, 800))
        world_after(actor->world, world_below(actor->world, 20 * MS), barrier_again, actor, (uint64_t)group);
}

static void told_group(struct actor *actor, struct request *request, const struct pvmi_msg_answer *msg)
{
    int code = msg->error.code;
    int group = request->group;

    if (request->op == PVMI_GROUP_JOIN) {
        actor->member[group] = code == PvmOk || code == PvmDupGroup ? MEMBER_YES : MEMBER_NO;
        actor->instance[group] = msg->value;
    } else if (request->op == PVMI_GROUP_LEAVE) {
        actor->member[group] = MEMBER_NO;
    } else if (request->op == PVMI_GROUP_BARRIER || request->op == PVMI_GROUP_FREEZE) {
        actor->waiting[group] = 0;
        if (actor->seat[group].team != NULL && code == PvmOk)
            barrier_soon(actor, group);
    }
    if (request->final && code != PvmOk)
        world_fail(actor->world, "bad answer", "t%x: op %d on group %s gives %d in the calm: %s",
                   (unsigned)actor->tid, request->op, actor_group_name(group), code,
                   msg->error.text == NULL ? "" : msg->error.text);
    else if (request->final && request->op == PVMI_GROUP_MEMBERS)
        check_members(actor, group, &msg->values);
}

/* It is no task any more; its process goes on, tries again, or ends. */
static void told_left(struct actor *actor)
{
    struct process *process = actor->process;
    struct world *world = actor->world;

    actor->left = true;
    process_hang_up(process);
    if (process->lives_left > 0 && world_chance(world, 500) && !world->closing)
        process_enroll(process, process->claim_tid != 0 && world_chance(world, 300));
    else
        process_end(process, 0);
}

/* What lives, and lived when it was asked for, is there, also for a daemon that has just not heard of it. */
static void told_found(struct actor *actor, const struct request *request, int code)
{
    struct world *world = actor->world;
    struct actor *other = pvmi_table_get(&world->by_tid, (uint64_t)request->target);
    struct node *node = node_numbered(world, pvmi_tid_host(request->target));

    if (node == NULL || !check_host_lives(world, node->number) || node->member_at > request->asked_at)
        return;
    if (code == PvmNoHost)
        world_fail(world, "bad answer", "t%x was told that there is no %s", (unsigned)actor->tid, node->name);
    if (code == PvmNoTask && other != NULL && other->gone_at == 0)
        world_fail(world, "bad answer", "t%x was told that there is no t%x", (unsigned)actor->tid,
                   (unsigned)other->tid);
}

static void told_answer(struct actor *actor, const struct pvmi_msg_answer *msg)
{
    struct request *request = told_request(actor, msg->id, PVMI_MSG_answer);

    if (request == NULL)
        return;
    if ((request->type == PVMI_MSG_tasks_query || request->type == PVMI_MSG_hosts_query) &&
        (msg->error.code >= PvmOk || request->final))
        world_fail(actor->world, "bad answer", "t%x got an answer to \"%s\"", (unsigned)actor->tid,
                   pvmi_control_name(request->type));
    else if (request->type == PVMI_MSG_spawn)
        told_spawned(actor, request, msg);
    else if (request->type == PVMI_MSG_group)
        told_group(actor, request, msg);
    else if (request->type == PVMI_MSG_mailbox)
        actor_mailbox_answered(actor, request, msg);
    else if (request->type == PVMI_MSG_leave)
        told_left(actor);
    else if (request->type == PVMI_MSG_task_query || request->type == PVMI_MSG_host_query)
        told_found(actor, request, msg->error.code);
    else if ((request->type == PVMI_MSG_host_add || request->type == PVMI_MSG_host_delete) &&
             msg->error.code == PvmOk && (int)msg->values.n != request->number)
        world_fail(actor->world, "bad answer", "t%x: %u values for %d hosts", (unsigned)actor->tid,
                   msg->values.n, request->number);
}

void actor_passed(struct actor *actor, uint32_t id)
{
    const struct pvmi_msg_answer answer = { .id = id };

    told_answer(actor, &answer);
}

static void told_team(struct actor *actor, const struct pvmi_msg_team *msg)
{
    for (int group = 0; group < GROUPS; group++) {
        if (strcmp(actor_group_name(group), msg->group) != 0)
            continue;
        team_told(actor, group, msg);
        barrier_soon(actor, group);
    }
}

static void told_mailbox(struct actor *actor, const struct pvmi_msg_mailbox_found *msg)
{
    struct request *request = pvmi_table_get(&actor->requests, msg->id);

    if (msg->more == 0 || request == NULL || request->answered)
        request = told_request(actor, msg->id, PVMI_MSG_mailbox_found);
    if (request == NULL)
        return;
    if (request->type == PVMI_MSG_mailbox)
        actor_mailbox_found(actor, request, msg);
    else
        world_fail(actor->world, "bad answer", "t%x got \"mailbox_found\" to \"%s\"", (unsigned)actor->tid,
                   pvmi_control_name(request->type));
}

static void told_enrolled(struct process *process, const struct pvmi_msg_enrolled *msg)
{
    struct world *world = process->world;
    struct actor *actor;
    bool claimed = msg->tid == process->claim_tid;

    if (process->actor != NULL || msg->error.code != PvmOk) {
        if (process->actor != NULL)
            world_fail(world, "enrolled twice", "process %d", process->pid);
        process_end(process, 1 << 8);
        return;
    }
    actor = pvmi_table_get(&world->by_tid, (uint64_t)msg->tid);
    if (actor != NULL && msg->tid != process->borrowed_tid &&
        (!claimed || actor->enrolled || actor->process != process)) {
        world_fail(world, "tid reused", "process %d on node %d gets t%x, which was there before",
                   process->pid, process->node->number, (unsigned)msg->tid);
        return;
    }
    if (msg->tid == process->borrowed_tid)
        world_fail(world, "claim taken twice", "process %d gets t%x", process->pid, (unsigned)msg->tid);
    if (claimed && process->lies)
        world_fail(world, "false claim taken", "process %d gets t%x", process->pid, (unsigned)msg->tid);
    if (pvmi_tid_host(msg->tid) != process->node->number || !pvmi_tid_is_task(msg->tid))
        world_fail(world, "wrong tid", "node %d enrols t%x", process->node->number, (unsigned)msg->tid);
    actor = actor_new(process, msg->tid);
    actor->enrolled = true;
    process->actor = actor;
    if (claimed && msg->inherit.output_tid != process->spawn->output_tid)
        world_fail(world, "inheritance lost", "t%x has output tid %x", (unsigned)msg->tid,
                   (unsigned)msg->inherit.output_tid);
}

static void told_control(struct process *process, const uint8_t *payload, size_t length)
{
    struct world *world = process->world;
    struct actor *actor = process->actor;
    struct pvmi_control control;

    if (pvmi_control_decode(payload, length, &control) != PvmOk) {
        world_fail(world, "bad frame", "process %d got a control message that does not decode", process->pid);
        return;
    }
    if ((pvmi_control_senders(control.type) & PVMI_FROM_PVMD) == 0 ||
        (control.type != PVMI_MSG_enrolled && actor == NULL)) {
        world_fail(world, "bad frame", "process %d got \"%s\"", process->pid,
                   pvmi_control_name(control.type));
    } else if (control.type == PVMI_MSG_enrolled) {
        told_enrolled(process, control.msg);
    } else if (control.type == PVMI_MSG_answer) {
        told_answer(actor, control.msg);
    } else if (control.type == PVMI_MSG_team) {
        told_team(actor, control.msg);
    } else if (control.type == PVMI_MSG_mailbox_found) {
        told_mailbox(actor, control.msg);
    } else if (control.type == PVMI_MSG_tasks) {
        const struct pvmi_msg_tasks *msg = control.msg;
        struct request *request = told_request(actor, msg->id, control.type);

        if (request != NULL && request->final)
            check_tasks(actor, msg);
    } else if (control.type == PVMI_MSG_hosts) {
        const struct pvmi_msg_hosts *msg = control.msg;
        struct request *request = told_request(actor, msg->id, control.type);

        if (request != NULL && request->final)
            check_hosts(actor, msg);
    }
    pvmi_control_free(&control);
}

void actor_sent(struct process *process, const uint8_t *payload, size_t length)
{
    struct pvmi_control control;
    struct request *request;

    if (process->actor == NULL || pvmi_control_decode(payload, length, &control) != PvmOk)
        return;
    if (control.type == PVMI_MSG_answer) {
        request = pvmi_table_get(&process->actor->requests, ((struct pvmi_msg_answer *)control.msg)->id);
        if (request != NULL && request->spawn != NULL)
            request->spawn->decided = true;
    }
    pvmi_control_free(&control);
}

void actor_frame(struct process *process, const struct pvmi_frame_header *header, const uint8_t *payload)
{
    struct world *world = process->world;
    struct actor *actor = process->actor;

    if (header->kind == PVMI_FRAME_CONTROL) {
        told_control(process, payload, header->length);
        return;
    }
    if (actor == NULL) {
        world_fail(world, "bad frame", "process %d got a frame of kind %d before it was a task", process->pid,
                   header->kind);
        return;
    }
    if (header->kind == PVMI_FRAME_DATA)
        told_data(actor, header, payload);
    else if (header->kind == PVMI_FRAME_NOTICE)
        told_notice(actor, header, payload);
    else if (header->kind == PVMI_FRAME_OUTPUT)
        told_output(actor, header, payload);
    else
        world_fail(world, "bad frame", "t%x got a frame of kind %d", (unsigned)actor->tid, header->kind);
}
