/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts that cannot dial each other, while the first host reaches both. */
#include "tests/unit/core_net.h"

#define TAG 9
#define FRAME_BYTES 65536
#define FAILS_MAX 16    /* no step here allocates more */

static void wall(struct net *net, bool up)
{
    net->firewall[2][3] = net->firewall[3][2] = up;
}

static int walled_hosts(void **state)
{
    struct net *net = net_machine(3);

    wall(net, true);
    *state = net;
    return 0;
}

/* Connections that stand between the two. */
static int direct_links(const struct net *net, int a, int b)
{
    int count = 0;

    for (int i = 0; i < NET_LINKS; i++) {
        const struct net_link *link = &net->links[i];

        count += link->used && link->up && link->task == 0 &&
                 ((link->dialler == a && link->acceptor == b) || (link->dialler == b && link->acceptor == a));
    }
    return count;
}

static void expect_numbers(struct net *net, int task, uint32_t first, uint32_t last)
{
    for (uint32_t number = first; number <= last; number++) {
        struct pvmi_frame *frame = net_frame(net, task);

        assert_non_null(frame);
        assert_int_equal(frame->header.message, number);
        pvmi_frame_free(frame);
    }
    assert_null(net_frame(net, task));
}

static void expect_kept(struct net *net, size_t frames)
{
    for (int i = 1; i <= 3; i++) {
        struct core_counts counts;

        core_count(net->hosts[i].core, &counts);
        assert_int_equal(counts.session_frames, frames);
    }
}

static void messages_go_both_ways_by_way_of_the_first_host(void **state)
{
    struct net *net = *state;
    int two = net_task(net, 2);
    int three = net_task(net, 3);

    for (uint32_t i = 1; i <= 100; i++) {
        net_send_data(net, two, net->tasks[three].tid, i, 1000);
        net_send_data(net, three, net->tasks[two].tid, i, 1000);
    }
    net_advance(net, 4000);
    assert_int_equal(direct_links(net, 2, 3), 0);
    expect_numbers(net, three, 1, 100);
    expect_numbers(net, two, 1, 100);
    for (uint32_t i = 101; i <= 110; i++) {    /* and now at once */
        net_send_data(net, two, net->tasks[three].tid, i, FRAME_BYTES);
        net_send_data(net, three, net->tasks[two].tid, i, FRAME_BYTES);
        net_advance(net, 1);
    }
    expect_numbers(net, three, 101, 110);
    expect_numbers(net, two, 101, 110);
    assert_true(net_logged(net, "h2: no connection to h3 can be made: going by way of h1"));
}

static void a_spawn_and_a_kill_work_across_the_wall(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 2);
    struct pvmi_msg_spawn spawn = { .file = "child", .flags = PvmTaskHost, .where = "h3", .count = 2 };
    struct pvmi_msg_signal signal = { .signum = 15 };
    struct pvmi_control control;

    net_ask(net, parent, PVMI_MSG_spawn, &spawn);
    assert_false(net_has_answer(net, parent));
    net_advance(net, 4000);
    control = net_take(net, parent, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->value, 2);
    signal.tid = net_answer(&control)->values.v[1];
    pvmi_control_free(&control);
    net_ask(net, parent, PVMI_MSG_signal, &signal);
    net_advance(net, 10);
    assert_int_equal(net->processes[1].signum, 15);
    assert_int_equal(net_result(net, parent), PvmOk);
}

/* The second channel does not wait for its own dialling to fail. */
static void what_follows_on_the_other_channel_goes_at_once(void **state)
{
    struct net *net = *state;
    int two = net_task(net, 2);
    int three = net_task(net, 3);
    struct pvmi_msg_task_query query = { .tid = net->tasks[three].tid };

    net_ask(net, two, PVMI_MSG_task_query, &query);
    net_advance(net, 2000);
    assert_int_equal(net_result(net, two), PvmOk);
    net_send_data(net, two, net->tasks[three].tid, 1, 10);
    net_advance(net, 1);
    expect_numbers(net, three, 1, 1);
}

static void a_notice_comes_behind_the_messages_of_the_dead(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    int subject = net_task(net, 3);
    int32_t tid = net->tasks[subject].tid;
    struct pvmi_frame *frame;

    net_notify(net, watcher, PvmTaskExit, TAG, tid, 1);
    net_advance(net, 4000);
    for (uint32_t i = 1; i <= 200; i++)
        net_send_data(net, subject, net->tasks[watcher].tid, i, FRAME_BYTES);
    net_task_dies(net, subject);
    net_advance(net, 5000);
    for (uint32_t i = 1; i <= 200; i++) {
        frame = net_frame(net, watcher);
        assert_non_null(frame);
        assert_int_equal(frame->header.message, i);
        pvmi_frame_free(frame);
    }
    frame = net_frame(net, watcher);
    assert_non_null(frame);
    assert_int_equal(frame->header.kind, PVMI_FRAME_NOTICE);
    assert_int_equal(net_frame_int(frame, 0), tid);
    pvmi_frame_free(frame);
    assert_null(net_frame(net, watcher));
}

static void a_direct_link_takes_over_without_loss_or_doubling(void **state)
{
    struct net *net = *state;
    int two = net_task(net, 2);
    int three = net_task(net, 3);
    uint32_t sent = 0;

    while (sent < 2000) {
        ++sent;
        net_send_data(net, two, net->tasks[three].tid, sent, 2000);
        net_send_data(net, three, net->tasks[two].tid, sent, 2000);
        if (sent == 700)
            wall(net, false);
        net_advance(net, 10);
    }
    net_advance(net, 3000);
    assert_true(direct_links(net, 2, 3) >= 1);
    expect_numbers(net, three, 1, sent);
    expect_numbers(net, two, 1, sent);
    expect_kept(net, 0);
}

static void a_link_that_falls_silent_goes_on_by_the_first_host_and_back(void **state)
{
    struct net *net = *state;
    int two = net_task(net, 2);
    int three = net_task(net, 3);
    uint32_t sent = 0;

    wall(net, false);
    while (sent < 4000) {
        ++sent;
        net_send_data(net, two, net->tasks[three].tid, sent, 500);
        net_send_data(net, three, net->tasks[two].tid, sent, 500);
        if (sent % 1000 == 200)
            net->cut[2][3] = net->cut[3][2] = true;
        if (sent % 1000 == 700)
            net->cut[2][3] = net->cut[3][2] = false;
        net_advance(net, 20);
    }
    net_advance(net, 3000);
    expect_numbers(net, three, 1, sent);
    expect_numbers(net, two, 1, sent);
    expect_kept(net, 0);
}

static void a_first_host_that_is_away_for_a_while_delays_and_loses_nothing(void **state)
{
    struct net *net = *state;
    int two = net_task(net, 2);
    int three = net_task(net, 3);
    uint32_t sent = 0;

    while (sent < 3000) {
        net_send_data(net, two, net->tasks[three].tid, ++sent, 500);
        if (sent % 1000 == 200)
            net->cut[1][3] = net->cut[3][1] = true;
        if (sent % 1000 == 600)
            net->cut[1][3] = net->cut[3][1] = false;
        net_advance(net, 20);
    }
    net_advance(net, 20000);
    expect_numbers(net, three, 1, sent);
    expect_kept(net, 0);
}

static void a_slow_reader_stops_its_sender_through_the_first_host(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 2);
    int to = net_task(net, 3);
    uint32_t sent = 0;

    net_post(net, 3, CORE_EVENT_LINK_CONGESTED, net->links[net->tasks[to].net_link].accept_handle);
    net_run(net);
    while (!net->tasks[from].read_off && sent < 2000)
        net_send_data(net, from, net->tasks[to].tid, ++sent, FRAME_BYTES);
    assert_true(sent < 2000);
    net_advance(net, 5000);
    net_post(net, 3, CORE_EVENT_LINK_WRITABLE, net->links[net->tasks[to].net_link].accept_handle);
    net_advance(net, 5000);
    assert_false(net->tasks[from].read_off);
    expect_numbers(net, to, 1, sent);
}

/* What the first host holds for the one behind the slow link is no more than the window. */
static void the_first_host_keeps_no_more_than_the_window(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 2);
    int to = net_task(net, 3);
    struct net_link *slow = NULL;
    long before;

    net_send_data(net, from, net->tasks[to].tid, 1, 10);
    net_advance(net, 4000);
    for (int i = 0; i < NET_LINKS; i++) {
        struct net_link *link = &net->links[i];

        if (link->used && link->up && link->task == 0 && link->channel == PVMI_CHANNEL_BULK &&
            ((link->dialler == 1 && link->acceptor == 3) || (link->dialler == 3 && link->acceptor == 1)))
            slow = link;
    }
    assert_non_null(slow);
    net_post(net, 1, CORE_EVENT_LINK_CONGESTED,
             slow->dialler == 1 ? slow->dial_handle : slow->accept_handle);
    net_run(net);
    before = pvmi_alloc_count();
    for (uint32_t i = 2; i <= 600; i++)
        net_send_data(net, from, net->tasks[to].tid, i, FRAME_BYTES);
    net_advance(net, 500);
    assert_int_equal(net_count_frames(net, to, PVMI_FRAME_DATA, 7), 1);
    /* A frame is two blocks: 599 are at h2, sent or not, and of those sent h1 has copies to pass on. */
    assert_in_range(pvmi_alloc_count() - before, 2 * 599, 2 * 599 + 4 * 70);
    net_post(net, 1, CORE_EVENT_LINK_WRITABLE,
             slow->dialler == 1 ? slow->dial_handle : slow->accept_handle);
    net_advance(net, 10000);
    expect_numbers(net, to, 1, 600);
}

static void a_host_that_dies_behind_the_wall_is_dropped_and_told_of(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    int subject = net_task(net, 3);

    net_notify(net, watcher, PvmTaskExit, TAG, net->tasks[subject].tid, 1);
    net_advance(net, 4000);
    net_power_off(net, 3);
    net_advance(net, 15000);
    assert_int_equal(core_hosts(net->hosts[2].core, NULL, NULL, 0), 2);
    assert_int_equal(net_count_frames(net, watcher, PVMI_FRAME_NOTICE, TAG), 1);
    net_advance(net, 10000);
    assert_int_equal(net_count_frames(net, watcher, PVMI_FRAME_NOTICE, TAG), 1);
}

/* A machine at rest behind a wall is at rest. */
static void nobody_relays_who_has_nothing_to_say(void **state)
{
    struct net *net = *state;

    net_advance(net, 30000);
    assert_false(net_logged(net, "by way of"));
}

static void send_relay(struct net *net, int from, int to, const struct pvmi_msg_relay *msg)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .number = 2 };
    struct net_link *link = NULL;
    struct pvmi_blob *blob;

    for (int i = 0; i < NET_LINKS; i++) {
        if (net->links[i].used && net->links[i].up && net->links[i].task == 0 &&
            net->links[i].channel == PVMI_CHANNEL_BULK && net->links[i].dialler == from &&
            net->links[i].acceptor == to)
            link = &net->links[i];
    }
    assert_non_null(link);
    assert_int_equal(pvmi_control_encode_blob(PVMI_MSG_relay, msg, &blob), PvmOk);
    net_post(net, to, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame =
        pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
    pvmi_blob_unref(blob);
    net_run(net);
}

static void only_the_first_host_may_pass_frames_on(void **state)
{
    struct net *net = *state;
    int from = net_task(net, 2);
    int to = net_task(net, 3);
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_RESUME, .number = 1 };
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_msg_relay relay = {
        .host = 1,
        .channel = PVMI_CHANNEL_BULK,
        .link = 77,
        .frame = { .data = bytes, .length = sizeof(bytes) },
    };

    wall(net, false);
    pvmi_frame_header_encode(&header, bytes);
    net_send_data(net, from, net->tasks[to].tid, 1, 10);
    send_relay(net, 2, 3, &relay);
    assert_true(net_logged(net, "which only h1 may pass on: dropped"));
}

/* The relayed frame on its way to h3 acknowledges what was never sent: h3 gives the link up. */
static void spoil(struct net *net, int from, int to, struct pvmi_frame **frame)
{
    struct pvmi_frame_header header = (*frame)->header;
    struct pvmi_frame_header inner;
    struct pvmi_control control;
    struct pvmi_msg_relay *relay;
    struct pvmi_blob *blob;
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];

    if (from != 1 || to != 3 || header.kind != PVMI_FRAME_CONTROL)
        return;
    assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(*frame), header.length, &control), PvmOk);
    relay = control.msg;
    if (control.type == PVMI_MSG_relay && relay->frame.length >= sizeof(bytes)) {
        assert_int_equal(pvmi_frame_header_decode(relay->frame.data, &inner), PvmOk);
        inner.ack = 1u << 30;
        inner.length = 0;
        inner.message_length = 0;
        pvmi_frame_header_encode(&inner, bytes);
        relay->frame = (struct pvmi_bytes){ .data = bytes, .length = sizeof(bytes) };
        assert_int_equal(pvmi_control_encode_blob(PVMI_MSG_relay, relay, &blob), PvmOk);
        pvmi_frame_free(*frame);
        *frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
        pvmi_blob_unref(blob);
        net->on_frame = NULL;
    }
    pvmi_control_free(&control);
}

static void the_other_end_is_told_when_a_link_is_given_up(void **state)
{
    struct net *net = *state;
    int two = net_task(net, 2);
    int three = net_task(net, 3);

    net_send_data(net, two, net->tasks[three].tid, 1, 10);
    net_send_data(net, three, net->tasks[two].tid, 1, 10);
    net_advance(net, 4000);
    net->on_frame = spoil;
    net_send_data(net, two, net->tasks[three].tid, 2, 10);
    net_advance(net, 1);
    assert_null(net->on_frame);
    assert_true(net_logged(net, "h3: link to h2: an acknowledgement of what was never sent"));
    assert_true(net_logged(net, "h2: link to h3: the other side has given it up"));
    net_send_data(net, three, net->tasks[two].tid, 2, 10);
    net_advance(net, 3000);
    expect_numbers(net, three, 1, 2);
    expect_numbers(net, two, 1, 2);
    expect_kept(net, 0);
}

static struct net *walled_pair(int *ret_two, int *ret_three)
{
    struct net *net = net_machine(3);

    wall(net, true);
    *ret_two = net_task(net, 2);
    *ret_three = net_task(net, 3);
    return net;
}

/* A message each way, and the direct link that takes over. */
static void talk(struct net *net, int two, int three)
{
    net_send_data(net, two, net->tasks[three].tid, 1, 100);
    net_advance(net, 4100);
    net_send_data(net, three, net->tasks[two].tid, 1, 100);
    net_advance(net, 100);
    wall(net, false);
    net_advance(net, 5000);
    net_send_data(net, two, net->tasks[three].tid, 2, 100);
    net_advance(net, 100);
}

static void each_allocation_may_fail_once_and_nothing_shows(void **state)
{
    int two, three;
    struct net *net = walled_pair(&two, &three);
    int before = net->steps;

    *state = net;
    talk(net, two, three);
    int steps = net->steps - before;
    for (int step = 1; step <= steps; step++) {
        for (int nth = 0; nth < FAILS_MAX; nth++) {
            net_free(net);
            net = walled_pair(&two, &three);
            *state = net;
            net->fail_step = before + step;
            net->fail_nth = nth;
            talk(net, two, three);
            expect_numbers(net, three, 1, 2);
            expect_numbers(net, two, 1, 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_go_both_ways_by_way_of_the_first_host, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_spawn_and_a_kill_work_across_the_wall, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(what_follows_on_the_other_channel_goes_at_once, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_notice_comes_behind_the_messages_of_the_dead, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_direct_link_takes_over_without_loss_or_doubling, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_link_that_falls_silent_goes_on_by_the_first_host_and_back,
                                        walled_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_first_host_that_is_away_for_a_while_delays_and_loses_nothing,
                                        walled_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_stops_its_sender_through_the_first_host, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(the_first_host_keeps_no_more_than_the_window, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_dies_behind_the_wall_is_dropped_and_told_of, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(nobody_relays_who_has_nothing_to_say, walled_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(the_other_end_is_told_when_a_link_is_given_up, walled_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(only_the_first_host_may_pass_frames_on, walled_hosts, net_tear_down),
        cmocka_unit_test_teardown(each_allocation_may_fail_once_and_nothing_shows, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
