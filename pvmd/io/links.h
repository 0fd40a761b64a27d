/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links: connections that carry frames, of tasks and of other daemons. The core knows a link by its handle;
 * one that came in is offered under a token first.
 *
 *   offered --adopt--> up --close--> gone          up --close with flush--> lingering --all out, 2 s--> gone
 *      \--refuse, its end--> gone                   \--its end--> LINK_DOWN, gone
 */
#ifndef PVMD_IO_LINKS_H
#define PVMD_IO_LINKS_H

#include <stdbool.h>

#include "pvmd/io/io.h"
#include "pvmd/io/tunnel.h"
#include "transport/pipe.h"

/* Returns NULL when there is no memory. */
struct links *links_new(struct io *io);

/* Closes all. NULL is fine. */
void links_free(struct links *links);

/*
 * Takes pipe and tells the core (LINK_IN) by the members of link_in except token, which is made here. watch
 * is the descriptor's, or NULL: one is made.
 */
void links_offer(struct io *io, struct pvmi_pipe *pipe, struct watch *watch, const struct core_event *link_in);

/* Takes pipe as the link that the core calls handle, and says LINK_UP. tunnel: what it runs through, which ends with
 * the link, or NULL. */
void links_up(struct io *io, uint64_t handle, struct pvmi_pipe *pipe, struct watch *watch, struct tunnel *tunnel);

void links_adopt(struct io *io, uint64_t token, uint64_t handle);
void links_refuse(struct io *io, uint64_t token);

/* True when a link of that channel, which that host has made, stands. */
bool links_has_incoming(const struct io *io, int host, uint64_t incarnation, enum pvmi_channel channel);

/* Takes frame. For a handle that is none (any more) it is freed. */
void links_send(struct io *io, uint64_t handle, struct pvmi_frame *frame);

/* Writes bytes to that link of a task, with the first of them descriptor fd, which stays the caller's. False when they do
 * not go now. */
bool links_pass(struct io *io, uint64_t handle, const uint8_t *bytes, size_t length, int fd);

/* Nobody writes at the other end of that link any more, even if somebody has it open: it ends when all is read. */
void links_drain(struct io *io, uint64_t handle);

/* The task at the other end sleeps in slot of the shared memory, and has to be woken there; 0: it does not. */
void links_set_slot(struct io *io, uint64_t handle, uint32_t slot);
void links_read(struct io *io, uint64_t handle, bool on);

/* False when there is no such link. */
bool links_close(struct io *io, uint64_t handle, bool flush);

/* The daemon ends: lets go out what waits; the links themselves close with links_free(). True when nothing waits;
 * else the loop is stopped when all has gone. */
bool links_finish(struct io *io);

#endif
