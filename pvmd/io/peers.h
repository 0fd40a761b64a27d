/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hosts that may talk to us, mirrored from the core: keys, addresses, ports; and the hellos that we
 * send them and take from them.
 *
 * Who joins shows the secret of its launch (purpose JOIN) until it is a member and knows the gate key;
 * members show the gate key (purpose DAEMON). A launch's secret stays good for its host until that host
 * has shown the gate key, for a welcome may be lost on its way.
 */
#ifndef PVMD_IO_PEERS_H
#define PVMD_IO_PEERS_H

#include <stdbool.h>

#include "pvmd/io/io.h"
#include "pvmd/io/tunnel.h"
#include "wire/hello.h"

struct peer {
    int number;
    uint64_t incarnation;
    char *name;
    char **addresses;              /* NULL-terminated */
    uint16_t port;
    uint8_t key[PVMI_KEY_SIZE];
    uint64_t ticket;               /* of its launch (or ours, on a host that joins); 0 none */
    bool joining;                  /* not yet a member */
    bool has_secret;
    uint8_t secret[PVMI_KEY_SIZE]; /* of the launch */
    struct tunnel_way *way;        /* we have started it by ssh; NULL: not */
    bool no_tcp;                   /* it was last reached by ssh, and by nothing else */
};

struct peers *peers_new(void);
void peers_free(struct peers *peers);

/* The secret of a launch, before the host of that ticket is known. Takes way, which may be NULL. */
int peers_add_ticket(struct peers *peers, uint64_t ticket, const uint8_t secret[PVMI_KEY_SIZE],
                     struct tunnel_way *way);

/* The launch has failed: its secret is worth nothing any more. */
void peers_drop_ticket(struct peers *peers, uint64_t ticket);

void peers_set_gate(struct peers *peers, const uint8_t key[PVMI_KEY_SIZE]);

/* PEER_SET. Without memory the host stays unknown, and links to it fail: the core will try again. */
void peers_set(struct io *io, const struct core_action *action);
void peers_drop(struct io *io, int number, uint64_t incarnation);

/* The host, or NULL. */
const struct peer *peers_get(const struct peers *peers, int number, uint64_t incarnation);

/* How the last link to that host was made; why says what TCP lacked. The log tells when that changes. */
void peers_set_tcp(struct peers *peers, const struct peer *peer, bool works, const char *why);

/* True when a host of the table has this numeric address; its name is for the error. */
bool peers_has_address(const struct peers *peers, const char *address, const char **ret_name);

/* Makes the hello for a link to peer. Returns PvmOk, PvmDenied (nothing to show it yet), PvmSysErr. */
int peers_hello(const struct io *io, const struct peer *peer, enum pvmi_channel channel,
                uint8_t bytes[PVMI_HELLO_SIZE]);

/*
 * Checks a hello that came in: whole, of this machine and for this run, from a host we know, with the right
 * mac, never seen before. Returns the peer and fills ret_hello; or NULL, and *ret_reason says why; NULL when there is
 * nothing to wonder at: it comes too early.
 */
const struct peer *peers_check(struct io *io, const uint8_t bytes[PVMI_HELLO_SIZE], struct pvmi_hello *ret_hello,
                               const char **ret_reason);

#endif
