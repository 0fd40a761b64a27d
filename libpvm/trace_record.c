/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/trace_record.h"

#include "base/log.h"
#include "libpvm/block.h"
#include "libpvm/call.h"
#include "libpvm/msgbuf.h"
#include "libpvm/pack.h"
#include "libpvm/send.h"
#include "libpvm/task.h"
#include "wire/section.h"

/* What is not sent yet. It has no id: the ids that the program sees are the same with and without a trace. */
static struct pvmi_msgbuf collected;

/* ---- packing ---- */

static int put_int(int value)
{
    return pvmi_pack_value(&collected, PVMI_TYPE_INT32, &value, sizeof(value));
}

static int put_text(const char *text)
{
    return pvmi_pack_string(&collected, text == NULL ? "" : text);
}

static int put_array(int type, const struct pvmi_trace_value *value)
{
    int count = value->data == NULL || value->number < 0 ? 0 : value->number;
    int rc = put_int(count);

    for (int i = 0; rc == PvmOk && i < count; i++) {
        if (type == TEV_DATA_STRING)
            rc = put_text(((const char *const *)value->data)[i]);
        else
            rc = put_int(((const int *)value->data)[i]);
    }
    return rc;
}

static int put_value(int type, const struct pvmi_trace_value *value)
{
    long address = (long)value->data;

    if (type & TEV_DATA_ARRAY)
        return put_array(type & ~TEV_DATA_ARRAY, value);
    switch (type) {
    case TEV_DATA_STRING:
        return put_text(value->data);
    case TEV_DATA_LONG:
        return pvmi_pack_value(&collected, PVMI_TYPE_LONG, &address, sizeof(address));
    default:
        return put_int(value->number);
    }
}

static int put_item(const struct pvmi_trace_item *item, const struct pvmi_trace_value *value, bool described)
{
    int rc = PvmOk;

    if (!described)
        rc = put_int(item->did);
    if (rc == PvmOk && !described)
        rc = put_int(item->type);
    return rc == PvmOk ? put_value(item->type, value) : rc;
}

static int put_items(const struct pvmi_trace_item *items, const struct pvmi_trace_value *values, bool described)
{
    int rc = PvmOk;

    for (int i = 0; rc == PvmOk && items[i].type != TEV_DATA_NULL; i++)
        rc = put_item(&items[i], &values[i], described);
    return rc;
}

/* The values that each record has. */
static int put_when_and_who(bool described)
{
    static const struct pvmi_trace_item items[] = {
        { TEV_DID_TS, TEV_DATA_INT },
        { TEV_DID_TU, TEV_DATA_INT },
        { TEV_DID_TID, TEV_DATA_INT },
        { 0, TEV_DATA_NULL },
    };
    struct timeval now;

    gettimeofday(&now, NULL);
    return put_items(items,
                     (struct pvmi_trace_value[]){ { .number = (int)now.tv_sec },
                                                  { .number = (int)now.tv_usec },
                                                  { .number = pvmi_task.tid } },
                     described);
}

/* ---- sending ---- */

void pvmi_trace_drop_collected(void)
{
    pvmi_block_free_chain(collected.first);
    collected = (struct pvmi_msgbuf){ .encoding = PvmDataDefault, .format = pvmi_format_own() };
    pvmi_list_init(&collected.link);
    pvmi_list_init(&collected.same);
}

void pvmi_trace_send_collected(void)
{
    const struct pvmi_rec_inherit *self = &pvmi_task.self;
    struct pvmi_msgbuf sent;
    int32_t collector = self->trace_tid;
    int rc = PvmOk;

    if (collected.length == 0)
        return;
    if (self->trace_buffer > 0)
        rc = put_int(TEV_MARK_EVENT_BUFFER_END);
    sent = collected;
    pvmi_list_init(&sent.link);
    pvmi_list_init(&sent.same);
    collected.first = NULL;    /* another thread may go on collecting while this one sends */
    pvmi_trace_drop_collected();
    if (rc == PvmOk && pvmi_task.tid != 0 && collector > 0)
        pvmi_send_by_daemon(&sent, collector, self->trace_tag, self->trace_ctx);
    pvmi_block_free_chain(sent.first);
}

static int begin_bundle(void)
{
    if (collected.length > 0)
        return PvmOk;
    pvmi_trace_drop_collected();
    return pvmi_task.self.trace_buffer > 0 ? put_int(TEV_MARK_EVENT_BUFFER) : PvmOk;
}

static int put_record(int event, const struct pvmi_trace_item *items, const struct pvmi_trace_value *values)
{
    struct Pvmtevinfo *info = &pvmtevinfo[event & ~(TEV_EVENT_ENTRY | TEV_EVENT_EXIT)];
    int part = (event & TEV_EVENT_EXIT) ? TEV_EVENT_EXIT : TEV_EVENT_ENTRY;
    bool described = (info->desc_status & part) != 0;
    int rc = begin_bundle();

    if (rc == PvmOk)
        rc = put_int(described ? TEV_MARK_EVENT_RECORD : TEV_MARK_EVENT_DESC);
    if (rc == PvmOk)
        rc = put_int(event);
    if (rc == PvmOk && !described)
        rc = put_text(info->name);
    if (rc == PvmOk)
        rc = put_when_and_who(described);
    if (rc == PvmOk)
        rc = put_items(items, values, described);
    if (rc == PvmOk)
        rc = put_int(described ? TEV_MARK_EVENT_RECORD_END : TEV_MARK_EVENT_DESC_END);
    if (rc == PvmOk)
        info->desc_status |= part;
    return rc;
}

void pvmi_trace_record(int event, const struct pvmi_trace_item *items, const struct pvmi_trace_value *values)
{
    if (put_record(event, items, values) != PvmOk) {
        pvmi_log(PVMI_LOG_WARN, "no memory for trace events: those that were collected are lost");
        pvmi_trace_drop_collected();
        pvmi_trace_describe_anew();
        return;
    }
    if (pvmi_task.self.trace_buffer <= 0 ||
        pvmi_msgbuf_xdr_length(&collected) >= (uint64_t)pvmi_task.self.trace_buffer)
        pvmi_trace_send_collected();
}

void pvmi_trace_describe_anew(void)
{
    for (int event = 0; event <= TEV_MAX; event++)
        pvmtevinfo[event].desc_status = 0;
}
