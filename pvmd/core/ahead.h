/* SPDX-License-Identifier: BSD-3-Clause */
/* What speaks of hosts that the log has not yet brought. Each is true when what was given waits. */
#ifndef PVMD_CORE_AHEAD_H
#define PVMD_CORE_AHEAD_H

#include "pvmd/core/core.h"

struct link;
struct peer;

bool ahead_waits(struct link *link, struct pvmi_frame *frame);    /* for what came before it. Takes frame then */
bool ahead_data(struct core *core, struct link *link, struct pvmi_frame *frame);    /* takes frame then */
bool ahead_said(struct core *core, struct link *link, const struct pvmi_frame *frame,
                const struct pvmi_control *control);
bool ahead_start(struct core *core, const struct peer *peer, const struct pvmi_frame *frame,
                 const struct pvmi_control *control);
/* The task is gone: the messages that it sent last go where they can. */
void ahead_link_lost(struct core *core, struct link *link);

#endif
