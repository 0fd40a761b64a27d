/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames over a pipe. Most tests use a pipe in memory that moves as many bytes as the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "tests/unit/frame_make.h"
#include "transport/stream.h"

/* Bytes written are there to be read. */
struct memory_pipe {
    struct pvmi_pipe base;
    uint8_t *bytes;
    size_t at;             /* read up to here */
    size_t length;         /* written up to here */
    size_t capacity;
    size_t read_max;       /* bytes that one read gives */
    size_t write_max;      /* bytes that one write takes; 0: none */
    unsigned write_calls_max;    /* so many writes take something; 0: all */
    bool ended;            /* the end comes behind the bytes */
    bool wants_write;
    bool has_input;
    unsigned reads;
    unsigned writes;
};

static ssize_t memory_read(struct pvmi_pipe *pipe, void *data, size_t length)
{
    struct memory_pipe *memory = PVMI_CONTAINER(pipe, struct memory_pipe, base);
    size_t have = memory->length - memory->at;

    memory->reads++;
    if (have == 0)
        return memory->ended ? PVMI_CLOSED : PVMI_AGAIN;
    if (length > memory->read_max)
        length = memory->read_max;
    if (length > have)
        length = have;
    memcpy(data, memory->bytes + memory->at, length);
    memory->at += length;
    return (ssize_t)length;
}

static void memory_put(struct memory_pipe *memory, const void *bytes, size_t length)
{
    if (memory->length + length > memory->capacity) {
        memory->capacity = (memory->length + length) * 2;
        memory->bytes = realloc(memory->bytes, memory->capacity);
        assert_non_null(memory->bytes);
    }
    memcpy(memory->bytes + memory->length, bytes, length);
    memory->length += length;
}

static ssize_t memory_write(struct pvmi_pipe *pipe, const struct iovec *vectors, int count)
{
    struct memory_pipe *memory = PVMI_CONTAINER(pipe, struct memory_pipe, base);
    size_t room = memory->write_max;

    if (memory->write_calls_max > 0 && memory->writes >= memory->write_calls_max)
        return PVMI_AGAIN;
    memory->writes++;
    for (int i = 0; i < count && room > 0; i++) {
        size_t length = vectors[i].iov_len < room ? vectors[i].iov_len : room;

        memory_put(memory, vectors[i].iov_base, length);
        room -= length;
    }
    return memory->write_max == room ? PVMI_AGAIN : (ssize_t)(memory->write_max - room);
}

static bool memory_wants_write(const struct pvmi_pipe *pipe)
{
    return PVMI_CONTAINER(pipe, struct memory_pipe, base)->wants_write;
}

static bool memory_has_input(const struct pvmi_pipe *pipe)
{
    const struct memory_pipe *memory = PVMI_CONTAINER(pipe, struct memory_pipe, base);

    return memory->has_input && memory->at < memory->length;
}

static void memory_close(struct pvmi_pipe *pipe)
{
    struct memory_pipe *memory = PVMI_CONTAINER(pipe, struct memory_pipe, base);

    free(memory->bytes);
    free(memory);
}

static const struct pvmi_pipe_ops memory_ops = {
    .read = memory_read,
    .write = memory_write,
    .wants_write = memory_wants_write,
    .has_input = memory_has_input,
    .close = memory_close,
};

/* A stream to itself, and what has come over it. */
struct rig {
    struct pvmi_stream stream;
    struct memory_pipe *pipe;
    struct pvmi_list came;
    int count;
    int stop_after;    /* frames; the callback says stop at each multiple. 0: never */
};

static int rig_set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->pipe = calloc(1, sizeof(*rig->pipe));
    assert_non_null(rig->pipe);
    rig->pipe->base.ops = &memory_ops;
    rig->pipe->base.fd = -1;
    rig->pipe->read_max = SIZE_MAX;
    rig->pipe->write_max = SIZE_MAX;
    pvmi_stream_init(&rig->stream, &rig->pipe->base);
    pvmi_list_init(&rig->came);
    *state = rig;
    return 0;
}

static int rig_tear_down(void **state)
{
    struct rig *rig = *state;

    pvmi_alloc_fail_nth(-1);
    pvmi_stream_fini(&rig->stream);
    pvmi_frame_free_all(&rig->came);
    free(rig);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

static bool rig_on_frame(void *user, struct pvmi_frame *frame)
{
    struct rig *rig = user;

    pvmi_list_push(&rig->came, &frame->link);
    rig->count++;
    return rig->stop_after == 0 || rig->count % rig->stop_after != 0;
}

static int rig_read(struct rig *rig)
{
    return pvmi_stream_readable(&rig->stream, rig_on_frame, rig);
}

static void rig_expect(struct rig *rig, int tag, size_t length)
{
    struct pvmi_frame *frame = frame_pop(&rig->came);

    assert_non_null(frame);
    frame_check(frame, tag, length);
    pvmi_frame_free(frame);
}

static const size_t SIZES[] = { 0, 1, 63, 64, 65, 1000, 16319, 16320, 16383, 16384, 16385, 40000, 65471,
                                65472, 65473, 65535, 65536, 65537, 70000, 200000, 0, 3, 65536, 65536, 0 };
#define SIZE_COUNT (sizeof(SIZES) / sizeof(SIZES[0]))

/* Sends a frame of each size; reads them with read_max bytes at a time. */
static void rig_all_sizes(struct rig *rig, size_t write_max, size_t read_max)
{
    rig->pipe->write_max = write_max;
    rig->pipe->read_max = read_max;
    for (size_t i = 0; i < SIZE_COUNT; i++)
        assert_int_equal(pvmi_stream_send(&rig->stream, frame_make((int)i, SIZES[i])), PvmOk);
    while (pvmi_stream_wants_write(&rig->stream))
        assert_int_equal(pvmi_stream_writable(&rig->stream), PvmOk);
    while (rig->pipe->at < rig->pipe->length)
        assert_true(rig_read(rig) >= 0);
    for (size_t i = 0; i < SIZE_COUNT; i++)
        rig_expect(rig, (int)i, SIZES[i]);
    assert_true(pvmi_list_empty(&rig->came));
}

static void frames_of_all_sizes_arrive_whole_and_in_order(void **state)
{
    rig_all_sizes(*state, SIZE_MAX, SIZE_MAX);
}

static void frames_arrive_whole_however_the_bytes_are_cut(void **state)
{
    static const size_t CUTS[] = { 1, 2, 63, 64, 65, 100, 4099, 16384, 65536, 65599, 65600, 65601, 131200 };

    for (size_t i = 0; i < sizeof(CUTS) / sizeof(CUTS[0]); i++) {
        rig_all_sizes(*state, CUTS[i], CUTS[sizeof(CUTS) / sizeof(CUTS[0]) - 1 - i]);
        rig_all_sizes(*state, CUTS[i], CUTS[i]);
    }
}

static void the_longest_control_frame_arrives(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(pvmi_stream_send(&rig->stream, frame_make(1, PVMI_FRAME_CONTROL_MAX)), PvmOk);
    while (rig->count == 0)
        assert_true(rig_read(rig) >= 0);
    rig_expect(rig, 1, PVMI_FRAME_CONTROL_MAX);
}

static void payloads_that_are_shared_and_begin_inside_arrive(void **state)
{
    struct rig *rig = *state;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL };
    struct pvmi_blob *blob = pvmi_blob_copy("0123456789", 10);

    assert_non_null(blob);
    for (size_t at = 0; at < 10; at++)
        pvmi_stream_send(&rig->stream, pvmi_frame_new(&header, blob, at, 1));
    pvmi_blob_unref(blob);
    assert_int_equal(rig_read(rig), 10);
    for (int at = 0; at < 10; at++) {
        struct pvmi_frame *frame = frame_pop(&rig->came);

        assert_int_equal(frame->header.length, 1);
        assert_int_equal(pvmi_frame_bytes(frame)[0], '0' + at);
        pvmi_frame_free(frame);
    }
}

static void small_frames_that_wait_go_out_together(void **state)
{
    struct rig *rig = *state;

    rig->pipe->write_max = 0;
    for (int i = 0; i < 100; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, 10));
    assert_int_equal(rig->pipe->writes, 1);    /* a full pipe is not tried again */
    rig->pipe->write_max = SIZE_MAX;
    assert_int_equal(pvmi_stream_writable(&rig->stream), PvmOk);
    assert_int_equal(rig->pipe->writes, 1 + 4);
    assert_int_equal(rig_read(rig), 100);
    assert_in_range(rig->pipe->reads, 1, 2);
}

static void long_payloads_are_read_to_their_place(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 3; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, PVMI_FRAME_PAYLOAD_MAX));
    assert_int_equal(rig_read(rig), 3);
    assert_int_equal(rig->stream.in.length, 0);
    /* The first comes at once with its header; then a read for each header and payload, one for the end. */
    assert_int_equal(rig->pipe->reads, 1 + 2 + 2 + 1);
}

static void a_full_pipe_leaves_frames_waiting_and_counted(void **state)
{
    struct rig *rig = *state;

    rig->pipe->write_max = 0;
    assert_int_equal(pvmi_stream_send(&rig->stream, frame_make(0, 100)), PvmOk);
    assert_int_equal(pvmi_stream_send(&rig->stream, frame_make(1, 200)), PvmOk);
    assert_int_equal(rig->stream.out_bytes, 64 + 100 + 64 + 200);
    assert_true(pvmi_stream_wants_write(&rig->stream));

    rig->pipe->write_max = 70;
    while (pvmi_stream_wants_write(&rig->stream))
        assert_int_equal(pvmi_stream_writable(&rig->stream), PvmOk);
    assert_int_equal(rig->stream.out_bytes, 0);
    assert_int_equal(rig_read(rig), 2);
    rig_expect(rig, 0, 100);
    rig_expect(rig, 1, 200);
}

static void a_pipe_with_wants_of_its_own_is_given_its_turn(void **state)
{
    struct rig *rig = *state;

    assert_false(pvmi_stream_wants_write(&rig->stream));
    rig->pipe->wants_write = true;
    assert_true(pvmi_stream_wants_write(&rig->stream));
    assert_int_equal(pvmi_stream_writable(&rig->stream), PvmOk);
    assert_int_equal(rig->pipe->writes, 1);
}

static void what_is_not_sent_can_be_taken_back_in_order(void **state)
{
    struct rig *rig = *state;
    struct pvmi_list taken;

    pvmi_list_init(&taken);
    rig->pipe->write_max = 0;
    for (int i = 0; i < 3; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, 50));
    pvmi_stream_take_unsent(&rig->stream, &taken);
    assert_int_equal(rig->stream.out_bytes, 0);
    assert_false(pvmi_stream_wants_write(&rig->stream));
    pvmi_list_join(&rig->came, &taken);
    for (int i = 0; i < 3; i++)
        rig_expect(rig, i, 50);

    /* Nothing of them had gone out, so the stream is as good as new. */
    rig->pipe->write_max = SIZE_MAX;
    assert_int_equal(pvmi_stream_send(&rig->stream, frame_make(7, 7)), PvmOk);
    assert_int_equal(rig_read(rig), 1);
    rig_expect(rig, 7, 7);
}

static void nothing_follows_a_frame_that_was_taken_back_half_sent(void **state)
{
    struct rig *rig = *state;
    struct pvmi_list taken;

    pvmi_list_init(&taken);
    rig->pipe->write_max = 0;
    pvmi_stream_send(&rig->stream, frame_make(0, 500));
    rig->pipe->write_max = 80;
    rig->pipe->write_calls_max = 2;
    pvmi_stream_writable(&rig->stream);
    assert_true(pvmi_stream_wants_write(&rig->stream));
    pvmi_stream_take_unsent(&rig->stream, &taken);
    pvmi_frame_free_all(&taken);

    rig->pipe->write_max = SIZE_MAX;
    assert_int_equal(pvmi_stream_send(&rig->stream, frame_make(3, 50)), PVMI_CLOSED);
    assert_int_equal(pvmi_stream_writable(&rig->stream), PVMI_CLOSED);
    assert_false(pvmi_stream_wants_write(&rig->stream));
}

static void a_callback_that_stops_gets_the_rest_without_new_bytes(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 5; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, 20));
    rig->stop_after = 2;
    assert_int_equal(rig_read(rig), 2);
    assert_int_equal(rig->pipe->at, rig->pipe->length);    /* all bytes have left the pipe */
    assert_int_equal(rig_read(rig), 2);
    assert_int_equal(rig_read(rig), 1);
    for (int i = 0; i < 5; i++)
        rig_expect(rig, i, 20);
}

static void a_callback_that_stops_behind_a_long_frame_loses_nothing(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 5; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, i % 2 == 0 ? 65536 : 5));
    rig->stop_after = 1;
    for (int i = 0; i < 5; i++)
        assert_int_equal(rig_read(rig), 1);
    assert_int_equal(rig_read(rig), 0);
    for (int i = 0; i < 5; i++)
        rig_expect(rig, i, i % 2 == 0 ? 65536 : 5);
}

static void one_call_reads_only_so_much(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 20; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, 65536));
    assert_in_range(rig_read(rig), 3, 6);
    assert_true(rig->pipe->at < 8 * 65536);
}

static void what_the_pipe_holds_itself_is_read_beyond_that(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 20; i++)
        pvmi_stream_send(&rig->stream, frame_make(i, 65536));
    rig->pipe->has_input = true;
    assert_int_equal(rig_read(rig), 20);
}

static void bytes_that_are_no_frame_end_the_stream_behind_the_good_ones(void **state)
{
    struct rig *rig = *state;
    uint8_t garbage[64];

    memset(garbage, 0xff, sizeof(garbage));
    pvmi_stream_send(&rig->stream, frame_make(1, 10));
    memory_put(rig->pipe, garbage, sizeof(garbage));
    assert_int_equal(rig_read(rig), PvmBadMsg);
    rig_expect(rig, 1, 10);
}

static void a_length_above_its_maximum_ends_the_stream(void **state)
{
    struct rig *rig = *state;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .length = PVMI_FRAME_CONTROL_MAX + 1 };
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];

    pvmi_frame_header_encode(&header, bytes);
    memory_put(rig->pipe, bytes, sizeof(bytes));
    assert_int_equal(rig_read(rig), PvmBadMsg);
}

static void the_end_is_told_behind_the_last_frame(void **state)
{
    struct rig *rig = *state;

    pvmi_stream_send(&rig->stream, frame_make(1, 10));
    rig->pipe->ended = true;
    assert_int_equal(rig_read(rig), PVMI_CLOSED);
    rig_expect(rig, 1, 10);
}

static void the_end_inside_a_frame_is_an_end_like_others(void **state)
{
    struct rig *rig = *state;

    pvmi_stream_send(&rig->stream, frame_make(1, 65536));
    rig->pipe->length -= 1;
    rig->pipe->ended = true;
    assert_int_equal(rig_read(rig), PVMI_CLOSED);
    assert_int_equal(rig->count, 0);
}

/* Whichever allocation fails: the code says so, and nothing leaks (see the tear-down). */
static void reading_survives_out_of_memory(void **state)
{
    int rc = PvmNoMem;

    (void)state;
    for (int nth = 0; rc == PvmNoMem; nth++) {
        struct rig *rig;

        assert_true(nth < 100);
        rig_set_up((void **)&rig);
        pvmi_stream_send(&rig->stream, frame_make(1, 100));
        pvmi_stream_send(&rig->stream, frame_make(2, 65536));
        pvmi_alloc_fail_nth(nth);
        rc = rig_read(rig);
        if (rc >= 0)
            assert_int_equal(rc, 2);
        assert_int_equal(rig_tear_down((void **)&rig), 0);
    }
}

static void writing_to_a_closed_socket_says_so_without_a_signal(void **state)
{
    struct pvmi_stream stream;
    int ends[2];
    int rc = PvmOk;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    pvmi_stream_init(&stream, pvmi_pipe_new_socket(ends[0]));
    close(ends[1]);
    rc = pvmi_stream_send(&stream, frame_make(1, 10));
    assert_int_equal(rc, PVMI_CLOSED);
    assert_false(pvmi_list_empty(&stream.out));    /* it can still be taken back */
    pvmi_stream_fini(&stream);
}

static void frames_cross_a_socket_that_fills_up(void **state)
{
    struct rig *rig = *state;
    struct pvmi_stream from;
    struct pvmi_stream to;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    pvmi_stream_init(&from, pvmi_pipe_new_socket(ends[0]));
    pvmi_stream_init(&to, pvmi_pipe_new_socket(ends[1]));
    for (int i = 0; i < 100; i++)
        assert_int_equal(pvmi_stream_send(&from, frame_make(i, SIZES[(size_t)i % SIZE_COUNT])), PvmOk);
    assert_true(pvmi_stream_wants_write(&from));
    while (rig->count < 100) {
        assert_int_equal(pvmi_stream_writable(&from), PvmOk);
        assert_true(pvmi_stream_readable(&to, rig_on_frame, rig) >= 0);
    }
    for (int i = 0; i < 100; i++)
        rig_expect(rig, i, SIZES[(size_t)i % SIZE_COUNT]);
    pvmi_stream_fini(&from);
    assert_int_equal(pvmi_stream_readable(&to, rig_on_frame, rig), PVMI_CLOSED);
    pvmi_stream_fini(&to);
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(frames_of_all_sizes_arrive_whole_and_in_order),
        RIG_TEST(frames_arrive_whole_however_the_bytes_are_cut),
        RIG_TEST(the_longest_control_frame_arrives),
        RIG_TEST(payloads_that_are_shared_and_begin_inside_arrive),
        RIG_TEST(small_frames_that_wait_go_out_together),
        RIG_TEST(long_payloads_are_read_to_their_place),
        RIG_TEST(a_full_pipe_leaves_frames_waiting_and_counted),
        RIG_TEST(a_pipe_with_wants_of_its_own_is_given_its_turn),
        RIG_TEST(what_is_not_sent_can_be_taken_back_in_order),
        RIG_TEST(nothing_follows_a_frame_that_was_taken_back_half_sent),
        RIG_TEST(a_callback_that_stops_gets_the_rest_without_new_bytes),
        RIG_TEST(a_callback_that_stops_behind_a_long_frame_loses_nothing),
        RIG_TEST(one_call_reads_only_so_much),
        RIG_TEST(what_the_pipe_holds_itself_is_read_beyond_that),
        RIG_TEST(bytes_that_are_no_frame_end_the_stream_behind_the_good_ones),
        RIG_TEST(a_length_above_its_maximum_ends_the_stream),
        RIG_TEST(the_end_is_told_behind_the_last_frame),
        RIG_TEST(the_end_inside_a_frame_is_an_end_like_others),
        cmocka_unit_test(reading_survives_out_of_memory),
        cmocka_unit_test(writing_to_a_closed_socket_says_so_without_a_signal),
        RIG_TEST(frames_cross_a_socket_that_fills_up),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
