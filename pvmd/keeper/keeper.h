/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keeper: a small process that starts, parents and ends the tasks of one daemon. An exec that takes long
 * (NFS) stops only the keeper, and what the tasks leave behind dies with it.
 *
 * The daemon and its keeper talk over a stream socket pair: each message (run, run_started, run_failed,
 * run_ended, run_signal, run_arena of control.def) with its length, 32 bits little-endian, in front. The first byte
 * of a run_started carries the reading end of the task's output pipe, and our end of its connection if it has inherited
 * one; that of a run_arena the descriptor of the arena.
 *
 *   the daemon's end closes  -> the keeper kills all its descendants, closes its end, then ends
 *   the keeper ends          -> the daemon reads the end of the socket
 */
#ifndef PVMD_KEEPER_KEEPER_H
#define PVMD_KEEPER_KEEPER_H

#include <sys/resource.h>
#include <sys/types.h>

#define KEEPER_MESSAGE_MAX (32u * 1024 * 1024)    /* bytes of one message */

/*
 * Forks the keeper. To be called before there are threads or descriptors that tasks must not see: tasks get the limits,
 * the umask and the working directory of this moment. But files is their RLIMIT_NOFILE: the daemon has raised its own.
 *
 * Returns PvmOk with the daemon's end, non-blocking and close-on-exec, and the keeper's pid; PvmSysErr.
 */
int keeper_fork(const struct rlimit *files, int *ret_fd, pid_t *ret_pid);

#endif
