/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of the protocol as they were agreed on: one file of hexadecimal in GOLDEN_DIR for each control
 * message with canonical contents (control_fill.h), for the frame header and for the hello.
 *
 * A change here breaks what is installed elsewhere. One that is meant (a new message, a field at the end) is
 * written with
 *
 *     test_golden --record
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "control_fill.h"
#include "pvm3.h"
#include "wire/frame.h"
#include "wire/hello.h"

#define GOLDEN_BYTES_MAX 65536

static bool recording;

static FILE *golden_open(const char *name, const char *mode)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.hex", GOLDEN_DIR, name);
    file = fopen(path, mode);
    if (file == NULL)
        fail_msg("cannot open %s: if %s is new, run test_golden --record", path, name);
    return file;
}

static void golden_write(const char *name, const uint8_t *bytes, size_t length)
{
    FILE *file = golden_open(name, "w");

    for (size_t i = 0; i < length; i++)
        fprintf(file, "%02x%s", bytes[i], i % 32 == 31 || i + 1 == length ? "\n" : "");
    assert_int_equal(fclose(file), 0);
}

/* Returns the length. */
static size_t golden_read(const char *name, uint8_t *bytes)
{
    FILE *file = golden_open(name, "r");
    size_t length = 0;
    unsigned byte;

    while (length < GOLDEN_BYTES_MAX && fscanf(file, "%2x", &byte) == 1)
        bytes[length++] = (uint8_t)byte;
    assert_true(feof(file));
    fclose(file);
    return length;
}

/* Compares bytes with those on file, or writes them there. */
static void golden_check(const char *name, const uint8_t *bytes, size_t length)
{
    static uint8_t golden[GOLDEN_BYTES_MAX];
    size_t golden_length;

    if (recording)
        golden_write(name, bytes, length);
    golden_length = golden_read(name, golden);
    for (size_t i = 0; i < length && i < golden_length; i++)
        if (bytes[i] != golden[i])
            fail_msg("%s: byte %zu is %02x, was %02x", name, i, bytes[i], golden[i]);
    if (length != golden_length)
        fail_msg("%s: has %zu bytes, had %zu", name, length, golden_length);
}

static void control_messages_have_their_golden_bytes(void **state)
{
    static struct fill fill;

    (void)state;
    for (int type = 1; type <= PVMI_MSG_MAX; type++) {
        struct pvmi_control control;
        struct pvmi_buffer buffer;
        char name[64];
        void *msg;

        if (pvmi_control_size(type) == 0)
            continue;
        fill_init(&fill, FILL_CANONICAL, 0);
        msg = fill_message(&fill, type);
        pvmi_buffer_init(&buffer, PVMI_FRAME_CONTROL_MAX);
        assert_int_equal(pvmi_control_encode(type, msg, &buffer), PvmOk);
        snprintf(name, sizeof(name), "control_%s", pvmi_control_name(type));
        golden_check(name, buffer.data, buffer.length);

        assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmOk);
        assert_true(same_message(type, msg, control.msg));
        pvmi_control_free(&control);
        pvmi_buffer_fini(&buffer);
        fill_fini(&fill);
    }
}

static void the_frame_header_has_its_golden_bytes(void **state)
{
    (void)state;
    const struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_DATA,
        .encoding = PVMI_ENCODING_RAW,
        .format = PVMI_FORMAT_LITTLE | PVMI_FORMAT_LONG8,
        .length = 0x0000a1b2,
        .message = 0x01020304,
        .src = 0x00040001,
        .dst = 0x00080002,
        .tag = 0x11121314,
        .ctx = 0x00021222,
        .wid = 0x31323334,
        .message_length = 0x4142434445464748,
        .offset = 0x0000515253545556,
        .number = 0x6162636465666768,
        .ack = 0x7172737475767778,
    };
    struct pvmi_frame_header decoded;
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];

    pvmi_frame_header_encode(&header, bytes);
    golden_check("frame", bytes, sizeof(bytes));
    assert_int_equal(pvmi_frame_header_decode(bytes, &decoded), PvmOk);
}

static void the_hello_has_its_golden_bytes(void **state)
{
    (void)state;
    struct pvmi_hello hello = {
        .version_min = 1,
        .version_max = 1,
        .purpose = PVMI_HELLO_JOIN,
        .channel = PVMI_CHANNEL_BULK,
        .sender = 0x0102030405060708,
        .receiver = 0x1112131415161718,
        .ticket = 0x2122232425262728,
        .host = 0x31323334,
    };
    uint8_t bytes[PVMI_HELLO_SIZE];

    for (size_t i = 0; i < sizeof(hello.nonce); i++) {
        hello.machine[i % sizeof(hello.machine)] = (uint8_t)(0x40 + i);
        hello.nonce[i] = (uint8_t)(0x60 + i);
        hello.mac[i] = (uint8_t)(0x80 + i);
    }
    pvmi_hello_encode(&hello, bytes);
    golden_check("hello", bytes, sizeof(bytes));
    assert_int_equal(pvmi_hello_decode(bytes, &hello), PvmOk);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_messages_have_their_golden_bytes),
        cmocka_unit_test(the_frame_header_has_its_golden_bytes),
        cmocka_unit_test(the_hello_has_its_golden_bytes),
    };

    recording = argc > 1 && strcmp(argv[1], "--record") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
