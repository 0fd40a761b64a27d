/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session between two daemons: frames numbered from 1, kept until the other side has acknowledged them,
 * sent again from the right one when a new connection takes the place of a broken one. No I/O, no clock:
 * its owner moves the frames. One session for each channel (control, bulk) of two daemon runs.
 *
 *   a new connection is up   -> attach(); send resume frame; nothing else goes until the peer's resume came
 *   peer's resume            -> on_resume(): rewinds to what the peer expects
 *   then                     -> while next() gives a frame, send it
 *   a numbered frame comes   -> arrive(): NEW hand it on; DOUBLE drop it
 *   connection lost          -> detach()
 */
#ifndef PVMI_TRANSPORT_SESSION_H
#define PVMI_TRANSPORT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "wire/frame.h"

#define PVMI_SESSION_ACK_FRAMES 64              /* an acknowledgement is due after so many frames */
#define PVMI_SESSION_ACK_BYTES (1024 * 1024)    /* or so many bytes of payload */

struct pvmi_session {
    uint64_t out_next;         /* number of the next frame pushed */
    uint64_t out_sent;         /* highest one ever given to a connection: the peer can know of no later one */
    uint64_t in_next;          /* number expected next from the peer */
    uint64_t in_acked;         /* highest one that we have acknowledged */
    struct pvmi_list kept;     /* frames not acknowledged, in order; those from unsent on are not yet sent */
    struct pvmi_list *unsent;  /* node in kept, or kept itself when all are sent */
    size_t kept_bytes;         /* payload bytes in kept */
    size_t unsent_bytes;       /* payload bytes from unsent on */
    size_t in_bytes;           /* payload bytes arrived since the last acknowledgement */
    bool attached;             /* there is a connection */
    bool resumed;              /* and the peer's resume has come over it */
};

enum pvmi_session_verdict { PVMI_SESSION_NEW, PVMI_SESSION_DOUBLE, PVMI_SESSION_GAP };

void pvmi_session_init(struct pvmi_session *session);

/* Frees all kept frames. */
void pvmi_session_fini(struct pvmi_session *session);

/* Takes frame, gives it the next number and keeps it. */
void pvmi_session_push(struct pvmi_session *session, struct pvmi_frame *frame);

/* A connection is there: fills the header of the resume frame that must go first. When there was one
 * already, the new one takes its place. */
void pvmi_session_attach(struct pvmi_session *session, struct pvmi_frame_header *ret_resume);
void pvmi_session_detach(struct pvmi_session *session);

/*
 * The peer expects number next, so it has all before. Returns PvmOk; PVMI_CLOSED when it has acknowledged more
 * since: it sent this before it took another connection, drop this one; PvmBadMsg when it cannot be (never sent,
 * 0, a second resume on one connection): end the session.
 */
int pvmi_session_on_resume(struct pvmi_session *session, uint64_t next);

/*
 * The next frame to send, or NULL when all are sent or nothing may go now. *ret_frame is a clone with
 * number and acknowledgement set, the caller's. Returns PvmOk, PVMI_AGAIN for nothing, PvmNoMem.
 */
int pvmi_session_next(struct pvmi_session *session, struct pvmi_frame **ret_frame);

/* Frees what the peer has acknowledged. Returns PvmOk, or PvmBadMsg for an impossible number. */
int pvmi_session_on_ack(struct pvmi_session *session, uint64_t ack);

/*
 * What to do with a numbered frame that came; its ack goes to on_ack(). GAP (a number missing, or none, or
 * no resume yet): the peer or the connection is broken, drop the connection.
 */
enum pvmi_session_verdict pvmi_session_arrive(struct pvmi_session *session,
                                              const struct pvmi_frame_header *header);

/* True when an acknowledgement of its own is due (enough came); any: when anything is unacknowledged. */
bool pvmi_session_ack_due(const struct pvmi_session *session, bool any);

/* Fills the header of such a frame and counts it as sent. */
void pvmi_session_ack(struct pvmi_session *session, struct pvmi_frame_header *ret_ack);

#endif
