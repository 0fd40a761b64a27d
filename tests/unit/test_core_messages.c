/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages through the daemons: order, sources, what holds a sender back, what a bad frame does. */
#include "tests/unit/core_net.h"
#include "wire/many.h"

#define FRAME_BYTES 65536

static int two_hosts(void **state)
{
    *state = net_machine(2);
    return 0;
}

static void congest(struct net *net, int task, bool congested)
{
    net_post(net, net->tasks[task].host, congested ? CORE_EVENT_LINK_CONGESTED : CORE_EVENT_LINK_WRITABLE,
             net->links[net->tasks[task].net_link].accept_handle);
    net_run(net);
}

static void expect_numbers(struct net *net, int task, int32_t src, uint32_t first, uint32_t last)
{
    for (uint32_t number = first; number <= last; number++) {
        struct pvmi_frame *frame = net_frame(net, task);

        assert_non_null(frame);
        assert_int_equal(frame->header.src, src);
        assert_int_equal(frame->header.message, number);
        pvmi_frame_free(frame);
    }
    assert_null(net_frame(net, task));
}

static void messages_between_hosts_arrive_once_and_in_order(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 2);

    for (uint32_t i = 1; i <= 500; i++)
        net_send_data(net, from, net->tasks[to].tid, i, 100);
    expect_numbers(net, to, net->tasks[from].tid, 1, 500);
}

static void a_sender_cannot_name_another_source(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 1);
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_DATA,
        .src = 0x40077,
        .dst = net->tasks[to].tid,
        .message = 1,
    };
    struct pvmi_frame *frame = pvmi_frame_new(&header, NULL, 0, 0);

    net_post(net, 1, CORE_EVENT_FRAME, net->links[net->tasks[from].net_link].accept_handle)
        ->event.frame.frame = frame;
    net_run(net);
    expect_numbers(net, to, net->tasks[from].tid, 1, 1);
}

static void messages_to_nobody_vanish(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);

    net_send_data(net, from, pvmi_tid_make(1, 999), 1, 10);
    net_send_data(net, from, pvmi_tid_make(2, 999), 1, 10);
    net_send_data(net, from, pvmi_tid_make(99, 1), 1, 10);
    net_send_data(net, from, 0, 1, 10);
    net_send_data(net, from, PVMI_TID_PVMD, 1, 10);
    assert_false(net->tasks[from].closed);
}

static void a_task_may_send_no_frame_but_data(void **state)
{
    struct net *net = *state;
    uint8_t kinds[] = { PVMI_FRAME_OUTPUT, PVMI_FRAME_NOTICE, PVMI_FRAME_RESUME, PVMI_FRAME_ACK,
                        PVMI_FRAME_PING };
    int to = net_task(net, 1);

    for (size_t i = 0; i < sizeof(kinds); i++) {
        int from = net_task(net, 1);
        struct pvmi_frame_header header = { .kind = kinds[i], .dst = net->tasks[to].tid };
        struct net_link *link = &net->links[net->tasks[from].net_link];

        net_post(net, 1, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame =
            pvmi_frame_new(&header, NULL, 0, 0);
        net_run(net);
        assert_true(net->tasks[from].closed);
    }
    assert_null(net_frame(net, to));
}

static void a_slow_reader_stops_its_sender_and_starts_it_again(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 1);
    uint32_t sent = 0;

    congest(net, to, true);
    while (!net->tasks[from].read_off && sent < 2000)
        net_send_data(net, from, net->tasks[to].tid, ++sent, FRAME_BYTES);
    assert_in_range(sent, 64 * 1024 * 1024 / (FRAME_BYTES + 64), 64 * 1024 * 1024 / FRAME_BYTES + 1);
    congest(net, to, false);
    net_advance(net, 10);
    assert_false(net->tasks[from].read_off);
    expect_numbers(net, to, net->tasks[from].tid, 1, sent);
}

static void a_slow_reader_on_another_host_stops_its_sender_too(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 2);
    uint32_t sent = 0;

    congest(net, to, true);
    while (!net->tasks[from].read_off && sent < 2000)
        net_send_data(net, from, net->tasks[to].tid, ++sent, FRAME_BYTES);
    assert_true(sent < 2000);
    congest(net, to, false);
    net_advance(net, 1000);
    assert_false(net->tasks[from].read_off);
    expect_numbers(net, to, net->tasks[from].tid, 1, sent);
}

static void a_sender_that_is_held_back_goes_on_when_its_reader_dies(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 2);
    uint32_t sent = 0;

    congest(net, to, true);
    while (!net->tasks[from].read_off && sent < 2000)
        net_send_data(net, from, net->tasks[to].tid, ++sent, FRAME_BYTES);
    net_task_dies(net, to);
    net_advance(net, 1000);
    assert_false(net->tasks[from].read_off);
}

static void a_sender_that_is_held_back_goes_on_when_the_host_dies(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 2);
    uint32_t sent = 0;

    congest(net, to, true);
    while (!net->tasks[from].read_off && sent < 2000)
        net_send_data(net, from, net->tasks[to].tid, ++sent, FRAME_BYTES);
    net_kill_daemon(net, 2);
    net_advance(net, 1000);
    assert_false(net->tasks[from].read_off);
}

/* ---- for many ---- */

static int crossed[NET_HOSTS + 1];    /* frames of tasks that have come to that host from another one */

static void count_crossing(struct net *net, int from, int to, struct pvmi_frame **frame)
{
    (void)net;
    (void)from;
    crossed[to] += (*frame)->header.kind == PVMI_FRAME_DATA || (*frame)->header.kind == PVMI_FRAME_MANY;
}

static int three_hosts(void **state)
{
    struct net *net = net_machine(3);

    memset(crossed, 0, sizeof(crossed));
    net->on_frame = count_crossing;
    *state = net;
    return 0;
}

/* A message of length bytes in one frame, to each of them with its number. */
static void send_to_many(struct net *net, int from, const struct pvmi_receiver *receivers, uint32_t count, uint32_t length)
{
    struct pvmi_frame_header header = { .src = 0x40077, .tag = 7, .message_length = length };
    struct pvmi_blob *blob = pvmi_blob_new(length);
    struct pvmi_frame *frame;

    for (uint32_t i = 0; i < length; i++)
        blob->data[i] = (uint8_t)i;
    frame = pvmi_many_new(&header, receivers, count, blob->data, length);
    pvmi_blob_unref(blob);
    net_post(net, net->tasks[from].host, CORE_EVENT_FRAME, net->links[net->tasks[from].net_link].accept_handle)
        ->event.frame.frame = frame;
    net_run(net);
}

static void a_message_for_many_goes_to_each_host_once(void **state)
{
    struct net *net = *state;
    const int hosts[] = { 2, 1, 3, 2, 2, 1 };
    struct pvmi_receiver receivers[6];
    int from = net_task(net, 1), tasks[6];

    for (uint32_t i = 0; i < 6; i++) {
        tasks[i] = net_task(net, hosts[i]);
        receivers[i] = (struct pvmi_receiver){ net->tasks[tasks[i]].tid, 10 + i };
    }
    send_to_many(net, from, receivers, 6, 300);
    assert_int_equal(crossed[2], 1);
    assert_int_equal(crossed[3], 1);
    for (uint32_t i = 0; i < 6; i++) {
        struct pvmi_frame *frame = net_frame(net, tasks[i]);

        assert_non_null(frame);
        assert_int_equal(frame->header.kind, PVMI_FRAME_DATA);
        assert_int_equal(frame->header.src, net->tasks[from].tid);
        assert_int_equal(frame->header.dst, net->tasks[tasks[i]].tid);
        assert_int_equal(frame->header.message, 10 + i);
        assert_int_equal(frame->header.length, 300);
        for (uint32_t at = 0; at < 300; at++)
            assert_int_equal(pvmi_frame_bytes(frame)[at], (uint8_t)at);
        pvmi_frame_free(frame);
        assert_null(net_frame(net, tasks[i]));
    }
}

static void messages_for_many_and_for_one_keep_their_order(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1), near = net_task(net, 2), next = net_task(net, 2), far = net_task(net, 3);

    for (uint32_t i = 1; i < 200; i += 2) {
        struct pvmi_receiver receivers[] = { { net->tasks[far].tid, i }, { net->tasks[near].tid, i },
                                             { net->tasks[next].tid, i } };

        send_to_many(net, from, receivers, 3, i);
        net_send_data(net, from, net->tasks[near].tid, i + 1, 10);
        send_to_many(net, from, receivers + 2, 1, 0);
        net_send_data(net, from, net->tasks[far].tid, i + 1, 10);
    }
    expect_numbers(net, near, net->tasks[from].tid, 1, 200);
    expect_numbers(net, far, net->tasks[from].tid, 1, 200);
    for (uint32_t i = 1; i < 200; i += 2) {
        for (int twice = 0; twice < 2; twice++) {
            struct pvmi_frame *frame = net_frame(net, next);

            assert_int_equal(frame->header.message, i);
            assert_int_equal(frame->header.length, twice == 0 ? i : 0);
            pvmi_frame_free(frame);
        }
    }
}

/* What has been delivered to each is credited: the sender is read again, as often as it is held back. */
static void a_slow_reader_among_many_stops_the_sender(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1), slow = net_task(net, 2), quick = net_task(net, 2);
    struct pvmi_receiver receivers[] = { { net->tasks[slow].tid, 0 }, { net->tasks[quick].tid, 0 } };
    uint32_t sent = 0, before = 0;

    for (int turn = 0; turn < 3; turn++, before = sent) {
        congest(net, slow, true);
        while (!net->tasks[from].read_off && sent < before + 2500) {
            receivers[0].message = receivers[1].message = ++sent;
            send_to_many(net, from, receivers, 2, 60000);
        }
        assert_in_range(sent - before, 64 * 1024 * 1024 / (2 * 60064), 64 * 1024 * 1024 / 60064 + 4);
        congest(net, slow, false);
        net_advance(net, 1000);
        assert_false(net->tasks[from].read_off);
        expect_numbers(net, slow, net->tasks[from].tid, before + 1, sent);
        expect_numbers(net, quick, net->tasks[from].tid, before + 1, sent);
    }
}

static void a_message_for_many_reaches_those_that_are_there(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1), to = net_task(net, 2);
    struct pvmi_receiver receivers[] = { { pvmi_tid_make(2, 999), 1 }, { 0, 1 }, { PVMI_TID_PVMD, 1 },
                                         { pvmi_tid_make(99, 1), 1 }, { pvmi_tid_make(99, 2), 1 }, { -1, 1 },
                                         { net->tasks[to].tid, 1 }, { pvmi_tid_make(1, 999), 1 } };

    send_to_many(net, from, receivers, 8, 10);
    assert_false(net->tasks[from].closed);
    expect_numbers(net, to, net->tasks[from].tid, 1, 1);
}

/* ---- */

static void other_senders_pass_a_long_message(void **state)
{
    struct net *net = *state;
    int big = net_task(net, 1);
    int small = net_task(net, 1);
    int to = net_task(net, 2);
    int place = 0;

    net->cut[1][2] = true;    /* so that all waits at the daemon */
    for (uint32_t i = 1; i <= 600; i++)
        net_send_data(net, big, net->tasks[to].tid, i, FRAME_BYTES);
    net_send_data(net, small, net->tasks[to].tid, 1, 10);
    net_advance(net, 2500);
    net->cut[1][2] = false;
    net_advance(net, 3000);
    for (;; place++) {
        struct pvmi_frame *frame = net_frame(net, to);
        int32_t src;

        assert_non_null(frame);
        src = frame->header.src;
        pvmi_frame_free(frame);
        if (src == net->tasks[small].tid)
            break;
    }
    assert_in_range(place, 0, 300);    /* not behind all 600: what was under way already, and no more */
}

static void a_broken_link_loses_and_doubles_nothing(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 1);
    int to = net_task(net, 2);

    for (uint32_t i = 1; i <= 300; i++) {
        net->cut[1][2] = i % 50 > 40;    /* what is sent now is lost with the link */
        net_send_data(net, from, net->tasks[to].tid, i, 100);
        if (i % 50 == 49)
            net_advance(net, 2500);
    }
    net->cut[1][2] = false;
    net_advance(net, 5000);
    expect_numbers(net, to, net->tasks[from].tid, 1, 300);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_between_hosts_arrive_once_and_in_order, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_sender_cannot_name_another_source, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(messages_to_nobody_vanish, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_task_may_send_no_frame_but_data, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_stops_its_sender_and_starts_it_again, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_on_another_host_stops_its_sender_too, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_sender_that_is_held_back_goes_on_when_its_reader_dies, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_sender_that_is_held_back_goes_on_when_the_host_dies, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(other_senders_pass_a_long_message, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_message_for_many_goes_to_each_host_once, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(messages_for_many_and_for_one_keep_their_order, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_among_many_stops_the_sender, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_message_for_many_reaches_those_that_are_there, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_broken_link_loses_and_doubles_nothing, two_hosts, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
