/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings, inbox and lent blocks between processes, and between threads (for ThreadSanitizer). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena_task.h"
#include "base/alloc.h"

/* Sizes that go inline in one cell, in many, and in a block. */
static uint32_t size_of(uint32_t number)
{
    static const uint32_t sizes[] = { 0, 8, 27, 28, 32, 33, 100, 600, 1000, 1301, 5000, 70000 };

    return sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
}

static void send_all(struct arena_task *task, uint32_t receiver, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        int rc;

        while ((rc = task_send(task, receiver, i, size_of(i), 1300)) == PvmNoMem)
            sched_yield();    /* the receiver still holds what the budget has */
        MUST(rc == PvmOk);
    }
}

static void receive_all(struct arena_task *task, uint32_t count)
{
    uint64_t seen = 0;

    for (uint32_t i = 0; i < count; i++)
        seen += task_receive(task);
    MUST(seen == (uint64_t)count * (count - 1) / 2);
}

/* An arena of pages, with two tasks. */
static void two_make(struct arena_daemon *daemon, struct arena_task *first, struct arena_task *second, uint32_t pages)
{
    daemon_make(daemon, pages);
    task_claim(first, daemon->arena, daemon_reserve(daemon, 1));
    task_claim(second, daemon->arena, daemon_reserve(daemon, 2));
}

static void two_end(struct arena_daemon *daemon, struct arena_task *first, struct arena_task *second)
{
    task_end(first, false);
    task_end(second, false);
    daemon_end(daemon);
}

/* ---- two processes ---- */

static void processes_exchange(uint32_t count, uint32_t pages)
{
    struct arena_daemon daemon;
    struct arena_task task;
    uint32_t sender, receiver;
    pid_t pids[2];

    daemon_make(&daemon, pages);
    sender = daemon_reserve(&daemon, 1);
    receiver = daemon_reserve(&daemon, 2);
    uint32_t name = name_of(daemon.arena, receiver);
    int fd = daemon.arena->fd;
    int64_t before = atomic_load(&daemon.arena->header->pages_free);

    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            alarm(60);
            task_start(&task, fd, i == 0 ? receiver : sender);
            if (i == 0)
                receive_all(&task, count);
            else
                send_all(&task, name, count);
            _exit(0);
        }
    }
    assert_int_equal(status_of(pids[1]), 0);
    daemon_bury(&daemon, sender);
    assert_int_equal(status_of(pids[0]), 0);
    daemon_bury(&daemon, receiver);
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    assert_true(atomic_load(&daemon.arena->header->pages_free) > before);
    daemon_end(&daemon);
}

static void a_process_receives_what_another_sends_also_after_its_end(void **state)
{
    (void)state;
    processes_exchange(5000, ARENA_PAGES);
}

static void little_memory_slows_and_loses_nothing(void **state)
{
    (void)state;
    processes_exchange(1200, 1600);
}

/* Nobody reads: the sender goes on until its budget ends, and all that it had sent is there. */
static void sending_never_waits_for_the_receiver(void **state)
{
    struct arena_daemon daemon;
    struct arena_task sender, receiver;
    uint32_t count = 0;

    (void)state;
    two_make(&daemon, &sender, &receiver, 2048);
    while (task_send(&sender, receiver.self.name, count, 1300, 1300) == PvmOk)
        count++;
    assert_true(count > 1000);
    assert_int_equal(task_send(&sender, receiver.self.name, count, 1300, 1300), PvmNoMem);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(task_receive(&receiver), i);
    assert_int_equal(task_send(&sender, receiver.self.name, 5, 1300, 1300), PvmOk);
    assert_int_equal(task_receive(&receiver), 5);
    two_end(&daemon, &sender, &receiver);
}

/* ---- rings ---- */

static void a_ring_s_chunks_are_freed_and_it_opens_again(void **state)
{
    struct arena_daemon daemon;
    struct arena_task sender, receiver;

    (void)state;
    two_make(&daemon, &sender, &receiver, ARENA_PAGES);
    for (uint32_t round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < 3000; i++)
            assert_int_equal(task_send(&sender, receiver.self.name, i, 8, 1300), PvmOk);
        for (uint32_t i = 0; i < 3000; i++)
            assert_int_equal(task_receive(&receiver), i);
        assert_int_equal(pvmi_ring_close(&sender.out), PvmOk);
        assert_false(pvmi_ring_finished(&sender.out));
        struct arena_record record;
        struct pvmi_hold hold;

        assert_false(task_take(&receiver, &record, &hold));
        assert_int_equal(receiver.in_count, 0);
        assert_true(pvmi_ring_finished(&sender.out));
        pvmi_ring_fini(&sender.out);
    }
    assert_true(atomic_load(&sender.self.control->pages) < 300);
    two_end(&daemon, &sender, &receiver);
}

static void a_ring_gone_mad_is_refused(void **state)
{
    struct arena_daemon daemon;
    struct arena_task sender, receiver;
    uint8_t bytes[PVMI_RECORD_MAX];
    struct pvmi_ring_in in;
    size_t size;

    (void)state;
    two_make(&daemon, &sender, &receiver, ARENA_PAGES);
    assert_int_equal(pvmi_ring_open(&sender.heap, receiver.self.name, &sender.out), PvmOk);
    assert_int_equal(pvmi_ring_put(&sender.out, "x", 1, NULL, 0), PvmOk);
    sender.out.ring->cells = 1u << 30;
    assert_int_equal(pvmi_ring_accept(daemon.arena, receiver.self.name, sender.self.name, task_knows, &receiver, &in),
                     PvmBadMsg);
    sender.out.ring->cells = PVMI_RING_CELLS;
    sender.out.ring->chunk += 8;
    assert_int_equal(pvmi_ring_accept(daemon.arena, receiver.self.name, sender.self.name, task_knows, &receiver, &in),
                     PvmBadMsg);
    sender.out.ring->chunk -= 8;
    assert_int_equal(pvmi_ring_accept(daemon.arena, receiver.self.name, sender.self.name, task_knows, &receiver, &in),
                     PvmOk);
    sender.out.cells[0].first.size = 60000;
    assert_int_equal(pvmi_ring_get(&in, bytes, &size), PvmBadMsg);
    sender.out.cells[0].first.kind = 77;
    assert_int_equal(pvmi_ring_get(&in, bytes, &size), PvmBadMsg);
    atomic_store(&sender.out.ring->next, sender.out.position);    /* a circle */
    assert_int_equal(pvmi_ring_accept(daemon.arena, 99, sender.self.name, task_knows, &receiver, &in), PvmBadMsg);
    task_end(&sender, false);
    task_end(&receiver, false);
    daemon_bury(&daemon, sender.self.slot);    /* and pvmd comes through, too */
    daemon_end(&daemon);
}

/* ---- inbox ---- */

static void a_full_inbox_says_so_and_a_busy_cell_is_passed_over(void **state)
{
    struct arena_daemon daemon;
    struct arena_task sender, receiver;
    uint8_t bytes[PVMI_INBOX_BYTES];
    uint32_t from;
    size_t size;

    (void)state;
    two_make(&daemon, &sender, &receiver, ARENA_PAGES);
    atomic_store(&receiver.self.control->inbox[7].word,
                 pvmi_inbox_word(PVMI_INBOX_BUSY, sender.self.name, receiver.self.name));
    for (uint32_t i = 0; i < PVMI_INBOX_CELLS - 1; i++)
        assert_int_equal(pvmi_inbox_put(&sender.self, receiver.self.name, &i, sizeof(i)), PvmOk);
    assert_int_equal(pvmi_inbox_put(&sender.self, receiver.self.name, &from, sizeof(from)), PVMI_AGAIN);
    for (uint32_t i = 0; i < PVMI_INBOX_CELLS - 1; i++) {
        assert_int_equal(pvmi_inbox_get(&receiver.inbox, bytes, &size, &from), PvmOk);
        assert_int_equal(size, sizeof(i));
        assert_int_equal(from, sender.self.name);
        pvmi_inbox_advance(&receiver.inbox);
    }
    assert_int_equal(pvmi_inbox_get(&receiver.inbox, bytes, &size, &from), PVMI_AGAIN);
    assert_false(pvmi_inbox_ready(&receiver.inbox) && receiver.inbox.pending != 0);
    assert_int_equal(pvmi_inbox_state_of(atomic_load(&receiver.self.control->inbox[7].word)), PVMI_INBOX_BUSY);
    two_end(&daemon, &sender, &receiver);
}

static void what_was_for_the_slot_s_last_task_is_thrown_away(void **state)
{
    struct arena_daemon daemon;
    struct arena_task sender, receiver;
    uint8_t bytes[PVMI_INBOX_BYTES];
    uint32_t from, old;
    size_t size;

    (void)state;
    two_make(&daemon, &sender, &receiver, ARENA_PAGES);
    old = receiver.self.name;
    assert_int_equal(pvmi_inbox_put(&sender.self, old, "early", 5), PvmOk);
    task_end(&receiver, false);
    daemon_bury(&daemon, pvmi_name_slot(old));
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    assert_int_equal(task_send(&sender, old, 1, 8, 1300), PvmNoTask);
    daemon.arena->turn = pvmi_name_slot(old) - 1;
    assert_int_equal(daemon_reserve(&daemon, 3), pvmi_name_slot(old));
    task_claim(&receiver, daemon.arena, pvmi_name_slot(old));
    assert_int_not_equal(receiver.self.name, old);
    assert_int_equal(pvmi_inbox_put(&sender.self, old, "late", 4), PvmOk);    /* it had looked before the death */
    assert_int_equal(pvmi_inbox_get(&receiver.inbox, bytes, &size, &from), PVMI_AGAIN);
    assert_int_equal(pvmi_inbox_put(&sender.self, receiver.self.name, "now", 3), PvmOk);
    assert_int_equal(pvmi_inbox_get(&receiver.inbox, bytes, &size, &from), PvmOk);
    assert_memory_equal(bytes, "now", 3);
    two_end(&daemon, &sender, &receiver);
}

/* ---- blocks ---- */

static void a_block_has_a_word_for_each_of_many_receivers(void **state)
{
    struct arena_daemon daemon;
    struct arena_task owner, reader;
    struct pvmi_arena_block *block;
    struct pvmi_hold holds[300];
    uint64_t position;
    uint32_t index;

    (void)state;
    two_make(&daemon, &owner, &reader, ARENA_PAGES);
    assert_int_equal(pvmi_lend_new(&owner.lend, 5000, &position, &block), PvmOk);
    for (uint32_t i = 0; i < 300; i++) {
        assert_int_equal(pvmi_lend_to(&owner.lend, position, reader.self.name, &index), PvmOk);
        assert_int_equal(index, i);
        assert_int_equal(pvmi_hold_reserve(&reader.holds), PvmOk);
        pvmi_hold_add(&reader.holds, position, index, &holds[i]);
    }
    pvmi_lend_drop(&owner.lend, position);
    for (uint32_t i = 0; i < 300; i++) {
        assert_int_equal(pvmi_lend_reclaim(&owner.lend, 5), 0);
        assert_int_equal(pvmi_hold_release(&reader.holds, &holds[i * 7 % 300]), PvmOk);
    }
    assert_int_equal(pvmi_lend_reclaim(&owner.lend, 5), 1);
    assert_int_equal(block->magic, 0);
    two_end(&daemon, &owner, &reader);
}

static void the_dead_hold_nothing(void **state)
{
    struct arena_daemon daemon;
    struct arena_task owner, reader;
    struct pvmi_arena_block *block;
    uint64_t position;
    uint32_t index;

    (void)state;
    two_make(&daemon, &owner, &reader, ARENA_PAGES);
    assert_int_equal(pvmi_lend_new(&owner.lend, 5000, &position, &block), PvmOk);
    assert_int_equal(pvmi_lend_to(&owner.lend, position, reader.self.name, &index), PvmOk);
    pvmi_lend_drop(&owner.lend, position);
    assert_int_equal(pvmi_lend_reclaim(&owner.lend, 5), 0);
    daemon_bury(&daemon, reader.self.slot);
    assert_int_equal(pvmi_lend_reclaim(&owner.lend, 5), 1);
    two_end(&daemon, &owner, &reader);
}

static void a_chain_is_copied_out_and_a_false_one_refused(void **state)
{
    struct arena_daemon daemon;
    struct arena_task owner, reader;
    struct pvmi_arena_block *first, *second;
    uint64_t position, next, copy;

    (void)state;
    two_make(&daemon, &owner, &reader, ARENA_PAGES);
    assert_int_equal(pvmi_lend_new(&owner.lend, 256, &position, &first), PvmOk);
    assert_int_equal(pvmi_lend_new(&owner.lend, 70000, &next, &second), PvmOk);
    message_fill(pvmi_block_data(first), 1, first->length = 200);
    message_fill(pvmi_block_data(second), 2, second->length = 70000);
    first->next = next;
    assert_int_equal(pvmi_block_copy(daemon.arena, position, 70200, &reader.lend, &copy), PvmOk);
    struct pvmi_arena_block *copied = pvmi_heap_block(&reader.heap, copy);

    assert_int_equal(copied->length, 200);
    assert_true(message_good(pvmi_block_data(copied), 1, 200));
    copied = pvmi_heap_block(&reader.heap, copied->next);
    assert_int_equal(copied->length, 70000);
    assert_true(message_good(pvmi_block_data(copied), 2, 70000));
    pvmi_lend_drop(&reader.lend, copy);
    assert_int_equal(pvmi_block_copy(daemon.arena, position, 70201, &reader.lend, &copy), PvmBadMsg);
    second->length = second->capacity + 1;
    assert_int_equal(pvmi_block_copy(daemon.arena, position, 70200, &reader.lend, &copy), PvmBadMsg);
    second->length = 0;
    second->next = next;
    assert_int_equal(pvmi_block_copy(daemon.arena, position, 300, &reader.lend, &copy), PvmBadMsg);
    two_end(&daemon, &owner, &reader);
}

/* ---- threads, so that ThreadSanitizer sees all accesses ---- */

#define THREAD_MESSAGES 6000

struct thread_pair {
    struct arena_task *task;
    uint32_t receiver;
};

static void *thread_send(void *user)
{
    struct thread_pair *pair = user;

    send_all(pair->task, pair->receiver, THREAD_MESSAGES);
    return NULL;
}

static void threads_share_one_mapping(void **state)
{
    struct arena_daemon daemon;
    struct arena_task senders[3], receiver;
    struct thread_pair pairs[3];
    pthread_t threads[3];
    void *at;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&receiver, daemon.arena, daemon_reserve(&daemon, 9));
    for (int i = 0; i < 3; i++) {
        task_claim(&senders[i], daemon.arena, daemon_reserve(&daemon, i + 1));
        pairs[i] = (struct thread_pair){ &senders[i], receiver.self.name };
        for (uint32_t piece = 0; piece < 2; piece++)    /* a handle belongs to one thread: map before there are more */
            assert_int_equal(pvmi_arena_at(daemon.arena, pvmi_position(senders[i].self.slot, 1, piece << 26), 8, &at),
                             PvmOk);
        assert_int_equal(pthread_create(&threads[i], NULL, thread_send, &pairs[i]), 0);
    }
    for (int i = 0; i < 3 * THREAD_MESSAGES; i++)
        task_receive(&receiver);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 3; i++)
        task_end(&senders[i], false);
    task_end(&receiver, false);
    daemon_end(&daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_receives_what_another_sends_also_after_its_end),
        cmocka_unit_test(little_memory_slows_and_loses_nothing),
        cmocka_unit_test(sending_never_waits_for_the_receiver),
        cmocka_unit_test(a_ring_s_chunks_are_freed_and_it_opens_again),
        cmocka_unit_test(a_ring_gone_mad_is_refused),
        cmocka_unit_test(a_full_inbox_says_so_and_a_busy_cell_is_passed_over),
        cmocka_unit_test(what_was_for_the_slot_s_last_task_is_thrown_away),
        cmocka_unit_test(a_block_has_a_word_for_each_of_many_receivers),
        cmocka_unit_test(the_dead_hold_nothing),
        cmocka_unit_test(a_chain_is_copied_out_and_a_false_one_refused),
        cmocka_unit_test(threads_share_one_mapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
