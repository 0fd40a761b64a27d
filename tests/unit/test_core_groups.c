/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups: the codes of each request, and every way in which a barrier or a freeze ends. */
#include "tests/unit/core_net.h"

static int two_hosts(void **state)
{
    *state = net_machine(2);
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

static void members_get_the_lowest_free_instance(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 2);

    assert_int_equal(join(net, a), 0);
    assert_int_equal(join(net, b), 1);
    assert_int_equal(join(net, c), 2);
    assert_int_equal(join(net, b), PvmDupGroup);
    net_task_dies(net, b);
    net_run(net);
    assert_int_equal(net_group(net, a, PVMI_GROUP_SIZE, "g", 0), 2);
    assert_int_equal(join(net, net_task(net, 1)), 1);
}

static void the_codes_are_those_of_pvm_3(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 2);
    int outsider = net_task(net, 1);

    for (int op = PVMI_GROUP_JOIN; op <= PVMI_GROUP_FREEZE; op++) {
        assert_int_equal(net_group(net, a, op, "", 1), PvmNullGroup);
        assert_int_equal(net_group(net, a, op, NULL, 1), PvmNullGroup);
        if (op != PVMI_GROUP_JOIN)
            assert_int_equal(net_group(net, a, op, "none", 1), PvmNoGroup);
    }
    assert_int_equal(join(net, a), 0);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_LEAVE, "g", 0), PvmNotInGroup);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_SIZE, "g", 0), 1);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_INSTANCE, "g", net->tasks[a].tid), 0);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_INSTANCE, "g", net->tasks[outsider].tid),
                     PvmNotInGroup);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_INSTANCE, "g", -1), PvmNotInGroup);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_TID, "g", 0), net->tasks[a].tid);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_TID, "g", 1), PvmNoInst);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_TID, "g", -1), PvmNoInst);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_BARRIER, "g", 1), PvmNotInGroup);
    assert_int_equal(net_group(net, outsider, PVMI_GROUP_FREEZE, "g", 1), PvmNotInGroup);
    assert_int_equal(net_group(net, outsider, 99, "g", 1), PvmBadParam);
    assert_int_equal(net_group(net, a, PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_int_equal(net_group(net, a, PVMI_GROUP_SIZE, "g", 0), PvmNoGroup);
}

static void a_barrier_waits_for_the_number_of_the_first(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 2);

    join(net, a);
    join(net, b);
    join(net, c);
    assert_int_equal(barrier(net, a, -1), PVMI_AGAIN);
    assert_int_equal(barrier(net, b, 2), PvmMismatch);
    assert_int_equal(barrier(net, b, 3), PVMI_AGAIN);
    assert_int_equal(barrier(net, c, 3), PvmOk);
    assert_int_equal(net_result(net, a), PvmOk);
    assert_int_equal(net_result(net, b), PvmOk);
    assert_int_equal(barrier(net, a, 1), PvmOk);
}

static void a_count_of_nought_spoils_nothing(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);

    join(net, a);
    assert_int_equal(barrier(net, a, 0), PvmMismatch);
    assert_int_equal(barrier(net, a, -5), PvmMismatch);
    assert_int_equal(barrier(net, a, 1), PvmOk);
}

static void a_barrier_ends_with_the_member_that_it_needs(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    struct pvmi_control control;
    char tid[32];

    join(net, a);
    join(net, b);
    assert_int_equal(barrier(net, a, 2), PVMI_AGAIN);
    snprintf(tid, sizeof(tid), "t%x", (unsigned)net->tasks[b].tid);
    net_task_dies(net, b);
    control = net_take(net, a, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->error.code, PvmNoTask);
    assert_non_null(strstr(net_answer(&control)->error.text, tid));
    assert_non_null(strstr(net_answer(&control)->error.text, "\"g\""));
    pvmi_control_free(&control);
    assert_int_equal(barrier(net, a, 1), PvmOk);    /* it is as new */
}

static void a_barrier_ends_with_the_host_of_a_member_that_it_needs(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);

    join(net, a);
    join(net, b);
    assert_int_equal(barrier(net, a, 2), PVMI_AGAIN);
    net_power_off(net, 2);
    net_advance(net, 15000);
    assert_int_equal(net_result(net, a), PvmNoTask);
    assert_int_equal(net_group(net, a, PVMI_GROUP_SIZE, "g", 0), 1);
}

static void a_barrier_goes_on_when_others_are_enough(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 1);

    join(net, a);
    join(net, b);
    join(net, c);
    assert_int_equal(barrier(net, a, 2), PVMI_AGAIN);
    net_task_dies(net, b);
    assert_false(net_has_answer(net, a));
    assert_int_equal(barrier(net, c, 2), PvmOk);
    assert_int_equal(net_result(net, a), PvmOk);
}

static void one_who_dies_waiting_counts_no_more(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 1);
    struct core_counts counts;

    join(net, a);
    join(net, b);
    join(net, c);
    assert_int_equal(barrier(net, b, 2), PVMI_AGAIN);
    net_task_dies(net, b);
    assert_int_equal(barrier(net, a, 2), PVMI_AGAIN);
    assert_int_equal(barrier(net, c, 2), PvmOk);
    core_count(net->hosts[2].core, &counts);
    assert_int_equal(counts.requests, 0);
}

static void leaving_ends_a_wait_for_the_present_size_only(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);

    join(net, a);
    join(net, b);
    assert_int_equal(barrier(net, a, 2), PVMI_AGAIN);
    assert_int_equal(net_group(net, b, PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_false(net_has_answer(net, a));    /* a new one may come */
    join(net, b);
    assert_int_equal(barrier(net, b, 2), PvmOk);
    assert_int_equal(net_result(net, a), PvmOk);

    assert_int_equal(barrier(net, a, -1), PVMI_AGAIN);
    assert_int_equal(net_group(net, b, PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_int_equal(net_result(net, a), PvmNoTask);
}

static void a_frozen_group_takes_nobody_and_ends_with_a_member(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 2);
    struct pvmi_msg_group freeze = { .op = PVMI_GROUP_FREEZE, .group = "g", .number = 2 };
    struct pvmi_control control;

    join(net, a);
    join(net, b);
    assert_int_equal(net_group(net, a, PVMI_GROUP_FREEZE, "g", -1), PVMI_AGAIN);
    control = net_request(net, b, PVMI_MSG_group, &freeze);
    assert_int_equal(net_answer(&control)->value, 2);
    assert_int_equal(net_answer(&control)->values.n, 2);
    assert_int_equal(net_answer(&control)->values.v[1], net->tasks[b].tid);
    pvmi_control_free(&control);
    assert_int_equal(net_result(net, a), 2);
    assert_int_equal(net_group(net, a, PVMI_GROUP_FREEZE, "g", 2), PvmDupGroup);
    assert_int_equal(join(net, c), PvmNotInGroup);
    assert_int_equal(join(net, a), PvmNotInGroup);    /* also one who is in it */
    assert_int_equal(net_group(net, b, PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_int_equal(barrier(net, a, 1), PvmNoGroup);
    assert_int_equal(net_group(net, a, PVMI_GROUP_LEAVE, "g", 0), PvmOk);
    assert_int_equal(join(net, c), 0);    /* the name is free again */
}

static void members_are_listed_with_holes(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 1);
    struct pvmi_msg_group members = { .op = PVMI_GROUP_MEMBERS, .group = "g" };
    struct pvmi_control control;

    join(net, a);
    join(net, b);
    join(net, c);
    net_task_dies(net, b);
    control = net_request(net, a, PVMI_MSG_group, &members);
    assert_int_equal(net_answer(&control)->value, 0);
    assert_int_equal(net_answer(&control)->values.n, 3);
    assert_int_equal(net_answer(&control)->values.v[0], net->tasks[a].tid);
    assert_int_equal(net_answer(&control)->values.v[1], 0);
    assert_int_equal(net_answer(&control)->values.v[2], net->tasks[c].tid);
    pvmi_control_free(&control);
}

static void all_daemons_hold_the_same_groups(void **state)
{
    struct net *net = *state;
    char line[] = "h3";
    char *lines[1] = { line };

    for (int i = 0; i < 5; i++)
        join(net, net_task(net, 1 + i % 2));
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    assert_true(net->hosts[3].ready);
    for (int i = 2; i <= 3; i++) {
        assert_int_equal(core_state_index(net->hosts[i].core), core_state_index(net->hosts[1].core));
        assert_int_equal(core_state_hash(net->hosts[i].core), core_state_hash(net->hosts[1].core));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_get_the_lowest_free_instance, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(the_codes_are_those_of_pvm_3, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_barrier_waits_for_the_number_of_the_first, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_count_of_nought_spoils_nothing, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_barrier_ends_with_the_member_that_it_needs, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_barrier_ends_with_the_host_of_a_member_that_it_needs, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_barrier_goes_on_when_others_are_enough, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(one_who_dies_waiting_counts_no_more, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(leaving_ends_a_wait_for_the_present_size_only, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_frozen_group_takes_nobody_and_ends_with_a_member, two_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(members_are_listed_with_holes, two_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(all_daemons_hold_the_same_groups, two_hosts, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
