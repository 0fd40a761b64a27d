/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox: messages under a name and an index, kept by the virtual machine. */
#include "libpvm/mailbox.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/msgbuf.h"
#include "libpvm/recv.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/section.h"

static int check_name(const char *name)
{
    if (name == NULL || name[0] == '\0')
        return pvmi_call_fail(PvmBadParam, "a class of the mailbox has a name");
    if (strlen(name) > PVMI_CONTROL_STRING_MAX)
        return pvmi_call_fail(PvmBadParam, "the name of a class may have %u bytes", PVMI_CONTROL_STRING_MAX);
    return PvmOk;
}

static int check_index(const char *name, int index, int lowest)
{
    int rc = check_name(name);

    if (rc == PvmOk && index < lowest)
        rc = pvmi_call_fail(PvmBadParam, "%d is no index in the mailbox", index);
    return rc == PvmOk ? pvmi_task_enroll() : rc;
}

/* ---- putting ---- */

/* Sends the body behind what msg says of it, in pieces; the last one with the request. */
static int put_body(struct pvmi_msg_mailbox *msg, const struct pvmi_msgbuf *buf)
{
    size_t room = buf->length < PVMI_MAILBOX_PIECE ? (size_t)buf->length : PVMI_MAILBOX_PIECE;
    uint8_t *bytes = pvmi_malloc(room + 1);
    int op = msg->op;
    uint64_t offset = 0;
    int rc = PvmOk;

    if (bytes == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory to send a message to the mailbox");
    pvmi_request_begin(msg);
    while (rc == PvmOk && buf->length - offset > PVMI_MAILBOX_PIECE) {
        pvmi_msgbuf_read(buf, offset, bytes, room);
        msg->body = (struct pvmi_bytes){ .data = bytes, .length = (uint32_t)room };
        msg->op = PVMI_MAILBOX_PIECE_OF;
        rc = pvmi_request_piece(msg);
        offset += room;
    }
    if (rc == PvmOk) {
        pvmi_msgbuf_read(buf, offset, bytes, (size_t)(buf->length - offset));
        msg->body = (struct pvmi_bytes){ .data = bytes, .length = (uint32_t)(buf->length - offset) };
        msg->op = op;
        rc = pvmi_request_finish(msg);
    }
    pvmi_free(bytes);
    return rc;
}

static int put_buffer(int op, const char *name, int index, int flags, struct pvmi_msgbuf *buf)
{
    struct pvmi_frame_header header;
    struct pvmi_msg_mailbox msg = { .op = op, .name = name, .index = index, .flags = flags };
    int rc;

    if (buf->length > PVMI_MAILBOX_ENTRY_MAX)
        return pvmi_call_fail(PvmNoMem,
                              "a message of %llu bytes is too long for the mailbox: an entry may have %u MiB",
                              (unsigned long long)buf->length, PVMI_MAILBOX_ENTRY_MAX >> 20);
    pvmi_msgbuf_seal(buf);
    pvmi_msgbuf_header(buf, &header);
    msg.message = (struct pvmi_rec_message){
        .encoding = header.encoding, .format = header.format, .type = header.flags, .tag = buf->tag,
        .ctx = buf->ctx, .src = buf->src != 0 ? buf->src : pvmi_task.tid, .dst = buf->dst, .wid = buf->wid,
        .length = buf->length,
    };
    pvmi_msgbuf_pin(buf);    /* other threads go on while it waits */
    rc = put_body(&msg, buf);
    pvmi_msgbuf_unpin(buf);
    return rc;
}

static int put_info(const char *name, int bufid, int flags)
{
    int index = (int)PvmMboxDirectIndexOf(flags);
    struct pvmi_msgbuf *buf;
    int rc = check_name(name);

    if (rc == PvmOk && bufid <= 0)
        rc = pvmi_call_fail(PvmBadParam, "%d is no message buffer", bufid);
    if (rc == PvmOk)
        rc = pvmi_task_enroll();
    if (rc != PvmOk)
        return rc;
    buf = pvmi_msgbuf_find(bufid);
    if (buf == NULL)
        return pvmi_call_fail(PvmNoSuchBuf, "there is no message buffer %d", bufid);
    return put_buffer(PVMI_MAILBOX_PUT, name, index, flags, buf);
}

/* What programs ask for to learn whether it is there is not reported, as in PVM 3. */
static int leave_put(const char *function, int rc)
{
    if (rc == PvmDenied || rc == PvmExists)
        return pvmi_call_leave_quiet(rc);
    return pvmi_call_leave(function, rc);
}

static int leave_find(const char *function, int rc)
{
    return rc == PvmNotFound ? pvmi_call_leave_quiet(rc) : pvmi_call_leave(function, rc);
}

int pvm_putinfo(const char *name, int bufid, int flags)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_PUTINFO, name, -1, flags, bufid);
    return leave_put("pvm_putinfo", put_info(name, bufid, flags));
}

int pvmi_mailbox_put(const char *name, int flags, struct pvmi_msgbuf *buf)
{
    return put_buffer(PVMI_MAILBOX_PUT, name, 0, flags, buf);
}

int pvmi_mailbox_mark(const char *name)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_msgbuf_new(PvmDataDefault, &buf);

    if (rc != PvmOk)
        return pvmi_call_fail(rc, "no memory for a message");
    rc = put_buffer(PVMI_MAILBOX_PUT, name, 0, PvmMboxMultiInstance, buf);
    pvmi_msgbuf_free(buf);
    return rc;
}

static int insert(const char *name, int index, int data)
{
    struct pvmi_msgbuf *buf;
    int rc = check_index(name, index, -1);

    if (rc != PvmOk)
        return rc;
    rc = pvmi_msgbuf_new(PvmDataDefault, &buf);
    if (rc != PvmOk)
        return pvmi_call_fail(rc, "no memory for a message");
    rc = pvmi_pack_items(buf, PVMI_TYPE_INT32, &data, sizeof(data), 1, 1);
    if (rc == PvmOk)
        rc = put_buffer(PVMI_MAILBOX_INSERT, name, index, PvmMboxPersistent | PvmMboxMultiInstance, buf);
    pvmi_msgbuf_free(buf);
    return rc;
}

int pvm_insert(const char *name, int index, int data)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_INSERT, name, index, data);
    return leave_put("pvm_insert", insert(name, index, data));
}

/* ---- reading ---- */

/* A message that comes in pieces. */
struct reading {
    struct pvmi_msgbuf *buf;
    uint64_t left;    /* bytes that have not come */
    int rc;           /* what spoiled it; the rest is let go by */
};

static int reading_begin(struct reading *reading, const struct pvmi_rec_message *message)
{
    struct pvmi_frame_header header = {
        .encoding = (uint8_t)message->encoding, .format = (uint8_t)message->format, .tag = message->tag,
        .ctx = message->ctx, .src = message->src, .dst = message->dst, .wid = message->wid,
        .message_length = message->length,
    };

    if (message->length > PVMI_MAILBOX_ENTRY_MAX)
        return PvmBadMsg;
    if (header.encoding == PVMI_ENCODING_RAW && message->type > 0 && message->type <= PVMI_TYPE_MAX)
        header.flags = (uint8_t)message->type;
    reading->left = message->length;
    return pvmi_msgbuf_arriving(&header, &reading->buf);
}

static void reading_take(struct reading *reading, const struct pvmi_msg_mailbox_found *found)
{
    if (reading->rc == PvmOk && reading->buf == NULL)
        reading->rc = reading_begin(reading, &found->message);
    if (reading->rc == PvmOk && (found->body.length > PVMI_MAILBOX_PIECE || found->body.length > reading->left))
        reading->rc = PvmBadMsg;
    if (reading->rc == PvmOk && found->body.length > 0)
        reading->rc = pvmi_msgbuf_fill(reading->buf, found->body.data, found->body.length, reading->left);
    if (reading->rc == PvmOk)
        reading->left -= found->body.length;
}

static void on_piece(void *user, const struct pvmi_control *report)
{
    if (report->type == PVMI_MSG_mailbox_found)
        reading_take(user, report->msg);
}

int pvmi_mailbox_read(const char *name, int index, int flags, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_GET, .name = name, .index = index, .flags = flags };
    struct reading reading = { .buf = NULL };
    struct pvmi_control answer;
    int rc = pvmi_request_find(&msg, on_piece, &reading, &answer);

    if (rc == PvmOk) {
        const struct pvmi_msg_mailbox_found *found = answer.msg;

        index = found->index;
        reading_take(&reading, found);
        pvmi_control_free(&answer);
        rc = reading.rc;
        if (rc == PvmOk && reading.left != 0)
            rc = PvmBadMsg;
        if (rc != PvmOk)
            pvmi_call_fail(rc, rc == PvmNoMem ? "no memory for what was in the mailbox"
                                              : "what came from the mailbox is damaged");
    }
    if (rc != PvmOk) {
        pvmi_msgbuf_free(reading.buf);
        return rc;
    }
    *ret_buf = reading.buf;
    return index;
}

static int receive_info(const char *name, int index, int flags)
{
    struct pvmi_msgbuf *buf;
    int rc = check_index(name, index, 0);

    if (rc != PvmOk)
        return rc;
    pvmi_recv_drop_active();
    rc = pvmi_mailbox_read(name, index, flags, &buf);
    if (rc < 0)
        return rc;
    rc = pvmi_msgbuf_publish(buf);
    if (rc != PvmOk) {
        pvmi_msgbuf_free(buf);
        return pvmi_call_fail(rc, "no memory for one more message buffer");
    }
    pvmi_msgbuf_rewind(buf);
    pvmi_active_set_receive(buf->id);
    return buf->id;
}

int pvm_recvinfo(const char *name, int index, int flags)
{
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETINFO, name, index, flags);
    rc = receive_info(name, index, flags);
    pvmi_trace_result(rc > 0 ? PvmOk : rc, rc > 0 ? rc : -1);
    return leave_find("pvm_recvinfo", rc);
}

static int lookup(const char *name, int index, int *data)
{
    struct pvmi_msgbuf *buf;
    int value;
    int found;
    int rc = check_index(name, index, -1);

    if (rc != PvmOk)
        return rc;
    found = pvmi_mailbox_read(name, index < 0 ? 0 : index, index < 0 ? PvmMboxFirstAvail : PvmMboxDefault, &buf);
    if (found < 0)
        return found;
    pvmi_msgbuf_rewind(buf);
    if (data != NULL) {
        rc = pvmi_unpack_items(buf, PVMI_TYPE_INT32, &value, sizeof(value), 1, 1);
        if (rc == PvmOk)
            *data = value;
    }
    pvmi_msgbuf_free(buf);
    return rc == PvmOk ? found : rc;
}

int pvm_lookup(const char *name, int index, int *data)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_LOOKUP, name, index);
    return leave_find("pvm_lookup", lookup(name, index, data));
}

/* ---- deleting ---- */

int pvmi_mailbox_delete(const char *name, int index)
{
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_DELETE, .name = name, .index = index };
    int rc = check_index(name, index, 0);

    return rc == PvmOk ? pvmi_request_value(PVMI_MSG_mailbox, &msg) : rc;
}

int pvm_delinfo(const char *name, int index, int flags)
{
    int rc;

    (void)flags;    /* PVM 3 has no use for them either */
    pvmi_call_enter();
    pvmi_trace_enter(TEV_DELINFO, name, index, flags);
    rc = pvmi_mailbox_delete(name, index);
    return rc == PvmNotFound ? pvmi_call_leave_quiet(rc) : leave_put("pvm_delinfo", rc);
}

int pvm_delete(const char *name, int index)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_DELETE, name, index);
    return leave_find("pvm_delete", pvmi_mailbox_delete(name, index));
}

/* ---- what is there ---- */

/* Where a block is being filled: classes, then the numbers of entries, then names. */
struct listing {
    struct pvmmboxinfo *classes;
    int *numbers;
    char *text;
};

static bool same_class(const struct pvmi_msg_mailbox_found *found, uint32_t i)
{
    return i > 0 && strcmp(found->entries.v[i - 1].name, found->entries.v[i].name) == 0;
}

/* Adds the class that begins with entry first. Returns the first entry behind it. */
static uint32_t list_class(struct listing *listing, const struct pvmi_msg_mailbox_found *found, uint32_t first)
{
    struct pvmmboxinfo *class = listing->classes++;
    uint32_t end = first + 1;
    int count;

    while (end < found->entries.n && same_class(found, end))
        end++;
    count = (int)(end - first);
    class->mi_nentries = count;
    class->mi_name = listing->text;
    class->mi_indices = listing->numbers;
    class->mi_owners = listing->numbers + count;
    class->mi_flags = listing->numbers + 2 * (size_t)count;
    listing->numbers += 3 * (size_t)count;
    listing->text = stpcpy(listing->text, found->entries.v[first].name) + 1;
    for (int i = 0; i < count; i++) {
        const struct pvmi_rec_entry *entry = &found->entries.v[first + (uint32_t)i];

        class->mi_indices[i] = entry->index;
        class->mi_owners[i] = entry->owner;
        class->mi_flags[i] = entry->flags;
    }
    return end;
}

static int list_copy(const struct pvmi_msg_mailbox_found *found, int *ret_count, struct pvmmboxinfo **ret_classes)
{
    struct listing listing;
    struct pvmmboxinfo *classes;
    size_t text = 0;
    int count = 0;

    for (uint32_t i = 0; i < found->entries.n; i++) {
        if (found->entries.v[i].name == NULL)
            return pvmi_call_fail(PvmBadMsg, "an entry of the mailbox has no name");
        if (same_class(found, i))
            continue;
        text += strlen(found->entries.v[i].name) + 1;
        count++;
    }
    classes = pvmi_malloc((size_t)(count + 1) * sizeof(*classes) + 3 * sizeof(int) * found->entries.n + text);
    if (classes == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %u entries", found->entries.n);
    listing.classes = classes;
    listing.numbers = (int *)(classes + count + 1);
    listing.text = (char *)(listing.numbers + 3 * (size_t)found->entries.n);
    for (uint32_t i = 0; i < found->entries.n;)
        i = list_class(&listing, found, i);
    *ret_count = count;
    *ret_classes = classes;
    return PvmOk;
}

int pvmi_mailbox_list(const char *pattern, int *ret_count, struct pvmmboxinfo **ret_classes)
{
    struct pvmi_msg_mailbox msg = { .op = PVMI_MAILBOX_LIST, .name = pattern };
    struct pvmi_control answer;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = pvmi_request_find(&msg, NULL, NULL, &answer);
    if (rc != PvmOk)
        return rc;
    rc = list_copy(answer.msg, ret_count, ret_classes);
    pvmi_control_free(&answer);
    return rc;
}

static int get_info(const char *pattern, int *nclasses, struct pvmmboxinfo **classes)
{
    static struct pvmmboxinfo *given;
    struct pvmmboxinfo *list;
    int count;
    int rc = pvmi_mailbox_list(pattern, &count, &list);

    if (rc != PvmOk)
        return rc;
    pvmi_free(given);
    given = list;
    if (nclasses != NULL)
        *nclasses = count;
    if (classes != NULL)
        *classes = list;
    return PvmOk;
}

int pvm_getmboxinfo(const char *pattern, int *nclasses, struct pvmmboxinfo **classes)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETMBOXINFO, pattern);
    return pvmi_call_leave("pvm_getmboxinfo", get_info(pattern, nclasses, classes));
}
