/* SPDX-License-Identifier: BSD-3-Clause */
/* What a daemon packs for a plug-in and reads of it, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "wire/frame.h"
#include "wire/items.h"
#include "wire/section.h"

static void what_was_written_is_read(void **state)
{
    struct pvmi_items_writer writer = { 0 };
    struct pvmi_items_reader reader;

    (void)state;
    for (int32_t i = -500; i < 500; i++)
        pvmi_items_put_int(&writer, i * 1000003);
    pvmi_items_put_string(&writer, "a path/with words");
    pvmi_items_put_string(&writer, NULL);
    pvmi_items_put_int(&writer, INT32_MIN);
    assert_false(writer.failed);
    pvmi_items_read(&reader, PVMI_ENCODING_DEFAULT, pvmi_format_own(), writer.data, writer.length);
    for (int32_t i = -500; i < 500; i++)
        assert_int_equal(pvmi_items_int(&reader), i * 1000003);
    assert_string_equal(pvmi_items_string(&reader), "a path/with words");
    assert_string_equal(pvmi_items_string(&reader), "");
    assert_int_equal(pvmi_items_int(&reader), INT32_MIN);
    assert_true(pvmi_items_end(&reader));
    assert_false(reader.failed);
    assert_int_equal(pvmi_items_int(&reader), 0);
    assert_true(reader.failed);
    pvmi_items_free(&writer);
}

static void every_cut_of_a_message_fails_and_reads_nothing_behind_it(void **state)
{
    struct pvmi_items_writer writer = { 0 };
    struct pvmi_items_reader reader;

    (void)state;
    pvmi_items_put_int(&writer, 7);
    pvmi_items_put_string(&writer, "name");
    pvmi_items_put_int(&writer, 8);
    for (size_t length = 0; length < writer.length; length++) {
        uint8_t *copy = pvmi_malloc(length + 1);

        memcpy(copy, writer.data, length);
        pvmi_items_read(&reader, PVMI_ENCODING_DEFAULT, pvmi_format_own(), copy, length);
        pvmi_items_int(&reader);
        pvmi_items_string(&reader);
        pvmi_items_int(&reader);
        assert_true(reader.failed);
        pvmi_free(copy);
    }
    pvmi_items_free(&writer);
}

static void the_wrong_family_and_strings_without_an_end_fail(void **state)
{
    uint8_t real[PVMI_SECTION_HEADER_SIZE + 4] = { 0 };
    uint8_t text[2 * PVMI_SECTION_HEADER_SIZE + 4 + 3] = { 0 };
    struct pvmi_items_reader reader;
    int32_t three = 3;

    (void)state;
    pvmi_section_header_encode(PVMI_TYPE_FLOAT32, 4, real);
    pvmi_items_read(&reader, PVMI_ENCODING_DEFAULT, pvmi_format_own(), real, sizeof(real));
    assert_int_equal(pvmi_items_int(&reader), 0);
    assert_true(reader.failed);

    pvmi_section_header_encode(PVMI_TYPE_INT32, 4, text);
    memcpy(text + PVMI_SECTION_HEADER_SIZE, &three, sizeof(three));
    pvmi_section_header_encode(PVMI_TYPE_BYTES, 3, text + PVMI_SECTION_HEADER_SIZE + 4);
    memcpy(text + 2 * PVMI_SECTION_HEADER_SIZE + 4, "abc", 3);
    pvmi_items_read(&reader, PVMI_ENCODING_DEFAULT, pvmi_format_own(), text, sizeof(text));
    assert_null(pvmi_items_string(&reader));
    assert_true(reader.failed);
}

static void raw_items_are_those_of_this_kind_of_machine(void **state)
{
    struct pvmi_items_reader reader;
    uint8_t bytes[4 + 4 + 3];
    int32_t ints[2] = { -5, 3 };

    (void)state;
    memcpy(bytes, ints, sizeof(ints));
    memcpy(bytes + sizeof(ints), "ab", 3);
    pvmi_items_read(&reader, PVMI_ENCODING_RAW, pvmi_format_own(), bytes, sizeof(bytes));
    assert_int_equal(pvmi_items_int(&reader), -5);
    assert_string_equal(pvmi_items_string(&reader), "ab");
    assert_true(pvmi_items_end(&reader));
    assert_false(reader.failed);
    pvmi_items_read(&reader, PVMI_ENCODING_RAW, pvmi_format_own() ^ PVMI_FORMAT_LITTLE, bytes, sizeof(bytes));
    assert_true(reader.failed);
}

static void a_machine_of_the_other_byte_order_is_understood(void **state)
{
    uint8_t bytes[PVMI_SECTION_HEADER_SIZE + 4];
    struct pvmi_items_reader reader;
    int format = pvmi_format_own() ^ PVMI_FORMAT_LITTLE;
    int32_t swapped = (int32_t)__builtin_bswap32(0x40003);

    (void)state;
    pvmi_section_header_encode(PVMI_TYPE_INT32, 4, bytes);
    memcpy(bytes + PVMI_SECTION_HEADER_SIZE, &swapped, 4);
    pvmi_items_read(&reader, PVMI_ENCODING_DEFAULT, format, bytes, sizeof(bytes));
    assert_int_equal(pvmi_items_int(&reader), 0x40003);
}

static void no_memory_is_told_at_the_end(void **state)
{
    struct pvmi_items_writer writer = { 0 };

    (void)state;
    pvmi_alloc_fail_nth(0);
    pvmi_items_put_int(&writer, 1);
    pvmi_items_put_string(&writer, "x");
    pvmi_alloc_fail_nth(-1);
    assert_true(writer.failed);
    pvmi_items_free(&writer);
    assert_false(writer.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_cut_of_a_message_fails_and_reads_nothing_behind_it),
        cmocka_unit_test(the_wrong_family_and_strings_without_an_end_fail),
        cmocka_unit_test(raw_items_are_those_of_this_kind_of_machine),
        cmocka_unit_test(a_machine_of_the_other_byte_order_is_understood),
        cmocka_unit_test(no_memory_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
