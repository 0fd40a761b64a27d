/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox, contexts and clocks, as the daemons have them: rules, readers that wait, tasks and hosts that go, bodies
 * in pieces, and limits. */
#include "tests/unit/core_net.h"

#define LONG (3u << 20)    /* bytes of a body that goes in pieces */

static int two_hosts(void **state)
{
    *state = net_machine(2);
    return 0;
}

static struct pvmi_msg_mailbox message(int op, const char *name, int index, int flags)
{
    struct pvmi_msg_mailbox msg = { .op = op, .name = name, .index = index, .flags = flags };

    return msg;
}

/* ---- requests ---- */

/* What body has at a place. */
static uint8_t body_byte(size_t length, size_t at)
{
    return (uint8_t)(at * 7 + at / 61440 + length);
}

/* Sends a put with a body of length bytes, whole or in pieces; the last one only if whole. */
static void send_put(struct net *net, int task, struct pvmi_msg_mailbox msg, size_t length, bool whole)
{
    uint8_t bytes[PVMI_MAILBOX_PIECE];
    int op = msg.op;
    size_t at = 0;

    msg.id = net->tasks[task].next_id++;
    msg.message = (struct pvmi_rec_message){ .format = 3, .tag = 5, .ctx = 6, .src = 7, .length = length };
    for (;;) {
        size_t piece = length - at < sizeof(bytes) ? length - at : sizeof(bytes);

        for (size_t i = 0; i < piece; i++)
            bytes[i] = body_byte(length, at + i);
        msg.body = (struct pvmi_bytes){ .data = bytes, .length = (uint32_t)piece };
        msg.op = at + piece == length ? op : PVMI_MAILBOX_PIECE_OF;
        at += piece;
        if (at == length && !whole)
            break;
        net_task_send_control(net, task, PVMI_MSG_mailbox, &msg);
        if (at == length)
            break;
    }
    net_run(net);
}

static int put_bytes(struct net *net, int task, const char *name, int index, int flags, size_t length)
{
    send_put(net, task, message(PVMI_MAILBOX_PUT, name, index, flags), length, true);
    for (int i = 0; i < 1000 && !net_has_answer(net, task); i++)
        net_advance(net, 60);    /* acknowledgements take their time */
    return net_has_answer(net, task) ? net_result(net, task) : PVMI_AGAIN;
}

static int put(struct net *net, int task, const char *name, int index, int flags)
{
    return put_bytes(net, task, name, index, flags, 100);
}

static int insert(struct net *net, int task, const char *name, int index)
{
    send_put(net, task, message(PVMI_MAILBOX_INSERT, name, index, 3), 4, true);
    return net_result(net, task);
}

static int delete(struct net *net, int task, const char *name, int index)
{
    struct pvmi_msg_mailbox msg = message(PVMI_MAILBOX_DELETE, name, index, 0);

    net_ask(net, task, PVMI_MSG_mailbox, &msg);
    return net_result(net, task);
}

static void ask_get(struct net *net, int task, const char *name, int index, int flags)
{
    struct pvmi_msg_mailbox msg = message(PVMI_MAILBOX_GET, name, index, flags);

    net_ask(net, task, PVMI_MSG_mailbox, &msg);
}

/* The next control message to the task, to be freed. */
static struct pvmi_control take_any(struct net *net, int task)
{
    struct pvmi_frame *frame = PVMI_CONTAINER(pvmi_list_pop(&net->tasks[task].answers), struct pvmi_frame, link);
    struct pvmi_control control;

    assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control), PvmOk);
    pvmi_frame_free(frame);
    return control;
}

/* The answer to a get: its index or code, with *ret_length and the bytes looked at; PVMI_AGAIN when none comes. */
static int got(struct net *net, int task, size_t *ret_length)
{
    size_t have = 0;

    for (int tries = 0; tries < 1000; tries++) {
        while (net_has_answer(net, task)) {
            struct pvmi_control control = take_any(net, task);
            const struct pvmi_msg_mailbox_found *found = control.msg;
            int result;

            if (control.type == PVMI_MSG_answer) {
                result = net_answer(&control)->error.code;
                assert_true(result < 0);
                pvmi_control_free(&control);
                return result;
            }
            assert_int_equal(control.type, PVMI_MSG_mailbox_found);
            for (size_t i = 0; i < found->body.length; i++, have++)
                assert_int_equal(found->body.data[i], body_byte(found->message.length, have));
            result = found->index;
            bool last = found->more == 0;
            if (last) {
                assert_int_equal(have, found->message.length);
                assert_int_equal(found->message.tag, 5);
                assert_int_equal(found->message.src, 7);
            }
            pvmi_control_free(&control);
            if (last) {
                if (ret_length != NULL)
                    *ret_length = have;
                return result;
            }
        }
        if (have == 0)
            break;
        net_advance(net, 60);
    }
    return PVMI_AGAIN;
}

static int get(struct net *net, int task, const char *name, int index, int flags)
{
    ask_get(net, task, name, index, flags);
    return got(net, task, NULL);
}

/* "NAME:INDEX/OWNER/FLAGS " for each entry; owner 0 or the number of the test's task + 1. */
static void list(struct net *net, int task, const char *pattern, char *text, size_t size)
{
    struct pvmi_msg_mailbox msg = message(PVMI_MAILBOX_LIST, pattern, 0, 0);
    struct pvmi_control control;
    const struct pvmi_msg_mailbox_found *found;
    size_t at = 0;

    net_ask(net, task, PVMI_MSG_mailbox, &msg);
    control = net_take(net, task, PVMI_MSG_mailbox_found);
    found = control.msg;
    text[0] = '\0';
    for (uint32_t i = 0; i < found->entries.n; i++) {
        const struct pvmi_rec_entry *entry = &found->entries.v[i];
        int owner = 0;

        for (int k = 0; k < NET_TASKS; k++)
            if (entry->owner != 0 && net->tasks[k].used && net->tasks[k].tid == entry->owner)
                owner = k + 1;
        at += (size_t)snprintf(text + at, size - at, "%s:%d/%d/%d ", entry->name, entry->index, owner, entry->flags);
    }
    pvmi_control_free(&control);
}

static void assert_list(struct net *net, int task, const char *pattern, const char *wanted)
{
    char text[512];

    list(net, task, pattern, text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void assert_same_everywhere(struct net *net)
{
    net_advance(net, 200);
    for (int i = 2; i <= NET_HOSTS; i++)
        if (net->hosts[i].core != NULL && !net->hosts[i].dead && !net->hosts[i].stopped)
            assert_true(core_state_hash(net->hosts[i].core) == core_state_hash(net->hosts[1].core));
}

static void assert_nothing_open(struct net *net)
{
    net_advance(net, 1000);
    for (int i = 1; i <= NET_HOSTS; i++) {
        struct core_counts counts;

        if (net->hosts[i].core == NULL || net->hosts[i].dead || net->hosts[i].stopped)
            continue;
        core_count(net->hosts[i].core, &counts);
        assert_int_equal(counts.requests, 0);
    }
}

/* ---- the rules ---- */

static void an_entry_is_replaced_by_whom_it_belongs_to(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);

    assert_int_equal(put(net, a, "c", 0, 0), 0);
    assert_int_equal(put(net, a, "c", 0, 0), 0);
    assert_int_equal(put(net, b, "c", 0, 0), PvmDenied);
    assert_int_equal(put(net, b, "c", 3, 3 << 10), 3);
    assert_int_equal(put(net, b, "o", 0, PvmMboxOverWritable), 0);
    assert_int_equal(put(net, a, "o", 0, 0), 0);
    assert_int_equal(put(net, b, "o", 0, 0), PvmDenied);    /* its flags are new ones, too */
    assert_list(net, b, "", "c:0/1/0 c:3/2/3072 o:0/1/0 ");
    assert_same_everywhere(net);
}

static void more_instances_fill_the_holes(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);

    assert_int_equal(put(net, a, "m", 0, PvmMboxMultiInstance), 0);
    assert_int_equal(put(net, b, "m", 0, PvmMboxMultiInstance), 1);
    assert_int_equal(put(net, b, "m", 3, PvmMboxMultiInstance | 3 << 10), 3);
    assert_int_equal(put(net, b, "m", 1, PvmMboxMultiInstance | 1 << 10), 2);
    assert_int_equal(delete(net, b, "m", 1), 1);
    assert_int_equal(put(net, a, "m", 0, PvmMboxMultiInstance), 1);
    assert_int_equal(put(net, a, "m", 0, PvmMboxMultiInstance), 4);
    assert_int_equal(delete(net, a, "m", 3), PvmDenied);
    assert_int_equal(delete(net, a, "m", 9), PvmNotFound);
    assert_int_equal(delete(net, a, "m", -1), PvmBadParam);
    assert_same_everywhere(net);
}

static void inserts_take_free_places_alone(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 2);

    assert_int_equal(insert(net, a, "x", -1), 0);
    assert_int_equal(insert(net, a, "x", 2), 2);
    assert_int_equal(insert(net, a, "x", -1), 1);
    assert_int_equal(insert(net, a, "x", -1), 3);
    assert_int_equal(insert(net, a, "x", 1), PvmDenied);
    assert_int_equal(insert(net, a, "x", INT32_MAX), INT32_MAX);
    assert_int_equal(insert(net, a, "x", -2), PvmBadParam);
}

static void what_is_read_is_what_was_put(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    size_t length;

    assert_int_equal(put_bytes(net, a, "r", 2, 2 << 10, 777), 2);
    for (int task = a; task <= b; task++) {
        assert_int_equal(get(net, task, "r", 0, 0), PvmNotFound);
        assert_int_equal(get(net, task, "s", 0, 0), PvmNotFound);
        assert_int_equal(get(net, task, "r", 3, PvmMboxFirstAvail), PvmNotFound);
        assert_int_equal(get(net, task, "r", -1, 0), PvmBadParam);
        assert_int_equal(get(net, task, "", 0, 0), PvmBadParam);
        ask_get(net, task, "r", 0, PvmMboxFirstAvail);
        assert_int_equal(got(net, task, &length), 2);
        assert_int_equal(length, 777);
    }
    assert_int_equal(get(net, b, "r", 2, PvmMboxReadAndDelete), PvmDenied);
    assert_int_equal(get(net, a, "r", 2, PvmMboxReadAndDelete), 2);
    assert_int_equal(get(net, a, "r", 2, 0), PvmNotFound);
    assert_int_equal(put_bytes(net, b, "empty", 0, PvmMboxOverWritable, 0), 0);
    ask_get(net, a, "empty", 0, PvmMboxReadAndDelete);
    assert_int_equal(got(net, a, &length), 0);
    assert_int_equal(length, 0);
    assert_list(net, a, "", "");
    assert_nothing_open(net);
}

static void patterns_are_parts_of_names(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 2);
    static const char *const names[] = { "abc", "abd", "xyz", "a.c" };

    for (int i = 0; i < 4; i++)
        put(net, a, names[i], 0, 0);
    assert_list(net, a, "ab", "abc:0/1/0 abd:0/1/0 ");
    assert_list(net, a, "ab*", "abc:0/1/0 abd:0/1/0 ");
    assert_list(net, a, "*c", "abc:0/1/0 a.c:0/1/0 ");
    assert_list(net, a, "a*c", "abc:0/1/0 a.c:0/1/0 ");
    assert_list(net, a, "a.c", "a.c:0/1/0 ");
    assert_list(net, a, "**z**", "xyz:0/1/0 ");
    assert_list(net, a, "c*a", "");
    assert_list(net, a, "c$", "");
    assert_list(net, a, NULL, "abc:0/1/0 abd:0/1/0 xyz:0/1/0 a.c:0/1/0 ");
}

/* ---- readers that wait ---- */

static void readers_wait_for_their_entry(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 2);

    assert_int_equal(get(net, b, "w", 0, PvmMboxWaitForInfo), PVMI_AGAIN);
    assert_int_equal(get(net, c, "w", 1, PvmMboxWaitForInfo | PvmMboxFirstAvail), PVMI_AGAIN);
    assert_int_equal(put(net, a, "other", 0, 0), 0);
    assert_false(net_has_answer(net, b));
    assert_int_equal(put(net, a, "w", 0, 0), 0);
    assert_int_equal(got(net, b, NULL), 0);
    assert_false(net_has_answer(net, c));
    assert_int_equal(put(net, a, "w", 5, 5 << 10), 5);
    assert_int_equal(got(net, c, NULL), 5);
    assert_int_equal(get(net, c, "w", 0, PvmMboxWaitForInfo), 0);    /* it is there */
    assert_nothing_open(net);
}

static void one_of_two_waiting_readers_takes_it_away(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 1);
    int flags = PvmMboxWaitForInfo | PvmMboxReadAndDelete;

    assert_int_equal(get(net, b, "w", 0, flags), PVMI_AGAIN);
    assert_int_equal(get(net, c, "w", 0, flags), PVMI_AGAIN);
    assert_int_equal(put(net, a, "w", 0, PvmMboxOverWritable), 0);
    assert_int_equal(got(net, b, NULL), 0);
    assert_false(net_has_answer(net, c));
    assert_int_equal(put(net, a, "w", 0, 0), 0);
    assert_int_equal(got(net, c, NULL), PvmDenied);
    assert_list(net, a, "w", "w:0/1/0 ");
    assert_nothing_open(net);
}

static void a_reader_that_ends_waits_no_more(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 1);

    assert_int_equal(get(net, b, "w", 0, PvmMboxWaitForInfo), PVMI_AGAIN);
    assert_int_equal(get(net, c, "w", 0, PvmMboxWaitForInfo | PvmMboxReadAndDelete), PVMI_AGAIN);
    net_task_dies(net, b);
    net_task_dies(net, c);
    assert_nothing_open(net);
    assert_int_equal(put(net, a, "w", 0, PvmMboxOverWritable), 0);
    assert_list(net, a, "", "w:0/1/4 ");
}

/* ---- owners that go ---- */

static void entries_go_with_their_owner(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);

    put(net, b, "one", 0, 0);
    put(net, b, "two", 0, PvmMboxMultiInstance);
    put(net, b, "two", 0, PvmMboxMultiInstance | PvmMboxPersistent);
    put(net, b, "two", 0, PvmMboxMultiInstance);
    put(net, b, "free", 0, PvmMboxPersistent | PvmMboxOverWritable);
    put(net, a, "mine", 0, 0);
    net_task_dies(net, b);
    net_advance(net, 1000);
    assert_list(net, a, "", "two:1/0/3 free:0/0/5 mine:0/1/0 ");
    assert_int_equal(put(net, a, "two", 1, 1 << 10), PvmDenied);
    assert_int_equal(delete(net, a, "two", 1), PvmDenied);
    assert_int_equal(get(net, a, "two", 1, PvmMboxReadAndDelete), PvmDenied);
    assert_int_equal(get(net, a, "two", 1, 0), 1);
    assert_int_equal(get(net, a, "free", 0, PvmMboxReadAndDelete), 0);
    assert_list(net, a, "", "two:1/0/3 mine:0/1/0 ");
    assert_same_everywhere(net);
}

static void entries_go_with_the_host_of_their_owner(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 2);

    put(net, b, "one", 0, 0);
    put(net, b, "kept", 0, PvmMboxPersistent);
    assert_int_equal(get(net, c, "later", 0, PvmMboxWaitForInfo), PVMI_AGAIN);
    send_put(net, c, message(PVMI_MAILBOX_PUT, "long", 0, 0), LONG, false);
    net_kill_daemon(net, 2);
    net_advance(net, 15000);
    assert_list(net, a, "", "kept:0/0/1 ");
    assert_int_equal(put(net, a, "later", 0, 0), 0);
    assert_nothing_open(net);
}

static void a_host_that_joins_knows_what_is_there(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    struct pvmi_msg_host_add add;
    char *line = "h3";
    int c;

    put(net, a, "z", 0, PvmMboxPersistent);
    put(net, a, "y", 7, PvmMboxMultiInstance | 7 << 10);
    put_bytes(net, a, "y", 0, 0, LONG);
    memset(&add, 0, sizeof(add));
    add.lines.v = &line;
    add.lines.n = 1;
    net_ask(net, a, PVMI_MSG_host_add, &add);
    net_advance(net, 2000);
    while (net_has_answer(net, a)) {
        struct pvmi_control control = take_any(net, a);

        pvmi_control_free(&control);
    }
    assert_same_everywhere(net);
    c = net_task(net, 3);
    assert_list(net, c, "", "z:0/1/1 y:0/1/0 y:7/1/7170 ");
    assert_int_equal(get(net, c, "y", 0, 0), 0);
}

/* ---- long bodies ---- */

static void long_bodies_go_in_pieces(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int from[] = { a, b };
    size_t lengths[] = { PVMI_MAILBOX_PIECE, PVMI_MAILBOX_PIECE + 1, 2 * PVMI_MAILBOX_PIECE, LONG };

    for (int f = 0; f < 2; f++)
        for (int i = 0; i < 4; i++) {
            size_t length = 0;

            assert_int_equal(put_bytes(net, from[f], "long", f, f << 10, lengths[i]), f);
            for (int task = a; task <= b; task++) {
                ask_get(net, task, "long", f, 0);
                assert_int_equal(got(net, task, &length), f);
                assert_int_equal(length, lengths[i]);
            }
        }
    assert_nothing_open(net);
}

static void only_a_few_pieces_are_made_ahead(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    struct net_link *bulk = NULL;
    int sends;

    assert_int_equal(put_bytes(net, a, "long", 0, 0, 20u << 20), 0);
    assert_int_equal(get(net, b, "long", 0, 0), 0);
    for (int i = 0; i < NET_LINKS; i++)
        if (net->links[i].used && net->links[i].task == 0 && net->links[i].channel == PVMI_CHANNEL_BULK)
            bulk = &net->links[i];
    assert_non_null(bulk);
    net_post(net, 1, CORE_EVENT_LINK_CONGESTED, bulk->dialler == 1 ? bulk->dial_handle : bulk->accept_handle);
    net_run(net);
    sends = net->sends;
    ask_get(net, b, "long", 0, 0);
    assert_true(net->sends - sends < 10);
    assert_false(net_has_answer(net, b));
    assert_int_equal(put(net, b, "short", 0, 0), 0);    /* the control channel is free */
    net_post(net, 1, CORE_EVENT_LINK_WRITABLE, bulk->dialler == 1 ? bulk->dial_handle : bulk->accept_handle);
    net_run(net);
    assert_int_equal(got(net, b, NULL), 0);
    assert_nothing_open(net);
}

static void who_ends_amid_a_long_put_leaves_nothing(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    int c = net_task(net, 1);

    send_put(net, b, message(PVMI_MAILBOX_PUT, "long", 0, 0), LONG, false);
    send_put(net, c, message(PVMI_MAILBOX_PUT, "long", 0, 0), LONG, false);
    net_task_dies(net, b);
    net_task_dies(net, c);
    b = net_task(net, 2);
    send_put(net, b, message(PVMI_MAILBOX_PUT, "long", 0, 0), 20u << 20, true);
    net_task_dies(net, b);    /* all is sent, not all has gone */
    net_advance(net, 2000);
    assert_list(net, a, "", "");
    assert_nothing_open(net);
    assert_same_everywhere(net);
}

static void who_ends_amid_a_long_reading_leaves_nothing(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int readers[] = { net_task(net, 1), net_task(net, 2) };

    assert_int_equal(put_bytes(net, a, "long", 0, 0, 20u << 20), 0);
    for (int i = 0; i < 2; i++) {
        ask_get(net, readers[i], "long", 0, 0);
        net_task_dies(net, readers[i]);
    }
    assert_nothing_open(net);
}

/* A body can be read to its end although the entry is replaced, or goes, meanwhile. */
static void a_reader_gets_what_was_there_when_it_asked(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    size_t length = 0;

    assert_int_equal(put_bytes(net, a, "long", 0, 0, 20u << 20), 0);
    ask_get(net, b, "long", 0, 0);
    assert_int_equal(put(net, a, "long", 0, 0), 0);
    assert_int_equal(delete(net, a, "long", 0), 0);
    assert_int_equal(got(net, b, &length), 0);
    assert_int_equal(length, 20u << 20);
}

/* ---- limits ---- */

static void assert_refused(struct net *net, int task, const char *word)
{
    struct pvmi_control control = net_take(net, task, PVMI_MSG_answer);

    assert_int_equal(net_answer(&control)->error.code, PvmNoMem);
    assert_non_null(strstr(net_answer(&control)->error.text, word));
    pvmi_control_free(&control);
}

static void what_is_too_long_is_refused_with_the_limit(void **state)
{
    struct net *net = *state;

    for (int host = 1; host <= 2; host++) {
        int task = net_task(net, host);
        struct pvmi_msg_mailbox msg = message(PVMI_MAILBOX_PUT, "l", 0, 0);
        uint8_t bytes[10] = { 0 };

        msg.message.length = PVMI_MAILBOX_ENTRY_MAX + 1;
        msg.body = (struct pvmi_bytes){ .data = bytes, .length = sizeof(bytes) };
        net_ask(net, task, PVMI_MSG_mailbox, &msg);
        assert_refused(net, task, "64 MiB");
        msg.message.length = 20;    /* and the first half of it is missing */
        net_ask(net, task, PVMI_MSG_mailbox, &msg);
        assert_refused(net, task, "");
        assert_int_equal(put(net, task, "l", host, host << 10), host);
    }
    assert_nothing_open(net);
}

static void the_mailbox_is_full_at_last(void **state)
{
    struct net *net = *state;
    int task = net_task(net, 1);
    char *name = malloc(1000001);
    int rc;

    assert_non_null(name);
    memset(name, 'n', 1000000);
    name[1000000] = '\0';
    for (int i = 0; (rc = put_bytes(net, task, name, 0, PvmMboxMultiInstance, 1)) >= 0; i++)
        assert_int_equal(rc, i);
    assert_int_equal(rc, PvmNoMem);
    for (int i = 0; i < 4; i++)
        assert_int_equal(delete(net, task, name, i), i);
    free(name);
    assert_list(net, task, "", "");
    assert_same_everywhere(net);
}

/* ---- contexts and clocks ---- */

static int context(struct net *net, int task, int number)
{
    struct pvmi_msg_context msg = { .number = number };

    net_ask(net, task, PVMI_MSG_context, &msg);
    return net_result(net, task);
}

static void contexts_are_each_somebodys(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 2);

    assert_int_equal(context(net, a, 0), pvmi_tid_make(1, 1));
    assert_int_equal(context(net, b, 0), pvmi_tid_make(2, 1));
    assert_int_equal(context(net, a, 0), pvmi_tid_make(1, 2));
    assert_int_equal(context(net, a, pvmi_tid_make(2, 1)), PvmNotFound);
    assert_int_equal(context(net, b, pvmi_tid_make(1, 1)), PvmNotFound);
    assert_int_equal(context(net, a, pvmi_tid_make(1, 1)), PvmOk);
    assert_int_equal(context(net, a, pvmi_tid_make(1, 1)), PvmNotFound);
    assert_int_equal(context(net, a, -1), PvmNotFound);
    assert_int_equal(context(net, a, 0), pvmi_tid_make(1, 3));
}

static void all_contexts_of_a_host_can_be_used(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int b = net_task(net, 1);

    for (int i = 1; i <= 0x3fff5; i++)
        assert_int_equal(context(net, a, 0), pvmi_tid_make(1, i));
    assert_int_equal(context(net, b, 0), PvmOutOfRes);
    assert_int_equal(context(net, a, pvmi_tid_make(1, 77)), PvmOk);
    assert_int_equal(context(net, b, 0), pvmi_tid_make(1, 77));
    net_task_dies(net, a);
    assert_int_equal(context(net, b, 0), pvmi_tid_make(1, 78));
}

static int ask_clock(struct net *net, int task, int32_t host, int64_t *ret_us)
{
    struct pvmi_msg_clock msg = { .host = host };
    struct pvmi_control control = net_request(net, task, PVMI_MSG_clock, &msg);
    int rc = net_answer(&control)->error.code;

    if (rc == PvmOk) {
        const int32_t *v = net_answer(&control)->values.v;

        assert_int_equal(net_answer(&control)->values.n, 3);
        *ret_us = (((int64_t)v[0] << 30) + v[1]) * 1000000 + v[2];
    }
    pvmi_control_free(&control);
    return rc;
}

static void each_host_tells_its_clock(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    int64_t us = 0;

    for (int host = 1; host <= 2; host++) {
        assert_int_equal(ask_clock(net, a, pvmi_tid_of_host(host), &us), PvmOk);
        assert_true(us == net_clock(net));
        assert_int_equal(ask_clock(net, a, (int32_t)0x80000000 | pvmi_tid_make(host, 9), &us), PvmOk);
    }
    assert_int_equal(ask_clock(net, a, 0, &us), PvmNoHost);
    assert_int_equal(ask_clock(net, a, -1, &us), PvmNoHost);
    assert_int_equal(ask_clock(net, a, pvmi_tid_of_host(3), &us), PvmNoHost);
}

static void a_clock_of_a_host_that_goes_is_an_error(void **state)
{
    struct net *net = *state;
    int a = net_task(net, 1);
    struct pvmi_msg_clock msg = { .host = pvmi_tid_of_host(2) };

    net_power_off(net, 2);
    net_ask(net, a, PVMI_MSG_clock, &msg);
    assert_false(net_has_answer(net, a));
    net_advance(net, 20000);
    assert_int_equal(net_result(net, a), PvmHostFail);
}

/* ---- memory ---- */

/* Some of everything. False when a request was not answered. */
static bool an_hour(struct net *net)
{
    int a = net_task(net, 1);
    int b = net_task(net, 2);
    struct pvmi_control control;
    bool good = true;

    bool waits = get(net, b, "w", 0, PvmMboxWaitForInfo) == PVMI_AGAIN;
    int rc = put(net, a, "w", 0, PvmMboxPersistent);
    good &= rc != PVMI_AGAIN;
    if (rc < 0)
        good &= put(net, a, "w", 0, PvmMboxPersistent) == 0;
    good &= !waits || got(net, b, NULL) != PVMI_AGAIN;
    good &= put_bytes(net, b, "long", 0, 0, 200000) != PVMI_AGAIN;
    good &= get(net, a, "long", 0, 0) != PVMI_AGAIN;
    good &= get(net, b, "long", 0, PvmMboxReadAndDelete) != PVMI_AGAIN;
    struct pvmi_msg_mailbox all = message(PVMI_MAILBOX_LIST, "", 0, 0);
    net_ask(net, b, PVMI_MSG_mailbox, &all);
    control = take_any(net, b);
    pvmi_control_free(&control);
    context(net, b, 0);
    net_task_dies(net, b);
    net_advance(net, 300);
    return good && !net->hosts[1].stopped && !net->hosts[2].stopped;
}

/* The first failure in a step takes the reserve: nothing else shows of it. */
static void an_allocation_may_fail_and_nothing_shows(void **state)
{
    struct net *net = net_machine(2);
    int first = net->steps + 1;
    int last;

    *state = net;
    assert_true(an_hour(net));
    last = net->steps;
    net_free(net);
    for (int step = first; step <= last; step++) {
        for (int nth = 0; nth < 12; nth++) {
            net = net_machine(2);
            *state = net;
            net->fail_step = step;
            net->fail_nth = nth;
            if (!an_hour(net))
                fail_msg("step %d, allocation %d", step, nth);
            net_free(net);
            *state = NULL;
            assert_int_equal(pvmi_alloc_count(), 0);
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, two_hosts, net_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_entry_is_replaced_by_whom_it_belongs_to),
        CASE(more_instances_fill_the_holes),
        CASE(inserts_take_free_places_alone),
        CASE(what_is_read_is_what_was_put),
        CASE(patterns_are_parts_of_names),
        CASE(readers_wait_for_their_entry),
        CASE(one_of_two_waiting_readers_takes_it_away),
        CASE(a_reader_that_ends_waits_no_more),
        CASE(entries_go_with_their_owner),
        CASE(entries_go_with_the_host_of_their_owner),
        CASE(a_host_that_joins_knows_what_is_there),
        CASE(long_bodies_go_in_pieces),
        CASE(only_a_few_pieces_are_made_ahead),
        CASE(who_ends_amid_a_long_put_leaves_nothing),
        CASE(who_ends_amid_a_long_reading_leaves_nothing),
        CASE(a_reader_gets_what_was_there_when_it_asked),
        CASE(what_is_too_long_is_refused_with_the_limit),
        CASE(the_mailbox_is_full_at_last),
        CASE(contexts_are_each_somebodys),
        CASE(all_contexts_of_a_host_can_be_used),
        CASE(each_host_tells_its_clock),
        CASE(a_clock_of_a_host_that_goes_is_an_error),
        cmocka_unit_test_teardown(an_allocation_may_fail_and_nothing_shows, net_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
