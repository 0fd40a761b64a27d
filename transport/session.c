/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/session.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

void pvmi_session_init(struct pvmi_session *session)
{
    memset(session, 0, sizeof(*session));
    session->out_next = 1;
    session->in_next = 1;
    pvmi_list_init(&session->kept);
    session->unsent = &session->kept;
}

void pvmi_session_fini(struct pvmi_session *session)
{
    pvmi_frame_free_all(&session->kept);
    pvmi_session_init(session);
}

static struct pvmi_frame *session_frame(struct pvmi_list *node)
{
    return PVMI_CONTAINER(node, struct pvmi_frame, link);
}

/* Number of the first frame that the peer has not acknowledged, or of the next one pushed. */
static uint64_t session_oldest(const struct pvmi_session *session)
{
    if (pvmi_list_empty(&session->kept))
        return session->out_next;
    return session_frame(session->kept.next)->header.number;
}

/* All that came is acknowledged by what goes out now. */
static uint64_t session_take_ack(struct pvmi_session *session)
{
    session->in_acked = session->in_next - 1;
    session->in_bytes = 0;
    return session->in_acked;
}

void pvmi_session_push(struct pvmi_session *session, struct pvmi_frame *frame)
{
    frame->header.number = session->out_next++;
    pvmi_list_push(&session->kept, &frame->link);
    if (session->unsent == &session->kept)
        session->unsent = &frame->link;
    session->kept_bytes += frame->header.length;
    session->unsent_bytes += frame->header.length;
}

void pvmi_session_attach(struct pvmi_session *session, struct pvmi_frame_header *ret_resume)
{
    session->attached = true;
    session->resumed = false;
    memset(ret_resume, 0, sizeof(*ret_resume));
    ret_resume->kind = PVMI_FRAME_RESUME;
    ret_resume->number = session->in_next;
    ret_resume->ack = session_take_ack(session);
}

void pvmi_session_detach(struct pvmi_session *session)
{
    session->attached = false;
    session->resumed = false;
}

/* Frees the frames up to number ack. */
static void session_drop(struct pvmi_session *session, uint64_t ack)
{
    while (session_oldest(session) <= ack && !pvmi_list_empty(&session->kept)) {
        struct pvmi_frame *frame = session_frame(session->kept.next);

        /* It can be acknowledged over a connection on which it has not been sent again yet. */
        if (session->unsent == &frame->link) {
            session->unsent = frame->link.next;
            session->unsent_bytes -= frame->header.length;
        }
        session->kept_bytes -= frame->header.length;
        pvmi_frame_free(frame);
    }
}

int pvmi_session_on_resume(struct pvmi_session *session, uint64_t next)
{
    assert(session->attached);
    if (session->resumed || next == 0 || next > session->out_sent + 1)
        return PvmBadMsg;
    if (next < session_oldest(session))
        return PVMI_CLOSED;

    session_drop(session, next - 1);
    session->unsent = session->kept.next;
    session->unsent_bytes = session->kept_bytes;
    session->resumed = true;
    return PvmOk;
}

int pvmi_session_next(struct pvmi_session *session, struct pvmi_frame **ret_frame)
{
    struct pvmi_frame *clone;

    if (!session->resumed || session->unsent == &session->kept)
        return PVMI_AGAIN;
    clone = pvmi_frame_clone(session_frame(session->unsent));
    if (clone == NULL)
        return PvmNoMem;

    clone->header.ack = session_take_ack(session);
    session->unsent = session->unsent->next;
    session->unsent_bytes -= clone->header.length;
    if (clone->header.number > session->out_sent)
        session->out_sent = clone->header.number;
    *ret_frame = clone;
    return PvmOk;
}

int pvmi_session_on_ack(struct pvmi_session *session, uint64_t ack)
{
    if (ack > session->out_sent)
        return PvmBadMsg;
    session_drop(session, ack);
    return PvmOk;
}

enum pvmi_session_verdict pvmi_session_arrive(struct pvmi_session *session,
                                              const struct pvmi_frame_header *header)
{
    if (!session->resumed || header->number == 0 || header->number > session->in_next)
        return PVMI_SESSION_GAP;
    if (header->number < session->in_next)
        return PVMI_SESSION_DOUBLE;
    session->in_next++;
    session->in_bytes += header->length;
    return PVMI_SESSION_NEW;
}

bool pvmi_session_ack_due(const struct pvmi_session *session, bool any)
{
    uint64_t count = session->in_next - 1 - session->in_acked;

    if (!session->resumed)
        return false;
    if (any)
        return count > 0;
    return count >= PVMI_SESSION_ACK_FRAMES || session->in_bytes >= PVMI_SESSION_ACK_BYTES;
}

void pvmi_session_ack(struct pvmi_session *session, struct pvmi_frame_header *ret_ack)
{
    memset(ret_ack, 0, sizeof(*ret_ack));
    ret_ack->kind = PVMI_FRAME_ACK;
    ret_ack->ack = session_take_ack(session);
}
