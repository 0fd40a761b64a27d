/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages: int tid, int n. n above 0: as many bytes of output; OUTPUT_STARTED: a task was started,
 * then its parent; OUTPUT_SPAWNED: its pvm_spawn() is complete; OUTPUT_END: its output is complete.
 *
 * A source is a task whose output is caught. It is known from its first message or from the answer to
 * pvm_spawn(), whichever is first, and is forgotten with OUTPUT_END. One that ends while a spawn is under way
 * stays, marked as ended, until the answer is there: the answer may name it.
 */
#include "libpvm/output.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"
#include "libpvm/arrive.h"
#include "libpvm/call.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/option.h"
#include "libpvm/progress.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/section.h"
#include "wire/tid.h"

#define OUTPUT_END 0
#define OUTPUT_SPAWNED (-1)
#define OUTPUT_STARTED (-2)

#define OUTPUT_LINE_MAX 65536       /* a longer line is written in pieces */
#define OUTPUT_ASK_US 2000000       /* silence after which pvm_exit() asks whether the tasks still live */

struct source {
    int32_t tid;
    bool ended;
    bool missing;                /* at the last question it was gone, and its end had not come */
    struct pvmi_buffer line;     /* what came of a line that is not complete */
};

static struct {
    FILE *file;                  /* NULL: what comes is dropped */
    struct pvmi_table sources;   /* by tid */
    int spawning;                /* pvm_spawn() calls under way */
} output;

/* ---- sources ---- */

static struct source *source_get(int32_t tid)
{
    struct source *source = pvmi_table_get(&output.sources, (uint32_t)tid);

    if (source != NULL)
        return source;
    source = pvmi_calloc(1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->tid = tid;
    pvmi_buffer_init(&source->line, OUTPUT_LINE_MAX);
    if (pvmi_table_set(&output.sources, (uint32_t)tid, source) != PvmOk) {
        pvmi_free(source);
        return NULL;
    }
    return source;
}

static void source_free(struct source *source)
{
    pvmi_table_remove(&output.sources, (uint32_t)source->tid);
    pvmi_buffer_fini(&source->line);
    pvmi_free(source);
}

void pvmi_output_forget(void)
{
    struct source *source;
    uint32_t cursor = 0;

    while ((source = pvmi_table_next(&output.sources, &cursor, NULL)) != NULL)
        source_free(source);
    pvmi_table_fini(&output.sources);
    output.spawning = 0;
}

/* ---- writing ---- */

/* One line; of an incomplete one the rest is in source->line. */
static void write_line(const struct source *source, const char *text, size_t length)
{
    if (output.file == NULL)
        return;
    if (pvmi_options.show_tids != 0)
        fprintf(output.file, "[t%x] ", (unsigned)source->tid);
    if (source->line.length > 0)
        fwrite(source->line.data, 1, source->line.length, output.file);
    fwrite(text, 1, length, output.file);
    putc('\n', output.file);
}

static void write_mark(const struct source *source, const char *mark)
{
    if (output.file != NULL && pvmi_options.show_tids != 0)
        fprintf(output.file, "[t%x] %s\n", (unsigned)source->tid, mark);
}

static void write_text(struct source *source, const char *text, size_t length)
{
    const char *end;

    while ((end = memchr(text, '\n', length)) != NULL) {
        size_t line = (size_t)(end - text);

        write_line(source, text, line);
        source->line.length = 0;
        text += line + 1;
        length -= line + 1;
    }
    if (length == 0)
        return;
    if (pvmi_buffer_append(&source->line, text, length) != PvmOk) {
        write_line(source, text, length);
        source->line.length = 0;
    }
}

static void write_end(struct source *source)
{
    if (source->line.length > 0)
        write_line(source, "", 0);
    source->line.length = 0;
    write_mark(source, "EOF");
    if (output.spawning > 0)
        source->ended = true;
    else
        source_free(source);
}

/* ---- arriving ---- */

static void source_arrived(struct source *source, struct pvmi_msgbuf *buf, int32_t count)
{
    char piece[4096];

    if (count == OUTPUT_STARTED)
        write_mark(source, "BEGIN");
    while (count > 0) {
        int now = count < (int32_t)sizeof(piece) ? count : (int32_t)sizeof(piece);

        if (pvmi_unpack_items(buf, PVMI_TYPE_BYTES, piece, 1, now, 1) != PvmOk)
            break;
        write_text(source, piece, (size_t)now);
        count -= now;
    }
}

void pvmi_output_arrived(struct pvmi_msgbuf *buf)
{
    int32_t tid;
    int32_t count;
    struct source *source;

    pvmi_msgbuf_rewind(buf);
    if (pvmi_unpack_items(buf, PVMI_TYPE_INT32, &tid, sizeof(tid), 1, 1) != PvmOk ||
        pvmi_unpack_items(buf, PVMI_TYPE_INT32, &count, sizeof(count), 1, 1) != PvmOk) {
        pvmi_log(PVMI_LOG_ERROR, "a message of output that is none");
        return;
    }
    if (count == OUTPUT_SPAWNED)
        return;
    source = source_get(tid);
    if (source == NULL) {
        pvmi_log(PVMI_LOG_ERROR, "no memory to write the output of task t%x", (unsigned)tid);
        return;
    }
    if (count == OUTPUT_END)
        write_end(source);
    else
        source_arrived(source, buf, count);
    if (output.file != NULL)
        fflush(output.file);
}

/* ---- spawning ---- */

void pvmi_output_spawning(void)
{
    output.spawning++;
}

static bool is_caught(void)
{
    return pvmi_task.children.output_tid == pvmi_task.tid && pvmi_task.children.output_tag == PVMI_TAG_OUTPUT &&
           pvmi_task.children.output_ctx == PVMI_CONTEXT_CONTROL;
}

void pvmi_output_spawned(const int32_t *tids, uint32_t count)
{
    struct source *source;
    uint32_t cursor = 0;

    for (uint32_t i = 0; is_caught() && i < count; i++) {
        if (tids[i] > 0)
            source_get(tids[i]);    /* without memory pvm_exit() only does not wait for it */
    }
    if (--output.spawning > 0)
        return;
    output.spawning = 0;
    while ((source = pvmi_table_next(&output.sources, &cursor, NULL)) != NULL) {
        if (source->ended)
            source_free(source);
    }
}

/* ---- pvm_exit() ---- */

/*
 * Forgets source tid if its task is gone. Its end may still be under way: it gets one more round; then nothing
 * will come any more, for its host has gone with it. While the question is open the source may end by itself.
 */
static void drop_if_dead(int32_t tid)
{
    struct pvmi_msg_task_query msg = { .tid = tid };
    bool gone = pvmi_request_value(PVMI_MSG_task_query, &msg) == PvmNoTask;
    struct source *source = pvmi_table_get(&output.sources, (uint32_t)tid);

    if (!gone || source == NULL)
        return;
    if (source->missing)
        source_free(source);
    else
        source->missing = true;
}

static void drop_the_dead(void)
{
    struct source *source;
    uint32_t cursor = 0;

    while (!pvmi_task.lost && (source = pvmi_table_next(&output.sources, &cursor, NULL)) != NULL)
        drop_if_dead(source->tid);
}

void pvmi_output_wait(void)
{
    uint64_t ask_us = pvmi_clock_us() + OUTPUT_ASK_US;
    bool told = false;

    pvmi_progress();
    while (output.file != NULL && output.sources.count > 0) {
        int rc;

        if (!told && pvmi_options.show_tids != 0)
            fprintf(stderr, "libpvm [%s]: pvm_exit(): child task(s) still running. waiting...\n",
                    pvmi_task_name());
        told = true;
        rc = pvmi_progress_wait(ask_us);
        pvmi_line_drain();
        if (rc == PvmSysErr || rc == PvmNoMem || pvmi_arrive_stalled())
            return;    /* nothing more will come, or there is no memory for it */
        if (rc == PVMI_AGAIN) {
            drop_the_dead();
            ask_us = pvmi_clock_us() + OUTPUT_ASK_US;
        }
    }
}

/* ---- the API ---- */

static int catch_output(FILE *file)
{
    if (file != NULL) {
        int rc = pvmi_task_enroll();

        if (rc != PvmOk)
            return rc;
    }
    output.file = file;
    pvmi_task.children.output_tid = file == NULL ? pvmi_task.self.output_tid : pvmi_task.tid;
    pvmi_task.children.output_ctx = file == NULL ? pvmi_task.self.output_ctx : PVMI_CONTEXT_CONTROL;
    pvmi_task.children.output_tag = file == NULL ? pvmi_task.self.output_tag : PVMI_TAG_OUTPUT;
    pvmi_trace_show();
    return PvmOk;
}

int pvm_catchout(FILE *ff)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_catchout", catch_output(ff));
}
