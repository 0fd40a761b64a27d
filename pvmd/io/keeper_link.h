/* SPDX-License-Identifier: BSD-3-Clause */
/* Our end of the socket to the keeper (pvmd/keeper/keeper.h). */
#ifndef PVMD_IO_KEEPER_LINK_H
#define PVMD_IO_KEEPER_LINK_H

#include "pvmd/io/io.h"

/* Takes what keeper_fork() gave. NULL when there is no memory. */
struct keeper_link *keeper_link_new(struct io *io, int fd, pid_t pid);
void keeper_link_start(struct keeper_link *keeper);

/* Tells the keeper to end all tasks and itself, if there is one, and does not wait. */
void keeper_link_finish(struct io *io);

/* The same, and waits until all tasks have ended: at most 3 s. The loop is over. NULL is fine. */
void keeper_link_end(struct keeper_link *keeper);

/* And until the keeper has, too, which then had only itself to end. NULL is fine. */
void keeper_link_free(struct keeper_link *keeper);

/* A message of control.def. Returns PvmOk, PvmNoMem, PvmOverflow; then nothing was sent. */
int keeper_link_send(struct io *io, int type, const void *msg);

/* Gives the keeper the arena's descriptor, which stays ours: tasks inherit it from now on. Before anything else is sent.
 * Returns PvmOk, or PvmOutOfRes. */
int keeper_link_pass_arena(struct io *io, int fd, uint32_t slots);

/* A child of ours has ended: perhaps it was the keeper. */
void keeper_link_on_child(struct io *io);

#endif
