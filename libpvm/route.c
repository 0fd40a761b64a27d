/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/route.h"

#include "libpvm/option.h"
#include "libpvm/shared.h"
#include "libpvm/task.h"
#include "transport/shm.h"
#include "wire/tid.h"

struct pvmi_endpoint *pvmi_route_find(int32_t tid)
{
    return tid == pvmi_task.tid ? pvmi_task.oneself : pvmi_task.daemon;
}

/* One that has no slot, or none any more, is asked for again with the next message: it may be about to claim it. */
static bool find_in_arena(struct pvmi_peer *peer)
{
    if (peer->shm != NULL)
        pvmi_shm_disconnect(peer->shm);
    peer->shm = NULL;
    return peer->tid != pvmi_task.tid && pvmi_tid_host(peer->tid) == pvmi_tid_host(pvmi_task.tid) &&
           pvmi_shm_connect(pvmi_shared, peer->tid, &peer->shm) == PvmOk;
}

bool pvmi_route_shared(struct pvmi_peer *peer)
{
    if (pvmi_shared == NULL || pvmi_options.route == PvmDontRoute)
        return false;
    return (peer->shm != NULL && pvmi_shm_lives(peer->shm)) || find_in_arena(peer);
}
