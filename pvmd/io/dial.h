/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making a link to another daemon. All its addresses are tried, the next one 250 ms after the one before;
 * the first to connect gets the hello and the handshake. When that fails, the addresses left go on: a
 * private address may lead to another machine than the one that is meant.
 *
 *   CONNECTING --one connects--> HANDSHAKE --done--> LINK_UP
 *       ^  \                        /                   ^
 *       |   none left, or 5 s      fails, or 10 s       |
 *       |    \                    /                    done
 *       |     decided <--none left                      |
 *       |       |  \--we have started it by ssh--> through ssh, and once more CONNECTING
 *       |      LINK_DOWN <-------------------------- neither, in 12 s
 *       +---------------------some left
 *
 * Such a host gets 4 s for TCP (a joining one must be linked in 15 s), and 1 s where TCP did not get there the
 * last time. Both are tried side by side then, and TCP is first if it works at all: so a host that was out of
 * reach for a while does not come back through ssh.
 */
#ifndef PVMD_IO_DIAL_H
#define PVMD_IO_DIAL_H

#include "pvmd/io/io.h"

struct dials *dials_new(void);
void dials_free(struct dials *dials);

/* Ends with LINK_UP or LINK_DOWN for handle. */
void dial_start(struct io *io, uint64_t handle, int host, uint64_t incarnation, enum pvmi_channel channel);

/* Neither comes. A handle that is none is fine. */
void dial_cancel(struct io *io, uint64_t handle);

#endif
