/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts for each entry of an array of codes. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "libpvm/detail.h"
#include "pvm3.h"

static struct pvmi_rec_error errors[] = {
    { .code = PvmNoHost, .host = "alpha", .text = "the name is unknown" },
    { .code = PvmCantStart, .text = "no pvmd there" },
    { .code = PvmNoHost, .text = "another reason" },
    { .code = PvmOutOfRes, .host = "gamma", .text = NULL },
};

/* Values come with the first count errors. */
static void take(int32_t *values, uint32_t value_count, uint32_t count, bool failures_last)
{
    struct pvmi_msg_answer answer = { .values = { .v = values, .n = value_count } };

    answer.errors.v = errors;
    answer.errors.n = count;
    pvmi_detail_take(&answer, failures_last);
}

static int teardown(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    pvmi_detail_clear();
    return 0;
}

static void each_code_has_its_text(void **state)
{
    int32_t values[] = { PvmNoHost, 0x80000, PvmCantStart, PvmNoHost, PvmOutOfRes };

    (void)state;
    take(values, 5, 4, false);
    assert_string_equal(pvm_errdetail_item(0), "alpha: the name is unknown");
    assert_string_equal(pvm_errdetail_item(1), "");
    assert_string_equal(pvm_errdetail_item(2), "no pvmd there");
    assert_string_equal(pvm_errdetail_item(3), "another reason");
    assert_string_equal(pvm_errdetail_item(4), "");
    assert_string_equal(pvm_errdetail_item(5), "");
    assert_string_equal(pvm_errdetail_item(-1), "");
}

static void failures_may_stand_behind_what_went_well(void **state)
{
    int32_t values[] = { PvmCantStart, 0x40001, PvmNoHost, 0x40002 };

    (void)state;
    take(values, 4, 2, true);
    assert_string_equal(pvm_errdetail_item(0), "");
    assert_string_equal(pvm_errdetail_item(1), "");
    assert_string_equal(pvm_errdetail_item(2), "no pvmd there");
    assert_string_equal(pvm_errdetail_item(3), "alpha: the name is unknown");
}

static void one_reason_may_hold_for_many(void **state)
{
    int32_t values[] = { PvmNoHost, PvmNoHost, PvmNoHost, PvmNoHost, PvmNoTask };

    (void)state;
    take(values, 5, 3, false);
    assert_string_equal(pvm_errdetail_item(0), "alpha: the name is unknown");
    assert_string_equal(pvm_errdetail_item(1), "another reason");
    assert_string_equal(pvm_errdetail_item(2), "another reason");
    assert_string_equal(pvm_errdetail_item(3), "another reason");
    assert_string_equal(pvm_errdetail_item(4), "");
}

static void the_next_call_forgets_them(void **state)
{
    int32_t values[] = { PvmNoHost };

    (void)state;
    take(values, 1, 1, false);
    take(values, 1, 0, false);
    assert_string_equal(pvm_errdetail_item(0), "");
}

static void *other_thread(void *unused)
{
    int32_t values[] = { PvmCantStart };

    assert_string_equal(pvm_errdetail_item(0), "");
    take(values, 1, 2, false);
    assert_string_equal(pvm_errdetail_item(0), "no pvmd there");
    return unused;
}

/* And those of a thread that ends are freed. */
static void each_thread_has_its_own(void **state)
{
    int32_t values[] = { PvmNoHost };
    pthread_t thread;
    long blocks;

    (void)state;
    take(values, 1, 1, false);
    blocks = pvmi_alloc_count();
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    pthread_join(thread, NULL);
    assert_string_equal(pvm_errdetail_item(0), "alpha: the name is unknown");
    assert_int_equal(pvmi_alloc_count(), blocks);
}

static void without_memory_there_are_none(void **state)
{
    int32_t values[] = { PvmNoHost, PvmCantStart };
    long blocks = pvmi_alloc_count();
    int nth = 0;

    (void)state;
    do {
        assert_true(nth < 20);
        pvmi_alloc_fail_nth(nth++);
        take(values, 2, 2, false);
        pvmi_alloc_fail_nth(-1);
        if (pvm_errdetail_item(1)[0] == '\0')
            assert_int_equal(pvmi_alloc_count(), blocks);
    } while (pvm_errdetail_item(1)[0] == '\0');
    assert_string_equal(pvm_errdetail_item(0), "alpha: the name is unknown");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_code_has_its_text),
        TEST(failures_may_stand_behind_what_went_well),
        TEST(one_reason_may_hold_for_many),
        TEST(the_next_call_forgets_them),
        TEST(each_thread_has_its_own),
        TEST(without_memory_there_are_none),
    };

    return cmocka_run_group_tests_name("detail", tests, NULL, NULL);
}
