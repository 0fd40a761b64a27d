/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/peer.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/table.h"

struct pvmi_peer *pvmi_peer_last;

static struct pvmi_table peers;    /* by tid */

static struct pvmi_peer *peer_new(int32_t tid)
{
    struct pvmi_peer *peer = pvmi_calloc(1, sizeof(*peer));

    if (peer == NULL)
        return NULL;
    peer->tid = tid;
    peer->send_next = 1;
    peer->receive_next = 1;
    pvmi_list_init(&peer->arrivals);
    if (pvmi_table_set(&peers, (uint32_t)tid, peer) == PvmOk)
        return peer;
    pvmi_free(peer);
    return NULL;
}

struct pvmi_peer *pvmi_peer_get(int32_t tid)
{
    struct pvmi_peer *peer = pvmi_peer_last;

    if (peer != NULL && peer->tid == tid)
        return peer;
    peer = pvmi_table_get(&peers, (uint32_t)tid);
    if (peer == NULL)
        peer = peer_new(tid);
    if (peer != NULL)
        pvmi_peer_last = peer;
    return peer;
}

void pvmi_peer_each(void (*each)(struct pvmi_peer *peer))
{
    struct pvmi_peer *peer;
    uint32_t cursor = 0;

    while ((peer = pvmi_table_next(&peers, &cursor, NULL)) != NULL)
        each(peer);
}

void pvmi_peer_clear(void)
{
    pvmi_peer_each((void (*)(struct pvmi_peer *))pvmi_free);
    pvmi_table_fini(&peers);
    pvmi_peer_last = NULL;
}
