/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies that come in pieces: from a task to its daemon, from there to the orderer. Each is put together under
 * who asks and the request's id. What cannot be taken is not answered at once: the sender is still sending; the
 * request itself, with the last piece, is told.
 */
#include "pvmd/core/mailbox_body.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/state_hosts.h"

#define MAILBOX_BYTES_MAX (1024u * 1024 * 1024)    /* of all bodies, at the orderer */

struct mailbox_body {
    struct pvmi_list link;    /* in core.mailbox_bodies */
    struct asker asker;
    int32_t tid;
    struct pvmi_blob *blob;
    size_t have;
};

static struct mailbox_body *body_find(struct core *core, const struct asker *asker)
{
    PVMI_LIST_EACH(node, &core->mailbox_bodies) {
        struct mailbox_body *body = PVMI_CONTAINER(node, struct mailbox_body, link);

        if (body->asker.kind == asker->kind && body->asker.link == asker->link &&
            body->asker.host == asker->host && body->asker.incarnation == asker->incarnation &&
            body->asker.id == asker->id)
            return body;
    }
    return NULL;
}

/* Takes it out; its blob is the caller's. */
static struct pvmi_blob *body_end(struct core *core, struct mailbox_body *body)
{
    struct pvmi_blob *blob = body->blob;

    pvmi_list_remove(&body->link);
    core->mailbox_bodies_bytes -= blob->length;
    pvmi_free(body);
    return blob;
}

/* What entries and bodies on their way may still take. */
static uint64_t bytes_free(const struct core *core)
{
    return MAILBOX_BYTES_MAX - core->state.mailbox.body_bytes - core->mailbox_bodies_bytes;
}

/* No reserve is given for a body: without memory for it the request is refused. */
static struct mailbox_body *body_begin(struct core *core, const struct asker *asker,
                                       const struct pvmi_msg_mailbox *msg)
{
    uint64_t length = msg->message.length;
    struct mailbox_body *body;

    if (length > PVMI_MAILBOX_ENTRY_MAX || length > bytes_free(core))
        return NULL;
    body = pvmi_calloc(1, sizeof(*body));
    if (body == NULL)
        return NULL;
    body->blob = pvmi_blob_new((size_t)length);
    if (body->blob == NULL) {
        pvmi_free(body);
        return NULL;
    }
    body->asker = *asker;
    body->tid = msg->tid;
    core->mailbox_bodies_bytes += length;
    pvmi_list_push(&core->mailbox_bodies, &body->link);
    return body;
}

void mailbox_body_piece(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg)
{
    struct mailbox_body *body = body_find(core, asker);

    if (body == NULL)
        body = body_begin(core, asker, msg);
    if (body == NULL)
        return;
    if (msg->message.length != body->blob->length || msg->body.length > body->blob->length - body->have) {
        pvmi_blob_unref(body_end(core, body));
        return;
    }
    memcpy(body->blob->data + body->have, msg->body.data, msg->body.length);
    body->have += msg->body.length;
}

static struct pvmi_blob *body_fail(struct core *core, struct pvmi_fault *fault, uint64_t length)
{
    if (length > PVMI_MAILBOX_ENTRY_MAX)
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name,
                       "a message of %llu bytes is too long for the mailbox: an entry may have %u MiB",
                       (unsigned long long)length, PVMI_MAILBOX_ENTRY_MAX >> 20);
    else if (length > bytes_free(core))
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name,
                       "no room for a message of %llu bytes: all entries of the mailbox may have %u MiB, and %llu "
                       "bytes are in use",
                       (unsigned long long)length, MAILBOX_BYTES_MAX >> 20,
                       (unsigned long long)(MAILBOX_BYTES_MAX - bytes_free(core)));
    else
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name, "no memory for a message of %llu bytes",
                       (unsigned long long)length);
    return NULL;
}

struct pvmi_blob *mailbox_body_whole(struct core *core, const struct asker *asker,
                                     const struct pvmi_msg_mailbox *msg, struct pvmi_fault *fault)
{
    struct mailbox_body *body;
    struct pvmi_blob *blob;

    if (msg->body.length >= msg->message.length || body_find(core, asker) != NULL)
        mailbox_body_piece(core, asker, msg);
    body = body_find(core, asker);
    if (body == NULL)
        return body_fail(core, fault, msg->message.length);
    bool whole = body->have == body->blob->length;
    blob = body_end(core, body);
    if (whole)
        return blob;
    pvmi_blob_unref(blob);
    return body_fail(core, fault, msg->message.length);
}

void mailbox_bodies_forget(struct core *core, int32_t tid, int host)
{
    PVMI_LIST_EACH(node, &core->mailbox_bodies) {
        struct mailbox_body *body = PVMI_CONTAINER(node, struct mailbox_body, link);

        if (tid != 0 ? body->tid == tid : body->asker.kind == ASKER_HOST && body->asker.host == host)
            pvmi_blob_unref(body_end(core, body));
    }
}

void mailbox_bodies_free(struct core *core)
{
    PVMI_LIST_EACH(node, &core->mailbox_bodies)
        pvmi_blob_unref(body_end(core, PVMI_CONTAINER(node, struct mailbox_body, link)));
}
