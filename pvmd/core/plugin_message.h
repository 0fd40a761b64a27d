/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of plug-ins to this daemon. */
#ifndef PVMD_CORE_PLUGIN_MESSAGE_H
#define PVMD_CORE_PLUGIN_MESSAGE_H

#include "pvmd/core/core.h"

void plugin_frame(struct core *core, struct pvmi_frame *frame);    /* for this daemon. Takes frame */
/* A frame for a task of this host. True: it is part of an answer to this daemon, and taken; else it goes on to the
 * task, made empty if it was the first of such an answer. */
bool plugin_takes(struct core *core, struct pvmi_frame *frame);
void plugin_parts_forget(struct core *core, int32_t src);    /* 0: of all */

#endif
