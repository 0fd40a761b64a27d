/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages through the arena (transport/shm): two tasks in one process, each with a view of its own. What it has in common
 * with other transports is in tests/transports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "tests/unit/shm_side.h"

#define TID_A 0x40001
#define TID_B 0x40002

static struct arena_daemon the_daemon;
static struct side a, b;
static struct pvmi_shm_peer *to_b;
static int pokes;

static void poke(void *user, uint32_t name)
{
    (void)user;
    assert_int_equal(name, b.self.name);
    pokes++;
}

static int set_up(void **state)
{
    (void)state;
    pokes = 0;
    daemon_make(&the_daemon, ARENA_PAGES);
    side_reserve(&a, &the_daemon, TID_A);
    side_reserve(&b, &the_daemon, TID_B);
    side_open(&a, &the_daemon, poke, NULL);
    side_open(&b, &the_daemon, poke, NULL);
    assert_int_equal(pvmi_shm_connect(a.shm, TID_B, &to_b), PvmOk);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (a.shm != NULL)
        side_close(&a);
    side_close(&b);
    daemon_end(&the_daemon);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

static struct pvmi_shm_head head_of(uint32_t number)
{
    return (struct pvmi_shm_head){ .message = number, .tag = (int32_t)number * 3, .ctx = 7, .wid = 9 };
}

static int send_short(uint32_t number, uint32_t size)
{
    static uint8_t bytes[PVMI_SHM_SHORT_MAX];
    struct pvmi_shm_head head = head_of(number);

    message_fill(bytes, number, size);
    return pvmi_shm_send(to_b, &head, bytes, size);
}

static int send_lent(uint32_t number, uint32_t size)
{
    struct pvmi_shm_head head = head_of(number);
    struct pvmi_arena_block *block;
    uint64_t position;
    int rc = pvmi_lend_new(&a.shm->lend, size, &position, &block);

    if (rc != PvmOk)
        return rc;
    message_fill(pvmi_block_data(block), number, size);
    block->length = size;
    rc = pvmi_shm_lend(to_b, &head, position, size);
    pvmi_lend_drop(&a.shm->lend, position);
    return rc;
}

/* The next message of A: number and body as they were sent; releases it. */
static void take(uint32_t number, uint32_t size, bool lent)
{
    static uint8_t bytes[PVMI_SHM_SHORT_MAX];
    struct pvmi_shm_arrival arrival;
    struct pvmi_hold hold;
    struct pvmi_pin pin;
    uint32_t length;
    uint64_t next;

    assert_int_equal(pvmi_shm_next(b.shm, &arrival), PvmOk);
    assert_int_equal(arrival.head.message, number);
    assert_int_equal(arrival.head.tag, (int32_t)number * 3);
    assert_int_equal(arrival.src, TID_A);
    assert_int_equal(arrival.lent.length, size);
    assert_int_equal(arrival.head.lent, lent);
    if (!lent) {
        pvmi_shm_read(b.shm, bytes, size);
        pvmi_shm_pass(b.shm);
        assert_true(message_good(bytes, number, size));
        return;
    }
    assert_int_equal(pvmi_hold_reserve(&b.shm->holds), PvmOk);
    assert_int_equal(pvmi_block_pin(b.arena, arrival.lent.position, &pin, &length, &next), PvmOk);
    pvmi_hold_add(&b.shm->holds, arrival.lent.position, arrival.lent.index, &hold);
    pvmi_shm_pass(b.shm);
    assert_int_equal(length, size);
    assert_true(message_good(pvmi_block_data(pin.at), number, size));
    pvmi_arena_unpin(&pin);
    assert_int_equal(pvmi_hold_release(&b.shm->holds, &hold), PvmOk);
}

static void take_none(void)
{
    struct pvmi_shm_arrival arrival;

    assert_int_equal(pvmi_shm_next(b.shm, &arrival), PVMI_AGAIN);
    assert_false(pvmi_shm_ready(b.shm));
}

/* The first few go by the inbox, which has no order with what follows: they are read before there is more. */
static void get_to_know(void)
{
    for (uint32_t number = 1000001; number <= 1000008; number++) {
        assert_int_equal(send_short(number, 4), PvmOk);
        take(number, 4, false);
    }
}

static void who_finds_no_memory_has_sent_nothing(void **state)
{
    uint32_t sent = 0;

    (void)state;
    get_to_know();
    while (send_lent(sent + 1, 4000000) == PvmOk)
        sent++;
    assert_in_range(sent, 5, 17);    /* of 64 MiB */
    for (uint32_t number = 1; number <= sent; number++)
        take(number, 4000000, true);
    take_none();
    assert_int_equal(send_lent(sent + 1, 4000000), PvmOk);    /* what was read is free again */
    take(sent + 1, 4000000, true);
}

static void what_a_dead_task_had_sent_comes_all_the_same(void **state)
{
    (void)state;
    for (uint32_t number = 1; number <= 40; number++)
        assert_int_equal(number == 30 ? send_lent(number, 9000) : send_short(number, 50), PvmOk);
    side_close(&a);
    daemon_bury(&the_daemon, a.slot);
    assert_int_equal(pvmi_heal_sweep(&the_daemon.self), 1);
    for (uint32_t number = 1; number <= 40; number++)
        take(number, number == 30 ? 9000 : 50, number == 30);
    take_none();
    assert_int_equal(b.shm->ring_count, 0);
    assert_int_equal(pvmi_heal_sweep(&the_daemon.self), 0);
}

static void only_a_task_that_has_come_is_sent_to(void **state)
{
    struct pvmi_shm_peer *peer;
    struct side c;

    (void)state;
    assert_int_equal(pvmi_shm_connect(a.shm, 0x40003, &peer), PvmNoTask);
    side_reserve(&c, &the_daemon, 0x40003);
    assert_int_equal(pvmi_shm_connect(a.shm, 0x40003, &peer), PvmNoTask);
    side_open(&c, &the_daemon, poke, NULL);
    assert_int_equal(pvmi_shm_connect(a.shm, 0x40003, &peer), PvmOk);
    assert_true(pvmi_shm_lives(peer));
    side_close(&c);
    daemon_bury(&the_daemon, c.slot);
    assert_false(pvmi_shm_lives(peer));
    pvmi_shm_disconnect(peer);
}

static void who_sleeps_over_its_descriptors_is_poked_once(void **state)
{
    (void)state;
    pvmi_wake_rest(&b.self);
    assert_int_equal(send_short(1, 10), PvmOk);
    assert_int_equal(pokes, 1);
    assert_int_equal(send_short(2, 10), PvmOk);
    assert_int_equal(pokes, 1);
    pvmi_wake_enter(&b.self);
    take(1, 10, false);
    take(2, 10, false);
    assert_int_equal(send_short(3, 10), PvmOk);
    assert_int_equal(pokes, 1);
    take(3, 10, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_finds_no_memory_has_sent_nothing),
        TEST(what_a_dead_task_had_sent_comes_all_the_same),
        TEST(only_a_task_that_has_come_is_sent_to),
        TEST(who_sleeps_over_its_descriptors_is_poked_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
