/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/send.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/table.h"
#include "libpvm/call.h"
#include "libpvm/datatype.h"
#include "libpvm/handler.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/option.h"
#include "libpvm/peer.h"
#include "libpvm/progress.h"
#include "libpvm/route.h"
#include "libpvm/send_shared.h"
#include "libpvm/shared.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "pvmproto.h"
#include "wire/many.h"
#include "wire/tid.h"

#define NO_MEMORY_PAUSE_US 1000

/* ---- frames ---- */

static int send_fail(void)
{
    return pvmi_call_fail(PvmSysErr, pvmi_task.tid == 0 ? "this task has left the virtual machine meanwhile"
                                                        : "the daemon of this host has gone");
}

/* Waits for room. That there is no memory to read with is no reason not to write. */
static int wait_for_room(void)
{
    int rc = pvmi_progress_wait(PVMI_PROGRESS_NO_DEADLINE);

    pvmi_line_drain();
    if (rc == PvmNoMem) {
        int depth = pvmi_call_unlock();

        usleep(NO_MEMORY_PAUSE_US);
        pvmi_call_lock(depth);
        rc = PvmOk;
    }
    return rc;
}

/* While it waits another thread may leave the virtual machine, and the endpoint is no more. */
int pvmi_send_frame(struct pvmi_endpoint *ep, struct pvmi_frame *frame)
{
    int32_t me = pvmi_task.tid;
    int rc = PvmSysErr;

    while (ep != NULL && (rc = ep->tp->ops->send(ep, frame)) == PVMI_AGAIN) {
        rc = wait_for_room();
        if (rc != PvmOk || pvmi_task.tid != me) {
            rc = PvmSysErr;
            break;
        }
    }
    if (rc != PvmOk) {
        pvmi_frame_free(frame);
        return send_fail();
    }
    return PvmOk;
}

int pvmi_send_flush(struct pvmi_endpoint *ep)
{
    while (ep != NULL && ep == pvmi_task.daemon && ep->tp->ops->pending(ep)) {
        if (wait_for_room() != PvmOk)
            return send_fail();
    }
    return PvmOk;
}

/* ---- messages ---- */

/* Numbers of the messages to tids: all of them, or none. */
static int take_numbers(const int32_t *tids, size_t count, uint32_t *numbers)
{
    for (size_t i = 0; i < count; i++) {
        if (pvmi_peer_get(tids[i]) == NULL)
            return PvmNoMem;
    }
    for (size_t i = 0; i < count; i++) {
        struct pvmi_peer *peer = pvmi_peer_get(tids[i]);

        numbers[i] = peer->send_next;
        peer->send_next = pvmi_peer_number_after(peer->send_next);
    }
    return PvmOk;
}

/* The piece of buf from offset, as a blob. */
static struct pvmi_blob *read_piece(const struct pvmi_msgbuf *buf, uint64_t offset, uint32_t length)
{
    struct pvmi_blob *blob = pvmi_blob_new(length);

    if (blob != NULL && length > 0)
        pvmi_msgbuf_read(buf, offset, blob->data, length);
    return blob;
}

/* Sends one piece to one task. */
static int send_piece(struct pvmi_frame_header *header, struct pvmi_blob *blob, int32_t tid, uint32_t number)
{
    struct pvmi_frame *frame;

    header->dst = tid;
    header->message = number;
    frame = pvmi_frame_new(header, blob, 0, (uint32_t)blob->length);
    return frame == NULL ? PvmNoMem : pvmi_send_frame(pvmi_route_find(tid), frame);
}

/* Tells the receivers that the rest of the message does not come: its number is not to be waited for. */
static void send_given_up(struct pvmi_frame_header *header, const int32_t *tids, const uint32_t *numbers,
                          struct pvmi_list *spare_frames)
{
    for (size_t i = 0; !pvmi_list_empty(spare_frames); i++) {
        struct pvmi_frame *frame = PVMI_CONTAINER(spare_frames->next, struct pvmi_frame, link);

        pvmi_list_remove(&frame->link);
        frame->header.offset = header->offset > 0 ? header->offset : 1;
        frame->header.message_length = frame->header.offset;
        frame->header.dst = tids[i];
        frame->header.message = numbers[i];
        if (pvmi_send_frame(pvmi_route_find(tids[i]), frame) != PvmOk)
            return;
    }
}

/* Empty frames for send_given_up(), made while nothing has been promised yet. */
static int make_spare_frames(const struct pvmi_frame_header *header, size_t count, struct pvmi_list *spare_frames)
{
    while (count-- > 0) {
        struct pvmi_frame *frame = pvmi_frame_new(header, NULL, 0, 0);

        if (frame == NULL)
            return PvmNoMem;
        pvmi_list_push(spare_frames, &frame->link);
    }
    return PvmOk;
}

/* The same by one frame for up to PVMI_MANY_MAX of them: the daemons make one for each of it where they are. */
static int send_piece_to_many(const struct pvmi_frame_header *header, const struct pvmi_blob *blob, const int32_t *tids,
                              const uint32_t *numbers, size_t count)
{
    struct pvmi_receiver receivers[PVMI_MANY_MAX];

    for (size_t sent = 0, n; sent < count; sent += n) {
        struct pvmi_frame *frame;
        int rc;

        n = count - sent < PVMI_MANY_MAX ? count - sent : PVMI_MANY_MAX;
        for (size_t i = 0; i < n; i++)
            receivers[i] = (struct pvmi_receiver){ tids[sent + i], numbers[sent + i] };
        frame = pvmi_many_new(header, receivers, (uint32_t)n, blob->data, (uint32_t)blob->length);
        if (frame == NULL)
            return PvmNoMem;
        rc = pvmi_send_frame(pvmi_task.daemon, frame);
        if (rc != PvmOk)
            return rc;
    }
    return PvmOk;
}

/* Sends the message piece by piece; several receivers are tasks that only the daemon reaches. */
static int send_pieces(const struct pvmi_msgbuf *buf, struct pvmi_frame_header *header, const int32_t *tids,
                       const uint32_t *numbers, size_t count)
{
    uint32_t list = count == 1 ? 0 : PVMI_MANY_ENTRY * (count < PVMI_MANY_MAX ? (uint32_t)count : PVMI_MANY_MAX);
    uint32_t length_max = PVMI_FRAME_PAYLOAD_MAX - list;

    do {
        uint64_t left = header->message_length - header->offset;
        uint32_t length = left < length_max ? (uint32_t)left : length_max;
        struct pvmi_blob *blob = read_piece(buf, header->offset, length);
        int rc;

        if (blob == NULL)
            return PvmNoMem;
        rc = count == 1 ? send_piece(header, blob, tids[0], numbers[0])
                        : send_piece_to_many(header, blob, tids, numbers, count);
        pvmi_blob_unref(blob);
        if (rc != PvmOk)
            return rc;
        header->offset += length;
    } while (header->offset < header->message_length);
    return PvmOk;
}

static int no_memory(uint64_t length)
{
    return pvmi_call_fail(PvmNoMem, "no memory to send a message of %llu bytes", (unsigned long long)length);
}

/* By frames: to oneself, and through the daemon. */
static int send_numbered(struct pvmi_msgbuf *buf, const int32_t *tids, uint32_t *numbers, size_t count, int tag,
                         int ctx)
{
    struct pvmi_frame_header header;
    struct pvmi_list spare_frames;
    int rc;

    pvmi_list_init(&spare_frames);
    pvmi_msgbuf_header(buf, &header);
    header.src = pvmi_task.tid;
    header.tag = tag;
    header.ctx = ctx;
    rc = make_spare_frames(&header, count, &spare_frames);
    if (rc == PvmOk)
        rc = take_numbers(tids, count, numbers);
    if (rc == PvmOk) {
        rc = send_pieces(buf, &header, tids, numbers, count);
        if (rc == PvmNoMem)
            send_given_up(&header, tids, numbers, &spare_frames);
    }
    pvmi_frame_free_all(&spare_frames);
    if (rc == PvmNoMem)
        no_memory(header.message_length);
    return rc == PvmOk ? pvmi_send_flush(pvmi_task.daemon) : rc;
}

static int send_framed(struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx)
{
    uint32_t few[16];
    uint32_t *numbers = few;
    int rc;

    if (count > sizeof(few) / sizeof(few[0])) {
        numbers = pvmi_malloc(count * sizeof(*numbers));
        if (numbers == NULL)
            return pvmi_call_fail(PvmNoMem, "no memory for a list of %zu receivers", count);
    }
    pvmi_msgbuf_pin(buf);
    rc = send_numbered(buf, tids, numbers, count, tag, ctx);
    pvmi_msgbuf_unpin(buf);
    if (numbers != few)
        pvmi_free(numbers);
    return rc;
}

/* ---- all together ---- */

static int send_shared_many(struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx)
{
    int32_t *others = pvmi_malloc(count * sizeof(*others));
    size_t other_count = 0;
    int rc;

    if (others == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %zu receivers", count);
    rc = pvmi_send_shared(buf, tids, count, tag, ctx, others, &other_count);
    if (rc == PvmOk && other_count > 0)
        rc = send_framed(buf, others, other_count, tag, ctx);
    pvmi_free(others);
    return rc;
}

/* As in PVM 3 a task that only sends has its handlers run, too: one message for each that is sent. */
static void read_one(void)
{
    struct pvmi_msgbuf *queued;

    if (!pvmi_handler_any() || pvmi_handler_inside())
        return;
    if (pvmi_line_empty())
        pvmi_progress();
    pvmi_line_step(&queued);
}

/* Answers of plug-ins (pvmproto.h) are for the daemon, though the program sends them to the task that had asked. */
static bool is_for_daemon(int tag)
{
    return tag >= SM_FIRST && tag <= SM_LAST;
}

static int send_message(struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx, bool by_daemon)
{
    int rc = PVMI_AGAIN;

    if (count == 0)
        return PvmOk;
    read_one();
    if (pvmi_task.lost)
        return send_fail();
    pvmi_msgbuf_seal(buf);
    if (pvmi_shared != NULL && !by_daemon)
        rc = count == 1 ? pvmi_send_shared_one(buf, tids[0], tag, ctx) : send_shared_many(buf, tids, count, tag, ctx);
    return rc == PVMI_AGAIN ? send_framed(buf, tids, count, tag, ctx) : rc;
}

int pvmi_send_message(struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx)
{
    return send_message(buf, tids, count, tag, ctx, is_for_daemon(tag));
}

int pvmi_send_by_daemon(struct pvmi_msgbuf *buf, int32_t tid, int tag, int ctx)
{
    return send_message(buf, &tid, 1, tag, ctx, true);
}

/* ---- the API ---- */

bool pvmi_send_may(int tid, int msgtag)
{
    return pvmi_options.reserved != 0 || (pvmi_tid_may_be_task(tid) && msgtag >= 0);
}

static int check_destination(int tid, int msgtag)
{
    if (pvmi_send_may(tid, msgtag))
        return PvmOk;
    if (msgtag < 0)
        return pvmi_call_fail(PvmBadParam, "message tag %d is negative", msgtag);
    return pvmi_call_fail(PvmBadParam, "0x%x is not the tid of a task", (unsigned)tid);
}

static int send_active(int tid, int msgtag)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk && tid != PVM_TRACE_TID)
        rc = check_destination(tid, msgtag);
    if (rc != PvmOk)
        return rc;
    buf = pvmi_active_send_buf();
    if (buf == NULL)
        return pvmi_call_fail(PvmNoBuf, "no active send buffer: call pvm_initsend() first");
    if (tid == PVM_TRACE_TID)
        return pvmi_trace_user_send(buf, msgtag);
    buf->tag = msgtag;
    buf->ctx = pvmmyctx;
    buf->dst = tid;
    return pvmi_send_message(buf, &tid, 1, msgtag, pvmmyctx);
}

/* The length of what will be sent, for the trace. */
static int active_length(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_send_buf();

    return buf == NULL ? -1 : (int)pvmi_msgbuf_xdr_length(buf);
}

int pvm_send(int tid, int msgtag)
{
    if (pvmi_call_alone() && !pvmi_trace_on && pvmi_send_quick(tid, msgtag))
        return PvmOk;
    pvmi_call_enter();
    pvmi_trace_enter(TEV_SEND, active_length(), tid, msgtag, pvmmyctx);
    return pvmi_call_leave("pvm_send", send_active(tid, msgtag));
}

/* The different ones of tids in their order, without the own one. Returns how many. */
static size_t different_tids(const int *tids, int ntask, int32_t *ret_tids, struct pvmi_table *seen)
{
    size_t count = 0;

    for (int i = 0; i < ntask; i++) {
        if (tids[i] == pvmi_task.tid || pvmi_table_get(seen, (uint32_t)tids[i]) != NULL)
            continue;
        if (pvmi_table_set(seen, (uint32_t)tids[i], seen) != PvmOk)
            return SIZE_MAX;
        ret_tids[count++] = tids[i];
    }
    return count;
}

static int mcast_to(struct pvmi_msgbuf *buf, const int *tids, int ntask, int msgtag)
{
    int32_t *receivers = pvmi_malloc((size_t)ntask * sizeof(*receivers));
    struct pvmi_table seen;
    size_t count;
    int rc;

    if (receivers == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %d receivers", ntask);
    pvmi_table_init(&seen);
    count = different_tids(tids, ntask, receivers, &seen);
    pvmi_table_fini(&seen);
    rc = PvmOk;
    if (count == SIZE_MAX) {
        rc = pvmi_call_fail(PvmNoMem, "no memory for a list of %d receivers", ntask);
    } else if (count > 0) {    /* what goes to nobody keeps its tag */
        buf->tag = msgtag;
        buf->ctx = pvmmyctx;
        rc = pvmi_send_message(buf, receivers, count, msgtag, pvmmyctx);
    }
    pvmi_free(receivers);
    return rc;
}

int pvmi_send_active(const int *tids, int ntask, int msgtag)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_task_enroll();

    if (rc != PvmOk)
        return rc;
    buf = pvmi_active_send_buf();
    if (buf == NULL)
        return pvmi_call_fail(PvmNoBuf, "no active send buffer: call pvm_initsend() first");
    if (ntask < 0)
        return pvmi_call_fail(PvmBadParam, "a list of %d tids", ntask);
    if (ntask > 0 && tids == NULL)
        return pvmi_call_fail(PvmBadParam, "the list of tids is NULL");
    if (msgtag < 0 && pvmi_options.reserved == 0)
        return pvmi_call_fail(PvmBadParam, "message tag %d is negative", msgtag);
    for (int i = 0; i < ntask; i++) {
        rc = check_destination(tids[i], msgtag);
        if (rc != PvmOk)
            return rc;
    }
    return ntask == 0 ? PvmOk : mcast_to(buf, tids, ntask, msgtag);
}

int pvm_mcast(int *tids, int ntask, int msgtag)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_MCAST, active_length(), msgtag, pvmmyctx, ntask, tids);
    return pvmi_call_leave("pvm_mcast", pvmi_send_active(tids, ntask, msgtag));
}

/* The data are only pointed to: they have left when the send returns. */
static int send_data(int tid, int msgtag, const void *data, int len, const struct pvmi_datatype *type)
{
    struct pvmi_msgbuf *buf;
    int32_t receiver = tid;
    int rc = pvmi_msgbuf_new(PvmDataInPlace, &buf);

    if (rc != PvmOk)
        return rc;
    buf->raw_type = type->type;
    if (len > 0)
        rc = pvmi_pack_items(buf, type->type, data, type->size, len, 1);
    if (rc == PvmOk)
        rc = pvmi_send_message(buf, &receiver, 1, msgtag, pvmmyctx);
    pvmi_msgbuf_free(buf);
    return rc;
}

static int psend_to(int tid, int msgtag, const void *data, int len, const struct pvmi_datatype *type)
{
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = check_destination(tid, msgtag);
    return rc == PvmOk ? send_data(tid, msgtag, data, len, type) : rc;
}

static int psend(int tid, int msgtag, const void *data, int len, int datatype)
{
    struct pvmi_datatype type;
    int rc = pvmi_datatype_find(datatype, &type);

    if (rc != PvmOk)
        return rc;
    if (len > 0 && data == NULL)
        return pvmi_call_fail(PvmBadParam, "the data are NULL");
    if (len < 0)
        pvm_pkbyte(data, len, 1);    /* as in PVM 3 an error line, and an empty message all the same */
    pvmi_call_enter();
    return pvmi_call_leave("pvm_send", psend_to(tid, msgtag, data, len, &type));
}

int pvm_psend(int tid, int msgtag, const void *buf, int len, int datatype)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_PSEND, tid, msgtag, pvmmyctx, buf, len, datatype);
    return pvmi_call_leave("pvm_psend", psend(tid, msgtag, buf, len, datatype));
}
