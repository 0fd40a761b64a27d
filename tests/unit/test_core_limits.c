/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ends of the tid's layout: 4,095 hosts, 262,143 tasks on a host. Numbers go up to them, come round as late as
 * possible, pass by what is in use, and beyond that there is a refusal that names the limit.
 */
#include "pvmd/core/core_internal.h"
#include "pvmd/core/state_hosts.h"
#include "tests/unit/core_net.h"
#include "wire/tid.h"

static int one_host(void **state)
{
    *state = net_machine(1);
    return 0;
}

/* Hosts first to last are in the first daemon's table, as if their joins had been in the log. */
static void hosts_fill(struct core *core, int first, int last)
{
    for (int number = first; number <= last; number++) {
        char name[16];
        struct pvmi_rec_host rec = { .number = number, .incarnation = 5000 + (uint64_t)number, .name = name };

        snprintf(name, sizeof(name), "n%d", number);
        struct host *host = host_new(core, &rec);
        assert_non_null(host);
        state_insert_host(&core->state, host);
    }
}

static void host_drop(struct core *core, int number)
{
    struct host *host = state_remove_host(&core->state, number);

    assert_non_null(host);
    host_free(host);
}

/* Adds a host that is refused, or launched: returns its code, or 0. */
static int add(struct net *net, int task, const char *name)
{
    char *lines[] = { (char *)name };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };
    int launches = net->launches;

    struct pvmi_control control = net_request(net, task, PVMI_MSG_host_add, &msg);
    if (net->launches > launches)
        return 0;
    int code = net_answer(&control)->values.v[0];
    if (code == PvmOutOfRes)
        assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "no more than 4095 hosts"));
    pvmi_control_free(&control);
    return code;
}

static void host_4096_is_refused_and_the_limit_named(void **state)
{
    struct net *net = *state;
    struct core *core = net->hosts[1].core;
    int task = net_task(net, 1);

    hosts_fill(core, 2, PVMI_HOST_MAX);
    assert_int_equal(core->state.host_count, 4095);
    assert_int_equal(add(net, task, "extra"), PvmOutOfRes);
    assert_int_equal(core->state.host_count, 4095);
    assert_int_equal(net->launches, 0);
    for (int number = 2; number <= PVMI_HOST_MAX; number++)
        host_drop(core, number);
}

static void the_last_number_has_its_tid(void **state)
{
    (void)state;
    assert_int_equal(pvmi_tid_of_host(PVMI_HOST_MAX), 0x3ffc0000);
    assert_true(pvmi_tid_is_host(pvmi_tid_of_host(PVMI_HOST_MAX)));
    assert_int_equal(pvmi_tid_make(PVMI_HOST_MAX, PVMI_LOCAL_MAX), 0x3fffffff);
    assert_true(pvmi_tid_is_task(pvmi_tid_make(PVMI_HOST_MAX, PVMI_LOCAL_MAX)));
    assert_false(pvmi_tid_is_task(pvmi_tid_make(PVMI_HOST_MAX, PVMI_LOCAL_MAX) + 1));
}

/* Behind 4,095 comes the lowest number that is free, not the one that was free last. */
static void host_numbers_come_round(void **state)
{
    struct net *net = *state;
    struct core *core = net->hosts[1].core;
    int task = net_task(net, 1);
    char *lines[] = { "h5" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };

    hosts_fill(core, 2, 4);
    hosts_fill(core, 6, PVMI_HOST_MAX);
    core->next_number = PVMI_HOST_MAX;
    struct pvmi_control control = net_request(net, task, PVMI_MSG_host_add, &msg);
    assert_int_equal(net_answer(&control)->value, 1);
    assert_int_equal(net_answer(&control)->values.v[0], pvmi_tid_of_host(5));
    pvmi_control_free(&control);
    assert_int_equal(core->next_number, 6);
    for (int number = 2; number <= PVMI_HOST_MAX; number++) {
        if (number != 5)
            host_drop(core, number);
    }
}

static void task_numbers_come_round_behind_the_last_and_pass_by_the_living(void **state)
{
    struct net *net = *state;
    struct core *core = net->hosts[1].core;
    int first = net_task(net, 1);

    assert_int_equal(net->tasks[first].tid, pvmi_tid_make(1, 1));
    core->next_local = PVMI_LOCAL_MAX;
    int last = net_task(net, 1);
    assert_int_equal(net->tasks[last].tid, pvmi_tid_make(1, PVMI_LOCAL_MAX));
    int again = net_task(net, 1);
    assert_int_equal(net->tasks[again].tid, pvmi_tid_make(1, 2));
    net_task_dies(net, first);
    int next = net_task(net, 1);
    assert_int_equal(net->tasks[next].tid, pvmi_tid_make(1, 3));
}

static void more_tasks_than_numbers_are_refused_and_the_limit_named(void **state)
{
    struct net *net = *state;
    struct core *core = net->hosts[1].core;
    int parent = net_task(net, 1);
    int count = core->task_count;

    core->task_count = PVMI_LOCAL_MAX - 1;
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 2);
    assert_int_equal(net_answer(&control)->value, 1);
    assert_int_equal(net_answer(&control)->values.v[1], PvmOutOfRes);
    assert_string_equal(net_answer(&control)->errors.v[0].text,
                        "no more than 262143 tasks may run on h1: add a host");
    pvmi_control_free(&control);
    core->task_count = count + 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_host, net_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(host_4096_is_refused_and_the_limit_named),
        cmocka_unit_test(the_last_number_has_its_tid),
        TEST(host_numbers_come_round),
        TEST(task_numbers_come_round_behind_the_last_and_pass_by_the_living),
        TEST(more_tasks_than_numbers_are_refused_and_the_limit_named),
    };

    return cmocka_run_group_tests_name("core limits", tests, NULL, NULL);
}
