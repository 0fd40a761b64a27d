/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/io/links.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/watch.h"
#include "transport/tcp.h"

#define DIAL_STAGGER_MS 250
#define DIAL_CONNECT_MS 5000
#define DIAL_HANDSHAKE_MS 10000

enum attempt_state { ATTEMPT_IDLE, ATTEMPT_CONNECTING, ATTEMPT_REFUSED, ATTEMPT_FAILED, ATTEMPT_DENIED };

struct dial;

/* One address of the peer. */
struct attempt {
    struct dial *dial;
    char address[64];
    enum attempt_state state;
    int fd;                   /* CONNECTING */
    struct watch *watch;
};

struct dial {
    struct io *io;
    uint64_t handle;
    int host;
    uint64_t incarnation;
    enum pvmi_channel channel;
    uint16_t port;
    struct attempt attempts[IO_ADDRESSES_MAX];
    int count;
    struct attempt *winner;   /* HANDSHAKE */
    struct pvmi_pipe *pipe;
    struct watch *watch;
    struct alarm *stagger;
    struct alarm *limit;      /* of the phase */
    char text[128];           /* what went wrong last */
};

struct dials {
    struct pvmi_table handles;
};

static void dial_next(struct dial *dial);

struct dials *dials_new(void)
{
    struct dials *dials = pvmi_calloc(1, sizeof(*dials));

    if (dials != NULL)
        pvmi_table_init(&dials->handles);
    return dials;
}

static void attempt_stop(struct attempt *attempt, enum attempt_state state)
{
    if (attempt->state == ATTEMPT_CONNECTING) {
        watch_free(attempt->watch);
        attempt->watch = NULL;
        if (attempt->fd >= 0)
            close(attempt->fd);
        attempt->fd = -1;
    }
    attempt->state = state;
}

static void dial_drop_pipe(struct dial *dial)
{
    watch_free(dial->watch);
    dial->watch = NULL;
    if (dial->pipe != NULL)
        dial->pipe->ops->close(dial->pipe);
    dial->pipe = NULL;
}

static void dial_free(struct dial *dial)
{
    pvmi_table_remove(&dial->io->dials->handles, dial->handle);
    for (int i = 0; i < dial->count; i++)
        attempt_stop(&dial->attempts[i], ATTEMPT_IDLE);
    dial_drop_pipe(dial);
    alarm_free(dial->stagger);
    alarm_free(dial->limit);
    pvmi_free(dial);
}

void dials_free(struct dials *dials)
{
    struct dial *dial;
    uint32_t cursor = 0;

    if (dials == NULL)
        return;
    while ((dial = pvmi_table_next(&dials->handles, &cursor, NULL)) != NULL)
        dial_free(dial);
    pvmi_table_fini(&dials->handles);
    pvmi_free(dials);
}

/* ---- the end ---- */

static void dial_fail(struct dial *dial, enum core_down_reason reason)
{
    struct io *io = dial->io;
    uint64_t handle = dial->handle;
    char text[128];

    memcpy(text, dial->text, sizeof(text));
    dial_free(dial);
    io_post_down(io, handle, reason, text);
}

/* No address is left. */
static void dial_decide(struct dial *dial)
{
    enum core_down_reason reason = CORE_DOWN_REFUSED;

    for (int i = 0; i < dial->count; i++) {
        if (dial->attempts[i].state == ATTEMPT_DENIED)
            reason = CORE_DOWN_DENIED;
        else if (dial->attempts[i].state != ATTEMPT_REFUSED && reason != CORE_DOWN_DENIED)
            reason = CORE_DOWN_UNREACHED;
    }
    if (dial->count == 0) {
        reason = CORE_DOWN_UNREACHED;
        snprintf(dial->text, sizeof(dial->text), "no address known");
    }
    dial_fail(dial, reason);
}

static void dial_up(struct dial *dial)
{
    struct io *io = dial->io;
    uint64_t handle = dial->handle;
    struct pvmi_pipe *pipe = dial->pipe;
    struct watch *watch = dial->watch;

    dial->pipe = NULL;
    dial->watch = NULL;
    dial_free(dial);
    links_up(io, handle, pipe, watch);
}

/* ---- hello and handshake ---- */

static void dial_denied(struct dial *dial, const char *why)
{
    struct attempt *winner = dial->winner;

    snprintf(dial->text, sizeof(dial->text), "%s port %u: %s", winner->address, dial->port, why);
    dial_drop_pipe(dial);
    winner->state = ATTEMPT_DENIED;
    dial->winner = NULL;
    alarm_set(dial->limit, DIAL_CONNECT_MS);
    dial_next(dial);
}

static void dial_handshake(struct dial *dial)
{
    int rc = pvmi_tls_handshake(dial->pipe);

    if (rc == PvmOk) {
        dial_up(dial);
    } else if (rc == PVMI_AGAIN) {
        bool writes = dial->pipe->ops->wants_write(dial->pipe);

        watch_set(dial->watch, UV_READABLE | (writes ? UV_WRITABLE : 0));
    } else {
        dial_denied(dial, rc == PVMI_CLOSED  ? "our hello was not accepted"
                          : rc == PvmDenied ? "the key there is not the one of that host"
                                            : "the encrypted connection failed");
    }
}

static void dial_on_handshake(void *owner, int events)
{
    (void)events;
    dial_handshake(owner);
}

/* A fresh connection takes 128 bytes at once. */
static bool dial_say_hello(const struct dial *dial, const struct peer *peer, int fd)
{
    uint8_t hello[PVMI_HELLO_SIZE];

    return peers_hello(dial->io, peer, dial->channel, hello) == PvmOk &&
           send(fd, hello, sizeof(hello), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(hello);
}

/* This address has connected. The others that are under way may have to be tried again. */
static void dial_won(struct dial *dial, struct attempt *winner)
{
    const struct peer *peer = peers_get(dial->io->peers, dial->host, dial->incarnation);
    int fd = winner->fd;
    struct watch *watch = winner->watch;

    winner->fd = -1;
    winner->watch = NULL;
    winner->state = ATTEMPT_IDLE;
    dial->winner = winner;
    dial->watch = watch;
    for (int i = 0; i < dial->count; i++)
        if (dial->attempts[i].state == ATTEMPT_CONNECTING)
            attempt_stop(&dial->attempts[i], ATTEMPT_IDLE);
    alarm_stop(dial->stagger);
    alarm_set(dial->limit, DIAL_HANDSHAKE_MS);
    watch_set(watch, 0);
    watch_give(watch, dial_on_handshake, dial);
    pvmi_tcp_tune(fd);

    if (peer == NULL || !dial_say_hello(dial, peer, fd)) {
        watch_free(dial->watch);
        dial->watch = NULL;
        close(fd);
        dial_denied(dial, peer == NULL ? "that host is no member" : "nothing to show it yet");
        return;
    }
    if (pvmi_tls_new(fd, false, dial->io->own.identity, peer->key, &dial->pipe) != PvmOk) {
        watch_free(dial->watch);    /* its descriptor is closed already: libuv only forgets it */
        dial->watch = NULL;
        dial_denied(dial, "no encrypted connection could be made");
        return;
    }
    dial_handshake(dial);
}

/* ---- connecting ---- */

static void attempt_failed(struct attempt *attempt, int error)
{
    struct dial *dial = attempt->dial;

    snprintf(dial->text, sizeof(dial->text), "%s port %u: %s", attempt->address, dial->port, strerror(error));
    attempt_stop(attempt, error == ECONNREFUSED ? ATTEMPT_REFUSED : ATTEMPT_FAILED);
}

static void attempt_on_connect(void *owner, int events)
{
    struct attempt *attempt = owner;
    int error = pvmi_tcp_result(attempt->fd);

    (void)events;
    if (error == 0) {
        dial_won(attempt->dial, attempt);
        return;
    }
    attempt_failed(attempt, error);
    dial_next(attempt->dial);
}

/* True when it is under way. */
static bool attempt_start(struct attempt *attempt)
{
    struct dial *dial = attempt->dial;

    attempt->state = ATTEMPT_CONNECTING;
    attempt->fd = -1;
    if (pvmi_tcp_dial(attempt->address, dial->port, dial->io->own.ip, &attempt->fd) != PvmOk) {
        int error = errno;

        attempt->fd = -1;
        attempt_failed(attempt, error);
        return false;
    }
    attempt->watch = watch_new(dial->io->loop, attempt->fd, attempt_on_connect, attempt);
    if (attempt->watch == NULL) {
        attempt_failed(attempt, ENOMEM);
        return false;
    }
    watch_set(attempt->watch, UV_WRITABLE);
    return true;
}

/* Starts the next address; decides when there is none, and nothing under way. */
static void dial_next(struct dial *dial)
{
    bool waiting = false;

    for (int i = 0; i < dial->count; i++) {
        struct attempt *attempt = &dial->attempts[i];

        if (attempt->state == ATTEMPT_IDLE && attempt_start(attempt)) {
            alarm_set(dial->stagger, DIAL_STAGGER_MS);
            return;
        }
        waiting |= attempt->state == ATTEMPT_CONNECTING;
    }
    if (!waiting)
        dial_decide(dial);
}

static void dial_on_stagger(void *owner)
{
    struct dial *dial = owner;

    if (dial->winner == NULL)
        dial_next(dial);
}

static void dial_on_limit(void *owner)
{
    struct dial *dial = owner;

    if (dial->winner != NULL) {
        dial_denied(dial, "no answer to our hello");
        return;
    }
    for (int i = 0; i < dial->count; i++)
        if (dial->attempts[i].state == ATTEMPT_CONNECTING)
            attempt_failed(&dial->attempts[i], ETIMEDOUT);
        else if (dial->attempts[i].state == ATTEMPT_IDLE)
            dial->attempts[i].state = ATTEMPT_FAILED;
    dial_decide(dial);
}

static void dial_take_addresses(struct dial *dial, const struct peer *peer)
{
    dial->port = peer->port;
    for (char **address = peer->addresses; *address != NULL && dial->count < IO_ADDRESSES_MAX; address++) {
        struct attempt *attempt = &dial->attempts[dial->count++];

        attempt->dial = dial;
        attempt->fd = -1;
        snprintf(attempt->address, sizeof(attempt->address), "%s", *address);
    }
}

void dial_start(struct io *io, uint64_t handle, int host, uint64_t incarnation, enum pvmi_channel channel)
{
    const struct peer *peer = peers_get(io->peers, host, incarnation);
    struct dial *dial;

    if (peer == NULL) {
        io_post_down(io, handle, CORE_DOWN_UNREACHED, "that host is no member");
        return;
    }
    dial = pvmi_calloc(1, sizeof(*dial));
    if (dial == NULL)
        goto err;
    dial->io = io;
    dial->handle = handle;
    dial->host = host;
    dial->incarnation = incarnation;
    dial->channel = channel;
    dial->stagger = alarm_new(io->loop, dial_on_stagger, dial);
    dial->limit = alarm_new(io->loop, dial_on_limit, dial);
    if (dial->stagger == NULL || dial->limit == NULL || pvmi_table_set(&io->dials->handles, handle, dial) != PvmOk)
        goto err_free;
    dial_take_addresses(dial, peer);
    alarm_set(dial->limit, DIAL_CONNECT_MS);
    dial_next(dial);
    return;

err_free:
    alarm_free(dial->stagger);
    alarm_free(dial->limit);
    pvmi_free(dial);
err:
    io_post_down(io, handle, CORE_DOWN_UNREACHED, "no memory to connect");
}

void dial_cancel(struct io *io, uint64_t handle)
{
    struct dial *dial = pvmi_table_get(&io->dials->handles, handle);

    if (dial != NULL)
        dial_free(dial);
}
