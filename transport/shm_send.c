/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/alloc.h"
#include "transport/shm.h"

#define BY_INBOX 4    /* records to a task before a ring to it pays */

/* A slot that is reserved is not used yet: its process may turn out unable to map the arena. */
int pvmi_shm_connect(struct pvmi_shm *shm, int32_t tid, struct pvmi_shm_peer **ret_peer)
{
    struct pvmi_arena *arena = shm->self->arena;
    struct pvmi_shm_peer *peer;
    uint32_t name;

    if (pvmi_slot_find(arena, tid, &name) != PvmOk || !pvmi_slot_claimed(arena, name))
        return PvmNoTask;
    peer = pvmi_calloc(1, sizeof(*peer));
    if (peer == NULL)
        return PvmNoMem;
    peer->shm = shm;
    peer->name = name;
    peer->woken = PVMI_WAKE_NEVER;
    pvmi_list_push(&shm->peers, &peer->link);
    *ret_peer = peer;
    return PvmOk;
}

void pvmi_shm_disconnect(struct pvmi_shm_peer *peer)
{
    if (peer->out.ring != NULL) {
        if (pvmi_ring_finished(&peer->out))
            pvmi_ring_fini(&peer->out);
        else
            pvmi_ring_forget(&peer->out);
    }
    pvmi_list_remove(&peer->link);
    pvmi_free(peer);
}

/* The receiver is told of the ring before anything is in it: it looks there then as at all others. */
static int ring_open(struct pvmi_shm_peer *peer)
{
    struct pvmi_shm *shm = peer->shm;
    int rc = pvmi_ring_open(&shm->heap, peer->name, &peer->out);

    if (rc != PvmOk)
        return rc;
    rc = pvmi_inbox_request(shm->self->arena, shm->self->name, peer->name);
    if (rc != PvmOk)
        pvmi_ring_fini(&peer->out);
    return rc;
}

/* A record to a task to which there is no ring. Only what fits goes by the inbox. */
static int put_first(struct pvmi_shm_peer *peer, const void *head, size_t head_size, const void *data, size_t size)
{
    uint8_t together[PVMI_INBOX_BYTES];
    int rc = PVMI_AGAIN;

    if (peer->sent < BY_INBOX && head_size + size <= sizeof(together)) {
        memcpy(together, head, head_size);
        if (size > 0)
            memcpy(together + head_size, data, size);
        rc = pvmi_inbox_put(peer->shm->self, peer->name, together, head_size + size);
        peer->sent++;
    }
    if (rc != PVMI_AGAIN)
        return rc;
    rc = ring_open(peer);
    return rc == PvmOk ? pvmi_ring_put(&peer->out, head, head_size, data, size) : rc;
}

static inline int put(struct pvmi_shm_peer *peer, const void *head, size_t head_size, const void *data, size_t size)
{
    struct pvmi_shm *shm = peer->shm;
    int rc = peer->out.ring != NULL ? pvmi_ring_put(&peer->out, head, head_size, data, size)
                                    : put_first(peer, head, head_size, data, size);

    if (rc == PvmOk &&
        pvmi_wake_peer(shm->self, pvmi_name_slot(peer->name), &peer->woken) == PVMI_WOKEN_POKE)
        shm->poke(shm->user, peer->name);
    return rc;
}

int pvmi_shm_send(struct pvmi_shm_peer *peer, struct pvmi_shm_head *head, const void *body, size_t length)
{
    assert(length <= PVMI_SHM_SHORT_MAX);
    head->lent = 0;
    return put(peer, head, sizeof(*head), body, length);
}

int pvmi_shm_lend(struct pvmi_shm_peer *peer, struct pvmi_shm_head *head, uint64_t position, uint64_t length)
{
    struct pvmi_lend *lend = &peer->shm->lend;
    struct pvmi_shm_lent lent = { .position = position, .length = length };
    const struct pvmi_arena_block *first;
    int rc = pvmi_lend_to(lend, position, peer->name, &lent.index);

    if (rc != PvmOk)
        return rc;
    head->lent = 1;
    first = pvmi_heap_block(&peer->shm->heap, position);
    lent.single = first->next == 0 && first->magic == PVMI_ARENA_BLOCK_MAGIC;
    rc = put(peer, head, sizeof(*head), &lent, sizeof(lent));
    if (rc != PvmOk) {
        pvmi_lend_undo(lend, position, lent.index);
        return rc;
    }
    pvmi_lend_reclaim(lend, 1);    /* now, not when the next message is packed: to read its words takes a while */
    return PvmOk;
}
