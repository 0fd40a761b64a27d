/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links by way of the first host. Two hosts may be unable to reach each other, for a firewall or because one
 * is linked by ssh only, while the first host reaches both. Then what would go on a link between them, frame
 * by frame, goes in "relay" messages through the first host; the sessions above know nothing of it, and so
 * nothing is lost, doubled or out of order, also when a direct link takes over.
 *
 *   dialling has failed for suspect_ms --> relayed --a direct link stands (tried every 5 s)--> direct
 *                                             +-- nothing heard on it, or its end --> dialling
 *
 * A relayed link has a name at each end, its handle there. The first resume frame goes to name 0: it opens the
 * link, and the answer tells the other name. Frames for a name that is no more are those of an older link, and
 * are dropped. When both ends open at a time, each takes the other's opening for the answer.
 *
 * The first host keeps what it passes on in the flows of the receiver's bulk channel, one for each sender, no
 * more than RELAY_WINDOW of each: a resume drops what of an older link still waits there.
 */
#include "pvmd/core/relay.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/link.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/state_hosts.h"
#include "transport/session.h"
#include "wire/tid.h"

#define RELAY_REDIAL_MS 5000    /* how often a direct link is tried meanwhile */

/* ---- out ---- */

/* On to the daemon via: the first host, or from there to the receiver. other is the host at the far end. */
static void relay_pass(struct core *core, struct peer *via, int other, const struct pvmi_msg_relay *msg,
                       bool resume)
{
    int32_t source = pvmi_tid_of_host(other);
    struct pvmi_frame *frame;
    int rc;

    peer_wake_at(core, via, core->now_ms);    /* its channel may have had its turn in this step */
    if (msg->channel != PVMI_CHANNEL_BULK) {
        peer_send(core, via, PVMI_CHANNEL_CONTROL, PVMI_MSG_relay, msg);
        return;
    }
    rc = control_frame(core, PVMI_MSG_relay, msg, &frame);
    if (rc == PvmNoMem)
        core_out_of_memory(core);
    if (rc != PvmOk)
        return;
    if (resume)
        flow_drop(via, source);
    flow_push(core, via, source, frame);
}

/* Before the other end's name is known only the resume can go, and a session sends nothing else. */
void relay_send(struct core *core, struct link *link, struct pvmi_frame *frame)
{
    struct peer *orderer = peer_orderer(core);
    bool resume = frame->header.kind == PVMI_FRAME_RESUME;
    uint32_t length = frame->header.length;
    struct pvmi_msg_relay relay = {
        .host = link->peer->number,
        .channel = link->channel,
        .link = link->handle,
        .to = link->remote,
    };
    uint8_t *bytes;

    if (core->stopped || orderer == NULL || (link->remote == 0 && !resume)) {
        pvmi_frame_free(frame);
        return;
    }
    bytes = core_alloc(core, PVMI_FRAME_HEADER_SIZE + (size_t)length);
    if (bytes == NULL) {
        pvmi_frame_free(frame);
        core_out_of_memory(core);
        return;
    }
    pvmi_frame_header_encode(&frame->header, bytes);
    memcpy(bytes + PVMI_FRAME_HEADER_SIZE, pvmi_frame_bytes(frame), length);
    pvmi_frame_free(frame);
    relay.frame = (struct pvmi_bytes){ .data = bytes, .length = PVMI_FRAME_HEADER_SIZE + length };
    relay_pass(core, orderer, link->peer->number, &relay, resume);
    pvmi_free(bytes);
}

/* A link that makes room for another one: the other end finds that by itself. */
void relay_close(struct core *core, const struct link *link)
{
    struct peer *orderer = peer_orderer(core);

    if (orderer != NULL && link->channel == PVMI_CHANNEL_BULK)
        flow_drop(orderer, pvmi_tid_of_host(link->peer->number));
}

/* Behind all that went on the link, a frame without even a header: its end. */
void relay_break(struct core *core, struct link *link)
{
    struct peer *orderer = peer_orderer(core);
    int other = link->peer->number;
    struct pvmi_msg_relay end = {
        .host = other,
        .channel = link->channel,
        .link = link->handle,
        .to = link->remote,
    };

    link_close(core, link, false);
    if (orderer != NULL && end.to != 0 && !core->stopped)
        relay_pass(core, orderer, other, &end, false);
}

/* ---- links ---- */

static struct link *relay_link(struct core *core, struct channel *channel, uint64_t remote)
{
    struct link *link = link_new(core, CORE_LINK_DAEMON);

    if (link == NULL) {
        core_out_of_memory(core);
        return NULL;
    }
    link->up = true;
    link->relayed = true;
    link->remote = remote;
    link->peer = channel->peer;
    link->channel = channel->number;
    channel->dial_at = core->now_ms + RELAY_REDIAL_MS;
    peer_wake_at(core, channel->peer, channel->dial_at);
    channel_use(core, channel, link);
    return link;
}

/* The other channel goes that way already: this one need not try for long. */
static bool relay_known(const struct peer *peer)
{
    for (int i = 0; i < PVMI_CHANNEL_COUNT; i++) {
        const struct link *link = peer->channels[i].link;

        if (link != NULL && link->relayed)
            return true;
    }
    return false;
}

bool relay_open(struct core *core, struct channel *channel)
{
    struct peer *peer = channel->peer;
    const struct peer *orderer = peer_orderer(core);
    uint64_t at_ms = channel->down_ms + core->config.suspect_ms;

    if (orderer == NULL || peer == orderer || !peer->member || !core->ready)
        return false;
    if (core->now_ms < at_ms && !relay_known(peer)) {
        peer_wake_at(core, peer, at_ms);
        return false;
    }
    core_log(core, PVMI_LOG_INFO, "no connection to %s can be made: going by way of %s", peer->name,
             host_name(core, orderer->number));
    return relay_link(core, channel, 0) != NULL;
}

void relay_redial(struct core *core, struct channel *channel)
{
    if (channel->dial != NULL)
        return;
    if (core->now_ms >= channel->dial_at) {
        channel->dial_at = core->now_ms + RELAY_REDIAL_MS;
        peer_dial(core, channel);
    }
    peer_wake_at(core, channel->peer, channel->dial_at);
}

/* ---- in ---- */

/* A resume has come: the link that it is for, or NULL when it is of no use any more. */
static struct link *relay_resumed(struct core *core, struct channel *channel, const struct pvmi_msg_relay *msg)
{
    struct link *link = channel->link;
    struct pvmi_frame_header again;
    bool direct = link != NULL && !link->relayed;

    if (msg->to == 0) {
        if (direct && core->now_ms - channel->heard_ms < core->config.suspect_ms)
            return NULL;    /* it was sent before the direct link stood, or that one will soon be found dead */
        if (link == NULL || direct || link->remote != 0)
            return relay_link(core, channel, msg->link);
    } else if (link == NULL || direct || msg->to != link->handle) {
        return NULL;
    }
    if (channel->session.resumed) {    /* by an older link of the other end: begin again with the new one */
        pvmi_session_detach(&channel->session);
        pvmi_session_attach(&channel->session, &again);
    }
    link->remote = msg->link;
    return link;
}

static struct pvmi_frame *relay_unwrap(struct core *core, const struct pvmi_bytes *bytes)
{
    struct pvmi_frame_header header;
    struct pvmi_blob *payload = NULL;
    struct pvmi_frame *frame;

    if (bytes->length < PVMI_FRAME_HEADER_SIZE || pvmi_frame_header_decode(bytes->data, &header) != PvmOk ||
        header.length != bytes->length - PVMI_FRAME_HEADER_SIZE)
        return NULL;
    if (header.length > 0) {
        payload = pvmi_blob_copy(bytes->data + PVMI_FRAME_HEADER_SIZE, header.length);
        if (payload == NULL && core_release_reserve(core))
            payload = pvmi_blob_copy(bytes->data + PVMI_FRAME_HEADER_SIZE, header.length);
        if (payload == NULL) {
            core_out_of_memory(core);
            return NULL;
        }
    }
    frame = core_frame(core, &header, payload, 0, header.length);
    pvmi_blob_unref(payload);
    return frame;
}

static void relay_ended(struct core *core, struct channel *channel, const struct pvmi_msg_relay *msg)
{
    struct link *link = channel->link;

    if (link == NULL || !link->relayed || link->handle != msg->to || link->remote != msg->link)
        return;
    link->remote = 0;    /* there is nobody to be told of its end */
    channel_break(core, channel, "the other side has given it up");
}

static void relay_take(struct core *core, struct peer *peer, const struct pvmi_msg_relay *msg)
{
    struct channel *channel = &peer->channels[msg->channel];
    struct link *link = channel->link;
    struct pvmi_frame *frame;

    if (msg->frame.length == 0) {
        relay_ended(core, channel, msg);
        return;
    }
    frame = relay_unwrap(core, &msg->frame);
    if (frame == NULL)
        return;
    if (frame->header.kind == PVMI_FRAME_RESUME)
        link = relay_resumed(core, channel, msg);
    else if (link != NULL && (!link->relayed || link->handle != msg->to || link->remote != msg->link))
        link = NULL;
    if (link != NULL)
        peer_frame(core, link, frame);
    else
        pvmi_frame_free(frame);
}

void relay_on_message(struct core *core, struct peer *from, const struct pvmi_msg_relay *msg)
{
    struct peer *other = peer_find(core, msg->host);
    struct pvmi_msg_relay on = *msg;

    if (other == NULL || !other->member || other == from || msg->channel < 0 ||
        msg->channel >= PVMI_CHANNEL_COUNT)
        return;    /* a host that was dropped meanwhile */
    if (core_is_orderer(core)) {
        on.host = from->number;
        relay_pass(core, other, from->number, &on,
                   msg->frame.length > 0 && msg->frame.data[0] == PVMI_FRAME_RESUME);
    } else if (from == peer_orderer(core)) {
        relay_take(core, other, msg);
    } else {
        core_log(core, PVMI_LOG_WARN, "%s sent a frame of %s, which only %s may pass on: dropped", from->name,
                 other->name, host_name(core, core_orderer_number(core)));
    }
}
