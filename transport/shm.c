/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/shm.h"

#include <string.h>

#include "base/alloc.h"

int pvmi_shm_open(struct pvmi_self *self, pvmi_shm_poke_fn *poke, void *user, struct pvmi_shm **ret_shm)
{
    struct pvmi_shm *shm = pvmi_calloc(1, sizeof(*shm));

    if (shm == NULL)
        return PvmNoMem;
    if (pvmi_heap_init(&shm->heap, self) != PvmOk) {
        pvmi_free(shm);
        return PvmNoMem;
    }
    shm->self = self;
    shm->poke = poke;
    shm->user = user;
    pvmi_list_init(&shm->peers);
    pvmi_lend_init(&shm->lend, &shm->heap);
    pvmi_holds_init(&shm->holds, &shm->heap);
    pvmi_inbox_init(&shm->inbox, self);
    *ret_shm = shm;
    return PvmOk;
}

/* What lies in this process alone. */
static void shm_free(struct pvmi_shm *shm)
{
    PVMI_LIST_EACH(node, &shm->peers) {
        struct pvmi_shm_peer *peer = PVMI_CONTAINER(node, struct pvmi_shm_peer, link);

        pvmi_ring_forget(&peer->out);
        pvmi_free(peer);
    }
    for (uint32_t i = 0; i < shm->ring_count; i++)
        pvmi_free(shm->rings[i]);
    pvmi_free(shm->rings);
    pvmi_holds_fini(&shm->holds);
    pvmi_lend_fini(&shm->lend);
    pvmi_heap_fini(&shm->heap);
    pvmi_free(shm);
}

void pvmi_shm_close(struct pvmi_shm *shm)
{
    if (shm == NULL)
        return;
    for (uint32_t i = 0; i < shm->ring_count; i++)
        pvmi_ring_leave(&shm->rings[i]->in);
    shm_free(shm);
}

void pvmi_shm_after_fork(struct pvmi_shm *shm)
{
    if (shm != NULL)
        shm_free(shm);
}
