/* SPDX-License-Identifier: BSD-3-Clause */
/* Every message of control.def from everybody who may not send it: the connection of a task ends, a daemon's
 * message is dropped, and nothing has changed. */
#include "pvmd/core/link.h"
#include "pvmd/core/peer.h"
#include "tests/unit/core_net.h"

struct message {
    int type;
    int senders;
};

static const struct message messages[] = {
#define MESSAGE(name, number, senders) { number, senders },
#include "wire/control.def"
};

#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

struct picture {
    struct core_counts counts;
    uint64_t index, hash;
    int processes;
};

static struct picture take_picture(struct net *net, int host)
{
    struct picture picture;

    core_count(net->hosts[host].core, &picture.counts);
    picture.counts.session_frames = 0;
    picture.index = core_state_index(net->hosts[host].core);
    picture.hash = core_state_hash(net->hosts[host].core);
    picture.processes = net->process_count;
    return picture;
}

static void expect_same(const struct picture *before, const struct picture *after, int tasks_fewer)
{
    assert_int_equal(before->counts.hosts, after->counts.hosts);
    assert_int_equal(before->counts.tasks - tasks_fewer, after->counts.tasks);
    assert_int_equal(before->counts.requests, after->counts.requests);
    assert_int_equal(before->counts.watches, after->counts.watches);
    assert_int_equal(before->counts.joins, after->counts.joins);
    assert_int_equal(before->index, after->index);
    assert_int_equal(before->hash, after->hash);
    assert_int_equal(before->processes, after->processes);
}

/* A message of that type with nothing in it. */
static struct pvmi_frame *empty_message(int type)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL };
    void *msg = calloc(1, pvmi_control_size(type));
    struct pvmi_frame *frame;
    struct pvmi_blob *blob;

    assert_non_null(msg);
    assert_int_equal(pvmi_control_encode_blob(type, msg, &blob), PvmOk);
    free(msg);
    header.message_length = blob->length;
    frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
    pvmi_blob_unref(blob);
    return frame;
}

static void send_as_task(struct net *net, int task, int type)
{
    struct net_link *link = &net->links[net->tasks[task].net_link];

    net_post(net, net->tasks[task].host, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame =
        empty_message(type);
    net_run(net);
}

static void what_a_stranger_may_not_say_ends_its_connection(void **state)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        struct net *net = net_machine(1);
        struct picture before;
        struct picture after;
        int task;

        *state = net;
        if ((messages[i].senders & PVMI_FROM_STRANGER) == 0) {
            task = net_connect(net, 1, 1);
            before = take_picture(net, 1);
            send_as_task(net, task, messages[i].type);
            assert_true(net->tasks[task].closed);
            assert_false(net_has_answer(net, task));
            after = take_picture(net, 1);
            expect_same(&before, &after, 0);
        }
        net_free(net);
        *state = NULL;
    }
}

static void what_a_task_may_not_say_ends_its_connection(void **state)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        struct net *net = net_machine(2);
        struct picture before;
        struct picture after;
        int task;

        *state = net;
        if ((messages[i].senders & PVMI_FROM_TASK) == 0) {
            task = net_task(net, 1);
            before = take_picture(net, 1);
            send_as_task(net, task, messages[i].type);
            assert_true(net->tasks[task].closed);
            after = take_picture(net, 1);
            expect_same(&before, &after, 1);
        }
        net_free(net);
        *state = NULL;
    }
}

/* Puts the message where the next one of host from would come, on its control link to host to. */
static void send_as_host(struct net *net, int from, int to, int type)
{
    struct channel *channel = &peer_find(net->hosts[to].core, from)->channels[PVMI_CHANNEL_CONTROL];
    struct pvmi_frame *frame = empty_message(type);

    assert_non_null(channel->link);
    frame->header.number = channel->session.in_next;
    net_post(net, to, CORE_EVENT_FRAME, channel->link->handle)->event.frame.frame = frame;
    net_run(net);
}

static void daemon_says(void **state, int from, int to, int allowed)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        struct net *net = net_machine(3);
        struct picture before;
        struct picture after;
        char line[80];

        *state = net;
        if ((messages[i].senders & allowed) == 0) {
            before = take_picture(net, to);
            send_as_host(net, from, to, messages[i].type);
            after = take_picture(net, to);
            expect_same(&before, &after, 0);
            snprintf(line, sizeof(line), "\"%s\", which it may not", pvmi_control_name(messages[i].type));
            assert_true(net_logged(net, line));
            assert_false(net->hosts[to].stopped);
        }
        net_free(net);
        *state = NULL;
    }
}

static void what_a_host_may_not_say_is_dropped(void **state)
{
    daemon_says(state, 2, 1, PVMI_FROM_HOST);
}

static void what_the_orderer_may_not_say_is_dropped(void **state)
{
    daemon_says(state, 1, 2, PVMI_FROM_HOST | PVMI_FROM_ORDERER);
}

static void bytes_that_are_no_message_end_a_tasks_connection(void **state)
{
    struct net *net = net_machine(1);
    const char *garbage[] = {
        "", "x", "\x91", "\x92\x01", "\xdd\xff\xff\xff\xff\x01", "\x91\xce\xff\xff\xff\xff"
    };

    *state = net;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL };
        struct pvmi_blob *blob = pvmi_blob_copy(garbage[i], strlen(garbage[i]));
        int task = net_task(net, 1);
        struct net_link *link = &net->links[net->tasks[task].net_link];

        net_post(net, 1, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame =
            pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
        pvmi_blob_unref(blob);
        net_run(net);
        assert_true(net->tasks[task].closed);
    }
}

/* Allowed, but with nothing in it: answered or ignored, never a crash. */
static void empty_messages(void **state, int senders, void (*send)(struct net *net, int type))
{
    for (size_t i = 0; i < MESSAGES; i++) {
        struct net *net;

        if ((messages[i].senders & senders) == 0)
            continue;
        net = net_machine(3);
        *state = net;
        send(net, messages[i].type);
        net_advance(net, 3000);
        net_free(net);
        *state = NULL;
    }
}

static void send_from_task(struct net *net, int type)
{
    send_as_task(net, net_task(net, 2), type);
}

static void send_from_host(struct net *net, int type)
{
    send_as_host(net, 2, 1, type);
}

static void send_from_orderer(struct net *net, int type)
{
    send_as_host(net, 1, 2, type);
}

static void an_empty_message_of_every_kind_is_survived(void **state)
{
    empty_messages(state, PVMI_FROM_TASK, send_from_task);
    empty_messages(state, PVMI_FROM_HOST, send_from_host);
    empty_messages(state, PVMI_FROM_HOST | PVMI_FROM_ORDERER, send_from_orderer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_a_stranger_may_not_say_ends_its_connection, net_tear_down),
        cmocka_unit_test_teardown(what_a_task_may_not_say_ends_its_connection, net_tear_down),
        cmocka_unit_test_teardown(what_a_host_may_not_say_is_dropped, net_tear_down),
        cmocka_unit_test_teardown(what_the_orderer_may_not_say_is_dropped, net_tear_down),
        cmocka_unit_test_teardown(bytes_that_are_no_message_end_a_tasks_connection, net_tear_down),
        cmocka_unit_test_teardown(an_empty_message_of_every_kind_is_survived, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
