/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes in both directions over a non-blocking descriptor: plain (a Unix or TCP socket) or TLS. What a
 * stream (frames) stands on.
 */
#ifndef PVMI_TRANSPORT_PIPE_H
#define PVMI_TRANSPORT_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct pvmi_pipe;

struct pvmi_pipe_ops {
    /*
     * Reads up to length bytes; writes the vectors as far as they go. Return bytes (> 0), PVMI_AGAIN when
     * nothing moves now, PVMI_CLOSED at the end, PvmSysErr for an error (logged). Never raise SIGPIPE.
     *
     * After PVMI_AGAIN the next write has to begin with the same bytes (TLS may have encrypted them already).
     * A write of no vectors moves what the pipe itself has to write, and returns PVMI_AGAIN at best.
     */
    ssize_t (*read)(struct pvmi_pipe *pipe, void *data, size_t length);
    ssize_t (*write)(struct pvmi_pipe *pipe, const struct iovec *vectors, int count);

    /* Wants of the pipe itself besides those of its user: TLS may have to write in order to read. */
    bool (*wants_write)(const struct pvmi_pipe *pipe);

    /* True when the pipe holds bytes to read: the descriptor need not become readable again for them. */
    bool (*has_input)(const struct pvmi_pipe *pipe);

    /* Closes the descriptor and frees the pipe. Sends what a polite end needs, without waiting. */
    void (*close)(struct pvmi_pipe *pipe);
};

struct pvmi_pipe {
    const struct pvmi_pipe_ops *ops;
    int fd;    /* to watch */
};

/* A pipe over a connected socket, which becomes the pipe's. NULL when there is no memory (fd stays open). */
struct pvmi_pipe *pvmi_pipe_new_socket(int fd);

/* The same over a Unix socket, that keeps the descriptor which has come last with bytes: the caller's with this call, -1
 * when there is none. */
struct pvmi_pipe *pvmi_pipe_new_passing(int fd);
int pvmi_pipe_take_passed(struct pvmi_pipe *pipe);

#endif
