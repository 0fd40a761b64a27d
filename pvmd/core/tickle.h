/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_tickle(). */
#ifndef PVMD_CORE_TICKLE_H
#define PVMD_CORE_TICKLE_H

#include "pvmd/core/core.h"

struct asker;

bool tickle_is_for_orderer(const struct core *core, const struct pvmi_msg_tickle *msg);
void tickle_serve(struct core *core, const struct asker *asker, const struct pvmi_msg_tickle *msg);

#endif
