/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a peer alive? What time brings: acknowledgements that are due, pings, links that say nothing,
 * accusations, and the end of a host that has been silent for too long.
 */
#include "pvmd/core/peer_alive.h"

#include "base/log.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/hosts.h"
#include "pvmd/core/link.h"
#include "pvmd/core/peer.h"
#include "transport/session.h"

void peer_wake_at(struct core *core, struct peer *peer, uint64_t at_ms)
{
    if (at_ms < peer->wake_ms)
        peer->wake_ms = at_ms;
    core_wake_at(core, at_ms);
}

void peer_probe(struct core *core, struct peer *peer)
{
    struct channel *channel = &peer->channels[PVMI_CHANNEL_CONTROL];
    struct pvmi_frame_header ping = { .kind = PVMI_FRAME_PING };

    if (channel->link != NULL) {
        ping.format = (uint8_t)pvmi_format_own();
        channel_send_header(core, channel, &ping);
    }
}

static void channel_ack_timer(struct core *core, struct channel *channel)
{
    struct pvmi_frame_header ack;

    if (channel->ack_at > core->now_ms) {
        peer_wake_at(core, channel->peer, channel->ack_at);
        return;
    }
    channel->ack_at = CORE_NEVER;
    if (channel->link == NULL || !channel->session.resumed || !pvmi_session_ack_due(&channel->session, true))
        return;
    pvmi_session_ack(&channel->session, &ack);
    channel_send_header(core, channel, &ack);
}

/* What goes by way of the first host is quiet while there is nothing to say: that one knows who lives. */
static bool channel_pings(const struct channel *channel)
{
    return channel->number == PVMI_CHANNEL_CONTROL && !channel->link->relayed;
}

/* A link that says nothing although it should is closed: the session goes on over the next one. */
static void channel_silence_timer(struct core *core, struct channel *channel)
{
    uint64_t since = channel->heard_ms;
    uint64_t limit_ms = core->config.suspect_ms;

    if (!channel_pings(channel) && channel->session.resumed) {
        if (pvmi_list_empty(&channel->session.kept))
            return;
        if (channel->unacked_ms > since)
            since = channel->unacked_ms;
    }
    if (channel->link->relayed)
        limit_ms *= 2;    /* it goes two ways, and waits for its turn on both */
    if (core->now_ms - since < limit_ms) {
        peer_wake_at(core, channel->peer, since + limit_ms);
        return;
    }
    channel_break(core, channel, "nothing heard on it");
}

static void channel_ping_timer(struct core *core, struct channel *channel)
{
    uint64_t every_ms = core->config.suspect_ms / 4;

    if (core->now_ms - channel->sent_ms >= every_ms)
        peer_probe(core, channel->peer);
    peer_wake_at(core, channel->peer, channel->sent_ms + every_ms);
}

/* Between the orderer and another nobody is accused but the other is asked: when only that one can dial (a firewall,
 * or ssh in one direction), it has to make the bulk link, too. */
static void channel_accuse_timer(struct core *core, struct channel *channel)
{
    struct peer *peer = channel->peer;
    struct peer *orderer = peer_orderer(core);
    bool ask = core_is_orderer(core) || orderer == peer;
    uint64_t after_ms = ask ? core->config.suspect_ms / 4 : core->config.suspect_ms;
    uint64_t again_ms = ask ? core->config.suspect_ms : core->config.dead_ms;

    if (!core->ready || !peer->member || channel->down_ms == CORE_NEVER || !channel_wanted(core, channel))
        return;
    if (ask && (channel->number != PVMI_CHANNEL_BULK || peer->channels[PVMI_CHANNEL_CONTROL].link == NULL))
        return;

    uint64_t at = channel->down_ms + after_ms;
    if (peer->accused_ms + again_ms > at && peer->accused_ms != 0)
        at = peer->accused_ms + again_ms;
    if (core->now_ms < at) {
        peer_wake_at(core, channel->peer, at);
        return;
    }
    peer->accused_ms = core->now_ms;
    peer_wake_at(core, channel->peer, core->now_ms + again_ms);
    struct pvmi_msg_accuse accuse = { .number = peer->number, .reason = "no connection can be made to it" };
    peer_send(core, ask ? peer : orderer, PVMI_CHANNEL_CONTROL, PVMI_MSG_accuse, &accuse);
}

/* Frees the peer when it is no more. */
static void peer_death_timer(struct core *core, struct peer *peer)
{
    /* The first host from its welcome on, although this one may not have been told yet that it is in. */
    bool judged = peer->member && (core_is_orderer(core) || peer->number == core_orderer_number(core));

    if (!judged || core->halting)
        return;
    if (core->now_ms - peer->heard_ms < core->config.dead_ms)
        peer_wake_at(core, peer, peer->heard_ms + core->config.dead_ms);
    else if (core_is_orderer(core))
        hosts_order_drop(core, peer->number, peer->deleting ? 0 : 1, "nothing heard from it");
    else
        orderer_lost(core, "nothing heard from it");
}

/* A loop that was late may have left frames unread: nobody is accused for that. */
static void extend(uint64_t *at_ms, uint64_t late_ms, uint64_t now_ms)
{
    *at_ms = now_ms - *at_ms < late_ms ? now_ms : *at_ms + late_ms;
}

void peer_timers(struct core *core, struct peer *peer, uint64_t late_ms)
{
    bool late = late_ms > core->config.suspect_ms / 2;

    if (!late && core->now_ms < peer->wake_ms) {
        core_wake_at(core, peer->wake_ms);
        return;
    }
    peer->wake_ms = CORE_NEVER;
    if (late)
        extend(&peer->heard_ms, late_ms, core->now_ms);
    for (int i = 0; i < PVMI_CHANNEL_COUNT; i++) {
        struct channel *channel = &peer->channels[i];

        if (late)
            extend(&channel->heard_ms, late_ms, core->now_ms);
        if (late && channel->down_ms != CORE_NEVER)
            extend(&channel->down_ms, late_ms, core->now_ms);
        if (late && channel->unacked_ms != 0)
            extend(&channel->unacked_ms, late_ms, core->now_ms);
        if (channel->ack_at != CORE_NEVER)
            channel_ack_timer(core, channel);
        if (channel->link != NULL)
            channel_silence_timer(core, channel);
        if (channel->link != NULL && channel_pings(channel))
            channel_ping_timer(core, channel);
        if (channel->link == NULL)
            channel_accuse_timer(core, channel);
        peer_touch(core, channel);    /* it may be time to dial */
    }
    if (peer->owed_at <= core->now_ms)
        credit_flush(core, peer);
    else if (peer->owed_at != CORE_NEVER)
        peer_wake_at(core, peer, peer->owed_at);
    peer_death_timer(core, peer);
}
