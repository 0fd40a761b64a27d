/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output of the processes that we started: as messages to the task that catches it, else line by line to the
 * first host's log. It takes the same way as the task's data, so the end of a task is told behind it. io may
 * read no more than OUTPUT_WINDOW ahead of what has been delivered.
 *
 * The message: int tid, int n; n > 0: as many bytes; 0: there is no more; -1, -2: then int parent.
 */
#include "pvmd/core/output.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/route.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/section.h"
#include "wire/tid.h"

#define OUTPUT_WINDOW (64u * 1024)    /* output of a process read and not yet delivered */
#define OUTPUT_CHUNK 32768            /* bytes of output in one message */
#define OUTPUT_STARTED (-2)    /* a task was started */
#define OUTPUT_SPAWNED (-1)    /* its pvm_spawn is complete */
#define LOG_LINE_MAX 4096      /* bytes of a line in the log; longer ones are cut into several */

static void put_section(uint8_t **at, int type, const void *data, uint32_t length)
{
    pvmi_section_header_encode(type, length, *at);
    *at += PVMI_SECTION_HEADER_SIZE;
    if (length > 0)
        memcpy(*at, data, length);
    *at += length;
}

/* ints and bytes as a message to who catches the output of task. */
static void send_message(struct core *core, struct task *task, const int32_t *ints, uint32_t int_count,
                         const uint8_t *bytes, uint32_t length)
{
    size_t size = PVMI_SECTION_HEADER_SIZE + int_count * sizeof(*ints);
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_OUTPUT,
        .encoding = PVMI_ENCODING_DEFAULT,
        .format = (uint8_t)pvmi_format_own(),
        .src = task->tid,
        .dst = task->self.output_tid,
        .tag = task->self.output_tag,
        .ctx = task->self.output_ctx,
    };

    if (length > 0)
        size += PVMI_SECTION_HEADER_SIZE + length;
    struct pvmi_blob *blob = pvmi_blob_new(size);
    if (blob == NULL && core_release_reserve(core))
        blob = pvmi_blob_new(size);
    if (blob == NULL) {
        core_out_of_memory(core);
        return;
    }
    uint8_t *at = blob->data;
    put_section(&at, PVMI_TYPE_INT32, ints, (uint32_t)(int_count * sizeof(*ints)));
    if (length > 0)
        put_section(&at, PVMI_TYPE_BYTES, bytes, length);
    header.message_length = size;
    struct pvmi_frame *frame = core_frame(core, &header, blob, 0, (uint32_t)size);
    pvmi_blob_unref(blob);
    if (frame == NULL)
        return;
    task->output_waiting += (size_t)frame_cost(&frame->header);
    route_frame(core, frame);
}

/* False when there is nobody to catch it: it goes to the log then. */
static bool catcher_there(struct core *core, int32_t tid)
{
    if (!pvmi_tid_is_task(tid))
        return false;
    if (pvmi_tid_host(tid) == core_self(core))
        return task_find(core, tid) != NULL;
    return host_find(&core->state, pvmi_tid_host(tid)) != NULL;
}

void output_first_grant(struct core *core, struct task *task)
{
    struct core_action *action = action_add(core, CORE_ACTION_OUTPUT_GRANT, task->handle);

    if (action != NULL)
        action->grant.bytes = OUTPUT_WINDOW;
}

void output_grant(struct core *core, struct task *task)
{
    if (task->handle == 0 || task->output_eof || task->output_ungranted == 0 ||
        task->output_waiting >= OUTPUT_WINDOW)
        return;

    struct core_action *action = action_add(core, CORE_ACTION_OUTPUT_GRANT, task->handle);
    if (action != NULL)
        action->grant.bytes = task->output_ungranted;
    task->output_ungranted = 0;
    if (task->ended) {    /* the time for the rest counts from when it may be read */
        task->report_at = core->now_ms + EXIT_EOF_MS;
        core_wake_at(core, task->report_at);
    }
}

static void output_event(struct core *core, struct task *task, int32_t what)
{
    int32_t ints[] = { task->tid, what, task->handle != 0 ? task->parent : -1 };

    if (!task->output_eof && catcher_there(core, task->self.output_tid))
        send_message(core, task, ints, 3, NULL, 0);
}

void output_begin(struct core *core, struct task *task)
{
    if (!task->output_begun)
        output_event(core, task, OUTPUT_STARTED);
    task->output_begun = true;
}

void output_spawned(struct core *core, struct task *task)
{
    output_event(core, task, OUTPUT_SPAWNED);
}

static void output_bytes(struct core *core, struct task *task, const uint8_t *bytes, size_t length)
{
    output_begin(core, task);
    while (length > 0) {
        size_t part = length < OUTPUT_CHUNK ? length : OUTPUT_CHUNK;
        int32_t ints[] = { task->tid, (int32_t)part };

        if (catcher_there(core, task->self.output_tid))
            send_message(core, task, ints, 2, bytes, (uint32_t)part);
        else
            output_log(core, task->tid, bytes, part);
        bytes += part;
        length -= part;
    }
}

void output_end(struct core *core, struct task *task)
{
    int32_t ints[] = { task->tid, 0 };

    if (task->output_eof)
        return;
    start_tell_spawned(core, task);
    task->output_eof = true;
    if (catcher_there(core, task->self.output_tid))
        send_message(core, task, ints, 2, NULL, 0);
    output_log(core, task->tid, NULL, 0);
}

void output_started(struct core *core, struct task *task)
{
    output_begin(core, task);
    if (!task->output_over)
        return;
    output_end(core, task);
    task_settle(core, task);
}

/* What is left in the pipe of a task whose time is over belongs to nobody: it is read, so that whoever
 * still writes there is not held up, and forgotten. */
static void drain(struct core *core, const struct core_event *event)
{
    struct core_action *action;

    if (event->output.eof || event->output.bytes == NULL)
        return;
    action = action_add(core, CORE_ACTION_OUTPUT_GRANT, event->handle);
    if (action != NULL)
        action->grant.bytes = event->output.bytes->length;
}

void output_on_event(struct core *core, struct core_event *event)
{
    struct task *task = task_of_handle(core, event->handle);

    if (task == NULL || task->output_eof) {
        drain(core, event);
        return;
    }
    if (event->output.bytes != NULL && event->output.bytes->length > 0) {
        task->output_ungranted += event->output.bytes->length;
        output_bytes(core, task, event->output.bytes->data, event->output.bytes->length);
    }
    if (event->output.eof && !task->running) {
        task->output_over = true;    /* perhaps it could not be started: there never was a task then */
    } else if (event->output.eof) {
        output_end(core, task);
        task_settle(core, task);
    } else {
        output_grant(core, task);
    }
}

/* ---- the first host's log ---- */

struct log_line {
    int32_t tid;
    size_t length;
    char text[LOG_LINE_MAX];
};

static void log_line_write(struct core *core, struct log_line *line)
{
    core_log(core, PVMI_LOG_INFO, "[t%x] %.*s", (unsigned)line->tid, (int)line->length, line->text);
    line->length = 0;
}

static struct log_line *log_line_make(struct core *core, int32_t tid)
{
    struct log_line *line = pvmi_table_get(&core->log_lines, (uint32_t)tid);

    if (line != NULL)
        return line;
    line = core_alloc(core, sizeof(*line));
    if (line == NULL || core_table_set(core, &core->log_lines, (uint32_t)tid, line) != PvmOk) {
        pvmi_free(line);
        return NULL;
    }
    line->tid = tid;
    return line;
}

static void log_line_end(struct core *core, int32_t tid)
{
    struct log_line *line = pvmi_table_remove(&core->log_lines, (uint32_t)tid);

    if (line == NULL)
        return;
    if (line->length > 0)
        log_line_write(core, line);
    pvmi_free(line);
}

/* At the first host. */
static void log_text(struct core *core, int32_t tid, const uint8_t *text, size_t length)
{
    struct log_line *line;

    if (length == 0) {
        log_line_end(core, tid);
        return;
    }
    line = log_line_make(core, tid);
    if (line == NULL)
        return;    /* only lines of the log are lost */
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || line->length == sizeof(line->text))
            log_line_write(core, line);
        if (text[i] != '\n')
            line->text[line->length++] = (char)text[i];
    }
    if (line->length == 0)
        log_line_end(core, tid);
}

void output_log(struct core *core, int32_t tid, const uint8_t *text, size_t length)
{
    struct pvmi_msg_log_output msg = { .tid = tid, .text = { .data = text, .length = (uint32_t)length } };
    struct task *task = pvmi_table_get(&core->tasks, (uint32_t)tid);
    struct pvmi_frame *frame;

    if (core_is_orderer(core)) {
        log_text(core, tid, text, length);
        return;
    }
    int rc = control_frame(core, PVMI_MSG_log_output, &msg, &frame);
    if (rc != PvmOk || peer_orderer(core) == NULL) {
        if (rc == PvmOk)
            pvmi_frame_free(frame);
        return;
    }
    frame->header.src = tid;    /* flow.c counts it as output until it goes */
    if (task != NULL)
        task->output_waiting += (size_t)frame_cost(&frame->header);
    flow_push(core, peer_orderer(core), tid, frame);
}

/* The message is one that send_message() of some daemon made; anything else is let go. */
void output_undeliverable(struct core *core, const struct pvmi_frame *frame)
{
    const uint8_t *bytes = pvmi_frame_bytes(frame);
    uint32_t ints_size = PVMI_SECTION_HEADER_SIZE + 2 * sizeof(int32_t);
    uint32_t length = frame->header.length;
    uint32_t section_length;
    int type;

    if (length < ints_size || pvmi_section_header_decode(bytes, &type, &section_length) != PvmOk ||
        type != PVMI_TYPE_INT32 || section_length != 2 * sizeof(int32_t))
        return;
    if (length == ints_size) {
        output_log(core, frame->header.src, NULL, 0);
        return;
    }
    if (length - ints_size <= PVMI_SECTION_HEADER_SIZE ||
        pvmi_section_header_decode(bytes + ints_size, &type, &section_length) != PvmOk ||
        type != PVMI_TYPE_BYTES || section_length != length - ints_size - PVMI_SECTION_HEADER_SIZE)
        return;
    output_log(core, frame->header.src, bytes + ints_size + PVMI_SECTION_HEADER_SIZE, section_length);
}

void output_flush_host(struct core *core, int number)
{
    uint32_t cursor = 0;
    struct log_line *line;

    while ((line = pvmi_table_next(&core->log_lines, &cursor, NULL)) != NULL) {
        if (pvmi_tid_host(line->tid) == number)
            log_line_end(core, line->tid);
    }
}

void output_free_all(struct core *core)
{
    uint32_t cursor = 0;
    struct log_line *line;

    while ((line = pvmi_table_next(&core->log_lines, &cursor, NULL)) != NULL)
        pvmi_free(line);
    pvmi_table_fini(&core->log_lines);
}
