/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pipe through TLS.
 *
 *   SHAKING --both have shown the right key--> UP --close_notify, end of file, reset--> PVMI_CLOSED
 *   any failure in either: its code, from then on for every call
 *
 * OpenSSL's own socket BIO writes without MSG_NOSIGNAL, so we have one of our own. Every call leaves the
 * thread's error queue empty: what one connection leaves there, OpenSSL would report as another's failure.
 *
 * While a KeyUpdate cannot go out, OpenSSL does not read either, so two peers with full sockets that change
 * their keys at one time would wait for each other for ever. Our BIO therefore takes short records of the
 * protocol's own always, and keeps what the socket has no room for (`spill`).
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "transport/tcp.h"
#include "transport/tls_context.h"

#define TLS_RECORD_MAX 16384
#define TLS_SPILL_MAX 128    /* a KeyUpdate has 27 bytes, an alert 24 */
#define TLS_RECORDS_PER_KEY (1u << 22)    /* below AES-GCM's limit; OpenSSL itself never changes the key */

struct tls_pipe {
    struct pvmi_pipe base;
    SSL *ssl;
    struct pvmi_tls_peer peer;
    bool up;                 /* the handshake is done */
    bool read_blocked;       /* the handshake, or a read, waits for room to write */
    bool write_blocked;      /* a record is encrypted and not wholly out */
    bool may_spill;          /* what OpenSSL writes now is not the user's */
    uint8_t spill[TLS_SPILL_MAX];
    size_t spill_length;     /* bytes that go out before all others */
    bool ended;              /* the socket has given end of file, or a reset */
    int socket_errno;        /* the last failure of the socket itself, or 0 */
    int failed;              /* what every call returns from now on, or 0 */
    uint64_t records;        /* written with the key of now */
    uint64_t records_max;
};

static struct tls_pipe *tls_of(const struct pvmi_pipe *pipe)
{
    return PVMI_CONTAINER(pipe, struct tls_pipe, base);
}

/* ---- the BIO ---- */

/* What a failed call on the socket means: later again, or remembered for tls_result(). */
static void tls_bio_failed(BIO *bio, int retry_flag)
{
    struct tls_pipe *tls = BIO_get_data(bio);

    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
        return;
    }
    tls->socket_errno = errno;
    tls->ended = errno == EPIPE || errno == ECONNRESET;
}

static int tls_bio_read(BIO *bio, char *data, int length)
{
    struct tls_pipe *tls = BIO_get_data(bio);
    ssize_t count;

    BIO_clear_retry_flags(bio);
    do {
        count = recv(tls->base.fd, data, (size_t)length, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);

    if (count == 0)
        tls->ended = true;
    if (count < 0)
        tls_bio_failed(bio, BIO_FLAGS_READ);
    return (int)count;
}

static ssize_t tls_bio_send(const struct tls_pipe *tls, const void *data, size_t length)
{
    ssize_t count;

    do {
        count = send(tls->base.fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return count;
}

/* Sends what was kept. False when something is left, or the socket has failed: errno. */
static bool tls_spill_out(struct tls_pipe *tls)
{
    while (tls->spill_length > 0) {
        ssize_t count = tls_bio_send(tls, tls->spill, tls->spill_length);

        if (count < 0)
            return false;
        tls->spill_length -= (size_t)count;
        memmove(tls->spill, tls->spill + count, tls->spill_length);
    }
    return true;
}

static int tls_bio_write(BIO *bio, const char *data, int length)
{
    struct tls_pipe *tls = BIO_get_data(bio);
    ssize_t count = -1;

    BIO_clear_retry_flags(bio);
    if (tls_spill_out(tls))
        count = tls_bio_send(tls, data, (size_t)length);
    if (count >= 0)
        return (int)count;

    if (errno == EAGAIN && tls->may_spill && (size_t)length <= sizeof(tls->spill) - tls->spill_length) {
        memcpy(tls->spill + tls->spill_length, data, (size_t)length);
        tls->spill_length += (size_t)length;
        return length;
    }
    tls_bio_failed(bio, BIO_FLAGS_WRITE);
    return -1;
}

static long tls_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_pipe *tls = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_FLUSH)
        return 1;
    if (command == BIO_CTRL_EOF)
        return tls->ended;
    return 0;
}

static BIO_METHOD *tls_bio_method;
static CRYPTO_ONCE tls_bio_once = CRYPTO_ONCE_STATIC_INIT;

/* One for the process, for as long as it lives: OpenSSL keeps pointers to it and does not count them. */
static void tls_bio_make(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pvm socket");

    if (method == NULL || BIO_meth_set_read(method, tls_bio_read) != 1
        || BIO_meth_set_write(method, tls_bio_write) != 1 || BIO_meth_set_ctrl(method, tls_bio_ctrl) != 1) {
        BIO_meth_free(method);
        return;
    }
    tls_bio_method = method;
}

static BIO *tls_bio_new(struct tls_pipe *tls)
{
    BIO *bio;

    if (CRYPTO_THREAD_run_once(&tls_bio_once, tls_bio_make) != 1 || tls_bio_method == NULL)
        return NULL;
    bio = BIO_new(tls_bio_method);
    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- results ---- */

/* True when the failure is about a certificate: the peer has refused ours, or has shown none. */
static bool tls_is_about_certificate(int reason)
{
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

/* The failure that OpenSSL's error queue and the pipe tell of; logged unless it is a mere end. */
static int tls_failure(const struct tls_pipe *tls)
{
    unsigned long error = ERR_peek_error();
    const char *text = ERR_reason_error_string(error);
    char name[96];

    pvmi_tcp_peer_name(tls->base.fd, name, sizeof(name));
    if (tls->peer.refused) {
        pvmi_log(PVMI_LOG_WARN, "TLS with %s: refused, its key is not the one in the host table", name);
        return PvmDenied;
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && tls_is_about_certificate(ERR_GET_REASON(error))) {
        pvmi_log(PVMI_LOG_WARN, "TLS with %s: %s", name, text);
        return PvmDenied;
    }
    if (tls->ended)
        return PVMI_CLOSED;
    if (text == NULL)
        text = tls->socket_errno != 0 ? strerror(tls->socket_errno) : "unknown failure";
    pvmi_log(PVMI_LOG_WARN, "TLS with %s: %s", name, text);
    return PvmSysErr;
}

/* What an SSL call that returned ret means; *ret_blocked: it waits for room to write. */
static int tls_result(struct tls_pipe *tls, int ret, bool *ret_blocked)
{
    int error = SSL_get_error(tls->ssl, ret);

    *ret_blocked = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_NONE)
        return PvmOk;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return PVMI_AGAIN;
    tls->failed = error == SSL_ERROR_ZERO_RETURN ? PVMI_CLOSED : tls_failure(tls);
    ERR_clear_error();
    return tls->failed;
}

int pvmi_tls_handshake(struct pvmi_pipe *pipe)
{
    struct tls_pipe *tls = tls_of(pipe);
    int ret;
    int rc;

    if (tls->failed != 0)
        return tls->failed;
    if (tls->up)
        return PvmOk;

    ERR_clear_error();
    ret = SSL_do_handshake(tls->ssl);
    rc = tls_result(tls, ret, &tls->read_blocked);
    if (rc != PvmOk)
        return rc;
    if (!tls->peer.accepted) {
        pvmi_log(PVMI_LOG_ERROR, "TLS: OpenSSL has accepted a peer without asking for its key");
        return tls->failed = PvmDenied;
    }
    tls->up = true;
    tls->may_spill = true;
    return PvmOk;
}

/* ---- the pipe ---- */

static ssize_t tls_pipe_read(struct pvmi_pipe *pipe, void *data, size_t length)
{
    struct tls_pipe *tls = tls_of(pipe);
    size_t count;
    int rc = pvmi_tls_handshake(pipe);

    if (rc != PvmOk)
        return rc;
    ERR_clear_error();
    rc = tls_result(tls, SSL_read_ex(tls->ssl, data, length, &count), &tls->read_blocked);
    return rc == PvmOk ? (ssize_t)count : rc;
}

/*
 * The bytes of the next record: what the vectors hold behind the first skip bytes, gathered in room unless
 * they lie together. Called again with the same bytes it must give no fewer of them, for OpenSSL demands that
 * a write which could not be finished is repeated.
 */
static const uint8_t *tls_gather(const struct iovec *vectors, int count, size_t skip, uint8_t *room,
                                 size_t *ret_length)
{
    size_t length = 0;

    for (int i = 0; i < count && length < TLS_RECORD_MAX; i++) {
        const uint8_t *from = vectors[i].iov_base;
        size_t part = vectors[i].iov_len;

        if (skip >= part) {
            skip -= part;
            continue;
        }
        from += skip;
        part -= skip;
        skip = 0;
        if (length == 0 && part >= TLS_RECORD_MAX) {
            *ret_length = TLS_RECORD_MAX;
            return from;
        }
        if (part > TLS_RECORD_MAX - length)
            part = TLS_RECORD_MAX - length;
        memcpy(room + length, from, part);
        length += part;
    }
    *ret_length = length;
    return room;
}

/* Changes the key when the old one has done its share; OpenSSL refuses while a record is half written. */
static int tls_renew_key(struct tls_pipe *tls)
{
    if (tls->records < tls->records_max || tls->write_blocked)
        return PvmOk;
    tls->records = 0;
    if (SSL_key_update(tls->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1)
        return tls->failed = pvmi_tls_failed("change the key of a TLS link");
    return tls_result(tls, SSL_do_handshake(tls->ssl), &tls->read_blocked);
}

/* Writes one record of the bytes. Returns PvmOk with how many of them it took, or as the pipe's write. */
static int tls_write_record(struct tls_pipe *tls, const uint8_t *bytes, size_t length, size_t *ret_written)
{
    int rc;

    ERR_clear_error();
    rc = tls_renew_key(tls);
    if (rc != PvmOk)
        return rc;
    tls->may_spill = false;
    rc = tls_result(tls, SSL_write_ex(tls->ssl, bytes, length, ret_written), &tls->write_blocked);
    tls->may_spill = true;
    if (rc == PvmOk)
        tls->records++;
    return rc;
}

/* Moves what is TLS's own. */
static int tls_flush(struct tls_pipe *tls)
{
    tls->read_blocked = false;    /* there is room: the next read goes on */
    if (!tls_spill_out(tls) && errno != EAGAIN)
        tls->spill_length = 0;    /* the next read says why the socket has failed */
    return PVMI_AGAIN;
}

static ssize_t tls_pipe_write(struct pvmi_pipe *pipe, const struct iovec *vectors, int count)
{
    struct tls_pipe *tls = tls_of(pipe);
    uint8_t room[TLS_RECORD_MAX];
    size_t total = 0;
    int rc = pvmi_tls_handshake(pipe);

    if (rc == PvmOk && count == 0)
        return tls_flush(tls);
    while (rc == PvmOk) {
        size_t length;
        size_t written;
        const uint8_t *bytes = tls_gather(vectors, count, total, room, &length);

        if (length == 0)
            break;
        rc = tls_write_record(tls, bytes, length, &written);
        if (rc == PvmOk)
            total += written;
    }
    if (rc != PvmOk && rc != PVMI_AGAIN)
        return rc;
    return total > 0 ? (ssize_t)total : PVMI_AGAIN;
}

static bool tls_pipe_wants_write(const struct pvmi_pipe *pipe)
{
    const struct tls_pipe *tls = tls_of(pipe);

    return tls->failed == 0 && (tls->read_blocked || tls->write_blocked || tls->spill_length > 0);
}

static bool tls_pipe_has_input(const struct pvmi_pipe *pipe)
{
    const struct tls_pipe *tls = tls_of(pipe);

    return tls->failed == 0 && SSL_pending(tls->ssl) > 0;
}

static void tls_pipe_close(struct pvmi_pipe *pipe)
{
    struct tls_pipe *tls = tls_of(pipe);

    ERR_clear_error();
    if (tls->up && tls->failed == 0)
        SSL_shutdown(tls->ssl);    /* sends close_notify if there is room; nobody waits for the answer */
    SSL_free(tls->ssl);
    ERR_clear_error();
    close(tls->base.fd);
    pvmi_free(tls);
}

static const struct pvmi_pipe_ops tls_pipe_ops = {
    .read = tls_pipe_read,
    .write = tls_pipe_write,
    .wants_write = tls_pipe_wants_write,
    .has_input = tls_pipe_has_input,
    .close = tls_pipe_close,
};

void pvmi_tls_key_update_after(struct pvmi_pipe *pipe, uint64_t records)
{
    assert(pipe->ops == &tls_pipe_ops);
    tls_of(pipe)->records_max = records;
}

int pvmi_tls_new(int fd, bool server, struct pvmi_identity *identity,
                 const uint8_t peer_key[PVMI_KEY_SIZE], struct pvmi_pipe **ret_pipe)
{
    struct tls_pipe *tls = pvmi_calloc(1, sizeof(*tls));
    SSL_CTX *context;
    BIO *bio;
    int rc = tls == NULL ? PvmNoMem : pvmi_identity_context(identity, &context);

    if (rc != PvmOk)
        goto err_free_tls;
    tls->base.ops = &tls_pipe_ops;
    tls->base.fd = fd;
    tls->records_max = TLS_RECORDS_PER_KEY;
    memcpy(tls->peer.key, peer_key, PVMI_KEY_SIZE);

    ERR_clear_error();
    bio = tls_bio_new(tls);
    tls->ssl = SSL_new(context);
    if (bio == NULL || tls->ssl == NULL) {
        rc = pvmi_tls_failed("make a TLS link");
        goto err_free;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, &tls->peer);
    if (server)
        SSL_set_accept_state(tls->ssl);
    else
        SSL_set_connect_state(tls->ssl);
    *ret_pipe = &tls->base;
    return PvmOk;

err_free:
    SSL_free(tls->ssl);
    BIO_free(bio);
err_free_tls:
    pvmi_free(tls);
    close(fd);
    return rc;
}
