/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strangers on the TCP port: 64 at a time, 5 s for the hello, 10 s for the handshake. Nothing that they say
 * is looked at before the mac of the 128 bytes is right, and TLS then takes only the one key that the host
 * table has for who they say they are. When the place is full, the one longest without a hello must go:
 * an honest host says it at once.
 */
#ifndef PVMD_IO_ENTRANCE_H
#define PVMD_IO_ENTRANCE_H

#include "pvmd/io/io.h"

struct entrance *entrance_new(void);
void entrance_free(struct entrance *entrance);

/* Strangers that are there now. */
int entrance_count(const struct entrance *entrance);

/* Takes a connection that was accepted. It ends as LINK_IN, or is closed with a line in the log. */
void entrance_take(struct io *io, int fd);

#endif
