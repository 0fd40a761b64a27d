/* SPDX-License-Identifier: BSD-3-Clause */
/* Ending processes that nobody else ends. */
#ifndef PVMD_KEEPER_REAP_H
#define PVMD_KEEPER_REAP_H

#include <sys/types.h>

/*
 * Kills all descendants of this process, which must be a child subreaper, and waits for them: at most
 * 10 s, for one that hangs in the kernel cannot be killed.
 */
void reap_descendants(void);

/*
 * Kills each process of this user, but this one, that was started with variable=value in its environment (PVM_RUN and
 * a daemon's incarnation), until there is none. Returns how many there were.
 */
int reap_marked(const char *variable, const char *value);

#endif
