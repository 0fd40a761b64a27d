/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes: start, output, signals, end. What they do as tasks is in actor.c. */
#include "tests/sim/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/sim/actor.h"
#include "tests/sim/check.h"
#include "wire/tid.h"

#define OUTPUT_EVENT_MAX 4096 /* bytes that io reads at a time */

static void process_flush_run(void *object, uint64_t value);

uint8_t process_output_byte(const struct process *process, uint64_t at)
{
    if (at % 64 == 63)
        return '\n';
    return (uint8_t)('a' + (((uint64_t)process->pid * 7 + at / 64 * 3 + at) & 15));
}

static struct process *process_new(struct node *node)
{
    struct world *world = node->world;
    struct process *process = world_alloc(world, sizeof(*process));

    process->world = world;
    process->node = node;
    process->pid = (int32_t)++world->uid;
    process->lives_left = world_chance(world, 200) ? 2 : 1;
    process->acts_left = (int)world_between(world, 1, 25);
    process->stubborn = world->faults.stubborn && world_chance(world, 200);
    world_append((void ***)&world->processes, &world->process_count, &world->process_size, process);
    return process;
}

/* ---- what it does by itself ---- */

static void process_write(struct process *process)
{
    struct world *world = process->world;

    process->made += world_chance(world, 30) ? world_below(world, 150000) : world_between(world, 1, 300);
    world_after(world, 1, process_flush_run, process, 0);
}

static void process_quit(struct process *process)
{
    struct world *world = process->world;

    if (process->actor != NULL && !process->actor->leaving && world_chance(world, 600))
        actor_leave(process->actor); /* and ends when it is answered, if not before */
    else if (world_chance(world, 100))
        process_hang_up(process); /* exec, or a descriptor closed by mistake: it lives on, no more a task */
    else
        process_end(process, world_chance(world, 800) ? 0 : 1 << 8);
}

static void process_awake(void *object, uint64_t value)
{
    struct process *process = object;

    (void)value;
    if (process->end != NULL)
        net_kick_end(process->end, 0);
}

void process_compute(struct process *process, uint64_t duration)
{
    process->busy_until = process->world->now + duration;
    world_after(process->world, duration, process_awake, process, 0);
}

static void process_act(void *object, uint64_t value)
{
    struct process *process = object;
    struct world *world = process->world;

    (void)value;
    if (process->state != PROCESS_RUNNING || world->closing)
        return;
    if (process->handle != 0 && world_chance(world, 250))
        process_write(process);
    if (process->actor != NULL && process->actor->enrolled && !process->actor->leaving)
        actor_act(process->actor);
    if (world_chance(world, 30))
        process_compute(process, world_below(world, 300 * MS));
    if (--process->acts_left > 0)
        world_after(world, world_between(world, 1, 400) * MS, process_act, process, 0);
    else if (world_chance(world, 500))
        process_quit(process);
}

static void process_begin(void *object, uint64_t enrolls)
{
    struct process *process = object;
    struct world *world = process->world;

    if (process->state != PROCESS_RUNNING)
        return;
    if (enrolls)
        process_enroll(process, process->claim_tid != 0 && world_chance(world, 950));
    world_after(world, world_between(world, 1, 100) * MS, process_act, process, 0);
}

/* ---- start ---- */

/* The uid of the spawn stands in the first argument, as actor_spawn() has put it there. */
static struct spawn *process_find_spawn(struct world *world, char **argv)
{
    uint64_t uid = argv == NULL || argv[0] == NULL ? 0 : strtoull(argv[0], NULL, 10);

    return uid == 0 ? NULL : pvmi_table_get(&world->spawns, uid);
}

static void start_failed(void *object, uint64_t value)
{
    struct process *process = object;
    struct node *node = process->node;
    struct core_event event = { .type = CORE_EVENT_START_FAILED, .handle = process->handle };

    if (!node->alive || node_defers(node, start_failed, process, value))
        return;
    pvmi_table_remove(&node->starts, process->handle);
    process->state = PROCESS_ENDED;
    process->end_told = process->eof_told = true;
    pvmi_fault_set(&event.start_failed.fault, PvmNoFile, node->name, "simulated: no such file");
    actor_gone(actor_new(process, process->claim_tid));
    node_step(node, &event);
}

static void start_done(void *object, uint64_t value)
{
    struct process *process = object;
    struct node *node = process->node;
    struct world *world = process->world;
    struct core_event event = { .type = CORE_EVENT_STARTED, .handle = process->handle };
    bool enrolls = world_chance(world, 850);

    if (!node->alive || process->state != PROCESS_STARTING || node_defers(node, start_done, process, value))
        return;
    process->state = PROCESS_RUNNING;
    event.started.pid = process->pid;
    event.started.path = pvmi_strdup("/simulated/worker");
    if (world_chance(world, 50))
        world_after(world, world_below(world, MS), process_begin, process,
                    enrolls); /* it may be ahead of us */
    node_step(node, &event);
    if (process->hello != NULL && node->alive && world_chance(world, 800))
        process->door = net_inherit(process);
    world_after(world, world_between(world, 1, 30) * MS, process_begin, process, enrolls);
    if (process->status != 0)
        process_end(process, process->status);
}

static void process_check_start(struct process *process, const struct core_action *action)
{
    struct world *world = process->world;
    int32_t tid = action->start.tid;

    if (pvmi_tid_host(tid) != process->node->number)
        world_fail(world, "wrong tid", "node %d starts t%x", process->node->number, (unsigned)tid);
    if (pvmi_table_get(&world->started, (uint64_t)tid) != NULL ||
        pvmi_table_get(&world->by_tid, (uint64_t)tid) != NULL)
        world_fail(world, "tid reused", "node %d starts t%x, which was there before", process->node->number,
                   (unsigned)tid);
    pvmi_table_set(&world->started, (uint64_t)tid, process);
    if (process->spawn == NULL) {
        world_fail(world, "unknown start", "node %d starts t%x that nobody asked for", process->node->number,
                   (unsigned)tid);
    } else if (process->spawn->starts == process->spawn->count) {
        world_fail(world, "started too often", "spawn %llu of %d copies starts t%x on node %d",
                   (unsigned long long)process->spawn->uid, process->spawn->count, (unsigned)tid,
                   process->node->number);
    } else {
        process->spawn->processes[process->spawn->starts++] = process;
    }
}

static void process_keep_hello(struct process *process, const struct pvmi_frame *frame)
{
    if (frame == NULL)
        return;
    process->hello_length = frame->header.length;
    process->hello = world_alloc(process->world, process->hello_length);
    memcpy(process->hello, pvmi_frame_bytes(frame), process->hello_length);
}

struct process *process_start(struct node *node, const struct core_action *action)
{
    struct world *world = node->world;
    struct process *process = process_new(node);

    process->handle = action->handle;
    process->claim_tid = action->start.tid;
    process->claim_nonce = action->start.nonce;
    process->spawn = process_find_spawn(world, action->start.argv);
    process_check_start(process, action);
    process_keep_hello(process, action->start.enrolled);
    if (pvmi_table_get(&node->starts, process->handle) != NULL)
        world_fail(world, "handle used twice", "node %d starts under %llu", node->number,
                   (unsigned long long)process->handle);
    pvmi_table_set(&node->starts, process->handle, process);
    actor_new(process, process->claim_tid);
    world_after(world, world_between(world, 1, 50 * MS), world_chance(world, 60) ? start_failed : start_done,
                process, 0);
    return process;
}

/* A task that runs a program by system() hands its environment down. */
static void process_borrow(struct process *process)
{
    struct world *world = process->world;
    struct process *other = world->processes[world_below(world, (uint64_t)world->process_count)];

    if (other->node != process->node || other->actor == NULL || other->actor->tid != other->claim_tid)
        return;
    process->borrowed_tid = other->claim_tid;
    process->borrowed_nonce = other->claim_nonce;
}

struct process *process_by_hand(struct node *node)
{
    struct process *process = process_new(node);

    process->state = PROCESS_RUNNING;
    process->end_told = process->eof_told = true;
    process_borrow(process);
    world_after(node->world, world_below(node->world, 10 * MS), process_begin, process, true);
    return process;
}

/* ---- output ---- */

/* Gives the core what it has granted, in pieces; the end when all is told and the process has ended. */
static void process_flush(struct process *process)
{
    struct node *node = process->node;
    struct world *world = process->world;
    struct core_event event = { .type = CORE_EVENT_OUTPUT, .handle = process->handle };
    uint64_t length = process->made - process->told;

    if (!node->alive || node->frozen || process->eof_told || process->state == PROCESS_STARTING)
        return;
    if (length > process->granted)
        length = process->granted;
    if (length > OUTPUT_EVENT_MAX)
        length = OUTPUT_EVENT_MAX;
    if (length == 0 && !(process->state == PROCESS_ENDED && process->made == process->told))
        return;
    event.output.bytes = length == 0 ? NULL : pvmi_blob_new(length);
    for (uint64_t i = 0; i < length; i++)
        event.output.bytes->data[i] = process_output_byte(process, process->told + i);
    process->told += length;
    process->granted -= length;
    process->eof_told = event.output.eof = length == 0;
    world_note(world, process->told, process->made, length);
    node_step(node, &event);
    if (process->eof_told && process->end_told)
        pvmi_table_remove(&node->starts, process->handle);
}

static void process_flush_run(void *object, uint64_t value)
{
    struct process *process = object;

    if (!process->node->alive || node_defers(process->node, process_flush_run, process, value))
        return;
    process_flush(process);
    if (process->made > process->told && process->granted > 0)
        world_after(process->world, world_between(process->world, 1, 100), process_flush_run, process, 0);
    else if (process->state == PROCESS_ENDED && !process->eof_told && process->made == process->told)
        world_after(process->world, 1, process_flush_run, process, 0);
}

void process_grant(struct process *process, size_t bytes)
{
    process->granted += bytes;
    if (process->state != PROCESS_STARTING)
        world_after(process->world, world_between(process->world, 1, 100), process_flush_run, process, 0);
}

/* ---- signals and the end ---- */

static void end_tell(void *object, uint64_t value)
{
    struct process *process = object;
    struct node *node = process->node;
    struct core_event event = { .type = CORE_EVENT_ENDED, .handle = process->handle };

    if (!node->alive || process->end_told || node_defers(node, end_tell, process, value))
        return;
    process->end_told = true;
    event.ended.status = process->status;
    node_step(node, &event);
    if (process->eof_told)
        pvmi_table_remove(&node->starts, process->handle);
}

static void process_close_door(struct process *process)
{
    if (process->door != NULL && process->door->state != END_CLOSED)
        net_close(process->door, true);
    process->door = NULL;
}

void process_end(struct process *process, int status)
{
    struct world *world = process->world;

    if (process->state == PROCESS_ENDED)
        return;
    if (process->state == PROCESS_STARTING && process->node->alive) {
        process->status = status; /* STARTED comes before ENDED */
        return;
    }
    world_say(world, "process %d on node %d ends with status %d", process->pid, process->node->number,
              status);
    process->state = PROCESS_ENDED;
    process->status = status;
    process_close_door(process);
    process_hang_up(process);
    if (process->claim_tid != 0)
        actor_gone(actor_new(process, process->claim_tid));
    if (process->handle == 0 || !process->node->alive)
        return;
    world_after(world, world_between(world, 10, 5 * MS), end_tell, process, 0);
    world_after(world, world_between(world, 10, 5 * MS), process_flush_run, process, 0);
}

/* Who comes by the socket wants to be this process's task. */
struct revocation {
    struct node *node;
    uint64_t handle;
};

static void revoke_tell(void *object, uint64_t done)
{
    struct revocation *revocation = object;
    struct core_event event = { .type = CORE_EVENT_REVOKED, .handle = revocation->handle };

    if (!revocation->node->alive || node_defers(revocation->node, revoke_tell, revocation, done))
        return;
    event.revoked.done = done != 0;
    node_step(revocation->node, &event);
}

void process_revoke(struct node *node, uint64_t handle)
{
    struct process *process = pvmi_table_get(&node->starts, handle);
    struct revocation *revocation = world_alloc(node->world, sizeof(*revocation));

    revocation->node = node;
    revocation->handle = handle;
    if (process != NULL && !process->slot_claimed)
        process->slot_revoked = true;
    world_after(node->world, 1, revoke_tell, revocation, process == NULL || !process->slot_claimed);
}

static void signal_arrives(void *object, uint64_t signum)
{
    process_end(object, (int)signum);
}

void process_signal(struct process *process, int signum)
{
    struct world *world = process->world;

    if (process->state == PROCESS_ENDED || (signum != SIGKILL && signum != SIGTERM))
        return;
    if (signum == SIGTERM && process->stubborn)
        return;
    world_after(world, signum == SIGKILL ? 10 : world_between(world, 10, 100 * MS), signal_arrives, process,
                (uint64_t)signum);
}

void process_orphan(struct process *process)
{
    struct world *world = process->world;

    process_close_door(process);
    process_hang_up(process);
    if (process->handle != 0 && !plant_strikes(world, PLANT_ORPHANS, 200))
        world_after(world, world_below(world, 2 * SECOND), signal_arrives, process, SIGKILL);
}

/* ---- its connection ---- */

bool process_reads(const struct process *process)
{
    return process->state == PROCESS_RUNNING && process->world->now >= process->busy_until;
}

void process_hang_up(struct process *process)
{
    if (process->end != NULL && process->end->state != END_CLOSED)
        net_close(process->end, true);
    process->end = NULL;
    if (process->actor != NULL)
        actor_gone(process->actor);
    process->actor = NULL;
}

void process_link_down(struct process *process, struct conn_end *end)
{
    net_forget(end);
    if (process->door == end)
        process->door = NULL;
    if (process->end == end)
        process_hang_up(process);
}

void process_frame(struct process *process, const uint8_t *bytes, size_t length)
{
    struct world *world = process->world;
    struct pvmi_frame_header header;

    if (pvmi_frame_header_decode(bytes, &header) != PvmOk ||
        header.length != length - PVMI_FRAME_HEADER_SIZE) {
        world_fail(world, "bad frame", "process %d got a frame of kind %d that does not decode", process->pid,
                   bytes[0]);
        return;
    }
    actor_frame(process, &header, bytes + PVMI_FRAME_HEADER_SIZE);
}

/* By the door: the answer is there already. */
static void process_enter(struct process *process, struct pvmi_msg_enroll *msg)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .length = process->hello_length };

    process->slot_claimed = true;
    process->lies = false;
    process->end = process->door;
    process->door = NULL;
    process->lives_left--;
    msg->claim_tid = process->claim_tid;
    msg->claim_nonce = process->claim_nonce;
    actor_say(process, PVMI_MSG_enroll, msg, NULL);
    actor_frame(process, &header, process->hello);
}

void process_enroll(struct process *process, bool claim)
{
    struct pvmi_msg_enroll msg = {
        .version = PVMI_VERSION, .pid = process->pid, .format = pvmi_format_own(), .program = "worker"
    };

    if (process->lives_left == 0 || process->end != NULL)
        return;
    if (claim && process->door != NULL && !process->slot_revoked && world_chance(process->world, 850)) {
        process_enter(process, &msg);
        return;
    }
    process->end = net_attach(process);
    if (process->end == NULL)
        return;
    process->lives_left--;
    if (claim) {
        msg.claim_tid = process->claim_tid;
        msg.claim_nonce = process->claim_nonce;
        process->lies = world_chance(process->world, 30);
        if (process->lies)
            msg.claim_nonce++;
    } else {
        msg.claim_tid = process->borrowed_tid;
        msg.claim_nonce = process->borrowed_nonce;
    }
    actor_say(process, PVMI_MSG_enroll, &msg, NULL);
}
