/* SPDX-License-Identifier: BSD-3-Clause */
/* A daemon that is behind in the log: what its tasks have heard of sooner is not taken for dead. */
#include "tests/unit/core_net.h"

struct behind {
    struct net *net;
    int asker;    /* index of a task on h2, which has not heard of h4 */
    int newer;    /* of one on h4 */
};

static struct behind behind;

/* h4 joins while nothing of h1 reaches h2. */
static int one_host_behind(void **state)
{
    struct net *net = net_machine(3);
    char line[] = "h4";
    char *lines[1] = { line };

    *state = net;
    behind.net = net;
    behind.asker = net_task(net, 2);
    net->cut[1][2] = true;
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    assert_true(net->hosts[4].ready);
    assert_int_equal(core_hosts(net->hosts[2].core, NULL, NULL, 0), 3);
    behind.newer = net_task(net, 4);
    return 0;
}

static int32_t newer_tid(void)
{
    return behind.net->tasks[behind.newer].tid;
}

/* The link of h1 and h2 is found silent, and made anew. */
static void catch_up(void)
{
    behind.net->cut[2][1] = true;
    net_advance(behind.net, 2500);
    behind.net->cut[1][2] = behind.net->cut[2][1] = false;
    net_advance(behind.net, 5000);
    assert_int_equal(core_hosts(behind.net->hosts[2].core, NULL, NULL, 0), 4);
}

static void expect_message(int task, int32_t src, uint32_t number)
{
    struct pvmi_frame *frame = net_frame(behind.net, task);

    assert_non_null(frame);
    assert_int_equal(frame->header.kind, PVMI_FRAME_DATA);
    assert_int_equal(frame->header.src, src);
    assert_int_equal(frame->header.message, number);
    pvmi_frame_free(frame);
}

static void messages_to_a_host_not_heard_of_arrive_in_order(void **state)
{
    struct net *net = *state;
    int near = net_task(net, 2);
    int32_t from = net->tasks[behind.asker].tid;

    for (uint32_t i = 1; i <= 3; i++)
        net_send_data(net, behind.asker, newer_tid(), i, 10);
    net_send_data(net, behind.asker, net->tasks[near].tid, 1, 10);
    assert_true(net->tasks[behind.asker].read_off);
    assert_null(net_frame(net, near));    /* all that it says keeps its order */
    catch_up();
    for (uint32_t i = 1; i <= 3; i++)
        expect_message(behind.newer, from, i);
    expect_message(near, from, 1);
    assert_false(net->tasks[behind.asker].read_off);
}

static void other_tasks_of_the_host_do_not_wait(void **state)
{
    struct net *net = *state;
    int near = net_task(net, 2);
    int other = net_task(net, 2);

    net_send_data(net, behind.asker, newer_tid(), 1, 10);
    net_send_data(net, other, net->tasks[near].tid, 1, 10);
    expect_message(near, net->tasks[other].tid, 1);
}

static void a_notice_is_not_given_for_a_task_that_lives(void **state)
{
    struct net *net = *state;
    struct pvmi_frame *frame;

    net_notify(net, behind.asker, PvmTaskExit, 5, newer_tid(), 1);
    net_notify(net, behind.asker, PvmHostDelete, 6, pvmi_tid_of_host(4), 1);
    catch_up();
    assert_null(net_frame(net, behind.asker));
    net_task_dies(net, behind.newer);
    net_advance(net, 1000);
    frame = net_frame(net, behind.asker);
    assert_non_null(frame);
    assert_int_equal(frame->header.tag, 5);
    assert_int_equal(net_frame_int(frame, 0), newer_tid());
    pvmi_frame_free(frame);
    assert_null(net_frame(net, behind.asker));
}

static void questions_are_answered_when_it_has_caught_up(void **state)
{
    struct net *net = *state;
    struct pvmi_msg_task_query task = { .tid = newer_tid() };
    struct pvmi_msg_host_query host = { .name = "h4" };
    struct pvmi_msg_tasks_query tasks = { .where = pvmi_tid_of_host(4) };
    struct pvmi_control control;

    net_ask(net, behind.asker, PVMI_MSG_task_query, &task);
    net_ask(net, behind.asker, PVMI_MSG_host_query, &host);
    net_ask(net, behind.asker, PVMI_MSG_tasks_query, &tasks);
    assert_false(net_has_answer(net, behind.asker));
    catch_up();
    assert_int_equal(net_result(net, behind.asker), PvmOk);
    assert_int_equal(net_result(net, behind.asker), PvmOk);
    control = net_take(net, behind.asker, PVMI_MSG_tasks);
    assert_int_equal(((struct pvmi_msg_tasks *)control.msg)->tasks.n, 1);
    pvmi_control_free(&control);
}

static void a_spawn_on_it_by_name_starts_there(void **state)
{
    struct net *net = *state;
    struct pvmi_msg_spawn spawn = { .file = "x", .flags = PvmTaskHost, .where = "h4", .count = 1 };

    net_ask(net, behind.asker, PVMI_MSG_spawn, &spawn);
    catch_up();
    assert_int_equal(net_result(net, behind.asker), 1);
    assert_int_equal(net->processes[0].host, 4);
}

static void a_signal_reaches_its_task(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 4);
    struct pvmi_control control = net_spawn(net, parent, "x", PvmTaskHost, "h4", 1);
    struct pvmi_msg_signal msg = { .tid = net_answer(&control)->values.v[0], .signum = 10 };

    pvmi_control_free(&control);
    net_ask(net, behind.asker, PVMI_MSG_signal, &msg);
    catch_up();
    assert_int_equal(net->processes[0].signals, 1);
    assert_int_equal(net->processes[0].signum, 10);
}

/* h3, which knows of h4, starts a task on h2 whose output goes there. */
static void output_for_a_host_not_heard_of_arrives(void **state)
{
    struct net *net = *state;
    int spawner = net_task(net, 3);
    struct pvmi_msg_spawn spawn = {
        .file = "x",
        .flags = PvmTaskHost,
        .where = "h2",
        .count = 1,
        .inherit = { .output_tid = newer_tid(), .output_tag = 9 },
    };

    net_ask(net, spawner, PVMI_MSG_spawn, &spawn);
    assert_int_equal(net->process_count, 0);
    catch_up();
    assert_int_equal(net_result(net, spawner), 1);
    net_output(net, 0, "hello\n");
    net_advance(net, 1000);
    assert_int_equal(net_count_frames(net, behind.newer, PVMI_FRAME_OUTPUT, 9), 3);    /* begun, complete, text */
}

static void a_host_that_never_was_is_found_out(void **state)
{
    struct net *net = *state;
    int32_t never = pvmi_tid_make(77, 1);
    struct pvmi_msg_task_query query = { .tid = never };
    struct pvmi_frame *frame;

    net_ask(net, behind.asker, PVMI_MSG_task_query, &query);
    net_notify(net, behind.asker, PvmTaskExit, 5, never, 1);
    catch_up();
    assert_int_equal(net_result(net, behind.asker), PvmNoTask);
    frame = net_frame(net, behind.asker);
    assert_non_null(frame);
    assert_int_equal(net_frame_int(frame, 0), never);
    pvmi_frame_free(frame);
}

static void what_a_task_sent_before_its_end_is_not_lost(void **state)
{
    struct net *net = *state;
    int near = net_task(net, 2);
    int32_t from = net->tasks[behind.asker].tid;

    net_send_data(net, behind.asker, newer_tid(), 1, 10);
    net_send_data(net, behind.asker, net->tasks[near].tid, 1, 10);
    net_task_dies(net, behind.asker);
    expect_message(near, from, 1);
    catch_up();
}

static void the_machine_ends_while_something_waits(void **state)
{
    struct net *net = *state;

    net_send_data(net, behind.asker, newer_tid(), 1, 10);
    net_power_off(net, 1);
    net_advance(net, 60000);
    assert_true(net->hosts[2].stopped);
}

int main(void)
{
#define AHEAD(name) cmocka_unit_test_setup_teardown(name, one_host_behind, net_tear_down)
    const struct CMUnitTest tests[] = {
        AHEAD(messages_to_a_host_not_heard_of_arrive_in_order),
        AHEAD(other_tasks_of_the_host_do_not_wait),
        AHEAD(a_notice_is_not_given_for_a_task_that_lives),
        AHEAD(questions_are_answered_when_it_has_caught_up),
        AHEAD(a_spawn_on_it_by_name_starts_there),
        AHEAD(a_signal_reaches_its_task),
        AHEAD(output_for_a_host_not_heard_of_arrives),
        AHEAD(a_host_that_never_was_is_found_out),
        AHEAD(what_a_task_sent_before_its_end_is_not_lost),
        AHEAD(the_machine_ends_while_something_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
