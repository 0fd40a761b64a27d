/* SPDX-License-Identifier: BSD-3-Clause */
/* Strangers at the door: the daemon's side is real, we are who comes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/io/entrance.h"
#include "pvmd/io/links.h"
#include "pvmd/io/own.h"
#include "pvmd/io/peers.h"
#include "transport/tls.h"
#include "wire/frame.h"

#define PLACES 64    /* strangers at a time */

/* What is known of host 2, which is us. */
#define HOST 2
#define INCARNATION 0x2222222222222222u
#define TICKET 99u

static const uint8_t gate[PVMI_KEY_SIZE] = "the gate key of this machine...";
static const uint8_t secret[PVMI_KEY_SIZE] = "the secret of the launch.......";

struct world {
    struct io io;
    struct pvmi_identity *ours;
    struct pvmi_identity *others;    /* somebody else's key */
};

static int open_world(void **state)
{
    static struct world world;
    struct core_action set = { .type = CORE_ACTION_PEER_SET };
    char *addresses[] = { (char *)"127.0.0.1", NULL };

    memset(&world, 0, sizeof(world));
    if (io_open(&world.io) != PvmOk || own_identify(&world.io.own) != PvmOk ||
        pvmi_identity_new(&world.ours) != PvmOk || pvmi_identity_new(&world.others) != PvmOk)
        return -1;
    memcpy(world.io.own.machine, "0123456789abcdef", 16);
    world.io.own.number = 1;
    world.io.own.first = true;
    world.io.links = links_new(&world.io);
    world.io.peers = peers_new();
    world.io.entrance = entrance_new();
    peers_set_gate(world.io.peers, gate);
    peers_add_ticket(world.io.peers, TICKET, secret, NULL);
    set.peer.number = HOST;
    set.peer.incarnation = INCARNATION;
    set.peer.ticket = TICKET;
    set.peer.addresses = addresses;
    set.peer.port = 1;
    set.peer.name = (char *)"two";
    pvmi_identity_key(world.ours, set.peer.key);
    peers_set(&world.io, &set);
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;

    io_close(&world->io);
    own_fini(&world->io.own);
    pvmi_identity_free(world->ours);
    pvmi_identity_free(world->others);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* ---- who comes ---- */

static void good_hello(struct world *world, struct pvmi_hello *hello)
{
    *hello = (struct pvmi_hello){
        .version_min = PVMI_VERSION_MIN,
        .version_max = PVMI_VERSION,
        .purpose = PVMI_HELLO_DAEMON,
        .channel = PVMI_CHANNEL_BULK,
        .sender = INCARNATION,
        .receiver = world->io.own.incarnation,
        .host = HOST,
    };
    memcpy(hello->machine, world->io.own.machine, 16);
}

static void sign(struct pvmi_hello *hello, const uint8_t key[PVMI_KEY_SIZE], uint8_t bytes[PVMI_HELLO_SIZE])
{
    assert_int_equal(pvmi_hello_sign(hello, key), PvmOk);
    pvmi_hello_encode(hello, bytes);
}

/* A connection to the entrance; our end, non-blocking. */
static int come(struct world *world)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    entrance_take(&world->io, ends[1]);
    return ends[0];
}

/* True when the other side has closed. */
static bool is_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Runs the daemon's side until it has closed our connection. */
static void await_refusal(struct world *world, int fd)
{
    while (!is_closed(fd))
        uv_run(world->io.loop, UV_RUN_ONCE);
    close(fd);
    assert_int_equal(entrance_count(world->io.entrance), 0);
}

static void expect_hello_refused(struct world *world, const uint8_t bytes[PVMI_HELLO_SIZE])
{
    int fd = come(world);

    assert_int_equal(send(fd, bytes, PVMI_HELLO_SIZE, MSG_NOSIGNAL), PVMI_HELLO_SIZE);
    await_refusal(world, fd);
}

/* Says hello and goes through the handshake as identity. Returns the pipe when we are in, else NULL. */
static struct pvmi_pipe *enter(struct world *world, const uint8_t bytes[PVMI_HELLO_SIZE],
                               struct pvmi_identity *identity)
{
    struct pvmi_pipe *pipe;
    char byte;
    int fd = come(world);
    int rc;

    assert_int_equal(send(fd, bytes, PVMI_HELLO_SIZE, MSG_NOSIGNAL), PVMI_HELLO_SIZE);
    assert_int_equal(pvmi_tls_new(fd, false, identity, world->io.own.key, &pipe), PvmOk);
    do {
        rc = pvmi_tls_handshake(pipe);
        uv_run(world->io.loop, UV_RUN_NOWAIT);
    } while (rc == PVMI_AGAIN || (rc == PvmOk && entrance_count(world->io.entrance) > 0));
    /* A client hears last that its key was refused: by its first read. */
    if (rc == PvmOk && pipe->ops->read(pipe, &byte, 1) == PVMI_AGAIN)
        return pipe;
    pipe->ops->close(pipe);
    return NULL;
}

static void expect_entered(struct world *world, const uint8_t bytes[PVMI_HELLO_SIZE])
{
    struct pvmi_pipe *pipe = enter(world, bytes, world->ours);

    assert_non_null(pipe);
    pipe->ops->close(pipe);
}

/* ---- cases ---- */

static void a_member_with_the_gate_key_comes_in(void **state)
{
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(*state, &hello);
    sign(&hello, gate, bytes);
    expect_entered(*state, bytes);
}

static void a_host_that_joins_comes_in_with_the_secret_of_its_launch(void **state)
{
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(*state, &hello);
    hello.purpose = PVMI_HELLO_JOIN;
    hello.ticket = TICKET;
    sign(&hello, secret, bytes);
    expect_entered(*state, bytes);
}

static void the_secret_of_a_launch_is_spent_once_its_host_has_shown_the_gate_key(void **state)
{
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(*state, &hello);
    sign(&hello, gate, bytes);
    expect_entered(*state, bytes);
    hello.purpose = PVMI_HELLO_JOIN;
    hello.ticket = TICKET;
    sign(&hello, secret, bytes);
    expect_hello_refused(*state, bytes);
}

static void a_hello_byte_by_byte_is_one(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    struct pvmi_pipe *pipe;
    uint8_t bytes[PVMI_HELLO_SIZE];
    int fd = come(world);
    int rc;

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    for (int i = 0; i < PVMI_HELLO_SIZE; i++) {
        assert_int_equal(send(fd, bytes + i, 1, MSG_NOSIGNAL), 1);
        uv_run(world->io.loop, UV_RUN_ONCE);
    }
    assert_int_equal(pvmi_tls_new(fd, false, world->ours, world->io.own.key, &pipe), PvmOk);
    while ((rc = pvmi_tls_handshake(pipe)) == PVMI_AGAIN)
        uv_run(world->io.loop, UV_RUN_NOWAIT);
    assert_int_equal(rc, PvmOk);
    pipe->ops->close(pipe);
}

static void garbage_is_refused(void **state)
{
    uint8_t bytes[PVMI_HELLO_SIZE];

    memset(bytes, 'x', sizeof(bytes));
    expect_hello_refused(*state, bytes);
    memcpy(bytes, "GET / HTTP/1.1\r\n", 16);
    expect_hello_refused(*state, bytes);
    memset(bytes, 0, sizeof(bytes));
    expect_hello_refused(*state, bytes);
}

static void a_hello_that_ends_too_soon_is_refused(void **state)
{
    struct world *world = *state;
    int fd = come(world);

    assert_int_equal(send(fd, "PVM4hel\n", 8, MSG_NOSIGNAL), 8);
    shutdown(fd, SHUT_WR);
    await_refusal(world, fd);
}

static void tick(uv_timer_t *timer)
{
    int fd = *(int *)timer->data;

    (void)send(fd, "P", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* One says nothing, one a byte now and then, one a good hello and then no more. */
static void who_takes_too_long_is_sent_away(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];
    int silent = come(world);
    int slow = come(world);
    int half = come(world);
    static uv_timer_t timer;

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    assert_int_equal(send(half, bytes, PVMI_HELLO_SIZE, MSG_NOSIGNAL), PVMI_HELLO_SIZE);
    uv_timer_init(world->io.loop, &timer);
    timer.data = &slow;
    uv_timer_start(&timer, tick, 100, 100);
    while (!is_closed(silent) || !is_closed(slow))
        uv_run(world->io.loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    assert_int_equal(entrance_count(world->io.entrance), 1);
    close(silent);
    close(slow);
    await_refusal(world, half);
}

static void each_field_of_the_hello_counts(void **state)
{
    struct world *world = *state;
    struct pvmi_hello good;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(world, &good);
    for (int field = 0; field < 6; field++) {
        hello = good;
        switch (field) {
        case 0: hello.machine[0] ^= 1; break;
        case 1: hello.receiver ^= 1; break;
        case 2: hello.sender ^= 1; break;
        case 3: hello.host = 3; break;
        case 4: hello.version_min = hello.version_max = PVMI_VERSION + 1; break;
        case 5: hello.purpose = PVMI_HELLO_TASK; break;
        }
        sign(&hello, gate, bytes);
        expect_hello_refused(world, bytes);
    }
    sign(&good, gate, bytes);
    expect_entered(world, bytes);
}

static void a_wrong_secret_and_a_wrong_ticket_are_refused(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(world, &hello);
    sign(&hello, secret, bytes);    /* the launch's secret is no gate key */
    expect_hello_refused(world, bytes);
    hello.purpose = PVMI_HELLO_JOIN;
    hello.ticket = TICKET;
    sign(&hello, gate, bytes);
    expect_hello_refused(world, bytes);
    hello.ticket = TICKET + 1;
    sign(&hello, secret, bytes);
    expect_hello_refused(world, bytes);
}

static void a_changed_byte_spoils_the_mac(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    bytes[PVMI_HELLO_SIGNED - 1] ^= 1;    /* of the nonce */
    expect_hello_refused(world, bytes);
    bytes[PVMI_HELLO_SIGNED - 1] ^= 1;
    bytes[PVMI_HELLO_SIZE - 1] ^= 1;
    expect_hello_refused(world, bytes);
}

static void a_replayed_hello_is_refused(void **state)
{
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(*state, &hello);
    sign(&hello, gate, bytes);
    expect_entered(*state, bytes);
    expect_hello_refused(*state, bytes);
}

static void a_good_hello_with_another_key_pair_is_refused(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    assert_null(enter(world, bytes, world->others));
}

static void garbage_in_the_place_of_the_handshake_is_refused(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];
    int fd = come(world);

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    assert_int_equal(send(fd, bytes, PVMI_HELLO_SIZE, MSG_NOSIGNAL), PVMI_HELLO_SIZE);
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(send(fd, bytes, PVMI_HELLO_SIZE, MSG_NOSIGNAL), PVMI_HELLO_SIZE);
    /* TLS says why before it closes. */
    while (entrance_count(world->io.entrance) > 0)
        uv_run(world->io.loop, UV_RUN_ONCE);
    close(fd);
}

/* ---- after the handshake ---- */

/* Enters, and becomes a link that is read. */
static struct pvmi_pipe *enter_and_link(struct world *world)
{
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];
    struct pvmi_pipe *pipe;

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    pipe = enter(world, bytes, world->ours);
    assert_non_null(pipe);
    links_adopt(&world->io, 1, 77);
    assert_true(links_has_incoming(&world->io, HOST, INCARNATION, PVMI_CHANNEL_BULK));
    return pipe;
}

/* Sends these bytes through pipe; the daemon then closes the link. */
static void expect_link_closed(struct world *world, struct pvmi_pipe *pipe, const void *data, size_t length)
{
    struct iovec part = { .iov_base = (void *)data, .iov_len = length };
    char byte;

    while (length > 0 && pipe->ops->write(pipe, &part, 1) == PVMI_AGAIN)
        uv_run(world->io.loop, UV_RUN_NOWAIT);
    while (pipe->ops->read(pipe, &byte, 1) == PVMI_AGAIN)
        uv_run(world->io.loop, UV_RUN_NOWAIT);
    assert_false(links_has_incoming(&world->io, HOST, INCARNATION, PVMI_CHANNEL_BULK));
    pipe->ops->close(pipe);
}

static void a_member_that_sends_no_frames_loses_its_link(void **state)
{
    uint8_t garbage[4096];

    memset(garbage, 0xa5, sizeof(garbage));
    expect_link_closed(*state, enter_and_link(*state), garbage, sizeof(garbage));
}

static void a_frame_longer_than_any_loses_it_too(void **state)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .format = (uint8_t)pvmi_format_own() };
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];

    header.length = PVMI_FRAME_CONTROL_MAX + 1;
    header.message_length = header.length;
    pvmi_frame_header_encode(&header, bytes);
    expect_link_closed(*state, enter_and_link(*state), bytes, sizeof(bytes));
}

/* A record of TLS that the right key has not made. */
static void what_was_changed_on_its_way_is_never_a_frame(void **state)
{
    struct pvmi_pipe *pipe = enter_and_link(*state);
    uint8_t record[PVMI_FRAME_HEADER_SIZE + 32] = { 0x17, 3, 3, 0, PVMI_FRAME_HEADER_SIZE + 27 };

    assert_int_equal(send(pipe->fd, record, sizeof(record), MSG_NOSIGNAL), sizeof(record));
    expect_link_closed(*state, pipe, NULL, 0);
}

/* ---- who is none of us any more, and who come in crowds ---- */

static void a_host_that_was_dropped_is_a_stranger(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];

    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    peers_drop(&world->io, HOST, INCARNATION);
    expect_hello_refused(world, bytes);
}

static void when_all_places_are_taken_the_longest_silent_one_goes(void **state)
{
    struct world *world = *state;
    struct pvmi_hello hello;
    uint8_t bytes[PVMI_HELLO_SIZE];
    int silent[PLACES];

    for (int i = 0; i < PLACES; i++)
        silent[i] = come(world);
    assert_false(is_closed(silent[0]));

    int fd = come(world);
    assert_true(is_closed(silent[0]));
    for (int i = 1; i < PLACES; i++)
        assert_false(is_closed(silent[i]));
    assert_int_equal(entrance_count(world->io.entrance), PLACES);

    /* And who has something to say is heard. */
    struct pvmi_pipe *pipe;
    int rc;
    good_hello(world, &hello);
    sign(&hello, gate, bytes);
    assert_int_equal(send(fd, bytes, PVMI_HELLO_SIZE, MSG_NOSIGNAL), PVMI_HELLO_SIZE);
    assert_int_equal(pvmi_tls_new(fd, false, world->ours, world->io.own.key, &pipe), PvmOk);
    while ((rc = pvmi_tls_handshake(pipe)) == PVMI_AGAIN)
        uv_run(world->io.loop, UV_RUN_NOWAIT);
    assert_int_equal(rc, PvmOk);
    pipe->ops->close(pipe);
    for (int i = 0; i < PLACES; i++)
        close(silent[i]);
}

#define AT_THE_DOOR(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_THE_DOOR(a_member_with_the_gate_key_comes_in),
        AT_THE_DOOR(a_host_that_joins_comes_in_with_the_secret_of_its_launch),
        AT_THE_DOOR(the_secret_of_a_launch_is_spent_once_its_host_has_shown_the_gate_key),
        AT_THE_DOOR(a_hello_byte_by_byte_is_one),
        AT_THE_DOOR(garbage_is_refused),
        AT_THE_DOOR(a_hello_that_ends_too_soon_is_refused),
        AT_THE_DOOR(who_takes_too_long_is_sent_away),
        AT_THE_DOOR(a_member_that_sends_no_frames_loses_its_link),
        AT_THE_DOOR(a_frame_longer_than_any_loses_it_too),
        AT_THE_DOOR(what_was_changed_on_its_way_is_never_a_frame),
        AT_THE_DOOR(each_field_of_the_hello_counts),
        AT_THE_DOOR(a_wrong_secret_and_a_wrong_ticket_are_refused),
        AT_THE_DOOR(a_changed_byte_spoils_the_mac),
        AT_THE_DOOR(a_replayed_hello_is_refused),
        AT_THE_DOOR(a_good_hello_with_another_key_pair_is_refused),
        AT_THE_DOOR(garbage_in_the_place_of_the_handshake_is_refused),
        AT_THE_DOOR(a_host_that_was_dropped_is_a_stranger),
        AT_THE_DOOR(when_all_places_are_taken_the_longest_silent_one_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
