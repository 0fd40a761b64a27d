/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/io/links.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/tunnel.h"
#include "pvmd/io/watch.h"
#include "transport/tcp.h"

#define DIAL_STAGGER_MS 250
#define DIAL_CONNECT_MS 5000
#define DIAL_CONNECT_OR_SSH_MS 4000      /* where ssh gets there, too */
#define DIAL_CONNECT_AGAIN_MS 1000       /* and TCP did not get there the last time */
#define DIAL_HANDSHAKE_MS 10000
#define DIAL_TUNNEL_MS 12000
#define DIAL_TARGETS_MAX 2

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
    struct pvmi_pipe *pipe;   /* HANDSHAKE, or through the tunnel */
    struct watch *watch;
    struct tunnel *tunnel;    /* under way */
    int target;               /* of the tunnel: which port of the loopback there, or of its ip= */
    bool tunnelled;           /* ssh has been tried to the end */
    enum tunnel_end tunnel_end;
    struct alarm *stagger;
    struct alarm *limit;      /* of the phase */
    char text[128];           /* what went wrong last with TCP */
    char ssh_text[128];       /* and with ssh */
};

struct dials {
    struct pvmi_table handles;
};

static void dial_next(struct dial *dial);
static void dial_tunnel(struct dial *dial);

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

/* What ssh has found out. */
static void dial_set_tunnelled(struct dial *dial, enum tunnel_end end, const char *text)
{
    dial->tunnelled = true;
    dial->tunnel_end = end;
    snprintf(dial->ssh_text, sizeof(dial->ssh_text), "%.*s", (int)sizeof(dial->ssh_text) - 1, text);
}

static void dial_drop_pipe(struct dial *dial)
{
    watch_free(dial->watch);
    dial->watch = NULL;
    if (dial->pipe != NULL)
        dial->pipe->ops->close(dial->pipe);
    dial->pipe = NULL;
}

/* With the pipe, which is the tunnel's if there is one. */
static void dial_drop_tunnel(struct dial *dial)
{
    dial_drop_pipe(dial);
    tunnel_close(dial->tunnel, true);
    dial->tunnel = NULL;
}

static void dial_free(struct dial *dial)
{
    pvmi_table_remove(&dial->io->dials->handles, dial->handle);
    for (int i = 0; i < dial->count; i++)
        attempt_stop(&dial->attempts[i], ATTEMPT_IDLE);
    dial_drop_tunnel(dial);
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
    char text[sizeof(dial->text) + sizeof(dial->ssh_text) + 2];

    snprintf(text, sizeof(text), "%s%s%s", dial->text, dial->ssh_text[0] != '\0' ? "; " : "", dial->ssh_text);
    if (dial->tunnelled && pvmi_log_allow((uint64_t)dial->host, pvmi_clock_ms()))
        pvmi_log(PVMI_LOG_WARN, "no link to host %d: %s", dial->host, text);
    dial_free(dial);
    io_post_down(io, handle, reason, text);
}

/* What the addresses have said. */
static enum core_down_reason dial_reason(const struct dial *dial)
{
    enum core_down_reason reason = dial->count > 0 ? CORE_DOWN_REFUSED : CORE_DOWN_UNREACHED;

    for (int i = 0; i < dial->count; i++) {
        if (dial->attempts[i].state == ATTEMPT_DENIED)
            reason = CORE_DOWN_DENIED;
        else if (dial->attempts[i].state != ATTEMPT_REFUSED && reason != CORE_DOWN_DENIED)
            reason = CORE_DOWN_UNREACHED;
    }
    return reason;
}

/* The host itself has got through to us meanwhile: ssh must not take the place of that link. */
static bool dial_is_needless(const struct dial *dial)
{
    return links_has_incoming(dial->io, dial->host, dial->incarnation, dial->channel);
}

/* No address is left. What ssh has seen on the host itself counts more than what a firewall says. */
static void dial_decide(struct dial *dial)
{
    const struct peer *peer = peers_get(dial->io->peers, dial->host, dial->incarnation);

    if (dial->count == 0)
        snprintf(dial->text, sizeof(dial->text), "no address known");
    if (!dial->tunnelled && peer != NULL && peer->way != NULL && !dial_is_needless(dial))
        dial_tunnel(dial);
    else if (dial->tunnelled && dial->tunnel_end == TUNNEL_REFUSED)
        dial_fail(dial, CORE_DOWN_REFUSED);
    else if (dial->tunnelled && dial->tunnel_end == TUNNEL_CLOSED)
        dial_fail(dial, CORE_DOWN_DENIED);
    else
        dial_fail(dial, dial_reason(dial));
}

static void dial_up(struct dial *dial)
{
    struct io *io = dial->io;
    const struct peer *peer = peers_get(io->peers, dial->host, dial->incarnation);
    uint64_t handle = dial->handle;
    struct pvmi_pipe *pipe = dial->pipe;
    struct watch *watch = dial->watch;
    struct tunnel *tunnel = dial->tunnel;

    if (tunnel != NULL)
        tunnel_keep(tunnel);
    if (peer != NULL && peer->way != NULL)
        peers_set_tcp(io->peers, peer, tunnel == NULL, dial->text);
    dial->pipe = NULL;
    dial->watch = NULL;
    dial->tunnel = NULL;
    dial_free(dial);
    links_up(io, handle, pipe, watch, tunnel);
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

static void dial_tunnel_failed(struct dial *dial, int rc);

static void dial_handshake(struct dial *dial)
{
    int rc = pvmi_tls_handshake(dial->pipe);

    if (rc == PvmOk && dial->tunnel != NULL && dial_is_needless(dial)) {
        dial_fail(dial, CORE_DOWN_UNREACHED);
    } else if (rc == PvmOk) {
        dial_up(dial);
    } else if (rc == PVMI_AGAIN) {
        bool writes = dial->pipe->ops->wants_write(dial->pipe);

        watch_set(dial->watch, UV_READABLE | (writes ? UV_WRITABLE : 0));
    } else if (dial->tunnel != NULL) {
        dial_tunnel_failed(dial, rc);
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

/* This address has connected. The others that are under way, and ssh, may have to be tried again. */
static void dial_won(struct dial *dial, struct attempt *winner)
{
    const struct peer *peer = peers_get(dial->io->peers, dial->host, dial->incarnation);
    int fd = winner->fd;
    struct watch *watch = winner->watch;

    dial_drop_tunnel(dial);
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
    if (!waiting && dial->tunnel == NULL)
        dial_decide(dial);
}

/* The time for it is over. */
static void dial_end_attempts(struct dial *dial)
{
    for (int i = 0; i < dial->count; i++)
        if (dial->attempts[i].state == ATTEMPT_CONNECTING)
            attempt_failed(&dial->attempts[i], ETIMEDOUT);
        else if (dial->attempts[i].state == ATTEMPT_IDLE)
            dial->attempts[i].state = ATTEMPT_FAILED;
}

/* ---- through ssh ---- */

/* The daemon there listens on all addresses, or on that of its ip= alone, which comes first in its line. */
static void dial_target(const struct dial *dial, char *target, size_t target_max)
{
    const char *address = "127.0.0.1";

    if (dial->target > 0 && dial->count > 0)
        address = dial->attempts[0].address;
    snprintf(target, target_max, strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, dial->port);
}

/* It did not get through. Where it got to the host, that is decided; else TCP may still do. */
static void dial_tunnel_is_over(struct dial *dial, enum tunnel_end end, const char *text)
{
    dial_set_tunnelled(dial, end, text);
    if (end == TUNNEL_REFUSED || end == TUNNEL_CLOSED) {
        dial_decide(dial);
        return;
    }
    alarm_set(dial->limit, DIAL_CONNECT_AGAIN_MS);
    dial_next(dial);
}

static void dial_on_tunnel_end(void *owner, enum tunnel_end end, const char *text)
{
    struct dial *dial = owner;

    dial->tunnel = NULL;    /* gone by itself */
    dial_drop_pipe(dial);
    if (end == TUNNEL_REFUSED && ++dial->target < DIAL_TARGETS_MAX && dial->count > 0) {
        dial_tunnel(dial);
        return;
    }
    dial_tunnel_is_over(dial, end, text);
}

/* Its end says why, in a moment: closing our side sees to that. */
static void dial_tunnel_failed(struct dial *dial, int rc)
{
    dial_drop_pipe(dial);
    if (rc != PvmDenied)
        return;
    dial_drop_tunnel(dial);
    dial_tunnel_is_over(dial, TUNNEL_CLOSED, "through ssh: the key there is not the one of that host");
}

/* All that we say waits in the socket until ssh is through. */
static int dial_tunnel_begin(struct dial *dial, const struct peer *peer, struct pvmi_fault *fault)
{
    char target[80];
    int fd;

    dial_target(dial, target, sizeof(target));
    dial->tunnel = tunnel_start(dial->io, peer->way, target, dial_on_tunnel_end, dial, &fd, fault);
    if (dial->tunnel == NULL)
        return fault->code;
    dial->watch = watch_new(dial->io->loop, fd, dial_on_handshake, dial);
    if (dial->watch == NULL || !dial_say_hello(dial, peer, fd)) {
        close(fd);
        return PvmNoMem;
    }
    return pvmi_tls_new(fd, false, dial->io->own.identity, peer->key, &dial->pipe);
}

/* And TCP once more beside it: it may only have been away for a while. */
static void dial_tunnel(struct dial *dial)
{
    const struct peer *peer = peers_get(dial->io->peers, dial->host, dial->incarnation);
    struct pvmi_fault fault;
    int rc = PvmNoHost;

    pvmi_fault_clear(&fault);
    if (peer != NULL)
        rc = dial_tunnel_begin(dial, peer, &fault);
    if (rc != PvmOk) {
        dial_drop_tunnel(dial);
        dial_tunnel_is_over(dial, TUNNEL_FAILED, fault.code != PvmOk ? fault.text : "no memory for an ssh");
        return;
    }
    alarm_set(dial->limit, DIAL_TUNNEL_MS);
    for (int i = 0; i < dial->count; i++)
        if (dial->attempts[i].state == ATTEMPT_FAILED)
            dial->attempts[i].state = ATTEMPT_IDLE;
    dial_next(dial);
    dial_handshake(dial);
}

/* ---- time ---- */

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
    dial_end_attempts(dial);
    if (dial->tunnel != NULL) {
        dial_drop_tunnel(dial);
        dial_set_tunnelled(dial, TUNNEL_FAILED, "nor through ssh: no answer in time");
    }
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
    alarm_set(dial->limit, peer->way == NULL ? DIAL_CONNECT_MS
                           : peer->no_tcp    ? DIAL_CONNECT_AGAIN_MS
                                             : DIAL_CONNECT_OR_SSH_MS);
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
