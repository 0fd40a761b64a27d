/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "transport/shm.h"

/* ---- rings ---- */

static bool ring_known(void *user, uint64_t position)
{
    struct pvmi_shm *shm = user;

    for (uint32_t i = 0; i < shm->ring_count; i++) {
        if (shm->rings[i]->in.position == position)
            return true;
    }
    return false;
}

/* Room for one ring more. */
static int rings_reserve(struct pvmi_shm *shm)
{
    uint32_t room = shm->ring_room == 0 ? 8 : 2 * shm->ring_room;
    void *rings;

    if (shm->ring_count < shm->ring_room)
        return PvmOk;
    rings = pvmi_realloc(shm->rings, room * sizeof(*shm->rings));
    if (rings == NULL)
        return PvmNoMem;
    shm->rings = rings;
    shm->ring_room = room;
    return PvmOk;
}

/* The next ring of sender to this task. PvmOk; PvmNotFound, PvmNoMem. */
static int ring_add(struct pvmi_shm *shm, uint32_t sender)
{
    struct pvmi_self *self = shm->self;
    struct pvmi_shm_ring *ring = pvmi_calloc(1, sizeof(*ring));
    int rc = ring == NULL ? PvmNoMem : rings_reserve(shm);

    if (rc == PvmOk)
        rc = pvmi_ring_accept(self->arena, self->name, sender, ring_known, shm, &ring->in);
    if (rc != PvmOk) {
        pvmi_free(ring);
        return rc == PvmNoMem ? rc : PvmNotFound;
    }
    ring->src = pvmi_slot_tid(self->arena, sender);
    ring->ended = pvmi_slot_ended(self->arena, sender);
    shm->rings[shm->ring_count++] = ring;
    return PvmOk;
}

/* Whoever cannot be opened now is asked for again. */
static int rings_accept(struct pvmi_shm *shm)
{
    struct pvmi_self *self = shm->self;
    uint32_t sender;

    while (pvmi_inbox_next_request(&shm->inbox, &sender) == PvmOk) {
        int rc;

        while ((rc = ring_add(shm, sender)) == PvmOk)
            ;
        if (rc == PvmNoMem) {
            pvmi_inbox_request(self->arena, sender, self->name);
            return rc;
        }
    }
    return PvmOk;
}

static void ring_drop(struct pvmi_shm *shm, uint32_t index)
{
    struct pvmi_shm_ring *ring = shm->rings[index];

    pvmi_ring_leave(&ring->in);
    pvmi_free(ring);
    shm->rings[index] = shm->rings[--shm->ring_count];
}

/* Somebody has died. */
static void rings_mark_ended(struct pvmi_shm *shm)
{
    for (uint32_t i = 0; i < shm->ring_count; i++)
        shm->rings[i]->ended = pvmi_slot_ended(shm->self->arena, shm->rings[i]->in.sender);
}

/* ---- records ---- */

/* What a record says; bytes are its first ones, and the sender may still change them. */
static int record_read(const uint8_t *bytes, size_t size, struct pvmi_shm_arrival *arrival)
{
    if (size < sizeof(arrival->head))
        return PvmBadMsg;
    memcpy(&arrival->head, bytes, sizeof(arrival->head));
    if (arrival->head.lent == 0) {
        arrival->lent.position = 0;
        arrival->lent.length = size - sizeof(arrival->head);
        return PvmOk;
    }
    if (size != sizeof(arrival->head) + sizeof(arrival->lent))
        return PvmBadMsg;
    memcpy(&arrival->lent, bytes + sizeof(arrival->head), sizeof(arrival->lent));
    return arrival->lent.position == 0 ? PvmBadMsg : PvmOk;
}

static_assert(sizeof(struct pvmi_shm_head) + PVMI_SHM_SHORT_MAX <= PVMI_RECORD_MAX, "a short body fits a record");
static_assert(sizeof(struct pvmi_shm_head) + sizeof(struct pvmi_shm_lent) <= PVMI_INBOX_BYTES,
              "a lent body fits the inbox, and the first cell of a ring");

/* The record of the ring whose turn it is. PVMI_AGAIN: none, and turn is that of the next. */
static int ring_next(struct pvmi_shm *shm, struct pvmi_shm_arrival *arrival)
{
    struct pvmi_shm_ring *ring = shm->rings[shm->turn];
    const uint8_t *bytes;
    size_t size;
    int rc = shm->in_row < PVMI_SHM_IN_ROW_MAX ? pvmi_ring_peek(&ring->in, &bytes, &size) : PVMI_AGAIN;

    if (rc == PvmOk)
        rc = record_read(bytes, size, arrival);
    if (rc == PvmOk) {
        arrival->src = ring->src;
        arrival->sender = ring->in.sender;
        arrival->source = &ring->source;
        shm->at = ring;
        shm->in_row++;
        return PvmOk;
    }
    if (rc == PvmNoMem)
        return rc;
    if (rc == PvmBadMsg)
        pvmi_log(PVMI_LOG_ERROR, "what t%x has sent through shared memory cannot be: it is not read any more",
                 (unsigned)ring->src);
    if (rc == PvmBadMsg || rc == PVMI_CLOSED || (ring->ended && pvmi_ring_ended(&ring->in)))
        ring_drop(shm, shm->turn);
    else
        shm->turn++;
    shm->in_row = 0;
    return PVMI_AGAIN;
}

/* One of the inbox, then it is the rings' turn again. */
static int inbox_next(struct pvmi_shm *shm, struct pvmi_shm_arrival *arrival)
{
    size_t size;
    int rc;

    shm->turn = 0;
    if (!pvmi_inbox_ready(&shm->inbox))
        return PVMI_AGAIN;
    if (pvmi_inbox_swept(&shm->inbox)) {
        rings_mark_ended(shm);
        shm->once_more = true;
    }
    rc = rings_accept(shm);
    if (rc != PvmOk)
        return rc;
    while (pvmi_inbox_get(&shm->inbox, shm->from_inbox, &size, &arrival->sender) == PvmOk) {
        arrival->src = pvmi_slot_tid(shm->self->arena, arrival->sender);
        if (arrival->src != 0 && record_read(shm->from_inbox, size, arrival) == PvmOk) {
            shm->inbox_source = NULL;
            arrival->source = &shm->inbox_source;
            shm->at = NULL;
            return PvmOk;
        }
        pvmi_inbox_advance(&shm->inbox);
    }
    return PVMI_AGAIN;
}

/* Nothing is there, and that is all to be said of it. */
static bool ring_idle(const struct pvmi_shm_ring *ring)
{
    return !ring->ended && !pvmi_ring_ready(&ring->in);
}

/* Until each has been looked at, one after the other, and had nothing. Most often most are idle: those cost a load. */
int pvmi_shm_next(struct pvmi_shm *shm, struct pvmi_shm_arrival *ret_arrival)
{
    for (uint32_t idle = 0; idle <= shm->ring_count;) {
        uint32_t rings = shm->ring_count;

        if (shm->turn < rings && ring_idle(shm->rings[shm->turn])) {
            shm->turn++;
            shm->in_row = 0;
            idle++;
            continue;
        }
        bool had_share = shm->in_row == PVMI_SHM_IN_ROW_MAX;    /* that is no sign that nothing is there */
        int rc = shm->turn < rings ? ring_next(shm, ret_arrival) : inbox_next(shm, ret_arrival);

        if (rc != PVMI_AGAIN)
            return rc;
        idle = had_share || shm->once_more || rings != shm->ring_count ? 0 : idle + 1;
        shm->once_more = false;
    }
    return PVMI_AGAIN;
}

void pvmi_shm_read(const struct pvmi_shm *shm, void *to, size_t length)
{
    if (shm->at != NULL)
        pvmi_ring_copy(&shm->at->in, sizeof(struct pvmi_shm_head), to, length);
    else
        memcpy(to, shm->from_inbox + sizeof(struct pvmi_shm_head), length);
}

void pvmi_shm_pass(struct pvmi_shm *shm)
{
    if (shm->at != NULL)
        pvmi_ring_advance(&shm->at->in);
    else
        pvmi_inbox_advance(&shm->inbox);
}

bool pvmi_shm_ready(const struct pvmi_shm *shm)
{
    for (uint32_t i = 0; i < shm->ring_count; i++) {
        if (pvmi_ring_ready(&shm->rings[i]->in))
            return true;
    }
    return pvmi_inbox_ready(&shm->inbox);
}
