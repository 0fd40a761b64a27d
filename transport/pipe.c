/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/passing.h"

/* What a failed call on a socket means. A peer that has died resets: that is an end like any other. */
static int socket_pipe_failed(const struct pvmi_pipe *pipe, const char *what)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return PVMI_AGAIN;
    if (errno == EPIPE || errno == ECONNRESET)
        return PVMI_CLOSED;
    pvmi_log(PVMI_LOG_WARN, "%s socket %d: %s", what, pipe->fd, strerror(errno));
    return PvmSysErr;
}

static ssize_t socket_pipe_read(struct pvmi_pipe *pipe, void *data, size_t length)
{
    ssize_t count;

    do {
        count = recv(pipe->fd, data, length, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);

    if (count == 0)
        return PVMI_CLOSED;
    return count > 0 ? count : socket_pipe_failed(pipe, "read from");
}

static ssize_t socket_pipe_write(struct pvmi_pipe *pipe, const struct iovec *vectors, int count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)vectors, .msg_iovlen = (size_t)count };
    ssize_t sent;

    if (count == 0)
        return PVMI_AGAIN;
    do {
        sent = sendmsg(pipe->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);

    return sent >= 0 ? sent : socket_pipe_failed(pipe, "write to");
}

static bool socket_pipe_wants_write(const struct pvmi_pipe *pipe)
{
    (void)pipe;
    return false;
}

static bool socket_pipe_has_input(const struct pvmi_pipe *pipe)
{
    (void)pipe;
    return false;
}

static void socket_pipe_close(struct pvmi_pipe *pipe)
{
    close(pipe->fd);
    pvmi_free(pipe);
}

static const struct pvmi_pipe_ops socket_pipe_ops = {
    .read = socket_pipe_read,
    .write = socket_pipe_write,
    .wants_write = socket_pipe_wants_write,
    .has_input = socket_pipe_has_input,
    .close = socket_pipe_close,
};

struct pvmi_pipe *pvmi_pipe_new_socket(int fd)
{
    struct pvmi_pipe *pipe = pvmi_malloc(sizeof(*pipe));

    if (pipe == NULL)
        return NULL;
    pipe->ops = &socket_pipe_ops;
    pipe->fd = fd;
    return pipe;
}

/* ---- with descriptors ---- */

struct passing_pipe {
    struct pvmi_pipe base;
    int passed;    /* -1 none */
};

static void passing_pipe_keep(struct passing_pipe *pipe, const int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        if (pipe->passed >= 0)
            close(pipe->passed);
        pipe->passed = fds[i];
    }
}

static ssize_t passing_pipe_read(struct pvmi_pipe *pipe, void *data, size_t length)
{
    int fds[PVMI_PASSING_MAX];
    ssize_t got;
    int count;

    do {
        got = pvmi_passing_recv(pipe->fd, data, length, MSG_DONTWAIT, fds, &count);
    } while (got < 0 && errno == EINTR);

    passing_pipe_keep((struct passing_pipe *)pipe, fds, count);
    if (got == 0)
        return PVMI_CLOSED;
    return got > 0 ? got : socket_pipe_failed(pipe, "read from");
}

static void passing_pipe_close(struct pvmi_pipe *pipe)
{
    int passed = pvmi_pipe_take_passed(pipe);

    if (passed >= 0)
        close(passed);
    socket_pipe_close(pipe);
}

static const struct pvmi_pipe_ops passing_pipe_ops = {
    .read = passing_pipe_read,
    .write = socket_pipe_write,
    .wants_write = socket_pipe_wants_write,
    .has_input = socket_pipe_has_input,
    .close = passing_pipe_close,
};

struct pvmi_pipe *pvmi_pipe_new_passing(int fd)
{
    struct passing_pipe *pipe = pvmi_malloc(sizeof(*pipe));

    if (pipe == NULL)
        return NULL;
    pipe->base.ops = &passing_pipe_ops;
    pipe->base.fd = fd;
    pipe->passed = -1;
    return &pipe->base;
}

int pvmi_pipe_take_passed(struct pvmi_pipe *pipe)
{
    struct passing_pipe *passing = (struct passing_pipe *)pipe;
    int passed = passing->passed;

    passing->passed = -1;
    return passed;
}
