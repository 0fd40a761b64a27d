/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of packing and unpacking: what the library asks of the task, without a daemon, and a message's way
 * from the active send buffer to the active receive buffer. Included by one file of a program. */
#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/section.h"

#define LOOPBACK_TID 0x40001

static int loopback_exits;    /* calls of pvm_exit() */

int32_t pvmi_task_tid(void)
{
    return LOOPBACK_TID;
}

const char *pvmi_task_name(void)
{
    return "t40001";
}

int pvm_exit(void)
{
    loopback_exits++;
    return PvmOk;
}

/* Nobody waits in it. */
void pvmi_progress_polled(void)
{
}

void pvmi_progress_entered(void)
{
}

void pvmi_progress_rest(void)
{
}

/* Nobody traces this task. */
bool pvmi_trace_on = false;
bool pvmi_trace_buffers_on = false;

void pvmi_trace_begin(int event, ...)
{
    (void)event;
}

void pvmi_trace_take_result(int first, ...)
{
    (void)first;
}

void pvmi_trace_end(int rc)
{
    (void)rc;
}

int pvmi_trace_user_begin(struct pvmi_msgbuf *buf)
{
    (void)buf;
    return PvmOk;
}

/* A message with this body becomes the active receive buffer; it arrives in pieces of piece bytes. */
static inline int loopback_deliver(const void *body, size_t length, int encoding, int format, size_t piece)
{
    struct pvmi_frame_header header = { .encoding = (uint8_t)encoding, .format = (uint8_t)format,
                                        .message_length = length, .src = LOOPBACK_TID, .dst = LOOPBACK_TID };
    struct pvmi_msgbuf *buf;

    if (piece > PVMI_FRAME_PAYLOAD_MAX)
        piece = PVMI_FRAME_PAYLOAD_MAX;
    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmOk);
    for (size_t at = 0; at < length; at += piece) {
        size_t now = length - at < piece ? length - at : piece;

        assert_int_equal(pvmi_msgbuf_fill(buf, (const uint8_t *)body + at, now, length - at), PvmOk);
    }
    assert_int_equal(pvmi_msgbuf_publish(buf), PvmOk);
    pvmi_msgbuf_rewind(buf);
    pvmi_active_replace_receive(buf->id);
    return buf->id;
}

/* The body of a buffer as it goes on the wire, in fresh memory. */
static inline uint8_t *loopback_body(const struct pvmi_msgbuf *buf)
{
    uint8_t *body = malloc((size_t)buf->length + 1);

    assert_non_null(body);
    pvmi_msgbuf_read(buf, 0, body, (size_t)buf->length);
    return body;
}

/* Sends the active send buffer to oneself. */
static inline int loopback(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_send_buf();
    struct pvmi_frame_header header;
    uint8_t *body = loopback_body(buf);
    int id;

    pvmi_msgbuf_seal(buf);
    pvmi_msgbuf_header(buf, &header);
    id = loopback_deliver(body, (size_t)buf->length, header.encoding, header.format, 65536);
    free(body);
    return id;
}

/* No buffer is left from the test before. */
static inline int loopback_reset(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    pvmi_msgbuf_after_fork();
    pvmi_autoerr = 0;
    return 0;
}

/* stderr goes to a file from begin to end; end gives its text, which is freed by the next begin. */
static FILE *capture_file;
static int capture_stderr;
static char capture_text[4096];

static inline void capture_begin(void)
{
    capture_file = tmpfile();
    assert_non_null(capture_file);
    capture_stderr = dup(STDERR_FILENO);
    dup2(fileno(capture_file), STDERR_FILENO);
}

static inline const char *capture_end(void)
{
    size_t length;

    dup2(capture_stderr, STDERR_FILENO);
    close(capture_stderr);
    rewind(capture_file);
    length = fread(capture_text, 1, sizeof(capture_text) - 1, capture_file);
    capture_text[length] = '\0';
    fclose(capture_file);
    return capture_text;
}

#endif
