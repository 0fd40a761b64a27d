/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Being a daemon that another host has started: `pvmd -s`.
 *
 * The process that the launcher started only waits: it ends with status 0 when its child, the daemon, is a
 * member, and with 1 when that has ended before. The daemon reads the join line, prints the ready line, and
 * ends when its stdin does before it is a member. Then it lets go of the three standard descriptors, so
 * that an ssh can end.
 */
#ifndef PVMD_IO_JOINER_H
#define PVMD_IO_JOINER_H

#include "pvmd/io/io.h"

/* The whole of it; the join line names the host. Returns the exit status. */
int joiner_main(long debug_mask);

/* This host is a member now. Calling it again changes nothing. */
void joiner_on_member(struct io *io);

/* True while who launched us still reads our stderr. */
bool joiner_is_heard(const struct joiner *joiner);

void joiner_free(struct joiner *joiner);

#endif
