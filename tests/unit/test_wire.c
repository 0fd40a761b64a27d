/* SPDX-License-Identifier: BSD-3-Clause */
/* The fixed layouts: reader, frame header, frames, hello, tid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvm3.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/many.h"
#include "wire/reader.h"
#include "wire/section.h"
#include "wire/tid.h"

static int nothing_leaked(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* ---- reader ---- */

static void numbers_are_little_endian(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 'a', 'b' };
    uint8_t written[sizeof(bytes)];
    uint8_t *at = written;
    struct pvmi_reader reader;

    pvmi_reader_init(&reader, bytes, sizeof(bytes));
    assert_int_equal(pvmi_get_u8(&reader), 1);
    assert_int_equal(pvmi_get_u16(&reader), 0x0102);
    assert_int_equal(pvmi_get_u32(&reader), 0x01020304);
    assert_int_equal(pvmi_get_u64(&reader), 0x0102030405060708);
    assert_int_equal(pvmi_reader_left(&reader), 2);
    assert_memory_equal(pvmi_get_bytes(&reader, 2), "ab", 2);
    assert_int_equal(pvmi_reader_left(&reader), 0);
    assert_false(reader.failed);

    pvmi_put_u8(&at, 1);
    pvmi_put_u16(&at, 0x0102);
    pvmi_put_u32(&at, 0x01020304);
    pvmi_put_u64(&at, 0x0102030405060708);
    pvmi_put_bytes(&at, "ab", 2);
    assert_ptr_equal(at, written + sizeof(written));
    assert_memory_equal(written, bytes, sizeof(bytes));
}

static void a_reader_is_spent_after_the_first_miss(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 2, 3 };
    struct pvmi_reader reader;

    pvmi_reader_init(&reader, bytes, sizeof(bytes));
    assert_int_equal(pvmi_get_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(pvmi_reader_left(&reader), 0);
    assert_int_equal(pvmi_get_u8(&reader), 0);
    assert_null(pvmi_get_bytes(&reader, 1));
    pvmi_reader_init(&reader, bytes, sizeof(bytes));
    assert_null(pvmi_get_bytes(&reader, SIZE_MAX));
    assert_true(reader.failed);
}

static void a_reader_of_nothing_gives_nothing(void **state)
{
    (void)state;
    struct pvmi_reader reader;

    pvmi_reader_init(&reader, NULL, 0);
    assert_int_equal(pvmi_reader_left(&reader), 0);
    assert_false(reader.failed);
    assert_int_equal(pvmi_get_u8(&reader), 0);
    assert_true(reader.failed);
}

/* ---- frame header ---- */

static const struct pvmi_frame_header data_header = {
    .kind = PVMI_FRAME_DATA,
    .encoding = PVMI_ENCODING_TRACE,
    .format = PVMI_FORMAT_LITTLE | PVMI_FORMAT_LONG8,
    .length = 0x1234,
    .message = 0x21222324,
    .src = 0x40001,
    .dst = -2,
    .tag = 0x41424344,
    .ctx = 0x7ffff,
    .wid = 0xf1f2f3f4,
    .message_length = 0x1122334455667788,
    .offset = 0x1020304050607080,
    .number = 0xfffffffffffffffe,
    .ack = 0x8182838485868788,
};

static void a_header_comes_back_as_it_was(void **state)
{
    (void)state;
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];
    uint8_t again[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_frame_header header;

    pvmi_frame_header_encode(&data_header, bytes);
    assert_int_equal(pvmi_frame_header_decode(bytes, &header), PvmOk);
    assert_int_equal(header.dst, -2);
    assert_int_equal(header.wid, 0xf1f2f3f4);
    assert_int_equal(header.number, 0xfffffffffffffffe);
    pvmi_frame_header_encode(&header, again);
    assert_memory_equal(again, bytes, sizeof(bytes));
}

static void the_fields_lie_where_the_header_file_says(void **state)
{
    (void)state;
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_reader reader;

    pvmi_frame_header_encode(&data_header, bytes);
    assert_int_equal(bytes[0], PVMI_FRAME_DATA);
    assert_int_equal(bytes[1], PVMI_ENCODING_TRACE);
    assert_int_equal(bytes[2], 3);
    assert_int_equal(bytes[3], 0);
    pvmi_reader_init(&reader, bytes + 4, sizeof(bytes) - 4);
    assert_int_equal(pvmi_get_u32(&reader), 0x1234);
    assert_int_equal(pvmi_get_u32(&reader), 0x21222324);
    assert_int_equal(pvmi_get_u32(&reader), 0x40001);
    assert_int_equal(pvmi_get_u32(&reader), 0xfffffffe);
    assert_int_equal(pvmi_get_u32(&reader), 0x41424344);
    assert_int_equal(pvmi_get_u32(&reader), 0x7ffff);
    assert_int_equal(pvmi_get_u32(&reader), 0xf1f2f3f4);
    assert_int_equal(pvmi_get_u64(&reader), 0x1122334455667788);
    assert_int_equal(pvmi_get_u64(&reader), 0x1020304050607080);
    assert_int_equal(pvmi_get_u64(&reader), 0xfffffffffffffffe);
    assert_int_equal(pvmi_get_u64(&reader), 0x8182838485868788);
    assert_int_equal(pvmi_reader_left(&reader), 0);
}

/* What decode says to header. */
static int verdict(struct pvmi_frame_header header)
{
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_frame_header decoded = { .wid = 4711 };
    int rc;

    pvmi_frame_header_encode(&header, bytes);
    rc = pvmi_frame_header_decode(bytes, &decoded);
    if (rc != PvmOk)
        assert_int_equal(decoded.wid, 4711);
    return rc;
}

static void unknown_kinds_encodings_formats_and_flags_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < 256; kind++) {
        bool known = kind >= 1 && kind <= PVMI_FRAME_KIND_MAX;

        assert_int_equal(verdict((struct pvmi_frame_header){ .kind = (uint8_t)kind }),
                         known && kind != PVMI_FRAME_MANY ? PvmOk : PvmBadMsg);    /* for many: for none */
    }
    for (int value = 0; value < 256; value++) {
        struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .encoding = (uint8_t)value };

        assert_int_equal(verdict(header), value == 0 || value == 1 || value == 4 ? PvmOk : PvmBadMsg);
        header = (struct pvmi_frame_header){ .kind = PVMI_FRAME_DATA, .format = (uint8_t)value };
        assert_int_equal(verdict(header), value <= 3 ? PvmOk : PvmBadMsg);
        header = (struct pvmi_frame_header){ .kind = PVMI_FRAME_DATA, .flags = (uint8_t)value };
        assert_int_equal(verdict(header), value == 0 ? PvmOk : PvmBadMsg);
    }
}

static void raw_data_may_tell_their_type(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .encoding = PVMI_ENCODING_RAW,
                                            .flags = (uint8_t)value };

        assert_int_equal(verdict(header), value <= PVMI_TYPE_MAX ? PvmOk : PvmBadMsg);
        header.kind = PVMI_FRAME_NOTICE;
        assert_int_equal(verdict(header), value == 0 ? PvmOk : PvmBadMsg);
    }
}

static void each_kind_has_its_longest_payload(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        uint32_t length_max;
    } kinds[] = {
        { PVMI_FRAME_DATA, 65536 },      { PVMI_FRAME_CONTROL, 16777216 }, { PVMI_FRAME_OUTPUT, 65536 },
        { PVMI_FRAME_NOTICE, 65536 },    { PVMI_FRAME_RESUME, 0 },         { PVMI_FRAME_ACK, 0 },
        { PVMI_FRAME_PING, 0 },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct pvmi_frame_header header = { .kind = kinds[i].kind, .message_length = UINT64_MAX };

        header.length = kinds[i].length_max;
        assert_int_equal(verdict(header), PvmOk);
        header.length++;
        assert_int_equal(verdict(header), PvmBadMsg);
        header.length = UINT32_MAX;
        assert_int_equal(verdict(header), PvmBadMsg);
    }
}

static void a_payload_behind_the_end_of_its_message_is_refused(void **state)
{
    (void)state;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .length = 10, .message_length = 30 };

    header.offset = 20;
    assert_int_equal(verdict(header), PvmOk);
    header.offset = 21;
    assert_int_equal(verdict(header), PvmBadMsg);
    header.offset = UINT64_MAX - 5;
    assert_int_equal(verdict(header), PvmBadMsg);
    header.length = 0;
    assert_int_equal(verdict(header), PvmBadMsg);
}

/* ---- for many ---- */

static void a_list_of_receivers_has_its_place_in_the_payload(void **state)
{
    (void)state;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_MANY, .message = 3, .length = 24 + 10, .message_length = 10 };

    assert_int_equal(verdict(header), PvmOk);
    header.length++;    /* past the end of the message */
    assert_int_equal(verdict(header), PvmBadMsg);
    header.length = 23;
    assert_int_equal(verdict(header), PvmBadMsg);
    header.length = 24;
    assert_int_equal(verdict(header), PvmOk);
    header.message = 0;
    assert_int_equal(verdict(header), PvmBadMsg);
    header.message_length = UINT64_MAX;
    header.length = PVMI_FRAME_PAYLOAD_MAX;
    header.message = PVMI_MANY_MAX;
    assert_int_equal(verdict(header), PvmOk);
    header.length++;
    assert_int_equal(verdict(header), PvmBadMsg);
    header.length--;
    header.message++;
    assert_int_equal(verdict(header), PvmBadMsg);
    header.message = UINT32_MAX / PVMI_MANY_ENTRY + 2;
    assert_int_equal(verdict(header), PvmBadMsg);
}

static void a_frame_for_many_becomes_one_for_each(void **state)
{
    (void)state;
    const struct pvmi_receiver receivers[] = { { 0x40001, 7 }, { -2, UINT32_MAX } };
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_DATA, .src = 0x40005, .tag = 3, .message_length = 6, .offset = 2 };
    struct pvmi_frame *many = pvmi_many_new(&header, receivers, 2, (const uint8_t *)"abcd", 4);
    uint32_t length;

    assert_int_equal(many->header.kind, PVMI_FRAME_MANY);
    assert_int_equal(many->header.message, 2);
    assert_int_equal(many->header.dst, 0x40001);
    assert_memory_equal(pvmi_frame_bytes(many),
                        "\x01\x00\x04\x00\x07\x00\x00\x00\xfe\xff\xff\xff\xff\xff\xff\xff" "abcd", 20);
    assert_memory_equal(pvmi_many_piece(many, &length), "abcd", 4);
    assert_int_equal(length, 4);
    for (uint32_t i = 0; i < 2; i++) {
        struct pvmi_frame *one = pvmi_many_one(many, i);

        assert_int_equal(one->header.kind, PVMI_FRAME_DATA);
        assert_int_equal(one->header.dst, receivers[i].tid);
        assert_int_equal(one->header.message, receivers[i].message);
        assert_int_equal(one->header.src, 0x40005);
        assert_int_equal(one->header.offset, 2);
        assert_int_equal(one->header.length, 4);
        assert_ptr_equal(one->payload, many->payload);
        assert_memory_equal(pvmi_frame_bytes(one), "abcd", 4);
        pvmi_frame_free(one);
    }
    pvmi_frame_free(many);
}

/* ---- frames ---- */

static void frames_share_one_payload(void **state)
{
    (void)state;
    struct pvmi_blob *blob = pvmi_blob_copy("abcdefgh", 8);
    struct pvmi_frame *frame = pvmi_frame_new(&data_header, blob, 2, 3);
    struct pvmi_frame *clone = pvmi_frame_clone(frame);

    assert_int_equal(blob->refs, 3);
    pvmi_blob_unref(blob);
    assert_int_equal(frame->header.length, 3);
    assert_int_equal(frame->header.tag, data_header.tag);
    pvmi_frame_free(frame);
    assert_int_equal(clone->header.length, 3);
    assert_memory_equal(pvmi_frame_bytes(clone), "cde", 3);
    pvmi_frame_free(clone);
    pvmi_frame_free(NULL);
}

static void a_frame_without_payload_holds_none(void **state)
{
    (void)state;
    struct pvmi_blob *blob = pvmi_blob_copy("abc", 3);
    struct pvmi_frame *with = pvmi_frame_new(&data_header, blob, 3, 0);
    struct pvmi_frame *without = pvmi_frame_new(&data_header, NULL, 0, 0);

    assert_null(with->payload);
    assert_null(without->payload);
    assert_non_null(pvmi_frame_bytes(with));
    assert_int_equal(blob->refs, 1);
    pvmi_frame_free(with);
    pvmi_frame_free(without);
    pvmi_blob_unref(blob);
}

static void freeing_a_frame_unlinks_it(void **state)
{
    (void)state;
    struct pvmi_list list;
    struct pvmi_frame *frames[3];

    pvmi_list_init(&list);
    for (int i = 0; i < 3; i++) {
        frames[i] = pvmi_frame_new(&data_header, NULL, 0, 0);
        pvmi_list_push(&list, &frames[i]->link);
    }
    pvmi_frame_free(frames[1]);
    assert_ptr_equal(list.next, &frames[0]->link);
    assert_ptr_equal(list.prev, &frames[2]->link);
    pvmi_frame_free_all(&list);
    assert_true(pvmi_list_empty(&list));
}

static void a_frame_without_memory_takes_no_reference(void **state)
{
    (void)state;
    struct pvmi_blob *blob = pvmi_blob_copy("abc", 3);

    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_frame_new(&data_header, blob, 0, 3));
    assert_int_equal(blob->refs, 1);
    pvmi_blob_unref(blob);
}

static void formats_have_distinct_signatures(void **state)
{
    (void)state;
    assert_int_equal(pvmi_format_dsig(PVMI_FORMAT_LITTLE | PVMI_FORMAT_LONG8), 0x00408c41);
    for (int a = 0; a <= PVMI_FORMAT_MASK; a++)
        for (int b = 0; b < a; b++)
            assert_int_not_equal(pvmi_format_dsig(a), pvmi_format_dsig(b));
    assert_int_equal(pvmi_format_own() & ~PVMI_FORMAT_MASK, 0);
}

/* ---- hello ---- */

static struct pvmi_hello some_hello(void)
{
    struct pvmi_hello hello = {
        .version_min = PVMI_VERSION_MIN,
        .version_max = PVMI_VERSION,
        .purpose = PVMI_HELLO_JOIN,
        .channel = PVMI_CHANNEL_BULK,
        .sender = 0x0102030405060708,
        .receiver = 0x1112131415161718,
        .ticket = 0x2122232425262728,
        .host = 0x31323334,
    };

    memset(hello.machine, 'm', sizeof(hello.machine));
    memset(hello.nonce, 'n', sizeof(hello.nonce));
    memset(hello.mac, 'h', sizeof(hello.mac));
    return hello;
}

static void a_hello_comes_back_as_it_was(void **state)
{
    (void)state;
    struct pvmi_hello hello = some_hello();
    struct pvmi_hello decoded;
    uint8_t bytes[PVMI_HELLO_SIZE];
    uint8_t again[PVMI_HELLO_SIZE];

    pvmi_hello_encode(&hello, bytes);
    assert_int_equal(pvmi_hello_decode(bytes, &decoded), PvmOk);
    assert_int_equal(decoded.sender, hello.sender);
    assert_int_equal(decoded.host, hello.host);
    assert_int_equal(decoded.purpose, PVMI_HELLO_JOIN);
    assert_int_equal(decoded.channel, PVMI_CHANNEL_BULK);
    pvmi_hello_encode(&decoded, again);
    assert_memory_equal(again, bytes, sizeof(bytes));
    assert_memory_equal(bytes, "PVM4hel\n", 8);
    assert_memory_equal(bytes + PVMI_HELLO_SIGNED, hello.mac, 32);
}

/* Each byte of the signed part is wrong in turn; those of free contents may have any value. */
static void a_hello_with_wrong_fixed_bytes_is_refused(void **state)
{
    (void)state;
    struct pvmi_hello hello = some_hello();
    struct pvmi_hello decoded;
    uint8_t bytes[PVMI_HELLO_SIZE];

    for (int at = 0; at < PVMI_HELLO_SIZE; at++) {
        bool fixed = at < 16 || (at >= 60 && at < 64);

        pvmi_hello_encode(&hello, bytes);
        bytes[at] ^= 0x80;
        assert_int_equal(pvmi_hello_decode(bytes, &decoded) == PvmOk, !fixed || at == 10 || at == 11);
    }
}

static int hello_verdict(struct pvmi_hello hello, struct pvmi_hello *ret_decoded)
{
    uint8_t bytes[PVMI_HELLO_SIZE];

    pvmi_hello_encode(&hello, bytes);
    return pvmi_hello_decode(bytes, ret_decoded);
}

static void versions_that_do_not_meet_are_named(void **state)
{
    (void)state;
    struct pvmi_hello hello = some_hello();
    struct pvmi_hello decoded;

    hello.version_min = PVMI_VERSION + 1;
    hello.version_max = PVMI_VERSION + 3;
    hello.purpose = 99;
    assert_int_equal(hello_verdict(hello, &decoded), PvmBadVersion);
    assert_int_equal(decoded.version_max, PVMI_VERSION + 3);
    hello.version_min = 0;
    hello.version_max = PVMI_VERSION_MIN - 1;
    assert_int_equal(hello_verdict(hello, &decoded), PvmBadVersion);
    hello.version_min = 2;
    hello.version_max = 1;
    assert_int_equal(hello_verdict(hello, &decoded), PvmBadMsg);
    hello = some_hello();
    hello.version_min = 0;
    hello.version_max = UINT16_MAX;
    assert_int_equal(hello_verdict(hello, &decoded), PvmOk);
}

static void unknown_purposes_and_channels_are_refused(void **state)
{
    (void)state;
    struct pvmi_hello decoded;

    for (unsigned value = 0; value < 10; value++) {
        struct pvmi_hello hello = some_hello();

        hello.purpose = (uint16_t)value;
        assert_int_equal(hello_verdict(hello, &decoded), value >= 1 && value <= 3 ? PvmOk : PvmBadMsg);
        hello = some_hello();
        hello.channel = (uint16_t)value;
        assert_int_equal(hello_verdict(hello, &decoded), value <= 1 ? PvmOk : PvmBadMsg);
    }
}

/* ---- tid ---- */

static void tids_are_made_of_host_and_local_part(void **state)
{
    (void)state;
    int32_t tid = pvmi_tid_make(PVMI_HOST_MAX, PVMI_LOCAL_MAX);

    assert_int_equal(pvmi_tid_make(1, 1), 0x40001);
    assert_int_equal(pvmi_tid_host(tid), PVMI_HOST_MAX);
    assert_int_equal(pvmi_tid_local(tid), PVMI_LOCAL_MAX);
    assert_true(pvmi_tid_is_task(tid));
    assert_int_equal(pvmi_tid_of_host(2), 0x80000);
    assert_true(pvmi_tid_is_host(0x80000));
    assert_true(pvmi_tid_is_host((int32_t)0x80080000));
    assert_false(pvmi_tid_is_host(PVMI_TID_PVMD));
    assert_false(pvmi_tid_is_task(0x80000));
    assert_false(pvmi_tid_is_task(7));
    assert_false(pvmi_tid_is_task(0));
    assert_false(pvmi_tid_is_task(-1));
    assert_false(pvmi_tid_is_task(0x40000000 | 0x40001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(a_reader_is_spent_after_the_first_miss),
        cmocka_unit_test(a_reader_of_nothing_gives_nothing),
        cmocka_unit_test(a_header_comes_back_as_it_was),
        cmocka_unit_test(the_fields_lie_where_the_header_file_says),
        cmocka_unit_test(unknown_kinds_encodings_formats_and_flags_are_refused),
        cmocka_unit_test(raw_data_may_tell_their_type),
        cmocka_unit_test(each_kind_has_its_longest_payload),
        cmocka_unit_test(a_payload_behind_the_end_of_its_message_is_refused),
        cmocka_unit_test_teardown(a_list_of_receivers_has_its_place_in_the_payload, nothing_leaked),
        cmocka_unit_test_teardown(a_frame_for_many_becomes_one_for_each, nothing_leaked),
        cmocka_unit_test_teardown(frames_share_one_payload, nothing_leaked),
        cmocka_unit_test_teardown(a_frame_without_payload_holds_none, nothing_leaked),
        cmocka_unit_test_teardown(freeing_a_frame_unlinks_it, nothing_leaked),
        cmocka_unit_test_teardown(a_frame_without_memory_takes_no_reference, nothing_leaked),
        cmocka_unit_test(formats_have_distinct_signatures),
        cmocka_unit_test(a_hello_comes_back_as_it_was),
        cmocka_unit_test(a_hello_with_wrong_fixed_bytes_is_refused),
        cmocka_unit_test(versions_that_do_not_meet_are_named),
        cmocka_unit_test(unknown_purposes_and_channels_are_refused),
        cmocka_unit_test(tids_are_made_of_host_and_local_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
