/* SPDX-License-Identifier: BSD-3-Clause */
#include "loopback.h"

/* The body that the calls so far made is the one that packing by pvm_packf() makes. */
static uint8_t *body_taken(uint64_t *ret_length)
{
    struct pvmi_msgbuf *buf = pvmi_active_send_buf();

    *ret_length = buf->length;
    return loopback_body(buf);
}

static void assert_same_body(uint8_t *expected, uint64_t length)
{
    uint64_t got_length;
    uint8_t *got = body_taken(&got_length);

    assert_int_equal(got_length, length);
    assert_memory_equal(got, expected, (size_t)length);
    free(got);
    free(expected);
}

static void values_are_packed_as_the_pk_functions_do(void **state)
{
    short number16 = -3;
    unsigned short unumber16 = 60000;
    int number = -4;
    unsigned unumber = 4000000000u;
    long longnumber = -5;
    unsigned long ulongnumber = 6;
    float single = 1.5f;
    double real = 2.5;
    uint64_t length;
    uint8_t *expected;

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        pvm_initsend(encoding);
        pvm_pkbyte("c", 1, 1);
        pvm_pkshort(&number16, 1, 1);
        pvm_pkushort(&unumber16, 1, 1);
        pvm_pkint(&number, 1, 1);
        pvm_pkuint(&unumber, 1, 1);
        pvm_pklong(&longnumber, 1, 1);
        pvm_pkulong(&ulongnumber, 1, 1);
        pvm_pkfloat(&single, 1, 1);
        pvm_pkdouble(&real, 1, 1);
        pvm_pkstr("text");
        expected = body_taken(&length);
        assert_int_equal(pvm_packf("%+ %c %hd %hud, %d %ud %ld %lud: %f %lf <%s>", encoding, 'c', number16, unumber16,
                                   number, unumber, longnumber, ulongnumber, single, real, "text"), PvmOk);
        assert_same_body(expected, length);
    }
}

static void counts_and_strides_take_addresses(void **state)
{
    int numbers[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    float complexes[4] = { 1, 2, 3, 4 };
    double dcomplexes[4] = { 1, 2, 3, 4 };
    uint64_t length;
    uint8_t *expected;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 4, 1);
    pvm_pkint(numbers, 3, 3);
    pvm_pkint(numbers + 8, 3, -2);
    pvm_pkint(numbers, 1, 1);
    pvm_pkint(numbers, 1, 1);
    pvm_pkcplx(complexes, 1, 1);
    pvm_pkcplx(complexes, 2, 1);
    pvm_pkdcplx(dcomplexes, 2, 1);
    pvm_pkbyte("abc", 3, 1);
    expected = body_taken(&length);
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_packf("%4d%*.3d%*.*d%1d%.1d%x%2x%2lx%3c", numbers, 3, numbers, 3, -2, numbers + 8, numbers,
                               numbers, complexes, complexes, dcomplexes, "abc"), PvmOk);
    assert_same_body(expected, length);
}

static void unpackf_reads_what_packf_wrote(void **state)
{
    int numbers[3] = { 1, 2, 3 };
    int got[6] = { 0 };
    char byte = 0;
    char text[8] = "";
    short small = 0;
    long big = 0;
    float single = 0;
    double real = 0;
    double dcomplex[2] = { 0 };

    (void)state;
    assert_int_equal(pvm_packf("%+%c%hd%*d%ld%s%f%lf%lx", PvmDataDefault, 'x', 7, 3, numbers, 8L, "string", 1.5, 2.5,
                               (double[]){ 3.5, 4.5 }), PvmOk);
    loopback();
    assert_int_equal(pvm_unpackf("%c%hd%*.2d%ld%s%f%lf%lx", &byte, &small, 3, got, &big, text, &single, &real,
                                 dcomplex), PvmOk);
    assert_int_equal(byte, 'x');
    assert_int_equal(small, 7);
    assert_int_equal(got[0] + 10 * got[2] + 100 * got[4], 321);
    assert_int_equal(got[1] + got[3] + got[5], 0);
    assert_int_equal(big, 8);
    assert_string_equal(text, "string");
    assert_true(single == 1.5f && real == 2.5 && dcomplex[0] == 3.5 && dcomplex[1] == 4.5);
    assert_int_equal(pvm_unpackf("%d", got), PvmNoData);
}

static void l_wins_over_h(void **state)
{
    long got = 0;

    (void)state;
    assert_int_equal(pvm_packf("%+%hld", PvmDataRaw, 5L), PvmOk);
    assert_int_equal(pvmi_active_send_buf()->length, sizeof(long));
    loopback();
    assert_int_equal(pvm_unpackf("%lhd", &got), PvmOk);
    assert_int_equal(got, 5);
}

static void other_letters_are_refused_where_they_stand(void **state)
{
    static const char *const formats[] = { "%d%i", "%d%lu", "%d%%", "%d%", "%d%q", "%d%+", "%d%99999999999d", "%d%5" };
    int length;

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        pvm_initsend(PvmDataDefault);
        assert_int_equal(pvm_packf(formats[i], 1, 2), PvmBadParam);
        pvm_bufinfo(pvm_getsbuf(), &length, NULL, NULL);
        assert_int_equal(length, 4);    /* what came before */
    }
}

static void formats_without_directives_do_nothing(void **state)
{
    (void)state;
    pvm_setrbuf(pvm_mkbuf(PvmDataDefault));
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_packf(""), PvmOk);
    assert_int_equal(pvm_packf("words, and a + sign"), PvmOk);
    assert_int_equal(pvm_unpackf(""), PvmOk);
    assert_int_equal(pvm_packf(NULL), PvmBadParam);
    assert_int_equal(pvm_unpackf(NULL), PvmBadParam);
}

static void without_a_buffer_there_is_an_error(void **state)
{
    int number;

    (void)state;
    assert_int_equal(pvm_packf("%d", 1), PvmNoBuf);
    assert_int_equal(pvm_packf(""), PvmNoBuf);
    assert_int_equal(pvm_packf("%q"), PvmNoBuf);
    assert_int_equal(pvm_unpackf("%d", &number), PvmNoBuf);
    assert_int_equal(pvm_unpackf("words"), PvmNoBuf);
    assert_int_equal(pvm_packf("%+%d", 3, 1), PvmBadParam);
}

static void a_negative_count_packs_nothing(void **state)
{
    int numbers[2] = { 1, 2 };

    (void)state;
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_packf("%*d%d", -1, numbers, 5), PvmOk);
    loopback();
    assert_int_equal(pvm_unpackf("%*d%d", -3, numbers, numbers + 1), PvmOk);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 5);
}

static void in_place_addresses_are_kept_and_values_copied(void **state)
{
    int numbers[2] = { 1, 2 };
    int got[3] = { 0 };
    char text[8] = "";

    (void)state;
    pvm_initsend(PvmDataInPlace);
    assert_int_equal(pvm_packf("%d%2d%s", 7, numbers, "in it"), PvmOk);
    assert_int_equal(pvm_packf("%2.2d", numbers), PvmNotImpl);
    assert_int_equal(pvm_packf("%d", 8), PvmOk);
    assert_int_equal(pvm_packf("%d", 9), PvmOk);
    numbers[1] = 3;
    loopback();
    assert_int_equal(pvm_unpackf("%3d%s%2d", got, text, numbers), PvmOk);
    assert_int_equal(got[0], 7);
    assert_int_equal(got[1], 1);
    assert_int_equal(got[2], 3);
    assert_string_equal(text, "in it");
    assert_int_equal(numbers[0], 8);
    assert_int_equal(numbers[1], 9);
}

static void one_line_tells_of_a_failure(void **state)
{
    (void)state;
    pvmi_autoerr = 1;
    capture_begin();
    pvm_packf("%+%i", PvmDataDefault, 1);
    assert_string_equal(capture_end(), "libpvm [t40001]: pvm_packf(): Bad parameter\n"
                                       "libpvm [t40001]:   'i' is no letter of a directive: c, d, f, x or s\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_are_packed_as_the_pk_functions_do, loopback_reset),
        cmocka_unit_test_setup(counts_and_strides_take_addresses, loopback_reset),
        cmocka_unit_test_setup(unpackf_reads_what_packf_wrote, loopback_reset),
        cmocka_unit_test_setup(l_wins_over_h, loopback_reset),
        cmocka_unit_test_setup(other_letters_are_refused_where_they_stand, loopback_reset),
        cmocka_unit_test_setup(formats_without_directives_do_nothing, loopback_reset),
        cmocka_unit_test_setup(without_a_buffer_there_is_an_error, loopback_reset),
        cmocka_unit_test_setup(a_negative_count_packs_nothing, loopback_reset),
        cmocka_unit_test_setup(in_place_addresses_are_kept_and_values_copied, loopback_reset),
        cmocka_unit_test_setup(one_line_tells_of_a_failure, loopback_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
