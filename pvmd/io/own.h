/* SPDX-License-Identifier: BSD-3-Clause */
/* What this host is: its name, architecture, addresses, environment. */
#ifndef PVMD_IO_OWN_H
#define PVMD_IO_OWN_H

#include <stddef.h>

#include "pvmd/io/io.h"

/* The host name up to its first dot. */
void own_host_name(char *name, size_t name_max);

/* PVM 3's word for this machine: LINUX64 on amd64. */
void own_arch(char *arch, size_t arch_max);

/*
 * Copies text with $NAME and ${NAME} replaced from our environment; what is not set stays as it is.
 * NULL for NULL, or when there is no memory.
 */
char *own_expand(const char *text);

/* A fresh incarnation, key pair and path of our executable. Returns PvmOk, PvmNoMem, PvmSysErr. */
int own_identify(struct io_own *own);

/* Sets the addresses that go into the host table: own->ip alone; or without one those of the interfaces,
 * and before them advertised, if that is not NULL. */
void own_find_addresses(struct io_own *own, const char *advertised);

/* True when a numeric address is one of this host's. Loopback addresses other than our own ip= are not:
 * they serve as other hosts in tests; without an ip=, 127.0.0.1 and ::1 are this host. */
bool own_has_address(const struct io_own *own, const char *address);

/* Fills the host's line of the table; strings point into own and into pointers, which lives as long. */
struct own_strings {
    char *addresses[IO_ADDRESSES_MAX];
    char arch[32];
};
void own_record(const struct io_own *own, int speed, int slots, const char *launcher, struct own_strings *strings,
                struct pvmi_rec_host *ret_host);

void own_fini(struct io_own *own);

#endif
