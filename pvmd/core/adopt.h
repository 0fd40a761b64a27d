/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine's tracer (pvm_reg_tracer) gets of tasks that begin. */
#ifndef PVMD_CORE_ADOPT_H
#define PVMD_CORE_ADOPT_H

#include "pvmd/core/core.h"

struct task;

/* A task of this host begins: trace and output of it that go to nobody go to the tracer, if there is one. */
void adopt_by_tracer(struct core *core, struct task *task);

#endif
