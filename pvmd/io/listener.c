/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rundir.h"
#include "pvmd/io/entrance.h"
#include "pvmd/io/links.h"
#include "pvmd/io/tasks.h"
#include "pvmd/io/watch.h"
#include "transport/tcp.h"
#include "wire/frame.h"

#define LISTENER_BATCH 64         /* taken before other descriptors get their turn */
#define LISTENER_LOG_KEY 0x6c6f63616c6cu    /* of pvmi_log_allow(), for lines about the Unix socket */

struct listener {
    struct io *io;
    int unix_fd;
    int tcp_fd;
    int spare_fd;    /* given up to take a connection when descriptors have run out; -1: it could not be replaced */
    struct watch *unix_watch;
    struct watch *tcp_watch;
};

/* The spare descriptor becomes a connection's, to be closed again at once if it cannot be replaced: without this
 * it would wait, and wake us, for ever. */
static int listener_accept_last(struct listener *listener, int listening)
{
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    listener->spare_fd = -1;
    return accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* The next connection, or -1 when there is none now. */
static int listener_accept(struct listener *listener, int listening)
{
    for (;;) {
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0)
            return fd;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return listener_accept_last(listener, listening);
        if (errno != EINTR && errno != ECONNABORTED)
            return -1;
    }
}

/* False when the connection that was just taken must go again. */
static bool listener_has_spare(struct listener *listener)
{
    if (listener->spare_fd < 0)
        listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return listener->spare_fd >= 0;
}

static void listener_turn_away(struct listener *listener, int fd)
{
    if (pvmi_log_allow(LISTENER_LOG_KEY + 1, pvmi_clock_ms()))
        pvmi_log(PVMI_LOG_ERROR, "out of file descriptors: a connection was closed (ulimit -n)");
    close(fd);
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void listener_on_tcp(void *owner, int events)
{
    struct listener *listener = owner;

    (void)events;
    watch_set(listener->tcp_watch, UV_READABLE);
    for (int i = 0; i < LISTENER_BATCH && !listener->io->stopping; i++) {
        int fd = listener_accept(listener, listener->tcp_fd);

        if (fd < 0)
            return;
        if (listener_has_spare(listener))
            entrance_take(listener->io, fd);
        else
            listener_turn_away(listener, fd);
    }
}

/* The answer to an enrolment that has not even been read. */
static void listener_say_full(const struct listener *listener, int fd)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .format = (uint8_t)pvmi_format_own() };
    struct pvmi_msg_enrolled full = {
        .error = {
            .code = PvmOutOfRes,
            .host = listener->io->own.name,
            .text = "pvmd may not open more files (ulimit -n when it was started)",
        },
    };
    uint8_t room[PVMI_FRAME_HEADER_SIZE] = { 0 };
    struct pvmi_buffer out;

    pvmi_buffer_init(&out, PVMI_FRAME_CONTROL_MAX);
    if (pvmi_buffer_append(&out, room, sizeof(room)) == PvmOk &&
        pvmi_control_encode(PVMI_MSG_enrolled, &full, &out) == PvmOk) {
        header.length = (uint32_t)(out.length - sizeof(room));
        header.message_length = header.length;
        pvmi_frame_header_encode(&header, out.data);
        send(fd, out.data, out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    pvmi_buffer_fini(&out);
}

/* A task is what has our user id; the folder's mode says the same, this says it again. */
static void listener_take_task(struct listener *listener, int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    struct core_event in;
    struct pvmi_pipe *pipe;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.uid != geteuid()) {
        if (pvmi_log_allow(LISTENER_LOG_KEY, pvmi_clock_ms()))
            pvmi_log(PVMI_LOG_WARN, "refused a process of another user");
        close(fd);
        return;
    }
    tasks_on_connection(listener->io, peer.pid);
    if (!listener_has_spare(listener)) {
        listener_say_full(listener, fd);
        listener_turn_away(listener, fd);
        return;
    }
    pipe = pvmi_pipe_new_socket(fd);
    if (pipe == NULL) {
        close(fd);
        return;
    }
    memset(&in, 0, sizeof(in));
    in.link_in.kind = CORE_LINK_TASK;
    in.link_in.pid = peer.pid;
    links_offer(listener->io, pipe, NULL, &in);
}

static void listener_on_unix(void *owner, int events)
{
    struct listener *listener = owner;

    (void)events;
    watch_set(listener->unix_watch, UV_READABLE);
    for (int i = 0; i < LISTENER_BATCH && !listener->io->stopping; i++) {
        int fd = listener_accept(listener, listener->unix_fd);

        if (fd < 0)
            return;
        listener_take_task(listener, fd);
    }
}

/* "N" or "N-M"; NULL is 0 and 0. */
static bool ports_parse(const char *text, uint16_t *ret_first, uint16_t *ret_last)
{
    char *end = NULL;
    long first;
    long last;

    *ret_first = 0;
    *ret_last = 0;
    if (text == NULL)
        return true;
    first = strtol(text, &end, 10);
    last = first;
    if (end != text && *end == '-') {
        const char *second = end + 1;

        last = strtol(second, &end, 10);
        if (end == second)
            return false;
    }
    if (end == text || *end != '\0' || first < 1 || last > 65535 || first > last)
        return false;
    *ret_first = (uint16_t)first;
    *ret_last = (uint16_t)last;
    return true;
}

static int listener_open(struct listener *listener, const char *path, const char *ports, struct pvmi_fault *fault)
{
    struct io *io = listener->io;
    uint16_t first;
    uint16_t last;
    int rc;

    if (!ports_parse(ports, &first, &last)) {
        pvmi_fault_set(fault, PvmBadParam, NULL, "%s is no port: N or N-M, 1 to 65535", ports);
        return PvmBadParam;
    }
    rc = pvmi_tcp_listen(io->own.ip, first, last, &listener->tcp_fd, &io->own.port);
    if (rc != PvmOk) {
        pvmi_fault_set(fault, rc, NULL, "cannot listen on %s, port %s: %s (is it this host's, and free?)",
                       io->own.ip != NULL ? io->own.ip : "any address", ports != NULL ? ports : "any",
                       strerror(errno));
        return rc;
    }
    listener->unix_fd = pvmi_rundir_listen(path);
    if (listener->unix_fd < 0) {
        pvmi_fault_set(fault, PvmSysErr, NULL, "cannot listen on %s: %s", path, strerror(errno));
        return PvmSysErr;
    }
    listener->unix_watch = watch_new(io->loop, listener->unix_fd, listener_on_unix, listener);
    listener->tcp_watch = watch_new(io->loop, listener->tcp_fd, listener_on_tcp, listener);
    if (listener->unix_watch == NULL || listener->tcp_watch == NULL) {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory");
        return PvmNoMem;
    }
    return PvmOk;
}

int listener_new(struct io *io, const char *path, const char *ports, struct listener **ret_listener,
                 struct pvmi_fault *fault)
{
    struct listener *listener = pvmi_calloc(1, sizeof(*listener));
    int rc;

    if (listener == NULL) {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory");
        return PvmNoMem;
    }
    listener->io = io;
    listener->unix_fd = -1;
    listener->tcp_fd = -1;
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    rc = listener_open(listener, path, ports, fault);
    if (rc != PvmOk) {
        listener_free(listener);
        return rc;
    }
    *ret_listener = listener;
    return PvmOk;
}

void listener_start(struct listener *listener)
{
    watch_set(listener->unix_watch, UV_READABLE);
    watch_set(listener->tcp_watch, UV_READABLE);
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    watch_free(listener->unix_watch);
    watch_free(listener->tcp_watch);
    if (listener->unix_fd >= 0)
        close(listener->unix_fd);
    if (listener->tcp_fd >= 0)
        close(listener->tcp_fd);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    pvmi_free(listener);
}
