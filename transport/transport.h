/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a task's frames reach other tasks and its daemon: the contract of every transport.
 *
 * A transport belongs to one task (one process) and holds its endpoints, one for each peer. It owns its
 * descriptors and shows one that is readable when progress() has work. It moves frames in order and whole,
 * or fails the endpoint; which transport carries which message, and what becomes of order when two carry
 * messages to one peer, is decided above (libpvm/route, libpvm/arrive).
 *
 * The one to read first is self.
 */
#ifndef PVMI_TRANSPORT_TRANSPORT_H
#define PVMI_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "wire/frame.h"

struct pvmi_transport;
struct pvmi_endpoint;

/* Where a peer is. Which members count depends on the transport. */
struct pvmi_address {
    int32_t tid;         /* of the peer; 0 the local daemon */
    const char *path;    /* unix: socket file */
    int fd;              /* unix: a socket already connected, the endpoint's on success; else -1 */
};

/*
 * What a transport tells its owner, from inside progress() or send(). A callback may send, connect and
 * disconnect any endpoint; it must not close the transport, and progress() inside it does nothing.
 */
struct pvmi_transport_events {
    /* A frame has come; it is the callee's. */
    void (*frame)(void *user, struct pvmi_endpoint *ep, struct pvmi_frame *frame);

    /* The endpoint is of no more use: PVMI_CLOSED, PvmBadMsg, PvmSysErr. It still has to be disconnected. */
    void (*down)(void *user, struct pvmi_endpoint *ep, int reason);
};

struct pvmi_transport_ops {
    const char *name;    /* the word used in PVM_TRANSPORTS, e.g. "unix" */

    /* A transport that tells user by events. Returns PvmOk, PvmNoMem, PvmSysErr, PvmNotImpl (not here). */
    int (*open)(const struct pvmi_transport_events *events, void *user, struct pvmi_transport **ret_tp);

    /* Closes all endpoints and frees the transport. NULL is fine. */
    void (*close)(struct pvmi_transport *tp);

    /* Starts connecting; frames sent meanwhile wait in order. */
    int (*connect)(struct pvmi_transport *tp, const struct pvmi_address *peer, struct pvmi_endpoint **ret_ep);

    /*
     * Takes frame on PvmOk and frees it once its bytes are out; else the caller keeps it. PVMI_AGAIN means
     * no room now: try again after the next progress().
     */
    int (*send)(struct pvmi_endpoint *ep, struct pvmi_frame *frame);

    /* Moves what can move now and hands arrivals over. Returns events handled, or a negative code; after PvmNoMem
     * some may have been handed over all the same, and the rest waits for the next progress(). */
    int (*progress)(struct pvmi_transport *tp);

    /* Readable when progress() has work to do. */
    int (*event_fd)(const struct pvmi_transport *tp);

    /* True when frames wait to go out on ep. */
    bool (*pending)(const struct pvmi_endpoint *ep);

    /* Moves the frames that have not gone out to the end of ret_frames, in order. */
    void (*take_unsent)(struct pvmi_endpoint *ep, struct pvmi_list *ret_frames);

    /* Drops queued frames and frees the endpoint; NULL is fine. */
    void (*disconnect)(struct pvmi_endpoint *ep);
};

/* First member of every transport's own structs. */
struct pvmi_transport {
    const struct pvmi_transport_ops *ops;
    const struct pvmi_transport_events *events;
    void *user;
};

struct pvmi_endpoint {
    struct pvmi_transport *tp;
    void *owner;    /* for whoever connected */
};

extern const struct pvmi_transport_ops pvmi_transport_self;    /* to oneself, in memory */
extern const struct pvmi_transport_ops pvmi_transport_unix;    /* to the local daemon */

/* The descriptor that has come last on an endpoint of pvmi_transport_unix: the caller's. -1 none. */
int pvmi_unix_take_passed(struct pvmi_endpoint *ep);

/* Wraps any: the same behaviour, and one log line for each call and event (PVM_LOG=debug). Takes inner. */
int pvmi_transport_logged(struct pvmi_transport *inner, struct pvmi_transport **ret_tp);

#endif
