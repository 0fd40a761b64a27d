/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other daemons. For each there are two sessions, control and bulk, that live as long as the peer is known;
 * the links under them come and go:
 *
 *   no link --something to send, or orderer and member: dial--> dialling --LINK_UP--> linked
 *      ^   \--LINK_IN (the peer dials, too)--> linked                                   |
 *      +--------- LINK_DOWN, or nothing heard for suspect_ms although something is due -+
 *
 * Two daemons that cannot reach each other for suspect_ms take a relayed link (relay.c) until they can.
 *
 * On a fresh link the resume frame goes first, and nothing else until the peer's has come. Only the orderer
 * declares a host dead: when it has heard nothing for dead_ms, or when a host that it has reached before
 * refuses a connection. The others accuse, and themselves give up when it is the orderer that is silent.
 */
#include "pvmd/core/peer.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/hosts.h"
#include "pvmd/core/join.h"
#include "pvmd/core/link.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/relay.h"
#include "pvmd/core/requests.h"
#include "pvmd/core/route.h"
#include "pvmd/core/state_hosts.h"
#include "transport/session.h"

#define FLOW_WINDOW (16u * 1024 * 1024)    /* bytes sent to a peer and not acknowledged */
#define DIAL_BACKOFF_MIN_MS 100
#define DIAL_BACKOFF_MAX_MS 1000

struct peer *peer_find(struct core *core, int number)
{
    return pvmi_table_get(&core->peers, (uint64_t)number);
}

struct peer *peer_orderer(struct core *core)
{
    return core_is_orderer(core) ? NULL : peer_find(core, core_orderer_number(core));
}

struct peer *peer_new(struct core *core, int number, uint64_t incarnation, const char *name)
{
    struct peer *peer = core_alloc(core, sizeof(*peer));

    if (peer == NULL)
        return NULL;
    peer->name = core_strdup(core, name != NULL ? name : "");
    if (peer->name == NULL || core_table_set(core, &core->peers, (uint64_t)number, peer) != PvmOk) {
        pvmi_free(peer->name);
        pvmi_free(peer);
        return NULL;
    }
    peer->number = number;
    peer->incarnation = incarnation;
    peer->heard_ms = core->now_ms;
    peer->wake_ms = core->now_ms;
    peer->delete_at = CORE_NEVER;
    peer->owed_at = CORE_NEVER;
    pvmi_table_init(&peer->flows);
    pvmi_list_init(&peer->ready);
    pvmi_table_init(&peer->owed);
    for (int i = 0; i < PVMI_CHANNEL_COUNT; i++) {
        struct channel *channel = &peer->channels[i];

        pvmi_session_init(&channel->session);
        channel->peer = peer;
        channel->number = (enum pvmi_channel)i;
        channel->backoff_ms = DIAL_BACKOFF_MIN_MS;
        channel->down_ms = CORE_NEVER;
        channel->ack_at = CORE_NEVER;
        pvmi_list_init(&channel->dirty);
    }
    return peer;
}

void peer_free(struct core *core, struct peer *peer)
{
    pvmi_table_remove(&core->peers, (uint64_t)peer->number);
    for (int i = 0; i < PVMI_CHANNEL_COUNT; i++) {
        struct channel *channel = &peer->channels[i];

        if (channel->link != NULL)
            link_close(core, channel->link, true);
        if (channel->dial != NULL)
            link_close(core, channel->dial, false);
        pvmi_session_fini(&channel->session);
        pvmi_list_remove(&channel->dirty);
    }
    flow_free_all(core, peer);
    pvmi_free(peer->name);
    pvmi_free(peer);
}

/* The star: each daemon and the orderer stay linked; other links are made when there is something to send. */
bool channel_wanted(struct core *core, const struct channel *channel)
{
    const struct peer *peer = channel->peer;

    if (core->halting && (core->halt_told || !core_is_orderer(core)))
        return false;
    if (!pvmi_list_empty(&channel->session.kept))
        return true;
    if (channel->number == PVMI_CHANNEL_BULK)
        return channel->asked || !pvmi_list_empty(&peer->ready);
    return core_is_orderer(core) || peer->number == core_orderer_number(core);
}

void peer_dial(struct core *core, struct channel *channel)
{
    struct link *link = link_new(core, CORE_LINK_DAEMON);
    struct core_action *action = link != NULL ? action_add(core, CORE_ACTION_LINK_DIAL, link->handle) : NULL;

    if (action == NULL) {
        if (link != NULL)
            link_free(core, link);
        core_out_of_memory(core);
        return;
    }
    link->peer = channel->peer;
    link->channel = channel->number;
    link->dialled = true;
    channel->dial = link;
    action->dial.host = channel->peer->number;
    action->dial.incarnation = channel->peer->incarnation;
    action->dial.channel = channel->number;
}

void channel_send_header(struct core *core, struct channel *channel, const struct pvmi_frame_header *header)
{
    struct pvmi_frame *frame = core_frame(core, header, NULL, 0, 0);

    if (frame == NULL)
        return;
    channel->sent_ms = core->now_ms;
    action_send(core, channel->link, frame);
}

void channel_use(struct core *core, struct channel *channel, struct link *link)
{
    struct pvmi_frame_header resume;

    if (channel->link != NULL) {
        link_close(core, channel->link, false);
        pvmi_session_detach(&channel->session);
    }
    channel->link = link;
    channel->up_ms = core->now_ms;
    channel->heard_ms = core->now_ms;
    channel->peer->heard_ms = core->now_ms;
    channel->down_ms = CORE_NEVER;
    channel->asked = false;
    pvmi_session_attach(&channel->session, &resume);
    channel_send_header(core, channel, &resume);
    peer_wake_at(core, channel->peer, core->now_ms + core->config.suspect_ms / 4);
    if (channel->number == PVMI_CHANNEL_CONTROL)
        join_on_link(core, channel->peer);
}

/*
 * The peer has dialled while we have a link. If that one was dialled by the peer too, the peer knows best. If
 * it was ours, and the peer has resumed on it, the peer has lost it since. Else both dialled at the same
 * time, and the lower host number's link stays.
 */
static bool channel_incoming_wins(struct core *core, const struct channel *channel)
{
    return channel->link == NULL || channel->link->relayed || !channel->link->dialled ||
           channel->session.resumed || channel->peer->number < core_self(core);
}

void peer_link_in(struct core *core, const struct core_event *event)
{
    struct peer *peer = peer_find(core, event->link_in.host);
    struct channel *channel = NULL;
    struct link *link = NULL;

    if (peer != NULL && peer->incarnation == event->link_in.incarnation) {
        channel = &peer->channels[event->link_in.channel];
        if (channel_incoming_wins(core, channel))
            link = link_new(core, CORE_LINK_DAEMON);
    }
    action_adopt(core, event, link);
    if (link == NULL)
        return;
    link->up = true;
    link->peer = peer;
    link->channel = channel->number;
    if (channel->dial != NULL && peer->number < core_self(core)) {
        link_close(core, channel->dial, false);
        channel->dial = NULL;
    }
    channel_use(core, channel, link);
}

void peer_link_up(struct core *core, struct link *link)
{
    struct peer *peer = link->peer;
    struct channel *channel = &peer->channels[link->channel];

    if (channel->dial != link)
        return;
    channel->dial = NULL;
    link->up = true;
    peer->dial_proven = true;
    if (channel->link != NULL && !channel->link->relayed && peer->number < core_self(core)) {
        link_close(core, link, false);
        return;
    }
    channel_use(core, channel, link);
}

static uint64_t jitter(struct core *core, uint64_t up_to_ms)
{
    return core_random(core) % (up_to_ms + 1);
}

/* The next try: each one later than the one before, and never two hosts in step. */
static void channel_back_off(struct core *core, struct channel *channel)
{
    channel->dial_at = core->now_ms + channel->backoff_ms / 2 + jitter(core, channel->backoff_ms / 2);
    channel->backoff_ms *= 2;
    if (channel->backoff_ms > DIAL_BACKOFF_MAX_MS)
        channel->backoff_ms = DIAL_BACKOFF_MAX_MS;
    peer_wake_at(core, channel->peer, channel->dial_at);
}

/*
 * When a link breaks that has held for a while, the lower host number dials anew at once and the other a
 * little later, so that they seldom meet.
 */
static void channel_lost(struct core *core, struct channel *channel)
{
    bool held = core->now_ms - channel->up_ms >= DIAL_BACKOFF_MAX_MS;

    pvmi_session_detach(&channel->session);
    channel->link = NULL;
    channel->down_ms = core->now_ms;
    if (held)
        channel->backoff_ms = DIAL_BACKOFF_MIN_MS;
    if (held && channel->peer->number > core_self(core))
        channel->dial_at = core->now_ms;
    else
        channel_back_off(core, channel);
    peer_wake_at(core, channel->peer, core->now_ms + core->config.suspect_ms);
    peer_touch(core, channel);
}

void orderer_lost(struct core *core, const char *why)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmHostFail, NULL,
                   "the first host, %s, is lost (%s): the virtual machine has ended", core->orderer->rec.name,
                   why);
    halt_begin(core, false, fault.text);
}

/* Nobody listens any more where a member used to, or who had this host started. May free the peer. */
static void peer_refused(struct core *core, struct peer *peer)
{
    if (!peer->dial_proven || core->halting)
        return;
    if (core_is_orderer(core) && peer->member)
        hosts_order_drop(core, peer->number, peer->deleting ? 0 : 1,
                         "it refuses connections: its daemon has ended");
    else if (!core_is_orderer(core) && peer->number == core_orderer_number(core))
        orderer_lost(core, "it refuses connections");
}

static void channel_dial_failed(struct core *core, struct channel *channel, enum core_down_reason reason,
                                const char *text)
{
    struct peer *peer = channel->peer;

    channel->dial = NULL;
    if (channel->link == NULL || !channel->link->relayed)
        channel_back_off(core, channel);
    if (channel->link != NULL || channel->number != PVMI_CHANNEL_CONTROL)
        return;
    join_on_dial_failed(core, peer, text);
    if (reason == CORE_DOWN_DENIED && !core->ready)
        peer->dial_proven = true;    /* it is there, and does not know us yet: a hoster is still to tell it */
    if (reason == CORE_DOWN_REFUSED)
        peer_refused(core, peer);
}

void peer_link_down(struct core *core, struct link *link, enum core_down_reason reason, const char *text)
{
    struct peer *peer = link->peer;
    struct channel *channel = &peer->channels[link->channel];

    if (channel->dial == link) {
        link_free(core, link);
        channel_dial_failed(core, channel, reason, text);
        return;
    }
    link_free(core, link);
    channel_lost(core, channel);
    if (channel->number != PVMI_CHANNEL_CONTROL)
        return;
    if (peer->deleting && core_is_orderer(core)) {
        hosts_order_drop(core, peer->number, 0, "it was deleted");
        return;
    }
    if (core->halting) {
        peer->halted = true;
        halt_check(core);
    }
}

void peer_on_asked(struct core *core, struct peer *peer)
{
    struct channel *channel = &peer->channels[PVMI_CHANNEL_BULK];

    if (channel->link != NULL) {
        if (core->now_ms - channel->up_ms < core->config.suspect_ms / 2)
            return;    /* what was asked for and the link have crossed */
        channel_break(core, channel, "the other side has lost it");
    }
    channel->asked = true;
    peer_touch(core, channel);
}

int peer_send(struct core *core, struct peer *peer, enum pvmi_channel number, int type, const void *msg)
{
    struct channel *channel = &peer->channels[number];
    struct pvmi_frame *frame;

    int rc = control_frame(core, type, msg, &frame);
    if (rc == PvmNoMem)
        core_out_of_memory(core);
    if (rc != PvmOk)
        return rc;
    if (pvmi_list_empty(&channel->session.kept))
        channel->unacked_ms = core->now_ms;
    pvmi_session_push(&channel->session, frame);
    peer_touch(core, channel);
    return PvmOk;
}

/* ---- what arrives ---- */

void channel_break(struct core *core, struct channel *channel, const char *why)
{
    core_log(core, PVMI_LOG_WARN, "link to %s: %s; connecting anew", channel->peer->name, why);
    if (channel->link->relayed)
        relay_break(core, channel->link);
    else
        link_close(core, channel->link, false);
    channel_lost(core, channel);
}

static void peer_hand_on(struct core *core, struct peer *peer, struct pvmi_frame *frame)
{
    if (frame->header.kind == PVMI_FRAME_CONTROL) {
        requests_from_peer(core, peer, frame);
        pvmi_frame_free(frame);
    } else {
        route_from_peer(core, peer, frame);
    }
}

static void channel_numbered(struct core *core, struct channel *channel, struct pvmi_frame *frame)
{
    enum pvmi_session_verdict verdict;

    if (pvmi_session_on_ack(&channel->session, frame->header.ack) != PvmOk) {
        pvmi_frame_free(frame);
        channel_break(core, channel, "an acknowledgement of what was never sent");
        return;
    }
    verdict = pvmi_session_arrive(&channel->session, &frame->header);
    if (channel->ack_at == CORE_NEVER) {
        channel->ack_at = core->now_ms + ACK_DELAY_MS;
        peer_wake_at(core, channel->peer, channel->ack_at);
    }
    peer_touch(core, channel);
    if (verdict == PVMI_SESSION_NEW) {
        peer_hand_on(core, channel->peer, frame);
        return;
    }
    pvmi_frame_free(frame);
    if (verdict == PVMI_SESSION_GAP)
        channel_break(core, channel, "a frame is missing");
}

/* The two sides do not agree on what was sent: nothing can be made good any more. */
static void session_broken(struct core *core, struct channel *channel)
{
    struct peer *peer = channel->peer;

    channel_break(core, channel, "the other side expects a frame that was never sent");
    if (core->halting)
        return;
    if (core_is_orderer(core) && peer->member)
        hosts_order_drop(core, peer->number, 1, "its session cannot be resumed");
    else if (core->ready && peer->number == core_orderer_number(core))
        orderer_lost(core, "the session with it cannot be resumed");
}

static void channel_resume(struct core *core, struct channel *channel, uint64_t next)
{
    int rc = pvmi_session_on_resume(&channel->session, next);

    /* Links that both sides made at once may come up in another order here than there. */
    if (rc == PVMI_CLOSED) {
        channel_break(core, channel, "the other side has given it up for another");
        return;
    }
    if (rc != PvmOk) {
        session_broken(core, channel);
        return;
    }
    if (pvmi_list_empty(&channel->session.kept) == false)
        channel->unacked_ms = core->now_ms;
    peer_touch(core, channel);
}

void peer_frame(struct core *core, struct link *link, struct pvmi_frame *frame)
{
    struct channel *channel = &link->peer->channels[link->channel];
    struct pvmi_frame_header header = frame->header;

    if (channel->link != link) {
        pvmi_frame_free(frame);
        return;
    }
    channel->heard_ms = core->now_ms;
    link->peer->heard_ms = core->now_ms;
    if (header.kind != PVMI_FRAME_RESUME && channel->session.resumed && header.number != 0) {
        channel_numbered(core, channel, frame);
        return;
    }
    pvmi_frame_free(frame);
    if (header.kind == PVMI_FRAME_RESUME) {
        channel_resume(core, channel, header.number);
    } else if (header.kind == PVMI_FRAME_ACK && channel->session.resumed) {
        if (pvmi_session_on_ack(&channel->session, header.ack) != PvmOk)
            channel_break(core, channel, "an acknowledgement of what was never sent");
        else
            peer_touch(core, channel);
    } else if (header.kind != PVMI_FRAME_PING) {
        channel_break(core, channel, "a frame out of turn");
    }
}

/* ---- what goes ---- */

void peer_touch(struct core *core, struct channel *channel)
{
    if (pvmi_list_empty(&channel->dirty))
        pvmi_list_push(&core->dirty, &channel->dirty);
}

/* Returns the bytes sent, 0 when nothing goes. */
static size_t channel_send_next(struct core *core, struct channel *channel)
{
    struct pvmi_frame *frame;

    int rc = pvmi_session_next(&channel->session, &frame);
    if (rc == PvmNoMem && core_release_reserve(core))
        rc = pvmi_session_next(&channel->session, &frame);
    if (rc == PvmNoMem)
        core_out_of_memory(core);
    if (rc != PvmOk)
        return 0;
    channel->sent_ms = core->now_ms;
    size_t bytes = frame_cost(&frame->header);
    action_send(core, channel->link, frame);
    return bytes;
}

/* Bulk goes frame by frame, each source in its turn, while the link and the window have room. */
static void channel_pump_bulk(struct core *core, struct channel *channel)
{
    size_t window = channel->link->relayed ? RELAY_WINDOW : FLOW_WINDOW;
    size_t burst = 0;
    size_t bytes;

    while (!channel->link->congested && burst < FLOW_BURST) {
        while ((bytes = channel_send_next(core, channel)) > 0)
            burst += bytes;
        if (core->stopped || channel->session.kept_bytes >= window)
            return;

        struct pvmi_frame *frame = flow_pop(core, channel->peer);
        if (frame == NULL)
            return;
        if (pvmi_list_empty(&channel->session.kept))
            channel->unacked_ms = core->now_ms;
        pvmi_session_push(&channel->session, frame);
    }
    if (!channel->link->congested) {    /* io gets the chance to say so, then it goes on */
        peer_touch(core, channel);
        peer_wake_at(core, channel->peer, core->now_ms);
    }
}

static void channel_pump(struct core *core, struct channel *channel)
{
    struct pvmi_frame_header ack;

    if (channel->link == NULL) {
        if (!channel_wanted(core, channel)) {
            channel->down_ms = CORE_NEVER;
            return;
        }
        if (channel->down_ms == CORE_NEVER) {
            channel->down_ms = core->now_ms;
            peer_wake_at(core, channel->peer, core->now_ms + core->config.suspect_ms / 4);
        }
        if (relay_open(core, channel) || channel->dial != NULL)
            return;
        if (core->now_ms >= channel->dial_at)
            peer_dial(core, channel);
        else
            peer_wake_at(core, channel->peer, channel->dial_at);
        return;
    }
    if (channel->link->relayed)
        relay_redial(core, channel);
    if (!channel->session.resumed)
        return;
    if (channel->number == PVMI_CHANNEL_BULK)
        channel_pump_bulk(core, channel);
    else
        while (channel_send_next(core, channel) > 0)
            continue;
    if (pvmi_session_ack_due(&channel->session, false)) {
        pvmi_session_ack(&channel->session, &ack);
        channel_send_header(core, channel, &ack);
    }
    if ((channel->number == PVMI_CHANNEL_BULK || channel->link->relayed) &&
        !pvmi_list_empty(&channel->session.kept))
        peer_wake_at(core, channel->peer, core->now_ms + core->config.suspect_ms);
}

void peer_pump_all(struct core *core)
{
    struct pvmi_list now;
    struct pvmi_list *node;

    pvmi_list_init(&now);
    pvmi_list_join(&now, &core->dirty);
    while (!core->stopped && (node = pvmi_list_pop(&now)) != NULL)
        channel_pump(core, PVMI_CONTAINER(node, struct channel, dirty));
    while ((node = pvmi_list_pop(&now)) != NULL)
        continue;
}
