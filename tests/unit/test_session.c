/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions: first rule by rule, then two of them over a link that breaks all the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "tests/unit/frame_make.h"
#include "transport/session.h"

static int session_set_up(void **state)
{
    struct pvmi_session *session = calloc(1, sizeof(*session));

    assert_non_null(session);
    pvmi_session_init(session);
    *state = session;
    return 0;
}

static int session_tear_down(void **state)
{
    pvmi_alloc_fail_nth(-1);
    pvmi_session_fini(*state);
    free(*state);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* Attaches and takes a resume that expects number next. */
static void connect_at(struct pvmi_session *session, uint64_t next)
{
    struct pvmi_frame_header resume;

    pvmi_session_attach(session, &resume);
    assert_int_equal(pvmi_session_on_resume(session, next), PvmOk);
}

/* The next frame to send must have this number. */
static void expect_next(struct pvmi_session *session, uint64_t number)
{
    struct pvmi_frame *frame;

    assert_int_equal(pvmi_session_next(session, &frame), PvmOk);
    assert_int_equal(frame->header.number, number);
    pvmi_frame_free(frame);
}

static void expect_nothing(struct pvmi_session *session)
{
    struct pvmi_frame *frame;

    assert_int_equal(pvmi_session_next(session, &frame), PVMI_AGAIN);
}

static void push_many(struct pvmi_session *session, int count, size_t length)
{
    for (int i = 0; i < count; i++)
        pvmi_session_push(session, frame_make(i, length));
}

static enum pvmi_session_verdict arrive(struct pvmi_session *session, uint64_t number, uint32_t length)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .number = number, .length = length };

    return pvmi_session_arrive(session, &header);
}

static void frames_are_numbered_from_1_and_sent_once(void **state)
{
    struct pvmi_session *session = *state;

    push_many(session, 3, 10);
    connect_at(session, 1);
    for (uint64_t number = 1; number <= 3; number++)
        expect_next(session, number);
    expect_nothing(session);
    push_many(session, 1, 10);
    expect_next(session, 4);
}

static void nothing_goes_before_the_peers_resume(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame_header resume;

    push_many(session, 1, 10);
    expect_nothing(session);
    pvmi_session_attach(session, &resume);
    expect_nothing(session);
    assert_int_equal(pvmi_session_on_resume(session, 1), PvmOk);
    expect_next(session, 1);
    pvmi_session_detach(session);
    expect_nothing(session);
}

static void a_resume_says_what_is_expected_and_acknowledges_it(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame_header resume;

    pvmi_session_attach(session, &resume);
    assert_int_equal(resume.kind, PVMI_FRAME_RESUME);
    assert_int_equal(resume.number, 1);
    assert_int_equal(resume.ack, 0);
    pvmi_session_on_resume(session, 1);
    assert_int_equal(arrive(session, 1, 5), PVMI_SESSION_NEW);
    assert_int_equal(arrive(session, 2, 5), PVMI_SESSION_NEW);
    pvmi_session_attach(session, &resume);
    assert_int_equal(resume.number, 3);
    assert_int_equal(resume.ack, 2);
}

static void a_new_connection_goes_on_where_the_peer_is(void **state)
{
    struct pvmi_session *session = *state;

    push_many(session, 5, 10);
    connect_at(session, 1);
    for (uint64_t number = 1; number <= 4; number++)
        expect_next(session, number);
    pvmi_session_detach(session);
    connect_at(session, 3);
    assert_int_equal(session->kept_bytes, 30);
    assert_int_equal(session->unsent_bytes, 30);
    for (uint64_t number = 3; number <= 5; number++)
        expect_next(session, number);
    expect_nothing(session);
    assert_int_equal(session->unsent_bytes, 0);
}

static void frames_are_kept_until_they_are_acknowledged(void **state)
{
    struct pvmi_session *session = *state;

    push_many(session, 4, 10);
    connect_at(session, 1);
    for (uint64_t number = 1; number <= 3; number++)
        expect_next(session, number);
    assert_int_equal(session->kept_bytes, 40);
    assert_int_equal(pvmi_session_on_ack(session, 2), PvmOk);
    assert_int_equal(session->kept_bytes, 20);
    assert_int_equal(session->unsent_bytes, 10);
    assert_int_equal(pvmi_session_on_ack(session, 1), PvmOk);    /* an old one changes nothing */
    assert_int_equal(session->kept_bytes, 20);
    assert_int_equal(pvmi_session_on_ack(session, 3), PvmOk);
    expect_next(session, 4);
    assert_int_equal(pvmi_session_on_ack(session, 4), PvmOk);
    assert_true(pvmi_list_empty(&session->kept));
    assert_int_equal(session->kept_bytes, 0);
}

static void an_acknowledgement_of_what_was_never_sent_is_refused(void **state)
{
    struct pvmi_session *session = *state;

    push_many(session, 3, 10);
    connect_at(session, 1);
    expect_next(session, 1);
    assert_int_equal(pvmi_session_on_ack(session, 2), PvmBadMsg);
    assert_int_equal(session->kept_bytes, 30);
}

static void an_acknowledgement_may_overtake_sending_again(void **state)
{
    struct pvmi_session *session = *state;

    push_many(session, 3, 10);
    connect_at(session, 1);
    expect_next(session, 1);
    expect_next(session, 2);
    pvmi_session_detach(session);
    connect_at(session, 1);
    assert_int_equal(pvmi_session_on_ack(session, 2), PvmOk);
    assert_int_equal(session->unsent_bytes, 10);
    expect_next(session, 3);
}

static void an_impossible_resume_is_refused(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame_header resume;

    push_many(session, 3, 10);
    connect_at(session, 1);
    expect_next(session, 1);
    expect_next(session, 2);
    assert_int_equal(pvmi_session_on_ack(session, 1), PvmOk);
    assert_int_equal(pvmi_session_on_resume(session, 2), PvmBadMsg);    /* the second on this connection */

    pvmi_session_attach(session, &resume);
    assert_int_equal(pvmi_session_on_resume(session, 0), PvmBadMsg);
    assert_int_equal(pvmi_session_on_resume(session, 1), PVMI_CLOSED);    /* acknowledged since */
    assert_int_equal(pvmi_session_on_resume(session, 4), PvmBadMsg);    /* never sent */
    assert_int_equal(pvmi_session_on_resume(session, 3), PvmOk);
    expect_next(session, 3);
}

static void arrivals_are_new_double_or_behind_a_gap(void **state)
{
    struct pvmi_session *session = *state;

    assert_int_equal(arrive(session, 1, 5), PVMI_SESSION_GAP);    /* no resume yet */
    connect_at(session, 1);
    assert_int_equal(arrive(session, 1, 5), PVMI_SESSION_NEW);
    assert_int_equal(arrive(session, 1, 5), PVMI_SESSION_DOUBLE);
    assert_int_equal(arrive(session, 3, 5), PVMI_SESSION_GAP);
    assert_int_equal(arrive(session, 0, 5), PVMI_SESSION_GAP);
    assert_int_equal(arrive(session, 2, 5), PVMI_SESSION_NEW);
}

static void an_acknowledgement_is_due_after_so_many_frames(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame_header ack;

    connect_at(session, 1);
    assert_false(pvmi_session_ack_due(session, true));
    for (uint64_t number = 1; number < PVMI_SESSION_ACK_FRAMES; number++)
        arrive(session, number, 1);
    assert_false(pvmi_session_ack_due(session, false));
    assert_true(pvmi_session_ack_due(session, true));
    arrive(session, PVMI_SESSION_ACK_FRAMES, 1);
    assert_true(pvmi_session_ack_due(session, false));

    pvmi_session_ack(session, &ack);
    assert_int_equal(ack.kind, PVMI_FRAME_ACK);
    assert_int_equal(ack.ack, PVMI_SESSION_ACK_FRAMES);
    assert_int_equal(ack.number, 0);
    assert_false(pvmi_session_ack_due(session, true));
}

static void an_acknowledgement_is_due_after_so_many_bytes(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame_header ack;

    connect_at(session, 1);
    for (uint64_t number = 1; number <= 16; number++) {
        assert_false(pvmi_session_ack_due(session, false));
        arrive(session, number, 65536);
    }
    assert_true(pvmi_session_ack_due(session, false));
    pvmi_session_ack(session, &ack);
    assert_false(pvmi_session_ack_due(session, false));
}

static void a_frame_that_goes_out_acknowledges_what_came(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame *frame;

    connect_at(session, 1);
    push_many(session, 1, 10);
    arrive(session, 1, 5);
    arrive(session, 2, 5);
    assert_int_equal(pvmi_session_next(session, &frame), PvmOk);
    assert_int_equal(frame->header.ack, 2);
    pvmi_frame_free(frame);
    assert_false(pvmi_session_ack_due(session, true));
}

static void nothing_is_lost_when_there_is_no_memory_for_a_clone(void **state)
{
    struct pvmi_session *session = *state;
    struct pvmi_frame *frame;

    connect_at(session, 1);
    push_many(session, 1, 10);
    pvmi_alloc_fail_nth(0);
    assert_int_equal(pvmi_session_next(session, &frame), PvmNoMem);
    assert_int_equal(session->unsent_bytes, 10);
    expect_next(session, 1);
}

/* ---- two sessions and a link ---- */

#define SEEDS 300
#define STEPS 2000

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static unsigned random_below(uint64_t *seed, unsigned limit)
{
    return (unsigned)(random_next(seed) >> 33) % limit;
}

/* One end. wire holds what it has sent and the other end has not read. */
struct end {
    struct pvmi_session session;
    struct pvmi_list wire;
    struct end *other;
    bool ready;       /* has taken the connection of now for its session */
    int pushed;       /* tags 0 to this are sent, in order */
    int delivered;    /* and those of the other end have come up to here */
};

struct world {
    struct end ends[2];
    uint64_t seed;
    bool connected;    /* the wires carry; an end may have noticed the break before the other */
};

static void end_send_header(struct end *end, const struct pvmi_frame_header *header)
{
    struct pvmi_frame *frame = pvmi_frame_new(header, NULL, 0, 0);

    assert_non_null(frame);
    pvmi_list_push(&end->wire, &frame->link);
}

/* A new connection; each end takes it when its turn comes, be it aware that the old one is broken or not. */
static void world_connect(struct world *world)
{
    for (int i = 0; i < 2; i++) {
        pvmi_frame_free_all(&world->ends[i].wire);
        world->ends[i].ready = false;
    }
    world->connected = true;
}

static void end_attach(struct end *end)
{
    struct pvmi_frame_header resume;

    pvmi_session_attach(&end->session, &resume);
    end_send_header(end, &resume);
    end->ready = true;
}

/* What is in the wires is lost from some place on; the ends notice it when they have read the rest. */
static void world_break(struct world *world)
{
    for (int i = 0; i < 2; i++) {
        struct pvmi_list *wire = &world->ends[i].wire;
        unsigned survivors = random_below(&world->seed, 6);

        PVMI_LIST_EACH(node, wire) {
            if (survivors > 0)
                survivors--;
            else
                pvmi_frame_free(PVMI_CONTAINER(node, struct pvmi_frame, link));
        }
    }
    world->connected = false;
}

static void end_send(struct world *world, struct end *end)
{
    struct pvmi_frame *frame;
    int rc;

    if (!end->session.attached)
        return;
    if (random_below(&world->seed, 20) == 0)
        pvmi_alloc_fail_nth(0);
    rc = pvmi_session_next(&end->session, &frame);
    pvmi_alloc_fail_nth(-1);
    if (rc != PvmOk)
        return;
    if (world->connected && end->ready)
        pvmi_list_push(&end->wire, &frame->link);
    else
        pvmi_frame_free(frame);    /* written into a socket whose other end is gone */
}

static void end_deliver(struct end *end, const struct pvmi_frame *frame)
{
    enum pvmi_session_verdict verdict = pvmi_session_arrive(&end->session, &frame->header);

    assert_int_not_equal(verdict, PVMI_SESSION_GAP);
    assert_int_equal(pvmi_session_on_ack(&end->session, frame->header.ack), PvmOk);
    if (verdict == PVMI_SESSION_DOUBLE)
        return;
    frame_check(frame, end->delivered, (size_t)(end->delivered % 50));
    end->delivered++;
}

static void end_receive(struct world *world, struct end *end)
{
    struct pvmi_frame *frame;

    if (!end->ready && world->connected)
        end_attach(end);
    frame = end->ready ? frame_pop(&end->other->wire) : NULL;
    if (frame == NULL) {
        if (!world->connected && end->session.attached)
            pvmi_session_detach(&end->session);
        return;
    }
    if (frame->header.kind == PVMI_FRAME_RESUME)
        assert_int_equal(pvmi_session_on_resume(&end->session, frame->header.number), PvmOk);
    else if (frame->header.kind == PVMI_FRAME_ACK)
        assert_int_equal(pvmi_session_on_ack(&end->session, frame->header.ack), PvmOk);
    else
        end_deliver(end, frame);
    pvmi_frame_free(frame);
}

static void end_acknowledge(struct world *world, struct end *end, bool any)
{
    struct pvmi_frame_header ack;

    if (!pvmi_session_ack_due(&end->session, any))
        return;
    pvmi_session_ack(&end->session, &ack);
    if (world->connected && end->ready)
        end_send_header(end, &ack);
}

/* The counted bytes are those of the frames in the list. */
static void end_check(const struct end *end)
{
    const struct pvmi_session *session = &end->session;
    size_t kept = 0;
    size_t unsent = 0;
    bool sent = true;

    PVMI_LIST_EACH(node, &session->kept) {
        const struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);

        if (node == session->unsent)
            sent = false;
        kept += frame->header.length;
        unsent += sent ? 0 : frame->header.length;
    }
    assert_int_equal(session->kept_bytes, kept);
    assert_int_equal(session->unsent_bytes, unsent);
}

static void world_step(struct world *world)
{
    struct end *end = &world->ends[random_below(&world->seed, 2)];
    unsigned what = random_below(&world->seed, 100);

    if (what < 25) {
        pvmi_session_push(&end->session, frame_make(end->pushed, (size_t)(end->pushed % 50)));
        end->pushed++;
    } else if (what < 55) {
        end_send(world, end);
    } else if (what < 90) {
        end_receive(world, end);
    } else if (what < 96) {
        end_acknowledge(world, end, random_below(&world->seed, 2) == 0);
    } else if (world->connected) {
        if (random_below(&world->seed, 3) == 0)
            world_break(world);
    } else {
        world_connect(world);
    }
    end_check(end);
}

static void world_calm_down(struct world *world)
{
    if (!world->connected)
        world_connect(world);
    for (int round = 0; round < 2 * STEPS; round++) {
        for (int i = 0; i < 2; i++) {
            end_send(world, &world->ends[i]);
            end_receive(world, &world->ends[i]);
            end_acknowledge(world, &world->ends[i], round % 8 == 0);
        }
    }
}

static void world_run(uint64_t seed)
{
    struct world world = { .seed = seed * 0x9e3779b97f4a7c15u + 1 };

    for (int i = 0; i < 2; i++) {
        pvmi_session_init(&world.ends[i].session);
        pvmi_list_init(&world.ends[i].wire);
        world.ends[i].other = &world.ends[1 - i];
    }
    for (int step = 0; step < STEPS; step++)
        world_step(&world);
    world_calm_down(&world);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(world.ends[i].delivered, world.ends[1 - i].pushed);
        assert_true(pvmi_list_empty(&world.ends[i].session.kept));    /* all is acknowledged */
    }
    for (int i = 0; i < 2; i++) {
        pvmi_session_fini(&world.ends[i].session);
        pvmi_frame_free_all(&world.ends[i].wire);
    }
}

static uint64_t seed_running;    /* 0: none */

static int say_seed(void **state)
{
    (void)state;
    if (seed_running != 0)
        print_message("seed %u failed; test_session %u runs it alone\n", (unsigned)seed_running,
                      (unsigned)seed_running);
    return 0;
}

static void every_frame_arrives_once_and_in_order_however_the_link_breaks(void **state)
{
    const uint64_t *only = *state;

    for (uint64_t seed = only != NULL ? *only : 1; seed <= (only != NULL ? *only : SEEDS); seed++) {
        seed_running = seed;
        world_run(seed);
    }
    seed_running = 0;
    assert_int_equal(pvmi_alloc_count(), 0);
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, session_set_up, session_tear_down)

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const struct CMUnitTest tests[] = {
        SESSION_TEST(frames_are_numbered_from_1_and_sent_once),
        SESSION_TEST(nothing_goes_before_the_peers_resume),
        SESSION_TEST(a_resume_says_what_is_expected_and_acknowledges_it),
        SESSION_TEST(a_new_connection_goes_on_where_the_peer_is),
        SESSION_TEST(frames_are_kept_until_they_are_acknowledged),
        SESSION_TEST(an_acknowledgement_of_what_was_never_sent_is_refused),
        SESSION_TEST(an_acknowledgement_may_overtake_sending_again),
        SESSION_TEST(an_impossible_resume_is_refused),
        SESSION_TEST(arrivals_are_new_double_or_behind_a_gap),
        SESSION_TEST(an_acknowledgement_is_due_after_so_many_frames),
        SESSION_TEST(an_acknowledgement_is_due_after_so_many_bytes),
        SESSION_TEST(a_frame_that_goes_out_acknowledges_what_came),
        SESSION_TEST(nothing_is_lost_when_there_is_no_memory_for_a_clone),
        cmocka_unit_test_prestate_setup_teardown(
            every_frame_arrives_once_and_in_order_however_the_link_breaks, NULL, say_seed,
            seed != 0 ? &seed : NULL),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
