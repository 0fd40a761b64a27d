/* SPDX-License-Identifier: BSD-3-Clause */
/* A host file as a whole: the lines for the core, and what it says about this host itself. */
#ifndef PVMD_IO_HOSTFILE_H
#define PVMD_IO_HOSTFILE_H

#include "base/error.h"
#include "pvmd/core/hostspec.h"
#include "wire/control.h"

struct hostfile {
    struct pvmi_strings lines;    /* without blank ones, comments and our own */
    struct hostspec *own;         /* our own line, with the '*' line before it; NULL for none */
};

/*
 * Reads and checks all of file path. own_name is this host's name.
 *
 * Returns PvmOk; PvmBadParam, PvmNoFile, PvmNoMem with "PATH:LINE:COLUMN: what" in fault.
 */
int hostfile_read(const char *path, const char *own_name, struct hostfile *ret_file, struct pvmi_fault *fault);

void hostfile_fini(struct hostfile *file);

#endif
