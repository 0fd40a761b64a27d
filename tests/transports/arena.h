/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The arena as a transport of frames, for the cases: transport/shm carries whole messages and leaves their order to
 * libpvm/arrive, so this puts each frame into one message, and those that come early back in their turn.
 *
 * There is one machine at a time. A task that others talk to is at the other end of it, in this process.
 */
#ifndef TESTS_TRANSPORTS_ARENA_H
#define TESTS_TRANSPORTS_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/transport.h"

extern const struct pvmi_transport_ops arena_frames;

/* A daemon with memory for all; after the last task has gone it is to end. Returns whether all memory has come back. */
void arena_begin(void);
bool arena_end(void);

/* A task with that tid, to which arena_frames can connect. */
struct arena_end *arena_end_new(int32_t tid);

/* Hands over what has come to it: the frame is the callee's. */
void arena_end_move(struct arena_end *end, bool (*on_frame)(void *user, struct pvmi_frame *frame), void *user);

/* Sends it to the transport, and frees it. */
void arena_end_send(struct arena_end *end, struct pvmi_frame *frame);

/* The task ends, and the daemon sees it. */
void arena_end_close(struct arena_end *end);

#endif
