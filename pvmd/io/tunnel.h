/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection to the port of another host's daemon through ssh (`ssh -W`), for hosts that we have started by
 * ssh and that no TCP connection reaches. Our end is one of a socket pair, ssh has the other as its stdin and
 * stdout; the daemon there sees a connection from its own loopback.
 *
 *   tunnel_start() --ssh ends--> the callback, gone
 *        \--tunnel_keep(): a link has it--\
 *         \--tunnel_close()----------------+--> closed --ssh ends, or is killed--> gone
 */
#ifndef PVMD_IO_TUNNEL_H
#define PVMD_IO_TUNNEL_H

#include "pvmd/io/io.h"

/* How ssh gets to a host. */
struct tunnel_way {
    char *address;    /* what ssh is told: a name, an alias of its own, a number */
    char *login;      /* or NULL */
};

/* Why it has come to its end. */
enum tunnel_end {
    TUNNEL_CLOSED,       /* the connection stood, and the daemon there has closed it */
    TUNNEL_REFUSED,      /* nobody listens on that port there */
    TUNNEL_FORBIDDEN,    /* the ssh server there does not forward */
    TUNNEL_FAILED        /* ssh itself did not get there */
};

typedef void tunnel_fn(void *owner, enum tunnel_end end, const char *text);

/* NULL when there is no memory. */
struct tunnel_way *tunnel_way_new(const char *address, const char *login);
void tunnel_way_free(struct tunnel_way *way);    /* NULL is fine */

struct tunnels *tunnels_new(void);

/* The links are closed: waits a second for each ssh to end by itself, then kills it. NULL is fine. */
void tunnels_free(struct tunnels *tunnels);

/* A child of ours has ended: perhaps an ssh. */
void tunnels_on_child(struct io *io);

/*
 * Starts an ssh to target ("ADDRESS:PORT", as the other host sees it). *ret_fd is our end, non-blocking, the
 * caller's to close. fn is called once when ssh has ended, unless it was kept or closed before; the tunnel is
 * gone then.
 *
 * NULL when it cannot be started; fault says why.
 */
struct tunnel *tunnel_start(struct io *io, const struct tunnel_way *way, const char *target, tunnel_fn *fn, void *owner,
                            int *ret_fd, struct pvmi_fault *fault);

/* The connection stands: fn is not called any more. tunnel_close() is still to come. */
void tunnel_keep(struct tunnel *tunnel);

/* Our end is closed: ssh ends when what is under way has gone out, or is killed after 2 s; at once where nothing is
 * worth that (now). NULL is fine. */
void tunnel_close(struct tunnel *tunnel, bool now);

/* What the words of an ssh that has ended mean (status as of wait()); text is for the user. */
enum tunnel_end tunnel_explain(const char *said, int status, char *text, size_t text_max);

#endif
