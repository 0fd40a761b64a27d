/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"

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
