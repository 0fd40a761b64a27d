/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame for --trace, in words. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "tests/sim/net.h"

/* way: "->" it goes into the core at end, "<-" it comes out there. */
void trace_frame(struct world *world, const char *way, const struct conn_end *end,
                 const struct pvmi_frame_header *header, const uint8_t *payload);

#endif
