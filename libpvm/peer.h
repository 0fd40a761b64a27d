/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this task knows of another one, to which it has sent or from which something has come: numbers of messages both
 * ways, what came early, and its place in the arena. As long as this task is enrolled none of them is forgotten.
 */
#ifndef PVMI_LIBPVM_PEER_H
#define PVMI_LIBPVM_PEER_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct pvmi_shm_peer;

struct pvmi_peer {
    int32_t tid;
    uint32_t send_next;           /* number of the next message to it */
    struct pvmi_shm_peer *shm;    /* NULL: it cannot be reached through the arena, or that was not tried yet */
    /* libpvm/arrive */
    uint32_t receive_next;        /* number of the next message to hand on */
    size_t held;                  /* how many there are in arrivals */
    struct pvmi_list arrivals;
};

/* That was asked for last: most often it is the next again. NULL: none. */
extern struct pvmi_peer *pvmi_peer_last;

/* The one with that tid, made if need be. NULL when there is no memory. */
struct pvmi_peer *pvmi_peer_get(int32_t tid);

/* Calls each(peer) for all of them. */
void pvmi_peer_each(void (*each)(struct pvmi_peer *peer));

/* Frees them; nothing hangs on them any more. */
void pvmi_peer_clear(void);

/* Numbers come round, and 0 is none. */
static inline uint32_t pvmi_peer_number_after(uint32_t number)
{
    return number + 1 == 0 ? 1 : number + 1;
}

#endif
