/* SPDX-License-Identifier: BSD-3-Clause */
/* Planted bugs in what a core sends. */
#include "tests/sim/shim.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/actor.h"
#include "wire/tid.h"

/* One session in which a frame was doubled or lost: the numbers behind it are moved, so that its two ends do
 * not see it. */
struct shift {
    const struct node *from;
    const struct node *to;
    enum pvmi_channel channel;
    uint64_t at; /* number of the frame */
    int by;      /* 1 doubled, -1 lost, 0 given up */
};

static void send_again(struct conn_end *end, const struct pvmi_frame *frame)
{
    net_send(end, &frame->header, pvmi_frame_bytes(frame), NULL);
}

static void send_first(struct conn_end *end, const struct pvmi_frame *frame)
{
    uint8_t *bytes = sim_alloc(PVMI_FRAME_HEADER_SIZE + frame->header.length);

    pvmi_frame_header_encode(&frame->header, bytes);
    if (frame->header.length > 0)
        memcpy(bytes + PVMI_FRAME_HEADER_SIZE, pvmi_frame_bytes(frame), frame->header.length);
    net_send_bytes(end, bytes, PVMI_FRAME_HEADER_SIZE + frame->header.length, true);
    free(bytes);
}

/* Other contents under the same number. */
static bool send_changed(struct conn_end *end, const struct pvmi_frame *frame, int type, const void *msg)
{
    struct world *world = end->conn->world;
    struct pvmi_frame_header header = frame->header;

    world->scratch.length = 0;
    if (pvmi_control_encode(type, msg, &world->scratch) != PvmOk)
        return false;
    header.length = (uint32_t)world->scratch.length;
    net_send(end, &header, world->scratch.data, NULL);
    return true;
}

/* ---- to a task ---- */

/* The first byte of what a reader gets of an entry. */
static bool tear_entry(struct conn_end *end, const struct pvmi_frame *frame)
{
    struct pvmi_msg_mailbox_found *found;
    struct pvmi_control control;
    bool done = false;

    if (pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control) != PvmOk)
        return false;
    found = control.msg;
    if (found->body.length > 0 && plant_strikes(end->conn->world, PLANT_TORN_ENTRY, 200)) {
        ((uint8_t *)found->body.data)[0] ^= 1;
        done = send_changed(end, frame, control.type, found);
    }
    pvmi_control_free(&control);
    return done;
}

static bool to_task(struct conn_end *end, const struct pvmi_frame *frame, int type)
{
    struct world *world = end->conn->world;
    const struct pvmi_frame_header *header = &frame->header;
    bool answer = type == PVMI_MSG_answer || type == PVMI_MSG_tasks || type == PVMI_MSG_hosts;

    if (type == PVMI_MSG_mailbox_found && tear_entry(end, frame))
        return true;

    if (header->kind == PVMI_FRAME_NOTICE) {
        if (plant_strikes(world, PLANT_DOUBLE_NOTICE, 20))
            send_again(end, frame);
        if (net_waiting(end) > 0 && plant_strikes(world, PLANT_EARLY_NOTICE, 500)) {
            send_first(end, frame);
            return true;
        }
        return plant_strikes(world, PLANT_LOST_NOTICE, 10);
    }
    if (header->kind == PVMI_FRAME_OUTPUT) {
        if (net_waiting(end) > 0 && plant_strikes(world, PLANT_SWAPPED_OUTPUT, 100)) {
            send_first(end, frame);
            return true;
        }
        return header->length > 100 && plant_strikes(world, PLANT_LOST_OUTPUT, 5);
    }
    if (answer && plant_strikes(world, PLANT_DOUBLE_ANSWER, 5))
        send_again(end, frame);
    if (header->kind == PVMI_FRAME_DATA && header->offset > 0 &&
        header->offset + header->length == header->message_length)
        return plant_strikes(world, PLANT_CUT_MESSAGE, 50);
    return answer && plant_strikes(world, PLANT_LOST_ANSWER, 5);
}

/* ---- between daemons: other contents ---- */

/* True for a command that one daemon is not to hear of. */
static bool missed(struct world *world, int type)
{
    if (world->planted > 0)
        return false;
    return (type == PVMI_MSG_cmd_host_drop && plant_strikes(world, PLANT_MISSED_DROP, 500)) ||
           (type == PVMI_MSG_cmd_mailbox_put && plant_strikes(world, PLANT_MISSED_PUT, 500));
}

/* It applies another one in its place. */
static bool miss_command(struct conn_end *end, const struct pvmi_frame *frame, struct pvmi_msg_append *msg)
{
    struct world *world = end->conn->world;
    struct pvmi_msg_cmd_task_gone nothing = { .tid = pvmi_tid_make(PVMI_HOST_MAX, 1) };
    struct pvmi_control command;
    struct pvmi_buffer bytes;
    int type;
    bool done = false;

    if (pvmi_control_decode(msg->command.data, msg->command.length, &command) != PvmOk)
        return false;
    type = command.type;
    pvmi_control_free(&command);
    if (!missed(world, type))
        return false;
    pvmi_buffer_init(&bytes, 1000);
    if (pvmi_control_encode(PVMI_MSG_cmd_task_gone, &nothing, &bytes) == PvmOk) {
        msg->command.data = bytes.data;
        msg->command.length = (uint32_t)bytes.length;
        done = send_changed(end, frame, PVMI_MSG_append, msg);
    }
    pvmi_buffer_fini(&bytes);
    return done;
}

static bool change_control(struct conn_end *end, const struct pvmi_frame *frame)
{
    struct world *world = end->conn->world;
    struct pvmi_control control;
    bool done = false;

    if (pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control) != PvmOk)
        return false;
    if (control.type == PVMI_MSG_append) {
        done = miss_command(end, frame, control.msg);
    } else if (control.type == PVMI_MSG_credit && plant_strikes(world, PLANT_LOST_CREDIT, 200)) {
        ((struct pvmi_msg_credit *)control.msg)->bytes = 0;
        done = send_changed(end, frame, control.type, control.msg);
    } else if (control.type == PVMI_MSG_start && plant_strikes(world, PLANT_DOUBLE_START, 20)) {
        ((struct pvmi_msg_start *)control.msg)->count++;
        done = send_changed(end, frame, control.type, control.msg);
    }
    if (control.type == PVMI_MSG_exited && plant_strikes(world, PLANT_LOST_EXIT, 20)) {
        ((struct pvmi_msg_exited *)control.msg)->tid = pvmi_tid_make(PVMI_HOST_MAX, 1);
        done = send_changed(end, frame, control.type, control.msg);
    } else if (control.type == PVMI_MSG_task_gone && plant_strikes(world, PLANT_GROUP_GHOST, 50)) {
        ((struct pvmi_msg_task_gone *)control.msg)->tid = pvmi_tid_make(PVMI_HOST_MAX, 1);
        done = send_changed(end, frame, control.type, control.msg);
    }
    pvmi_control_free(&control);
    return done;
}

/* ---- between daemons: a frame too many or too few ---- */

static bool shift_begin(struct conn_end *end, const struct pvmi_frame *frame)
{
    struct world *world = end->conn->world;
    struct shift *shift;
    bool doubles;

    if (world->shift != NULL || frame->header.number == 0 || frame->header.kind != PVMI_FRAME_DATA)
        return false;
    doubles = plant_strikes(world, PLANT_NO_DEDUP, 5);
    if (!doubles && !plant_strikes(world, PLANT_LOST_FRAME, 5))
        return false;
    shift = world_alloc(world, sizeof(*shift));
    shift->from = end->node;
    shift->to = net_other(end)->node;
    shift->channel = end->conn->channel;
    shift->at = frame->header.number;
    shift->by = doubles ? 1 : -1;
    world->shift = shift;
    if (doubles) {
        struct pvmi_frame_header header = frame->header;

        send_again(end, frame);
        header.number++;
        net_send(end, &header, pvmi_frame_bytes(frame), NULL);
    }
    return true;
}

/* From the other end come numbers as it counts. */
static void shift_back(struct shift *shift, struct pvmi_frame_header *header)
{
    if (header->kind == PVMI_FRAME_RESUME && shift->by > 0 && header->number <= shift->at + 1)
        shift->by = 0; /* the second one was lost on its way */
    if (shift->by > 0) {
        header->ack -= header->ack > shift->at;
        header->number -= header->kind == PVMI_FRAME_RESUME;
    } else if (shift->by < 0) {
        header->ack += header->ack >= shift->at;
        header->number += header->kind == PVMI_FRAME_RESUME && header->number >= shift->at;
    }
}

static bool shifted(struct conn_end *end, const struct pvmi_frame *frame)
{
    struct shift *shift = end->conn->world->shift;
    struct pvmi_frame_header header = frame->header;
    const struct node *to = net_other(end)->node;

    if (shift == NULL || shift->channel != end->conn->channel)
        return false;
    if (shift->from == end->node && shift->to == to && header.kind != PVMI_FRAME_RESUME) {
        if (shift->by < 0 && header.number == shift->at)
            return true;
        if (header.number > shift->at)
            header.number += (uint64_t)(int64_t)shift->by;
    } else if (shift->to == end->node && shift->from == to) {
        shift_back(shift, &header);
    } else {
        return false;
    }
    net_send(end, &header, pvmi_frame_bytes(frame), NULL);
    return true;
}

bool shim_send(struct conn_end *end, const struct pvmi_frame *frame)
{
    struct pvmi_control control;
    int type = 0;

    if (net_other(end)->process == NULL) {
        if (shifted(end, frame) || shift_begin(end, frame))
            return true;
        if (frame->header.kind >= PVMI_FRAME_RESUME && net_other(end)->node == end->conn->world->first &&
            end->node->was_member && end->node->number % 4 == 2 &&
            plant_strikes(end->conn->world, PLANT_DEAF, 1000))
            return true;
        return frame->header.kind == PVMI_FRAME_CONTROL && change_control(end, frame);
    }
    if (frame->header.kind == PVMI_FRAME_CONTROL &&
        pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control) == PvmOk) {
        type = control.type;
        pvmi_control_free(&control);
    }
    return to_task(end, frame, type);
}

/* ---- the fence ---- */

struct late {
    struct world *world;
    struct pvmi_frame_header header;
    uint8_t bytes[];
};

static void late_run(void *object, uint64_t length)
{
    struct late *late = object;
    struct actor *actor = pvmi_table_get(&late->world->by_tid, (uint64_t)late->header.dst);

    if (actor != NULL && actor_alive(actor) && actor->process->actor == actor) {
        late->world->planted++;
        net_send_bytes(net_other(actor->process->end), late->bytes, length, false);
    }
}

/* The next message of the pair, if it is on its way, arrives after all. */
static void late_message(struct world *world, struct pair *pair)
{
    struct late *late;
    uint64_t length;

    if (pair == NULL || pair->sent == pair->delivered || pair->arriving > 0)
        return;
    length = actor_message_length(pair, pair->delivered + 1);
    if (length > PVMI_FRAME_PAYLOAD_MAX)
        return;
    late = world_alloc(world, sizeof(*late) + PVMI_FRAME_HEADER_SIZE + length);
    late->world = world;
    late->header.kind = PVMI_FRAME_DATA;
    late->header.format = (uint8_t)pvmi_format_own();
    late->header.message = pair->delivered + 1;
    late->header.src = pair->src->tid;
    late->header.dst = pair->dst;
    late->header.length = (uint32_t)length;
    late->header.message_length = length;
    pvmi_frame_header_encode(&late->header, late->bytes);
    actor_message_fill(pair, pair->delivered + 1, 0, late->bytes + PVMI_FRAME_HEADER_SIZE, length);
    world_after(world, 5 * MS, late_run, late, PVMI_FRAME_HEADER_SIZE + length);
}

void shim_drop(struct node *node, int number)
{
    struct world *world = node->world;

    for (int i = 0; i < world->actor_count; i++) {
        if (world->actors[i]->node->number != number)
            continue;
        for (int k = 0; k < world->actor_count; k++) {
            if (world->actors[k]->node == node)
                late_message(world,
                             pvmi_table_get(&world->actors[i]->pairs, (uint64_t)world->actors[k]->tid));
        }
    }
}

void shim_start(struct node *node, struct core_action *action)
{
    struct world *world = node->world;

    for (int i = 0; i < world->process_count; i++) {
        if (world->processes[i]->node == node && world->processes[i]->claim_tid != 0 &&
            plant_strikes(world, PLANT_REUSED_TID, 5)) {
            action->start.tid = world->processes[i]->claim_tid;
            return;
        }
    }
}
