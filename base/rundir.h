/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a daemon keeps its files, and how a program finds the daemon.
 *
 *   BASE/pvm-UID/VMID.HOST/    BASE is $PVM_TMP, else /tmp; VMID is $PVM_VMID, else "default"
 *       lock     held with flock() by the daemon for as long as it lives: this is how one tells; its pid as text
 *       sock     the Unix socket for tasks
 *       log      its log
 *       run      the incarnation (hexadecimal) that marks its tasks, PVM_RUN; then the name of its computer
 *       first    is there when this host started the virtual machine
 *       joins    is there while the daemon waits to be let in: the first host's incarnation, and the ticket
 *
 * pvm-UID has mode 0700 and belongs to the user; it is opened with O_NOFOLLOW and checked.
 */
#ifndef PVMI_BASE_RUNDIR_H
#define PVMI_BASE_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define PVMI_RUNDIR_PATH_MAX 512

/*
 * "BASE/pvm-UID/VMID.HOST" for host. '/', '%' and control characters in HOST and VMID, and '.' in VMID, are
 * written as %XX, so that a folder's first '.' ends the VMID. Returns PvmOk; PvmBadParam when VMID.HOST is longer
 * than a file's name may be; PvmOverflow when the path is too long.
 */
int pvmi_rundir_path(const char *host, char *ret_path, size_t path_max);

/*
 * For a daemon that starts: makes the folder path and BASE/pvm-UID above it where they are missing (BASE must
 * be there), checks both and takes the lock. Files of a dead daemon are left in place, for the caller to
 * replace.
 *
 * Returns PvmOk and close-on-exec descriptors: *ret_dir of the folder, for openat() and unlinkat(), and
 * *ret_lock, which holds the lock until it and every copy of it are closed: no child may keep one. Else fault
 * is filled: PvmAlready when another daemon lives there, PvmDenied for an owner or a mode that is wrong,
 * PvmSysErr, ...
 */
int pvmi_rundir_create(const char *path, int *ret_dir, int *ret_lock, struct pvmi_fault *fault);

/*
 * For removing what a killed daemon has left: takes the lock of folder name in user_dir, an open BASE/pvm-UID, if
 * nobody lives there. Descriptors as from pvmi_rundir_create(). Returns PvmOk; PVMI_AGAIN when somebody does;
 * another negative code when it is no folder of ours.
 */
int pvmi_rundir_seize(int user_dir, const char *name, int *ret_dir, int *ret_lock);

/*
 * The socket of the daemon that this process should talk to: $PVMSOCK, else the only live folder of this
 * virtual machine, else that of its first host. Several and no first one: PvmSysErr, and fault lists them.
 *
 * Returns PvmOk or PvmSysErr with fault filled; ret_path gets a path that pvmi_rundir_connect() takes.
 */
int pvmi_rundir_find(char *ret_path, size_t path_max, struct pvmi_fault *fault);

/* True when a daemon lives in folder path: its lock is held. */
bool pvmi_rundir_alive(const char *path);

/* A connected, non-blocking, close-on-exec Unix stream socket to path, of any length; else -1 and errno. */
int pvmi_rundir_connect(const char *path);

/* The same for listening; replaces a socket file that nobody listens on. */
int pvmi_rundir_listen(const char *path);

#endif
