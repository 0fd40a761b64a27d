/* SPDX-License-Identifier: BSD-3-Clause */
/* The scenario of a seed: a machine comes up, things happen to it, then calm, questions, and the end. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "tests/sim/node.h"

/* Runs the whole of it; world->failed says how it went. */
void plan_run(struct world *world);

/* node reaches nobody for so long. */
void plan_isolate(struct node *node, uint64_t duration);

#endif
