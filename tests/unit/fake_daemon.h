/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon for tests of libpvm: a thread that speaks frames over a Unix socket. It enrols whoever comes, with
 * tids counting up from FAKE_TID, lets tasks leave, and sends data back to where they came from. All else is
 * the test's own: fake_control() is called for every other control message. Included by one file of a program.
 */
#ifndef TESTS_UNIT_FAKE_DAEMON_H
#define TESTS_UNIT_FAKE_DAEMON_H

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/blob.h"
#include "base/error.h"
#include "pvm3.h"
#include "wire/control.h"
#include "wire/frame.h"

#define FAKE_TID 0x40001
#define FAKE_CONNECTIONS 8

/* What the test does with a control message; fd is the connection. True when it has dealt with it. */
static bool fake_control(int fd, const struct pvmi_control *control);

static struct {
    char path[108];
    int listener;
    int stop[2];                  /* a byte in here ends the thread; closing it, too */
    pthread_t thread;
    int enrolled;                 /* tasks so far */
    struct pvmi_rec_inherit inherit;    /* what they are told to inherit */
    int32_t claim_tid;            /* a spawned task that may be claimed, once */
    uint64_t claim_nonce;
    bool refuse;                  /* enrolments are answered with PvmOutOfRes */
    bool silent;                  /* data are taken and not sent back */
    int early_tag;                /* who enrols finds a message with this tag with the answer; 0 for none */
    struct pvmi_msg_enroll last;  /* the last enrolment (strings are not kept) */
} fake;

/* ---- frames, with blocking calls ---- */

static bool fake_read(int fd, void *data, size_t length)
{
    uint8_t *at = data;

    while (length > 0) {
        ssize_t n = read(fd, at, length);

        if (n <= 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

static void fake_write(int fd, const void *data, size_t length)
{
    const uint8_t *at = data;

    while (length > 0) {
        ssize_t n = send(fd, at, length, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += n;
        length -= (size_t)n;
    }
}

static void fake_send_frame(int fd, struct pvmi_frame_header header, const void *payload, size_t length)
{
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];

    header.length = (uint32_t)length;
    pvmi_frame_header_encode(&header, bytes);
    fake_write(fd, bytes, sizeof(bytes));
    fake_write(fd, payload, length);
}

static void fake_send(int fd, int type, const void *msg)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .format = (uint8_t)pvmi_format_own() };
    struct pvmi_buffer out;

    pvmi_buffer_init(&out, 1 << 20);
    /* A test may make an allocation fail, once, and it may be one of these. */
    if (pvmi_control_encode(type, msg, &out) == PvmOk || pvmi_control_encode(type, msg, &out) == PvmOk)
        fake_send_frame(fd, header, out.data, out.length);
    pvmi_buffer_fini(&out);
}

/* An answer with a value; a negative one as an error with text. */
static inline void fake_answer(int fd, uint32_t id, int value, const char *text)
{
    struct pvmi_msg_answer answer = { .id = id, .value = value };

    if (value < 0)
        answer.error = (struct pvmi_rec_error){ .code = value, .host = "beta", .text = text };
    fake_send(fd, PVMI_MSG_answer, &answer);
}

/* A message of raw bytes from src. */
static inline void fake_message(int fd, int kind, int src, int dst, int tag, int ctx, uint32_t number,
                                const void *bytes, size_t length)
{
    struct pvmi_frame_header header = { .kind = (uint8_t)kind, .encoding = PVMI_ENCODING_RAW,
                                        .format = (uint8_t)pvmi_format_own(), .src = src, .dst = dst, .tag = tag,
                                        .ctx = ctx, .message = number, .message_length = length };

    fake_send_frame(fd, header, bytes, length);
}

/* ---- what it does by itself ---- */

static void fake_enroll(int fd, const struct pvmi_msg_enroll *enroll)
{
    struct pvmi_msg_enrolled enrolled = { .host = "alpha", .incarnation = 1 };

    fake.last = *enroll;
    if (fake.refuse) {
        enrolled.error = (struct pvmi_rec_error){ .code = PvmOutOfRes, .text = "no more than 0 tasks" };
    } else if (enroll->claim_tid != 0 && enroll->claim_tid == fake.claim_tid &&
               enroll->claim_nonce == fake.claim_nonce) {
        enrolled.tid = enroll->claim_tid;
        enrolled.parent = 0x40055;
        enrolled.inherit = fake.inherit;
        fake.claim_tid = 0;
    } else {
        enrolled.tid = FAKE_TID + fake.enrolled++;
    }
    if (fake.early_tag != 0)
        fake_message(fd, PVMI_FRAME_NOTICE, 0x40099, enrolled.tid, fake.early_tag, 0, 1, "x", 1);
    fake_send(fd, PVMI_MSG_enrolled, &enrolled);
}

static bool fake_on_control(int fd, const uint8_t *bytes, size_t length)
{
    struct pvmi_control control;
    bool goes_on = true;

    if (pvmi_control_decode(bytes, length, &control) != PvmOk &&
        pvmi_control_decode(bytes, length, &control) != PvmOk)
        return false;
    if (control.type == PVMI_MSG_enroll)
        fake_enroll(fd, control.msg);
    else if (!fake_control(fd, &control)) {
        if (control.type == PVMI_MSG_leave)
            fake_answer(fd, ((const struct pvmi_msg_leave *)control.msg)->id, 0, NULL);
        else
            goes_on = false;
    }
    pvmi_control_free(&control);
    return goes_on;
}

/* The frame comes back from whom it was sent to: from each of many. */
static void fake_echo(int fd, struct pvmi_frame_header header, const uint8_t *payload)
{
    const uint8_t *entry = payload;
    uint32_t count = 1;
    int src = header.src;

    if (header.kind == PVMI_FRAME_MANY) {
        count = header.message;
        payload += count * PVMI_MANY_ENTRY;
        header.length -= count * PVMI_MANY_ENTRY;
    }
    for (uint32_t i = 0; i < count; i++, entry += PVMI_MANY_ENTRY) {
        if (header.kind == PVMI_FRAME_MANY) {
            memcpy(&header.dst, entry, 4);
            memcpy(&header.message, entry + 4, 4);
        }
        struct pvmi_frame_header back = header;

        back.kind = header.kind == PVMI_FRAME_MANY ? PVMI_FRAME_DATA : header.kind;
        back.src = header.dst;
        back.dst = src;
        fake_send_frame(fd, back, payload, back.length);
    }
}

/* One frame. False when the connection is to be closed. */
static bool fake_on_frame(int fd)
{
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_frame_header header;
    uint8_t *payload;
    bool goes_on = true;

    if (!fake_read(fd, bytes, sizeof(bytes)) || pvmi_frame_header_decode(bytes, &header) != PvmOk)
        return false;
    payload = malloc(header.length + 1);
    if (!fake_read(fd, payload, header.length)) {
        free(payload);
        return false;
    }
    if (header.kind == PVMI_FRAME_CONTROL) {
        goes_on = fake_on_control(fd, payload, header.length);
    } else if (!fake.silent) {
        fake_echo(fd, header, payload);
    }
    free(payload);
    return goes_on;
}

static void *fake_run(void *unused)
{
    struct pollfd fds[2 + FAKE_CONNECTIONS] = { { .fd = fake.stop[0], .events = POLLIN },
                                                { .fd = fake.listener, .events = POLLIN } };
    int count = 2;

    while (poll(fds, (nfds_t)count, -1) >= 0 && fds[0].revents == 0) {
        for (int i = count - 1; i >= 2; i--) {
            if (fds[i].revents != 0 && !fake_on_frame(fds[i].fd)) {
                close(fds[i].fd);
                fds[i] = fds[--count];
            }
        }
        if (fds[1].revents != 0 && count < 2 + FAKE_CONNECTIONS) {
            fds[count] = (struct pollfd){ .fd = accept(fake.listener, NULL, NULL), .events = POLLIN };
            count++;
        }
    }
    for (int i = 2; i < count; i++)
        close(fds[i].fd);
    return unused;
}

/* ---- for the tests ---- */

static inline void fake_start(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    char folder[] = "/tmp/fake-daemon-XXXXXX";

    memset(&fake, 0, sizeof(fake));
    assert_non_null(mkdtemp(folder));
    snprintf(fake.path, sizeof(fake.path), "%s/sock", folder);
    strcpy(addr.sun_path, fake.path);
    fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake.listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fake.listener, 8), 0);
    assert_int_equal(pipe(fake.stop), 0);
    setenv("PVMSOCK", fake.path, 1);
    assert_int_equal(pthread_create(&fake.thread, NULL, fake_run, NULL), 0);
}

/* The daemon goes, all connections with it. */
static inline void fake_stop(void)
{
    if (fake.thread == 0)
        return;
    assert_int_equal(write(fake.stop[1], "x", 1), 1);
    pthread_join(fake.thread, NULL);
    fake.thread = 0;
    close(fake.listener);
    close(fake.stop[0]);
    close(fake.stop[1]);
    unlink(fake.path);
    *strrchr(fake.path, '/') = '\0';
    rmdir(fake.path);
}

static inline int fake_setup(void **state)
{
    (void)state;
    pvm_setopt(PvmAutoErr, 0);
    unsetenv("PVM_CLAIM");
    fake_start();
    return 0;
}

static inline int fake_teardown(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    pvm_exit();
    fake_stop();
    unsetenv("PVMSOCK");
    return 0;
}

#endif
