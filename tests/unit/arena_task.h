/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of the arena: a daemon, tasks in processes of their own, and the smallest transport that can be made of its
 * parts: first records by the inbox, then by a ring, large ones in a block. */
#ifndef TESTS_ARENA_TASK_H
#define TESTS_ARENA_TASK_H

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena/block.h"
#include "arena/budget.h"
#include "arena/heal.h"
#include "arena/inbox.h"
#include "arena/ring.h"
#include "arena/wake.h"

#define ARENA_PAGES 16384    /* 64 MiB */
#define BY_INBOX 4           /* records, before a ring is opened */
#define RINGS_MAX 8

/* In children cmocka's asserts do not reach the parent: they end with a status. */
#define MUST(condition)                                                                  \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: [pid %d] %s\n", __FILE__, __LINE__, getpid(), #condition); \
            _exit(1);                                                                    \
        }                                                                                \
    } while (0)

struct arena_daemon {
    struct pvmi_arena *arena;
    struct pvmi_self self;
};

struct arena_record {
    uint32_t number;
    uint32_t size;      /* of the message */
    uint64_t block;     /* where it is; 0: behind this */
    uint32_t index;
    uint32_t sum;
};

struct arena_task {
    struct pvmi_arena *arena;
    struct pvmi_self self;
    struct pvmi_heap heap;
    struct pvmi_lend lend;
    struct pvmi_holds holds;
    struct pvmi_inbox inbox;
    struct pvmi_ring_in in[RINGS_MAX];
    int in_count;
    struct pvmi_ring_out out;
    uint32_t sent;
    uint32_t woken;
    struct pvmi_wake_count count;
};

static inline void daemon_make(struct arena_daemon *daemon, uint32_t pages)
{
    MUST(pvmi_arena_create(pages, 77, &daemon->arena) == PvmOk);
    MUST(pvmi_slot_daemon(daemon->arena, &daemon->self) == PvmOk);
    pvmi_wake_join(&daemon->self);
}

static inline void daemon_end(struct arena_daemon *daemon)
{
    pvmi_arena_close(daemon->arena);
}

/* What a task does with a slot in this handle. */
static inline void task_claim(struct arena_task *task, struct pvmi_arena *arena, uint32_t slot)
{
    memset(task, 0, sizeof(*task));
    task->arena = arena;
    task->woken = PVMI_WAKE_NEVER;
    MUST(pvmi_slot_claim(arena, slot, slot + 1000, &task->self) == PvmOk);
    pvmi_wake_join(&task->self);
    MUST(pvmi_heap_init(&task->heap, &task->self) == PvmOk);
    pvmi_lend_init(&task->lend, &task->heap);
    pvmi_holds_init(&task->holds, &task->heap);
    pvmi_inbox_init(&task->inbox, &task->self);
}

/* The same with a handle of its own on the arena behind fd. */
static inline void task_start(struct arena_task *task, int fd, uint32_t slot)
{
    struct pvmi_arena *arena;

    MUST(pvmi_arena_open(dup(fd), &arena) == PvmOk);
    task_claim(task, arena, slot);
}

static inline void task_end(struct arena_task *task, bool with_arena)
{
    while (task->in_count > 0)
        pvmi_ring_leave(&task->in[--task->in_count]);
    pvmi_ring_forget(&task->out);
    pvmi_wake_leave(&task->self);
    pvmi_holds_fini(&task->holds);
    pvmi_lend_fini(&task->lend);
    pvmi_heap_fini(&task->heap);
    if (with_arena)
        pvmi_arena_close(task->arena);
}

static inline uint32_t daemon_reserve(struct arena_daemon *daemon, int32_t tid)
{
    uint32_t slot;

    MUST(pvmi_slot_reserve(daemon->arena, tid, 0, &slot) == PvmOk);
    atomic_store(&pvmi_arena_control(daemon->arena, slot)->nonce, slot + 1000);
    return slot;
}

/* The process's end, and what pvmd does then. */
static inline void no_poke(void *user, uint32_t slot)
{
    (void)user;
    (void)slot;
}

static inline void daemon_bury(struct arena_daemon *daemon, uint32_t slot)
{
    MUST(pvmi_heal_dead(&daemon->self, slot, no_poke, NULL) == PvmOk);
}

static inline uint32_t name_of(struct pvmi_arena *arena, uint32_t slot)
{
    return pvmi_name(slot, pvmi_life_generation(atomic_load(&arena->life[slot])));
}

/* ---- messages: number, and size bytes that follow from it ---- */

static inline uint8_t message_byte(uint32_t number, uint32_t at)
{
    return (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

static inline uint32_t message_fill(uint8_t *to, uint32_t number, uint32_t size)
{
    uint32_t sum = number;

    for (uint32_t i = 0; i < size; i++) {
        to[i] = message_byte(number, i);
        sum = sum * 17 + to[i];
    }
    return sum;
}

static inline bool message_good(const uint8_t *bytes, uint32_t number, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] != message_byte(number, i))
            return false;
    }
    return true;
}

static inline int put_record(struct arena_task *task, uint32_t receiver, const struct arena_record *record,
                             const void *data, size_t size)
{
    uint8_t together[PVMI_INBOX_BYTES];
    int rc = PVMI_AGAIN;

    if (task->out.ring == NULL && task->sent < BY_INBOX && sizeof(*record) + size <= sizeof(together)) {
        memcpy(together, record, sizeof(*record));
        if (size > 0)
            memcpy(together + sizeof(*record), data, size);
        rc = pvmi_inbox_put(&task->self, receiver, together, sizeof(*record) + size);
    }
    if (rc == PVMI_AGAIN && task->out.ring == NULL) {
        rc = pvmi_ring_open(&task->heap, receiver, &task->out);
        if (rc != PvmOk)
            return rc;
        rc = pvmi_inbox_request(task->arena, task->self.name, receiver);
        MUST(rc == PvmOk);
        rc = PVMI_AGAIN;
    }
    if (rc == PVMI_AGAIN)
        rc = pvmi_ring_put(&task->out, record, sizeof(*record), data, size);
    if (rc == PvmOk) {
        task->sent++;
        pvmi_wake_peer(&task->self, pvmi_name_slot(receiver), &task->woken);
    }
    return rc;
}

/* Message number of size bytes to receiver; above inline_max in a block. PvmOk, PvmNoMem, PvmNoTask. */
static inline int task_send(struct arena_task *task, uint32_t receiver, uint32_t number, uint32_t size,
                            uint32_t inline_max)
{
    struct arena_record record = { number, size, 0, 0, 0 };
    struct pvmi_arena_block *block;
    uint8_t bytes[PVMI_RECORD_MAX];
    int rc;

    if (!pvmi_slot_lives(task->arena, receiver))
        return PvmNoTask;
    if (size <= inline_max) {
        record.sum = message_fill(bytes, number, size);
        return put_record(task, receiver, &record, bytes, size);
    }
    rc = pvmi_lend_new(&task->lend, size, &record.block, &block);
    if (rc != PvmOk)
        return rc;
    record.sum = message_fill(pvmi_block_data(block), number, size);
    block->length = size;
    rc = pvmi_lend_to(&task->lend, record.block, receiver, &record.index);
    if (rc == PvmOk) {
        rc = put_record(task, receiver, &record, NULL, 0);
        if (rc != PvmOk)
            pvmi_lend_undo(&task->lend, record.block, record.index);
    }
    pvmi_lend_drop(&task->lend, record.block);
    return rc;
}

static inline bool task_knows(void *user, uint64_t position)
{
    struct arena_task *task = user;

    for (int i = 0; i < task->in_count; i++) {
        if (task->in[i].position == position)
            return true;
    }
    return false;
}

/* Everything that could have come. */
static inline bool task_look(void *user)
{
    struct arena_task *task = user;

    for (int i = 0; i < task->in_count; i++) {
        if (pvmi_ring_ready(&task->in[i]))
            return true;
    }
    return pvmi_inbox_ready(&task->inbox);
}

static inline void accept_rings(struct arena_task *task)
{
    uint32_t sender;

    while (pvmi_inbox_next_request(&task->inbox, &sender) == PvmOk) {
        MUST(task->in_count < RINGS_MAX);
        while (pvmi_ring_accept(task->arena, task->self.name, sender, task_knows, task, &task->in[task->in_count]) ==
               PvmOk)
            task->in_count++;
    }
}

static inline void leave_ring(struct arena_task *task, int at)
{
    pvmi_ring_leave(&task->in[at]);
    task->in[at] = task->in[--task->in_count];
}

/* Rings that were closed, or whose sender is dead and drained. */
static inline void leave_ended(struct arena_task *task)
{
    for (int i = task->in_count - 1; i >= 0; i--) {
        uint8_t bytes[PVMI_RECORD_MAX];
        size_t size;
        int rc = pvmi_ring_get(&task->in[i], bytes, &size);

        if (rc == PVMI_CLOSED || (rc == PVMI_AGAIN && pvmi_ring_ended(&task->in[i])))
            leave_ring(task, i);
    }
}

/* Checks what a record says, holding and releasing its block. */
static inline void take_message(struct arena_task *task, const uint8_t *bytes, size_t size,
                                struct arena_record *ret_record, struct pvmi_hold *ret_hold)
{
    MUST(size >= sizeof(*ret_record));
    memcpy(ret_record, bytes, sizeof(*ret_record));
    ret_hold->block = 0;
    if (ret_record->block == 0) {
        MUST(size == sizeof(*ret_record) + ret_record->size);
        MUST(message_good(bytes + sizeof(*ret_record), ret_record->number, ret_record->size));
    } else {
        pvmi_hold_add(&task->holds, ret_record->block, ret_record->index, ret_hold);
    }
}

static inline void check_block(struct arena_task *task, const struct arena_record *record)
{
    struct pvmi_pin pin;
    uint32_t length;
    uint64_t next;

    MUST(pvmi_block_pin(task->arena, record->block, &pin, &length, &next) == PvmOk);
    MUST(length == record->size && message_good(pvmi_block_data(pin.at), record->number, length));
    pvmi_arena_unpin(&pin);
}

/* The next message of anybody, checked; a block stays held. Returns false when there is none. */
static inline bool task_take(struct arena_task *task, struct arena_record *ret_record, struct pvmi_hold *ret_hold)
{
    uint8_t bytes[PVMI_RECORD_MAX];
    uint32_t sender;
    size_t size;

    MUST(pvmi_hold_reserve(&task->holds) == PvmOk);
    if (pvmi_inbox_swept(&task->inbox)) {
        accept_rings(task);
        leave_ended(task);
    }
    accept_rings(task);
    if (pvmi_inbox_get(&task->inbox, bytes, &size, &sender) == PvmOk) {
        take_message(task, bytes, size, ret_record, ret_hold);
        pvmi_inbox_advance(&task->inbox);
        return true;
    }
    for (int i = task->in_count - 1; i >= 0; i--) {
        int rc = pvmi_ring_get(&task->in[i], bytes, &size);

        MUST(rc == PvmOk || rc == PVMI_AGAIN || rc == PVMI_CLOSED);
        if (rc == PvmOk) {
            take_message(task, bytes, size, ret_record, ret_hold);
            pvmi_ring_advance(&task->in[i]);
            return true;
        }
        if (rc == PVMI_CLOSED || pvmi_ring_ended(&task->in[i]))
            leave_ring(task, i);
    }
    return false;
}

/* Waits for it, checks it, releases it. */
static inline uint32_t task_receive(struct arena_task *task)
{
    struct arena_record record;
    struct pvmi_hold hold;

    while (!task_take(task, &record, &hold))
        pvmi_wake_wait(&task->self, task_look, task, PVMI_WAKE_NO_DEADLINE, &task->count);
    if (hold.block != 0) {
        check_block(task, &record);
        MUST(pvmi_hold_release(&task->holds, &hold) == PvmOk);
    }
    return record.number;
}

/* Ends well, whatever is the last line of the test. */
static inline int status_of(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0)
        ;
    return status;
}

#endif
