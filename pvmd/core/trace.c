/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the daemon tells of traced tasks: newtask when one is started, spntask when its pvm_spawn() is complete,
 * endtask at its end. include/pvmtev.h has the layout. The messages take the way of the task's output, so that the
 * end comes behind all that the task itself has told.
 */
#include "pvmd/core/trace.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/route.h"
#include "pvmd/core/task.h"
#include "wire/section.h"
#include "wire/tid.h"
#include "wire/trace.h"

#define RECORD_MAX 24576    /* bytes; the list of identifiers has some 10,000 */
#define NAME_MAX_TOLD 8192

/* The message that is being made, section by section. */
struct record {
    struct pvmi_blob *blob;    /* RECORD_MAX bytes */
    size_t length;
    uint32_t ints;             /* in the last section, if that is of ints */
};

static void put_section(struct record *record, int type, const void *data, uint32_t length)
{
    assert(record->length + PVMI_SECTION_HEADER_SIZE + length <= RECORD_MAX);
    pvmi_section_header_encode(type, length, record->blob->data + record->length);
    record->length += PVMI_SECTION_HEADER_SIZE;
    memcpy(record->blob->data + record->length, data, length);
    record->length += length;
    record->ints = 0;
}

/* Ints next to each other are one section, as a program's packing makes it. */
static void put_int(struct record *record, int32_t value)
{
    uint32_t ints = record->ints;

    if (ints == 0) {
        put_section(record, PVMI_TYPE_INT32, &value, sizeof(value));
    } else {
        size_t bytes = ints * sizeof(value);

        assert(record->length + sizeof(value) <= RECORD_MAX);
        memcpy(record->blob->data + record->length, &value, sizeof(value));
        record->length += sizeof(value);
        pvmi_section_header_encode(PVMI_TYPE_INT32, (uint32_t)(bytes + sizeof(value)),
                                   record->blob->data + record->length - sizeof(value) - bytes -
                                       PVMI_SECTION_HEADER_SIZE);
    }
    record->ints = ints + 1;
}

static void put_text(struct record *record, const char *text)
{
    size_t length = strnlen(text, NAME_MAX_TOLD - 1);
    char copy[NAME_MAX_TOLD];

    memcpy(copy, text, length);
    copy[length] = '\0';
    put_int(record, (int32_t)length + 1);
    put_section(record, PVMI_TYPE_BYTES, copy, (uint32_t)length + 1);
}

static bool record_new(struct core *core, struct record *record)
{
    *record = (struct record){ .blob = pvmi_blob_new(RECORD_MAX) };
    if (record->blob == NULL && core_release_reserve(core))
        record->blob = pvmi_blob_new(RECORD_MAX);
    if (record->blob == NULL)
        core_out_of_memory(core);
    return record->blob != NULL;
}

/* Sends it to who traces task, and frees it. */
static void record_send(struct core *core, struct task *task, struct record *record)
{
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_OUTPUT,
        .encoding = PVMI_ENCODING_DEFAULT,
        .format = (uint8_t)pvmi_format_own(),
        .src = task->tid,
        .dst = task->self.trace_tid,
        .tag = task->self.trace_tag,
        .ctx = task->self.trace_ctx,
        .message_length = record->length,
    };
    struct pvmi_frame *frame = core_frame(core, &header, record->blob, 0, (uint32_t)record->length);

    pvmi_blob_unref(record->blob);
    if (frame == NULL)
        return;
    task->output_waiting += (size_t)frame_cost(&frame->header);
    route_frame(core, frame);
}

/* ---- what a collector knows already ---- */

/* The one of tid; of a new one nothing is known. It takes the place of the oldest: who is forgotten is only told
 * twice. */
static struct tracer *tracer_find(struct core *core, int32_t tid)
{
    struct tracer *tracer;

    for (int i = 0; i < TRACERS_MAX; i++) {
        if (core->tracers[i].tid == tid)
            return &core->tracers[i];
    }
    tracer = &core->tracers[core->tracer_next];
    core->tracer_next = (core->tracer_next + 1) % TRACERS_MAX;
    *tracer = (struct tracer){ .tid = tid };
    return tracer;
}

static void tell_identifiers(struct core *core, struct task *task)
{
    struct record record;

    if (!record_new(core, &record))
        return;
    put_int(&record, TEV_MARK_DATA_ID);
    for (int did = 0; did <= TEV_DID_MAX; did++) {
        put_int(&record, did);
        put_text(&record, pvmtevdidlist[did].did);
        put_text(&record, pvmtevdidlist[did].desc);
    }
    put_int(&record, TEV_MARK_DATA_ID_END);
    record_send(core, task, &record);
}

/* ---- events ---- */

struct value {
    int did;
    int32_t number;
    const char *text;    /* NULL: the number counts */
};

static void put_value(struct record *record, const struct value *value, bool described)
{
    if (!described) {
        put_int(record, value->did);
        put_int(record, value->text == NULL ? TEV_DATA_INT : TEV_DATA_STRING);
    }
    if (value->text == NULL)
        put_int(record, value->number);
    else
        put_text(record, value->text);
}

/* values has the first three for time and tid free. */
static void tell(struct core *core, struct task *task, int event, const char *name, struct value *values, int count)
{
    struct tracer *tracer = tracer_find(core, task->self.trace_tid);
    int64_t now_us = core->config.clock(core->config.clock_user);
    bool described = (tracer->described & 1u << (event - TEV_NEWTASK)) != 0;
    struct record record;

    if (!tracer->identified)
        tell_identifiers(core, task);
    tracer->identified = true;
    if (!record_new(core, &record))
        return;
    values[0] = (struct value){ TEV_DID_TS, (int32_t)(now_us / 1000000), NULL };
    values[1] = (struct value){ TEV_DID_TU, (int32_t)(now_us % 1000000), NULL };
    values[2] = (struct value){ TEV_DID_TID, task->tid, NULL };
    put_int(&record, described ? TEV_MARK_EVENT_RECORD : TEV_MARK_EVENT_DESC);
    put_int(&record, event);
    if (!described)
        put_text(&record, name);
    for (int i = 0; i < count; i++)
        put_value(&record, &values[i], described);
    put_int(&record, described ? TEV_MARK_EVENT_RECORD_END : TEV_MARK_EVENT_DESC_END);
    tracer->described |= 1u << (event - TEV_NEWTASK);
    record_send(core, task, &record);
}

static bool is_traced(const struct task *task)
{
    return task->self.trace_tid > 0 && pvmi_tid_is_task(task->self.trace_tid);
}

void trace_begin(struct core *core, struct task *task)
{
    struct value values[6] = {
        [3] = { TEV_DID_PT, task->parent, NULL },
        [4] = { TEV_DID_TF, task->spawn_flags, NULL },
        [5] = { TEV_DID_TN, 0, task->file == NULL ? "" : task->file },
    };

    if (is_traced(task))
        tell(core, task, TEV_NEWTASK, "newtask", values, 6);
    task->trace_begun = true;
}

void trace_spawned(struct core *core, struct task *task)
{
    struct value values[4] = { [3] = { TEV_DID_PT, task->parent, NULL } };

    if (is_traced(task))
        tell(core, task, TEV_SPNTASK, "spntask", values, 4);
}

void trace_end(struct core *core, struct task *task)
{
    struct value values[8] = {
        [3] = { TEV_DID_TST, task->status, NULL },
        [4] = { TEV_DID_TUS, (int32_t)(task->user_us / 1000000), NULL },
        [5] = { TEV_DID_TUU, (int32_t)(task->user_us % 1000000), NULL },
        [6] = { TEV_DID_TSS, (int32_t)(task->system_us / 1000000), NULL },
        [7] = { TEV_DID_TSU, (int32_t)(task->system_us % 1000000), NULL },
    };

    if (is_traced(task) && task->trace_begun)
        tell(core, task, TEV_ENDTASK, "endtask", values, 8);
}

void trace_by_hand(struct core *core, struct task *task)
{
    struct value values[6] = {
        [3] = { TEV_DID_PT, -1, NULL },
        [4] = { TEV_DID_TF, -1, NULL },
        [5] = { TEV_DID_TN, 0, "-" },
    };

    if (is_traced(task))
        tell(core, task, TEV_NEWTASK, "newtask", values, 6);
    task->trace_begun = true;
}

bool trace_moves(const struct task *task, const struct pvmi_rec_inherit *inherit)
{
    const struct pvmi_rec_inherit *self = &task->self;

    return self->trace_tid != inherit->trace_tid || self->trace_ctx != inherit->trace_ctx ||
           self->trace_tag != inherit->trace_tag;
}
