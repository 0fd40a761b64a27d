/* SPDX-License-Identifier: BSD-3-Clause */
/* What the start of a first host and of a joining one have in common. */
#ifndef PVMD_IO_DAEMON_H
#define PVMD_IO_DAEMON_H

#include "pvmd/io/io.h"

struct daemon_options {
    bool first;
    int number;
    const char *name;
    const char *ip;          /* ip=: name or number; NULL: all addresses */
    bool ip_may_be_other;    /* an ip that is not ours (NAT) is only told to others */
    const char *ports;       /* "N" or "N-M", or NULL */
    const char *ep;          /* of the host line, with $NAME still in them; NULL for none */
    const char *wd;
    const char *bx;
    int speed;
    int slots;
    const char *launcher;    /* as in the host table */
    long debug_mask;
    int suspect_ms;
    int dead_ms;
    int job_ms;              /* as in core_config */
    int welcome_ms;          /* of a host that joins: as in core_config */
};

/*
 * Gets everything ready, in this order: working directory, keeper, limits, identity, folder, log, sockets,
 * objects. io was zeroed and machine is filled in by the caller before daemon_run().
 *
 * Returns PvmOk; PvmAlready when a daemon of this name runs; others; fault says what.
 */
int daemon_begin(struct io *io, const struct daemon_options *options, struct pvmi_fault *fault);

/* Runs until the end. orderer: NULL on the first host, whose gate key is made here. Returns the exit status. */
int daemon_run(struct io *io, const struct daemon_options *options, const struct pvmi_rec_host *orderer);

/* Frees what daemon_begin() made, also after it has failed half-way, and after daemon_run(). */
void daemon_end(struct io *io);

#endif
