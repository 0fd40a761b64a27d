/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same cases over every transport. Where there is another side, it is a stream at the other end of a
 * socket pair, or a task at the other end of the arena, served by the test itself: it sends back what comes, or keeps
 * it, or does not read at all.
 * SIGPIPE stays what it is by default: a transport that raises it ends the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/rundir.h"
#include "tests/transports/arena.h"
#include "tests/unit/frame_make.h"
#include "transport/stream.h"
#include "transport/transport.h"

#define TID_PEER 0x40010    /* the first other task */

/* Another side, that may close or be slow. */
enum other { NOBODY, STREAM, ARENA };

struct kind {
    const char *name;
    const struct pvmi_transport_ops *ops;
    bool logged;      /* wrapped */
    enum other other;
};

static const struct kind KINDS[] = {
    { "self", &pvmi_transport_self, false, NOBODY },
    { "unix", &pvmi_transport_unix, false, STREAM },
    { "arena", &arena_frames, false, ARENA },
    { "logged self", &pvmi_transport_self, true, NOBODY },
    { "logged unix", &pvmi_transport_unix, true, STREAM },
    { "logged arena", &arena_frames, true, ARENA },
};

struct rig {
    const struct kind *kind;
    struct pvmi_transport *tp;
    struct pvmi_endpoint *ep;
    struct pvmi_list came;
    int frames;                /* that have come */
    int downs;
    int down_reason;
    bool disconnect_at_frame;
    bool disconnect_at_down;
    int answers;               /* so many frames are sent again from inside the callback */
    /* The other side. */
    bool has_peer;
    struct pvmi_stream peer;   /* STREAM */
    struct arena_end *end;     /* ARENA */
    int32_t tid;               /* its tid there */
    struct pvmi_list kept;     /* came to the peer, which does not send back */
    bool keep;
};

static void rig_on_frame(void *user, struct pvmi_endpoint *ep, struct pvmi_frame *frame)
{
    struct rig *rig = user;

    rig->frames++;
    assert_ptr_equal(ep->owner, rig);
    if (rig->answers > 0) {
        rig->answers--;
        assert_int_equal(rig->tp->ops->send(ep, frame), PvmOk);
        assert_int_equal(rig->tp->ops->progress(rig->tp), 0);
        return;
    }
    pvmi_list_push(&rig->came, &frame->link);
    if (rig->disconnect_at_frame) {
        rig->tp->ops->disconnect(ep);
        rig->ep = NULL;
    }
}

static void rig_on_down(void *user, struct pvmi_endpoint *ep, int reason)
{
    struct rig *rig = user;

    rig->downs++;
    rig->down_reason = reason;
    if (rig->disconnect_at_down) {
        rig->tp->ops->disconnect(ep);
        rig->ep = NULL;
    }
}

static const struct pvmi_transport_events rig_events = { .frame = rig_on_frame, .down = rig_on_down };

static void rig_connect(struct rig *rig)
{
    static int32_t tid = TID_PEER;
    struct pvmi_address address = { .tid = 0, .path = NULL, .fd = -1 };
    int ends[2];

    if (rig->kind->other == ARENA) {
        address.tid = rig->tid = tid++;
        rig->end = arena_end_new(rig->tid);
        rig->has_peer = true;
    } else if (rig->kind->other == STREAM) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        pvmi_stream_init(&rig->peer, pvmi_pipe_new_socket(ends[1]));
        rig->has_peer = true;
        address.fd = ends[0];
    }
    assert_int_equal(rig->tp->ops->connect(rig->tp, &address, &rig->ep), PvmOk);
    rig->ep->owner = rig;
}

static void rig_open(struct rig *rig)
{
    pvmi_list_init(&rig->came);
    pvmi_list_init(&rig->kept);
    assert_int_equal(rig->kind->ops->open(&rig_events, rig, &rig->tp), PvmOk);
    if (rig->kind->logged)
        assert_int_equal(pvmi_transport_logged(rig->tp, &rig->tp), PvmOk);
    assert_string_equal(rig->tp->ops->name, rig->kind->ops->name);
}

static int rig_set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->kind = *state;
    if (rig->kind->other == ARENA)
        arena_begin();
    rig_open(rig);
    rig_connect(rig);
    *state = rig;
    return 0;
}

static void rig_drop_peer(struct rig *rig)
{
    if (rig->has_peer && rig->end != NULL)
        arena_end_close(rig->end);
    else if (rig->has_peer)
        pvmi_stream_fini(&rig->peer);
    rig->has_peer = false;
}

/* Also a test of its own: nothing may be left of anything. */
static int rig_tear_down(void **state)
{
    struct rig *rig = *state;
    bool back = true;

    pvmi_alloc_fail_nth(-1);
    rig->tp->ops->close(rig->tp);
    rig_drop_peer(rig);
    pvmi_frame_free_all(&rig->came);
    pvmi_frame_free_all(&rig->kept);
    if (rig->kind->other == ARENA)
        back = arena_end();
    free(rig);
    return back && pvmi_alloc_count() == 0 ? 0 : -1;
}

static void rig_peer_send(struct rig *rig, struct pvmi_frame *frame)
{
    if (rig->end != NULL)
        arena_end_send(rig->end, frame);
    else
        pvmi_stream_send(&rig->peer, frame);
}

static bool rig_on_peer_frame(void *user, struct pvmi_frame *frame)
{
    struct rig *rig = user;

    if (rig->keep)
        pvmi_list_push(&rig->kept, &frame->link);
    else
        rig_peer_send(rig, frame);
    return true;
}

/* The other side reads what has come. */
static void rig_peer_read(struct rig *rig)
{
    if (rig->end != NULL)
        arena_end_move(rig->end, rig_on_peer_frame, rig);
    else
        pvmi_stream_readable(&rig->peer, rig_on_peer_frame, rig);
}

/* Lets the other side and the transport do what they can now. */
static void rig_pump(struct rig *rig)
{
    if (rig->has_peer) {
        if (rig->end == NULL)
            assert_int_equal(pvmi_stream_writable(&rig->peer), PvmOk);
        rig_peer_read(rig);
    }
    assert_true(rig->tp->ops->progress(rig->tp) >= 0);
}

static void rig_pump_until(struct rig *rig, int frames)
{
    while (rig->frames < frames)
        rig_pump(rig);
    assert_int_equal(rig->frames, frames);
}

/* Sends, and makes room as often as needed. */
static void rig_send(struct rig *rig, struct pvmi_frame *frame)
{
    int rc;

    while ((rc = rig->tp->ops->send(rig->ep, frame)) == PVMI_AGAIN)
        rig_pump(rig);
    assert_int_equal(rc, PvmOk);
}

static void rig_expect(struct rig *rig, int tag, size_t length)
{
    struct pvmi_frame *frame = frame_pop(&rig->came);

    assert_non_null(frame);
    frame_check(frame, tag, length);
    pvmi_frame_free(frame);
}

static bool rig_is_readable(const struct rig *rig)
{
    struct pollfd watch = { .fd = rig->tp->ops->event_fd(rig->tp), .events = POLLIN };

    return poll(&watch, 1, 0) == 1;
}

/* ---- cases ---- */

static void a_frame_arrives(void **state)
{
    struct rig *rig = *state;

    rig_send(rig, frame_make(1, 100));
    rig_pump_until(rig, 1);
    rig_expect(rig, 1, 100);
    assert_int_equal(rig->downs, 0);
}

static void frames_of_all_sizes_arrive_in_order(void **state)
{
    static const size_t SIZES[] = { 0, 1, 2, 63, 64, 65, 1000, 16384, 65535, 65536, 65537, 1000000, 0,
                                    14, 31, 32, 33, 36, 37, 56, 96, 97, 500, 767, 768, 769, 3000,
                                    5 * 1024 * 1024, 1, PVMI_FRAME_CONTROL_MAX, 7 };
    struct rig *rig = *state;
    int count = (int)(sizeof(SIZES) / sizeof(SIZES[0]));

    for (int i = 0; i < count; i++)
        rig_send(rig, frame_make(i, SIZES[i]));
    rig_pump_until(rig, count);
    for (int i = 0; i < count; i++)
        rig_expect(rig, i, SIZES[i]);
}

static void many_frames_arrive_in_order(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 20000; i++)
        rig_send(rig, frame_make(i, (size_t)(i % 40)));
    rig_pump_until(rig, 20000);
    for (int i = 0; i < 20000; i++)
        rig_expect(rig, i, (size_t)(i % 40));
}

/* The other side does not read until the transport says AGAIN, or 8 MiB wait where it never does. */
static void what_waits_arrives_when_there_is_room_again(void **state)
{
    struct rig *rig = *state;
    int sent = 0;
    int rc = PvmOk;

    while (rc == PvmOk && sent < 128) {
        struct pvmi_frame *frame = frame_make(sent, 65536);

        rc = rig->tp->ops->send(rig->ep, frame);
        if (rc == PvmOk)
            sent++;
        else
            pvmi_frame_free(frame);    /* on AGAIN it is still ours */
    }
    assert_int_equal(rc, rig->kind->other == STREAM ? PVMI_AGAIN : PvmOk);
    assert_int_equal(rig->tp->ops->pending(rig->ep), rig->kind->other != ARENA);    /* where all is at the other side */
    rig_pump_until(rig, sent);
    for (int i = 0; i < sent; i++)
        rig_expect(rig, i, 65536);
    assert_false(rig->tp->ops->pending(rig->ep));
    rig_send(rig, frame_make(1, 1));
}

static void the_descriptor_is_readable_while_there_is_work(void **state)
{
    struct rig *rig = *state;

    assert_false(rig_is_readable(rig));
    rig_send(rig, frame_make(1, 10));
    if (rig->has_peer) {
        assert_false(rig_is_readable(rig));
        rig_peer_read(rig);
    }
    assert_true(rig_is_readable(rig));
    assert_true(rig->tp->ops->progress(rig->tp) > 0);
    assert_int_equal(rig->frames, 1);
    assert_false(rig_is_readable(rig));
    assert_int_equal(rig->tp->ops->progress(rig->tp), 0);
}

static void the_descriptor_is_readable_when_there_is_room_again(void **state)
{
    struct rig *rig = *state;
    int sent = 0;

    if (rig->kind->other != STREAM)
        return;    /* there is always room */
    rig->keep = true;
    while (!rig->tp->ops->pending(rig->ep)) {
        rig_send(rig, frame_make(sent, 65536));
        sent++;
    }
    assert_false(rig_is_readable(rig));
    while (!rig_is_readable(rig))
        pvmi_stream_readable(&rig->peer, rig_on_peer_frame, rig);
    while (rig->tp->ops->pending(rig->ep))
        rig_pump(rig);
    assert_false(rig_is_readable(rig));
}

static void what_has_not_gone_out_can_be_taken_back(void **state)
{
    struct rig *rig = *state;
    struct pvmi_list taken;
    struct pvmi_frame *frame;
    int sent = 0;
    int first;

    if (rig->kind->other == ARENA)
        return;    /* all has gone out */
    pvmi_list_init(&taken);
    rig->keep = true;
    for (; sent < 10 || !rig->tp->ops->pending(rig->ep); sent++)
        assert_int_equal(rig->tp->ops->send(rig->ep, frame_make(sent, 65536)), PvmOk);
    assert_int_equal(rig->tp->ops->send(rig->ep, frame_make(sent++, 3)), PvmOk);
    rig->tp->ops->take_unsent(rig->ep, &taken);
    assert_false(rig->tp->ops->pending(rig->ep));
    assert_false(pvmi_list_empty(&taken));

    /* What came over and what was taken back is all, without a hole. */
    rig_pump(rig);
    rig_pump(rig);
    assert_int_equal(rig->frames, 0);
    first = sent;
    PVMI_LIST_EACH(node, &taken)
        first--;
    for (int i = 0; i < first; i++) {
        frame = frame_pop(&rig->kept);
        assert_non_null(frame);
        frame_check(frame, i, 65536);
        pvmi_frame_free(frame);
    }
    assert_true(pvmi_list_empty(&rig->kept));
    for (int i = first; (frame = frame_pop(&taken)) != NULL; i++) {
        frame_check(frame, i, i == sent - 1 ? 3 : 65536);
        pvmi_frame_free(frame);
    }
}

static void a_callback_may_send(void **state)
{
    struct rig *rig = *state;

    rig->answers = 50;
    rig_send(rig, frame_make(1, 10));
    rig_pump_until(rig, 51);
    rig_expect(rig, 1, 10);
}

static void a_callback_may_disconnect_and_hears_no_more(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 10; i++)
        rig_send(rig, frame_make(i, 10));
    rig->disconnect_at_frame = true;
    rig_pump_until(rig, 1);
    rig_drop_peer(rig);
    for (int i = 0; i < 5; i++)
        rig_pump(rig);
    assert_int_equal(rig->frames, 1);
    assert_int_equal(rig->downs, 0);
    assert_false(rig_is_readable(rig));
}

static void two_endpoints_are_apart(void **state)
{
    struct rig *rig = *state;
    struct rig other = { .kind = rig->kind, .tp = rig->tp };
    struct pvmi_frame *frame;

    pvmi_list_init(&other.came);
    pvmi_list_init(&other.kept);
    rig_connect(&other);
    other.ep->owner = rig;    /* events of both come to rig */
    rig_send(rig, frame_make(1, 10));
    rig->tp->ops->disconnect(other.ep);
    rig_pump_until(rig, 1);
    frame = frame_pop(&rig->came);
    frame_check(frame, 1, 10);
    pvmi_frame_free(frame);
    rig_drop_peer(&other);
}

static void closing_with_frames_under_way_leaves_nothing(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 30; i++)
        assert_int_equal(rig->tp->ops->send(rig->ep, frame_make(i, 30000)), PvmOk);
}    /* see rig_tear_down() */

static void nothing_to_end_is_fine(void **state)
{
    struct rig *rig = *state;

    rig->tp->ops->disconnect(NULL);
    rig->tp->ops->close(NULL);
}

static void a_peer_that_closes_is_told_once_behind_its_frames(void **state)
{
    struct rig *rig = *state;
    struct pvmi_frame *frame;

    if (!rig->has_peer)
        return;
    rig_peer_send(rig, frame_make(1, 10));
    rig_peer_send(rig, frame_make(2, 70000));
    rig_drop_peer(rig);
    for (int i = 0; i < 5; i++)
        rig_pump(rig);
    rig_expect(rig, 1, 10);
    rig_expect(rig, 2, 70000);
    assert_int_equal(rig->downs, 1);
    assert_int_equal(rig->down_reason, PVMI_CLOSED);
    assert_false(rig_is_readable(rig));

    frame = frame_make(3, 1);
    assert_int_equal(rig->tp->ops->send(rig->ep, frame), PVMI_CLOSED);
    pvmi_frame_free(frame);
}

static void what_a_closing_peer_sent_is_read_though_sending_fails(void **state)
{
    struct rig *rig = *state;
    struct pvmi_list taken;

    if (rig->kind->other != STREAM)
        return;
    pvmi_list_init(&taken);
    pvmi_stream_send(&rig->peer, frame_make(1, 10));
    rig_drop_peer(rig);
    assert_int_equal(rig->tp->ops->send(rig->ep, frame_make(2, 10)), PvmOk);    /* and no SIGPIPE */
    assert_int_equal(rig->downs, 0);
    assert_true(rig_is_readable(rig));
    for (int i = 0; i < 5; i++)
        rig_pump(rig);
    rig_expect(rig, 1, 10);
    assert_int_equal(rig->downs, 1);
    rig->tp->ops->take_unsent(rig->ep, &taken);
    frame_check(PVMI_CONTAINER(taken.next, struct pvmi_frame, link), 2, 10);
    pvmi_frame_free_all(&taken);
}

static void a_peer_that_only_stops_reading_is_noticed(void **state)
{
    struct rig *rig = *state;

    if (rig->kind->other != STREAM)
        return;
    assert_int_equal(shutdown(rig->peer.pipe->fd, SHUT_RD), 0);
    assert_int_equal(rig->tp->ops->send(rig->ep, frame_make(1, 10)), PvmOk);
    assert_true(rig_is_readable(rig));
    assert_true(rig->tp->ops->progress(rig->tp) > 0);
    assert_int_equal(rig->downs, 1);
    assert_false(rig_is_readable(rig));
}

static void an_endpoint_may_be_disconnected_when_it_goes_down(void **state)
{
    struct rig *rig = *state;

    if (!rig->has_peer)
        return;
    rig->disconnect_at_down = true;
    rig_drop_peer(rig);
    for (int i = 0; i < 3; i++)
        rig_pump(rig);
    assert_int_equal(rig->downs, 1);
    assert_null(rig->ep);
}

static void garbage_brings_the_endpoint_down(void **state)
{
    struct rig *rig = *state;
    char garbage[200];

    if (rig->kind->other != STREAM)
        return;
    memset(garbage, 'x', sizeof(garbage));
    assert_int_equal(write(rig->peer.pipe->fd, garbage, sizeof(garbage)), sizeof(garbage));
    rig_pump(rig);
    assert_int_equal(rig->downs, 1);
    assert_int_equal(rig->down_reason, PvmBadMsg);
}

static void no_memory_leaves_all_as_it_was(void **state)
{
    struct rig *rig = *state;
    struct pvmi_address address = { .tid = rig->tid,
                                    .fd = rig->kind->other == STREAM ? dup(rig->peer.pipe->fd) : -1 };
    struct pvmi_transport *tp = NULL;
    struct pvmi_endpoint *ep = NULL;
    int rc = PvmNoMem;

    for (int nth = 0; rc == PvmNoMem; nth++) {
        assert_true(nth < 20);
        pvmi_alloc_fail_nth(nth);
        rc = rig->tp->ops->connect(rig->tp, &address, &ep);
    }
    assert_int_equal(rc, PvmOk);
    rig->tp->ops->disconnect(ep);
    pvmi_alloc_fail_nth(0);
    assert_int_equal(rig->kind->ops->open(&rig_events, rig, &tp), PvmNoMem);
    pvmi_alloc_fail_nth(0);
    assert_int_equal(pvmi_transport_logged(rig->tp, &tp), PvmNoMem);
}

/* ---- what only the Unix socket has ---- */

static void a_daemon_is_found_by_its_path(void **state)
{
    struct rig rig = { .kind = &KINDS[1] };
    struct pvmi_address address = { .fd = -1 };
    char folder[] = "/tmp/pvm-test-XXXXXX";
    char path[64];
    int listener;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/sock", folder);
    address.path = path;
    rig_open(&rig);
    assert_int_equal(rig.tp->ops->connect(rig.tp, &address, &rig.ep), PvmSysErr);    /* nobody listens */

    listener = pvmi_rundir_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(rig.tp->ops->connect(rig.tp, &address, &rig.ep), PvmOk);
    rig.ep->owner = &rig;
    pvmi_stream_init(&rig.peer, pvmi_pipe_new_socket(accept(listener, NULL, NULL)));
    rig.has_peer = true;
    rig_send(&rig, frame_make(1, 10));
    rig_pump_until(&rig, 1);
    rig_expect(&rig, 1, 10);

    rig.tp->ops->close(rig.tp);
    rig_drop_peer(&rig);
    close(listener);
    unlink(path);
    rmdir(folder);
    assert_int_equal(pvmi_alloc_count(), 0);
}

#define CASE(name) { #name, name }

static const struct {
    const char *name;
    CMUnitTestFunction function;
} CASES[] = {
    CASE(a_frame_arrives),
    CASE(frames_of_all_sizes_arrive_in_order),
    CASE(many_frames_arrive_in_order),
    CASE(what_waits_arrives_when_there_is_room_again),
    CASE(the_descriptor_is_readable_while_there_is_work),
    CASE(the_descriptor_is_readable_when_there_is_room_again),
    CASE(what_has_not_gone_out_can_be_taken_back),
    CASE(a_callback_may_send),
    CASE(a_callback_may_disconnect_and_hears_no_more),
    CASE(two_endpoints_are_apart),
    CASE(closing_with_frames_under_way_leaves_nothing),
    CASE(nothing_to_end_is_fine),
    CASE(a_peer_that_closes_is_told_once_behind_its_frames),
    CASE(what_a_closing_peer_sent_is_read_though_sending_fails),
    CASE(a_peer_that_only_stops_reading_is_noticed),
    CASE(an_endpoint_may_be_disconnected_when_it_goes_down),
    CASE(garbage_brings_the_endpoint_down),
    CASE(no_memory_leaves_all_as_it_was),
};

#define CASE_COUNT (sizeof(CASES) / sizeof(CASES[0]))
#define KIND_COUNT (sizeof(KINDS) / sizeof(KINDS[0]))

/* All cases over one transport. Returns the number of failures. */
static int run_kind(const struct kind *kind)
{
    struct CMUnitTest tests[CASE_COUNT];

    for (size_t i = 0; i < CASE_COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = CASES[i].name, .test_func = CASES[i].function,
                                        .setup_func = rig_set_up, .teardown_func = rig_tear_down,
                                        .initial_state = (void *)kind };
    }
    return _cmocka_run_group_tests(kind->name, tests, CASE_COUNT, NULL, NULL);
}

/* The wrapped ones are to write their lines, to where nobody minds. */
static int open_log(void)
{
    FILE *file = tmpfile();

    if (file == NULL)
        return -1;
    pvmi_log_open(fileno(file), 0x40001, PVMI_LOG_DEBUG, 1024 * 1024);
    return 0;
}

int main(void)
{
    const struct CMUnitTest unix_tests[] = { cmocka_unit_test(a_daemon_is_found_by_its_path) };
    int failures = 0;

    signal(SIGPIPE, SIG_DFL);
    if (open_log() < 0)
        return 1;
    for (size_t i = 0; i < KIND_COUNT; i++)
        failures += run_kind(&KINDS[i]);
    failures += cmocka_run_group_tests_name("unix socket", unix_tests, NULL, NULL);
    return failures == 0 ? 0 : 1;
}
