/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames over a pipe. Keeps what is half read and what is not yet written; knows nothing of sessions.
 * Whoever owns it watches the pipe's descriptor and calls readable and writable.
 */
#ifndef PVMI_TRANSPORT_STREAM_H
#define PVMI_TRANSPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/list.h"
#include "transport/pipe.h"
#include "wire/frame.h"

struct pvmi_stream {
    struct pvmi_pipe *pipe;      /* owned */
    struct pvmi_buffer in;       /* bytes read and not yet handed on */
    struct pvmi_list out;        /* frames not yet wholly written, in order */
    size_t out_done;             /* bytes of the first one that are written, header included */
    size_t out_bytes;            /* bytes waiting in out, headers included */
    /* A frame that is being received: its payload fills in place. */
    struct pvmi_frame *partial;
    size_t partial_have;
    bool bulk;                   /* the last frame was long: the next header is read alone */
    bool cut;                    /* a half-written frame was taken away: nothing can follow it */
};

/* Takes a frame, which is then the callee's. Returns false to stop reading for now. May send on the stream,
 * must not end it. */
typedef bool pvmi_stream_frame_fn(void *user, struct pvmi_frame *frame);

void pvmi_stream_init(struct pvmi_stream *stream, struct pvmi_pipe *pipe);

/* Closes the pipe and frees all queued frames. */
void pvmi_stream_fini(struct pvmi_stream *stream);

/* Moves the frames that are not wholly written to the end of ret_frames, in order: they can go elsewhere.
 * When a part of the first one has gone out already, send returns PVMI_CLOSED from then on. */
void pvmi_stream_take_unsent(struct pvmi_stream *stream, struct pvmi_list *ret_frames);

/*
 * Queues frame, which becomes the stream's, and writes at once what goes. Returns PvmOk (also when it waits
 * in the queue: see out_bytes), PVMI_CLOSED or PvmSysErr when the pipe has failed (the frame stays queued).
 */
int pvmi_stream_send(struct pvmi_stream *stream, struct pvmi_frame *frame);

/* Writes what goes. Returns as send. */
int pvmi_stream_writable(struct pvmi_stream *stream);

/*
 * Reads what is there, 256 KiB at most, and hands over every whole frame. Returns the number of frames,
 * PVMI_CLOSED, PvmBadMsg for bytes that are no frame, PvmNoMem, PvmSysErr: then the stream is of no use, but
 * the frames before have been handed over.
 *
 * When fn has returned false, more whole frames may be there already: whoever wants them has to call
 * readable() again of its own accord, for the descriptor need not become readable. It hands over what is
 * there before it reads.
 */
int pvmi_stream_readable(struct pvmi_stream *stream, pvmi_stream_frame_fn *fn, void *user);

/* True when the descriptor is to be watched for writing. */
bool pvmi_stream_wants_write(const struct pvmi_stream *stream);

#endif
