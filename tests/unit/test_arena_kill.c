/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sender or a receiver is killed before each step of claim, write, publish, wake, sleep, take and free, one after the
 * other: nobody blocks, nothing is corrupted, what was sent arrives, memory comes back. The arena here is compiled with
 * steps (arena/step.h).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arena_task.h"

#define MESSAGES 90          /* enough for the inbox, the ring and a chunk more */
#define AFTER 6              /* from one who lives, afterwards */

/* What a process that is killed has to tell. */
struct told {
    _Atomic uint32_t sent;        /* messages whose send has returned */
    _Atomic uint32_t began;       /* and those that had begun */
    _Atomic uint32_t received;
};

static struct told *told;
static long kill_at = -1;         /* steps left; negative: never */

/* Kills itself: the process ends there, and no instruction of it comes after. */
void pvmi_arena_step(const char *next)
{
    (void)next;
    if (kill_at >= 0 && kill_at-- == 0)
        kill(getpid(), SIGKILL);
}

static uint32_t size_of(uint32_t number)
{
    return number % 5 == 4 ? 3000 : number % 7 == 3 ? 200 : 8;
}

static void child_sender(int fd, uint32_t slot, uint32_t receiver)
{
    struct arena_task task;

    task_start(&task, fd, slot);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        atomic_store(&told->began, i + 1);
        MUST(task_send(&task, receiver, i, size_of(i), 1300) == PvmOk);
        atomic_store(&told->sent, i + 1);
    }
}

static void child_receiver(int fd, uint32_t slot)
{
    struct arena_task task;

    task_start(&task, fd, slot);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        MUST(task_receive(&task) < MESSAGES);
        atomic_store(&told->received, i + 1);
    }
}

struct machine {
    struct arena_daemon daemon;
    uint32_t slots[3];
    uint32_t names[3];
    int64_t pages;
};

/* Two slots are for what is tested, the third for one who lives on. */
static void machine_make(struct machine *machine)
{
    daemon_make(&machine->daemon, ARENA_PAGES);
    machine->pages = atomic_load(&machine->daemon.arena->header->pages_free);
    for (int i = 0; i < 3; i++) {
        machine->slots[i] = daemon_reserve(&machine->daemon, i + 1);
        machine->names[i] = name_of(machine->daemon.arena, machine->slots[i]);
    }
}

/* All that was taken is there again once all are buried. */
static void machine_end(struct machine *machine)
{
    for (int i = 0; i < 3; i++)
        daemon_bury(&machine->daemon, machine->slots[i]);
    assert_int_equal(pvmi_heal_sweep(&machine->daemon.self), 0);
    pvmi_budget_audit(machine->daemon.arena);
    assert_int_equal(atomic_load(&machine->daemon.arena->header->pages_free), machine->pages);
    daemon_end(&machine->daemon);
}

/* Starts child, which kills itself before the nth step. */
static pid_t start(void (*child)(int, uint32_t, uint32_t), int fd, uint32_t slot, uint32_t peer, long nth)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(60);
        kill_at = nth;
        child(fd, slot, peer);
        _exit(0);
    }
    return pid;
}

static void start_receiver(int fd, uint32_t slot, uint32_t peer)
{
    (void)peer;
    child_receiver(fd, slot);
}

/* ---- the sender is killed ---- */

/*
 * What it had sent arrives, at most one more that it had begun; then the third task sends, and that arrives too: no cell
 * and no ring is blocked. The dead one's slot is free when all is read.
 */
static void receive_from_dead(struct machine *machine, struct arena_task *receiver)
{
    struct arena_record record;
    struct pvmi_hold hold;
    uint32_t count = 0, next = 0;
    bool seen[MESSAGES] = { false };

    while (task_take(receiver, &record, &hold)) {
        assert_true(record.number < MESSAGES && !seen[record.number]);
        seen[record.number] = true;
        count++;
        if (hold.block != 0) {
            check_block(receiver, &record);
            assert_true(pvmi_heal_sweep(&machine->daemon.self) > 0);    /* as long as it is held */
            assert_int_equal(pvmi_hold_release(&receiver->holds, &hold), PvmOk);
        }
    }
    while (next < MESSAGES && seen[next])
        next++;
    assert_int_equal(next, count);    /* whole, once, without a gap */
    assert_true(count >= atomic_load(&told->sent) && count <= atomic_load(&told->began));
    assert_int_equal(receiver->in_count, 0);
    assert_int_equal(pvmi_heal_sweep(&machine->daemon.self), 0);
    assert_false(pvmi_life_of(atomic_load(&machine->daemon.arena->life[machine->slots[0]])) != PVMI_LIFE_FREE);
    for (uint32_t i = 0; i < PVMI_INBOX_CELLS; i++)
        assert_int_equal(pvmi_inbox_state_of(atomic_load(&receiver->self.control->inbox[i].word)), PVMI_INBOX_FREE);
}

static void third_sends(struct machine *machine, struct arena_task *receiver)
{
    struct arena_task third;

    task_claim(&third, machine->daemon.arena, machine->slots[2]);
    for (uint32_t i = 0; i < AFTER; i++) {
        assert_int_equal(task_send(&third, receiver->self.name, i, size_of(i), 1300), PvmOk);
        assert_int_equal(task_receive(receiver), i);
    }
    task_end(&third, false);
}

/* Returns whether it was killed at all: else nth is beyond its last step. */
static bool sender_killed_at(long nth)
{
    struct machine machine;
    struct arena_task receiver;
    int status;

    machine_make(&machine);
    memset(told, 0, sizeof(*told));
    pid_t pid = start(child_sender, machine.daemon.arena->fd, machine.slots[0], machine.names[1], nth);

    status = status_of(pid);
    assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    task_claim(&receiver, machine.daemon.arena, machine.slots[1]);
    daemon_bury(&machine.daemon, machine.slots[0]);
    receive_from_dead(&machine, &receiver);
    third_sends(&machine, &receiver);
    task_end(&receiver, false);
    machine.daemon.arena->own = 0;
    machine_end(&machine);
    return status != 0;
}

static void a_sender_killed_at_any_step_loses_and_blocks_nothing(void **state)
{
    long nth = 0;

    (void)state;
    while (sender_killed_at(nth))
        nth++;
    assert_true(nth > 200);
}

/* ---- the receiver is killed ---- */

/* While the sender, which lives, sends: it ends its send, gets its memory back, and can send to others. */
static bool receiver_killed_at(long nth)
{
    struct machine machine;
    struct arena_task sender, third;
    int status;

    machine_make(&machine);
    memset(told, 0, sizeof(*told));
    task_claim(&sender, machine.daemon.arena, machine.slots[0]);
    pid_t pid = start(start_receiver, machine.daemon.arena->fd, machine.slots[1], 0, nth);

    for (uint32_t i = 0; i < MESSAGES; i++)
        assert_int_equal(task_send(&sender, machine.names[1], i, size_of(i), 1300), PvmOk);
    status = status_of(pid);
    assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    daemon_bury(&machine.daemon, machine.slots[1]);
    assert_int_equal(task_send(&sender, machine.names[1], 1, 8, 1300), PvmNoTask);
    pvmi_lend_reclaim(&sender.lend, UINT32_MAX);
    assert_int_equal(sender.lend.count, 0);
    if (sender.out.ring != NULL) {
        assert_true(pvmi_ring_finished(&sender.out));
        pvmi_ring_fini(&sender.out);
    }
    assert_int_equal(pvmi_heal_sweep(&machine.daemon.self), 0);
    task_claim(&third, machine.daemon.arena, machine.slots[2]);
    for (uint32_t i = 0; i < AFTER; i++) {
        assert_int_equal(task_send(&sender, third.self.name, i, size_of(i), 1300), PvmOk);
        assert_int_equal(task_receive(&third), i);
    }
    task_end(&sender, false);
    task_end(&third, false);
    machine.daemon.arena->own = 0;
    machine_end(&machine);
    return status != 0;
}

static void a_receiver_killed_at_any_step_blocks_nobody_and_memory_comes_back(void **state)
{
    long nth = 0;

    (void)state;
    while (receiver_killed_at(nth))
        nth++;
    assert_true(nth > 40);
}

/* ---- who sends from memory of its own is killed ---- */

#define REFERRED 12

static uint32_t referred_size(uint32_t number)
{
    return number % 3 == 0 ? 500 : number % 3 == 1 ? 70000 : 200000;
}

/* A body that refers to all of memory, and is to be freed with it. */
static int send_referring(struct arena_task *task, struct pvmi_regions *regions, uint32_t receiver, uint32_t number)
{
    struct arena_record record = { .number = number, .size = referred_size(number) };
    struct pvmi_region_piece piece;
    struct pvmi_arena_block *block;
    void *memory;
    int rc;

    MUST(pvmi_region_alloc_shared(regions, record.size, &memory) == PvmOk);
    message_fill(memory, number, record.size);
    MUST(pvmi_lend_new(&task->lend, 200, &record.block, &block) == PvmOk);
    pvmi_lend_refer(block);
    pvmi_region_look(regions, memory, record.size, &piece);
    MUST(piece.shared && piece.length == record.size && pvmi_lend_add_extent(&task->lend, block, &piece.extent));
    MUST(pvmi_lend_to(&task->lend, record.block, receiver, &record.index) == PvmOk);
    rc = put_record(task, receiver, &record, NULL, 0);
    pvmi_lend_drop(&task->lend, record.block);
    MUST(pvmi_region_free(regions, memory) == PvmOk);
    return rc;
}

static void child_owner(int fd, uint32_t slot, uint32_t receiver)
{
    struct pvmi_regions regions;
    struct arena_task task;

    memset(&regions, 0, sizeof(regions));
    task_start(&task, fd, slot);
    pvmi_regions_join(&regions, &task.lend);
    for (uint32_t i = 0; i < REFERRED; i++) {
        atomic_store(&told->began, i + 1);
        MUST(send_referring(&task, &regions, receiver, i) == PvmOk);
        atomic_store(&told->sent, i + 1);
        if (i == REFERRED / 2)
            pvmi_regions_keep(&regions);
    }
}

static void check_referred(struct arena_task *task, const struct arena_record *record)
{
    const uint8_t *bytes;
    struct pvmi_walk walk;
    struct pvmi_pin pin;
    uint32_t length;

    pvmi_walk_begin(&walk, task->arena, record->block);
    assert_int_equal(pvmi_walk_next(&walk, &pin, &bytes, &length), PvmOk);
    assert_int_equal(length, referred_size(record->number));
    assert_true(message_good(bytes, record->number, length));
    pvmi_arena_unpin(&pin);
    pvmi_walk_end(&walk);
}

static bool owner_killed_at(long nth)
{
    struct machine machine;
    struct arena_task receiver;
    struct arena_record record;
    struct pvmi_hold hold;
    uint32_t count = 0;
    int status;

    machine_make(&machine);
    memset(told, 0, sizeof(*told));
    status = status_of(start(child_owner, machine.daemon.arena->fd, machine.slots[0], machine.names[1], nth));
    assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    task_claim(&receiver, machine.daemon.arena, machine.slots[1]);
    daemon_bury(&machine.daemon, machine.slots[0]);
    while (task_take(&receiver, &record, &hold)) {
        assert_int_equal(record.size, referred_size(record.number));
        check_referred(&receiver, &record);
        assert_true(pvmi_heal_sweep(&machine.daemon.self) > 0);
        assert_int_equal(pvmi_hold_release(&receiver.holds, &hold), PvmOk);
        count++;
    }
    assert_true(count >= atomic_load(&told->sent) && count <= atomic_load(&told->began));
    assert_int_equal(pvmi_heal_sweep(&machine.daemon.self), 0);
    task_end(&receiver, false);
    machine.daemon.arena->own = 0;
    machine_end(&machine);
    return status != 0;
}

static void an_owner_killed_at_any_step_has_its_data_read_and_its_memory_comes_back(void **state)
{
    long nth = 0;

    (void)state;
    while (owner_killed_at(nth))
        nth++;
    assert_true(nth > 40);
}

/* ---- who waits for the dead ---- */

/* The sender dies between publishing and waking: the receiver, asleep, is woken by pvmd. */
static bool sleeper_of_killed_at(long nth)
{
    struct machine machine;
    pid_t receiver, sender;
    int status;

    machine_make(&machine);
    memset(told, 0, sizeof(*told));
    receiver = start(start_receiver, machine.daemon.arena->fd, machine.slots[1], 0, -1);
    while (pvmi_state_of(atomic_load(&machine.daemon.arena->states[machine.slots[1]].word)) != PVMI_ASLEEP)
        sched_yield();
    sender = start(child_sender, machine.daemon.arena->fd, machine.slots[0], machine.names[1], nth);
    status = status_of(sender);
    daemon_bury(&machine.daemon, machine.slots[0]);
    while (atomic_load(&told->received) < atomic_load(&told->sent))    /* else the alarm of the receiver ends it */
        assert_int_equal(waitpid(receiver, NULL, WNOHANG), 0);
    kill(receiver, SIGKILL);
    waitpid(receiver, NULL, 0);
    machine_end(&machine);
    return status != 0;
}

static void a_sleeper_gets_what_the_dead_had_sent(void **state)
{
    (void)state;
    for (long nth = 0; nth < 60; nth++)    /* the inbox, the request for the ring, and its first records */
        assert_true(sleeper_of_killed_at(nth));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sender_killed_at_any_step_loses_and_blocks_nothing),
        cmocka_unit_test(a_receiver_killed_at_any_step_blocks_nobody_and_memory_comes_back),
        cmocka_unit_test(an_owner_killed_at_any_step_has_its_data_read_and_its_memory_comes_back),
        cmocka_unit_test(a_sleeper_gets_what_the_dead_had_sent),
    };

    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return told == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
