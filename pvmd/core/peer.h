/* SPDX-License-Identifier: BSD-3-Clause */
/* Other daemons: their two sessions each, and the links under these. */
#ifndef PVMD_CORE_PEER_H
#define PVMD_CORE_PEER_H

#include "base/table.h"
#include "pvmd/core/core.h"
#include "transport/session.h"

struct link;
struct peer;

struct channel {
    struct pvmi_session session;
    struct peer *peer;
    enum pvmi_channel number;
    struct link *link;      /* that is up and used, or NULL */
    struct link *dial;      /* that is being dialled, or NULL */
    uint64_t dial_at;       /* not before then */
    uint64_t backoff_ms;
    uint64_t up_ms;         /* since when the link is used */
    uint64_t heard_ms;      /* last frame on it */
    uint64_t sent_ms;
    uint64_t unacked_ms;    /* since when something waits for its acknowledgement */
    uint64_t down_ms;       /* since when there is no link although one is wanted; CORE_NEVER: it is not so */
    uint64_t ack_at;        /* an acknowledgement must be sent by then */
    bool asked;             /* the peer has something for it and cannot dial us: we are to dial */
    struct pvmi_list dirty; /* in core.dirty: something may be sent */
};

struct peer {
    int number;
    uint64_t incarnation;
    char *name;
    bool member;         /* in the host table; else it joins, or we do */
    bool in_log;         /* has had its welcome: gets every command */
    bool dial_proven;    /* we have reached it: a refusal means that it has ended */
    bool deleting;
    bool halted;
    uint64_t wake_ms;    /* nothing of it is due before then */
    uint64_t delete_at;  /* drop it then, when it is being deleted */
    uint64_t heard_ms;
    uint64_t accused_ms; /* when we last told the orderer that we cannot reach it */
    struct channel channels[PVMI_CHANNEL_COUNT];
    struct pvmi_table flows;    /* struct flow by source tid */
    struct pvmi_list ready;     /* flows with frames, whose turn it is first */
    struct pvmi_table owed;     /* struct owed by tid */
    uint64_t owed_at;
};

struct peer *peer_new(struct core *core, int number, uint64_t incarnation, const char *name);
struct peer *peer_find(struct core *core, int number);
struct peer *peer_orderer(struct core *core);
void peer_free(struct core *core, struct peer *peer);
/* Sends a control message in the session. PvmOverflow when it is too large; no memory stops the core. */
int peer_send(struct core *core, struct peer *peer, enum pvmi_channel channel, int type, const void *msg);
void peer_link_in(struct core *core, const struct core_event *event);
void peer_link_up(struct core *core, struct link *link);
void peer_link_down(struct core *core, struct link *link, enum core_down_reason reason, const char *text);
/* The peer has bulk for us, and cannot dial. */
void peer_on_asked(struct core *core, struct peer *peer);
void peer_frame(struct core *core, struct link *link, struct pvmi_frame *frame);
void peer_touch(struct core *core, struct channel *channel);    /* it may have something to send */
void peer_dial(struct core *core, struct channel *channel);
void peer_pump_all(struct core *core);
bool channel_wanted(struct core *core, const struct channel *channel);    /* there should be a link */
/* link is the one that the session uses from now on: resumes it. */
void channel_use(struct core *core, struct channel *channel, struct link *link);
void channel_send_header(struct core *core, struct channel *channel, const struct pvmi_frame_header *header);
/* Its link is of no use any more: it is closed, and a new one dialled. */
void channel_break(struct core *core, struct channel *channel, const char *why);
/* The first host is gone, and with it the machine. */
void orderer_lost(struct core *core, const char *why);

#endif
