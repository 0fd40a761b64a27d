/* SPDX-License-Identifier: BSD-3-Clause */
/* What daemons tell collectors of starts and ends, what the machine's tracer gets, and pvm_tickle's failing of a host. */
#include "tests/unit/core_net.h"

#include "pvmtev.h"
#include "wire/items.h"

#define TAG 900
#define OUTPUT_TAG 902
#define OUTPUT_CTX 7

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

/* ---- pvm_reg_tracer ---- */

static void put_tracer(struct net *net, int task, int32_t tid)
{
    const int32_t ints[] = { tid, 0, TAG, OUTPUT_CTX, OUTPUT_TAG };
    struct pvmi_items_writer body = { .data = NULL };
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_PUT, .name = PVMTRACERCLASS };

    for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
        pvmi_items_put_int(&body, ints[i]);
    pvmi_items_put_string(&body, "mask");
    pvmi_items_put_int(&body, 17);
    pvmi_items_put_int(&body, PvmTraceFull);
    msg.message = (struct pvmi_rec_message){ .format = pvmi_format_own(), .length = body.length };
    msg.body = (struct pvmi_bytes){ .data = body.data, .length = (uint32_t)body.length };
    net_ask(net, task, PVMI_MSG_mailbox, &msg);
    assert_int_equal(net_result(net, task), 0);
    pvmi_items_free(&body);
}

/* The next message is one of output: of a task, with n, and (n below 0) its parent. */
static void assert_output(struct net *net, int catcher, int32_t tid, int n, int parent)
{
    struct pvmi_frame *frame = net_frame(net, catcher);

    assert_non_null(frame);
    assert_int_equal(frame->header.tag, OUTPUT_TAG);
    assert_int_equal(frame->header.ctx, OUTPUT_CTX);
    assert_int_equal(net_frame_int(frame, 0), tid);
    assert_int_equal(net_frame_int(frame, 1), n);
    if (n < 0)
        assert_int_equal(net_frame_int(frame, 2), parent);
    pvmi_frame_free(frame);
}

static void spawn_plain(struct net *net, int task, const char *where)
{
    struct pvmi_control control = net_spawn(net, task, "child", PvmTaskHost, where, 1);

    assert_int_equal(net_answer(&control)->value, 1);
    pvmi_control_free(&control);
}

static void the_tracer_gets_output_of_programs_that_never_enrol(void **state)
{
    struct net *net = *state;
    int tracer = net_task(net, 1);
    int other = net_task(net, 2);

    put_tracer(net, tracer, net->tasks[tracer].tid);
    spawn_plain(net, other, "h2");
    assert_next(net, tracer, TEV_MARK_DATA_ID, 0);
    assert_next(net, tracer, TEV_MARK_EVENT_DESC, TEV_NEWTASK);
    assert_output(net, tracer, net->processes[0].tid, -2, net->tasks[other].tid);
    assert_non_null(strstr(net->processes[0].env, "PVMTMASK=mask"));
    net_output(net, 0, "text");
    assert_output(net, tracer, net->processes[0].tid, 4, 0);
    net_process_ends(net, 0, 0, true);
    assert_output(net, tracer, net->processes[0].tid, 0, 0);
    assert_next(net, tracer, TEV_MARK_EVENT_DESC, TEV_ENDTASK);
    assert_null(net_frame(net, tracer));
}

/* Who has called pvm_exit() may print for a long time. */
static void the_trace_of_a_task_ends_behind_its_output(void **state)
{
    struct net *net = *state;
    int tracer = net_task(net, 1);
    struct pvmi_msg_leave leave = { 0 };

    put_tracer(net, tracer, net->tasks[tracer].tid);
    spawn_plain(net, tracer, "h2");
    for (int i = 0; i < 3; i++)    /* identifiers, and that it begins */
        pvmi_frame_free(net_frame(net, tracer));
    net_ask(net, net_claim(net, 0), PVMI_MSG_leave, &leave);
    net_advance(net, 60000);
    assert_null(net_frame(net, tracer));
    net_output(net, 0, "text");
    assert_output(net, tracer, net->processes[0].tid, 4, 0);
    net_process_ends(net, 0, 0, true);
    assert_output(net, tracer, net->processes[0].tid, 0, 0);
    assert_next(net, tracer, TEV_MARK_EVENT_DESC, TEV_ENDTASK);
}

static void a_host_that_joins_later_knows_the_tracer(void **state)
{
    struct net *net = *state;
    int tracer = net_task(net, 1);
    struct net_event *event;
    char *lines[] = { "h3" };
    int other;

    put_tracer(net, tracer, net->tasks[tracer].tid);
    event = net_post(net, 1, CORE_EVENT_ADD, 0);
    event->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    other = net_task(net, 3);
    assert_next(net, tracer, TEV_MARK_DATA_ID, 0);
    assert_next(net, tracer, TEV_MARK_EVENT_DESC, TEV_NEWTASK);
    assert_output(net, tracer, net->tasks[other].tid, -2, -1);
    net_task_dies(net, other);
    assert_output(net, tracer, net->tasks[other].tid, 0, 0);
    assert_next(net, tracer, TEV_MARK_EVENT_DESC, TEV_ENDTASK);
}

static void what_has_a_collector_or_began_before_is_not_the_tracers(void **state)
{
    struct net *net = *state;
    int tracer = net_task(net, 1);
    int collector = net_task(net, 1);

    spawn_plain(net, collector, "h2");
    put_tracer(net, tracer, net->tasks[tracer].tid);
    net_claim(net, 0);
    net_output(net, 0, "text");
    net_process_ends(net, 0, 0, true);
    assert_null(net_frame(net, tracer));
    spawn_traced(net, collector, collector, "h2");
    assert_output(net, tracer, net->processes[1].tid, -2, net->tasks[collector].tid);
    assert_null(net_frame(net, tracer));
    assert_next(net, collector, TEV_MARK_DATA_ID, 0);
}

static void what_is_no_registration_makes_no_tracer(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_PUT, .name = PVMTRACERCLASS };

    net_ask(net, task, PVMI_MSG_mailbox, &msg);    /* nothing is in it */
    assert_int_equal(net_result(net, task), 0);
    net_task(net, 2);
    assert_null(net_frame(net, task));
    put_tracer(net, task, net->tasks[task].tid + 1);    /* it says that it is another one */
    net_task(net, 2);
    assert_null(net_frame(net, task));
}

/* ---- pvm_tickle ---- */

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
        cmocka_unit_test_setup_teardown(the_tracer_gets_output_of_programs_that_never_enrol, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(the_trace_of_a_task_ends_behind_its_output, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_joins_later_knows_the_tracer, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(what_has_a_collector_or_began_before_is_not_the_tracers, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_registration_makes_no_tracer, two_hosts, tear_down),
        cmocka_unit_test_setup_teardown(a_tickled_host_is_failed, two_hosts, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
