/* SPDX-License-Identifier: BSD-3-Clause */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pvm3.h"
#include "wire/frame.h"
#include "wire/section.h"

#define BIG 0
#define LITTLE PVMI_FORMAT_LITTLE

static const int integers[] = { PVMI_TYPE_INT16, PVMI_TYPE_UINT16, PVMI_TYPE_INT32,
                                PVMI_TYPE_UINT32, PVMI_TYPE_INT64, PVMI_TYPE_UINT64 };

static void types_have_their_sizes(void **state)
{
    (void)state;
    static const struct {
        int type;
        size_t size;
        size_t scalar;
        size_t xdr;
        enum pvmi_family family;
        const char *name;
    } types[] = {
        { 0, 0, 0, 0, PVMI_FAMILY_BYTES, "?" },
        { PVMI_TYPE_BYTES, 1, 1, 1, PVMI_FAMILY_BYTES, "bytes" },
        { PVMI_TYPE_INT16, 2, 2, 4, PVMI_FAMILY_INTEGER, "int16" },
        { PVMI_TYPE_UINT16, 2, 2, 4, PVMI_FAMILY_INTEGER, "uint16" },
        { PVMI_TYPE_INT32, 4, 4, 4, PVMI_FAMILY_INTEGER, "int32" },
        { PVMI_TYPE_UINT32, 4, 4, 4, PVMI_FAMILY_INTEGER, "uint32" },
        { PVMI_TYPE_INT64, 8, 8, 8, PVMI_FAMILY_INTEGER, "int64" },
        { PVMI_TYPE_UINT64, 8, 8, 8, PVMI_FAMILY_INTEGER, "uint64" },
        { PVMI_TYPE_FLOAT32, 4, 4, 4, PVMI_FAMILY_REAL, "float32" },
        { PVMI_TYPE_FLOAT64, 8, 8, 8, PVMI_FAMILY_REAL, "float64" },
        { PVMI_TYPE_COMPLEX32, 8, 4, 8, PVMI_FAMILY_REAL, "complex32" },
        { PVMI_TYPE_COMPLEX64, 16, 8, 16, PVMI_FAMILY_REAL, "complex64" },
        { PVMI_TYPE_MAX + 1, 0, 0, 0, PVMI_FAMILY_BYTES, "?" },
        { -1, 0, 0, 0, PVMI_FAMILY_BYTES, "?" },
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_int_equal(pvmi_type_size(types[i].type), types[i].size);
        assert_int_equal(pvmi_type_scalar_size(types[i].type), types[i].scalar);
        assert_int_equal(pvmi_type_xdr_size(types[i].type), types[i].xdr);
        assert_int_equal(pvmi_type_family(types[i].type), types[i].family);
        assert_string_equal(pvmi_type_name(types[i].type), types[i].name);
    }
}

static void a_section_header_is_a_msgpack_ext_32(void **state)
{
    (void)state;
    uint8_t bytes[PVMI_SECTION_HEADER_SIZE];
    int type;
    uint32_t length;

    pvmi_section_header_encode(PVMI_TYPE_COMPLEX64, 0x01020310, bytes);
    assert_memory_equal(bytes, "\xc9\x01\x02\x03\x10\x0b", 6);
    assert_int_equal(pvmi_section_header_decode(bytes, &type, &length), PvmOk);
    assert_int_equal(type, PVMI_TYPE_COMPLEX64);
    assert_int_equal(length, 0x01020310);
}

static int header_verdict(uint8_t lead, uint32_t length, int type)
{
    uint8_t bytes[PVMI_SECTION_HEADER_SIZE];
    int ret_type = -7;
    uint32_t ret_length = 7;
    int rc;

    pvmi_section_header_encode(type, length, bytes);
    bytes[0] = lead;
    rc = pvmi_section_header_decode(bytes, &ret_type, &ret_length);
    assert_int_equal(rc == PvmOk, ret_type == type && ret_length == length);
    return rc;
}

static void wrong_section_headers_are_refused(void **state)
{
    (void)state;
    for (int lead = 0; lead < 256; lead++)
        assert_int_equal(header_verdict((uint8_t)lead, 8, PVMI_TYPE_INT32), lead == 0xc9 ? PvmOk : PvmBadMsg);
    for (int type = 0; type < 256; type++)
        assert_int_equal(header_verdict(0xc9, 16, type),
                         type >= 1 && type <= PVMI_TYPE_MAX ? PvmOk : PvmBadMsg);
    for (int type = 1; type <= PVMI_TYPE_MAX; type++) {
        size_t size = pvmi_type_size(type);

        for (uint32_t length = 0; length < 40; length++)
            assert_int_equal(header_verdict(0xc9, length, type), length % size == 0 ? PvmOk : PvmBadMsg);
        assert_int_equal(header_verdict(0xc9, PVMI_SECTION_LENGTH_MAX, type), PvmOk);
        assert_int_equal(header_verdict(0xc9, PVMI_SECTION_LENGTH_MAX + 16, type), PvmBadMsg);
    }
}

/* ---- scalars ---- */

/* The lowest bytes of bits in a byte order, at an odd address. */
static const uint8_t *stored(uint64_t bits, size_t size, int format)
{
    static uint8_t bytes[9];

    for (size_t i = 0; i < size; i++)
        bytes[1 + i] = (uint8_t)(bits >> (8 * (format & LITTLE ? i : size - 1 - i)));
    return bytes + 1;
}

/* A number of type that lies at from in this machine's format, with its sign. */
static __int128 number_at(int type, const void *from)
{
    union {
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
    } u;

    memcpy(&u, from, pvmi_type_size(type));
    switch (type) {
    case PVMI_TYPE_INT16:
        return u.i16;
    case PVMI_TYPE_UINT16:
        return u.u16;
    case PVMI_TYPE_INT32:
        return u.i32;
    case PVMI_TYPE_UINT32:
        return u.u32;
    case PVMI_TYPE_INT64:
        return u.i64;
    default:
        return u.u64;
    }
}

static bool type_signed(int type)
{
    return type == PVMI_TYPE_INT16 || type == PVMI_TYPE_INT32 || type == PVMI_TYPE_INT64;
}

static bool value_fits(__int128 value, int type)
{
    int bits = (int)pvmi_type_size(type) * 8;
    __int128 one = 1;

    if (type_signed(type))
        return value >= -(one << (bits - 1)) && value < one << (bits - 1);
    return value >= 0 && value < one << bits;
}

/* One integer, given by its bits, from one type to another: compared with arithmetic in 128 bits. */
static void check_integer(int from_type, int to_type, int format, uint64_t bits)
{
    size_t from_size = pvmi_type_size(from_type);
    size_t to_size = pvmi_type_size(to_type);
    uint8_t own[8];
    uint8_t out[10];
    __int128 value;
    int rc;

    memcpy(own, stored(bits, from_size, pvmi_format_own()), from_size);
    value = number_at(from_type, own);
    memset(out, 0xee, sizeof(out));
    rc = pvmi_scalar_convert(from_type, format, stored(bits, from_size, format), to_type, out + 1);

    if (from_size == to_size) {
        assert_int_equal(rc, PvmOk);
        assert_memory_equal(out + 1, own, to_size);
    } else if (value_fits(value, to_type)) {
        assert_int_equal(rc, PvmOk);
        assert_true(number_at(to_type, out + 1) == value);
    } else {
        assert_int_equal(rc, PvmOverflow);
        assert_int_equal(out[1], 0xee);
    }
    assert_int_equal(out[0], 0xee);
    assert_int_equal(out[1 + to_size], 0xee);
}

static void integers_convert_by_value_or_keep_their_bits(void **state)
{
    (void)state;
    static const uint64_t edges[] = {
        0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
        0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffff8000,
        0xffffffffffff7fff, 0xffffffff80000000, 0xffffffff7fffffff, 0xfffffffe, 0x0102030405060708,
    };

    for (size_t f = 0; f < 6; f++)
        for (size_t t = 0; t < 6; t++)
            for (size_t e = 0; e < sizeof(edges) / sizeof(edges[0]); e++) {
                check_integer(integers[f], integers[t], LITTLE, edges[e]);
                check_integer(integers[f], integers[t], BIG | PVMI_FORMAT_LONG8, edges[e]);
            }
}

static uint64_t bits_of_double(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static int narrow(double value, float *ret_value)
{
    int rc = pvmi_scalar_convert(PVMI_TYPE_FLOAT64, BIG, stored(bits_of_double(value), 8, BIG),
                                 PVMI_TYPE_FLOAT32, ret_value);

    /* Complex numbers are the same scalars. */
    assert_int_equal(pvmi_scalar_convert(PVMI_TYPE_COMPLEX64, LITTLE,
                                         stored(bits_of_double(value), 8, LITTLE), PVMI_TYPE_COMPLEX32,
                                         &(float){ 0 }), rc);
    return rc;
}

static void reals_convert_by_value(void **state)
{
    (void)state;
    float single = 7;
    double value = 7;

    assert_int_equal(narrow(1.5, &single), PvmOk);
    assert_true(single == 1.5f);
    assert_int_equal(narrow(0.1, &single), PvmOk);
    assert_true(single == 0.1f);
    assert_int_equal(narrow(FLT_MAX, &single), PvmOk);
    assert_true(single == FLT_MAX);
    assert_int_equal(narrow(-INFINITY, &single), PvmOk);
    assert_true(isinf(single) && single < 0);
    assert_int_equal(narrow(NAN, &single), PvmOk);
    assert_true(isnan(single));
    assert_int_equal(narrow(1e-300, &single), PvmOk);
    assert_true(single == 0);

    single = 7;
    assert_int_equal(narrow(1e39, &single), PvmOverflow);
    assert_int_equal(narrow(-DBL_MAX, &single), PvmOverflow);
    assert_true(single == 7);

    assert_int_equal(pvmi_scalar_convert(PVMI_TYPE_FLOAT32, BIG, stored(bits_of_float(-0.1f), 4, BIG),
                                         PVMI_TYPE_COMPLEX64, &value), PvmOk);
    assert_true(value == (double)-0.1f);
}

/* A signalling NaN would become a quiet one if it went through arithmetic. */
static void reals_of_one_width_keep_their_bits(void **state)
{
    (void)state;
    const uint64_t nan64 = 0x7ff0000000000001;
    const uint32_t nan32 = 0x7f800001;
    uint64_t out64;
    uint32_t out32;

    assert_int_equal(pvmi_scalar_convert(PVMI_TYPE_FLOAT64, BIG, stored(nan64, 8, BIG), PVMI_TYPE_COMPLEX64,
                                         &out64), PvmOk);
    assert_int_equal(out64, nan64);
    assert_int_equal(pvmi_scalar_convert(PVMI_TYPE_FLOAT32, BIG, stored(nan32, 4, BIG), PVMI_TYPE_FLOAT32,
                                         &out32), PvmOk);
    assert_int_equal(out32, nan32);
}

static void families_do_not_mix(void **state)
{
    (void)state;
    uint8_t out[16];

    for (int from = 0; from <= PVMI_TYPE_MAX + 1; from++)
        for (int to = 0; to <= PVMI_TYPE_MAX + 1; to++) {
            bool known = pvmi_type_size(from) > 0 && pvmi_type_size(to) > 0;
            bool same = known && pvmi_type_family(from) == pvmi_type_family(to);

            memset(out, 0xee, sizeof(out));
            assert_int_equal(pvmi_scalar_convert(from, LITTLE, stored(0, 8, LITTLE), to, out),
                             same ? PvmOk : PvmBadMsg);
            assert_int_equal(out[0], same ? 0 : 0xee);
        }
}

/* ---- XDR ---- */

static void check_xdr(int type, int format, uint64_t bits, const char *expected)
{
    size_t size = pvmi_type_scalar_size(type);
    size_t xdr_size = pvmi_type_xdr_size(type) * size / pvmi_type_size(type);
    uint8_t xdr[9];
    uint8_t back[8];

    memset(xdr, 0xee, sizeof(xdr));
    pvmi_scalar_to_xdr(type, format, stored(bits, size, format), xdr);
    assert_memory_equal(xdr, expected, xdr_size);
    assert_int_equal(xdr[xdr_size], 0xee);
    assert_int_equal(pvmi_scalar_from_xdr(xdr, type, back), PvmOk);
    assert_memory_equal(back, stored(bits, size, pvmi_format_own()), size);
}

static void numbers_have_their_xdr_form(void **state)
{
    (void)state;
    for (int format = 0; format <= PVMI_FORMAT_MASK; format++) {
        check_xdr(PVMI_TYPE_BYTES, format, 0xa5, "\xa5");
        check_xdr(PVMI_TYPE_INT16, format, 0x8001, "\xff\xff\x80\x01");
        check_xdr(PVMI_TYPE_INT16, format, 0x7ffe, "\0\0\x7f\xfe");
        check_xdr(PVMI_TYPE_UINT16, format, 0x8001, "\0\0\x80\x01");
        check_xdr(PVMI_TYPE_INT32, format, 0xfffefdfc, "\xff\xfe\xfd\xfc");
        check_xdr(PVMI_TYPE_UINT32, format, 0x01020304, "\1\2\3\4");
        check_xdr(PVMI_TYPE_INT64, format, 0xf102030405060708, "\xf1\2\3\4\5\6\7\x08");
        check_xdr(PVMI_TYPE_UINT64, format, 0x0102030405060708, "\1\2\3\4\5\6\7\x08");
        check_xdr(PVMI_TYPE_FLOAT32, format, bits_of_float(1.5f), "\x3f\xc0\0\0");
        check_xdr(PVMI_TYPE_FLOAT64, format, bits_of_double(-2), "\xc0\0\0\0\0\0\0\0");
        check_xdr(PVMI_TYPE_COMPLEX32, format, bits_of_float(1.5f), "\x3f\xc0\0\0");
        check_xdr(PVMI_TYPE_COMPLEX64, format, bits_of_double(-2), "\xc0\0\0\0\0\0\0\0");
    }
}

static void an_xdr_number_that_is_no_short_overflows(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *xdr;
        int rc;
    } cases[] = {
        { PVMI_TYPE_INT16, "\0\0\x7f\xff", PvmOk },
        { PVMI_TYPE_INT16, "\0\0\x80\0", PvmOverflow },
        { PVMI_TYPE_INT16, "\xff\xff\x80\0", PvmOk },
        { PVMI_TYPE_INT16, "\xff\xff\x7f\xff", PvmOverflow },
        { PVMI_TYPE_UINT16, "\0\0\xff\xff", PvmOk },
        { PVMI_TYPE_UINT16, "\0\1\0\0", PvmOverflow },
        { PVMI_TYPE_UINT16, "\xff\xff\xff\xff", PvmOverflow },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint16_t out = 0xeeee;

        assert_int_equal(pvmi_scalar_from_xdr((const uint8_t *)cases[i].xdr, cases[i].type, &out),
                         cases[i].rc);
        assert_int_equal(out == 0xeeee, cases[i].rc != PvmOk);
    }
}

static void swapping_reverses_each_scalar(void **state)
{
    (void)state;
    uint8_t in[25];
    uint8_t out[26];

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)i;
    for (size_t size = 2; size <= 8; size *= 2) {
        size_t count = 24 / size;

        memset(out, 0xee, sizeof(out));
        pvmi_swap_copy(out + 1, in + 1, count, size);
        for (size_t i = 0; i < 24; i++)
            assert_int_equal(out[1 + i], in[1 + i / size * size + (size - 1 - i % size)]);
        assert_int_equal(out[0], 0xee);
        assert_int_equal(out[25], 0xee);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_their_sizes),
        cmocka_unit_test(a_section_header_is_a_msgpack_ext_32),
        cmocka_unit_test(wrong_section_headers_are_refused),
        cmocka_unit_test(integers_convert_by_value_or_keep_their_bits),
        cmocka_unit_test(reals_convert_by_value),
        cmocka_unit_test(reals_of_one_width_keep_their_bits),
        cmocka_unit_test(families_do_not_mix),
        cmocka_unit_test(numbers_have_their_xdr_form),
        cmocka_unit_test(an_xdr_number_that_is_no_short_overflows),
        cmocka_unit_test(swapping_reverses_each_scalar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
