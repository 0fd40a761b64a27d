/* SPDX-License-Identifier: BSD-3-Clause */
/* Where connections come in: the Unix socket for tasks of this user, the TCP port for other daemons. */
#ifndef PVMD_IO_LISTENER_H
#define PVMD_IO_LISTENER_H

#include "pvmd/io/io.h"

/*
 * Listens on both; io->own.ip says where, "N" or "N-M" in ports (NULL: any) on which port. io->own.port is
 * set. Connections are taken from listener_start() on.
 *
 * Returns PvmOk, PvmBadParam (ports), PvmSysErr, PvmDenied, PvmNoMem; fault says what.
 */
int listener_new(struct io *io, const char *path, const char *ports, struct listener **ret_listener,
                 struct pvmi_fault *fault);
void listener_start(struct listener *listener);
void listener_free(struct listener *listener);

#endif
