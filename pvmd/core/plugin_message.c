/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of plug-ins to this daemon: frames become messages here, as many and as long as is good for a daemon, and
 * only of tasks that have registered; the rest is dropped, as all that is sent to nobody. Answers go to who asked; the
 * others do something by themselves. A manager answers the task that wanted something: such an answer is taken on its
 * way to the task, which hears of it as of any other answer of its daemon.
 */
#include "pvmd/core/plugin_message.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/manager_exec.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/tasker.h"
#include "pvmproto.h"
#include "wire/items.h"
#include "wire/tid.h"

#define MESSAGE_MAX (4u * 1024 * 1024)    /* bytes: thousands of hosts or tasks */
#define PARTS_MAX 16                      /* messages of which a part has come, of all plug-ins */

struct plugin_part {
    struct pvmi_list link;       /* in core.plugin_parts, oldest first */
    struct pvmi_frame_header header;    /* of the first frame */
    uint8_t *data;
    size_t length;               /* that has come */
};

static void part_free(struct core *core, struct plugin_part *part)
{
    pvmi_list_remove(&part->link);
    core->plugin_part_count--;
    pvmi_free(part->data);
    pvmi_free(part);
}

void plugin_parts_forget(struct core *core, int32_t src)
{
    PVMI_LIST_EACH(node, &core->plugin_parts) {
        struct plugin_part *part = PVMI_CONTAINER(node, struct plugin_part, link);

        if (src == 0 || part->header.src == src)
            part_free(core, part);
    }
}

/* ---- whole messages ---- */

static void message_whole(struct core *core, const struct pvmi_frame_header *header, const uint8_t *data)
{
    int32_t asker = pvmi_tid_is_task(header->dst) ? header->dst : 0;
    struct pvmi_items_reader items;

    pvmi_items_read(&items, header->encoding, header->format, data, (size_t)header->message_length);
    if (plugin_answered(core, header->src, asker, header->tag, header->wid, &items))
        return;
    if (asker != 0)
        return;
    if (header->tag == SM_TASKX && plugin_find(core, PLUGIN_TASKER) == header->src)
        tasker_told(core, header->src, &items);
    else if (!manager_told(core, header, &items))
        core_log(core, PVMI_LOG_WARN, "t%x sent a message with tag 0x%x that nobody waits for: dropped",
                 (unsigned)header->src, (unsigned)header->tag);
}

/* ---- frames ---- */

static struct plugin_part *part_find(struct core *core, const struct pvmi_frame_header *header)
{
    PVMI_LIST_EACH(node, &core->plugin_parts) {
        struct plugin_part *part = PVMI_CONTAINER(node, struct plugin_part, link);

        if (part->header.src == header->src && part->header.dst == header->dst &&
            part->header.message == header->message)
            return part;
    }
    return NULL;
}

static struct plugin_part *part_new(struct core *core, const struct pvmi_frame_header *header)
{
    struct plugin_part *part = core_alloc(core, sizeof(*part));

    if (part == NULL)
        return NULL;
    part->data = core_alloc(core, (size_t)header->message_length);
    if (part->data == NULL) {
        pvmi_free(part);
        return NULL;
    }
    part->header = *header;
    if (core->plugin_part_count >= PARTS_MAX)
        part_free(core, PVMI_CONTAINER(core->plugin_parts.next, struct plugin_part, link));
    pvmi_list_push(&core->plugin_parts, &part->link);
    core->plugin_part_count++;
    return part;
}

/* One of several frames of a message. What does not fit the ones before ends it. */
static void take_part(struct core *core, const struct pvmi_frame *frame)
{
    const struct pvmi_frame_header *header = &frame->header;
    struct plugin_part *part = part_find(core, header);

    if (part == NULL && header->offset == 0 && header->length > 0)
        part = part_new(core, header);
    if (part == NULL)
        return;
    if (header->message_length != part->header.message_length || header->offset != part->length) {
        part_free(core, part);
        return;
    }
    memcpy(part->data + part->length, pvmi_frame_bytes(frame), header->length);
    part->length += header->length;
    if (part->length < part->header.message_length)
        return;
    message_whole(core, &part->header, part->data);
    part_free(core, part);
}

static void take(struct core *core, const struct pvmi_frame *frame)
{
    const struct pvmi_frame_header *header = &frame->header;

    if (header->message_length > MESSAGE_MAX) {
        if (header->offset == 0)
            core_log(core, PVMI_LOG_WARN, "t%x sent a message of %llu bytes, more than %u: dropped",
                     (unsigned)header->src, (unsigned long long)header->message_length, MESSAGE_MAX);
    } else if (header->offset == 0 && header->length == header->message_length) {
        message_whole(core, header, pvmi_frame_bytes(frame));
    } else {
        take_part(core, frame);
    }
}

void plugin_frame(struct core *core, struct pvmi_frame *frame)
{
    if (frame->header.kind == PVMI_FRAME_DATA && frame->header.tag >= SM_FIRST && frame->header.tag <= SM_LAST &&
        plugin_flags(core, frame->header.src) != 0)
        take(core, frame);
    credit_owe(core, frame->header.src, &frame->header);
    pvmi_frame_free(frame);
}

bool plugin_takes(struct core *core, struct pvmi_frame *frame)
{
    struct pvmi_frame_header *header = &frame->header;

    if (pvmi_list_empty(&core->plugin_asks) || header->kind != PVMI_FRAME_DATA || header->tag < SM_FIRST ||
        header->tag > SM_LAST || !plugin_asked(core, header->src, header->dst))
        return false;
    take(core, frame);
    if (header->offset != 0) {
        credit_owe(core, header->src, header);
        pvmi_frame_free(frame);
        return true;
    }
    /* The task counts the messages of each sender: it is told that this one does not come. */
    if (header->length >= PVMI_FRAME_HEADER_SIZE) {
        struct pvmi_frame_header rest = *header;

        rest.length -= PVMI_FRAME_HEADER_SIZE;
        credit_owe(core, header->src, &rest);
    }
    header->offset = header->message_length > 0 ? header->message_length : 1;
    header->message_length = header->offset;
    header->length = 0;
    header->encoding = PVMI_ENCODING_DEFAULT;
    header->flags = 0;
    return false;
}
