/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the program in the arena: what is given where, and when it is free; bodies that refer to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "tests/unit/arena_task.h"

#define MIB ((size_t)1 << 20)
#define GIVEN_MAX 16

static struct arena_daemon the_daemon;
static struct arena_task owner, reader;
static struct pvmi_regions regions;
static uint8_t *given[GIVEN_MAX];
static int given_count;

static void make(uint32_t pages)
{
    daemon_make(&the_daemon, pages);
    task_start(&owner, the_daemon.arena->fd, daemon_reserve(&the_daemon, 1));
    task_start(&reader, the_daemon.arena->fd, daemon_reserve(&the_daemon, 2));
    memset(&regions, 0, sizeof(regions));
    pvmi_regions_join(&regions, &owner.lend);
}

static int set_up(void **state)
{
    (void)state;
    make(ARENA_PAGES);
    return 0;
}

static void owner_leaves(void)
{
    pvmi_regions_leave(&regions);
    task_end(&owner, true);
    owner.arena = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < given_count; i++)
        pvmi_region_free(&regions, given[i]);
    given_count = 0;
    if (owner.arena != NULL)
        owner_leaves();
    pvmi_free(regions.by_address);
    task_end(&reader, true);
    daemon_end(&the_daemon);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* What is left at the end is freed then. */
static uint8_t *alloc(size_t bytes)
{
    void *at;

    assert_int_equal(pvmi_region_alloc_shared(&regions, bytes, &at), PvmOk);
    assert_true(given_count < GIVEN_MAX);
    given[given_count++] = at;
    return at;
}

/* A body of length bytes from at on, for the reader; *ret_index is its word. */
static uint64_t refer(const uint8_t *at, size_t length, uint32_t *ret_index)
{
    struct pvmi_arena_block *block;
    struct pvmi_region_piece piece;
    uint64_t position;

    assert_int_equal(pvmi_lend_new(&owner.lend, 8000, &position, &block), PvmOk);
    pvmi_lend_refer(block);
    for (size_t done = 0; done < length; done += piece.length) {
        pvmi_region_look(&regions, at + done, length - done, &piece);
        assert_true(piece.shared);
        assert_in_range(piece.length, 1, length - done);
        assert_true(pvmi_lend_add_extent(&owner.lend, block, &piece.extent));
    }
    assert_int_equal(pvmi_lend_to(&owner.lend, position, reader.self.name, ret_index), PvmOk);
    pvmi_lend_drop(&owner.lend, position);
    return position;
}

/* Whether the reader finds length bytes of message number there. */
static bool reads(uint64_t position, uint32_t number, size_t length)
{
    uint8_t *all = malloc(length);
    struct pvmi_walk walk;
    size_t done = 0;
    bool good;

    pvmi_walk_begin(&walk, reader.arena, position);
    while (done < length) {
        const uint8_t *bytes;
        struct pvmi_pin pin;
        uint32_t piece;

        assert_int_equal(pvmi_walk_next(&walk, &pin, &bytes, &piece), PvmOk);
        assert_in_range(piece, 1, length - done);
        memcpy(all + done, bytes, piece);
        pvmi_arena_unpin(&pin);
        done += piece;
    }
    pvmi_walk_end(&walk);
    good = message_good(all, number, (uint32_t)length);
    free(all);
    return good;
}

static void release(uint64_t position, uint32_t index)
{
    struct pvmi_hold hold;

    assert_int_equal(pvmi_hold_reserve(&reader.holds), PvmOk);
    pvmi_hold_add(&reader.holds, position, index, &hold);
    assert_int_equal(pvmi_hold_release(&reader.holds, &hold), PvmOk);
}

static uint32_t pages_taken(void)
{
    return atomic_load(&owner.self.control->pages);
}

static void memory_of_all_sizes_is_apart_and_aligned(void **state)
{
    static uint8_t *at[400];
    static const size_t sizes[] = { 0, 1, 64, 65, 1000, 4096, 5000, 32768, 32769, 65537, 300000 };
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

    (void)state;
    for (uint32_t i = 0; i < 400; i++) {
        void *memory;

        assert_int_equal(pvmi_region_alloc(&regions, sizes[i % SIZES], &memory), PvmOk);
        at[i] = memory;
        assert_int_equal((uintptr_t)at[i] & 15, 0);
        message_fill(at[i], i, (uint32_t)sizes[i % SIZES]);
    }
    for (uint32_t i = 0; i < 400; i++)
        assert_true(message_good(at[i], i, (uint32_t)sizes[i % SIZES]));
    for (uint32_t i = 0; i < 400; i++)
        assert_int_equal(pvmi_region_free(&regions, at[i]), PvmOk);
    assert_true(pvmi_regions_trim(&regions));
    assert_int_equal(regions.count, 0);
    assert_int_equal(regions.spare_bytes, 0);
    assert_int_equal(pages_taken(), 2);    /* the control page */
}

static void what_is_wrongly_freed_is_told(void **state)
{
    uint8_t *small = alloc(100), *large = alloc(MIB), *other = alloc(100);
    uint8_t local;

    (void)state;
    assert_int_equal(pvmi_region_free(&regions, &local), PvmNotFound);
    assert_int_equal(pvmi_region_free(&regions, small + 1), PvmBadParam);
    assert_int_equal(pvmi_region_free(&regions, large + 4096), PvmBadParam);
    assert_int_equal(pvmi_region_free(&regions, small), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, small), PvmAlready);
    assert_int_equal(pvmi_region_free(&regions, large), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, large), PvmAlready);
    pvmi_regions_trim(&regions);
    assert_int_equal(pvmi_region_free(&regions, large), PvmNotFound);
    assert_int_equal(pvmi_region_free(&regions, other), PvmOk);
}

/* What was freed last is given first, when nobody needs it any more. */
static void memory_that_a_body_refers_to_is_not_given_away(void **state)
{
    static const size_t sizes[] = { 3000, MIB + 5 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t *first = alloc(sizes[i]), *second;
        uint64_t body, again;
        uint32_t index, index_again;

        message_fill(first, 1, (uint32_t)sizes[i]);
        body = refer(first, sizes[i], &index);
        again = refer(first, sizes[i], &index_again);
        assert_int_equal(pvmi_region_free(&regions, first), PvmOk);
        assert_int_equal(pvmi_region_free(&regions, first), PvmAlready);
        second = alloc(sizes[i]);
        assert_ptr_not_equal(second, first);
        message_fill(second, 2, (uint32_t)sizes[i]);
        assert_true(reads(body, 1, sizes[i]));
        release(body, index);
        pvmi_lend_reclaim(&owner.lend, UINT32_MAX);
        assert_ptr_not_equal(alloc(sizes[i]), first);    /* the other body refers to it, too */
        assert_true(reads(again, 1, sizes[i]));
        release(again, index_again);
        pvmi_lend_reclaim(&owner.lend, UINT32_MAX);
        assert_ptr_equal(alloc(sizes[i]), first);
        assert_int_equal(pvmi_region_free(&regions, second), PvmOk);
        assert_ptr_equal(alloc(sizes[i]), second);
    }
}

/* A reader that is dead holds nothing. */
static void the_death_of_a_reader_frees_what_it_held(void **state)
{
    uint8_t *first = alloc(MIB);
    uint32_t index, slot = reader.self.slot;

    (void)state;
    refer(first, MIB, &index);
    assert_int_equal(pvmi_region_free(&regions, first), PvmOk);
    daemon_bury(&the_daemon, slot);
    assert_ptr_equal(alloc(MIB), first);
}

/* From inside of one object to its end, and of many sizes. */
static void a_body_may_begin_and_end_anywhere(void **state)
{
    uint8_t *at = alloc(20 * MIB);
    static const struct {
        size_t from;
        size_t length;
    } cases[] = { { 0, 1 }, { 1, 1 }, { 7, 9 }, { 4095, 2 }, { MIB - 3, 5 * MIB }, { 13 * MIB + 5, 6 * MIB }, { 0, 20 * MIB } };

    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t body;
        uint32_t index;

        message_fill(at + cases[i].from, i, (uint32_t)cases[i].length);
        body = refer(at + cases[i].from, cases[i].length, &index);
        assert_true(reads(body, i, cases[i].length));
        release(body, index);
    }
}

static void bytes_are_told_apart(void **state)
{
    struct pvmi_region_piece piece;
    static uint8_t ordinary[10000];
    uint8_t *small = alloc(1024), *next = alloc(1024), *free = alloc(1024);

    (void)state;
    assert_int_equal(pvmi_region_free(&regions, free), PvmOk);
    pvmi_region_look(&regions, ordinary, sizeof(ordinary), &piece);
    assert_false(piece.shared);
    assert_in_range(piece.length, 1, sizeof(ordinary));
    pvmi_region_look(&regions, small + 24, 5000, &piece);    /* to the end of that object */
    assert_true(piece.shared);
    assert_int_equal(piece.length, 1000);
    pvmi_region_look(&regions, next, 1024, &piece);
    assert_true(piece.shared);
    pvmi_region_look(&regions, free, 1024, &piece);
    assert_false(piece.shared);
}

/* The window is 64 MiB: a region of 70 lies in two, in one run of addresses. */
static void a_region_may_be_larger_than_a_window(void **state)
{
    struct rlimit before, limit;
    uint8_t *at;
    uint32_t index;
    uint64_t body;

    (void)state;
    tear_down(NULL);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){ UINT64_C(64) << 28, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    make(20480);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(owner.arena->stride, 64 * MIB);
    at = alloc(70 * MIB);
    message_fill(at, 3, 70 * MIB);
    body = refer(at + 60 * MIB, 10 * MIB, &index);
    message_fill(at + 60 * MIB, 4, 10 * MIB);
    assert_true(reads(body, 4, 10 * MIB));
    release(body, index);
    assert_int_equal(pvmi_region_free(&regions, at), PvmOk);
    pvmi_lend_reclaim(&owner.lend, UINT32_MAX);
    pvmi_regions_trim(&regions);
    assert_int_equal(regions.spans.count, 2);    /* whole windows again */
    assert_int_equal(regions.spans.free[0].length, 64 * MIB);
    assert_int_equal(regions.spans.free[1].length, 64 * MIB);
}

static void a_used_up_budget_gives_ordinary_memory(void **state)
{
    uint8_t *most = alloc(40 * MIB);
    struct pvmi_region_piece piece;
    uint32_t taken = pages_taken();
    void *at;

    (void)state;
    assert_int_equal(pvmi_region_alloc_shared(&regions, 40 * MIB, &at), PvmNoMem);
    assert_int_equal(pages_taken(), taken);
    assert_int_equal(pvmi_region_alloc(&regions, 40 * MIB, &at), PvmOk);
    memset(at, 1, 40 * MIB);
    pvmi_region_look(&regions, at, 40 * MIB, &piece);
    assert_false(piece.shared);
    assert_int_equal(piece.length, 40 * MIB);
    assert_int_equal(pvmi_region_free(&regions, most), PvmOk);
    assert_non_null(alloc(41 * MIB));    /* what is spare goes for it */
    assert_int_equal(pvmi_region_free(&regions, at), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, at), PvmNotFound);
}

/* Blocks of messages take the memory of what is spare. */
static void spare_memory_goes_to_messages(void **state)
{
    struct pvmi_arena_block *block;
    uint64_t position;

    (void)state;
    assert_int_equal(pvmi_region_free(&regions, alloc(50 * MIB)), PvmOk);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pvmi_lend_new(&owner.lend, 4 * MIB, &position, &block), PvmOk);
        memset(pvmi_block_data(block), 1, 4 * MIB);
    }
}

static void too_much_that_is_spare_goes_back(void **state)
{
    uint8_t *at[5];

    (void)state;
    tear_down(NULL);
    make(40960);
    for (int i = 0; i < 5; i++)
        at[i] = alloc(25 * MIB);
    for (int i = 0; i < 5; i++)
        assert_int_equal(pvmi_region_free(&regions, at[i]), PvmOk);
    assert_int_equal(regions.spare_bytes, 50 * MIB);
    assert_ptr_equal(alloc(25 * MIB), at[4]);
    assert_ptr_equal(alloc(25 * MIB), at[3]);
}

static void what_the_program_has_outlives_the_arena(void **state)
{
    uint8_t *large = alloc(3 * MIB + 5), *small = alloc(100), *lent = alloc(2 * MIB), *freed = alloc(2 * MIB), *spare = alloc(MIB);
    uint32_t index;
    uint64_t body, body_of_freed;
    void *block;

    (void)state;
    message_fill(large, 1, 3 * MIB + 5);
    message_fill(small, 2, 100);
    message_fill(lent, 3, 2 * MIB);
    message_fill(freed, 4, 2 * MIB);
    body = refer(lent, 2 * MIB, &index);
    body_of_freed = refer(freed, 2 * MIB, &index);
    assert_int_equal(pvmi_region_free(&regions, freed), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, spare), PvmOk);
    assert_int_equal(pvmi_regions_keep(&regions), PvmOk);
    assert_int_equal(pvmi_region_alloc(&regions, 100, &block), PvmOk);    /* in the arena, once more */
    assert_int_equal(pvmi_regions_keep(&regions), PvmOk);
    owner_leaves();
    daemon_bury(&the_daemon, 1);
    assert_true(message_good(large, 1, 3 * MIB + 5));
    assert_true(message_good(small, 2, 100));
    assert_true(message_good(lent, 3, 2 * MIB));
    memset(lent, 0, 2 * MIB);
    assert_true(reads(body, 3, 2 * MIB));    /* bodies are as they were */
    assert_true(reads(body_of_freed, 4, 2 * MIB));
    assert_int_equal(pvmi_region_free(&regions, large), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, small), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, block), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, lent), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, lent), PvmNotFound);
    assert_int_equal(regions.count, 0);
}

static void what_could_not_be_kept_stays_where_it_is(void **state)
{
    struct rlimit before, limit = { 4096, 0 };    /* 0 is no limit to Linux */
    uint8_t *at = alloc(8 * MIB), *other = alloc(8 * MIB);
    struct pvmi_region_piece piece;
    uint32_t index;

    (void)state;
    message_fill(at, 1, 8 * MIB);
    message_fill(other, 2, 8 * MIB);
    refer(other, 100, &index);
    getrlimit(RLIMIT_DATA, &before);
    limit.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
    assert_int_equal(pvmi_regions_keep(&regions), PvmNoMem);
    setrlimit(RLIMIT_DATA, &before);
    assert_true(message_good(at, 1, 8 * MIB));
    assert_true(message_good(other, 2, 8 * MIB));
    pvmi_region_look(&regions, other, 8 * MIB, &piece);
    assert_int_equal(pvmi_regions_keep(&regions), PvmOk);
    assert_true(message_good(at, 1, 8 * MIB));
    assert_true(message_good(other, 2, 8 * MIB));
    assert_int_equal(pvmi_region_free(&regions, at), PvmOk);
    assert_int_equal(pvmi_region_free(&regions, other), PvmOk);
}

static void every_failed_allocation_leaves_all_as_it_was(void **state)
{
    int rc = PvmNoMem;

    (void)state;
    for (int nth = 0; rc != PvmOk; nth++) {
        uint32_t taken = pages_taken();
        void *at = NULL;

        assert_true(nth < 20);
        pvmi_alloc_fail_nth(nth);
        rc = pvmi_region_alloc_shared(&regions, MIB, &at);
        pvmi_alloc_fail_nth(-1);
        if (rc != PvmOk) {
            assert_int_equal(rc, PvmNoMem);
            assert_int_equal(regions.count, 0);
            assert_int_equal(pages_taken(), taken);
        } else {
            assert_int_equal(pvmi_region_free(&regions, at), PvmOk);
        }
    }
}

/* A sender gone mad: whatever it says, the reader is told, and reads nothing else. */
static void false_extents_are_refused(void **state)
{
    uint8_t *at = alloc(MIB);
    uint32_t index;
    uint64_t body = refer(at, MIB, &index);
    struct pvmi_arena_block *block = pvmi_heap_block(&owner.heap, body);
    struct pvmi_arena_extent *extent = (struct pvmi_arena_extent *)(void *)pvmi_block_data(block), good = *extent;
    struct pvmi_walk walk;
    struct pvmi_pin pin;
    const uint8_t *bytes;
    uint32_t length;

    (void)state;
    for (int i = 0; i < 7; i++) {
        *extent = good;
        block->length = sizeof(*extent);
        switch (i) {
        case 0: extent->length = 0; break;
        case 1: extent->length = PVMI_HEAP_BYTES_MAX + 1; break;
        case 2: extent->position = pvmi_position(0x3fff, 1, 0) + (UINT64_C(3) << 46); break;
        case 3: extent->position ^= UINT64_C(1) << 48; break;    /* another generation */
        case 4: extent->position += PVMI_ARENA_PIECE_SMALL - 100; break;
        case 5: block->length = sizeof(*extent) - 1; break;
        default: block->length = 0; break;
        }
        pvmi_walk_begin(&walk, reader.arena, body);
        assert_int_equal(pvmi_walk_next(&walk, &pin, &bytes, &length), PvmBadMsg);
        pvmi_walk_end(&walk);
    }
    *extent = good;
    block->length = sizeof(*extent);
    pvmi_walk_begin(&walk, reader.arena, body);
    assert_int_equal(pvmi_walk_next(&walk, &pin, &bytes, &length), PvmOk);
    pvmi_arena_unpin(&pin);
    assert_int_equal(pvmi_walk_next(&walk, &pin, &bytes, &length), PvmBadMsg);    /* the end */
    pvmi_walk_end(&walk);
    release(body, index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_of_all_sizes_is_apart_and_aligned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrongly_freed_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_that_a_body_refers_to_is_not_given_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_death_of_a_reader_frees_what_it_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_may_begin_and_end_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_may_be_larger_than_a_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_used_up_budget_gives_ordinary_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(spare_memory_goes_to_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_much_that_is_spare_goes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_program_has_outlives_the_arena, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_could_not_be_kept_stays_where_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_failed_allocation_leaves_all_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(false_extents_are_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("arena_region", tests, NULL, NULL);
}
