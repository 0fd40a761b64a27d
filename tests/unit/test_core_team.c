/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups that are lent to the hosts of their members: when that is so, and that every request is answered as if it were
 * never so. */
#include "tests/unit/core_net.h"

static int two_hosts(void **state)
{
    struct net *net = net_machine(2);

    net->want_teams = true;
    *state = net;
    return 0;
}

static int join(struct net *net, int task)
{
    return net_group(net, task, PVMI_GROUP_JOIN, "g", 0);
}

static int barrier(struct net *net, int task, int count)
{
    return net_group(net, task, PVMI_GROUP_BARRIER, "g", count);
}

/* The number of task's answers, and of its "team" messages. */
static int count_of(struct net *net, int task, int type)
{
    int count = 0;

    PVMI_LIST_EACH(node, &net->tasks[task].answers) {
        const struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);
        struct pvmi_control control;

        assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control), PvmOk);
        count += control.type == type;
        pvmi_control_free(&control);
    }
    return count;
}

static bool has_answer(struct net *net, int task)
{
    return count_of(net, task, PVMI_MSG_answer) > 0;
}

/* Reads away what a task is told of its team. */
static void forget_team(struct net *net, int task)
{
    struct pvmi_control control;

    while (count_of(net, task, PVMI_MSG_team) > 0) {
        control = net_take(net, task, PVMI_MSG_team);
        pvmi_control_free(&control);
    }
}

/* All join, and pass a barrier: the group is lent. */
static void lend(struct net *net, const int *tasks, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(join(net, tasks[i]), i);
    for (int i = 0; i < count - 1; i++)
        assert_int_equal(barrier(net, tasks[i], count), PVMI_AGAIN);
    barrier(net, tasks[count - 1], -1);
    for (int i = 0; i < count; i++) {
        forget_team(net, tasks[i]);
        if (i < count - 1)
            assert_int_equal(net_result(net, tasks[i]), PvmOk);
    }
}

/* The open team of task, and its seat there. */
static struct net_team *team_of(struct net *net, int task, uint32_t *ret_seat)
{
    for (int i = 0; i < net->team_count; i++) {
        struct net_team *team = &net->teams[i];

        for (uint32_t seat = 0; !team->sealed && seat < team->count; seat++) {
            if (team->tids[seat] != net->tasks[task].tid)
                continue;
            *ret_seat = seat;
            return team;
        }
    }
    return NULL;
}

static bool is_lent(struct net *net, int task)
{
    uint32_t seat;

    return team_of(net, task, &seat) != NULL;
}

/* Task waits in its team, by a request that it will know. */
static void arrive(struct net *net, int task, int count)
{
    uint32_t seat = 0;
    struct net_team *team = team_of(net, task, &seat);

    assert_non_null(team);
    team->request[seat] = ++net->tasks[task].next_id;
    team->said[seat] = count;
}

static void a_barrier_of_all_lends_the_group(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 2);
    int b = net_task(net, 2);
    struct pvmi_control control;
    const struct pvmi_msg_team *team;

    assert_int_equal(join(net, a), 0);
    assert_int_equal(join(net, b), 1);
    assert_int_equal(barrier(net, a, 2), PVMI_AGAIN);
    assert_int_equal(barrier(net, b, 2), PvmOk);
    assert_int_equal(net->team_count, 1);
    assert_true(net->teams[0].whole && net->teams[0].host == 2);
    control = net_take(net, a, PVMI_MSG_team);
    team = control.msg;
    assert_string_equal(team->group, "g");
    assert_int_equal(team->whole, 1);
    assert_int_equal(team->seat, 0);
    assert_int_equal(team->tids.n, 2);
    assert_int_equal(team->tids.v[1], net->tasks[b].tid);
    assert_true(team->position != 0);
    pvmi_control_free(&control);
    assert_int_equal(net_result(net, a), PvmOk);
}

/* The barrier's answer comes behind it: who has passed knows where to go next time. */
static void the_team_is_told_before_the_barrier_ends(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    const struct pvmi_frame *frame;
    struct pvmi_control control;

    join(net, a);
    join(net, b);
    barrier(net, a, 2);
    barrier(net, b, 2);
    frame = PVMI_CONTAINER(net->tasks[a].answers.next, struct pvmi_frame, link);
    assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control), PvmOk);
    assert_int_equal(control.type, PVMI_MSG_team);
    pvmi_control_free(&control);
    assert_int_equal(net->team_count, 2);
    assert_false(net->teams[0].whole || net->teams[1].whole);
}

static void a_barrier_of_some_lends_nothing(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 1);

    join(net, a);
    join(net, b);
    assert_int_equal(barrier(net, a, 1), PvmOk);
    assert_int_equal(net->team_count, 0);
}

static void who_asks_for_the_members_again_is_lent_the_group(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);

    join(net, a);
    net_group(net, a, PVMI_GROUP_MEMBERS, "g", 0);
    assert_int_equal(net->team_count, 0);
    net_group(net, a, PVMI_GROUP_MEMBERS, "g", 0);
    assert_true(is_lent(net, a));
}

static void one_who_waits_in_a_team_waits_on_with_those_who_ask(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 2), net_task(net, 2), net_task(net, 2) };

    lend(net, tasks, 3);
    arrive(net, tasks[0], 3);
    arrive(net, tasks[1], -1);
    assert_int_equal(barrier(net, tasks[2], 2), PvmMismatch);    /* it came last: the others wait for 3 */
    assert_false(is_lent(net, tasks[0]));
    assert_false(has_answer(net, tasks[0]) || has_answer(net, tasks[1]));
    net_group(net, tasks[2], PVMI_GROUP_BARRIER, "g", 3);
    for (int i = 0; i < 2; i++) {
        forget_team(net, tasks[i]);
        assert_int_equal(net_result(net, tasks[i]), PvmOk);
    }
    assert_true(is_lent(net, tasks[0]));    /* again */
}

static void nobody_joins_while_the_group_is_lent(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 2), net_task(net, 2), net_task(net, 1) };

    lend(net, tasks, 2);
    arrive(net, tasks[0], 2);
    assert_int_equal(join(net, tasks[2]), 2);
    assert_false(is_lent(net, tasks[0]));
    assert_false(has_answer(net, tasks[0]));
    assert_int_equal(barrier(net, tasks[2], 2), PvmOk);    /* with who waits for 2 */
    assert_int_equal(net_result(net, tasks[0]), PvmOk);
    assert_int_equal(net_group(net, tasks[1], PVMI_GROUP_SIZE, "g", 0), 3);
}

static void one_who_ends_before_it_could_join_does_not(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 2), net_task(net, 2), net_task(net, 1) };
    struct pvmi_msg_group msg = { .op = PVMI_GROUP_JOIN, .group = "g" };

    lend(net, tasks, 2);
    net->hold_seals = true;
    net_ask(net, tasks[2], PVMI_MSG_group, &msg);
    assert_true(net->teams[0].held);
    net_task_dies(net, tasks[2]);
    net_seal(net, &net->teams[0]);
    net_run(net);
    assert_int_equal(net_group(net, tasks[0], PVMI_GROUP_SIZE, "g", 0), 2);
    assert_int_equal(net_group(net, tasks[0], PVMI_GROUP_TID, "g", 2), PvmNoInst);
}

static void questions_are_answered_while_the_group_is_lent(void **state)
{
    struct net *net = *state;
    int tasks[2] = { net_task(net, 2), net_task(net, 2) };
    int outsider = net_task(net, 1);

    lend(net, tasks, 2);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_SIZE, "g", 0), 2);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_INSTANCE, "g", net->tasks[tasks[1]].tid), 1);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_TID, "g", 0), net->tasks[tasks[0]].tid);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_MEMBERS, "g", 0), 0);
    assert_true(is_lent(net, tasks[0]));
}

static void leaving_ends_a_wait_for_the_present_size_only(void **state)
{
    struct net *net = *state;
    int tasks[2] = { net_task(net, 2), net_task(net, 1) };

    lend(net, tasks, 2);
    arrive(net, tasks[0], 2);
    assert_int_equal(net_group(net, tasks[1], PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_false(has_answer(net, tasks[0]));    /* a new one may come */
    assert_int_equal(join(net, tasks[1]), 1);
    barrier(net, tasks[1], 2);
    for (int i = 0; i < 2; i++)
        forget_team(net, tasks[i]);
    assert_int_equal(net_result(net, tasks[0]), PvmOk);
    arrive(net, tasks[0], -1);
    assert_int_equal(net_group(net, tasks[1], PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_int_equal(net_result(net, tasks[0]), PvmNoTask);
}

static void the_end_of_a_member_ends_the_wait_and_names_it(int first_host, int second_host, struct net *net)
{
    int tasks[2] = { net_task(net, first_host), net_task(net, second_host) };
    struct pvmi_control control;
    char tid[32];

    lend(net, tasks, 2);
    arrive(net, tasks[0], 2);
    snprintf(tid, sizeof(tid), "t%x", (unsigned)net->tasks[tasks[1]].tid);
    net_task_dies(net, tasks[1]);
    control = net_take(net, tasks[0], PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->error.code, PvmNoTask);
    assert_non_null(strstr(net_answer(&control)->error.text, tid));
    pvmi_control_free(&control);
    net_group(net, tasks[0], PVMI_GROUP_BARRIER, "g", 1);    /* it is as new */
    forget_team(net, tasks[0]);
    assert_true(is_lent(net, tasks[0]));
}

static void a_member_ends(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct net *net = *state;

        the_end_of_a_member_ends_the_wait_and_names_it(1 + i % 2, 1 + i / 2, net);
        net_tear_down(state);
        two_hosts(state);
    }
}

/* One who had arrived and is killed counts no more, wherever the others wait. */
static void one_who_dies_waiting_counts_no_more(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 2), net_task(net, 2), net_task(net, 2) };

    lend(net, tasks, 3);
    arrive(net, tasks[0], 3);
    arrive(net, tasks[1], 3);
    net_task_dies(net, tasks[1]);
    assert_int_equal(net_result(net, tasks[0]), PvmNoTask);
    assert_int_equal(barrier(net, tasks[0], 2), PVMI_AGAIN);
    barrier(net, tasks[2], 2);
    forget_team(net, tasks[0]);
    assert_int_equal(net_result(net, tasks[0]), PvmOk);
}

/* ---- on two hosts ---- */

static void say_arrived(struct net *net, int task, uint32_t generation, uint32_t round)
{
    struct pvmi_msg_team_arrived msg = { .generation = generation, .round = round };

    net_task_send_control(net, task, PVMI_MSG_team_arrived, &msg);
    net_run(net);
}

static void a_round_is_released_when_each_host_has_arrived(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 1), net_task(net, 2), net_task(net, 2) };

    lend(net, tasks, 3);
    for (uint32_t round = 1; round <= 3; round++) {
        say_arrived(net, tasks[2], 1, NET_ROUND + round);
        assert_int_equal(net->teams[0].released, NET_ROUND + round - 1);
        say_arrived(net, tasks[2], 1, NET_ROUND + round);        /* twice is once; another team's, another round's */
        say_arrived(net, tasks[0], 7, NET_ROUND + round);
        say_arrived(net, tasks[0], 1, NET_ROUND + round + 1);
        assert_int_equal(net->teams[1].released, NET_ROUND + round - 1);
        say_arrived(net, tasks[0], 1, NET_ROUND + round);
        assert_int_equal(net->teams[0].released, NET_ROUND + round);
        assert_int_equal(net->teams[1].released, NET_ROUND + round);
    }
}

/* A host had its team sealed before it heard that the round was complete. */
static void one_who_is_taken_over_after_the_release_has_passed(void **state)
{
    struct net *net = *state;
    int tasks[2] = { net_task(net, 1), net_task(net, 2) };
    struct net_team *team;
    struct core_event *event;
    uint32_t seat;

    lend(net, tasks, 2);
    say_arrived(net, tasks[0], 1, NET_ROUND + 1);
    say_arrived(net, tasks[1], 1, NET_ROUND + 1);
    team = team_of(net, tasks[1], &seat);
    team->sealed = true;
    event = &net_post(net, 2, CORE_EVENT_TEAM_SEALED, team->handle)->event;
    event->team_sealed.arrivals = pvmi_calloc(1, sizeof(*event->team_sealed.arrivals));
    event->team_sealed.arrivals[0] = (struct core_arrival){
        .seat = seat, .request = ++net->tasks[tasks[1]].next_id, .count = 2, .round = NET_ROUND + 1,
    };
    event->team_sealed.count = 1;
    net_run(net);
    assert_int_equal(net_result(net, tasks[1]), PvmOk);
}

static void the_end_of_a_host_ends_the_wait(void **state)
{
    struct net *net = *state;
    int tasks[2] = { net_task(net, 1), net_task(net, 2) };

    lend(net, tasks, 2);
    arrive(net, tasks[0], 2);
    net_power_off(net, 2);
    net_advance(net, 15000);
    assert_int_equal(net_result(net, tasks[0]), PvmNoTask);
    assert_int_equal(net_group(net, tasks[0], PVMI_GROUP_SIZE, "g", 0), 1);
}

static void requests_wait_for_a_host_that_is_lost_while_it_should_give_back(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 1), net_task(net, 2), net_task(net, 1) };

    lend(net, tasks, 2);
    net_power_off(net, 2);
    assert_int_equal(join(net, tasks[2]), PVMI_AGAIN);
    net_advance(net, 15000);
    assert_int_equal(net_result(net, tasks[2]), 1);    /* the lowest hole */
}

/* ---- hosts that cannot ---- */

static void a_host_without_memory_is_not_asked_again(void **state)
{
    struct net *net = *state;
    int tasks[3] = { net_task(net, 2), net_task(net, 2), net_task(net, 2) };

    net->want_teams = false;
    lend(net, tasks, 2);
    assert_int_equal(net->team_count, 1);
    assert_int_equal(barrier(net, tasks[0], 2), PVMI_AGAIN);
    assert_int_equal(barrier(net, tasks[1], 2), PvmOk);
    assert_int_equal(net_result(net, tasks[0]), PvmOk);
    assert_int_equal(net->team_count, 1);
    net->want_teams = true;
    assert_int_equal(join(net, tasks[2]), 2);    /* others: it is tried again */
    barrier(net, tasks[0], -1);
    barrier(net, tasks[1], 3);
    barrier(net, tasks[2], 3);
    assert_true(is_lent(net, tasks[0]));
}

static void where_one_host_refuses_the_others_give_back(void **state)
{
    struct net *net = *state;
    int tasks[2] = { net_task(net, 1), net_task(net, 2) };

    join(net, tasks[0]);
    join(net, tasks[1]);
    net->refuse_team_of = 2;
    barrier(net, tasks[0], 2);
    assert_int_equal(barrier(net, tasks[1], 2), PvmOk);
    forget_team(net, tasks[0]);
    assert_int_equal(net_result(net, tasks[0]), PvmOk);
    assert_false(is_lent(net, tasks[0]));
    assert_int_equal(barrier(net, tasks[0], 2), PVMI_AGAIN);
    assert_int_equal(barrier(net, tasks[1], 2), PvmOk);
}

static void tasks_cannot_say_that_they_wait_in_a_team(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 2);

    join(net, a);
    assert_int_equal(net_group(net, a, PVMI_GROUP_ARRIVED, "g", 1), PvmBadParam);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, two_hosts, net_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_barrier_of_all_lends_the_group),
        CASE(the_team_is_told_before_the_barrier_ends),
        CASE(a_barrier_of_some_lends_nothing),
        CASE(who_asks_for_the_members_again_is_lent_the_group),
        CASE(one_who_waits_in_a_team_waits_on_with_those_who_ask),
        CASE(nobody_joins_while_the_group_is_lent),
        CASE(one_who_ends_before_it_could_join_does_not),
        CASE(questions_are_answered_while_the_group_is_lent),
        CASE(leaving_ends_a_wait_for_the_present_size_only),
        CASE(a_member_ends),
        CASE(one_who_dies_waiting_counts_no_more),
        CASE(a_round_is_released_when_each_host_has_arrived),
        CASE(one_who_is_taken_over_after_the_release_has_passed),
        CASE(the_end_of_a_host_ends_the_wait),
        CASE(requests_wait_for_a_host_that_is_lost_while_it_should_give_back),
        CASE(a_host_without_memory_is_not_asked_again),
        CASE(where_one_host_refuses_the_others_give_back),
        CASE(tasks_cannot_say_that_they_wait_in_a_team),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
