/* SPDX-License-Identifier: BSD-3-Clause */
/* Plug-ins that start with the daemon. */
#ifndef PVMD_CORE_PLUGIN_START_H
#define PVMD_CORE_PLUGIN_START_H

#include "pvmd/core/core.h"

/* The plug-ins that start with this host, which is a member now. */
void plugin_start_all(struct core *core);

#endif
