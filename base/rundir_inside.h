/* SPDX-License-Identifier: BSD-3-Clause */
/* What making a daemon's folder (rundir.c) and finding it (rundir_find.c) have in common. */
#ifndef PVMI_BASE_RUNDIR_INSIDE_H
#define PVMI_BASE_RUNDIR_INSIDE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define PVMI_RUNDIR_OPEN (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* "VMID.", with which the folders of this virtual machine begin. False when it does not fit. */
bool pvmi_rundir_prefix(char *prefix, size_t prefix_max);

/* "BASE/pvm-UID". False when it does not fit. */
bool pvmi_rundir_user_path(char *path, size_t path_max);

/*
 * Opens folder name in dir and checks that nobody else can put things into it. path is for texts.
 *
 * Returns PvmOk; PvmNoFile when it is not there; or another negative code. fault is filled then.
 */
int pvmi_rundir_open_private(int dir, const char *name, const char *path, struct pvmi_fault *fault, int *ret_fd);

/* True when somebody holds the lock of folder name in dir. Does not make the file, nor keep the lock. */
bool pvmi_rundir_alive_at(int dir, const char *name);

#endif
