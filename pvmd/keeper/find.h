/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the executable that pvm_spawn names. */
#ifndef PVMD_KEEPER_FIND_H
#define PVMD_KEEPER_FIND_H

#include "base/error.h"
#include "wire/control.h"

struct find_request {
    const char *file;
    const struct pvmi_strings *path;    /* directories, first choice */
    const struct pvmi_strings *env;     /* NAME=value of the task: HOME, PVM_ROOT, PVM_ARCH, PATH count */
    const char *directory;              /* the task will run there; NULL: in our own */
};

/*
 * Looks for a regular file that may be executed. A name with '/' is taken as it is, a relative one from
 * the directory the task will run in, then from those of path. Any other is looked for in path, then in
 * $HOME/pvm3/bin/$PVM_ARCH, $PVM_ROOT/bin/$PVM_ARCH and $PATH.
 *
 * Returns PvmOk with an absolute path to be freed; PvmNoFile with the folders that were searched in fault;
 * PvmNoMem.
 */
int find_executable(const struct find_request *request, char **ret_path, struct pvmi_fault *fault);

#endif
