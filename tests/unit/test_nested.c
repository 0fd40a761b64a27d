/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages in messages: other kinds of machines, what is damaged, no memory. */
#include <endian.h>

#include "loopback.h"

#define FOREIGN (pvmi_format_own() ^ PVMI_FORMAT_LITTLE)

static int numbers[3] = { 11, 22, 33 };

/* A section of ints as a machine of the other byte order packs them. Returns its length. */
static size_t foreign_ints(uint8_t *at, const int *ints, int count)
{
    pvmi_section_header_encode(PVMI_TYPE_INT32, (uint32_t)count * 4, at);
    for (int i = 0; i < count; i++) {
        uint32_t swapped = __builtin_bswap32((uint32_t)ints[i]);

        memcpy(at + PVMI_SECTION_HEADER_SIZE + i * 4, &swapped, 4);
    }
    return PVMI_SECTION_HEADER_SIZE + (size_t)count * 4;
}

static int inner_new(int encoding)
{
    int buf = pvm_mkbuf(encoding);
    int old = pvm_setsbuf(buf);

    assert_int_equal(pvm_pkint(numbers, 3, 1), PvmOk);
    pvm_setsbuf(old);
    return buf;
}

static void assert_numbers(int buf)
{
    int got[3] = { 0 };

    assert_true(buf > 0);
    pvm_setrbuf(buf);
    assert_int_equal(pvm_upkint(got, 3, 1), PvmOk);
    assert_memory_equal(got, numbers, sizeof(numbers));
    assert_int_equal(pvm_upkint(got, 1, 1), PvmNoData);
}

static void a_message_of_another_kind_of_machine_is_packed_as_this_one_stores_it(void **state)
{
    uint8_t body[64];
    int received;

    (void)state;
    received = loopback_deliver(body, foreign_ints(body, numbers, 3), PVMI_ENCODING_DEFAULT, FOREIGN, 7);
    pvm_setrbuf(0);
    for (int outer = 0; outer < 3; outer++) {
        assert_true(pvm_initsend(outer) > 0);
        assert_int_equal(pvm_pkmesg(received), PvmOk);
        loopback();
        assert_numbers(pvm_upkmesg());
    }
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_int_equal(pvm_pkmesgbody(received), PvmOk);
    assert_numbers(loopback());
}

static void a_raw_message_of_another_kind_of_machine_stays_one(void **state)
{
    int received;
    int inner;
    int number;
    char bytes[13] = "";

    (void)state;
    received = loopback_deliver("twelve bytes", 12, PVMI_ENCODING_RAW, FOREIGN, 5);
    pvm_setrbuf(0);
    for (int outer = 0; outer < 3; outer++) {
        assert_true(pvm_initsend(outer) > 0);
        assert_int_equal(pvm_pkmesg(received), PvmOk);
        loopback();
        inner = pvm_upkmesg();
        assert_true(inner > 0);
        pvm_setrbuf(inner);
        assert_int_equal(pvm_upkint(&number, 1, 1), PvmBadMsg);
        assert_int_equal(pvm_upkbyte(bytes, 12, 1), PvmOk);
        assert_string_equal(bytes, "twelve bytes");
    }
    assert_true(pvm_initsend(PvmDataRaw) > 0);
    assert_int_equal(pvm_pkmesgbody(received), PvmMismatch);
}

static void another_kind_of_machine_may_have_packed_it(void **state)
{
    uint8_t body[128];
    int head[9] = { 12, 1, 2, 3, 0x10000000, FOREIGN, 0x40007, 0x40008, PVMI_SECTION_HEADER_SIZE + 12 };
    size_t length = foreign_ints(body, head, 9);
    struct pvmminfo info;
    int inner;

    (void)state;
    length += foreign_ints(body + length, numbers, 3);
    loopback_deliver(body, length, PVMI_ENCODING_DEFAULT, FOREIGN, 11);
    inner = pvm_upkmesg();
    assert_int_equal(pvm_getminfo(inner, &info), PvmOk);
    assert_int_equal(info.len, 12);
    assert_int_equal(info.ctx, 1);
    assert_int_equal(info.tag, 2);
    assert_int_equal(info.wid, 3);
    assert_int_equal(info.src, 0x40007);
    assert_int_equal(info.dst, 0x40008);
    assert_numbers(inner);
}

/* Delivers a message with this head, and 4 bytes behind it. */
static int unpack_with_head(const int head[9])
{
    int number = 44;
    int rc;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(head, 9, 1);
    pvmi_msgbuf_seal(pvmi_active_send_buf());
    pvm_pkint(&number, 1, 1);
    loopback();
    rc = pvm_upkmesg();
    if (rc == PvmBadMsg) {
        assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);    /* the message stands where it stood */
        assert_int_equal(number, head[0]);
    }
    return rc;
}

static void a_head_that_cannot_be_is_refused(void **state)
{
    const int good[9] = { 4, 0, 0, 0, 0x10000000, pvmi_format_own(), 1, 1, PVMI_SECTION_HEADER_SIZE + 4 };
    static const struct {
        int at;
        int value;
        int rc;
    } bad[] = {
        { 4, 0x408c40, PvmBadMsg },          /* a signature that is no format's */
        { 4, 0, PvmBadMsg },
        { 5, 0x3, PvmBadMsg },               /* another format than the message around it */
        { 5, 0x7f, PvmBadMsg },
        { 5, -1, PvmBadMsg },
        { 8, 1000, PvmNoData },
        { 8, -1, PvmNoData },
        { 8, PVMI_SECTION_HEADER_SIZE + 5, PvmNoData },
    };

    (void)state;
    assert_true(unpack_with_head(good) > 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int head[9];

        memcpy(head, good, sizeof(head));
        head[bad[i].at] = bad[i].value == 0x3 ? pvmi_format_own() ^ PVMI_FORMAT_LITTLE : bad[i].value;
        assert_int_equal(unpack_with_head(head), bad[i].rc);
    }
}

static void ints_and_bytes_are_no_message(void **state)
{
    int many[20] = { 0 };

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(many, 20, 1);
    loopback();
    assert_int_equal(pvm_upkmesg(), PvmBadMsg);
    pvm_initsend(PvmDataRaw);
    pvm_pkint(many, 20, 1);
    loopback();
    assert_int_equal(pvm_upkmesg(), PvmBadMsg);
    pvm_initsend(PvmDataDefault);
    pvm_pkdouble((double[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 9, 1);
    loopback();
    assert_int_equal(pvm_upkmesg(), PvmBadMsg);
}

/* Whichever allocation fails, the buffers are as before. */
static void packing_survives_out_of_memory(void **state)
{
    int inner = inner_new(PvmDataRaw);
    uint8_t body[64];
    int foreign;
    int rc = PvmNoMem;

    (void)state;
    foreign = loopback_deliver(body, foreign_ints(body, numbers, 3), PVMI_ENCODING_DEFAULT, FOREIGN, 64);
    pvm_setrbuf(0);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 3, 1);
    for (int nth = 0; rc != PvmOk; nth++) {
        uint64_t length = pvmi_active_send_buf()->length;

        assert_true(nth < 20);
        pvmi_alloc_fail_nth(nth);
        rc = nth % 2 == 0 ? pvm_pkmesg(inner) : pvm_pkmesg(foreign);
        pvmi_alloc_fail_nth(-1);
        assert_true(rc == PvmOk || (rc == PvmNoMem && pvmi_active_send_buf()->length == length));
    }
    loopback();
    assert_int_equal(pvm_upkint((int[3]){ 0 }, 3, 1), PvmOk);
    rc = PvmNoMem;
    for (int nth = 0; rc < 0; nth++) {
        assert_true(nth < 20);
        pvmi_alloc_fail_nth(nth);
        rc = pvm_upkmesg();
        pvmi_alloc_fail_nth(-1);
        assert_true(rc > 0 || rc == PvmNoMem);
    }
    assert_numbers(rc);
}

static void in_place_data_are_read_when_they_are_nested_or_sent(void **state)
{
    int data[3] = { 11, 22, 0 };
    int inner = pvm_mkbuf(PvmDataInPlace);
    int around;

    (void)state;
    pvm_setsbuf(inner);
    pvm_pkint(data, 3, 1);
    pvm_setsbuf(0);
    around = pvm_initsend(PvmDataInPlace);
    assert_int_equal(pvm_pkmesgbody(inner), PvmOk);
    data[2] = 33;
    loopback();
    assert_numbers(pvm_getrbuf());
    assert_int_equal(pvm_freebuf(around), PvmOk);
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_pkmesg(inner), PvmOk);
    data[2] = 0;
    loopback();
    assert_numbers(pvm_upkmesg());
}

/* Blocks grow to 4 MiB, so this has several. */
static void a_long_one_comes_back(void **state)
{
    int count = 3000000;
    int *many = malloc((size_t)count * sizeof(*many));
    int *got = calloc((size_t)count, sizeof(*got));

    (void)state;
    for (int i = 0; i < count; i++)
        many[i] = i;
    for (int mixture = 0; mixture < 4; mixture++) {
        int inner = pvm_mkbuf(mixture & 1);

        pvm_setsbuf(inner);
        pvm_pkint(many, count, 1);
        pvm_setsbuf(0);
        pvm_initsend(mixture >> 1);
        assert_int_equal(pvm_pkstr("before"), PvmOk);
        assert_int_equal(pvm_pkmesg(inner), PvmOk);
        assert_int_equal(pvm_pkstr("behind"), PvmOk);
        loopback();
        assert_int_equal(pvm_upkstr((char[10]){ 0 }), PvmOk);
        pvm_freebuf(inner);
        inner = pvm_upkmesg();
        assert_int_equal(pvm_upkstr((char[10]){ 0 }), PvmOk);
        pvm_setrbuf(inner);
        assert_int_equal(pvm_upkint(got, count, 1), PvmOk);
        assert_memory_equal(got, many, (size_t)count * sizeof(*many));
        pvm_freebuf(inner);
    }
    free(many);
    free(got);
}

static void wait_ids(void **state)
{
    int buf = pvm_initsend(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_getmwid(buf), 0);
    assert_int_equal(pvm_setmwid(buf, 17), PvmOk);
    assert_int_equal(pvm_getmwid(buf), 17);
    assert_int_equal(pvm_getmwid(0), PvmBadParam);
    assert_int_equal(pvm_getmwid(999), PvmNoSuchBuf);
    assert_int_equal(pvm_setmwid(-1, 1), PvmBadParam);
    assert_int_equal(pvm_setmwid(999, 1), PvmNoSuchBuf);
}

#define TEST(name) cmocka_unit_test_setup(name, loopback_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_of_another_kind_of_machine_is_packed_as_this_one_stores_it),
        TEST(a_raw_message_of_another_kind_of_machine_stays_one),
        TEST(another_kind_of_machine_may_have_packed_it),
        TEST(a_head_that_cannot_be_is_refused),
        TEST(ints_and_bytes_are_no_message),
        TEST(packing_survives_out_of_memory),
        TEST(in_place_data_are_read_when_they_are_nested_or_sent),
        TEST(a_long_one_comes_back),
        TEST(wait_ids),
    };

    return cmocka_run_group_tests_name("nested", tests, NULL, NULL);
}
