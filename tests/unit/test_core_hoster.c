/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that a task starts: what it is asked, and what becomes of answers that are good, late, double, nonsense, or
 * never come. */
#include "tests/unit/core_net.h"

#include "pvmproto.h"
#include "wire/items.h"

#define FAIL_STEPS 12    /* from the request to the answer */
#define FAILS_MAX 40     /* no step of it allocates more */

static int hoster;    /* task */
static int adder;

static int hoster_setup(void **state)
{
    struct net *net = net_machine(1);
    struct pvmi_msg_mailbox put = { .op = PVMI_MAILBOX_PUT, .name = PVMHOSTERCLASS, .flags = PvmMboxMultiInstance };
    struct pvmi_control control;

    *state = net;
    hoster = net_task(net, 1);
    adder = net_task(net, 1);
    control = net_request(net, hoster, PVMI_MSG_mailbox, &put);
    assert_int_equal(net_answer(&control)->value, 0);
    pvmi_control_free(&control);
    return 0;
}

/* A task adds hosts; its answer is still to come. */
static void add(struct net *net, char **lines, uint32_t count)
{
    struct pvmi_msg_host_add msg = { .id = net->tasks[adder].next_id++, .lines = { .v = lines, .n = count } };

    net_task_send_control(net, adder, PVMI_MSG_host_add, &msg);
    net_run(net);
}

static void add_two(struct net *net)
{
    char *lines[] = { "h2", "h3" };

    add(net, lines, 2);
}

/* What the hoster was asked: as many hosts, from host number first on. Returns the wait id. */
static uint32_t asked(struct net *net, int count, int first)
{
    struct pvmi_frame *frame = net_frame(net, hoster);
    struct pvmi_items_reader items;
    uint32_t wid;

    assert_non_null(frame);
    assert_int_equal(frame->header.tag, SM_STHOST);
    assert_int_equal(frame->header.src, (int32_t)PVMI_TID_PVMD);
    assert_int_equal(frame->header.ctx, 0);
    pvmi_items_read(&items, frame->header.encoding, frame->header.format, pvmi_frame_bytes(frame), frame->header.length);
    assert_int_equal(pvmi_items_int(&items), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(pvmi_items_int(&items), pvmi_tid_of_host(first + i));
        assert_string_equal(pvmi_items_string(&items), "pw");
        assert_string_equal(pvmi_items_string(&items), "me@somewhere");
        assert_string_equal(pvmi_items_string(&items), "pvmd --join-public 1:00");
        assert_string_equal(pvmi_items_string(&items), "");
        assert_string_equal(pvmi_items_string(&items), "");
    }
    assert_true(pvmi_items_end(&items) && !items.failed);
    wid = frame->header.wid;
    assert_true(wid != 0);
    pvmi_frame_free(frame);
    return wid;
}

static void send_items(struct net *net, int task, uint32_t wid, struct pvmi_items_writer *items)
{
    static uint32_t message;
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_DATA, .format = (uint8_t)pvmi_format_own(), .message = ++message, .dst = (int32_t)PVMI_TID_PVMD,
        .tag = SM_STHOSTACK, .wid = wid, .message_length = items->length,
    };
    struct net_link *link = &net->links[net->tasks[task].net_link];
    struct pvmi_blob *blob = pvmi_blob_copy(items->data, items->length);
    struct pvmi_frame *frame = pvmi_frame_new(&header, blob, 0, (uint32_t)items->length);

    pvmi_blob_unref(blob);
    pvmi_items_free(items);
    net_post(net, net->tasks[task].host, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame = frame;
    net_run(net);
}

/* An answer for hosts 2 and up; a line NULL leaves that one out. */
static void answer(struct net *net, int task, uint32_t wid, const char *second, const char *third)
{
    const char *lines[] = { second, third };
    struct pvmi_items_writer items = { .data = NULL };

    pvmi_items_put_int(&items, (second != NULL) + (third != NULL));
    for (int i = 0; i < 2; i++) {
        if (lines[i] == NULL)
            continue;
        pvmi_items_put_int(&items, pvmi_tid_of_host(i + 2));
        pvmi_items_put_string(&items, lines[i]);
    }
    send_items(net, task, wid, &items);
}

/* What the task that added hosts has got; text is in the first error. */
static void added(struct net *net, int second, int third, const char *text)
{
    struct pvmi_control control;

    assert_true(net_has_answer(net, adder));
    control = net_take(net, adder, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->values.v[0], second);
    if (net_answer(&control)->values.n > 1)
        assert_int_equal(net_answer(&control)->values.v[1], third);
    if (text != NULL && strstr(net_answer(&control)->errors.v[0].text, text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, net_answer(&control)->errors.v[0].text);
    pvmi_control_free(&control);
}

static void all_hosts_of_a_request_are_asked_for_at_once(void **state)
{
    struct net *net = *state;
    uint32_t wid;

    add_two(net);
    wid = asked(net, 2, 2);
    assert_int_equal(net->launches, 2);
    answer(net, hoster, wid, "ready", "ready");
    added(net, pvmi_tid_of_host(2), pvmi_tid_of_host(3), NULL);
    assert_int_equal(core_hosts(net->hosts[3].core, NULL, NULL, 0), 3);
    assert_int_equal(net->launch_kept, 2);
}

/* Which of the two commands is ready first does not matter; one host that is known already does not hold up the other. */
static void it_is_asked_when_all_commands_are_there(void **state)
{
    struct net *net = *state;

    net->hold_commands = true;
    add_two(net);
    assert_null(net_frame(net, hoster));
    net_command(net, 3);
    net_run(net);
    assert_null(net_frame(net, hoster));
    pvmi_fault_set(&net_post(net, 1, CORE_EVENT_LAUNCHED, net->hosted[2])->event.launched.fault, PvmDupHost, NULL,
                   "it is h1");
    net_run(net);
    answer(net, hoster, asked(net, 1, 3), NULL, "ready");
    added(net, PvmDupHost, pvmi_tid_of_host(3), "it is h1");
}

static void names_of_errors_and_nonsense_come_back_as_such(void **state)
{
    struct net *net = *state;

    add_two(net);
    answer(net, hoster, asked(net, 2, 2), "PvmNoHost", "what is that");
    added(net, PvmNoHost, PvmCantStart, NULL);
    assert_int_equal(net->launch_dropped, 2);
}

static void a_host_that_the_answer_leaves_out_has_failed(void **state)
{
    struct net *net = *state;

    add_two(net);
    answer(net, hoster, asked(net, 2, 2), NULL, "ready");
    added(net, PvmCantStart, pvmi_tid_of_host(3), "leaves it out");
}

static void an_answer_that_is_none_fails_all(void **state)
{
    struct net *net = *state;
    struct pvmi_items_writer items = { .data = NULL };
    uint32_t wid;

    add_two(net);
    wid = asked(net, 2, 2);
    pvmi_items_put_string(&items, "I am no answer");
    send_items(net, hoster, wid, &items);
    added(net, PvmCantStart, PvmCantStart, "cannot be understood");
}

static void only_the_first_answer_counts(void **state)
{
    struct net *net = *state;
    uint32_t wid;

    add_two(net);
    wid = asked(net, 2, 2);
    answer(net, hoster, wid, "ready", "ready");
    added(net, pvmi_tid_of_host(2), pvmi_tid_of_host(3), NULL);
    answer(net, hoster, wid, "PvmCantStart", "ready");
    assert_true(net_logged(net, "nobody waits for"));
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 3);
}

static void only_the_hoster_answers_and_with_its_wait_id(void **state)
{
    struct net *net = *state;
    uint32_t wid;

    add_two(net);
    wid = asked(net, 2, 2);
    answer(net, adder, wid, "PvmNoHost", "PvmNoHost");
    answer(net, hoster, wid + 1, "PvmNoHost", "PvmNoHost");
    assert_false(net_has_answer(net, adder));
    answer(net, hoster, wid, "ready", "ready");
    added(net, pvmi_tid_of_host(2), pvmi_tid_of_host(3), NULL);
}

/* Hosts that are in another question, or in none, or no hosts at all. */
static void it_speaks_only_of_what_it_was_asked_for(void **state)
{
    struct net *net = *state;
    char *second[] = { "h2" };
    char *third[] = { "h3" };
    struct pvmi_items_writer items = { .data = NULL };
    uint32_t wid, other;

    add(net, second, 1);
    wid = asked(net, 1, 2);
    add(net, third, 1);
    other = asked(net, 1, 3);
    pvmi_items_put_int(&items, 4);
    pvmi_items_put_int(&items, pvmi_tid_of_host(3));
    pvmi_items_put_string(&items, "PvmNoHost");
    pvmi_items_put_int(&items, 7);
    pvmi_items_put_string(&items, "ready");
    pvmi_items_put_int(&items, -1);
    pvmi_items_put_string(&items, "ready");
    pvmi_items_put_int(&items, pvmi_tid_of_host(2));
    pvmi_items_put_string(&items, "ready");
    send_items(net, hoster, wid, &items);
    assert_true(net_logged(net, "does not wait for it"));
    added(net, pvmi_tid_of_host(2), 0, NULL);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 2);
    answer(net, hoster, other, NULL, "ready");
    added(net, pvmi_tid_of_host(3), 0, NULL);
}

static void an_answer_that_comes_too_late_changes_nothing(void **state)
{
    struct net *net = *state;
    uint32_t wid;

    add_two(net);
    wid = asked(net, 2, 2);
    net_advance(net, 299000);
    assert_false(net_has_answer(net, adder));
    net_advance(net, 2000);
    added(net, PvmCantStart, PvmCantStart, "within 300 s");
    answer(net, hoster, wid, "ready", "ready");
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 1);
    assert_int_equal(net->launch_dropped, 2);
}

static void a_hoster_that_ends_has_failed_what_it_was_given(void **state)
{
    struct net *net = *state;

    add_two(net);
    asked(net, 2, 2);
    net_task_dies(net, hoster);
    added(net, PvmCantStart, PvmCantStart, "has ended or left before it answered");
}

/* What it was not yet given, and all later hosts, are started as without it. */
static void without_it_the_ordinary_launcher_goes_on(void **state)
{
    struct net *net = *state;
    char *lines[] = { "h4" };

    net->hold_commands = true;
    add_two(net);
    net_command(net, 2);
    net_run(net);
    net_task_dies(net, hoster);
    net_command(net, 3);
    net_run(net);
    added(net, pvmi_tid_of_host(2), pvmi_tid_of_host(3), NULL);
    net->hold_commands = false;
    add(net, lines, 1);
    added(net, pvmi_tid_of_host(4), 0, NULL);
    assert_int_equal(net->commands, 2);
}

static void hosts_with_via_local_are_not_asked_for(void **state)
{
    struct net *net = *state;
    char *lines[] = { "h2 via=local" };

    add(net, lines, 1);
    assert_null(net_frame(net, hoster));
    added(net, pvmi_tid_of_host(2), 0, NULL);
}

/* A task of another host may put what it likes into the mailbox. */
static void a_task_of_another_host_is_none(void **state)
{
    struct net *net = net_machine(2);
    struct pvmi_msg_mailbox put = { .op = PVMI_MAILBOX_PUT, .name = PVMHOSTERCLASS, .flags = PvmMboxMultiInstance };
    char *lines[] = { "h3" };
    struct pvmi_control control;
    int far = net_task(net, 2);

    *state = net;
    adder = net_task(net, 1);
    control = net_request(net, far, PVMI_MSG_mailbox, &put);
    pvmi_control_free(&control);
    add(net, lines, 1);
    assert_int_equal(net->commands, 0);
    added(net, pvmi_tid_of_host(3), 0, NULL);
}

static void a_halt_does_not_wait_for_it(void **state)
{
    struct net *net = *state;

    add_two(net);
    asked(net, 2, 2);
    net_post(net, 1, CORE_EVENT_HALT, 0);
    net_run(net);
    added(net, PvmSysErr, PvmSysErr, "halting");
}

/* ---- the daemon that a hoster has started ---- */

/* It is refused as long as the hoster has not answered: that is no reason to end. */
static void it_waits_as_long_as_it_was_told(void **state)
{
    struct net *net = net_machine(1);

    *state = net;
    net->welcome_ms = 330000;
    net_core_start(net, 2, "h2");
    net_advance(net, 329000);
    assert_false(net->hosts[2].stopped);
    assert_int_equal(core_hosts(net->hosts[1].core, NULL, NULL, 0), 1);
    net_advance(net, 2000);
    assert_true(net->hosts[2].stopped);
    assert_non_null(strstr(net->hosts[2].stop_text, "did not let this host in within 330 s"));
}

static void it_ends_when_the_first_host_has_gone(void **state)
{
    struct net *net = net_machine(1);

    *state = net;
    net->welcome_ms = 330000;
    net_core_start(net, 2, "h2");
    net_advance(net, 3000);
    net_kill_daemon(net, 1);
    net_advance(net, 3000);
    assert_true(net->hosts[2].stopped);
    assert_non_null(strstr(net->hosts[2].stop_text, "it refuses connections"));
}

/* Who refuses from the beginning may be another computer with that address: the first host may still get here. */
static void it_goes_on_where_it_has_never_met_the_first_host(void **state)
{
    struct net *net = net_machine(1);

    *state = net;
    net_power_off(net, 1);
    memset(net->cut, 0, sizeof(net->cut));
    net->welcome_ms = 330000;
    net_core_start(net, 2, "h2");
    net_advance(net, 20000);
    assert_false(net->hosts[2].stopped);
}

/* ---- one that starts with the daemon ---- */

/* A machine whose hoster is about to start, and whose host file has h2. */
static struct net *named_hoster(void)
{
    struct net *net = net_new();
    char *lines[] = { "h2" };

    net->hoster = " /bin/hoster  a b";
    net->auto_start = false;
    net_core_start(net, 1, "h1");
    net_run(net);
    assert_int_equal(net->process_count, 1);
    assert_string_equal(net->processes[0].file, "/bin/hoster");
    net_post(net, 1, CORE_EVENT_ADD, 0)->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
    net_run(net);
    assert_int_equal(net->commands, 1);
    assert_false(net->hosts[2].ready);
    return net;
}

static void one_that_cannot_be_started_is_told_and_holds_up_nothing(void **state)
{
    struct net *net = named_hoster();
    struct net_event *event = net_post(net, 1, CORE_EVENT_START_FAILED, net->processes[0].handle);

    *state = net;
    pvmi_fault_set(&event->event.start_failed.fault, PvmNoFile, "h1", "there is no such hoster");
    net_run(net);
    assert_true(net_logged(net, "cannot be started: there is no such hoster"));
    assert_true(net->hosts[2].ready);
}

static void one_that_does_not_register_is_not_waited_for_for_ever(void **state)
{
    struct net *net = named_hoster();

    *state = net;
    net_started(net, &net->processes[0]);
    net_advance(net, 9000);
    assert_false(net->hosts[2].ready);
    net_advance(net, 2000);
    assert_true(net_logged(net, "has not registered in time"));
    assert_true(net->hosts[2].ready);
}

static void one_that_registers_is_asked_for_the_hosts_that_waited(void **state)
{
    struct net *net = named_hoster();
    struct pvmi_msg_mailbox put = { .op = PVMI_MAILBOX_PUT, .name = PVMHOSTERCLASS, .flags = PvmMboxMultiInstance };
    struct pvmi_control control;

    *state = net;
    net_started(net, &net->processes[0]);
    net_run(net);
    hoster = net_claim(net, 0);
    control = net_request(net, hoster, PVMI_MSG_mailbox, &put);
    pvmi_control_free(&control);
    answer(net, hoster, asked(net, 1, 2), "ready", NULL);
    assert_true(net->hosts[2].ready);
}

/* ---- memory ---- */

/* Asks for two hosts, while the allocation nth of a step fails. True when there is an answer for each of them, and the
 * virtual machine goes on. */
static bool adds_with_fault(struct net *net, int step, int nth)
{
    struct pvmi_control control;
    bool good;

    net->fail_step = net->steps + step;
    net->fail_nth = nth;
    add_two(net);
    if (!pvmi_list_empty(&net->tasks[hoster].frames))
        answer(net, hoster, asked(net, 2, 2), "ready", "ready");
    net_advance(net, 320000);
    if (net->hosts[1].stopped || !net_has_answer(net, adder))
        return false;
    control = net_take(net, adder, PVMI_MSG_answer);
    good = net_answer(&control)->error.code == PvmNoMem || net_answer(&control)->values.n == 2;
    pvmi_control_free(&control);
    return good;
}

static void whatever_finds_no_memory_is_told(void **state)
{
    *state = NULL;
    for (int step = 1; step <= FAIL_STEPS; step++) {
        for (int nth = 0; nth < FAILS_MAX; nth++) {
            hoster_setup(state);
            if (!adds_with_fault(*state, step, nth))
                fail_msg("step %d, allocation %d", step, nth);
            assert_int_equal(net_tear_down(state), 0);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hoster_setup, net_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_hosts_of_a_request_are_asked_for_at_once),
        TEST(it_is_asked_when_all_commands_are_there),
        TEST(names_of_errors_and_nonsense_come_back_as_such),
        TEST(a_host_that_the_answer_leaves_out_has_failed),
        TEST(an_answer_that_is_none_fails_all),
        TEST(only_the_first_answer_counts),
        TEST(only_the_hoster_answers_and_with_its_wait_id),
        TEST(it_speaks_only_of_what_it_was_asked_for),
        TEST(an_answer_that_comes_too_late_changes_nothing),
        TEST(a_hoster_that_ends_has_failed_what_it_was_given),
        TEST(without_it_the_ordinary_launcher_goes_on),
        TEST(hosts_with_via_local_are_not_asked_for),
        cmocka_unit_test_teardown(a_task_of_another_host_is_none, net_tear_down),
        TEST(a_halt_does_not_wait_for_it),
        cmocka_unit_test_teardown(it_waits_as_long_as_it_was_told, net_tear_down),
        cmocka_unit_test_teardown(it_ends_when_the_first_host_has_gone, net_tear_down),
        cmocka_unit_test_teardown(it_goes_on_where_it_has_never_met_the_first_host, net_tear_down),
        cmocka_unit_test_teardown(one_that_cannot_be_started_is_told_and_holds_up_nothing, net_tear_down),
        cmocka_unit_test_teardown(one_that_does_not_register_is_not_waited_for_for_ever, net_tear_down),
        cmocka_unit_test_teardown(one_that_registers_is_asked_for_the_hosts_that_waited, net_tear_down),
        cmocka_unit_test_teardown(whatever_finds_no_memory_is_told, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
