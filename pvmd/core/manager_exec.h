/* SPDX-License-Identifier: BSD-3-Clause */
/* What a resource manager has daemons do. */
#ifndef PVMD_CORE_MANAGER_EXEC_H
#define PVMD_CORE_MANAGER_EXEC_H

#include "pvmd/core/core.h"

struct asker;
struct pvmi_items_reader;
struct pvmi_items_writer;

/* SM_EXEC, SM_ADD, SM_HANDOFF. False: it is none of these, or not from a manager. */
bool manager_told(struct core *core, const struct pvmi_frame_header *header, struct pvmi_items_reader *items);
void manager_answer(struct core *core, const struct asker *asker, int type, const void *msg);
/* The variables of a spawn: int n, and so many strings. */
void manager_put_env(struct pvmi_items_writer *items, const struct pvmi_msg_spawn *msg);

#endif
