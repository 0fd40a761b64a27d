/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items of pvm_psend() from machines of other kinds: frames made by hand, with loops of their own, in all byte
 * orders and widths of long that this machine does not have.
 */
#include "fake_daemon.h"
#include "libpvm/arrive.h"
#include "libpvm/msgbuf.h"
#include "wire/section.h"

#define SENDER 0x80033
#define TAG 5
#define ITEMS 5

static bool fake_control(int fd, const struct pvmi_control *control)
{
    (void)fd;
    (void)control;
    return false;
}

static const int foreign_formats[] = { 0, PVMI_FORMAT_LITTLE, PVMI_FORMAT_LONG8,
                                       PVMI_FORMAT_LITTLE | PVMI_FORMAT_LONG8 };

/* ---- messages by hand ---- */

struct body {
    uint8_t bytes[1024];
    size_t length;
};

/* The bits of value as a scalar of type. */
static uint64_t scalar_bits(int type, int value)
{
    float single = (float)value;
    double real = value;
    uint32_t bits32;
    uint64_t bits;

    if (pvmi_type_family(type) != PVMI_FAMILY_REAL)
        return (uint64_t)(int64_t)value;
    if (pvmi_type_scalar_size(type) == 4) {
        memcpy(&bits32, &single, sizeof(bits32));
        return bits32;
    }
    memcpy(&bits, &real, sizeof(bits));
    return bits;
}

static void body_put(struct body *body, int format, uint64_t bits, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        size_t shift = (format & PVMI_FORMAT_LITTLE) != 0 ? i : size - 1 - i;

        body->bytes[body->length++] = (uint8_t)(bits >> (8 * shift));
    }
}

static uint32_t next_number;

/* The message arrives in frames of at most piece bytes. */
static void arrive(const void *bytes, size_t length, int type, int format, size_t piece)
{
    const uint8_t *from = bytes;
    size_t at = 0;

    do {
        size_t now = length - at < piece ? length - at : piece;
        struct pvmi_frame_header header = {
            .kind = PVMI_FRAME_DATA, .encoding = PVMI_ENCODING_RAW, .format = (uint8_t)format,
            .flags = (uint8_t)type, .message = next_number, .src = SENDER, .dst = FAKE_TID, .tag = TAG,
            .message_length = length, .offset = at,
        };
        struct pvmi_blob *blob = pvmi_blob_copy(from + at, now);

        pvmi_arrive_frame(pvmi_frame_new(&header, blob, 0, (uint32_t)now));
        pvmi_blob_unref(blob);
        at += now;
    } while (at < length);
    next_number++;
}

static int setup(void **state)
{
    fake_setup(state);
    assert_int_equal(pvm_mytid(), FAKE_TID);
    next_number = 1;
    return 0;
}

/* A format that is not this machine's, with the same width of long. */
static int other_order(void)
{
    return pvmi_format_own() ^ PVMI_FORMAT_LITTLE;
}

/* ---- all types ---- */

/* As pvm_psend() of the datatypes PVM_BYTE to PVM_ULONG on a machine of that format. */
static int type_sent(int datatype, int format)
{
    static const int types[] = {
        [PVM_BYTE] = PVMI_TYPE_BYTES,     [PVM_SHORT] = PVMI_TYPE_INT16,      [PVM_INT] = PVMI_TYPE_INT32,
        [PVM_FLOAT] = PVMI_TYPE_FLOAT32,  [PVM_CPLX] = PVMI_TYPE_COMPLEX32,   [PVM_DOUBLE] = PVMI_TYPE_FLOAT64,
        [PVM_DCPLX] = PVMI_TYPE_COMPLEX64, [PVM_LONG] = PVMI_TYPE_INT64,      [PVM_USHORT] = PVMI_TYPE_UINT16,
        [PVM_UINT] = PVMI_TYPE_UINT32,    [PVM_ULONG] = PVMI_TYPE_UINT64,
    };

    if ((format & PVMI_FORMAT_LONG8) == 0 && datatype == PVM_LONG)
        return PVMI_TYPE_INT32;
    if ((format & PVMI_FORMAT_LONG8) == 0 && datatype == PVM_ULONG)
        return PVMI_TYPE_UINT32;
    return types[datatype];
}

static bool is_complex(int type)
{
    return type == PVMI_TYPE_COMPLEX32 || type == PVMI_TYPE_COMPLEX64;
}

/* ITEMS items of datatype, all positive, so that they fit every type of the family. */
static void check_pair(int datatype, int wanted, int format)
{
    int type = type_sent(datatype, format);
    int own = type_sent(wanted, pvmi_format_own());
    size_t size = pvmi_type_scalar_size(type);
    size_t own_size = pvmi_type_scalar_size(own);
    int scalars = is_complex(type) ? 2 * ITEMS : ITEMS;
    int taken = is_complex(own) ? scalars / 2 * 2 : scalars;
    struct body body = { .length = 0 };
    struct body expected = { .length = 0 };
    uint8_t memory[256];
    int length = -1;
    int rc;

    for (int i = 0; i < scalars; i++) {
        body_put(&body, format, scalar_bits(type, i + 1), size);
        if (i < taken)
            body_put(&expected, pvmi_format_own(), scalar_bits(own, i + 1), own_size);
    }
    arrive(body.bytes, body.length, type, format, 7);
    memset(memory, 0x5a, sizeof(memory));
    rc = pvm_precv(SENDER, TAG, memory, wanted == PVM_BYTE ? 200 : ITEMS * 2, wanted, NULL, NULL, &length);
    if (wanted == PVM_BYTE) {
        assert_int_equal(rc, PvmOk);
        assert_int_equal(length, body.length);
        assert_memory_equal(memory, body.bytes, body.length);
        assert_int_equal(memory[body.length], 0x5a);
    } else if (pvmi_type_family(type) != pvmi_type_family(own)) {
        assert_int_equal(rc, PvmBadMsg);
        assert_int_equal(memory[0], 0x5a);
    } else {
        assert_int_equal(rc, PvmOk);
        assert_int_equal(length, (size_t)scalars * own_size);
        assert_memory_equal(memory, expected.bytes, expected.length);
        assert_int_equal(memory[expected.length], 0x5a);
    }
}

static void items_of_every_type_are_read_as_every_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(foreign_formats) / sizeof(foreign_formats[0]); i++) {
        if (foreign_formats[i] == pvmi_format_own())
            continue;
        for (int sent = PVM_BYTE; sent <= PVM_ULONG; sent++) {
            for (int wanted = PVM_BYTE; wanted <= PVM_ULONG; wanted++)
                check_pair(sent, wanted, foreign_formats[i]);
        }
    }
}

static void negative_longs_of_4_bytes_become_longs(void **state)
{
    struct body body = { .length = 0 };
    long got[3] = { 0, 0, 77 };
    int length;

    (void)state;
    body_put(&body, PVMI_FORMAT_LITTLE, (uint64_t)-5, 4);
    body_put(&body, PVMI_FORMAT_LITTLE, 2000000000, 4);
    arrive(body.bytes, body.length, PVMI_TYPE_INT32, PVMI_FORMAT_LITTLE, 1000);
    assert_int_equal(pvm_precv(-1, -1, got, 3, PVM_LONG, NULL, NULL, &length), PvmOk);
    assert_true(got[0] == -5 && got[1] == 2000000000 && got[2] == 77);
    assert_int_equal(length / (int)sizeof(long), 2);
}

static void a_number_that_does_not_fit_is_refused(void **state)
{
    struct body body = { .length = 0 };
    int got[3] = { 0, 0, 0 };

    (void)state;
    body_put(&body, PVMI_FORMAT_LONG8, 7, 8);
    body_put(&body, PVMI_FORMAT_LONG8, 10000000000, 8);
    body_put(&body, PVMI_FORMAT_LONG8, 9, 8);
    arrive(body.bytes, body.length, PVMI_TYPE_INT64, PVMI_FORMAT_LONG8, 1000);
    assert_int_equal(pvm_precv(-1, -1, got, 3, PVM_INT, NULL, NULL, NULL), PvmOverflow);
    assert_true(got[0] == 7 && got[1] == 0 && got[2] == 0);
}

/* ---- other calls ---- */

static void unpacking_converts_in_portions(void **state)
{
    struct body body = { .length = 0 };
    double real[3] = { 0 };
    float single = 0;
    int number;
    int bytes;

    (void)state;
    for (int i = 0; i < 4; i++)
        body_put(&body, other_order(), scalar_bits(PVMI_TYPE_FLOAT64, i - 1), 8);
    arrive(body.bytes, body.length, PVMI_TYPE_FLOAT64, other_order(), 13);
    assert_true(pvm_recv(-1, -1) > 0);
    assert_int_equal(pvm_bufinfo(pvm_getrbuf(), &bytes, NULL, NULL), PvmOk);
    assert_int_equal(bytes, 32);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmBadMsg);
    assert_non_null(strstr(pvm_errdetail(), "float64"));
    assert_int_equal(pvm_upkdouble(real, 2, 2), PvmOk);
    assert_true(real[0] == -1 && real[1] == 0 && real[2] == 0);
    assert_int_equal(pvm_upkfloat(&single, 1, 1), PvmOk);
    assert_true(single == 1);
    assert_int_equal(pvm_upkdouble(real, 3, 1), PvmNoData);
    assert_true(real[0] == 2);
    assert_int_equal(pvm_upkdouble(real, 1, 1), PvmNoData);
}

static void bytes_are_those_of_the_sender_and_numbers_begin_at_theirs(void **state)
{
    struct body body = { .length = 0 };
    char bytes[8];
    int number;

    (void)state;
    for (int i = 0; i < 4; i++)
        body_put(&body, other_order(), (uint64_t)(0x01020304 + i), 4);
    arrive(body.bytes, body.length, PVMI_TYPE_INT32, other_order(), 1000);
    assert_true(pvm_recv(-1, -1) > 0);
    assert_int_equal(pvm_upkbyte(bytes, 4, 1), PvmOk);
    assert_memory_equal(bytes, body.bytes, 4);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_int_equal(number, 0x01020305);
    assert_int_equal(pvm_upkbyte(bytes, 1, 1), PvmOk);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkbyte(bytes, 3, 1), PvmOk);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_int_equal(number, 0x01020307);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmNoData);
}

static void a_message_that_ends_inside_an_item_is_damaged(void **state)
{
    const uint8_t bytes[6] = { 0, 0, 0, 1, 0, 0 };
    int got[2] = { 0, 0 };

    (void)state;
    arrive(bytes, sizeof(bytes), PVMI_TYPE_INT32, 0, 1000);
    assert_int_equal(pvm_precv(-1, -1, got, 2, PVM_INT, NULL, NULL, NULL), PvmBadMsg);
    assert_int_equal(got[0], 1);
}

static void without_a_type_only_bytes_can_be_read(void **state)
{
    int got = 0;

    (void)state;
    arrive("\0\0\0\1", 4, 0, other_order(), 1000);
    assert_int_equal(pvm_precv(-1, -1, &got, 1, PVM_INT, NULL, NULL, NULL), PvmBadMsg);
    arrive("\0\0\0\1", 4, 0, other_order(), 1000);
    assert_int_equal(pvm_precv(-1, -1, &got, 4, PVM_BYTE, NULL, NULL, NULL), PvmOk);
    assert_memory_equal(&got, "\0\0\0\1", 4);
}

static void between_like_machines_psend_is_untyped(void **state)
{
    double sent[2] = { 1.5, -2.5 };
    int got[4] = { 0 };
    int length;

    (void)state;
    assert_int_equal(pvm_psend(0x40099, TAG, sent, 2, PVM_DOUBLE), PvmOk);    /* comes back */
    assert_int_equal(pvm_precv(0x40099, TAG, got, 4, PVM_INT, NULL, NULL, &length), PvmOk);
    assert_memory_equal(got, sent, sizeof(sent));
    assert_int_equal(length, sizeof(sent));
}

static void psend_tells_the_type(void **state)
{
    long sent = -9;
    int id;

    (void)state;
    assert_int_equal(pvm_psend(0x40099, TAG, &sent, 1, PVM_LONG), PvmOk);
    id = pvm_recv(0x40099, TAG);
    assert_int_equal(pvmi_msgbuf_find(id)->raw_type, type_sent(PVM_LONG, pvmi_format_own()));
}

/* Forwarded as it is, the message still tells what it was at its first sender. */
static void a_forwarded_message_keeps_format_and_type(void **state)
{
    struct body body = { .length = 0 };
    int number = 0;

    (void)state;
    body_put(&body, other_order(), 0x01020304, 4);
    arrive(body.bytes, body.length, PVMI_TYPE_INT32, other_order(), 1000);
    assert_true(pvm_recv(-1, -1) > 0);
    pvm_setsbuf(pvm_getrbuf());
    assert_int_equal(pvm_pkint(&number, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_send(0x40099, TAG), PvmOk);
    assert_true(pvm_recv(0x40099, TAG) > 0);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_int_equal(number, 0x01020304);
}

/* More than a frame holds, so that items lie across the blocks of the body. */
static void long_messages_are_converted_whole(void **state)
{
    const int count = 300000;
    uint8_t *bytes = malloc(4 * (size_t)count);
    long *got = calloc((size_t)count, sizeof(*got));

    (void)state;
    for (int i = 0; i < count; i++) {
        bytes[4 * i] = (uint8_t)(i >> 24);
        bytes[4 * i + 1] = (uint8_t)(i >> 16);
        bytes[4 * i + 2] = (uint8_t)(i >> 8);
        bytes[4 * i + 3] = (uint8_t)i;
    }
    arrive(bytes, 4 * (size_t)count, PVMI_TYPE_INT32, 0, 65535);
    assert_int_equal(pvm_precv(-1, -1, got, count, PVM_LONG, NULL, NULL, NULL), PvmOk);
    for (int i = 0; i < count; i++)
        assert_int_equal(got[i], i);
    free(bytes);
    free(got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(items_of_every_type_are_read_as_every_other),
        TEST(negative_longs_of_4_bytes_become_longs),
        TEST(a_number_that_does_not_fit_is_refused),
        TEST(unpacking_converts_in_portions),
        TEST(bytes_are_those_of_the_sender_and_numbers_begin_at_theirs),
        TEST(a_message_that_ends_inside_an_item_is_damaged),
        TEST(without_a_type_only_bytes_can_be_read),
        TEST(between_like_machines_psend_is_untyped),
        TEST(psend_tells_the_type),
        TEST(a_forwarded_message_keeps_format_and_type),
        TEST(long_messages_are_converted_whole),
    };

    return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
