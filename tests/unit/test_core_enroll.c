/* SPDX-License-Identifier: BSD-3-Clause */
/* Spawned processes that enrol by the connection that they inherit, those that do not, and who gets the tid. */
#include "tests/unit/core_net.h"

static int spawned(void **state)
{
    struct net *net = net_machine(1);
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 1);

    pvmi_control_free(&control);
    net->admitted = net->gone = 0;
    *state = net;
    return 0;
}

static int tear_down(void **state)
{
    net_free(*state);
    return 0;
}

static int open_door(struct net *net)
{
    int door = net_connect_as(net, 1, 100, net->processes[0].handle);

    assert_false(net->tasks[door].closed);
    return door;
}

/* Says "enroll", which is answered only at a socket. */
static void say_enroll(struct net *net, int task, int32_t tid, uint64_t nonce)
{
    struct pvmi_msg_enroll enroll = { .version = PVMI_VERSION, .claim_tid = tid, .claim_nonce = nonce, .program = "x" };

    net_task_send_control(net, task, PVMI_MSG_enroll, &enroll);
    net_run(net);
}

static int enter(struct net *net)
{
    int door = open_door(net);

    net->processes[0].slot_claimed = true;
    say_enroll(net, door, net->processes[0].tid, net->processes[0].nonce);
    net->tasks[door].tid = net->processes[0].tid;
    return door;
}

static void expect_message(struct net *net, int task, uint32_t number)
{
    struct pvmi_frame *frame = net_frame(net, task);

    assert_non_null(frame);
    assert_int_equal(frame->header.message, number);
    pvmi_frame_free(frame);
}

static void a_process_finds_its_answer_and_is_not_answered_again(void **state)
{
    struct net *net = *state;
    int door;

    assert_int_equal(net->processes[0].hello_tid, net->processes[0].tid);
    net_send_data(net, 0, net->processes[0].tid, 1, 10);
    door = enter(net);
    assert_false(net_has_answer(net, door));
    assert_false(net->tasks[door].closed);
    expect_message(net, door, 1);    /* what waited for it */
    net_send_data(net, 0, net->processes[0].tid, 2, 10);
    expect_message(net, door, 2);
    net_send_data(net, door, net->tasks[0].tid, 1, 10);
    expect_message(net, 0, 1);
    assert_int_equal(net->admitted, 0);    /* it has its slot already */
    assert_int_equal(net->revokes, 0);
}

static void who_connects_instead_has_the_tid_if_nobody_has_the_slot(void **state)
{
    struct net *net = *state;
    int door = open_door(net);
    int child = net_claim(net, 0);

    assert_int_equal(net->revokes, 1);
    assert_int_equal(net->admitted, 1);
    assert_true(net->tasks[door].closed);
    net_send_data(net, 0, net->tasks[child].tid, 1, 10);
    expect_message(net, child, 1);
}

static void else_it_is_another_task(void **state)
{
    struct net *net = *state;
    int door = open_door(net);
    int other = net_connect(net, 1, 200);

    net->processes[0].slot_claimed = true;    /* and has not said so yet */
    assert_int_equal(net_enroll(net, other, net->processes[0].tid, net->processes[0].nonce), PvmOk);
    assert_int_not_equal(net->tasks[other].tid, net->processes[0].tid);
    assert_false(net->tasks[door].closed);
    say_enroll(net, door, net->processes[0].tid, net->processes[0].nonce);
    net_send_data(net, 0, net->processes[0].tid, 1, 10);
    expect_message(net, door, 1);
    other = net_connect(net, 1, 201);
    assert_int_equal(net_enroll(net, other, net->processes[0].tid, net->processes[0].nonce), PvmOk);
    assert_int_not_equal(net->tasks[other].tid, net->processes[0].tid);
    assert_int_equal(net->revokes, 1);    /* of who has enrolled nobody asks */
}

static void of_two_that_connect_the_first_has_it(void **state)
{
    struct net *net = *state;
    int first = net_connect(net, 1, 200), second = net_connect(net, 1, 201);
    struct pvmi_control control;

    net->hold_revoked = true;
    say_enroll(net, first, net->processes[0].tid, net->processes[0].nonce);
    say_enroll(net, second, net->processes[0].tid, net->processes[0].nonce);
    assert_false(net_has_answer(net, first));
    control = net_take(net, second, PVMI_MSG_enrolled);
    assert_int_not_equal(((struct pvmi_msg_enrolled *)control.msg)->tid, net->processes[0].tid);
    pvmi_control_free(&control);
    net_post(net, 1, CORE_EVENT_REVOKED, net->processes[0].handle)->event.revoked.done = true;
    net_run(net);
    control = net_take(net, first, PVMI_MSG_enrolled);
    assert_int_equal(((struct pvmi_msg_enrolled *)control.msg)->tid, net->processes[0].tid);
    pvmi_control_free(&control);
}

static void who_waits_for_a_tid_whose_process_ends_gets_another(void **state)
{
    struct net *net = *state;
    int task = net_connect(net, 1, 200);
    struct pvmi_control control;

    net->hold_revoked = true;
    say_enroll(net, task, net->processes[0].tid, net->processes[0].nonce);
    net_process_ends(net, 0, 0, true);
    control = net_take(net, task, PVMI_MSG_enrolled);
    assert_int_not_equal(((struct pvmi_msg_enrolled *)control.msg)->tid, net->processes[0].tid);
    pvmi_control_free(&control);
    net_post(net, 1, CORE_EVENT_REVOKED, net->processes[0].handle)->event.revoked.done = true;
    net_run(net);
    assert_false(net->tasks[task].closed);
    assert_false(net_has_answer(net, task));
}

static void one_that_goes_while_it_waits_leaves_the_tid_to_others(void **state)
{
    struct net *net = *state;
    int task = net_connect(net, 1, 200);

    net->hold_revoked = true;
    say_enroll(net, task, net->processes[0].tid, net->processes[0].nonce);
    net_task_dies(net, task);
    net_post(net, 1, CORE_EVENT_REVOKED, net->processes[0].handle)->event.revoked.done = true;
    net_run(net);
    assert_int_equal(net->gone, 0);
    net_claim(net, 0);
    assert_int_equal(net->revokes, 1);
}

static void who_enrols_twice_is_closed(void **state)
{
    struct net *net = *state;
    int task = net_connect(net, 1, 200);

    net->hold_revoked = true;
    say_enroll(net, task, net->processes[0].tid, net->processes[0].nonce);
    say_enroll(net, task, 0, 0);
    assert_true(net->tasks[task].closed);
}

static void a_claim_of_something_else_by_the_door_ends_the_task(void **state)
{
    struct net *net = *state;
    int door = open_door(net);

    say_enroll(net, door, net->tasks[0].tid, net->processes[0].nonce);
    assert_true(net->tasks[door].closed);
    assert_int_equal(net->gone, 1);
}

static void a_door_that_was_closed_is_no_end(void **state)
{
    struct net *net = *state;
    int door = open_door(net);

    net_task_dies(net, door);
    assert_int_equal(net->gone, 0);
    net_claim(net, 0);
}

/* A plain program: its end is told although it was never a task. */
static void a_process_that_never_enrols_is_gone_when_it_ends(void **state)
{
    struct net *net = *state;
    int door = open_door(net);
    struct pvmi_frame *frame;

    net_notify(net, 0, PvmTaskExit, 7, net->processes[0].tid, 1);
    net_process_ends(net, 0, 0, true);
    assert_int_equal(net->gone, 0);    /* what it may have said is not read yet */
    net_task_dies(net, door);
    assert_int_equal(net->gone, 1);
    frame = net_frame(net, 0);
    assert_non_null(frame);
    assert_int_equal(frame->header.tag, 7);
    pvmi_frame_free(frame);
}

static void what_it_said_before_it_ended_counts(void **state)
{
    struct net *net = *state;
    int door = open_door(net);

    net->processes[0].slot_claimed = true;
    net_process_ends(net, 0, 0, true);
    say_enroll(net, door, net->processes[0].tid, net->processes[0].nonce);
    net_send_data(net, door, net->tasks[0].tid, 1, 10);
    net_task_dies(net, door);
    expect_message(net, 0, 1);
    assert_int_equal(net->gone, 1);
}

static void what_nobody_is_waited_for_is_refused(void **state)
{
    struct net *net = *state;
    int door = enter(net);
    int second = net_connect_as(net, 1, 100, net->processes[0].handle);
    int unknown = net_connect_as(net, 1, 100, 12345);

    assert_false(net->tasks[door].closed);
    assert_true(net->tasks[second].closed);
    assert_true(net->tasks[unknown].closed);
}

static void who_is_poked_gets_a_ping(void **state)
{
    struct net *net = *state;
    int door = enter(net);
    struct pvmi_msg_poke poke = { .tid = net->processes[0].tid };
    struct pvmi_frame *frame;

    net_task_send_control(net, 0, PVMI_MSG_poke, &poke);
    poke.tid = net->processes[0].tid + 1;    /* nobody */
    net_task_send_control(net, 0, PVMI_MSG_poke, &poke);
    net_run(net);
    frame = net_frame(net, door);
    assert_non_null(frame);
    assert_int_equal(frame->header.kind, PVMI_FRAME_PING);
    pvmi_frame_free(frame);
    assert_null(net_frame(net, door));
    assert_false(net->tasks[0].closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, spawned, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_process_finds_its_answer_and_is_not_answered_again),
        TEST(who_connects_instead_has_the_tid_if_nobody_has_the_slot),
        TEST(else_it_is_another_task),
        TEST(of_two_that_connect_the_first_has_it),
        TEST(who_waits_for_a_tid_whose_process_ends_gets_another),
        TEST(one_that_goes_while_it_waits_leaves_the_tid_to_others),
        TEST(who_enrols_twice_is_closed),
        TEST(a_claim_of_something_else_by_the_door_ends_the_task),
        TEST(a_door_that_was_closed_is_no_end),
        TEST(a_process_that_never_enrols_is_gone_when_it_ends),
        TEST(what_it_said_before_it_ended_counts),
        TEST(what_nobody_is_waited_for_is_refused),
        TEST(who_is_poked_gets_a_ping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
