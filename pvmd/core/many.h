/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of tasks for several receivers (wire/many.h): one goes to each host that has some of them. */
#ifndef PVMD_CORE_MANY_H
#define PVMD_CORE_MANY_H

#include "pvmd/core/core.h"

/* Takes frame, of a task here: to each of its receivers, wherever that is. */
void many_route(struct core *core, struct pvmi_frame *frame);

/* Takes frame, of a task of a peer: to its receivers here. */
void many_deliver(struct core *core, struct pvmi_frame *frame);

/* Whether is_so(core, tid) is true of one of its receivers. */
bool many_any(const struct core *core, const struct pvmi_frame *frame, bool (*is_so)(const struct core *core, int32_t tid));

#endif
