/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that runs out: each allocation of a day in the life of a machine fails in turn, and nothing shows;
 * and while there is no reserve, requests are refused and nothing else changes. */
#include "pvmd/core/memory.h"
#include "tests/unit/core_net.h"

#define FAILS_MAX 40    /* no step of the day allocates more */

/* A request may be refused for want of memory: then the next one is not. */
static int group(struct net *net, int task, int op, int number)
{
    int code = net_group(net, task, op, "g", number);

    return code == PvmNoMem ? net_group(net, task, op, "g", number) : code;
}

/* One copy on each host; one that could not be started has its own code. */
static int spawn_two(struct net *net, int task)
{
    for (int tries = 0;; tries++) {
        struct pvmi_control control = net_spawn(net, task, "child", 0, NULL, 2);
        const struct pvmi_msg_answer *answer = net_answer(&control);
        int refused = answer->error.code == PvmNoMem;
        int good = answer->values.n == 2 && (answer->value == 2 || answer->values.v[1] == PvmNoMem);

        pvmi_control_free(&control);
        if (!refused || tries > 0)
            return good;
    }
}

static int delete_h2(struct net *net, int task)
{
    char *names[] = { "h2" };
    struct pvmi_msg_host_delete delete = { .names = { .v = names, .n = 1 } };

    for (int tries = 0;; tries++) {
        net_ask(net, task, PVMI_MSG_host_delete, &delete);
        net_advance(net, 100);
        int code = net_result(net, task);
        if (code != PvmNoMem || tries > 0)
            return code;
    }
}

/* Something of everything; true when each result is right. */
static int a_day(struct net *net)
{
    int a;
    int b;
    int good = true;
    char *lines[] = { "h2" };

    net_core_start(net, 1, "h1");
    net_run(net);
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    if (!net->hosts[2].ready)
        return net_logged(net, "cannot add h2: Malloc failed");
    a = net_task(net, 1);
    b = net_task(net, 2);
    good &= spawn_two(net, a);
    good &= group(net, a, PVMI_GROUP_JOIN, 0) == 0;
    good &= group(net, b, PVMI_GROUP_JOIN, 0) == 1;
    good &= group(net, a, PVMI_GROUP_BARRIER, 2) == PVMI_AGAIN;
    net_notify(net, a, PvmTaskExit, 9, net->tasks[b].tid, 1);
    net_send_data(net, a, net->tasks[b].tid, 1, 1000);
    if (net->process_count > 0)
        net_output(net, 0, "hello\n");
    net_task_dies(net, b);
    net_advance(net, 300);
    good &= net_count_frames(net, a, PVMI_FRAME_NOTICE, 9) == 1;
    for (int i = 0; i < net->process_count; i++)
        net_process_ends(net, i, 0, true);
    good &= net_result(net, a) == PvmNoTask;    /* the barrier */
    good &= delete_h2(net, a) == 1;
    good &= net->hosts[2].stopped && !net->hosts[1].stopped;
    return good;
}

static void each_allocation_may_fail_once_and_nothing_shows(void **state)
{
    struct net *net = net_new();
    int steps;

    *state = net;
    assert_true(a_day(net));
    steps = net->steps;
    net_free(net);
    *state = NULL;
    for (int step = 1; step <= steps; step++) {
        for (int nth = 0; nth < FAILS_MAX; nth++) {
            net = net_new();
            *state = net;
            net->fail_step = step;
            net->fail_nth = nth;
            if (!a_day(net))
                fail_msg("step %d, allocation %d", step, nth);
            net_free(net);
            *state = NULL;
            assert_int_equal(pvmi_alloc_count(), 0);
        }
    }
}

/* That step from now finds no reserve at the host and cannot fill it. */
static void starve_at(struct net *net, int host, int step)
{
    core_release_reserve(net->hosts[host].core);
    net->fail_step = net->steps + step;
    net->fail_nth = 0;
}

static void starve(struct net *net, int host)
{
    starve_at(net, host, 1);
}

static void requests_are_refused_while_memory_is_short(void **state)
{
    struct net *net = net_machine(1);
    int task = net_task(net, 1);
    struct pvmi_msg_spawn spawn = { .file = "x", .count = 1 };
    struct pvmi_msg_group group = { .op = PVMI_GROUP_JOIN, .group = "g" };
    struct pvmi_msg_tasks_query tasks = { .where = 0 };
    struct pvmi_msg_hosts_query hosts = { .id = 0 };
    struct pvmi_control control;

    *state = net;
    starve(net, 1);
    net_ask(net, task, PVMI_MSG_spawn, &spawn);
    assert_int_equal(net_result(net, task), PvmNoMem);
    assert_int_equal(net->process_count, 0);
    starve(net, 1);
    net_ask(net, task, PVMI_MSG_tasks_query, &tasks);
    control = net_take(net, task, PVMI_MSG_tasks);
    assert_int_equal(((struct pvmi_msg_tasks *)control.msg)->error.code, PvmNoMem);
    pvmi_control_free(&control);
    starve(net, 1);
    net_ask(net, task, PVMI_MSG_hosts_query, &hosts);
    control = net_take(net, task, PVMI_MSG_hosts);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->error.code, PvmNoMem);
    pvmi_control_free(&control);
    starve(net, 1);
    net_ask(net, task, PVMI_MSG_group, &group);
    assert_int_equal(net_result(net, task), PvmNoMem);
    net_ask(net, task, PVMI_MSG_group, &group);
    assert_int_equal(net_result(net, task), 0);
}

static void a_host_that_is_short_of_memory_does_not_deny_its_tasks(void **state)
{
    struct net *net = net_machine(2);
    int here = net_task(net, 1);
    int there = net_task(net, 2);
    struct pvmi_msg_task_query query = { .tid = net->tasks[there].tid };

    *state = net;
    starve_at(net, 2, 2);
    net_ask(net, here, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, here), PvmNoMem);
    net_ask(net, here, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, here), PvmOk);
}

static void a_core_that_cannot_be_made_leaves_nothing(void **state)
{
    struct net net = { .now_ms = 0 };
    struct core_config config;
    struct core *core = NULL;
    int rc = PvmNoMem;

    (void)state;
    net_host_config(&net, 1, "h1", &config);
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        rc = core_new(&config, &core);
        pvmi_alloc_fail_nth(-1);
        if (rc == PvmOk)
            core_free(core);
        assert_int_equal(pvmi_alloc_count(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_allocation_may_fail_once_and_nothing_shows, net_tear_down),
        cmocka_unit_test_teardown(requests_are_refused_while_memory_is_short, net_tear_down),
        cmocka_unit_test_teardown(a_host_that_is_short_of_memory_does_not_deny_its_tasks, net_tear_down),
        cmocka_unit_test(a_core_that_cannot_be_made_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
