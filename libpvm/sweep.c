/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/sweep.h"

#include <string.h>

#include "base/log.h"
#include "libpvm/arrive.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/peer.h"
#include "libpvm/shared.h"
#include "libpvm/task.h"

#define ALL_MAX (1 << 20)    /* messages of a sweep of all: who sends faster than we read must not keep us for ever */

/* A buffer with the message. PvmOk, PvmNoMem, PvmBadMsg. */
static int take_body(const struct pvmi_shm_arrival *arrival, struct pvmi_msgbuf **ret_buf)
{
    const struct pvmi_shm_head *head = &arrival->head;
    struct pvmi_msgbuf *buf;
    int rc;

    if (arrival->lent.position == 0) {
        rc = pvmi_msgbuf_arriving_short(head, arrival->src, (size_t)arrival->lent.length, &buf);
        if (rc == PvmOk)
            pvmi_shm_read(pvmi_shared, buf->first->bytes, (size_t)arrival->lent.length);
    } else {
        rc = pvmi_msgbuf_arriving_head(head, arrival->src, &buf);
        if (rc != PvmOk)
            return rc;
        rc = pvmi_shared_take(buf, arrival);
        if (rc != PvmOk)
            pvmi_msgbuf_free(buf);
    }
    if (rc == PvmOk)
        *ret_buf = buf;
    return rc;
}

/* What cannot be is passed over, and its number with it. */
static void refuse(struct pvmi_peer *peer, const struct pvmi_shm_arrival *arrival)
{
    pvmi_log(PVMI_LOG_ERROR, "dropped a message from t%x through shared memory: it is damaged",
             (unsigned)arrival->src);
    pvmi_shm_pass(pvmi_shared);
    pvmi_arrive_skip(peer, arrival->head.message);
}

/* Whether the message goes past the line: it is the next of its source, wanted, and nothing has come before it. */
static inline bool is_posted(const struct pvmi_posted *posted, const struct pvmi_peer *peer,
                             const struct pvmi_shm_head *head)
{
    return posted != NULL && head->message == peer->receive_next && pvmi_list_empty(&peer->arrivals) &&
           (posted->tid == -1 || posted->tid == peer->tid) && (posted->tag == -1 || posted->tag == head->tag) &&
           posted->ctx == head->ctx && pvmi_line_empty();
}

static int take(struct pvmi_peer *peer, const struct pvmi_shm_arrival *arrival, struct pvmi_posted *posted)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_arrive_reserve(peer, arrival->head.message);

    if (rc == PvmOk)
        rc = take_body(arrival, &buf);
    if (rc == PvmNoMem)
        return rc;
    if (rc != PvmOk) {
        refuse(peer, arrival);
        return 1;
    }
    pvmi_shm_pass(pvmi_shared);
    if (is_posted(posted, peer, &arrival->head)) {
        peer->receive_next = pvmi_peer_number_after(peer->receive_next);
        posted->buf = buf;
    } else {
        pvmi_arrive_message(peer, arrival->head.message, buf);
    }
    return 1;
}

/* The usual case: the ring whose turn it is has a record of one cell, with a message that is waited for. */
static inline bool take_quick(struct pvmi_shm *shm, struct pvmi_posted *posted)
{
    struct pvmi_shm_ring *ring;
    struct pvmi_shm_head head;
    struct pvmi_peer *peer;
    const uint8_t *bytes;
    size_t size;

    if (shm->turn >= shm->ring_count || shm->in_row == PVMI_SHM_IN_ROW_MAX)
        return false;
    ring = shm->rings[shm->turn];
    peer = ring->source;
    if (peer == NULL || !pvmi_ring_peek_one(&ring->in, &bytes, &size) || size < sizeof(head))
        return false;
    memcpy(&head, bytes, sizeof(head));
    if (head.lent != 0 || !is_posted(posted, peer, &head) ||
        pvmi_msgbuf_arriving_short(&head, peer->tid, size - sizeof(head), &posted->buf) != PvmOk)
        return false;
    pvmi_ring_copy_few(posted->buf->first->bytes, bytes + sizeof(head), size - sizeof(head));
    pvmi_ring_advance(&ring->in);
    shm->in_row++;
    peer->receive_next = pvmi_peer_number_after(peer->receive_next);
    return true;
}

int pvmi_sweep(struct pvmi_posted *posted)
{
    struct pvmi_shm_arrival arrival;
    struct pvmi_peer *peer;
    int rc;

    if (pvmi_shared == NULL)
        return 0;
    if (posted != NULL && take_quick(pvmi_shared, posted))
        return 1;
    rc = pvmi_shm_next(pvmi_shared, &arrival);
    if (rc != PvmOk)
        return rc == PVMI_AGAIN ? 0 : rc;
    peer = *arrival.source;
    if (peer == NULL) {
        peer = pvmi_peer_get(arrival.src);
        if (peer == NULL)
            return PvmNoMem;
        *arrival.source = peer;
    }
    return take(peer, &arrival, posted);
}

int pvmi_sweep_all(void)
{
    int rc = 1;

    for (int messages = 0; rc > 0 && messages < ALL_MAX; messages++)
        rc = pvmi_sweep(NULL);
    return rc < 0 ? rc : PvmOk;
}

bool pvmi_sweep_ready(void)
{
    return pvmi_shared != NULL && pvmi_shm_ready(pvmi_shared);
}
