/* SPDX-License-Identifier: BSD-3-Clause */
/* Taskers and resource managers, as their daemons see them: what they are asked, what they may say, garbage, and what is
 * left of a request when they go. */
#include "tests/unit/core_net.h"

#include "pvmproto.h"
#include "wire/items.h"

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

/* ---- plug-ins ---- */

static void net_register(struct net *net, int task, const char *class)
{
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_PUT, .name = class, .flags = PvmMboxMultiInstance };
    struct pvmi_control control;

    msg.message.format = pvmi_format_own();
    control = net_request(net, task, PVMI_MSG_mailbox, &msg);
    assert_int_equal(net_answer(&control)->error.code, PvmOk);
    pvmi_control_free(&control);
}

static int net_plugin(struct net *net, int host, const char *class)
{
    int task = net_task(net, host);

    net_register(net, task, class);
    return task;
}

static void net_task_send(struct net *net, int task, struct pvmi_frame *frame)
{
    struct net_link *link = &net->links[net->tasks[task].net_link];

    net_post(net, net->tasks[task].host, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame = frame;
}

/* items as the message number to dst; freed. */
static void net_say(struct net *net, int task, int32_t dst, uint32_t message, int tag, uint32_t wid,
                    struct pvmi_items_writer *items)
{
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_DATA, .encoding = PVMI_ENCODING_DEFAULT, .format = (uint8_t)pvmi_format_own(),
        .message = message, .dst = dst, .tag = tag, .wid = wid, .message_length = items->length,
    };
    struct pvmi_blob *blob = pvmi_blob_copy(items->data, items->length);

    net_task_send(net, task, pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length));
    pvmi_blob_unref(blob);
    pvmi_items_free(items);
    net_run(net);
}

/* The next message at the plug-in has tag and is from src; its wait id. */
static uint32_t net_hears(struct net *net, int task, int tag, int32_t src, struct pvmi_items_reader *items,
                          struct pvmi_frame **ret_frame)
{
    struct pvmi_frame *frame = net_frame(net, task);

    assert_non_null(frame);
    assert_int_equal(frame->header.tag, tag);
    assert_int_equal(frame->header.src, src);
    pvmi_items_read(items, frame->header.encoding, frame->header.format, pvmi_frame_bytes(frame),
                    frame->header.length);
    *ret_frame = frame;
    return frame->header.wid;
}

/* ---- taskers ---- */

/* The tid that the tasker is to start, and its claim. */
static int32_t hears_start(struct net *net, int tasker, uint64_t *ret_nonce)
{
    struct pvmi_items_reader items;
    struct pvmi_frame *frame;
    unsigned tid, claimed;
    unsigned long long nonce = 0;

    net_hears(net, tasker, SM_STTASK, PVMI_TID_PVMD, &items, &frame);
    tid = (unsigned)pvmi_items_int(&items);
    pvmi_items_int(&items);
    assert_string_equal(pvmi_items_string(&items), "/found/child");
    for (int32_t n = pvmi_items_int(&items); n > 0; n--)
        pvmi_items_string(&items);
    pvmi_items_int(&items);
    assert_memory_equal(pvmi_items_string(&items), "PVMEPID=", 8);
    assert_int_equal(sscanf(pvmi_items_string(&items), "PVM_CLAIM=%x:%llx", &claimed, &nonce), 2);
    assert_false(items.failed);
    assert_int_equal(claimed, tid);
    pvmi_frame_free(frame);
    *ret_nonce = nonce;
    return (int32_t)tid;
}

static int32_t spawn_one(struct net *net, int task, const char *where)
{
    struct pvmi_control control = net_spawn(net, task, "child", PvmTaskHost, where, 1);
    int32_t value = net_answer(&control)->values.v[0];

    assert_int_equal(net_answer(&control)->values.n, 1);
    pvmi_control_free(&control);
    return value;
}

static void tells_end(struct net *net, int tasker, int32_t pvmd, uint32_t message, int32_t tid, int status)
{
    struct pvmi_items_writer items = { 0 };

    pvmi_items_put_int(&items, tid);
    pvmi_items_put_int(&items, status);
    for (int i = 0; i < 4; i++)
        pvmi_items_put_int(&items, i);
    net_say(net, tasker, pvmd, message, SM_TASKX, 0, &items);
}

static int enroll_claim(struct net *net, int host, int32_t tid, uint64_t nonce)
{
    int task = net_connect(net, host, 4711);

    assert_int_equal(net_enroll(net, task, tid, nonce), PvmOk);
    assert_int_equal(net->tasks[task].tid, tid);
    return task;
}

static void a_tasker_starts_what_is_spawned_on_its_host_and_tells_of_its_end(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    int tasker = net_plugin(net, 2, PVMTASKERCLASS);
    int32_t tid = spawn_one(net, parent, "h2");
    struct pvmi_frame *frame;
    uint64_t nonce;
    int child;

    assert_true(tid > 0);
    assert_int_equal(hears_start(net, tasker, &nonce), tid);
    child = enroll_claim(net, 2, tid, nonce);
    assert_int_equal(net->tasks[child].parent, net->tasks[parent].tid);
    net_notify(net, parent, PvmTaskExit, 9, tid, 1);
    net_task_dies(net, child);
    tells_end(net, tasker, PVMI_TID_PVMD, 1, tid, 3 << 8);
    frame = net_frame(net, parent);
    assert_non_null(frame);
    assert_int_equal(net_frame_int(frame, 0), tid);
    assert_int_equal(net_frame_int(frame, 1), 3 << 8);
    pvmi_frame_free(frame);
}

static void one_host_has_a_tasker_and_the_others_start_themselves(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    int tasker = net_plugin(net, 2, PVMTASKERCLASS);

    assert_true(spawn_one(net, parent, "h1") > 0);
    assert_null(net_frame(net, tasker));
}

static void what_a_tasker_had_not_brought_to_enrol_fails_with_it(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 1);
    int tasker = net_plugin(net, 2, PVMTASKERCLASS);
    int32_t early = spawn_one(net, parent, "h2");
    int32_t late = spawn_one(net, parent, "h2");
    struct pvmi_frame *frame;
    uint64_t nonce;
    int child;

    assert_int_equal(hears_start(net, tasker, &nonce), early);
    child = enroll_claim(net, 2, early, nonce);
    net_notify(net, parent, PvmTaskExit, 9, early, 1);
    net_notify(net, parent, PvmTaskExit, 9, late, 1);
    net_task_dies(net, tasker);
    net_advance(net, 2000);
    frame = net_frame(net, parent);
    assert_non_null(frame);
    assert_int_equal(net_frame_int(frame, 0), late);
    pvmi_frame_free(frame);
    assert_null(net_frame(net, parent));    /* the other one lives */
    assert_true(net_logged(net, "had not enrolled: it has failed"));

    net_task_dies(net, child);
    net_advance(net, 2000);
    frame = net_frame(net, parent);
    assert_non_null(frame);
    assert_int_equal(net_frame_int(frame, 0), early);
    pvmi_frame_free(frame);
    assert_true(spawn_one(net, parent, "h2") > 0);    /* the ordinary way */
}

static void only_the_tasker_tells_of_ends_and_only_of_its_tasks(void **state)
{
    struct net *net = *state;
    int parent = net_task(net, 2);
    int other = net_task(net, 2);
    int foreign = net_plugin(net, 1, PVMTASKERCLASS);
    int tasker = net_plugin(net, 2, PVMTASKERCLASS);
    int32_t tid = spawn_one(net, parent, "h2");
    int32_t pvmd = PVMI_TID_PVMD | pvmi_tid_of_host(2);
    uint64_t nonce;

    assert_int_equal(hears_start(net, tasker, &nonce), tid);
    net_notify(net, parent, PvmTaskExit, 9, tid, 1);
    tells_end(net, other, pvmd, 1, tid, 0);
    tells_end(net, foreign, pvmd, 1, tid, 0);
    tells_end(net, tasker, pvmd, 1, net->tasks[parent].tid, 0);
    tells_end(net, tasker, pvmd, 2, 0x7fffffff, 0);
    assert_null(net_frame(net, parent));
    enroll_claim(net, 2, tid, nonce);
}

static void garbage_of_a_plugin_is_dropped(void **state)
{
    struct net *net = *state;
    int tasker = net_plugin(net, 1, PVMTASKERCLASS);
    int manager = net_plugin(net, 1, PVMRMCLASS);
    uint8_t bytes[64];
    uint32_t seed = 1;

    for (uint32_t round = 1; round < 2000; round++) {
        struct pvmi_frame_header header = {
            .kind = PVMI_FRAME_DATA, .encoding = round % 3 == 0 ? PVMI_ENCODING_RAW : PVMI_ENCODING_DEFAULT,
            .format = (uint8_t)pvmi_format_own(), .message = round, .dst = PVMI_TID_PVMD,
            .tag = SM_FIRST + (int)(round % 18), .wid = round % 5,
        };
        struct pvmi_blob *blob;
        size_t length;

        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
        if (round % 2 == 0)
            pvmi_section_header_encode(PVMI_TYPE_INT32, 4 * (round % 8), bytes);
        length = round % sizeof(bytes);
        blob = pvmi_blob_copy(bytes, length);
        header.message_length = length + (round % 7 == 0 ? round * 1000 : 0);
        net_task_send(net, round % 2 == 0 ? tasker : manager, pvmi_frame_new(&header, blob, 0, (uint32_t)length));
        pvmi_blob_unref(blob);
    }
    net_run(net);
    assert_false(net->tasks[tasker].closed);
    assert_false(net->tasks[manager].closed);
}

/* ---- managers ---- */

static void a_manager_answers_for_the_daemon(void **state)
{
    struct net *net = *state;
    int manager = net_plugin(net, 2, PVMRMCLASS);
    int task = net_task(net, 2);
    struct pvmi_msg_hosts_query query = { 0 };
    struct pvmi_items_writer answer = { 0 };
    struct pvmi_items_reader items;
    struct pvmi_control control;
    struct pvmi_frame *frame;
    uint32_t wid;

    net_hears(net, manager, SM_EXECACK, PVMI_TID_PVMD, &items, &frame);    /* the task enrols */
    assert_int_equal(pvmi_items_int(&items), 1);
    assert_int_equal(pvmi_items_int(&items), net->tasks[task].tid);
    pvmi_frame_free(frame);
    net_ask(net, task, PVMI_MSG_hosts_query, &query);
    assert_false(net_has_answer(net, task));
    wid = net_hears(net, manager, SM_CONFIG, net->tasks[task].tid, &items, &frame);
    pvmi_frame_free(frame);
    pvmi_items_put_int(&answer, 1);
    pvmi_items_put_int(&answer, 1);
    pvmi_items_put_int(&answer, 0x40000);
    pvmi_items_put_string(&answer, "one");
    pvmi_items_put_string(&answer, "ARCH");
    pvmi_items_put_int(&answer, 5);
    pvmi_items_put_int(&answer, 6);
    net_say(net, manager, net->tasks[task].tid, 1, SM_CONFIG, wid, &answer);
    control = net_take(net, task, PVMI_MSG_hosts);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->hosts.n, 1);
    assert_string_equal(((struct pvmi_msg_hosts *)control.msg)->hosts.v[0].name, "one");
    pvmi_control_free(&control);
    frame = net_frame(net, task);    /* the number of that message is skipped */
    assert_non_null(frame);
    assert_int_equal(frame->header.message, 1);
    assert_int_equal(frame->header.length, 0);
    assert_true(frame->header.offset > 0);
    pvmi_frame_free(frame);
}

static void an_answer_that_is_nonsense_is_an_error(void **state)
{
    struct net *net = *state;
    int manager = net_plugin(net, 2, PVMRMCLASS);
    int task = net_task(net, 2);
    struct pvmi_msg_spawn spawn = { .file = "child", .count = 2 };
    struct pvmi_items_writer answer = { 0 };
    struct pvmi_items_reader items;
    struct pvmi_control control;
    struct pvmi_frame *frame;
    uint32_t wid;

    pvmi_frame_free(net_frame(net, manager));
    net_ask(net, task, PVMI_MSG_spawn, &spawn);
    wid = net_hears(net, manager, SM_SPAWN, net->tasks[task].tid, &items, &frame);
    pvmi_frame_free(frame);
    pvmi_items_put_int(&answer, 3);
    net_say(net, manager, net->tasks[task].tid, 1, SM_SPAWN, wid, &answer);
    control = net_take(net, task, PVMI_MSG_answer);
    assert_int_equal(net_answer(&control)->error.code, PvmDSysErr);
    pvmi_control_free(&control);
}

static void nobody_hangs_when_the_manager_goes(void **state)
{
    struct net *net = *state;
    int manager = net_plugin(net, 2, PVMRMCLASS);
    int task = net_task(net, 2);
    struct pvmi_msg_hosts_query query = { 0 };
    struct pvmi_control control;

    net_ask(net, task, PVMI_MSG_hosts_query, &query);
    assert_false(net_has_answer(net, task));
    net_task_dies(net, manager);
    control = net_take(net, task, PVMI_MSG_hosts);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->error.code, PvmSysErr);
    assert_non_null(strstr(((struct pvmi_msg_hosts *)control.msg)->error.text, "has ended or left"));
    pvmi_control_free(&control);
    net_ask(net, task, PVMI_MSG_hosts_query, &query);    /* the ordinary way */
    control = net_take(net, task, PVMI_MSG_hosts);
    assert_int_equal(((struct pvmi_msg_hosts *)control.msg)->hosts.n, 2);
    pvmi_control_free(&control);
}

static void a_manager_has_tasks_started_on_any_host(void **state)
{
    struct net *net = *state;
    int manager = net_plugin(net, 1, PVMRMCLASS);
    struct pvmi_items_writer exec = { 0 };
    struct pvmi_items_reader items;
    struct pvmi_frame *frame;
    int32_t pvmd = PVMI_TID_PVMD | pvmi_tid_of_host(2), tid;
    int child;

    pvmi_items_put_int(&exec, net->tasks[manager].tid);
    pvmi_items_put_string(&exec, "child");
    pvmi_items_put_int(&exec, 0);
    pvmi_items_put_int(&exec, 1);
    pvmi_items_put_int(&exec, 0);
    for (int i = 0; i < 6; i++)
        pvmi_items_put_int(&exec, 0);
    pvmi_items_put_int(&exec, 2);
    pvmi_items_put_string(&exec, "PVMCTX=0x7");
    pvmi_items_put_string(&exec, "NAME=value");
    net_say(net, manager, pvmd, 1, SM_EXEC, 77, &exec);
    assert_int_equal(net_hears(net, manager, SM_EXECACK, pvmd, &items, &frame), 77);
    assert_int_equal(pvmi_items_int(&items), 1);
    tid = pvmi_items_int(&items);
    pvmi_frame_free(frame);
    assert_int_equal(net->process_count, 1);
    assert_int_equal(net->processes[0].tid, tid);
    child = net_claim(net, 0);
    net_task_dies(net, child);
    net_process_ends(net, 0, 5 << 8, true);
    net_hears(net, manager, SM_TASKX, pvmd, &items, &frame);
    assert_int_equal(pvmi_items_int(&items), tid);
    assert_int_equal(pvmi_items_int(&items), 5 << 8);
    pvmi_frame_free(frame);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, two_hosts, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tasker_starts_what_is_spawned_on_its_host_and_tells_of_its_end),
        TEST(one_host_has_a_tasker_and_the_others_start_themselves),
        TEST(what_a_tasker_had_not_brought_to_enrol_fails_with_it),
        TEST(only_the_tasker_tells_of_ends_and_only_of_its_tasks),
        TEST(garbage_of_a_plugin_is_dropped),
        TEST(a_manager_answers_for_the_daemon),
        TEST(an_answer_that_is_nonsense_is_an_error),
        TEST(nobody_hangs_when_the_manager_goes),
        TEST(a_manager_has_tasks_started_on_any_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
