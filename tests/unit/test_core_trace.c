/* SPDX-License-Identifier: BSD-3-Clause */
/* What daemons tell collectors of starts and ends, and pvm_tickle's failing of a host. */
#include "tests/unit/core_net.h"

#include "pvmtev.h"

#define TAG 900

static int two_hosts(void **state)
{
    *state = net_machine(2);
    return 0;
}

static int tear_down(void **state)
{
    net_free(*state);
    return 0;
}

/* The next trace message is of this marker and event. */
static void assert_next(struct net *net, int collector, int marker, int event)
{
    struct pvmi_frame *frame = net_frame(net, collector);

    assert_non_null(frame);
    assert_int_equal(frame->header.tag, TAG);
    assert_int_equal(net_frame_int(frame, 0), marker);
    if (event >= 0)
        assert_int_equal(net_frame_int(frame, 1), event);
    pvmi_frame_free(frame);
}

static void spawn_traced(struct net *net, int collector, int tracer, const char *where)
{
    struct pvmi_msg_spawn msg = {
        .file = "child", .flags = PvmTaskHost, .where = where, .count = 1,
        .inherit = { .trace_tid = net->tasks[tracer].tid, .trace_tag = TAG },
    };
    struct pvmi_control control = net_request(net, collector, PVMI_MSG_spawn, &msg);

    assert_int_equal(net_answer(&control)->value, 1);
    pvmi_control_free(&control);
}

static void a_collector_on_another_host_hears_of_start_and_end(void **state)
{
    struct net *net = *state;
    int collector = net_task(net, 1);

    spawn_traced(net, collector, collector, "h2");
    assert_next(net, collector, TEV_MARK_DATA_ID, 0);
    assert_next(net, collector, TEV_MARK_EVENT_DESC, TEV_NEWTASK);
    assert_next(net, collector, TEV_MARK_EVENT_DESC, TEV_SPNTASK);
    net_process_ends(net, 0, 0, true);
    assert_next(net, collector, TEV_MARK_EVENT_DESC, TEV_ENDTASK);
    assert_null(net_frame(net, collector));
}

static void what_was_described_is_only_recorded(void **state)
{
    struct net *net = *state;
    int collector = net_task(net, 1);

    spawn_traced(net, collector, collector, "h2");
    for (int i = 0; i < 3; i++)
        pvmi_frame_free(net_frame(net, collector));
    spawn_traced(net, collector, collector, "h2");
    assert_next(net, collector, TEV_MARK_EVENT_RECORD, TEV_NEWTASK);
    assert_next(net, collector, TEV_MARK_EVENT_RECORD, TEV_SPNTASK);
}

static void a_new_collector_gets_its_own_descriptions(void **state)
{
    struct net *net = *state;
    int first = net_task(net, 1);
    int second = net_task(net, 1);
    struct pvmi_msg_option option = { .inherit = { .trace_tag = TAG } };
    int child;

    spawn_traced(net, first, first, "h2");
    child = net_claim(net, 0);
    for (int i = 0; i < 3; i++)
        pvmi_frame_free(net_frame(net, first));
    option.inherit.trace_tid = net->tasks[second].tid;
    net_task_send_control(net, child, PVMI_MSG_option, &option);
    net_run(net);
    assert_next(net, first, TEV_MARK_EVENT_DESC, TEV_ENDTASK);
    assert_next(net, second, TEV_MARK_DATA_ID, 0);
    assert_next(net, second, TEV_MARK_EVENT_DESC, TEV_SPNTASK);
    assert_next(net, second, TEV_MARK_EVENT_DESC, TEV_NEWTASK);
}

static void a_tickled_host_is_failed(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    int32_t args[2] = { PVMI_TICKLE_FAIL, pvmi_tid_of_host(2) };
    struct pvmi_msg_tickle msg = { .args = { .v = args, .n = 2 } };
    struct pvmi_control control;

    for (int expected = 1; expected >= 0; expected--) {    /* the second time it is no host any more */
        control = net_request(net, task, PVMI_MSG_tickle, &msg);
        assert_int_equal(net_answer(&control)->values.n, 1);
        assert_int_equal(net_answer(&control)->values.v[0], expected);
        pvmi_control_free(&control);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_collector_on_another_host_hears_of_start_and_end, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(what_was_described_is_only_recorded, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(a_new_collector_gets_its_own_descriptions, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(a_tickled_host_is_failed, two_hosts, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
