/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of arrived messages and which one a receive takes. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "libpvm/match.h"
#include "libpvm/msgbuf.h"
#include "pvm3.h"
#include "wire/tid.h"

#define TASK_A 0x40001
#define TASK_B 0x40002

static struct pvmi_match queue;

static struct pvmi_msgbuf *put(int src, int tag, int ctx)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .format = (uint8_t)pvmi_format_own(),
                                        .src = src, .tag = tag, .ctx = ctx };
    struct pvmi_msgbuf *buf;

    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmOk);
    pvmi_match_push(&queue, buf);
    return buf;
}

/* Finds and takes; returns the tag, or -1 for nothing. */
static int take(int tid, int tag, int ctx)
{
    struct pvmi_msgbuf *buf = pvmi_match_find(&queue, tid, tag, ctx);
    int found = buf == NULL ? -1 : buf->tag;

    if (buf != NULL) {
        pvmi_match_take(buf);
        pvmi_msgbuf_free(buf);
    }
    return found;
}

static int setup(void **state)
{
    (void)state;
    pvmi_match_init(&queue);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    pvmi_match_clear(&queue);
    return 0;
}

static void an_empty_queue_has_nothing(void **state)
{
    struct pvmi_match zeroed;

    (void)state;
    memset(&zeroed, 0, sizeof(zeroed));
    assert_null(pvmi_match_find(&zeroed, -1, -1, -1));
    assert_int_equal(take(-1, -1, 0), -1);
}

static void of_several_that_match_the_oldest_is_taken(void **state)
{
    (void)state;
    put(TASK_A, 3, 0);
    put(TASK_B, 1, 0);
    put(TASK_A, 2, 0);
    put(TASK_A, 1, 0);
    assert_int_equal(take(TASK_A, 1, 0), 1);
    assert_int_equal(take(-1, 1, 0), 1);
    assert_int_equal(take(-1, -1, 0), 3);
    assert_int_equal(take(TASK_A, -1, 0), 2);
    assert_int_equal(take(-1, -1, 0), -1);
}

static void other_negative_values_are_no_wildcards(void **state)
{
    (void)state;
    put(TASK_A, 7, 0);
    assert_int_equal(take(0, 7, 0), -1);
    assert_int_equal(take(-2, 7, 0), -1);
    assert_int_equal(take(-1, -2, 0), -1);
    assert_int_equal(take(-1, INT_MIN, 0), -1);
    assert_int_equal(take(TASK_A & PVMI_TID_HOST_MASK, 7, 0), -1);
    assert_int_equal(take(-1, 7, 0), 7);
}

static void a_message_of_another_context_is_not_seen(void **state)
{
    (void)state;
    put(TASK_A, 1, 5);
    assert_int_equal(take(-1, -1, 0), -1);
    assert_int_equal(take(-1, -1, 5), 1);
}

static void context_minus_1_takes_all_but_those_of_the_system(void **state)
{
    (void)state;
    put(TASK_A, 1, PVMI_CONTEXT_GROUP);
    put(TASK_A, 2, 9);
    assert_int_equal(take(-1, -1, -1), 2);
    assert_int_equal(take(-1, -1, -1), -1);
    assert_int_equal(take(TASK_A, 1, PVMI_CONTEXT_GROUP), 1);
}

/* Every kind of receive finds the same in a long queue, with its index, as in a short one. */
static void a_long_queue_keeps_order_and_rules(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++)
        put(i % 2 == 0 ? TASK_A : TASK_B, i, i % 3);
    assert_int_equal(take(TASK_A, 9000, 0), 9000);
    assert_non_null(queue.buckets);
    assert_int_equal(take(TASK_A, 9000, 0), -1);
    assert_int_equal(take(TASK_B, 9000, 0), -1);
    assert_int_equal(take(-1, -1, 0), 0);
    assert_int_equal(take(TASK_B, -1, 1), 1);
    put(TASK_A, 77777, 0);
    put(TASK_A, 77777, 0);
    assert_int_equal(take(TASK_A, 77777, 0), 77777);
    assert_int_equal(take(TASK_A, 77777, 0), 77777);
    assert_int_equal(take(TASK_A, 77777, 0), -1);
    for (int i = 9999; i >= 2; i--) {
        if (i != 9000)
            assert_int_equal(take(i % 2 == 0 ? TASK_A : TASK_B, i, i % 3), i);
    }
    assert_int_equal(take(-1, -1, -1), -1);
    assert_null(queue.buckets);
}

static void a_buffer_that_the_program_frees_leaves_the_queue(void **state)
{
    struct pvmi_msgbuf *buf;

    (void)state;
    for (int i = 0; i < 100; i++)
        put(TASK_A, i, 0);
    buf = pvmi_match_find(&queue, TASK_A, 50, 0);
    assert_true(pvmi_match_holds(buf));
    pvmi_msgbuf_free(buf);
    assert_int_equal(take(TASK_A, 50, 0), -1);
    assert_int_equal(take(TASK_A, 51, 0), 51);
    for (int i = 0; i < 100; i++)
        assert_int_equal(take(TASK_A, i, 0), i == 50 || i == 51 ? -1 : i);
}

/* The index is only a help: without memory for it the same messages are found. */
static void a_long_queue_survives_out_of_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        put(TASK_A, i, 0);
    pvmi_alloc_fail_nth(0);
    assert_int_equal(take(TASK_A, 99, 0), 99);
    assert_null(queue.buckets);
    assert_int_equal(take(TASK_A, 98, 0), 98);
    assert_non_null(queue.buckets);
}

static void clearing_frees_all(void **state)
{
    long before;

    (void)state;
    pvmi_msgbuf_trim();
    before = pvmi_alloc_count();
    for (int i = 0; i < 500; i++)
        put(TASK_A, i, 0);
    pvmi_match_find(&queue, TASK_A, 499, 0);
    pvmi_match_clear(&queue);
    pvmi_msgbuf_trim();
    assert_int_equal(pvmi_alloc_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_queue_has_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(of_several_that_match_the_oldest_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(other_negative_values_are_no_wildcards, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_of_another_context_is_not_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(context_minus_1_takes_all_but_those_of_the_system, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_queue_keeps_order_and_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(a_buffer_that_the_program_frees_leaves_the_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_queue_survives_out_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(clearing_frees_all, setup, teardown),
    };

    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
