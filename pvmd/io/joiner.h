/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Being a daemon that another host has started: `pvmd -s`, or that a hoster has: `pvmd --join-public`.
 *
 * The process that the launcher started only waits: it ends with status 0 when its child, the daemon, is a
 * member, and with 1 when that has ended before. The daemon reads the join line, prints the ready line, and
 * ends when its stdin does before it is a member. Then it lets go of the three standard descriptors, so
 * that an ssh can end.
 *
 * A hoster has no stdin to offer, and its command line is no place for a secret: everybody can read it. There the join
 * stands in the argument, without a secret; the daemon makes it, and says it in its ready line, which comes to the
 * first host by way of the hoster. Until then only the first host can dial: what the daemon shows it is not yet known
 * there. A hoster may read to the end of stdout, so the daemon lets go of it, and the process that waits ends, as soon
 * as the ready line is out; there is nobody then whose end would tell that all is over, but a limit of time.
 */
#ifndef PVMD_IO_JOINER_H
#define PVMD_IO_JOINER_H

#include "pvmd/io/io.h"

/* The whole of it; the join, in argument or (NULL) on stdin, names the host. Returns the exit status. */
int joiner_main(const char *argument, long debug_mask);

/* This host is a member now. Calling it again changes nothing. */
void joiner_on_member(struct io *io);

/* True while who launched us still reads our stderr. */
bool joiner_is_heard(const struct joiner *joiner);

void joiner_free(struct joiner *joiner);

#endif
