/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that join, are deleted, die or lose the first host; and the halt of it all. */
#include "tests/unit/core_net.h"

static int one_host(void **state)
{
    *state = net_machine(1);
    return 0;
}

static int three_hosts(void **state)
{
    *state = net_machine(3);
    return 0;
}

static struct pvmi_control add(struct net *net, int task, char **lines, uint32_t count)
{
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = count } };

    return net_request(net, task, PVMI_MSG_host_add, &msg);
}

static void the_first_host_is_ready_at_once(void **state)
{
    struct net *net = net_new();

    *state = net;
    net_core_start(net, 1, "h1");
    net_run(net);
    assert_true(net->hosts[1].ready);
    assert_int_equal(core_deadline(net->hosts[1].core), UINT64_MAX);
}

static void hosts_are_added_all_at_once_with_progress(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2 sp=7", "h3" };
    struct pvmi_control control = add(net, task, lines, 2);
    const struct pvmi_msg_host_progress *progress;

    assert_int_equal(net_answer(&control)->value, 2);
    assert_int_equal(net_answer(&control)->values.v[0], pvmi_tid_of_host(2));
    assert_int_equal(net_answer(&control)->values.v[1], pvmi_tid_of_host(3));
    pvmi_control_free(&control);
    for (int i = 0; i < 2; i++) {
        control = net_take(net, task, PVMI_MSG_host_progress);
        progress = control.msg;
        assert_string_equal(progress->name, progress->index == 0 ? "h2" : "h3");
        assert_int_equal(progress->value, pvmi_tid_of_host(progress->index + 2));
        pvmi_control_free(&control);
    }
    assert_int_equal(net->launch_kept, 2);
    assert_int_equal(core_hosts(net->hosts[3].core, NULL, NULL, 0), 3);
}

static void each_line_that_fails_has_its_own_code(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2 zz=1", "", "h1", "h3", "h3", "*" };
    struct pvmi_control control = add(net, task, lines, 6);
    int expected[] = { PvmBadParam, PvmBadParam, PvmDupHost, pvmi_tid_of_host(2), PvmDupHost, PvmBadParam };

    assert_int_equal(net_answer(&control)->value, 1);
    for (int i = 0; i < 6; i++)
        assert_int_equal(net_answer(&control)->values.v[i], expected[i]);
    assert_int_equal(net_answer(&control)->errors.n, 5);
    assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "line 1, column 4"));
    assert_string_equal(net_answer(&control)->errors.v[2].text, "h1 is in the virtual machine already");
    assert_non_null(strstr(net_answer(&control)->errors.v[3].text, "h3 is being added already"));
    pvmi_control_free(&control);
}

static void launch_fails(struct net *net, int code)
{
    struct net_event *event = net_post(net, 1, CORE_EVENT_LAUNCHED, net->last_launch);

    pvmi_fault_set(&event->event.launched.fault, code, "h1", "ssh said no");
    net_run(net);
}

static void a_launch_that_fails_tells_why(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };
    struct pvmi_control control;

    net->auto_launch = false;
    net_ask(net, task, PVMI_MSG_host_add, &msg);
    assert_string_equal(net->last_launch_name, "h2");
    launch_fails(net, PvmCantStart);
    control = net_take(net, task, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->value, 0);
    assert_int_equal(net_answer(&control)->values.v[0], PvmCantStart);
    assert_string_equal(net_answer(&control)->errors.v[0].text, "ssh said no");
    pvmi_control_free(&control);
    assert_int_equal(net->launch_dropped, 1);
}

static void a_number_is_used_again_only_if_nothing_was_started(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };
    int codes[] = { PvmNoHost, PvmCantStart };
    int numbers[] = { 2, 3 };

    for (int i = 0; i < 2; i++) {
        struct pvmi_control control;

        net->auto_launch = false;
        net_ask(net, task, PVMI_MSG_host_add, &msg);
        launch_fails(net, codes[i]);
        control = net_take(net, task, PVMI_MSG_answer);
        pvmi_control_free(&control);
        net->auto_launch = true;
        lines[0] = i == 0 ? "h2" : "x";
        control = add(net, task, lines, 1);
        assert_int_equal(net_answer(&control)->values.v[0], pvmi_tid_of_host(numbers[i] + i));
        pvmi_control_free(&control);
        lines[0] = "other";
    }
}

static void a_daemon_that_neither_side_reaches_is_a_firewall(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };
    struct pvmi_control control;

    net->cut[1][2] = net->cut[2][1] = true;
    net_ask(net, task, PVMI_MSG_host_add, &msg);
    net_advance(net, 14000);
    assert_false(net_has_answer(net, task));
    net_advance(net, 2000);
    control = net_take(net, task, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->values.v[0], PvmCantStart);
    assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "10.0.0.2 port 4002"));
    assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "10.0.0.1 port 4001"));
    assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "firewall"));
    pvmi_control_free(&control);
    net_advance(net, 20000);
    assert_true(net->hosts[2].stopped);
    assert_non_null(strstr(net->hosts[2].stop_text, "firewall"));
}

static void one_way_is_enough_to_join(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2", "h3" };
    struct pvmi_control control;

    net->firewall[1][2] = true;    /* what h2 dials itself carries both ways */
    net->firewall[3][1] = true;
    control = add(net, task, lines, 2);
    assert_int_equal(net_answer(&control)->value, 2);
    pvmi_control_free(&control);
    net_advance(net, 30000);
    assert_int_equal(core_hosts(net->hosts[2].core, NULL, NULL, 0), 3);
}

static void one_way_is_enough_for_messages(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2", "h3" };
    struct pvmi_control control = add(net, task, lines, 2);

    assert_int_equal(net_answer(&control)->value, 2);
    pvmi_control_free(&control);
    net->firewall[1][2] = true;
    net->firewall[3][1] = true;
    for (int host = 2; host <= 3; host++) {
        int there = net_task(net, host);

        net_send_data(net, task, net->tasks[there].tid, 1, 10);
        net_advance(net, 5000);
        assert_int_equal(net_count_frames(net, there, PVMI_FRAME_DATA, 7), 1);
        net_send_data(net, there, net->tasks[task].tid, 1, 10);
        net_advance(net, 5000);
        assert_int_equal(net_count_frames(net, task, PVMI_FRAME_DATA, 7), host - 1);
    }
}

static void host_file_lines_give_defaults_and_may_wait(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "# my hosts", "* ep=/d", "h1 sp=5", "& h2 sp=2", "" };
    struct pvmi_msg_hosts_query query = { .id = 0 };
    struct pvmi_control control;

    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 5 };
    net_run(net);
    assert_int_equal(net->launches, 0);
    net->auto_launch = false;
    lines[0] = "h3";
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    assert_int_equal(net->launches, 1);
    net_ask(net, task, PVMI_MSG_hosts_query, &query);
    control = net_take(net, task, PVMI_MSG_hosts);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->pending, 1);
    pvmi_control_free(&control);
    launch_fails(net, PvmCantStart);
    net_ask(net, task, PVMI_MSG_hosts_query, &query);
    control = net_take(net, task, PVMI_MSG_hosts);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->pending, 0);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->hosts.n, 1);
    pvmi_control_free(&control);
}

static int failed_hosts(struct net *net, int task, const char *name, const char *text)
{
    struct pvmi_msg_hosts_query query = { .id = 0 };
    struct pvmi_control control;
    const struct pvmi_msg_hosts *hosts;
    int failed;

    net_ask(net, task, PVMI_MSG_hosts_query, &query);
    control = net_take(net, task, PVMI_MSG_hosts);
    hosts = control.msg;
    failed = hosts->failed;
    assert_int_equal(hosts->failed_names.n, hosts->errors.n);
    if (name != NULL) {
        assert_string_equal(hosts->failed_names.v[0], name);
        assert_int_equal(hosts->errors.v[0].code, PvmCantStart);
        assert_non_null(strstr(hosts->errors.v[0].text, text));
    }
    pvmi_control_free(&control);
    return failed;
}

static void hosts_of_the_host_file_that_fail_are_told_until_they_are_added(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2" };
    struct pvmi_control control;

    net->auto_launch = false;
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    assert_int_equal(failed_hosts(net, task, NULL, NULL), 0);
    launch_fails(net, PvmCantStart);
    assert_int_equal(failed_hosts(net, task, "h2", "ssh said no"), 1);
    net->auto_launch = true;
    control = add(net, task, lines, 1);
    assert_int_equal(net_answer(&control)->value, 1);
    pvmi_control_free(&control);
    assert_int_equal(failed_hosts(net, task, NULL, NULL), 0);
}

static void a_host_that_a_task_fails_to_add_is_told_to_that_task_alone(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };

    net->auto_launch = false;
    net_ask(net, task, PVMI_MSG_host_add, &msg);
    launch_fails(net, PvmCantStart);
    assert_int_equal(net_result(net, task), 0);
    assert_int_equal(failed_hosts(net, task, NULL, NULL), 0);
}

/* From host tasks_host: the first host, or another, whose daemon tells. */
static void adding_is_given_up_when_its_task_ends(struct net *net, int tasks_host, int fresh)
{
    int task = net_task(net, tasks_host);
    int other = net_task(net, 1);
    char name[16];
    char *lines[] = { name };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };
    struct pvmi_control control;
    int dropped = net->launch_dropped;

    snprintf(name, sizeof(name), "h%d", fresh);
    net->auto_launch = false;
    net_ask(net, task, PVMI_MSG_host_add, &msg);
    net_advance(net, 1000);
    assert_int_equal(net->launch_dropped, dropped);
    net_task_dies(net, task);
    net_advance(net, 1000);
    assert_int_equal(net->launch_dropped, dropped + 1);
    assert_true(net_logged(net, "which asked for it, has ended"));
    net->auto_launch = true;
    control = add(net, other, lines, 1);    /* not "is being added already" */
    assert_int_equal(net_answer(&control)->value, 1);
    pvmi_control_free(&control);
    net_task_dies(net, other);
    net_advance(net, 1000);
    assert_true(net->hosts[fresh].ready);    /* what is in stays in */
    assert_false(net->hosts[fresh].stopped);
}

static void adding_is_given_up_when_a_task_of_the_first_host_ends(void **state)
{
    adding_is_given_up_when_its_task_ends(*state, 1, 5);
}

static void adding_is_given_up_when_a_task_of_another_host_ends(void **state)
{
    adding_is_given_up_when_its_task_ends(*state, 2, 5);
}

static void adding_is_given_up_when_the_host_of_who_asked_is_lost(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 2);
    char *lines[] = { "h4" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };

    net->auto_launch = false;
    net_ask(net, task, PVMI_MSG_host_add, &msg);
    net_advance(net, 1000);
    net_kill_daemon(net, 2);
    net_advance(net, 1000);
    assert_int_equal(net->launch_dropped, 1);
}

static struct pvmi_control delete (struct net *net, int task, char **names, uint32_t count)
{
    struct pvmi_msg_host_delete msg = { .names = { .v = names, .n = count } };

    return net_request(net, task, PVMI_MSG_host_delete, &msg);
}

static void a_deleted_host_ends_its_tasks_and_itself(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 3);
    struct pvmi_control control = net_spawn(net, task, "child", PvmTaskHost, "h2", 1);
    char *names[] = { "h2", "nowhere", "h2", "h1", "" };
    int expected[] = { PvmOk, PvmNoHost, PvmDupHost, PvmBadParam, PvmNoHost };
    const char *texts[] = { "nowhere is not in", "h2 is named twice", "h1 is the first host", "host 5 of the list" };
    struct pvmi_msg_host_delete msg = { .names = { .v = names, .n = 5 } };

    pvmi_control_free(&control);
    net_ask(net, task, PVMI_MSG_host_delete, &msg);
    assert_int_equal(net->processes[0].signum, 15);
    net_process_ends(net, 0, 15, true);
    assert_true(net->hosts[2].stopped);
    control = net_take(net, task, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->value, 1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(net_answer(&control)->values.v[i], expected[i]);
    assert_int_equal(net_answer(&control)->errors.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(net_answer(&control)->errors.v[i].code, expected[i + 1]);
        assert_non_null(strstr(net_answer(&control)->errors.v[i].text, texts[i]));
    }
    pvmi_control_free(&control);
    assert_int_equal(core_hosts(net->hosts[3].core, NULL, NULL, 0), 2);
    assert_int_equal(core_state_hash(net->hosts[3].core), core_state_hash(net->hosts[1].core));
}

/* Who names more hosts than a machine has must not keep the first host busy with comparing them. */
static void a_request_names_no_more_hosts_than_a_machine_has(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    static char *names[PVMI_HOST_MAX + 1];
    struct pvmi_control control;

    for (int i = 0; i <= PVMI_HOST_MAX; i++)
        names[i] = (char *)"h2";
    control = delete (net, task, names, PVMI_HOST_MAX + 1);
    assert_int_equal(net_answer(&control)->error.code, PvmBadParam);
    assert_non_null(strstr(net_answer(&control)->error.text, "4096 hosts"));
    pvmi_control_free(&control);
    control = add(net, task, names, PVMI_HOST_MAX + 1);
    assert_int_equal(net_answer(&control)->error.code, PvmBadParam);
    assert_non_null(strstr(net_answer(&control)->error.text, "4096 hosts"));
    pvmi_control_free(&control);
}

static void a_deleted_host_that_hangs_is_dropped_all_the_same(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *names[] = { "h2" };
    struct pvmi_msg_host_delete msg = { .names = { .v = names, .n = 1 } };
    struct pvmi_control control = net_spawn(net, task, "child", PvmTaskHost, "h2", 1);

    pvmi_control_free(&control);
    net_ask(net, task, PVMI_MSG_host_delete, &msg);
    net_advance(net, 5500);
    assert_false(net_has_answer(net, task));
    net_advance(net, 1000);
    assert_int_equal(net_result(net, task), 1);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 2);
}

static void a_host_added_again_has_another_number(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *names[] = { "h3" };
    struct pvmi_control control = delete (net, task, names, 1);

    assert_int_equal(net_answer(&control)->value, 1);
    pvmi_control_free(&control);
    control = add(net, task, names, 1);
    assert_int_equal(net_answer(&control)->values.v[0], pvmi_tid_of_host(4));
    pvmi_control_free(&control);
}

static void a_killed_daemon_is_dropped_at_once(void **state)
{
    struct net *net = *state;

    net_advance(net, 3000);
    net_kill_daemon(net, 2);
    net_advance(net, 500);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 2);
    assert_int_equal(core_hosts(net->hosts[3].core, NULL, NULL, 0), 2);
}

static void a_silent_host_is_dropped_after_ten_seconds(void **state)
{
    struct net *net = *state;

    net_power_off(net, 3);
    net_advance(net, 9000);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 3);
    net_advance(net, 3000);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 2);
    assert_int_equal(core_hosts(net->hosts[2].core, NULL, NULL, 0), 2);
}

static void a_short_silence_costs_nothing(void **state)
{
    struct net *net = *state;

    for (int i = 0; i < 3; i++) {
        net->cut[1][2] = net->cut[2][1] = true;
        net_advance(net, 8000);
        net->cut[1][2] = net->cut[2][1] = false;
        net_advance(net, 5000);
    }
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 3);
    assert_false(net->hosts[2].stopped);
}

static void a_daemon_that_was_late_accuses_nobody(void **state)
{
    struct net *net = *state;
    struct net_event *event;

    net_advance(net, 3000);
    net->now_ms += 60000;    /* all machines slept */
    for (int i = 1; i <= 3; i++) {
        event = net_post(net, i, CORE_EVENT_TICK, 0);
        event->event.tick.late_ms = 60000;
    }
    net_run(net);
    net_advance(net, 20000);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(core_hosts(net->hosts[i].core, NULL, NULL, 0), 3);
}

static void a_host_that_loses_the_first_ends_what_it_started(void **state)
{
    struct net *net = *state;
    int by_hand = net_task(net, 2);
    struct pvmi_control control = net_spawn(net, by_hand, "child", PvmTaskHost, ".", 1);

    pvmi_control_free(&control);
    net_power_off(net, 1);
    net_advance(net, 13000);
    assert_int_equal(net->processes[0].signum, 15);
    net_process_ends(net, 0, 15, true);
    assert_true(net->hosts[2].stopped);
    assert_non_null(strstr(net->hosts[2].stop_text, "h1"));
    assert_true(net->hosts[3].stopped);
}

/* Behind the welcome of host 2, which arrives, the network is gone. */
static void cut_behind_welcome(struct net *net, int from, int to, struct pvmi_frame **frame)
{
    struct pvmi_control control;

    if (from != 1 || to != 2 || (*frame)->header.kind != PVMI_FRAME_CONTROL)
        return;
    assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(*frame), (*frame)->header.length, &control), PvmOk);
    if (control.type == PVMI_MSG_welcome)
        net->cut[1][2] = net->cut[2][1] = true;
    pvmi_control_free(&control);
}

static void a_host_that_was_welcomed_and_hears_no_more_ends(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *lines[] = { "h2" };
    struct pvmi_msg_host_add msg = { .lines = { .v = lines, .n = 1 } };

    net->on_frame = cut_behind_welcome;
    net_ask(net, task, PVMI_MSG_host_add, &msg);
    net->on_frame = NULL;
    assert_true(net->cut[1][2]);
    assert_false(net->hosts[2].ready);
    net_advance(net, 13000);
    assert_true(net->hosts[2].stopped);
    assert_non_null(strstr(net->hosts[2].stop_text, "nothing heard from it"));
}

static void a_host_cut_off_for_too_long_is_told_and_ends(void **state)
{
    struct net *net = *state;

    net->cut[1][2] = net->cut[2][1] = true;
    net_advance(net, 15000);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 2);
    net->cut[1][2] = net->cut[2][1] = false;
    net_advance(net, 15000);
    assert_true(net->hosts[2].stopped);
    assert_false(net->hosts[1].stopped);
}

static void halt(struct net *net, int task)
{
    struct pvmi_msg_halt msg = { .id = 0 };

    net_ask(net, task, PVMI_MSG_halt, &msg);
    assert_int_equal(net_result(net, task), PvmOk);
}

/* The first host alone, for the program that enrols first. */
static struct net *machine_of_a_job(void)
{
    struct net *net = net_new();

    net->job_ms = 60000;
    net_core_start(net, 1, "h1");
    net_run(net);
    return net;
}

static void a_machine_of_a_job_ends_with_the_program_that_it_is_for(void **state)
{
    struct net *net = *state = machine_of_a_job();
    int program = net_task(net, 1);
    int other = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, program, "child", PvmTaskHost, ".", 1);

    pvmi_control_free(&control);
    net_advance(net, 100000);
    net_task_dies(net, other);
    net_advance(net, 1000);
    assert_int_equal(net->processes[0].signum, 0);
    net_task_dies(net, program);
    assert_int_equal(net->processes[0].signum, 15);
    assert_true(net_logged(net, "the program that this virtual machine is for has ended"));
    net_process_ends(net, 0, 15, true);
    assert_true(net->hosts[1].stopped);
}

static void a_machine_of_a_job_that_does_not_come_ends(void **state)
{
    struct net *net = *state = machine_of_a_job();

    net_advance(net, 59000);
    assert_false(net->hosts[1].stopped);
    net_advance(net, 2000);
    assert_true(net->hosts[1].stopped);
    assert_true(net_logged(net, "has not come"));
}

static void a_machine_without_tasks_halts_in_one_step(void **state)
{
    struct net *net = *state;

    halt(net, net_task(net, 1));
    assert_true(net->hosts[1].stopped);
    assert_string_equal(net->hosts[1].stop_text, "");
}

static void a_halt_ends_all_tasks_on_all_hosts(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 3);
    struct pvmi_control control = net_spawn(net, task, "child", 0, NULL, 3);

    pvmi_control_free(&control);
    halt(net, task);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(net->processes[i].signum, 15);
        assert_false(net->hosts[i + 1].stopped);
    }
    net_process_ends(net, 0, 15, true);
    net_process_ends(net, 1, 15, true);
    assert_false(net->hosts[1].stopped);    /* it waits for the last */
    net_advance(net, 5100);
    assert_int_equal(net->processes[2].signum, 9);
    net_process_ends(net, 2, 9, true);
    for (int i = 1; i <= 3; i++)
        assert_true(net->hosts[i].stopped);
}

static void a_halt_does_not_wait_for_ever(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, task, "child", 0, NULL, 3);

    pvmi_control_free(&control);
    halt(net, task);
    net_power_off(net, 2);
    net_advance(net, 8000);
    assert_true(net->hosts[1].stopped);
    assert_true(net->hosts[3].stopped);
}

static void a_daemon_told_to_end_halts_the_machine(void **state)
{
    struct net *net = *state;

    net_post(net, 2, CORE_EVENT_HALT, 0);
    net_run(net);
    for (int i = 1; i <= 3; i++)
        assert_true(net->hosts[i].stopped);
}

static void mstat_knows_members_by_name_only(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 2);
    const char *names[] = { "h3", ".", "h2", "h1", "H3", "h3 sp=1", "" };
    int expected[] = { PvmOk, PvmOk, PvmOk, PvmOk, PvmNoHost, PvmNoHost, PvmBadParam };

    for (int i = 0; i < 7; i++) {
        struct pvmi_msg_host_query msg = { .name = names[i] };

        net_ask(net, task, PVMI_MSG_host_query, &msg);
        assert_int_equal(net_result(net, task), expected[i]);
    }
}

/* Nobody has missed it yet. */
static void mstat_of_a_host_that_does_not_answer_is_an_error(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    struct pvmi_msg_host_query msg = { .name = "h3" };

    net_power_off(net, 3);
    net_ask(net, task, PVMI_MSG_host_query, &msg);
    assert_false(net_has_answer(net, task));
    net_advance(net, 20000);
    assert_int_equal(net_result(net, task), PvmHostFail);
    net_ask(net, task, PVMI_MSG_host_query, &msg);
    assert_int_equal(net_result(net, task), PvmNoHost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_first_host_is_ready_at_once, net_tear_down),
        cmocka_unit_test_setup_teardown(hosts_are_added_all_at_once_with_progress, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(each_line_that_fails_has_its_own_code, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_launch_that_fails_tells_why, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_number_is_used_again_only_if_nothing_was_started, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_daemon_that_neither_side_reaches_is_a_firewall, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(one_way_is_enough_to_join, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(hosts_of_the_host_file_that_fail_are_told_until_they_are_added, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_a_task_fails_to_add_is_told_to_that_task_alone, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(adding_is_given_up_when_a_task_of_the_first_host_ends, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(adding_is_given_up_when_a_task_of_another_host_ends, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(adding_is_given_up_when_the_host_of_who_asked_is_lost, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(one_way_is_enough_for_messages, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(host_file_lines_give_defaults_and_may_wait, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_host_ends_its_tasks_and_itself, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_request_names_no_more_hosts_than_a_machine_has, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_host_that_hangs_is_dropped_all_the_same, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_added_again_has_another_number, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_killed_daemon_is_dropped_at_once, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_silent_host_is_dropped_after_ten_seconds, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_short_silence_costs_nothing, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_daemon_that_was_late_accuses_nobody, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_loses_the_first_ends_what_it_started, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_was_welcomed_and_hears_no_more_ends, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_cut_off_for_too_long_is_told_and_ends, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_teardown(a_machine_of_a_job_ends_with_the_program_that_it_is_for, net_tear_down),
        cmocka_unit_test_teardown(a_machine_of_a_job_that_does_not_come_ends, net_tear_down),
        cmocka_unit_test_setup_teardown(a_machine_without_tasks_halts_in_one_step, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_halt_ends_all_tasks_on_all_hosts, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_halt_does_not_wait_for_ever, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_daemon_told_to_end_halts_the_machine, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(mstat_knows_members_by_name_only, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(mstat_of_a_host_that_does_not_answer_is_an_error, three_hosts,
                                        net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
