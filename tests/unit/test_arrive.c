/* SPDX-License-Identifier: BSD-3-Clause */
/* From frames to messages: assembly, order, doubles, lack of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "libpvm/arrive.h"
#include "libpvm/peer.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"
#include "wire/tid.h"

#define TASK_A 0x40001
#define TASK_B 0x80002

/* A frame with the bytes from offset of a message of length bytes; byte i of a message is (uint8_t)i. */
static struct pvmi_frame *frame_make(int kind, int src, uint32_t number, uint64_t length, uint64_t offset,
                                     uint32_t piece)
{
    struct pvmi_frame_header header = { .kind = (uint8_t)kind, .encoding = PVMI_ENCODING_RAW,
                                        .format = (uint8_t)pvmi_format_own(), .message = number, .src = src,
                                        .dst = 0x40009, .tag = (int)number, .message_length = length,
                                        .offset = offset };
    struct pvmi_blob *blob = pvmi_blob_new(piece);
    struct pvmi_frame *frame;

    assert_non_null(blob);
    for (uint32_t i = 0; i < piece; i++)
        blob->data[i] = (uint8_t)(offset + i);
    frame = pvmi_frame_new(&header, blob, 0, piece);
    assert_non_null(frame);
    pvmi_blob_unref(blob);
    return frame;
}

static void arrive(int src, uint32_t number, uint64_t length, uint64_t offset, uint32_t piece)
{
    pvmi_arrive_frame(frame_make(PVMI_FRAME_DATA, src, number, length, offset, piece));
}

static void arrive_whole(int src, uint32_t number)
{
    arrive(src, number, 4, 0, 4);
}

/* Takes the oldest message; returns its number, or -1. Its bytes are checked. */
static int take(int src)
{
    struct pvmi_msgbuf *buf;
    uint8_t bytes[300];
    int number;

    pvmi_line_drain();
    buf = pvmi_match_find(&pvmi_task.arrived, src, -1, 0);
    if (buf == NULL)
        return -1;
    number = buf->tag;
    assert_true(buf->length <= sizeof(bytes));
    pvmi_msgbuf_read(buf, 0, bytes, (size_t)buf->length);
    for (size_t i = 0; i < buf->length; i++)
        assert_int_equal(bytes[i], (uint8_t)i);
    pvmi_match_take(buf);
    pvmi_msgbuf_free(buf);
    return number;
}

static int teardown(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    pvmi_arrive_reset();
    pvmi_peer_clear();
    pvmi_line_clear();
    pvmi_match_clear(&pvmi_task.arrived);
    return 0;
}

static void a_message_of_one_frame_is_there_at_once(void **state)
{
    (void)state;
    arrive_whole(TASK_A, 1);
    assert_int_equal(take(TASK_A), 1);
    assert_int_equal(take(-1), -1);
}

static void an_empty_message_is_a_message(void **state)
{
    (void)state;
    arrive(TASK_A, 1, 0, 0, 0);
    assert_int_equal(take(TASK_A), 1);
}

static void pieces_become_a_message_with_the_last_one(void **state)
{
    (void)state;
    arrive(TASK_A, 1, 250, 0, 100);
    arrive(TASK_A, 1, 250, 100, 100);
    assert_int_equal(take(-1), -1);
    arrive(TASK_A, 1, 250, 200, 50);
    assert_int_equal(take(-1), 1);
}

static void messages_of_two_sources_do_not_mix(void **state)
{
    (void)state;
    arrive(TASK_A, 1, 200, 0, 100);
    arrive(TASK_B, 1, 200, 0, 100);
    arrive(TASK_B, 1, 200, 100, 100);
    arrive(TASK_A, 1, 200, 100, 100);
    assert_int_equal(take(TASK_A), 1);
    assert_int_equal(take(TASK_B), 1);
}

static void early_messages_are_held_back(void **state)
{
    (void)state;
    arrive_whole(TASK_A, 3);
    arrive(TASK_A, 2, 200, 0, 100);
    arrive_whole(TASK_B, 1);
    assert_int_equal(take(-1), 1);
    assert_int_equal(take(-1), -1);
    arrive_whole(TASK_A, 1);
    assert_int_equal(take(TASK_A), 1);
    assert_int_equal(take(TASK_A), -1);
    arrive(TASK_A, 2, 200, 100, 100);
    assert_int_equal(take(TASK_A), 2);
    assert_int_equal(take(TASK_A), 3);
}

static void doubles_are_dropped(void **state)
{
    (void)state;
    arrive_whole(TASK_A, 1);
    arrive_whole(TASK_A, 1);
    arrive_whole(TASK_A, 3);
    arrive_whole(TASK_A, 3);
    arrive(TASK_A, 2, 200, 0, 100);
    arrive(TASK_A, 2, 200, 0, 100);
    arrive(TASK_A, 2, 200, 100, 100);
    arrive(TASK_A, 2, 200, 100, 100);
    for (int number = 1; number <= 3; number++)
        assert_int_equal(take(TASK_A), number);
    assert_int_equal(take(TASK_A), -1);
}

static void a_message_that_its_sender_gave_up_is_skipped(void **state)
{
    (void)state;
    arrive(TASK_A, 1, 200, 0, 100);
    arrive_whole(TASK_A, 2);
    arrive(TASK_A, 1, 100, 100, 0);
    assert_int_equal(take(TASK_A), 2);
    arrive(TASK_A, 3, 1, 1, 0);    /* before its first piece had gone */
    arrive_whole(TASK_A, 4);
    assert_int_equal(take(TASK_A), 4);
}

static void a_piece_that_does_not_follow_is_dropped(void **state)
{
    (void)state;
    arrive(TASK_A, 1, 200, 100, 100);
    arrive(TASK_A, 1, 200, 0, 50);
    arrive(TASK_A, 1, 200, 100, 100);
    arrive(TASK_A, 1, 200, 50, 150);
    assert_int_equal(take(TASK_A), 1);
}

/* The sender dies, or never meant to send all of it; others go on. */
static void a_message_of_huge_announced_length_costs_nothing(void **state)
{
    (void)state;
    arrive(TASK_A, 1, UINT64_C(1) << 60, 0, 60000);
    arrive(TASK_A, 1, UINT64_C(1) << 60, 60000, 60000);
    assert_false(pvmi_arrive_stalled());
    arrive_whole(TASK_B, 1);
    assert_int_equal(take(TASK_B), 1);
    assert_int_equal(take(TASK_A), -1);
}

static void a_message_without_a_number_is_dropped(void **state)
{
    (void)state;
    arrive_whole(TASK_A, 1);
    assert_int_equal(take(TASK_A), 1);
    arrive_whole(TASK_A, 0);    /* is no number */
    assert_int_equal(take(TASK_A), -1);
}

static void output_comes_from_the_pvmd_and_notices_from_who_they_say(void **state)
{
    struct pvmi_msgbuf *buf;

    (void)state;
    pvmi_arrive_frame(frame_make(PVMI_FRAME_NOTICE, PVMI_TID_PVMD, 7, 4, 0, 4));
    pvmi_arrive_frame(frame_make(PVMI_FRAME_NOTICE, TASK_A, 9, 4, 0, 4));
    pvmi_arrive_frame(frame_make(PVMI_FRAME_OUTPUT, TASK_A, 8, 4, 0, 4));
    pvmi_line_drain();
    buf = pvmi_match_find(&pvmi_task.arrived, PVMI_TID_PVMD, 7, 0);
    assert_non_null(buf);
    buf = pvmi_match_find(&pvmi_task.arrived, PVMI_TID_PVMD, 8, 0);
    assert_non_null(buf);
    buf = pvmi_match_find(&pvmi_task.arrived, TASK_A, 9, 0);
    assert_non_null(buf);
}

static void control_frames_that_are_garbage_are_dropped(void **state)
{
    (void)state;
    pvmi_arrive_frame(frame_make(PVMI_FRAME_CONTROL, 0, 0, 0, 0, 20));
    pvmi_arrive_frame(frame_make(PVMI_FRAME_PING, 0, 0, 0, 0, 0));
    assert_int_equal(take(-1), -1);
}

/* Whichever allocation fails, all messages come, in order, once there is memory again. */
static void nothing_is_lost_for_want_of_memory(void **state)
{
    int stalls = 0;

    (void)state;
    for (int nth = 0; nth < 40; nth++) {
        struct pvmi_frame *frames[5] = {
            frame_make(PVMI_FRAME_DATA, TASK_A, 1, 4, 0, 4),     frame_make(PVMI_FRAME_DATA, TASK_A, 3, 4, 0, 4),
            frame_make(PVMI_FRAME_DATA, TASK_A, 2, 200, 0, 100), frame_make(PVMI_FRAME_DATA, TASK_B, 1, 0, 0, 0),
            frame_make(PVMI_FRAME_DATA, TASK_A, 2, 200, 100, 100),
        };

        pvmi_msgbuf_trim();
        pvmi_alloc_fail_nth(nth);
        for (int i = 0; i < 5; i++)
            pvmi_arrive_frame(frames[i]);
        pvmi_alloc_fail_nth(-1);
        stalls += pvmi_arrive_stalled();
        pvmi_arrive_retry();
        assert_false(pvmi_arrive_stalled());
        for (int number = 1; number <= 3; number++)
            assert_int_equal(take(TASK_A), number);
        assert_int_equal(take(TASK_B), 1);
        pvmi_arrive_reset();
        pvmi_peer_clear();
    }
    assert_true(stalls > 5);
}

static void a_reset_frees_all(void **state)
{
    long before;

    (void)state;
    pvmi_msgbuf_trim();
    before = pvmi_alloc_count();
    arrive_whole(TASK_A, 5);
    arrive(TASK_B, 1, 200, 0, 100);
    pvmi_arrive_reset();
    pvmi_peer_clear();
    pvmi_msgbuf_trim();
    assert_int_equal(pvmi_alloc_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_message_of_one_frame_is_there_at_once, teardown),
        cmocka_unit_test_teardown(an_empty_message_is_a_message, teardown),
        cmocka_unit_test_teardown(pieces_become_a_message_with_the_last_one, teardown),
        cmocka_unit_test_teardown(messages_of_two_sources_do_not_mix, teardown),
        cmocka_unit_test_teardown(early_messages_are_held_back, teardown),
        cmocka_unit_test_teardown(doubles_are_dropped, teardown),
        cmocka_unit_test_teardown(a_message_that_its_sender_gave_up_is_skipped, teardown),
        cmocka_unit_test_teardown(a_piece_that_does_not_follow_is_dropped, teardown),
        cmocka_unit_test_teardown(a_message_of_huge_announced_length_costs_nothing, teardown),
        cmocka_unit_test_teardown(a_message_without_a_number_is_dropped, teardown),
        cmocka_unit_test_teardown(output_comes_from_the_pvmd_and_notices_from_who_they_say, teardown),
        cmocka_unit_test_teardown(control_frames_that_are_garbage_are_dropped, teardown),
        cmocka_unit_test_teardown(nothing_is_lost_for_want_of_memory, teardown),
        cmocka_unit_test_teardown(a_reset_frees_all, teardown),
    };

    pvmi_task.tid = 0x40001;    /* as if it had enrolled */
    return cmocka_run_group_tests_name("arrive", tests, NULL, NULL);
}
