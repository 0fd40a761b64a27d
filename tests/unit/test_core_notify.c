/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_notify: each notice once, behind what it is about, with the value that was given. */
#include "tests/unit/core_net.h"

#define TAG 9

static int three_hosts(void **state)
{
    *state = net_machine(3);
    return 0;
}

static int notices(struct net *net, int task)
{
    return net_count_frames(net, task, PVMI_FRAME_NOTICE, TAG);
}

static void expect_notice(struct net *net, int task, int32_t value)
{
    struct pvmi_frame *frame = net_frame(net, task);

    assert_non_null(frame);
    assert_int_equal(frame->header.kind, PVMI_FRAME_NOTICE);
    assert_int_equal(frame->header.src, PVMI_TID_PVMD);
    assert_int_equal(frame->header.tag, TAG);
    assert_int_equal(net_frame_int(frame, 0), value);
    pvmi_frame_free(frame);
}

static void an_exit_is_told_once_to_watchers_everywhere(void **state)
{
    struct net *net = *state;
    int here = net_task(net, 1);
    int there = net_task(net, 2);
    int subject = net_task(net, 1);
    int32_t tid = net->tasks[subject].tid;

    net_notify(net, here, PvmTaskExit, TAG, tid, 1);
    net_notify(net, there, PvmTaskExit, TAG, tid, 1);
    assert_int_equal(notices(net, here) + notices(net, there), 0);
    net_task_dies(net, subject);
    net_advance(net, 3000);
    assert_int_equal(notices(net, here), 1);
    assert_int_equal(notices(net, there), 1);
    expect_notice(net, here, tid);
    expect_notice(net, there, tid);
}

static void the_same_request_twice_gives_two_notices(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    int subject = net_task(net, 1);

    net_notify(net, watcher, PvmTaskExit, TAG, net->tasks[subject].tid, 1);
    net_notify(net, watcher, PvmTaskExit, TAG, net->tasks[subject].tid, 1);
    net_task_dies(net, subject);
    net_advance(net, 1000);
    assert_int_equal(notices(net, watcher), 2);
}

static void what_is_not_there_is_told_at_once(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 1);

    net_notify(net, watcher, PvmTaskExit, TAG, pvmi_tid_make(1, 500), 1);
    expect_notice(net, watcher, pvmi_tid_make(1, 500));
    net_notify(net, watcher, PvmTaskExit, TAG, pvmi_tid_make(2, 500), 1);
    net_advance(net, 100);
    expect_notice(net, watcher, pvmi_tid_make(2, 500));
    net_notify(net, watcher, PvmTaskExit, TAG, pvmi_tid_make(77, 1), 1);
    expect_notice(net, watcher, pvmi_tid_make(77, 1));
    net_notify(net, watcher, PvmHostDelete, TAG, pvmi_tid_of_host(77), 1);
    expect_notice(net, watcher, pvmi_tid_of_host(77));
}

static void a_notice_comes_behind_the_messages_of_the_dead(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    int subject = net_task(net, 1);
    struct pvmi_frame *frame;

    net_notify(net, watcher, PvmTaskExit, TAG, net->tasks[subject].tid, 1);
    net->cut[1][2] = true;
    for (uint32_t i = 1; i <= 20; i++)
        net_send_data(net, subject, net->tasks[watcher].tid, i, 1000);
    net_task_dies(net, subject);
    net_advance(net, 2500);
    net->cut[1][2] = false;
    net_advance(net, 5000);
    for (uint32_t i = 1; i <= 20; i++) {
        frame = net_frame(net, watcher);
        assert_int_equal(frame->header.kind, PVMI_FRAME_DATA);
        pvmi_frame_free(frame);
    }
    expect_notice(net, watcher, net->tasks[subject].tid);
    assert_null(net_frame(net, watcher));
}

static void a_host_that_dies_ends_its_tasks_and_is_told_once(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 3);
    int subject = net_task(net, 2);
    int32_t tid = net->tasks[subject].tid;

    net_notify(net, watcher, PvmTaskExit, TAG, tid, 1);
    net_notify(net, watcher, PvmHostDelete, TAG, tid, 1);    /* a host by the tid of one of its tasks */
    net_power_off(net, 2);
    net_advance(net, 9000);
    assert_int_equal(notices(net, watcher), 0);
    net_advance(net, 4000);
    assert_int_equal(notices(net, watcher), 2);
    expect_notice(net, watcher, tid);
    expect_notice(net, watcher, tid);
    assert_int_equal(core_hosts(net->hosts[3].core, NULL, NULL, 0), 2);
    net_advance(net, 30000);
    assert_int_equal(notices(net, watcher), 0);
}

static void cancelling_brings_the_message_at_once_and_not_again(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    int subject = net_task(net, 1);
    int32_t tid = net->tasks[subject].tid;
    struct core_counts counts;

    net_notify(net, watcher, PvmTaskExit, TAG, tid, 1);
    net_notify(net, watcher, PvmTaskExit | PvmNotifyCancel, TAG + 1, tid, 1);    /* another tag: nothing */
    assert_int_equal(notices(net, watcher), 0);
    net_notify(net, watcher, PvmTaskExit | PvmNotifyCancel, TAG, tid, 1);
    expect_notice(net, watcher, tid);
    net_task_dies(net, subject);
    net_advance(net, 1000);
    assert_null(net_frame(net, watcher));
    core_count(net->hosts[2].core, &counts);
    assert_int_equal(counts.watches, 0);
}

static void a_task_does_not_watch_itself(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    struct core_counts counts;

    net_notify(net, task, PvmTaskExit, TAG, net->tasks[task].tid, 1);
    core_count(net->hosts[1].core, &counts);
    assert_int_equal(counts.watches, 0);
}

static void add_host(struct net *net, const char *name)
{
    char line[32];
    char *lines[1] = { line };

    snprintf(line, sizeof(line), "%s", name);
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
}

static void added_hosts_are_counted_down(void **state)
{
    struct net *net = *state;
    int once = net_task(net, 1);
    int always = net_task(net, 2);

    net_notify(net, once, PvmHostAdd, TAG, 0, 1);
    net_notify(net, always, PvmHostAdd, TAG, 0, -1);
    add_host(net, "h4");
    add_host(net, "h5");
    assert_int_equal(notices(net, once), 1);
    assert_int_equal(notices(net, always), 2);
    expect_notice(net, once, 1);
    net_notify(net, always, PvmHostAdd, TAG, 0, 0);
    add_host(net, "h6");
    assert_int_equal(notices(net, always), 2);
}

static void launched(struct net *net, int number, uint64_t handle)
{
    char name[16];

    snprintf(name, sizeof(name), "h%d", number);
    net_launched(net, handle, name, number);
    net_run(net);
}

static void expect_hosts(struct net *net, int task, int highest, int count)
{
    struct pvmi_frame *frame = net_frame(net, task);

    assert_non_null(frame);
    assert_int_equal(frame->header.length, PVMI_SECTION_HEADER_SIZE + 4 * (count + 1));
    assert_int_equal(net_frame_int(frame, 0), count);
    for (int i = 0; i < count; i++)
        assert_int_equal(net_frame_int(frame, i + 1), pvmi_tid_of_host(highest - i));
    pvmi_frame_free(frame);
    assert_null(net_frame(net, task));
}

static void add_hosts(struct net *net, char **lines, uint32_t count)
{
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = count };
    net_run(net);
}

static void hosts_of_one_request_come_in_one_message(void **state)
{
    struct net *net = *state;
    int here = net_task(net, 1);
    int there = net_task(net, 2);
    char *lines[] = { "h4", "h5", "h6" };

    net_notify(net, here, PvmHostAdd, TAG, 0, -1);
    net_notify(net, there, PvmHostAdd, TAG, 0, -1);
    add_hosts(net, lines, 3);
    net_advance(net, 5000);
    expect_hosts(net, here, 6, 3);
    expect_hosts(net, there, 6, 3);
}

/* h4 has not printed its ready line when h5 is in. */
static void new_hosts_wait_a_second_for_the_slow_ones(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    char *lines[] = { "h4", "h5" };

    net->auto_launch = false;
    net_notify(net, watcher, PvmHostAdd, TAG, 0, -1);
    add_hosts(net, lines, 2);
    launched(net, 5, net->last_launch);
    net_advance(net, 900);
    assert_null(net_frame(net, watcher));
    net_advance(net, 200);
    expect_hosts(net, watcher, 5, 1);
}

static void a_new_host_that_is_lost_meanwhile_is_left_out(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    char *lines[] = { "h4", "h5" };

    net->auto_launch = false;
    net_notify(net, watcher, PvmHostAdd, TAG, 0, -1);
    add_hosts(net, lines, 2);
    launched(net, 5, net->last_launch);
    net_kill_daemon(net, 5);
    net_advance(net, 3000);
    assert_int_equal(core_hosts(net->hosts[2].core, NULL, NULL, 0), 3);
    assert_null(net_frame(net, watcher));
}

static void watches_end_with_their_task(void **state)
{
    struct net *net = *state;
    int watcher = net_task(net, 2);
    int subject = net_task(net, 1);
    struct core_counts counts;

    net_notify(net, watcher, PvmTaskExit, TAG, net->tasks[subject].tid, 1);
    net_notify(net, watcher, PvmHostDelete, TAG, pvmi_tid_of_host(3), 1);
    net_notify(net, watcher, PvmHostAdd, TAG, 0, -1);
    core_count(net->hosts[2].core, &counts);
    assert_int_equal(counts.watches, 3);
    net_task_dies(net, watcher);
    core_count(net->hosts[2].core, &counts);
    assert_int_equal(counts.watches, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_exit_is_told_once_to_watchers_everywhere, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(the_same_request_twice_gives_two_notices, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_told_at_once, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_notice_comes_behind_the_messages_of_the_dead, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_dies_ends_its_tasks_and_is_told_once, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(cancelling_brings_the_message_at_once_and_not_again, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_task_does_not_watch_itself, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(added_hosts_are_counted_down, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(hosts_of_one_request_come_in_one_message, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(new_hosts_wait_a_second_for_the_slow_ones, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_new_host_that_is_lost_meanwhile_is_left_out, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(watches_end_with_their_task, three_hosts, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
