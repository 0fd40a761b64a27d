/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies on their way: up from a task's daemon to the orderer with what is to be put, down from there to a
 * reader. One that fits goes in one control message. A longer one goes in pieces on the bulk channel, in turn
 * with the messages of tasks, so that no heartbeat waits for it; and only a few pieces are made ahead, so that
 * many readers of a large entry cost no more than its one copy.
 */
#include "pvmd/core/mailbox_transfer.h"

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/link.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/request.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

#define TRANSFER_WAITING_MAX 32    /* pieces of one body that wait for their link */

struct mailbox_transfer {
    struct pvmi_list link;    /* in core.mailbox_transfers */
    int32_t tid;              /* whose put, or whose reading */
    struct asker to;          /* down: who asked */
    uint32_t request;         /* up: the open one */
    struct pvmi_blob *body;
    size_t at;                /* what has gone */
    char *name;               /* up: that of the class, which put points to */
    struct pvmi_msg_mailbox put;
    struct pvmi_msg_mailbox_found found;
};

int32_t mailbox_transfer_key(int32_t tid)
{
    return tid | PVMI_TID_PVMD;
}

static void transfer_free(struct mailbox_transfer *transfer)
{
    pvmi_list_remove(&transfer->link);
    pvmi_blob_unref(transfer->body);
    pvmi_free(transfer->name);
    pvmi_free(transfer);
}

static struct mailbox_transfer *transfer_new(struct core *core, int32_t tid, struct pvmi_blob *body)
{
    struct mailbox_transfer *transfer = core_alloc(core, sizeof(*transfer));

    if (transfer == NULL)
        return NULL;
    transfer->tid = tid;
    transfer->body = pvmi_blob_ref(body);
    pvmi_list_push(&core->mailbox_transfers, &transfer->link);
    return transfer;
}

/* ---- pieces ---- */

static void piece_to_peer(struct core *core, struct peer *peer, int32_t tid, int type, const void *msg)
{
    struct pvmi_frame *frame;
    int rc = control_frame(core, type, msg, &frame);

    if (rc != PvmOk) {
        core_out_of_memory(core);
        return;
    }
    flow_push(core, peer, mailbox_transfer_key(tid), frame);
    peer_wake_at(core, peer, core->now_ms);
}

/* Sends the next piece of it. */
static void transfer_piece(struct core *core, struct mailbox_transfer *transfer, struct peer *peer)
{
    size_t left = transfer->body->length - transfer->at;
    uint32_t length = left < PVMI_MAILBOX_PIECE ? (uint32_t)left : PVMI_MAILBOX_PIECE;
    struct pvmi_bytes bytes = { .data = transfer->body->data + transfer->at, .length = length };
    bool last = length == left;

    transfer->at += length;
    if (transfer->request != 0) {
        struct pvmi_msg_mailbox put = transfer->put;

        put.body = bytes;
        put.op = last ? put.op : PVMI_MAILBOX_PIECE_OF;
        piece_to_peer(core, peer, transfer->tid, PVMI_MSG_mailbox, &put);
        return;
    }
    struct pvmi_msg_mailbox_found found = transfer->found;
    found.body = bytes;
    found.more = !last;
    found.id = transfer->to.id;
    if (peer != NULL)
        piece_to_peer(core, peer, transfer->tid, PVMI_MSG_mailbox_found, &found);
    else
        asker_send(core, &transfer->to, PVMI_MSG_mailbox_found, &found);
}

/* The peer that it goes to; NULL for a reader of this host. */
static struct peer *transfer_peer(struct core *core, const struct mailbox_transfer *transfer)
{
    return transfer->request != 0              ? peer_orderer(core)
           : transfer->to.kind == ASKER_HOST ? peer_find(core, transfer->to.host)
                                             : NULL;
}

/* A reader of this host takes it as fast as its link does. */
static bool reader_has_room(struct core *core, const struct mailbox_transfer *transfer, int burst)
{
    const struct task *task = task_find(core, transfer->tid);

    if (task == NULL || task->link == NULL)
        return true;    /* it goes nowhere */
    if (burst >= TRANSFER_WAITING_MAX) {
        core_wake_at(core, core->now_ms);    /* io gets the chance to say "congested" */
        return false;
    }
    return !task->link->congested;
}

static void transfer_go(struct core *core, struct mailbox_transfer *transfer)
{
    struct peer *peer = transfer_peer(core, transfer);
    int waiting = peer != NULL ? flow_waiting(peer, mailbox_transfer_key(transfer->tid), TRANSFER_WAITING_MAX) : 0;

    for (int burst = 0; !core->stopped && transfer->at < transfer->body->length; burst++) {
        if (peer != NULL ? waiting + burst >= TRANSFER_WAITING_MAX : !reader_has_room(core, transfer, burst))
            return;
        transfer_piece(core, transfer, peer);
    }
    if (transfer->at == transfer->body->length)
        transfer_free(transfer);
}

void mailbox_transfer_pump(struct core *core)
{
    PVMI_LIST_EACH(node, &core->mailbox_transfers)
        transfer_go(core, PVMI_CONTAINER(node, struct mailbox_transfer, link));
}

/* ---- beginning and end ---- */

static void up_fail(struct core *core, struct request *request)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "no memory for the request");
    request_cancel(core, request->id, &fault);
}

void mailbox_transfer_up(struct core *core, struct request *request, const struct pvmi_msg_mailbox *msg,
                         struct pvmi_blob *body)
{
    struct pvmi_msg_mailbox put = *msg;
    struct mailbox_transfer *transfer;

    put.body = (struct pvmi_bytes){ .data = body->data, .length = (uint32_t)body->length };
    if (body->length <= PVMI_MAILBOX_PIECE || core_is_orderer(core)) {
        request_post(core, request, PVMI_MSG_mailbox, &put);
        return;
    }
    transfer = transfer_new(core, msg->tid, body);
    if (transfer != NULL)
        transfer->name = core_strdup(core, msg->name);
    if (transfer == NULL || transfer->name == NULL) {
        if (transfer != NULL)
            transfer_free(transfer);
        up_fail(core, request);
        return;
    }
    transfer->request = request->id;
    transfer->put = put;
    transfer->put.id = request->id;
    transfer->put.name = transfer->name;
}

void mailbox_transfer_down(struct core *core, const struct asker *asker, int32_t tid,
                           const struct pvmi_msg_mailbox_found *found, struct pvmi_blob *body)
{
    struct pvmi_msg_mailbox_found whole = *found;
    struct mailbox_transfer *transfer;

    if (body->length <= PVMI_MAILBOX_PIECE) {
        whole.body = (struct pvmi_bytes){ .data = body->data, .length = (uint32_t)body->length };
        asker_send(core, asker, PVMI_MSG_mailbox_found, &whole);
        return;
    }
    transfer = transfer_new(core, tid, body);
    if (transfer == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory for the request");
        return;
    }
    transfer->to = *asker;
    transfer->found = *found;
}

void mailbox_transfers_forget(struct core *core, int32_t tid, int host)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmNoTask, core->self->rec.name, "the task has ended");
    PVMI_LIST_EACH(node, &core->mailbox_transfers) {
        struct mailbox_transfer *transfer = PVMI_CONTAINER(node, struct mailbox_transfer, link);

        if (tid != 0 ? transfer->tid != tid : transfer->to.kind != ASKER_HOST || transfer->to.host != host)
            continue;
        uint32_t request = transfer->request;
        struct asker to = transfer->to;

        transfer_free(transfer);
        if (request != 0)
            request_cancel(core, request, &fault);
        else if (tid != 0)
            asker_fail(core, &to, PvmNoTask, "the task has ended");    /* its daemon keeps the request open */
    }
}

void mailbox_transfers_free(struct core *core)
{
    PVMI_LIST_EACH(node, &core->mailbox_transfers)
        transfer_free(PVMI_CONTAINER(node, struct mailbox_transfer, link));
}
