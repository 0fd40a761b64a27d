/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading: many small frames come with one read into `in`, from which each gets its own copy. What a long
 * payload lacks is read straight to its place (`partial`), and the header behind it alone (`bulk`), so that
 * a stream of long frames copies nothing.
 */
#include "transport/stream.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

#define STREAM_IN_MAX (PVMI_FRAME_PAYLOAD_MAX + PVMI_FRAME_HEADER_SIZE)
#define STREAM_READ_MAX (256 * 1024)    /* in one call of readable(), so that other streams get their turn */
#define STREAM_IN_PLACE (16 * 1024)     /* so much of a payload lacking is worth a read of its own */
#define STREAM_VECTORS 64               /* in one write; two for each frame */

void pvmi_stream_init(struct pvmi_stream *stream, struct pvmi_pipe *pipe)
{
    memset(stream, 0, sizeof(*stream));
    stream->pipe = pipe;
    pvmi_buffer_init(&stream->in, STREAM_IN_MAX);
    pvmi_list_init(&stream->out);
}

void pvmi_stream_fini(struct pvmi_stream *stream)
{
    stream->pipe->ops->close(stream->pipe);
    stream->pipe = NULL;
    pvmi_buffer_fini(&stream->in);
    pvmi_frame_free_all(&stream->out);
    pvmi_frame_free(stream->partial);
    stream->partial = NULL;
}

void pvmi_stream_take_unsent(struct pvmi_stream *stream, struct pvmi_list *ret_frames)
{
    /* A TLS pipe that wants to write has made a record of the first bytes already. */
    if (!pvmi_list_empty(&stream->out)
        && (stream->out_done > 0 || stream->pipe->ops->wants_write(stream->pipe)))
        stream->cut = true;
    pvmi_list_join(ret_frames, &stream->out);
    stream->out_done = 0;
    stream->out_bytes = 0;
}

static size_t frame_size(const struct pvmi_frame *frame)
{
    return PVMI_FRAME_HEADER_SIZE + (size_t)frame->header.length;
}

/* Adds what lies behind *skip of the bytes to the vectors; *skip loses what was jumped over. */
static int stream_add_vector(struct iovec *vectors, int count, const uint8_t *bytes, size_t length,
                             size_t *skip)
{
    if (*skip >= length) {
        *skip -= length;
        return count;
    }
    vectors[count].iov_base = (void *)(bytes + *skip);
    vectors[count].iov_len = length - *skip;
    *skip = 0;
    return count + 1;
}

/* Points vectors at the first frames of out; their headers are encoded into headers. */
static int stream_gather(struct pvmi_stream *stream, struct iovec vectors[STREAM_VECTORS],
                         uint8_t headers[STREAM_VECTORS / 2][PVMI_FRAME_HEADER_SIZE])
{
    size_t skip = stream->out_done;
    int count = 0;
    int frames = 0;

    PVMI_LIST_EACH(node, &stream->out) {
        struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);

        if (frames == STREAM_VECTORS / 2)
            break;
        pvmi_frame_header_encode(&frame->header, headers[frames]);
        count = stream_add_vector(vectors, count, headers[frames], PVMI_FRAME_HEADER_SIZE, &skip);
        if (frame->header.length > 0)
            count = stream_add_vector(vectors, count, pvmi_frame_bytes(frame), frame->header.length, &skip);
        frames++;
    }
    return count;
}

/* Takes written bytes off the front of out. */
static void stream_written(struct pvmi_stream *stream, size_t written)
{
    stream->out_bytes -= written;
    stream->out_done += written;
    while (!pvmi_list_empty(&stream->out)) {
        struct pvmi_frame *frame = PVMI_CONTAINER(stream->out.next, struct pvmi_frame, link);

        if (stream->out_done < frame_size(frame))
            return;
        stream->out_done -= frame_size(frame);
        pvmi_frame_free(frame);
    }
    assert(stream->out_done == 0);
}

static int stream_write(struct pvmi_stream *stream)
{
    struct iovec vectors[STREAM_VECTORS];
    uint8_t headers[STREAM_VECTORS / 2][PVMI_FRAME_HEADER_SIZE];

    if (stream->cut)
        return PVMI_CLOSED;
    while (!pvmi_list_empty(&stream->out)) {
        int count = stream_gather(stream, vectors, headers);
        ssize_t written = stream->pipe->ops->write(stream->pipe, vectors, count);

        if (written == PVMI_AGAIN)
            return PvmOk;
        if (written < 0)
            return (int)written;
        stream_written(stream, (size_t)written);
    }
    return PvmOk;
}

int pvmi_stream_send(struct pvmi_stream *stream, struct pvmi_frame *frame)
{
    bool waiting = !pvmi_list_empty(&stream->out);

    pvmi_list_push(&stream->out, &frame->link);
    stream->out_bytes += frame_size(frame);
    if (waiting && !stream->cut)
        return PvmOk;    /* the pipe is full: writable() goes on */
    return stream_write(stream);
}

int pvmi_stream_writable(struct pvmi_stream *stream)
{
    if (pvmi_list_empty(&stream->out) && stream->pipe->ops->wants_write(stream->pipe)) {
        ssize_t rc = stream->pipe->ops->write(stream->pipe, NULL, 0);

        return rc == PVMI_AGAIN ? PvmOk : (int)rc;
    }
    return stream_write(stream);
}

bool pvmi_stream_wants_write(const struct pvmi_stream *stream)
{
    if (stream->cut)
        return false;
    return !pvmi_list_empty(&stream->out) || stream->pipe->ops->wants_write(stream->pipe);
}

/* Makes a frame of header with room for its payload, of which the first have bytes are there. */
static struct pvmi_frame *frame_receive(const struct pvmi_frame_header *header, const uint8_t *bytes,
                                        size_t have)
{
    struct pvmi_blob *blob = NULL;
    struct pvmi_frame *frame;

    if (header->length > 0) {
        blob = pvmi_blob_new(header->length);
        if (blob == NULL)
            return NULL;
        memcpy(blob->data, bytes, have);
    }
    frame = pvmi_frame_new(header, blob, 0, header->length);
    pvmi_blob_unref(blob);
    return frame;
}

/*
 * Hands over the whole frames in `in`; the start of a long one becomes partial. *at moves behind what is
 * used up, *count counts frames. Returns PvmOk, PVMI_AGAIN when fn wants no more, PvmBadMsg, PvmNoMem.
 */
static int stream_parse(struct pvmi_stream *stream, pvmi_stream_frame_fn *fn, void *user, size_t *at,
                        int *count)
{
    while (stream->partial == NULL && stream->in.length - *at >= PVMI_FRAME_HEADER_SIZE) {
        const uint8_t *bytes = stream->in.data + *at;
        struct pvmi_frame_header header;
        struct pvmi_frame *frame;
        size_t have = stream->in.length - *at - PVMI_FRAME_HEADER_SIZE;
        size_t lacking;
        int rc = pvmi_frame_header_decode(bytes, &header);

        if (rc != PvmOk)
            return rc;
        if (have > header.length)
            have = header.length;
        lacking = header.length - have;
        if (lacking > 0 && lacking < STREAM_IN_PLACE && header.length <= PVMI_FRAME_PAYLOAD_MAX)
            return PvmOk;    /* the next read brings it, and the frames behind it */

        frame = frame_receive(&header, bytes + PVMI_FRAME_HEADER_SIZE, have);
        if (frame == NULL)
            return PvmNoMem;
        *at += PVMI_FRAME_HEADER_SIZE + have;
        if (lacking > 0) {
            stream->partial = frame;
            stream->partial_have = have;
            return PvmOk;
        }
        stream->bulk = header.length >= STREAM_IN_PLACE;
        ++*count;
        if (!fn(user, frame))
            return PVMI_AGAIN;
    }
    return PvmOk;
}

/* Hands over what is in memory. Returns as stream_parse(). */
static int stream_deliver(struct pvmi_stream *stream, pvmi_stream_frame_fn *fn, void *user, int *count)
{
    size_t at = 0;
    int rc;

    if (stream->partial != NULL && stream->partial_have == stream->partial->header.length) {
        struct pvmi_frame *frame = stream->partial;

        stream->partial = NULL;
        stream->bulk = true;
        ++*count;
        if (!fn(user, frame))
            return PVMI_AGAIN;
    }
    rc = stream_parse(stream, fn, user, &at, count);
    pvmi_buffer_consume(&stream->in, at);
    return rc;
}

/* Reads once, to where the next bytes belong. Returns how many came, or as the pipe's read. */
static ssize_t stream_read(struct pvmi_stream *stream)
{
    ssize_t count;
    size_t room;
    int rc;

    if (stream->partial != NULL) {
        uint8_t *to = stream->partial->payload->data + stream->partial_have;

        room = stream->partial->header.length - stream->partial_have;
        count = stream->pipe->ops->read(stream->pipe, to, room);
        if (count > 0)
            stream->partial_have += (size_t)count;
        return count;
    }

    room = STREAM_IN_MAX - stream->in.length;
    if (stream->bulk && stream->in.length < PVMI_FRAME_HEADER_SIZE)
        room = PVMI_FRAME_HEADER_SIZE - stream->in.length;
    rc = pvmi_buffer_reserve(&stream->in, room);
    if (rc != PvmOk)
        return rc;
    count = stream->pipe->ops->read(stream->pipe, stream->in.data + stream->in.length, room);
    if (count > 0)
        stream->in.length += (size_t)count;
    return count;
}

int pvmi_stream_readable(struct pvmi_stream *stream, pvmi_stream_frame_fn *fn, void *user)
{
    size_t total = 0;
    int count = 0;
    int rc = stream_deliver(stream, fn, user, &count);

    while (rc == PvmOk && (total < STREAM_READ_MAX || stream->pipe->ops->has_input(stream->pipe))) {
        ssize_t got = stream_read(stream);

        if (got < 0) {
            rc = (int)got;
            break;
        }
        total += (size_t)got;
        rc = stream_deliver(stream, fn, user, &count);
    }
    return rc == PvmOk || rc == PVMI_AGAIN ? count : rc;
}
