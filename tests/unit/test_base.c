/* SPDX-License-Identifier: BSD-3-Clause */
/* The leaves: alloc, blob, buffer, clock, copy, list, error, env. test_table.c and test_log.c have the others. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/blob.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/copy.h"
#include "base/env.h"
#include "base/error.h"
#include "base/list.h"

static int nothing_leaked(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* ---- alloc ---- */

static void the_nth_allocation_fails_once(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(1);
    void *first = pvmi_malloc(8);
    void *second = pvmi_calloc(2, 8);
    void *third = pvmi_malloc(8);

    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    pvmi_free(first);
    pvmi_free(third);
}

static void every_allocating_function_can_be_failed(void **state)
{
    (void)state;
    void *block = pvmi_malloc(8);

    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_malloc(8));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_calloc(1, 8));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_realloc(NULL, 8));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_realloc(block, 16));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_strdup("text"));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_strndup("text", 2));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_asprintf("%d", 7));
    pvmi_free(block);
}

static void blocks_are_counted(void **state)
{
    (void)state;
    long before = pvmi_alloc_count();
    void *block = pvmi_realloc(NULL, 8);
    char *text = pvmi_strdup("text");

    assert_int_equal(pvmi_alloc_count(), before + 2);
    block = pvmi_realloc(block, 4000);
    assert_int_equal(pvmi_alloc_count(), before + 2);
    pvmi_free(block);
    pvmi_free(text);
    pvmi_free(NULL);
    assert_int_equal(pvmi_alloc_count(), before);
}

static void an_empty_block_is_not_null(void **state)
{
    (void)state;
    void *blocks[] = { pvmi_malloc(0), pvmi_calloc(0, 8), pvmi_calloc(8, 0), pvmi_realloc(NULL, 0) };

    for (size_t i = 0; i < 4; i++) {
        assert_non_null(blocks[i]);
        pvmi_free(blocks[i]);
    }
}

static void text_is_copied_and_formatted(void **state)
{
    (void)state;
    char *whole = pvmi_strndup("abc", 10);
    char *cut = pvmi_strndup("abc", 2);
    char *made = pvmi_asprintf("%s has %d tasks", "alpha", 12);

    assert_string_equal(whole, "abc");
    assert_string_equal(cut, "ab");
    assert_string_equal(made, "alpha has 12 tasks");
    pvmi_free(whole);
    pvmi_free(cut);
    pvmi_free(made);
}

/* ---- blob ---- */

static void a_blob_lives_until_its_last_reference_goes(void **state)
{
    (void)state;
    struct pvmi_blob *blob = pvmi_blob_copy("abc", 3);

    assert_ptr_equal(pvmi_blob_ref(blob), blob);
    pvmi_blob_unref(blob);
    assert_int_equal(blob->length, 3);
    assert_memory_equal(blob->data, "abc", 3);
    pvmi_blob_unref(blob);
    pvmi_blob_unref(NULL);
    assert_null(pvmi_blob_ref(NULL));
}

static void a_blob_may_be_empty_but_not_endless(void **state)
{
    (void)state;
    struct pvmi_blob *blob = pvmi_blob_copy(NULL, 0);

    assert_non_null(blob);
    assert_int_equal(blob->length, 0);
    pvmi_blob_unref(blob);
    assert_null(pvmi_blob_new(SIZE_MAX));
    pvmi_alloc_fail_nth(0);
    assert_null(pvmi_blob_copy("abc", 3));
}

/* ---- buffer ---- */

static void a_buffer_grows_up_to_its_maximum(void **state)
{
    (void)state;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, 1000);
    for (int i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;

        assert_int_equal(pvmi_buffer_append(&buffer, &byte, 1), PvmOk);
    }
    assert_int_equal(pvmi_buffer_append(&buffer, "x", 1), PvmOverflow);
    assert_int_equal(pvmi_buffer_reserve(&buffer, SIZE_MAX), PvmOverflow);
    assert_int_equal(buffer.length, 1000);
    assert_true(buffer.capacity <= 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buffer.data[i], (uint8_t)i);
    pvmi_buffer_fini(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.length_max, 1000);
}

static void a_buffer_can_be_small_and_nothing_fits_into_an_empty_one(void **state)
{
    (void)state;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, 3);
    assert_int_equal(pvmi_buffer_append(&buffer, "abcd", 4), PvmOverflow);
    assert_int_equal(pvmi_buffer_append(&buffer, "abc", 3), PvmOk);
    pvmi_buffer_fini(&buffer);
    pvmi_buffer_init(&buffer, 0);
    assert_int_equal(pvmi_buffer_append(&buffer, NULL, 0), PvmOk);
    assert_int_equal(pvmi_buffer_append(&buffer, "a", 1), PvmOverflow);
    pvmi_buffer_fini(&buffer);
}

static void consuming_keeps_what_is_behind(void **state)
{
    (void)state;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, 100);
    pvmi_buffer_consume(&buffer, 0);
    assert_int_equal(pvmi_buffer_append(&buffer, "abcdef", 6), PvmOk);
    pvmi_buffer_consume(&buffer, 2);
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.data, "cdef", 4);
    pvmi_buffer_consume(&buffer, 4);
    assert_int_equal(buffer.length, 0);
    pvmi_buffer_fini(&buffer);
}

static void a_buffer_without_memory_stays_as_it_was(void **state)
{
    (void)state;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, 10000);
    assert_int_equal(pvmi_buffer_append(&buffer, "abc", 3), PvmOk);
    pvmi_alloc_fail_nth(0);
    assert_int_equal(pvmi_buffer_reserve(&buffer, 5000), PvmNoMem);
    assert_int_equal(buffer.length, 3);
    assert_memory_equal(buffer.data, "abc", 3);
    assert_int_equal(pvmi_buffer_reserve(&buffer, 5000), PvmOk);
    assert_true(buffer.capacity >= 5003);
    pvmi_buffer_fini(&buffer);
}

/* ---- clock ---- */

static uint64_t fake_now_us(void)
{
    return 1234567;
}

static void a_test_can_set_the_clock(void **state)
{
    (void)state;
    pvmi_clock_set(fake_now_us);
    assert_int_equal(pvmi_clock_us(), 1234567);
    assert_int_equal(pvmi_clock_ms(), 1234);
    pvmi_clock_set(NULL);
    uint64_t before = pvmi_clock_us();
    assert_true(pvmi_clock_us() >= before);
}

/* ---- list ---- */

struct thing {
    int number;
    struct pvmi_list link;
};

static void a_list_keeps_order(void **state)
{
    (void)state;
    struct pvmi_list head;
    struct pvmi_list other;
    struct thing things[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };
    int expected = 0;

    pvmi_list_init(&head);
    pvmi_list_init(&other);
    assert_true(pvmi_list_empty(&head));
    assert_null(pvmi_list_pop(&head));
    pvmi_list_push(&head, &things[1].link);
    pvmi_list_push_front(&head, &things[0].link);
    pvmi_list_push(&other, &things[2].link);
    pvmi_list_push(&other, &things[3].link);
    pvmi_list_join(&head, &other);
    pvmi_list_join(&head, &other);
    assert_true(pvmi_list_empty(&other));
    PVMI_LIST_EACH(node, &head)
        assert_int_equal(PVMI_CONTAINER(node, struct thing, link)->number, expected++);
    assert_int_equal(expected, 4);
    pvmi_list_remove(&things[2].link);
    pvmi_list_remove(&things[2].link);
    assert_ptr_equal(pvmi_list_pop(&head), &things[0].link);
    assert_ptr_equal(pvmi_list_pop(&head), &things[1].link);
    assert_ptr_equal(pvmi_list_pop(&head), &things[3].link);
    assert_true(pvmi_list_empty(&head));
}

static void a_walk_may_free_its_node(void **state)
{
    (void)state;
    struct pvmi_list head;
    int count = 0;

    pvmi_list_init(&head);
    for (int i = 0; i < 5; i++) {
        struct thing *thing = pvmi_calloc(1, sizeof(*thing));

        pvmi_list_push(&head, &thing->link);
    }
    PVMI_LIST_EACH(node, &head) {
        pvmi_list_remove(node);
        pvmi_free(PVMI_CONTAINER(node, struct thing, link));
        count++;
    }
    assert_int_equal(count, 5);
    assert_true(pvmi_list_empty(&head));
}

/* ---- error ---- */

static void errors_have_the_texts_of_pvm_3(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *name;
        const char *text;
    } some[] = {
        { 0, "PvmOk", "Error 0" },
        { -2, "PvmBadParam", "Bad parameter" },
        { -4, "PvmOverflow", "Value too large" },
        { -8, "PvmDenied", "Permission denied" },
        { -10, "PvmNoMem", "Malloc failed" },
        { -12, "PvmBadMsg", "Can't decode message" },
        { -14, "PvmSysErr", "Can't contact local daemon" },
        { -32, "PvmNotFound", "Not Found" },
        { -33, "PvmExists", "Already Exists" },
        { -36, "PvmIPLoopback", "Master Host IP Address is Loopback! (See pvm3/Readme)" },
    };

    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        assert_string_equal(pvmi_error_name(some[i].code), some[i].name);
        assert_string_equal(pvmi_error_text(some[i].code), some[i].text);
    }
    for (int code = -36; code <= 0; code++) {
        bool used = code != -1 && code != -9 && code != -11 && code != -13;

        assert_int_equal(strcmp(pvmi_error_text(code), "Unknown Error") != 0, used);
        assert_int_equal(strcmp(pvmi_error_name(code), "?") != 0, used);
    }
    assert_string_equal(pvmi_error_text(-37), "Unknown Error");
    assert_string_equal(pvmi_error_text(1), "Unknown Error");
    assert_string_equal(pvmi_error_name(PVMI_AGAIN), "?");
}

static void errno_becomes_a_code(void **state)
{
    (void)state;
    assert_int_equal(pvmi_error_from_errno(0), PvmOk);
    assert_int_equal(pvmi_error_from_errno(ENOMEM), PvmNoMem);
    assert_int_equal(pvmi_error_from_errno(EMFILE), PvmOutOfRes);
    assert_int_equal(pvmi_error_from_errno(ENOSPC), PvmOutOfRes);
    assert_int_equal(pvmi_error_from_errno(ENOENT), PvmNoFile);
    assert_int_equal(pvmi_error_from_errno(EACCES), PvmDenied);
    assert_int_equal(pvmi_error_from_errno(EINVAL), PvmSysErr);
}

static void a_fault_is_set_whole_and_cleared(void **state)
{
    (void)state;
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmNoFile, "alpha", "no file %s", "x");
    assert_int_equal(fault.code, PvmNoFile);
    assert_string_equal(fault.host, "alpha");
    assert_string_equal(fault.text, "no file x");
    pvmi_fault_set(&fault, PvmSysErr, NULL, "again: %s", fault.text);
    assert_string_equal(fault.host, "");
    assert_string_equal(fault.text, "again: no file x");
    pvmi_fault_clear(&fault);
    assert_int_equal(fault.code, PvmOk);
    assert_string_equal(fault.text, "");
}

/* A text of 'a's of length ascii and then characters of two, three and four bytes, cut anywhere. */
static void a_long_fault_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    static const char *const characters[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    struct pvmi_fault fault;
    char text[600];

    for (size_t width = 2; width <= 4; width++) {
        for (size_t ascii = 0; ascii < width; ascii++) {
            memset(text, 'a', ascii);
            text[ascii] = '\0';
            while (strlen(text) + width < sizeof(text))
                strcat(text, characters[width - 2]);
            pvmi_fault_set(&fault, PvmSysErr, text, "%s", text);
            assert_int_equal((strlen(fault.text) - ascii) % width, 0);
            assert_int_equal((strlen(fault.host) - ascii) % width, 0);
            assert_true(strlen(fault.text) > sizeof(fault.text) - 1 - width);
            assert_true(strlen(fault.host) > sizeof(fault.host) - 1 - width);
            assert_memory_equal(fault.text, text, strlen(fault.text));
        }
    }
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pvmi_fault_set(&fault, PvmSysErr, NULL, "%s", text);
    assert_int_equal(strlen(fault.text), sizeof(fault.text) - 1);
}

static void a_text_that_just_fits_keeps_its_last_character(void **state)
{
    (void)state;
    struct pvmi_fault fault;
    char text[sizeof(fault.text)];

    memset(text, 'a', sizeof(text));
    memcpy(text + sizeof(text) - 3, "\xc3\xa9", 3);
    pvmi_fault_set(&fault, PvmSysErr, NULL, "%s", text);
    assert_string_equal(fault.text, text);
}

/* ---- env ---- */

static void an_empty_variable_is_not_set(void **state)
{
    (void)state;
    unsetenv("PVM_VMID");
    assert_null(pvmi_env(PVMI_ENV_PVM_VMID));
    setenv("PVM_VMID", "", 1);
    assert_null(pvmi_env(PVMI_ENV_PVM_VMID));
    setenv("PVM_VMID", "blue", 1);
    assert_string_equal(pvmi_env(PVMI_ENV_PVM_VMID), "blue");
    unsetenv("PVM_VMID");
    assert_string_equal(pvmi_env_name(PVMI_ENV_PVM_VMID), "PVM_VMID");
    assert_string_equal(pvmi_env_name(PVMI_ENV_HOME), "HOME");
}

static void numbers_in_variables_have_three_bases(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long number;
    } cases[] = {
        { "0", 0 }, { "12", 12 }, { "-3", -3 }, { "0x1f", 31 }, { "010", 8 },
        { "", 77 }, { "x", 77 }, { "12x", 77 }, { "9999999999999999999999", 77 }, { " ", 77 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv("PVMTASKDEBUG", cases[i].text, 1);
        assert_int_equal(pvmi_env_number(PVMI_ENV_PVMTASKDEBUG, 77), cases[i].number);
    }
    unsetenv("PVMTASKDEBUG");
    assert_int_equal(pvmi_env_number(PVMI_ENV_PVMTASKDEBUG, 77), 77);
}

/* Every position in a line, every rest, and nothing beside what is asked for. */
static void a_copy_past_the_caches_is_a_copy(void **state)
{
    uint8_t from[400], to[400];

    (void)state;
    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)(i * 7 + 1);
    for (size_t at = 0; at < 65; at++) {
        for (size_t size = 0; size < 200; size++) {
            memset(to, 0, sizeof(to));
            pvmi_copy_past(to + at, from + size % 17, size);
            assert_memory_equal(to + at, from + size % 17, size);
            for (size_t i = 0; i < sizeof(to); i++)
                assert_true((i >= at && i < at + size) || to[i] == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_nth_allocation_fails_once, nothing_leaked),
        cmocka_unit_test_teardown(every_allocating_function_can_be_failed, nothing_leaked),
        cmocka_unit_test_teardown(blocks_are_counted, nothing_leaked),
        cmocka_unit_test_teardown(an_empty_block_is_not_null, nothing_leaked),
        cmocka_unit_test_teardown(text_is_copied_and_formatted, nothing_leaked),
        cmocka_unit_test_teardown(a_blob_lives_until_its_last_reference_goes, nothing_leaked),
        cmocka_unit_test_teardown(a_blob_may_be_empty_but_not_endless, nothing_leaked),
        cmocka_unit_test_teardown(a_buffer_grows_up_to_its_maximum, nothing_leaked),
        cmocka_unit_test_teardown(a_buffer_can_be_small_and_nothing_fits_into_an_empty_one, nothing_leaked),
        cmocka_unit_test_teardown(consuming_keeps_what_is_behind, nothing_leaked),
        cmocka_unit_test_teardown(a_buffer_without_memory_stays_as_it_was, nothing_leaked),
        cmocka_unit_test(a_test_can_set_the_clock),
        cmocka_unit_test(a_copy_past_the_caches_is_a_copy),
        cmocka_unit_test(a_list_keeps_order),
        cmocka_unit_test_teardown(a_walk_may_free_its_node, nothing_leaked),
        cmocka_unit_test(errors_have_the_texts_of_pvm_3),
        cmocka_unit_test(errno_becomes_a_code),
        cmocka_unit_test(a_fault_is_set_whole_and_cleared),
        cmocka_unit_test(a_long_fault_is_cut_at_a_whole_character),
        cmocka_unit_test(a_text_that_just_fits_keeps_its_last_character),
        cmocka_unit_test(an_empty_variable_is_not_set),
        cmocka_unit_test(numbers_in_variables_have_three_bases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
