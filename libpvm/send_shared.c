/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/send_shared.h"

#include "libpvm/call.h"
#include "libpvm/handler.h"
#include "libpvm/msgbuf.h"
#include "libpvm/option.h"
#include "libpvm/peer.h"
#include "libpvm/route.h"
#include "libpvm/shared.h"
#include "libpvm/task.h"

/* What is sent to all of some receivers. */
struct shared_body {
    bool prepared;
    const void *bytes;       /* a short one */
    uint64_t position;       /* else where it is lent */
    uint64_t length;
    bool copied;             /* to be dropped */
    uint8_t gathered[PVMI_SHM_SHORT_MAX];    /* a short one that is in several pieces */
};

static int no_arena_memory(uint64_t length)
{
    return pvmi_call_fail(PvmNoMem, "a message of %llu bytes: the memory that the tasks of this host share is used up "
                          "(%llu MiB; PVM_ARENA for the daemon sets it): receivers have to read first",
                          (unsigned long long)length,
                          (unsigned long long)pvmi_task.arena->header->pages_total * PVMI_ARENA_PAGE >> 20);
}

static int body_prepare(const struct pvmi_msgbuf *buf, struct shared_body *body)
{
    if (body->prepared)
        return PvmOk;
    body->prepared = true;
    if (buf->length > PVMI_SHM_SHORT_MAX)
        return pvmi_shared_prepare(buf, &body->position, &body->copied);
    if (buf->first == buf->last) {
        body->bytes = buf->first == NULL ? NULL : buf->first->bytes;
    } else {
        pvmi_msgbuf_read(buf, 0, body->gathered, (size_t)buf->length);
        body->bytes = body->gathered;
    }
    return PvmOk;
}

/* The number is used up only by a message that has gone. */
static int send_body(const struct shared_body *body, struct pvmi_shm_head *head, struct pvmi_peer *peer)
{
    int rc;

    head->message = peer->send_next;
    if (body->length <= PVMI_SHM_SHORT_MAX)
        rc = pvmi_shm_send(peer->shm, head, body->bytes, (size_t)body->length);
    else
        rc = pvmi_shm_lend(peer->shm, head, body->position, body->length);
    if (rc == PvmOk)
        peer->send_next = pvmi_peer_number_after(peer->send_next);
    return rc;
}

int pvmi_send_shared(const struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx,
                     int32_t *ret_others, size_t *ret_other_count)
{
    struct pvmi_shm_head head = { .tag = tag, .ctx = ctx };
    struct shared_body body;
    int rc = PvmOk;

    body.prepared = body.copied = false;
    body.position = 0;
    body.length = buf->length;
    pvmi_msgbuf_head(buf, &head);
    for (size_t i = 0; i < count && rc == PvmOk; i++) {
        struct pvmi_peer *peer = pvmi_peer_get(tids[i]);

        if (peer == NULL || !pvmi_route_shared(peer)) {
            ret_others[(*ret_other_count)++] = tids[i];
            continue;
        }
        rc = body_prepare(buf, &body);
        if (rc == PvmOk)
            rc = send_body(&body, &head, peer);
    }
    if (body.copied)
        pvmi_lend_drop(&pvmi_shared->lend, body.position);
    else if (body.position != 0)
        pvmi_shared_sent(buf);
    return rc == PvmOk ? PvmOk : no_arena_memory(buf->length);
}

int pvmi_send_shared_one(const struct pvmi_msgbuf *buf, int32_t tid, int tag, int ctx)
{
    struct pvmi_peer *peer = pvmi_peer_get(tid);
    int32_t other;
    size_t others = 0;

    if (peer == NULL || !pvmi_route_shared(peer))
        return PVMI_AGAIN;
    if (buf->length <= PVMI_SHM_SHORT_MAX && buf->first == buf->last) {
        struct pvmi_shm_head head = { .tag = tag, .ctx = ctx, .message = peer->send_next };

        pvmi_msgbuf_head(buf, &head);
        if (pvmi_shm_send(peer->shm, &head, buf->first == NULL ? NULL : buf->first->bytes,
                          (size_t)buf->length) != PvmOk)
            return no_arena_memory(buf->length);
        peer->send_next = pvmi_peer_number_after(peer->send_next);
        return PvmOk;
    }
    return pvmi_send_shared(buf, &tid, 1, tag, ctx, &other, &others);
}

bool pvmi_send_quick(int tid, int tag)
{
    struct pvmi_msgbuf *buf = pvmi_active_send_known();
    struct pvmi_peer *peer = pvmi_peer_last;
    struct pvmi_shm_head *head, longer;
    const void *bytes;

    if (buf == NULL || peer == NULL || peer->tid != tid || peer->shm == NULL || tag < 0 || buf->first != buf->last ||
        buf->length > PVMI_SHM_SHORT_MAX || pvmi_options.route == PvmDontRoute || pvmi_task.lost ||
        pvmi_call_rests || pvmi_handler_any() || !pvmi_shm_lives(peer->shm))
        return false;
    head = buf->length <= PVMI_SHM_ONE_MAX ? pvmi_shm_one_begin(peer->shm) : &longer;
    if (head == NULL)
        return false;
    head->message = peer->send_next;
    head->tag = tag;
    head->ctx = pvmmyctx;
    head->lent = 0;
    pvmi_msgbuf_head(buf, head);
    bytes = buf->first == NULL ? NULL : buf->first->bytes;
    if (head != &longer)
        pvmi_shm_one_end(peer->shm, head, bytes, (size_t)buf->length);
    else if (pvmi_shm_send(peer->shm, head, bytes, (size_t)buf->length) != PvmOk)
        return false;
    peer->send_next = pvmi_peer_number_after(peer->send_next);
    pvmi_msgbuf_seal(buf);
    buf->tag = tag;
    buf->ctx = pvmmyctx;
    buf->dst = tid;
    return true;
}
