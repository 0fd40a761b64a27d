/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the planted bugs are: between a core and the network. */
#ifndef SIM_SHIM_H
#define SIM_SHIM_H

#include "tests/sim/node.h"

/* The core sends frame on end. True when the shim has taken care of it. */
bool shim_send(struct conn_end *end, const struct pvmi_frame *frame);

/* The core drops a host: what its tasks have sent may reach tasks here all the same. */
void shim_drop(struct node *node, int number);

/* The core starts a task: its tid may be changed. */
void shim_start(struct node *node, struct core_action *action);

#endif
