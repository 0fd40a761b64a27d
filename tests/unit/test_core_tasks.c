/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks in the core: enrolment, claims, spawn and its failures, output, exit. */
#include "pvmd/core/core_internal.h"
#include "pvmd/core/state_hosts.h"
#include "tests/unit/core_net.h"
#include "wire/tid.h"

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

static void a_program_that_enrols_gets_a_tid_of_its_host(void **state)
{
    struct net *net = *state;
    int first = net_task(net, 1);
    int second = net_task(net, 1);

    assert_int_equal(net->tasks[first].tid, pvmi_tid_make(1, 1));
    assert_int_equal(net->tasks[second].tid, pvmi_tid_make(1, 2));
    assert_int_equal(net->tasks[first].parent, 0);
}

static void a_tid_is_not_used_again_soon(void **state)
{
    struct net *net = *state;

    for (int i = 1; i <= 20; i++) {
        int task = net_task(net, 1);

        assert_int_equal(net->tasks[task].tid, pvmi_tid_make(1, i));
        net_task_dies(net, task);
        net->tasks[task].used = false;
        pvmi_frame_free_all(&net->tasks[task].answers);
        pvmi_frame_free_all(&net->tasks[task].frames);
    }
}

static void a_program_of_another_version_is_refused_with_a_reason(void **state)
{
    struct net *net = *state;
    int task = net_connect(net, 1, 77);
    struct pvmi_msg_enroll enroll = { .version = 99 };
    struct pvmi_control control;

    net_task_send_control(net, task, PVMI_MSG_enroll, &enroll);
    net_run(net);
    control = net_take(net, task, PVMI_MSG_enrolled);
    assert_int_equal(((struct pvmi_msg_enrolled *)control.msg)->error.code, PvmBadVersion);
    assert_non_null(strstr(((struct pvmi_msg_enrolled *)control.msg)->error.text, "version 99"));
    pvmi_control_free(&control);
    assert_true(net->tasks[task].closed);
}

static void a_spawned_process_claims_its_tid_once(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 1);
    int child;
    int again;

    assert_int_equal(net_answer(&control)->value, 1);
    assert_int_equal(net_answer(&control)->values.v[0], net->processes[0].tid);
    pvmi_control_free(&control);
    child = net_claim(net, 0);
    assert_int_equal(net->tasks[child].parent, net->tasks[parent].tid);

    again = net_connect(net, 1, 100);
    assert_int_equal(net_enroll(net, again, net->processes[0].tid, net->processes[0].nonce), PvmOk);
    assert_int_not_equal(net->tasks[again].tid, net->processes[0].tid);
    assert_int_equal(net->tasks[again].parent, 0);
}

static void a_wrong_nonce_claims_nothing(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 1);
    int task = net_connect(net, 1, 100);

    pvmi_control_free(&control);
    assert_int_equal(net_enroll(net, task, net->processes[0].tid, net->processes[0].nonce + 1), PvmOk);
    assert_int_not_equal(net->tasks[task].tid, net->processes[0].tid);
}

static void messages_wait_for_a_child_that_has_not_enrolled(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 1);
    struct pvmi_frame *frame;
    int child;

    pvmi_control_free(&control);
    net_send_data(net, parent, net->processes[0].tid, 1, 10);
    net_send_data(net, parent, net->processes[0].tid, 2, 20);
    child = net_claim(net, 0);
    for (uint32_t i = 1; i <= 2; i++) {
        frame = net_frame(net, child);
        assert_non_null(frame);
        assert_int_equal(frame->header.message, i);
        assert_int_equal(frame->header.src, net->tasks[parent].tid);
        pvmi_frame_free(frame);
    }
}

static void the_environment_carries_claim_context_and_trace(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    char *env[] = { "PVM_EXPORT=A", "A=b c" };
    struct pvmi_msg_spawn msg = {
        .file = "x",
        .count = 1,
        .env = { .v = env, .n = 2 },
        .beside = "/beside",
        .cwd = "/cwd",
        .directory = "/dir",
        .inherit = { .context = 0x2a, .trace_mask = "@@@" },
    };
    struct pvmi_control control = net_request(net, parent, PVMI_MSG_spawn, &msg);
    const struct net_process *process = &net->processes[0];
    char claim[64];

    pvmi_control_free(&control);
    snprintf(claim, sizeof(claim), "PVM_CLAIM=%x:%llx ", (unsigned)process->tid,
             (unsigned long long)process->nonce);
    assert_non_null(strstr(process->env, claim));
    assert_non_null(strstr(process->env, "A=b c "));
    assert_non_null(strstr(process->env, "PVMCTX=0x2a "));
    assert_non_null(strstr(process->env, "PVMTMASK=@@@ "));
    assert_non_null(strstr(process->env, "PVMEPID="));
    assert_string_equal(process->path, "/ep/one /ep/two /beside /cwd ");
    assert_string_equal(process->directory, "/dir");
    assert_int_equal(process->granted, 64 * 1024);
}

static void placed(struct net *net, int parent, int flags, const char *where, const char *expected)
{
    struct pvmi_control control = net_spawn(net, parent, "child", flags, where, (int)strlen(expected));

    assert_int_equal(net_answer(&control)->value, strlen(expected));
    for (size_t i = 0; i < strlen(expected); i++)
        assert_int_equal(pvmi_tid_host(net_answer(&control)->values.v[i]), expected[i] - '0');
    pvmi_control_free(&control);
}

/* As PVM 3.4.6 does it, one spawn after the other. */
static void copies_go_round_the_hosts_in_blocks(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);

    placed(net, parent, 0, NULL, "223311");
    placed(net, parent, 0, NULL, "23");
    placed(net, parent, PvmTaskHost, "h3", "33");
    placed(net, parent, PvmTaskHost, ".", "1");
    placed(net, parent, PvmTaskHost | PvmHostCompl, "h2", "13");
    placed(net, parent, PvmTaskHost | PvmHostCompl, ".", "23");
    placed(net, parent, PvmTaskHost | PvmHostCompl, "nowhere", "231");
    placed(net, parent, PvmTaskArch | PvmHostCompl, "NONE", "231");
}

/* What the hosts' lines said with slots=; the table is each daemon's own. */
static void give_slots(struct net *net, int number, int slots)
{
    for (int daemon = 1; daemon <= 3; daemon++)
        host_find(&net->hosts[daemon].core->state, number)->rec.slots = slots;
}

static void a_host_with_slots_is_filled_before_the_next_ones_turn(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);

    give_slots(net, 2, 3);
    placed(net, parent, 0, NULL, "22231");
    placed(net, parent, 0, NULL, "222231");    /* all are full: round again, in blocks */
    placed(net, parent, 0, NULL, "31");
    placed(net, parent, 0, NULL, "2223");
    placed(net, parent, PvmTaskHost | PvmHostCompl, "h2", "11133");    /* none of these has slots: evenly */
    give_slots(net, 1, 2);
    placed(net, parent, 0, NULL, "11112223");
    placed(net, parent, 0, NULL, "2");
}

static void an_empty_file_name_is_no_file_for_each_copy(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "", 0, NULL, 2);

    assert_int_equal(net_answer(&control)->error.code, PvmOk);
    assert_int_equal(net_answer(&control)->value, 0);
    assert_int_equal(net_answer(&control)->values.n, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(net_answer(&control)->values.v[i], PvmNoFile);
        assert_int_equal(net_answer(&control)->errors.v[i].code, PvmNoFile);
    }
    pvmi_control_free(&control);
}

static void spawn_on(struct net *net, int parent, int flags, const char *where, int expected)
{
    struct pvmi_control control = net_spawn(net, parent, "child", flags, where, 1);
    int value = net_answer(&control)->values.v[0];

    assert_int_equal(net_answer(&control)->values.n, 1);
    assert_int_equal(value > 0 ? pvmi_tid_host(value) : value, expected);
    if (value < 0)
        assert_int_equal(net_answer(&control)->errors.v[0].code, value);
    pvmi_control_free(&control);
}

static void host_arch_and_complement_choose_the_host(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 2);

    spawn_on(net, parent, PvmTaskHost, "h3", 3);
    spawn_on(net, parent, PvmTaskHost, ".", 2);
    spawn_on(net, parent, PvmTaskHost, "H3", PvmNoHost);
    spawn_on(net, parent, PvmTaskArch, "OTHER", 3);
    spawn_on(net, parent, PvmTaskArch, "NONE", PvmNoHost);
    spawn_on(net, parent, PvmTaskArch | PvmHostCompl, "LINUX64", 3);
    spawn_on(net, parent, PvmTaskHost | PvmTaskArch, "h1", 1);
    spawn_on(net, parent, PvmHostCompl, NULL, PvmNoHost);
    spawn_on(net, parent, PvmTaskHost | PvmHostCompl, "nowhere", 1);
}

static void a_part_of_a_spawn_may_fail_and_says_why(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_msg_spawn msg = { .file = "child", .count = 3 };
    struct net_event *event;
    struct pvmi_control control;

    net->auto_start = false;
    net_ask(net, parent, PVMI_MSG_spawn, &msg);
    assert_int_equal(net->process_count, 3);
    assert_false(net_has_answer(net, parent));
    for (int i = 0; i < 3; i++) {
        struct net_process *process = &net->processes[i];

        if (process->host == 2) {
            event = net_post(net, 2, CORE_EVENT_START_FAILED, process->handle);
            pvmi_fault_set(&event->event.start_failed.fault, PvmNoFile, "h2", "child is not in /ep/one");
        } else {
            net_started(net, process);
        }
    }
    net_run(net);
    control = net_take(net, parent, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->value, 2);
    assert_int_equal(net_answer(&control)->values.n, 3);
    assert_int_equal(pvmi_tid_host(net_answer(&control)->values.v[0]), 3);
    assert_int_equal(pvmi_tid_host(net_answer(&control)->values.v[1]), 1);
    assert_int_equal(net_answer(&control)->values.v[2], PvmNoFile);
    assert_int_equal(net_answer(&control)->errors.n, 1);
    assert_string_equal(net_answer(&control)->errors.v[0].host, "h2");
    assert_string_equal(net_answer(&control)->errors.v[0].text, "child is not in /ep/one");
    pvmi_control_free(&control);
}

static void the_task_limit_is_an_error_that_names_it(void **state)
{
    struct net *net = net_new();
    struct pvmi_control control;
    int parent;

    *state = net;
    net->tasks_max = 3;
    net_core_start(net, 1, "h1");
    net_run(net);
    parent = net_task(net, 1);
    control = net_spawn(net, parent, "child", 0, NULL, 5);
    assert_int_equal(net_answer(&control)->value, 2);
    assert_int_equal(net_answer(&control)->values.v[2], PvmOutOfRes);
    assert_int_equal(net_answer(&control)->values.v[4], PvmOutOfRes);
    assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "PVM_MAX_TASKS"));
    pvmi_control_free(&control);
}

static void siblings_are_known_when_all_are_started(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_msg_siblings_query query = { .id = 0 };
    struct pvmi_control spawned = net_spawn(net, parent, "child", 0, NULL, 3);
    int child = net_claim(net, 2);
    struct pvmi_control control = net_request(net, child, PVMI_MSG_siblings_query, &query);

    assert_int_equal(net_answer(&control)->values.n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(net_answer(&control)->values.v[i], net_answer(&spawned)->values.v[i]);
    pvmi_control_free(&spawned);
    pvmi_control_free(&control);
    control = net_request(net, parent, PVMI_MSG_siblings_query, &query);
    assert_int_equal(net_answer(&control)->values.n, 1);
    pvmi_control_free(&control);
}

static void a_host_that_dies_under_a_spawn_costs_only_its_part(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_msg_spawn msg = { .file = "child", .count = 3 };
    struct pvmi_control control;

    net->auto_start = false;
    net_ask(net, parent, PVMI_MSG_spawn, &msg);
    for (int i = 0; i < 3; i++) {
        if (net->processes[i].host != 2)
            net_started(net, &net->processes[i]);
    }
    net_run(net);
    assert_false(net_has_answer(net, parent));
    net_kill_daemon(net, 2);
    net_advance(net, 1000);
    control = net_take(net, parent, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->value, 2);
    assert_int_equal(net_answer(&control)->values.v[2], PvmHostFail);
    assert_non_null(strstr(net_answer(&control)->errors.v[0].text, "h2"));
    pvmi_control_free(&control);
}

/* The answer of host 2 to a start gets one value less. */
static void shorten_start(struct net *net, int from, int to, struct pvmi_frame **frame)
{
    struct pvmi_frame_header header = (*frame)->header;
    struct pvmi_control control;
    struct pvmi_msg_answer *answer;
    struct pvmi_blob *blob;

    if (from != 2 || to != 1 || header.kind != PVMI_FRAME_CONTROL)
        return;
    assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(*frame), header.length, &control), PvmOk);
    answer = control.msg;
    if (control.type == PVMI_MSG_answer && answer->values.n > 0) {
        answer->values.n--;
        assert_int_equal(pvmi_control_encode_blob(PVMI_MSG_answer, answer, &blob), PvmOk);
        header.message_length = blob->length;
        pvmi_frame_free(*frame);
        *frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
        pvmi_blob_unref(blob);
        net->on_frame = NULL;
    }
    pvmi_control_free(&control);
}

static void a_host_that_answers_a_spawn_with_nonsense_costs_only_its_part(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control;

    net->on_frame = shorten_start;
    control = net_spawn(net, parent, "child", 0, NULL, 3);
    assert_null(net->on_frame);
    assert_int_equal(net_answer(&control)->value, 2);
    assert_int_equal(net_answer(&control)->values.v[2], PvmDSysErr);
    assert_string_equal(net_answer(&control)->errors.v[0].text, "h2 answered a start with nonsense");
    pvmi_control_free(&control);
}

static void tasks_that_a_dead_host_has_not_acknowledged_end(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 2);
    struct pvmi_msg_spawn msg = { .file = "child", .flags = PvmTaskHost, .where = "h3", .count = 1 };

    net->auto_start = false;
    net_ask(net, parent, PVMI_MSG_spawn, &msg);
    net_kill_daemon(net, 2);
    net_advance(net, 1000);
    net_started(net, &net->processes[0]);
    net_run(net);
    assert_int_equal(net->processes[0].signum, 15);
    net_advance(net, 6000);
    assert_int_equal(net->processes[0].signum, 9);
}

static void an_exit_is_told_behind_the_output_and_with_its_status(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_msg_spawn msg = {
        .file = "child",
        .flags = PvmTaskHost,
        .where = "h2",
        .count = 1,
        .inherit = { .output_tid = net->tasks[parent].tid, .output_tag = 321 },
    };
    struct pvmi_control control = net_request(net, parent, PVMI_MSG_spawn, &msg);
    int expected[] = { -2, -1, 11, 0 };
    struct pvmi_frame *frame;

    pvmi_control_free(&control);
    net_notify(net, parent, PvmTaskExit, 9, net->processes[0].tid, 1);
    net_output(net, 0, "hello\nworld");
    net_process_ends(net, 0, 0x300, true);
    for (int i = 0; i < 4; i++) {
        frame = net_frame(net, parent);
        assert_non_null(frame);
        assert_int_equal(frame->header.kind, PVMI_FRAME_OUTPUT);
        assert_int_equal(frame->header.tag, 321);
        assert_int_equal(net_frame_int(frame, 0), net->processes[0].tid);
        assert_int_equal(net_frame_int(frame, 1), expected[i]);
        if (expected[i] < 0)
            assert_int_equal(net_frame_int(frame, 2), net->tasks[parent].tid);
        pvmi_frame_free(frame);
    }
    frame = net_frame(net, parent);
    assert_int_equal(frame->header.kind, PVMI_FRAME_NOTICE);
    assert_int_equal(frame->header.tag, 9);
    assert_int_equal(net_frame_int(frame, 0), net->processes[0].tid);
    assert_int_equal(net_frame_int(frame, 1), 0x300);
    pvmi_frame_free(frame);
    assert_null(net_frame(net, parent));
}

/* The second ints of the messages about a process' output, in their order. */
static void expect_output(struct net *net, int task, int process, const int *expected, int count)
{
    for (int i = 0; i < count; i++) {
        struct pvmi_frame *frame = net_frame(net, task);

        assert_non_null(frame);
        assert_int_equal(frame->header.tag, 321);
        assert_int_equal(net_frame_int(frame, 0), net->processes[process].tid);
        assert_int_equal(net_frame_int(frame, 1), expected[i]);
        pvmi_frame_free(frame);
    }
    assert_null(net_frame(net, task));
}

/* Two copies whose output is caught; nothing has started yet. */
static int begin_two(struct net *net)
{
    int parent = net_task(net, 1);
    struct pvmi_msg_spawn msg = {
        .file = "child",
        .count = 2,
        .inherit = { .output_tid = net->tasks[parent].tid, .output_tag = 321 },
    };

    net->auto_start = false;
    net_ask(net, parent, PVMI_MSG_spawn, &msg);
    assert_int_equal(net->process_count, 2);
    return parent;
}

/* It may end before others of its pvm_spawn() have started. */
static void who_catches_output_hears_of_the_spawn_before_the_end(void **state)
{
    struct net *net = *state;
    int parent = begin_two(net);
    const int first[] = { -2, 6, -1, 0 }, second[] = { -2, -1 };

    net_started(net, &net->processes[0]);
    net_output(net, 0, "hello\n");
    net_process_ends(net, 0, 0, true);
    net_run(net);
    expect_output(net, parent, 0, first, 4);
    net_started(net, &net->processes[1]);
    net_run(net);
    expect_output(net, parent, 1, second, 2);
}

/* The pipe and the keeper are two ways: which news is first is chance. */
static void output_may_be_there_and_over_before_the_news_of_the_start(void **state)
{
    struct net *net = *state;
    int parent = begin_two(net);
    const int first[] = { -2, 6 }, second[] = { -1, 0 };
    struct net_event *event;

    net_output(net, 0, "hello\n");
    event = net_post(net, net->processes[0].host, CORE_EVENT_OUTPUT, net->processes[0].handle);
    event->event.output.eof = true;
    net_run(net);
    expect_output(net, parent, 0, first, 2);
    net_started(net, &net->processes[0]);
    net_run(net);
    expect_output(net, parent, 0, second, 2);
}

static void nothing_is_told_of_the_output_of_what_could_not_be_started(void **state)
{
    struct net *net = *state;
    int parent = begin_two(net);
    struct net_event *event;

    event = net_post(net, net->processes[0].host, CORE_EVENT_OUTPUT, net->processes[0].handle);
    event->event.output.eof = true;
    event = net_post(net, net->processes[0].host, CORE_EVENT_START_FAILED, net->processes[0].handle);
    pvmi_fault_set(&event->event.start_failed.fault, PvmNoFile, "h1", "child cannot be run");
    net_run(net);
    assert_null(net_frame(net, parent));
}

/* A program may have ended before its spawner asks. */
static void a_notice_asked_for_too_late_still_has_the_status(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);

    for (int host = 1; host <= 2; host++) {
        struct pvmi_control control = net_spawn(net, parent, "child", PvmTaskHost, host == 1 ? "h1" : "h2", 1);
        struct pvmi_frame *frame;

        pvmi_control_free(&control);
        net_process_ends(net, host - 1, 0x300, true);
        net_advance(net, 3000);
        net_notify(net, parent, PvmTaskExit, 9, net->processes[host - 1].tid, 1);
        net_advance(net, 1000);
        frame = net_frame(net, parent);
        assert_non_null(frame);
        assert_int_equal(frame->header.tag, 9);
        assert_int_equal(net_frame_int(frame, 0), net->processes[host - 1].tid);
        assert_int_equal(net_frame_int(frame, 1), 0x300);
        pvmi_frame_free(frame);
    }
}

static void an_exit_waits_a_second_for_the_rest_of_the_output(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 1);

    pvmi_control_free(&control);
    net_notify(net, parent, PvmTaskExit, 9, net->processes[0].tid, 1);
    net_process_ends(net, 0, 0, false);
    net_advance(net, 900);
    assert_int_equal(net_count_frames(net, parent, PVMI_FRAME_NOTICE, 9), 0);
    net_advance(net, 200);
    assert_int_equal(net_count_frames(net, parent, PVMI_FRAME_NOTICE, 9), 1);
}

static void a_task_that_leaves_is_gone_while_its_process_lives_on(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 1);
    int child = net_claim(net, 0);
    struct pvmi_msg_leave leave = { .id = 0 };
    struct pvmi_msg_task_query query = { .tid = net->tasks[child].tid };

    pvmi_control_free(&control);
    net_notify(net, parent, PvmTaskExit, 9, net->tasks[child].tid, 1);
    control = net_request(net, child, PVMI_MSG_leave, &leave);
    assert_int_equal(net_answer(&control)->error.code, PvmOk);
    pvmi_control_free(&control);
    net_ask(net, parent, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, parent), PvmNoTask);
    net_advance(net, 1000);
    assert_int_equal(net_count_frames(net, parent, PVMI_FRAME_NOTICE, 9), 1);
    net_process_ends(net, 0, 0, true);
    net_advance(net, 2000);
    assert_int_equal(net_count_frames(net, parent, PVMI_FRAME_NOTICE, 9), 1);
}

static void output_that_nobody_catches_goes_to_the_first_hosts_log_by_lines(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", PvmTaskHost, "h2", 1);
    char line[64];

    pvmi_control_free(&control);
    net_output(net, 0, "one\ntw");
    net_output(net, 0, "o\nrest");
    snprintf(line, sizeof(line), "h1: [t%x] two", (unsigned)net->processes[0].tid);
    assert_true(net_logged(net, line));
    assert_false(net_logged(net, "rest"));
    net_process_ends(net, 0, 0, true);
    assert_true(net_logged(net, "rest"));
}

static void output_goes_to_the_log_when_its_catcher_has_gone(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_msg_spawn msg = {
        .file = "child",
        .flags = PvmTaskHost,
        .where = "h2",
        .count = 1,
        .inherit = { .output_tid = net->tasks[parent].tid },
    };
    struct pvmi_control control = net_request(net, parent, PVMI_MSG_spawn, &msg);

    pvmi_control_free(&control);
    net_task_dies(net, parent);
    net_output(net, 0, "who hears me\n");
    assert_true(net_logged(net, "who hears me"));
}

static void output_is_granted_again_as_it_is_delivered(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_msg_spawn msg = {
        .file = "child",
        .flags = PvmTaskHost,
        .where = "h2",
        .count = 1,
        .inherit = { .output_tid = net->tasks[parent].tid },
    };
    struct pvmi_control control = net_request(net, parent, PVMI_MSG_spawn, &msg);
    char text[32769];

    pvmi_control_free(&control);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 40; i++) {
        net_output(net, 0, text);
        net_advance(net, 100);
    }
    assert_int_equal(net->processes[0].granted, 64 * 1024 + 40 * 32768);
}

static void kill_and_pstat_reach_tasks_of_other_hosts(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    struct pvmi_control control = net_spawn(net, parent, "child", PvmTaskHost, "h3", 1);
    struct pvmi_msg_task_query query = { .tid = net->processes[0].tid };
    struct pvmi_msg_signal signal = { .tid = net->processes[0].tid, .signum = 10 };

    pvmi_control_free(&control);
    net_ask(net, parent, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, parent), PvmOk);
    net_ask(net, parent, PVMI_MSG_signal, &signal);
    assert_int_equal(net_result(net, parent), PvmOk);
    assert_int_equal(net->processes[0].signum, 10);
    query.tid++;
    net_ask(net, parent, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, parent), PvmNoTask);
    query.tid = pvmi_tid_make(77, 1);
    net_ask(net, parent, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, parent), PvmNoTask);
    query.tid = pvmi_tid_make(2, 0);
    net_ask(net, parent, PVMI_MSG_task_query, &query);
    assert_int_equal(net_result(net, parent), PvmBadParam);
}

static void tasks_are_listed_in_order_of_host(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 3);
    struct pvmi_control control = net_spawn(net, parent, "child", 0, NULL, 3);
    struct pvmi_msg_tasks_query query = { .where = 0 };
    const struct pvmi_msg_tasks *tasks;
    int flags[] = { 0x2, 0x2, 0x4, 0x2 };
    int hosts[] = { 1, 2, 3, 3 };

    pvmi_control_free(&control);
    net_ask(net, parent, PVMI_MSG_tasks_query, &query);
    control = net_take(net, parent, PVMI_MSG_tasks);
    tasks = control.msg;
    assert_int_equal(tasks->tasks.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pvmi_tid_host(tasks->tasks.v[i].tid), hosts[i]);
        assert_int_equal(tasks->tasks.v[i].flags, flags[i]);
    }
    assert_string_equal(tasks->tasks.v[0].file, "child");
    assert_int_equal(tasks->tasks.v[0].parent, net->tasks[parent].tid);
    pvmi_control_free(&control);
    query.where = pvmi_tid_of_host(55);
    net_ask(net, parent, PVMI_MSG_tasks_query, &query);
    control = net_take(net, parent, PVMI_MSG_tasks);
    assert_int_equal(((struct pvmi_msg_tasks *)control.msg)->error.code, PvmNoHost);
    pvmi_control_free(&control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_program_that_enrols_gets_a_tid_of_its_host, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_tid_is_not_used_again_soon, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_program_of_another_version_is_refused_with_a_reason, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_spawned_process_claims_its_tid_once, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_nonce_claims_nothing, one_host, net_tear_down),
        cmocka_unit_test_setup_teardown(messages_wait_for_a_child_that_has_not_enrolled, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(the_environment_carries_claim_context_and_trace, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(copies_go_round_the_hosts_in_blocks, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_with_slots_is_filled_before_the_next_ones_turn, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(an_empty_file_name_is_no_file_for_each_copy, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(host_arch_and_complement_choose_the_host, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_part_of_a_spawn_may_fail_and_says_why, three_hosts, net_tear_down),
        cmocka_unit_test_teardown(the_task_limit_is_an_error_that_names_it, net_tear_down),
        cmocka_unit_test_setup_teardown(siblings_are_known_when_all_are_started, three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_dies_under_a_spawn_costs_only_its_part, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_answers_a_spawn_with_nonsense_costs_only_its_part, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(tasks_that_a_dead_host_has_not_acknowledged_end, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_notice_asked_for_too_late_still_has_the_status, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(an_exit_is_told_behind_the_output_and_with_its_status, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(who_catches_output_hears_of_the_spawn_before_the_end, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(output_may_be_there_and_over_before_the_news_of_the_start, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_told_of_the_output_of_what_could_not_be_started, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(an_exit_waits_a_second_for_the_rest_of_the_output, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(a_task_that_leaves_is_gone_while_its_process_lives_on, one_host,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(output_that_nobody_catches_goes_to_the_first_hosts_log_by_lines,
                                        three_hosts, net_tear_down),
        cmocka_unit_test_setup_teardown(output_goes_to_the_log_when_its_catcher_has_gone, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(output_is_granted_again_as_it_is_delivered, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(kill_and_pstat_reach_tasks_of_other_hosts, three_hosts,
                                        net_tear_down),
        cmocka_unit_test_setup_teardown(tasks_are_listed_in_order_of_host, three_hosts, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
