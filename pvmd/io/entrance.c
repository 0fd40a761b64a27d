/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/entrance.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "pvmd/io/links.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/watch.h"
#include "transport/tcp.h"

#define ENTRANCE_MAX 64
#define ENTRANCE_HELLO_MS 5000
#define ENTRANCE_HANDSHAKE_MS 10000

/* HELLO until pipe is there, then HANDSHAKE. */
struct stranger {
    struct pvmi_list node;
    struct io *io;
    int fd;                   /* HELLO */
    struct pvmi_pipe *pipe;   /* HANDSHAKE */
    struct watch *watch;
    struct alarm *alarm;
    char from[96];
    uint8_t bytes[PVMI_HELLO_SIZE];
    size_t have;
    struct pvmi_hello hello;
};

struct entrance {
    struct pvmi_list strangers;    /* the oldest first */
    int count;
};

struct entrance *entrance_new(void)
{
    struct entrance *entrance = pvmi_calloc(1, sizeof(*entrance));

    if (entrance != NULL)
        pvmi_list_init(&entrance->strangers);
    return entrance;
}

int entrance_count(const struct entrance *entrance)
{
    return entrance->count;
}

static void stranger_free(struct stranger *stranger)
{
    pvmi_list_remove(&stranger->node);
    stranger->io->entrance->count--;
    watch_free(stranger->watch);
    alarm_free(stranger->alarm);
    if (stranger->pipe != NULL)
        stranger->pipe->ops->close(stranger->pipe);
    else if (stranger->fd >= 0)
        close(stranger->fd);
    pvmi_free(stranger);
}

void entrance_free(struct entrance *entrance)
{
    if (entrance == NULL)
        return;
    PVMI_LIST_EACH(node, &entrance->strangers)
        stranger_free(PVMI_CONTAINER(node, struct stranger, node));
    pvmi_free(entrance);
}

/* The same address, whatever its port, is one key for the limit of log lines. */
static uint64_t address_key(const char *from)
{
    uint64_t key = 14695981039346656037u;

    for (; *from != '\0' && *from != ' '; from++)
        key = (key ^ (uint8_t)*from) * 1099511628211u;
    return key;
}

static void stranger_refuse(struct stranger *stranger, const char *why)
{
    if (why != NULL && pvmi_log_allow(address_key(stranger->from), pvmi_clock_ms()))
        pvmi_log(PVMI_LOG_WARN, "refused a connection from %s: %s", stranger->from, why);
    stranger_free(stranger);
}

/* ---- handshake ---- */

static void stranger_admit(struct stranger *stranger)
{
    struct io *io = stranger->io;
    struct pvmi_pipe *pipe = stranger->pipe;
    struct watch *watch = stranger->watch;
    struct core_event in;

    if (peers_get(io->peers, (int)stranger->hello.host, stranger->hello.sender) == NULL) {
        stranger_refuse(stranger, "that host is no longer a member");
        return;
    }
    memset(&in, 0, sizeof(in));
    in.link_in.kind = CORE_LINK_DAEMON;
    in.link_in.host = (int)stranger->hello.host;
    in.link_in.incarnation = stranger->hello.sender;
    in.link_in.ticket = stranger->hello.purpose == PVMI_HELLO_JOIN ? stranger->hello.ticket : 0;
    in.link_in.channel = (enum pvmi_channel)stranger->hello.channel;
    stranger->pipe = NULL;
    stranger->watch = NULL;
    stranger->fd = -1;
    stranger_free(stranger);
    links_offer(io, pipe, watch, &in);
}

static void stranger_handshake(struct stranger *stranger)
{
    int rc = pvmi_tls_handshake(stranger->pipe);

    if (rc == PvmOk) {
        stranger_admit(stranger);
    } else if (rc == PVMI_AGAIN) {
        bool writes = stranger->pipe->ops->wants_write(stranger->pipe);

        watch_set(stranger->watch, UV_READABLE | (writes ? UV_WRITABLE : 0));
    } else if (rc == PVMI_CLOSED) {
        stranger_free(stranger);    /* a member that has dialled twice, or we it meanwhile: nothing is wrong */
    } else {
        stranger_refuse(stranger, rc == PvmDenied ? "its key is not the one of that host" : "the handshake failed");
    }
}

/* ---- hello ---- */

static void stranger_on_hello(struct stranger *stranger)
{
    const char *why;
    const struct peer *peer = peers_check(stranger->io, stranger->bytes, &stranger->hello, &why);
    int fd = stranger->fd;

    if (peer == NULL) {
        stranger_refuse(stranger, why);
        return;
    }
    pvmi_tcp_tune(fd);
    watch_set(stranger->watch, 0);
    stranger->fd = -1;
    if (pvmi_tls_new(fd, true, stranger->io->own.identity, peer->key, &stranger->pipe) != PvmOk) {
        stranger_refuse(stranger, "no encrypted connection could be made");
        return;
    }
    alarm_set(stranger->alarm, ENTRANCE_HANDSHAKE_MS);
    stranger_handshake(stranger);
}

static void stranger_on_ready(void *owner, int events)
{
    struct stranger *stranger = owner;
    ssize_t n;

    (void)events;
    if (stranger->pipe != NULL) {
        stranger_handshake(stranger);
        return;
    }
    n = recv(stranger->fd, stranger->bytes + stranger->have, sizeof(stranger->bytes) - stranger->have,
             MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        watch_set(stranger->watch, UV_READABLE);
        return;
    }
    if (n <= 0) {
        stranger_refuse(stranger, "closed before a whole hello");
        return;
    }
    stranger->have += (size_t)n;
    if (stranger->have == sizeof(stranger->bytes))
        stranger_on_hello(stranger);
}

static void stranger_on_alarm(void *owner)
{
    struct stranger *stranger = owner;

    stranger_refuse(stranger, stranger->pipe == NULL ? "no hello within 5 s" : "no end of the handshake in 10 s");
}

/* Room for one more, if need be at the cost of who waits longest with its hello. */
static bool entrance_make_room(struct entrance *entrance)
{
    if (entrance->count < ENTRANCE_MAX)
        return true;
    PVMI_LIST_EACH(node, &entrance->strangers) {
        struct stranger *stranger = PVMI_CONTAINER(node, struct stranger, node);

        if (stranger->pipe == NULL) {
            stranger_refuse(stranger, "too many at a time, and it had said nothing yet");
            return true;
        }
    }
    return false;
}

void entrance_take(struct io *io, int fd)
{
    struct stranger *stranger;

    if (!entrance_make_room(io->entrance)) {
        close(fd);
        return;
    }
    stranger = pvmi_calloc(1, sizeof(*stranger));
    if (stranger == NULL) {
        close(fd);
        return;
    }
    stranger->io = io;
    stranger->fd = fd;
    pvmi_tcp_peer_name(fd, stranger->from, sizeof(stranger->from));
    stranger->watch = watch_new(io->loop, fd, stranger_on_ready, stranger);
    stranger->alarm = alarm_new(io->loop, stranger_on_alarm, stranger);
    pvmi_list_push(&io->entrance->strangers, &stranger->node);
    io->entrance->count++;
    if (stranger->watch == NULL || stranger->alarm == NULL) {
        stranger_refuse(stranger, "no memory");
        return;
    }
    alarm_set(stranger->alarm, ENTRANCE_HELLO_MS);
    watch_set(stranger->watch, UV_READABLE);
}
