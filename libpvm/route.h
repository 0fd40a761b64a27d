/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which way a message takes: to a task of this host through the arena, unless the program wants PvmDontRoute, or is a
 * plug-in and the tag a reserved one; to oneself in memory; to all others through the local daemon. Any route may carry any message, for arrive puts them in order.
 */
#ifndef PVMI_LIBPVM_ROUTE_H
#define PVMI_LIBPVM_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "libpvm/peer.h"
#include "transport/transport.h"

/* Whether messages to peer go through the arena now: then peer->shm is its place there. */
bool pvmi_route_shared(struct pvmi_peer *peer);

/* The endpoint for frames to tid. The task must be enrolled. */
struct pvmi_endpoint *pvmi_route_find(int32_t tid);

#endif
