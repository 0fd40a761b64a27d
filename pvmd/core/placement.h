/* SPDX-License-Identifier: BSD-3-Clause */
/* Which host gets which copy. */
#ifndef PVMD_CORE_PLACEMENT_H
#define PVMD_CORE_PLACEMENT_H

#include "pvmd/core/core.h"

/*
 * Gives each of count copies a host number, in order, in ret_hosts. PvmOk, or PvmNoHost with fault filled.
 */
int placement_choose(struct core *core, int flags, const char *where, int count, int *ret_hosts,
                     struct pvmi_fault *fault);

#endif
