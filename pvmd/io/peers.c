/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/peers.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/io/launch.h"

#define PEERS_NONCES 4096    /* of hellos taken, remembered against replays */

struct ticket {
    uint8_t secret[PVMI_KEY_SIZE];
    struct tunnel_way *way;
};

struct peers {
    struct pvmi_table hosts;      /* struct peer by number */
    struct pvmi_table tickets;    /* struct ticket */
    bool has_gate;
    uint8_t gate[PVMI_KEY_SIZE];
    struct pvmi_table nonces;     /* the first eight bytes of each: 64 random bits do not meet by chance */
    uint64_t ring[PEERS_NONCES];
    unsigned ring_at;
};

struct peers *peers_new(void)
{
    struct peers *peers = pvmi_calloc(1, sizeof(*peers));

    if (peers == NULL)
        return NULL;
    pvmi_table_init(&peers->hosts);
    pvmi_table_init(&peers->tickets);
    pvmi_table_init(&peers->nonces);
    return peers;
}

static void peer_free(struct peer *peer)
{
    if (peer == NULL)
        return;
    for (char **address = peer->addresses; address != NULL && *address != NULL; address++)
        pvmi_free(*address);
    pvmi_free(peer->addresses);
    pvmi_free(peer->name);
    tunnel_way_free(peer->way);
    pvmi_secret_wipe(peer->secret, sizeof(peer->secret));
    pvmi_free(peer);
}

static void ticket_free(struct ticket *ticket)
{
    if (ticket == NULL)
        return;
    tunnel_way_free(ticket->way);
    pvmi_secret_wipe(ticket, sizeof(*ticket));
    pvmi_free(ticket);
}

void peers_free(struct peers *peers)
{
    struct ticket *ticket;
    struct peer *peer;
    uint32_t cursor = 0;

    if (peers == NULL)
        return;
    while ((peer = pvmi_table_next(&peers->hosts, &cursor, NULL)) != NULL)
        peer_free(peer);
    cursor = 0;
    while ((ticket = pvmi_table_next(&peers->tickets, &cursor, NULL)) != NULL)
        ticket_free(ticket);
    pvmi_table_fini(&peers->hosts);
    pvmi_table_fini(&peers->tickets);
    pvmi_table_fini(&peers->nonces);
    pvmi_secret_wipe(peers, sizeof(*peers));
    pvmi_free(peers);
}

int peers_add_ticket(struct peers *peers, uint64_t number, const uint8_t secret[PVMI_KEY_SIZE],
                     struct tunnel_way *way)
{
    struct ticket *ticket = pvmi_malloc(sizeof(*ticket));

    if (ticket == NULL) {
        tunnel_way_free(way);
        return PvmNoMem;
    }
    memcpy(ticket->secret, secret, sizeof(ticket->secret));
    ticket->way = way;
    if (pvmi_table_set(&peers->tickets, number, ticket) != PvmOk) {
        ticket_free(ticket);
        return PvmNoMem;
    }
    return PvmOk;
}

void peers_drop_ticket(struct peers *peers, uint64_t number)
{
    ticket_free(pvmi_table_remove(&peers->tickets, number));
}

void peers_set_gate(struct peers *peers, const uint8_t key[PVMI_KEY_SIZE])
{
    memcpy(peers->gate, key, sizeof(peers->gate));
    peers->has_gate = true;
}

static int peer_fill(struct peer *peer, const struct core_action *action)
{
    size_t count = 0;

    peer->number = action->peer.number;
    peer->incarnation = action->peer.incarnation;
    peer->port = action->peer.port;
    memcpy(peer->key, action->peer.key, sizeof(peer->key));
    while (action->peer.addresses != NULL && action->peer.addresses[count] != NULL)
        count++;
    peer->name = pvmi_strdup(action->peer.name != NULL ? action->peer.name : "?");
    peer->addresses = pvmi_calloc(count + 1, sizeof(*peer->addresses));
    if (peer->name == NULL || peer->addresses == NULL)
        return PvmNoMem;
    for (size_t i = 0; i < count; i++) {
        peer->addresses[i] = pvmi_strdup(action->peer.addresses[i]);
        if (peer->addresses[i] == NULL)
            return PvmNoMem;
    }
    return PvmOk;
}

/* What the launch left us, or what an earlier entry of the same run had. */
static void peer_take_secret(struct peers *peers, struct peer *peer, uint64_t number, const struct peer *old)
{
    struct ticket *ticket = number != 0 ? pvmi_table_get(&peers->tickets, number) : NULL;

    peer->joining = number != 0;
    if (ticket != NULL) {
        memcpy(peer->secret, ticket->secret, sizeof(peer->secret));
        peer->ticket = number;
        peer->has_secret = true;
        peer->way = ticket->way;
        ticket->way = NULL;
        peers_drop_ticket(peers, number);
    } else if (old != NULL && old->incarnation == peer->incarnation && old->has_secret) {
        memcpy(peer->secret, old->secret, sizeof(peer->secret));
        peer->ticket = old->ticket;
        peer->has_secret = true;
    }
}

void peers_set(struct io *io, const struct core_action *action)
{
    struct peers *peers = io->peers;
    struct peer *old = pvmi_table_get(&peers->hosts, (uint64_t)action->peer.number);
    struct peer *peer = pvmi_calloc(1, sizeof(*peer));

    if (peer == NULL || peer_fill(peer, action) != PvmOk)
        goto err_free;
    peer_take_secret(peers, peer, action->peer.ticket, old);
    if (pvmi_table_set(&peers->hosts, (uint64_t)peer->number, peer) != PvmOk)
        goto err_free;
    if (old != NULL && old->incarnation == peer->incarnation && peer->way == NULL) {
        peer->way = old->way;
        peer->no_tcp = old->no_tcp;
        old->way = NULL;
    }
    peer_free(old);
    return;

err_free:
    pvmi_log(PVMI_LOG_ERROR, "no memory to remember host %d", action->peer.number);
    peer_free(peer);
}

void peers_drop(struct io *io, int number, uint64_t incarnation)
{
    if (peers_get(io->peers, number, incarnation) != NULL)
        peer_free(pvmi_table_remove(&io->peers->hosts, (uint64_t)number));
}

const struct peer *peers_get(const struct peers *peers, int number, uint64_t incarnation)
{
    const struct peer *peer = pvmi_table_get(&peers->hosts, (uint64_t)number);

    return peer != NULL && peer->incarnation == incarnation ? peer : NULL;
}

void peers_set_tcp(struct peers *peers, const struct peer *peer, bool works, const char *why)
{
    struct peer *own = pvmi_table_get(&peers->hosts, (uint64_t)peer->number);

    assert(own == peer);
    if (own->no_tcp == !works)
        return;
    own->no_tcp = !works;
    if (works)
        pvmi_log(PVMI_LOG_INFO, "TCP gets to %s again: its links leave ssh", peer->name);
    else
        pvmi_log(PVMI_LOG_WARN, "no TCP to %s (%s): its link runs through ssh", peer->name, why);
}

bool peers_has_address(const struct peers *peers, const char *address, const char **ret_name)
{
    const struct peer *peer;
    uint32_t cursor = 0;

    while ((peer = pvmi_table_next(&peers->hosts, &cursor, NULL)) != NULL)
        for (char **own = peer->addresses; *own != NULL; own++)
            if (strcmp(*own, address) == 0) {
                *ret_name = peer->name;
                return true;
            }
    return false;
}

/* ---- hellos ---- */

int peers_hello(const struct io *io, const struct peer *peer, enum pvmi_channel channel,
                uint8_t bytes[PVMI_HELLO_SIZE])
{
    const struct peers *peers = io->peers;
    bool join = peer->has_secret && (peer->joining || !peers->has_gate);
    struct pvmi_hello hello = {
        .version_min = PVMI_VERSION_MIN,
        .version_max = PVMI_VERSION,
        .purpose = join ? PVMI_HELLO_JOIN : PVMI_HELLO_DAEMON,
        .channel = (uint16_t)channel,
        .sender = io->own.incarnation,
        .receiver = peer->incarnation,
        .ticket = join ? peer->ticket : 0,
        .host = (uint32_t)io->own.number,
    };

    if (!join && !peers->has_gate)
        return PvmDenied;
    memcpy(hello.machine, io->own.machine, sizeof(hello.machine));
    if (pvmi_hello_sign(&hello, join ? peer->secret : peers->gate) != PvmOk)
        return PvmSysErr;
    pvmi_hello_encode(&hello, bytes);
    return PvmOk;
}

/* Remembers the nonce; false when it has been seen. */
static bool nonce_is_new(struct peers *peers, const uint8_t nonce[32])
{
    uint64_t key;

    memcpy(&key, nonce, sizeof(key));
    if (pvmi_table_get(&peers->nonces, key) != NULL)
        return false;
    if (peers->ring[peers->ring_at] != 0)
        pvmi_table_remove(&peers->nonces, peers->ring[peers->ring_at]);
    peers->ring[peers->ring_at] = key;
    peers->ring_at = (peers->ring_at + 1) % PEERS_NONCES;
    return pvmi_table_set(&peers->nonces, key, peers) == PvmOk;
}

static const char *hello_refusal(const struct io *io, const struct pvmi_hello *hello, const struct peer *peer,
                                 const uint8_t **ret_secret)
{
    const struct peers *peers = io->peers;

    if (memcmp(hello->machine, io->own.machine, sizeof(hello->machine)) != 0)
        return "from another virtual machine";
    if (hello->receiver != io->own.incarnation)
        return "for another run of the daemon";
    if (peer == NULL)
        return "from a host that is not in the table";
    if (hello->purpose == PVMI_HELLO_DAEMON) {
        *ret_secret = peers->gate;
        return peers->has_gate ? NULL : "from a member, and we are none yet";
    }
    if (hello->purpose != PVMI_HELLO_JOIN)
        return "of a purpose that is not served here";
    *ret_secret = peer->secret;
    return peer->has_secret && peer->ticket == hello->ticket ? NULL : "with a ticket that is not valid";
}

const struct peer *peers_check(struct io *io, const uint8_t bytes[PVMI_HELLO_SIZE], struct pvmi_hello *ret_hello,
                               const char **ret_reason)
{
    const uint8_t *secret = NULL;
    struct peer *peer;
    int rc = pvmi_hello_decode(bytes, ret_hello);

    if (rc != PvmOk) {
        *ret_reason = rc == PvmBadVersion ? "hello of another version of the protocol" : "bytes that are no hello";
        return NULL;
    }
    peer = (struct peer *)peers_get(io->peers, (int)ret_hello->host, ret_hello->sender);
    *ret_reason = hello_refusal(io, ret_hello, peer, &secret);
    if (*ret_reason != NULL) {
        if (peer == NULL && ret_hello->purpose == PVMI_HELLO_JOIN && launch_is_asked(io, ret_hello->ticket))
            *ret_reason = NULL;
        return NULL;
    }
    if (!pvmi_hello_verify(bytes, secret)) {
        *ret_reason = "hello with a wrong mac";
        return NULL;
    }
    if (!nonce_is_new(io->peers, ret_hello->nonce)) {
        *ret_reason = "hello that was used before";
        return NULL;
    }
    if (ret_hello->purpose == PVMI_HELLO_DAEMON && io->own.first)
        peer->has_secret = false;    /* it has the gate key: the launch's secret has done its work */
    return peer;
}
