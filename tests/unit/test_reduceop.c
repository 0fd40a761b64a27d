/* SPDX-License-Identifier: BSD-3-Clause */
/* PvmMax, PvmMin, PvmSum, PvmProduct, called directly. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pvm3.h"

typedef void reduce_fn(int *datatype, void *x, void *y, int *num, int *info);

/* x becomes x op y for num items; returns *info. */
static int apply(reduce_fn *fn, int datatype, void *x, void *y, int num)
{
    int info = 1;

    fn(&datatype, x, y, &num, &info);
    return info;
}

static void max_and_min_take_the_larger_and_the_smaller_of_each_item(void **state)
{
    int x[3] = { 1, -5, 7 };
    int y[3] = { 2, -6, 7 };
    double d[2] = { 0.5, -1.5 };
    double e[2] = { 0.25, 3.5 };

    (void)state;
    assert_int_equal(apply(PvmMax, PVM_INT, x, y, 3), PvmOk);
    assert_int_equal(x[0], 2);
    assert_int_equal(x[1], -5);
    assert_int_equal(x[2], 7);
    assert_int_equal(apply(PvmMin, PVM_DOUBLE, d, e, 2), PvmOk);
    assert_true(d[0] == 0.25 && d[1] == -1.5);
}

static void bytes_are_signed(void **state)
{
    signed char x[1] = { -1 };
    signed char y[1] = { 1 };

    (void)state;
    assert_int_equal(apply(PvmMax, PVM_BYTE, x, y, 1), PvmOk);
    assert_int_equal(x[0], 1);
}

static void complex_numbers_compare_by_modulus_and_x_stays_when_equal(void **state)
{
    float x[4] = { 3, 4, 0, 1 };
    float y[4] = { 5, 0, 0, -2 };

    (void)state;
    assert_int_equal(apply(PvmMax, PVM_CPLX, x, y, 2), PvmOk);
    assert_true(x[0] == 3 && x[1] == 4);
    assert_true(x[2] == 0 && x[3] == -2);
}

static void complex_numbers_add_and_multiply(void **state)
{
    double x[2] = { 1, 2 };
    double y[2] = { 3, -1 };

    (void)state;
    assert_int_equal(apply(PvmProduct, PVM_DCPLX, x, y, 1), PvmOk);
    assert_true(x[0] == 5 && x[1] == 5);
    assert_int_equal(apply(PvmSum, PVM_DCPLX, x, y, 1), PvmOk);
    assert_true(x[0] == 8 && x[1] == 4);
}

static void integers_wrap_without_undefined_behaviour(void **state)
{
    int x[1] = { INT_MAX };
    int y[1] = { 1 };
    long l[1] = { LONG_MAX };
    long m[1] = { 2 };
    short s[1] = { SHRT_MAX };
    short t[1] = { SHRT_MAX };

    (void)state;
    assert_int_equal(apply(PvmSum, PVM_INT, x, y, 1), PvmOk);
    assert_int_equal(x[0], INT_MIN);
    assert_int_equal(apply(PvmProduct, PVM_LONG, l, m, 1), PvmOk);
    assert_int_equal(l[0], -2);
    assert_int_equal(apply(PvmProduct, PVM_SHORT, s, t, 1), PvmOk);
    assert_int_equal(s[0], 1);
}

static void unknown_types_are_refused_and_change_nothing(void **state)
{
    static const int unknown[] = { PVM_STR, PVM_USHORT, PVM_UINT, PVM_ULONG, 77, -1 };
    int x[1] = { 1 };
    int y[1] = { 2 };

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_int_equal(apply(PvmMax, unknown[i], x, y, 1), PvmBadParam);
        assert_int_equal(apply(PvmSum, unknown[i], x, y, 1), PvmBadParam);
    }
    assert_int_equal(apply(PvmSum, PVM_BYTE, x, y, 1), PvmBadParam);
    assert_int_equal(apply(PvmProduct, PVM_BYTE, x, y, 1), PvmBadParam);
    assert_int_equal(x[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_and_min_take_the_larger_and_the_smaller_of_each_item),
        cmocka_unit_test(bytes_are_signed),
        cmocka_unit_test(complex_numbers_compare_by_modulus_and_x_stays_when_equal),
        cmocka_unit_test(complex_numbers_add_and_multiply),
        cmocka_unit_test(integers_wrap_without_undefined_behaviour),
        cmocka_unit_test(unknown_types_are_refused_and_change_nothing),
    };

    return cmocka_run_group_tests_name("reduceop", tests, NULL, NULL);
}
