/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which transport carries a message: to oneself in memory, to all others through the local daemon. Any
 * route may carry any message, for arrive puts them in order.
 */
#ifndef PVMI_LIBPVM_ROUTE_H
#define PVMI_LIBPVM_ROUTE_H

#include <stdint.h>

#include "transport/transport.h"

/* The endpoint for messages to tid. The task must be enrolled. */
struct pvmi_endpoint *pvmi_route_find(int32_t tid);

#endif
