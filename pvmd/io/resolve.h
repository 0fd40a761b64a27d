/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to numeric addresses: in a thread, as the name service may keep one waiting. */
#ifndef PVMD_IO_RESOLVE_H
#define PVMD_IO_RESOLVE_H

#include "pvmd/io/io.h"

#define RESOLVE_MAX 8
#define RESOLVE_LIMIT_MS 5000

struct resolve;

/* count addresses, best first; 0, and why says what is wrong. Called once, unless cancelled before. */
typedef void resolve_fn(void *owner, char (*addresses)[64], int count, const char *why);

/* Looks name up. NULL when there is no memory. */
struct resolve *resolve_start(struct io *io, const char *name, resolve_fn *fn, void *owner);

/* fn is not called any more. NULL is fine; not after fn was called. */
void resolve_cancel(struct resolve *resolve);

/* The same at once, for the start of the daemon. Returns how many. */
int resolve_now(const char *name, char (*addresses)[64], int max);

#endif
