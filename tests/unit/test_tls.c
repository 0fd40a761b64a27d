/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS links. The other side of a link is either one of ours, or, to see what comes over the
 * wire or to break a rule, OpenSSL itself with bytes that the test carries ("raw").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/alloc.h"
#include "base/error.h"
#include "tests/unit/frame_make.h"
#include "transport/stream.h"
#include "transport/tls.h"

/* ---- two of ours ---- */

struct link {
    struct pvmi_identity *identities[2];    /* server, client */
    uint8_t keys[2][PVMI_KEY_SIZE];
    struct pvmi_pipe *pipes[2];
    int fds[2];
};

enum { SERVER, CLIENT };

static int link_set_up(void **state)
{
    struct link *link = calloc(1, sizeof(*link));

    assert_non_null(link);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pvmi_identity_new(&link->identities[i]), PvmOk);
        pvmi_identity_key(link->identities[i], link->keys[i]);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, link->fds), 0);
    *state = link;
    return 0;
}

static void link_close(struct link *link, int side)
{
    if (link->pipes[side] != NULL)
        link->pipes[side]->ops->close(link->pipes[side]);
    else if (link->fds[side] >= 0)
        close(link->fds[side]);
    link->pipes[side] = NULL;
    link->fds[side] = -1;
}

static int link_tear_down(void **state)
{
    struct link *link = *state;

    pvmi_alloc_fail_nth(-1);
    for (int i = 0; i < 2; i++) {
        link_close(link, i);
        pvmi_identity_free(link->identities[i]);
    }
    free(link);
    return pvmi_alloc_count() == 0 && ERR_peek_error() == 0 ? 0 : -1;
}

static void link_open_side(struct link *link, int side, const uint8_t peer_key[PVMI_KEY_SIZE])
{
    assert_int_equal(pvmi_tls_new(link->fds[side], side == SERVER, link->identities[side], peer_key,
                                  &link->pipes[side]), PvmOk);
}

/* Drives both handshakes until neither moves; the results are PvmOk, a failure, or PVMI_AGAIN. */
static void link_shake(struct link *link, int results[2])
{
    results[SERVER] = results[CLIENT] = PVMI_AGAIN;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2; i++) {
            if (results[i] == PVMI_AGAIN)
                results[i] = pvmi_tls_handshake(link->pipes[i]);
            assert_int_equal(ERR_peek_error(), 0);
        }
    }
}

static void link_up(struct link *link)
{
    int results[2];

    link_open_side(link, SERVER, link->keys[CLIENT]);
    link_open_side(link, CLIENT, link->keys[SERVER]);
    link_shake(link, results);
    assert_int_equal(results[SERVER], PvmOk);
    assert_int_equal(results[CLIENT], PvmOk);
}

static ssize_t pipe_write(struct pvmi_pipe *pipe, const void *bytes, size_t length)
{
    struct iovec vector = { .iov_base = (void *)bytes, .iov_len = length };

    return pipe->ops->write(pipe, &vector, 1);
}

static ssize_t pipe_read(struct pvmi_pipe *pipe, void *bytes, size_t length)
{
    return pipe->ops->read(pipe, bytes, length);
}

static void link_say(struct link *link, int from, const char *text)
{
    char heard[64] = "";

    assert_int_equal(pipe_write(link->pipes[from], text, strlen(text)), strlen(text));
    assert_int_equal(pipe_read(link->pipes[1 - from], heard, sizeof(heard)), strlen(text));
    assert_string_equal(heard, text);
}

static void bytes_go_both_ways_when_both_keys_are_right(void **state)
{
    struct link *link = *state;
    char byte;

    link_up(link);
    link_say(link, SERVER, "hello");
    link_say(link, CLIENT, "you too");
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), PVMI_AGAIN);
    assert_int_equal(pipe_read(link->pipes[CLIENT], &byte, 1), PVMI_AGAIN);
}

static void a_server_with_another_key_is_refused(void **state)
{
    struct link *link = *state;
    int results[2];

    link_open_side(link, SERVER, link->keys[CLIENT]);
    link_open_side(link, CLIENT, link->keys[CLIENT]);    /* expects another */
    link_shake(link, results);
    assert_int_equal(results[CLIENT], PvmDenied);
    assert_int_equal(results[SERVER], PvmDenied);
    assert_int_equal(pipe_write(link->pipes[CLIENT], "x", 1), PvmDenied);
}

static void a_client_with_another_key_is_refused(void **state)
{
    struct link *link = *state;
    int results[2];
    char byte;

    link_open_side(link, SERVER, link->keys[SERVER]);    /* expects another */
    link_open_side(link, CLIENT, link->keys[SERVER]);
    link_shake(link, results);
    assert_int_equal(results[SERVER], PvmDenied);
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), PvmDenied);
    /* To the client the handshake looked good: it hears of it when it reads. */
    assert_int_equal(results[CLIENT], PvmOk);
    assert_int_equal(pipe_read(link->pipes[CLIENT], &byte, 1), PvmDenied);
}

static void a_polite_end_is_an_end(void **state)
{
    struct link *link = *state;
    char byte;

    for (int side = 0; side < 2; side++) {
        link_up(link);
        link_close(link, side);
        assert_int_equal(pipe_read(link->pipes[1 - side], &byte, 1), PVMI_CLOSED);
        assert_int_equal(ERR_peek_error(), 0);
        link_close(link, 1 - side);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, link->fds), 0);
    }
}

static void an_end_without_close_notify_is_an_end_too(void **state)
{
    struct link *link = *state;
    char byte;

    link_up(link);
    assert_int_equal(shutdown(link->fds[CLIENT], SHUT_RDWR), 0);
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), PVMI_CLOSED);
    assert_int_equal(ERR_peek_error(), 0);
}

static void an_end_inside_the_handshake_is_an_end_too(void **state)
{
    struct link *link = *state;

    link_open_side(link, SERVER, link->keys[CLIENT]);
    assert_int_equal(pvmi_tls_handshake(link->pipes[SERVER]), PVMI_AGAIN);
    link_close(link, CLIENT);
    assert_int_equal(pvmi_tls_handshake(link->pipes[SERVER]), PVMI_CLOSED);
    assert_int_equal(ERR_peek_error(), 0);
}

static void garbage_in_the_place_of_a_handshake_is_an_error(void **state)
{
    struct link *link = *state;

    link_open_side(link, SERVER, link->keys[CLIENT]);
    assert_int_equal(send(link->fds[CLIENT], "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    assert_int_equal(pvmi_tls_handshake(link->pipes[SERVER]), PvmSysErr);
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_changed_byte_ends_the_link(void **state)
{
    struct link *link = *state;
    uint8_t record[200];
    ssize_t length;
    char byte;

    link_up(link);
    assert_int_equal(pipe_write(link->pipes[CLIENT], "secret", 6), 6);
    length = recv(link->fds[SERVER], record, sizeof(record), 0);
    assert_true(length > 10);
    assert_null(memmem(record, (size_t)length, "secret", 6));
    record[length - 1] ^= 1;
    /* Back into the stream, by the other end. */
    assert_int_equal(send(link->fds[CLIENT], record, (size_t)length, MSG_NOSIGNAL), length);
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), PvmSysErr);
    assert_int_equal(ERR_peek_error(), 0);
}

/* SIGPIPE does what it does by default here: end the process. */
static void writing_to_a_closed_peer_raises_no_signal(void **state)
{
    struct link *link = *state;
    ssize_t rc = 1;

    link_up(link);
    link_close(link, SERVER);
    while (rc > 0)
        rc = pipe_write(link->pipes[CLIENT], "x", 1);
    assert_int_equal(rc, PVMI_CLOSED);
    assert_int_equal(ERR_peek_error(), 0);
}

static void an_error_that_somebody_left_in_the_queue_does_no_harm(void **state)
{
    struct link *link = *state;
    int results[2];
    char byte;

    link_open_side(link, SERVER, link->keys[CLIENT]);
    link_open_side(link, CLIENT, link->keys[SERVER]);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    assert_int_equal(pvmi_tls_handshake(link->pipes[SERVER]), PVMI_AGAIN);
    link_shake(link, results);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), PVMI_AGAIN);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    link_say(link, SERVER, "hello");
    assert_int_equal(ERR_peek_error(), 0);
}

static void what_is_left_of_a_record_counts_as_input(void **state)
{
    struct link *link = *state;
    char byte;

    link_up(link);
    assert_int_equal(pipe_write(link->pipes[CLIENT], "ab", 2), 2);
    assert_false(link->pipes[SERVER]->ops->has_input(link->pipes[SERVER]));
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), 1);
    assert_true(link->pipes[SERVER]->ops->has_input(link->pipes[SERVER]));
    assert_int_equal(pipe_read(link->pipes[SERVER], &byte, 1), 1);
    assert_false(link->pipes[SERVER]->ops->has_input(link->pipes[SERVER]));
}

/* ---- streams over it ---- */

struct side {
    struct pvmi_stream stream;
    struct pvmi_list came;
    int count;
};

static bool side_on_frame(void *user, struct pvmi_frame *frame)
{
    struct side *side = user;

    pvmi_list_push(&side->came, &frame->link);
    side->count++;
    return true;
}

static size_t traffic_size(int tag)
{
    static const size_t SIZES[] = { 0, 10, 65536, 65536, 300, 16384, 16320, 65536, 1, 200000 };

    return SIZES[tag % 10];
}

/* Both sides send frames at the same time through sockets that are full most of the time. */
static void link_exchange(struct link *link, int frames)
{
    struct side sides[2] = { 0 };

    for (int i = 0; i < 2; i++) {
        pvmi_stream_init(&sides[i].stream, link->pipes[i]);
        pvmi_list_init(&sides[i].came);
        link->pipes[i] = NULL;
        link->fds[i] = -1;
        for (int tag = 0; tag < frames; tag++)
            assert_int_equal(pvmi_stream_send(&sides[i].stream, frame_make(tag, traffic_size(tag))), PvmOk);
    }
    while (sides[0].count < frames || sides[1].count < frames) {
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pvmi_stream_writable(&sides[i].stream), PvmOk);
            assert_true(pvmi_stream_readable(&sides[i].stream, side_on_frame, &sides[i]) >= 0);
        }
    }
    for (int i = 0; i < 2; i++) {
        for (int tag = 0; tag < frames; tag++) {
            struct pvmi_frame *frame = frame_pop(&sides[i].came);

            frame_check(frame, tag, traffic_size(tag));
            pvmi_frame_free(frame);
        }
        assert_int_equal(sides[i].stream.out_bytes, 0);
        pvmi_stream_fini(&sides[i].stream);
    }
}

static void frames_cross_both_ways_through_full_sockets(void **state)
{
    struct link *link = *state;

    link_up(link);
    link_exchange(link, 200);
}

static void frames_cross_while_both_sides_change_their_keys(void **state)
{
    struct link *link = *state;

    link_up(link);
    pvmi_tls_key_update_after(link->pipes[SERVER], 2);
    pvmi_tls_key_update_after(link->pipes[CLIENT], 3);
    link_exchange(link, 200);
}

static void nothing_follows_on_a_stream_whose_blocked_frames_were_taken(void **state)
{
    struct link *link = *state;
    struct pvmi_stream stream;
    struct pvmi_list taken;

    link_up(link);
    pvmi_list_init(&taken);
    pvmi_stream_init(&stream, link->pipes[CLIENT]);
    link->pipes[CLIENT] = NULL;
    link->fds[CLIENT] = -1;
    while (!pvmi_stream_wants_write(&stream))
        pvmi_stream_send(&stream, frame_make(1, 1000));
    pvmi_stream_take_unsent(&stream, &taken);
    assert_false(pvmi_list_empty(&taken));
    pvmi_frame_free_all(&taken);
    /* A record of theirs is encrypted already. */
    assert_int_equal(pvmi_stream_send(&stream, frame_make(2, 1000)), PVMI_CLOSED);
    pvmi_stream_fini(&stream);
}

/* ---- raw peers ---- */

struct raw {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in;     /* from the socket to ssl */
    BIO *out;    /* the other way */
    int fd;
    int tickets;
    int key_updates;
};

static void raw_on_message(int write, int version, int type, const void *bytes, size_t length, SSL *ssl,
                           void *arg)
{
    struct raw *raw = arg;
    const uint8_t *first = bytes;

    (void)version;
    (void)ssl;
    if (write || type != SSL3_RT_HANDSHAKE || length == 0)
        return;
    raw->tickets += *first == SSL3_MT_NEWSESSION_TICKET;
    raw->key_updates += *first == SSL3_MT_KEY_UPDATE;
}

/* A raw client, with a fresh Ed25519 certificate when key is given, which gets the SHA-256 of its key. */
static void raw_init(struct raw *raw, int fd, uint8_t *key)
{
    memset(raw, 0, sizeof(*raw));
    raw->fd = fd;
    raw->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(raw->context);
    if (key != NULL) {
        EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        X509 *certificate = X509_new();
        unsigned char *der = NULL;
        int length = i2d_PUBKEY(pair, &der);

        X509_set_version(certificate, X509_VERSION_3);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
        X509_gmtime_adj(X509_getm_notAfter(certificate), -3600);    /* dates mean nothing: this one is over */
        X509_set_pubkey(certificate, pair);
        assert_int_not_equal(X509_sign(certificate, pair, NULL), 0);
        assert_int_equal(SSL_CTX_use_certificate(raw->context, certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(raw->context, pair), 1);
        assert_int_equal(EVP_Digest(der, (size_t)length, key, NULL, EVP_sha256(), NULL), 1);
        OPENSSL_free(der);
        X509_free(certificate);
        EVP_PKEY_free(pair);
    }
    SSL_CTX_set_msg_callback(raw->context, raw_on_message);
    SSL_CTX_set_msg_callback_arg(raw->context, raw);
}

static void raw_start(struct raw *raw)
{
    raw->ssl = SSL_new(raw->context);
    raw->in = BIO_new(BIO_s_mem());
    raw->out = BIO_new(BIO_s_mem());
    assert_non_null(raw->ssl);
    SSL_set_bio(raw->ssl, raw->in, raw->out);
    SSL_set_connect_state(raw->ssl);
}

/* Carries what waits in both directions. */
static void raw_carry(struct raw *raw)
{
    uint8_t bytes[65536];
    ssize_t got;
    int length;

    while ((length = BIO_read(raw->out, bytes, sizeof(bytes))) > 0)
        send(raw->fd, bytes, (size_t)length, MSG_NOSIGNAL);
    while ((got = recv(raw->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        BIO_write(raw->in, bytes, (int)got);
}

/* Drives the handshake with our server; returns what the server makes of it. */
static int raw_shake(struct raw *raw, struct pvmi_pipe *server)
{
    int rc = PVMI_AGAIN;

    for (int round = 0; round < 10; round++) {
        SSL_do_handshake(raw->ssl);
        ERR_clear_error();
        raw_carry(raw);
        if (rc == PVMI_AGAIN)
            rc = pvmi_tls_handshake(server);
        assert_int_equal(ERR_peek_error(), 0);
        raw_carry(raw);
    }
    return rc;
}

static void raw_fini(struct raw *raw)
{
    SSL_free(raw->ssl);
    SSL_CTX_free(raw->context);
    ERR_clear_error();
}

static void a_certificate_is_accepted_for_its_key_alone(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];

    raw_init(&raw, link->fds[CLIENT], key);
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmOk);
    assert_string_equal(SSL_get_version(raw.ssl), "TLSv1.3");
    assert_string_equal(SSL_get_cipher(raw.ssl), "TLS_AES_128_GCM_SHA256");
    raw_fini(&raw);
}

static void the_key_is_the_hash_of_the_public_key_that_is_shown(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];
    unsigned char *der = NULL;
    X509 *shown;
    int length;

    raw_init(&raw, link->fds[CLIENT], key);
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    raw_shake(&raw, link->pipes[SERVER]);
    shown = SSL_get1_peer_certificate(raw.ssl);
    assert_non_null(shown);
    length = i2d_PUBKEY(X509_get0_pubkey(shown), &der);
    assert_true(length > 0);
    assert_int_equal(EVP_Digest(der, (size_t)length, key, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(key, link->keys[SERVER], PVMI_KEY_SIZE);
    OPENSSL_free(der);
    X509_free(shown);
    raw_fini(&raw);
}

static void a_client_without_a_certificate_is_refused(void **state)
{
    struct link *link = *state;
    struct raw raw;

    raw_init(&raw, link->fds[CLIENT], NULL);
    raw_start(&raw);
    link_open_side(link, SERVER, link->keys[CLIENT]);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmDenied);
    raw_fini(&raw);
}

static void a_client_that_cannot_do_tls_1_3_is_refused(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];

    raw_init(&raw, link->fds[CLIENT], key);
    SSL_CTX_set_max_proto_version(raw.context, TLS1_2_VERSION);
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmSysErr);
    raw_fini(&raw);
}

static void a_client_with_other_cipher_suites_is_refused(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];

    raw_init(&raw, link->fds[CLIENT], key);
    SSL_CTX_set_ciphersuites(raw.context, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmSysErr);
    raw_fini(&raw);
}

/* Without tickets there is nothing to resume, and nothing that early data could be sent with. */
static void no_session_ticket_is_given(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];
    char heard[16];

    raw_init(&raw, link->fds[CLIENT], key);
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmOk);
    assert_int_equal(pipe_write(link->pipes[SERVER], "hello", 5), 5);
    raw_carry(&raw);
    assert_int_equal(SSL_read(raw.ssl, heard, sizeof(heard)), 5);
    assert_int_equal(raw.tickets, 0);
    assert_int_equal(SSL_SESSION_get_max_early_data(SSL_get0_session(raw.ssl)), 0);
    raw_fini(&raw);
}

static void the_key_changes_after_so_many_records(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];
    char heard[16];

    raw_init(&raw, link->fds[CLIENT], key);
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmOk);
    pvmi_tls_key_update_after(link->pipes[SERVER], 4);
    for (int i = 0; i < 13; i++) {
        assert_int_equal(pipe_write(link->pipes[SERVER], "hello", 5), 5);
        raw_carry(&raw);
        assert_int_equal(SSL_read(raw.ssl, heard, sizeof(heard)), 5);
        assert_memory_equal(heard, "hello", 5);
        assert_int_equal(raw.key_updates, i / 4);
    }
    raw_fini(&raw);
}

static void a_link_survives_when_the_peer_changes_both_keys(void **state)
{
    struct link *link = *state;
    struct raw raw;
    uint8_t key[PVMI_KEY_SIZE];
    char heard[16];

    raw_init(&raw, link->fds[CLIENT], key);
    raw_start(&raw);
    link_open_side(link, SERVER, key);
    assert_int_equal(raw_shake(&raw, link->pipes[SERVER]), PvmOk);
    assert_int_equal(SSL_key_update(raw.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_write(raw.ssl, "abc", 3), 3);
    raw_carry(&raw);
    assert_int_equal(pipe_read(link->pipes[SERVER], heard, sizeof(heard)), 3);
    assert_int_equal(pipe_write(link->pipes[SERVER], "hello", 5), 5);
    raw_carry(&raw);
    assert_int_equal(SSL_read(raw.ssl, heard, sizeof(heard)), 5);
    assert_int_equal(raw.key_updates, 1);
    raw_fini(&raw);
}

static void making_a_link_survives_out_of_memory(void **state)
{
    struct link *link = *state;
    struct pvmi_pipe *pipe;

    pvmi_alloc_fail_nth(0);
    assert_int_equal(pvmi_tls_new(link->fds[CLIENT], false, link->identities[CLIENT], link->keys[SERVER],
                                  &pipe), PvmNoMem);
    link->fds[CLIENT] = -1;    /* closed on failure, too */
    link_open_side(link, SERVER, link->keys[CLIENT]);
    assert_int_equal(pvmi_tls_handshake(link->pipes[SERVER]), PVMI_CLOSED);
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, link_set_up, link_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(bytes_go_both_ways_when_both_keys_are_right),
        LINK_TEST(a_server_with_another_key_is_refused),
        LINK_TEST(a_client_with_another_key_is_refused),
        LINK_TEST(a_polite_end_is_an_end),
        LINK_TEST(an_end_without_close_notify_is_an_end_too),
        LINK_TEST(an_end_inside_the_handshake_is_an_end_too),
        LINK_TEST(garbage_in_the_place_of_a_handshake_is_an_error),
        LINK_TEST(a_changed_byte_ends_the_link),
        LINK_TEST(writing_to_a_closed_peer_raises_no_signal),
        LINK_TEST(an_error_that_somebody_left_in_the_queue_does_no_harm),
        LINK_TEST(what_is_left_of_a_record_counts_as_input),
        LINK_TEST(frames_cross_both_ways_through_full_sockets),
        LINK_TEST(frames_cross_while_both_sides_change_their_keys),
        LINK_TEST(nothing_follows_on_a_stream_whose_blocked_frames_were_taken),
        LINK_TEST(a_certificate_is_accepted_for_its_key_alone),
        LINK_TEST(the_key_is_the_hash_of_the_public_key_that_is_shown),
        LINK_TEST(a_client_without_a_certificate_is_refused),
        LINK_TEST(a_client_that_cannot_do_tls_1_3_is_refused),
        LINK_TEST(a_client_with_other_cipher_suites_is_refused),
        LINK_TEST(no_session_ticket_is_given),
        LINK_TEST(the_key_changes_after_so_many_records),
        LINK_TEST(a_link_survives_when_the_peer_changes_both_keys),
        LINK_TEST(making_a_link_survives_out_of_memory),
    };

    signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
