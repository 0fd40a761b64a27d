/* SPDX-License-Identifier: BSD-3-Clause */
/* What packing makes of its arguments: the bytes of the body. */
#include <ctype.h>
#include <limits.h>

#include "libpvm/undeclared.h"
#include "loopback.h"

/* ---- golden bodies ---- */

#define GOLDEN_MAX 4096

/* Reads the bytes of a .hex file: two digits a byte, '#' begins a comment. */
static size_t golden_read(const char *name, uint8_t *bytes)
{
    char path[512];
    char line[512];
    size_t count = 0;
    FILE *file;

    snprintf(path, sizeof(path), "%s/message_%s.hex", GOLDEN_DIR, name);
    file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s is missing", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "#\n")] = '\0';
        for (const char *at = line; *at != '\0';) {
            unsigned byte;
            int length;

            if (isspace((unsigned char)*at)) {
                at++;
                continue;
            }
            assert_int_equal(sscanf(at, "%2x%n", &byte, &length), 1);
            assert_true(count < GOLDEN_MAX);
            bytes[count++] = (uint8_t)byte;
            at += length;
        }
    }
    fclose(file);
    return count;
}

/* The active send buffer has the body of message_NAME.hex. Those are of little-endian machines with long 8. */
static void assert_golden(const char *name)
{
    uint8_t expected[GOLDEN_MAX];
    size_t length = golden_read(name, expected);
    struct pvmi_msgbuf *buf = pvmi_active_send_buf();
    uint8_t *body;

    if (pvmi_format_own() != (PVMI_FORMAT_LITTLE | PVMI_FORMAT_LONG8))
        return;
    body = loopback_body(buf);
    assert_int_equal(buf->length, length);
    assert_memory_equal(body, expected, length);
    free(body);
}

static void pack_every_type(void)
{
    const char bytes[3] = { 'a', 'b', 'c' };
    const short shorts[2] = { 1, -2 };
    const unsigned short ushorts[2] = { 3, 65533 };
    const int ints[2] = { 5, -6 };
    const unsigned int uints[2] = { 7, 4294967288u };
    const long longs[2] = { 9, -10 };
    const unsigned long ulongs[2] = { 11, ULONG_MAX - 11 };
    const float floats[4] = { 1.5f, -2.0f, 3.25f, -4.0f };
    const double doubles[4] = { 1.5, -2.0, 3.25, -4.0 };

    assert_int_equal(pvm_pkbyte(bytes, 3, 1), PvmOk);
    assert_int_equal(pvm_pkshort(shorts, 2, 1), PvmOk);
    assert_int_equal(pvm_pkushort(ushorts, 2, 1), PvmOk);
    assert_int_equal(pvm_pkint(ints, 2, 1), PvmOk);
    assert_int_equal(pvm_pkuint(uints, 2, 1), PvmOk);
    assert_int_equal(pvm_pklong(longs, 2, 1), PvmOk);
    assert_int_equal(pvm_pkulong(ulongs, 2, 1), PvmOk);
    assert_int_equal(pvm_pkfloat(floats, 2, 1), PvmOk);
    assert_int_equal(pvm_pkdouble(doubles, 2, 1), PvmOk);
    assert_int_equal(pvm_pkcplx(floats, 2, 1), PvmOk);
    assert_int_equal(pvm_pkdcplx(doubles, 2, 1), PvmOk);
    assert_int_equal(pvm_pkstr("hello"), PvmOk);
}

static void typed_bodies_are_the_golden_ones(void **state)
{
    (void)state;
    pvm_initsend(PvmDataDefault);
    pack_every_type();
    assert_golden("typed");
}

/* An event of the user's own: the type before each pack, the count unless it is one; strings without the NUL. */
static void trace_messages_say_what_is_in_them(void **state)
{
    const int numbers[3] = { 7, 8, 9 };
    const double real = 2.5;
    int expected_ints[] = { TEV_DATA_INT, 7, TEV_DATA_INT | TEV_DATA_ARRAY, 2, 7, 9, TEV_DATA_DOUBLE };
    int found[7];
    double found_real;
    char text[4];

    (void)state;
    pvm_initsend(PvmDataTrace);
    assert_int_equal(pvm_pkint(numbers, 1, 1), PvmOk);
    assert_int_equal(pvm_pkint(numbers, 2, 2), PvmOk);
    assert_int_equal(pvm_pkint(numbers, 0, 1), PvmOk);
    assert_int_equal(pvm_pkdouble(&real, 1, 1), PvmOk);
    assert_int_equal(pvm_pkstr("abcd"), PvmOk);
    assert_int_equal(pvm_pkstr(""), PvmOk);
    assert_int_equal(pvm_pkint(NULL, 1, 1), PvmBadParam);

    loopback();
    assert_int_equal(pvm_upkint(found, 7, 1), PvmOk);
    assert_memory_equal(found, expected_ints, sizeof(found));
    assert_int_equal(pvm_upkdouble(&found_real, 1, 1), PvmOk);
    assert_true(found_real == real);
    assert_int_equal(pvm_upkint(found, 2, 1), PvmOk);
    assert_int_equal(found[0], TEV_DATA_BYTE | TEV_DATA_ARRAY);
    assert_int_equal(found[1], 4);
    assert_int_equal(pvm_upkbyte(text, 4, 1), PvmOk);
    assert_memory_equal(text, "abcd", 4);
    assert_int_equal(pvm_upkint(found, 1, 1), PvmNoData);
}

static void raw_bodies_are_the_golden_ones(void **state)
{
    (void)state;
    pvm_initsend(PvmDataRaw);
    pack_every_type();
    assert_golden("raw");
}

static void packs_of_one_type_are_one_section(void **state)
{
    const int numbers[4] = { 1, 2, 3, 4 };

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 1, 1);
    pvm_pkint(numbers + 1, 2, 1);
    pvm_pkint(numbers + 3, 1, 1);
    pvm_pkbyte("ab", 2, 1);    /* but each pkbyte is one of its own */
    pvm_pkbyte("cd", 2, 1);
    pvm_pkuint((const unsigned *)numbers, 1, 1);
    assert_golden("joined");
}

static void a_sealed_section_is_not_extended(void **state)
{
    const int number = 1;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&number, 1, 1);
    pvmi_msgbuf_seal(pvmi_active_send_buf());
    pvm_pkint(&number, 1, 1);
    assert_golden("sealed");
}

/* ---- arguments ---- */

static void counts_below_0_are_refused_before_anything_else(void **state)
{
    int number = 0;

    (void)state;
    assert_int_equal(pvm_pkint(&number, -1, 1), PvmBadParam);
    assert_int_equal(pvm_pkint(&number, 1, 1), PvmNoBuf);
    assert_int_equal(pvm_pkint(&number, 0, 1), PvmNoBuf);
    assert_int_equal(pvm_pkstr("x"), PvmNoBuf);
}

static void no_items_pack_nothing(void **state)
{
    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
        pvm_initsend(encoding);
        assert_int_equal(pvm_pkint(NULL, 0, 1), PvmOk);
        assert_int_equal(pvm_pkbyte(NULL, 0, 1), PvmOk);
        assert_int_equal(pvmi_active_send_buf()->length, 0);
    }
}

static void null_pointers_with_items_are_refused(void **state)
{
    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
        pvm_initsend(encoding);
        assert_int_equal(pvm_pkint(NULL, 1, 1), PvmBadParam);
        assert_int_equal(pvm_pkbyte(NULL, 3, 1), PvmBadParam);
        assert_int_equal(pvm_pkstr(NULL), encoding == PvmDataInPlace ? PvmNotImpl : PvmBadParam);
    }
}

static void in_place_takes_stride_1_only(void **state)
{
    int number = 0;

    (void)state;
    pvm_initsend(PvmDataInPlace);
    assert_int_equal(pvm_pkint(&number, 1, 2), PvmNotImpl);
    assert_int_equal(pvm_pkint(&number, 1, 0), PvmNotImpl);
    assert_int_equal(pvm_pkint(&number, 0, 0), PvmNotImpl);
    assert_int_equal(pvm_pkint(&number, -1, 0), PvmBadParam);
    assert_int_equal(pvm_pkstr("x"), PvmNotImpl);
}

static void strides_walk_both_ways_and_stand_still(void **state)
{
    static const struct {
        int start;
        int stride;
        int expected[3];
    } cases[] = { { 2, 0, { 3, 3, 3 } }, { 0, 3, { 1, 4, 7 } }, { 8, -2, { 9, 7, 5 } }, { 1, 1, { 2, 3, 4 } } };
    int numbers[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    int got[3];

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            pvm_initsend(encoding);
            assert_int_equal(pvm_pkint(numbers + cases[i].start, 3, cases[i].stride), PvmOk);
            loopback();
            assert_int_equal(pvm_upkint(got, 3, 1), PvmOk);
            assert_memory_equal(got, cases[i].expected, sizeof(got));
        }
    }
}

/* ---- in place ---- */

static void in_place_data_are_read_when_they_are_sent(void **state)
{
    int numbers[4] = { 1, 2, 3, 4 };
    int got[4];

    (void)state;
    pvm_initsend(PvmDataInPlace);
    assert_int_equal(pvm_pkint(numbers, 2, 1), PvmOk);
    assert_int_equal(pvm_pkint(numbers + 2, 2, 1), PvmOk);
    for (int round = 0; round < 2; round++) {
        numbers[1] = 20 + round;
        loopback();
        assert_int_equal(pvm_upkint(got, 4, 1), PvmOk);
        assert_memory_equal(got, numbers, sizeof(got));
    }
}

static void in_place_pieces_that_follow_each_other_are_one(void **state)
{
    static const int numbers[1000] = { 1 };
    struct pvmi_msgbuf *buf;

    (void)state;
    pvm_initsend(PvmDataInPlace);
    for (int i = 0; i < 1000; i++)
        pvm_pkint(numbers + i, 1, 1);
    buf = pvmi_active_send_buf();
    assert_ptr_equal(buf->first, buf->last);
    assert_int_equal(buf->length, sizeof(numbers));
}

static void in_place_pieces_may_be_copied_when_packed(void **state)
{
    int numbers[6] = { 1, 2, 3, 4, 5, 6 };
    int got[8];
    struct pvmminfo header;
    const int expected[8] = { 2, 5, 21, 22, 3, 2, 1, 5 };

    (void)state;
    pvm_initsend(PvmDataInPlace);
    assert_int_equal(pvmpkcopy(PVM_INT, numbers + 1, 2, 3), PvmOk);
    assert_int_equal(pvm_pkint(numbers, 2, 1), PvmOk);
    assert_int_equal(pvmpkcopy(PVM_INT, numbers + 2, 3, -1), PvmOk);
    assert_int_equal(pvmpkcopy(PVM_INT, numbers + 4, 1, 0), PvmOk);
    assert_int_equal(pvm_getminfo(pvm_getsbuf(), &header), PvmOk);
    assert_int_equal(header.enc, PVMI_ENC_IN_PLACE);
    for (int i = 0; i < 6; i++)
        numbers[i] = 21 + i;
    for (int round = 0; round < 2; round++) {
        loopback();
        assert_int_equal(pvm_upkint(got, 8, 1), PvmOk);
        assert_memory_equal(got, expected, sizeof(got));
    }
}

/* By pvmpkcopy() and by the functions of the types the same bodies come about. */
static void copying_is_packing_where_nothing_is_in_place(void **state)
{
    static const double data[8] = { 1.5, -2.25, 3, 4, 5, 6, 7, 8 };

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        for (int stride = 1; stride <= 2; stride++) {
            uint8_t bodies[2][400];
            struct pvmi_msgbuf *buf;

            pvm_initsend(encoding);
            for (int type = PVM_STR; type <= PVM_LONG; type++)
                assert_int_equal(pvmpkcopy(type, data, 2, stride), PvmOk);
            buf = pvmi_active_send_buf();
            assert_in_range(buf->length, 2 * (1 + 1 + 2 + 4 + 4 + 8 + 8 + 16 + 8), sizeof(bodies[0]));
            pvmi_msgbuf_read(buf, 0, bodies[0], (size_t)buf->length);
            pvm_initsend(encoding);
            assert_int_equal(pvm_pkbyte((const char *)data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkbyte((const char *)data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkshort((const short *)data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkint((const int *)data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkfloat((const float *)data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkcplx((const float *)data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkdouble(data, 2, stride), PvmOk);
            assert_int_equal(pvm_pkdcplx(data, 2, stride), PvmOk);
            assert_int_equal(pvm_pklong((const long *)data, 2, stride), PvmOk);
            buf = pvmi_active_send_buf();
            pvmi_msgbuf_read(buf, 0, bodies[1], (size_t)buf->length);
            assert_memory_equal(bodies[0], bodies[1], (size_t)buf->length);
        }
    }
}

static void a_copy_is_refused_as_the_pack_would_be(void **state)
{
    int number = 1;

    (void)state;
    pvm_setsbuf(0);
    assert_int_equal(pvmpkcopy(PVM_INT, &number, 1, 1), PvmNoBuf);
    for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
        pvm_initsend(encoding);
        assert_int_equal(pvmpkcopy(PVM_INT, &number, -1, 1), PvmBadParam);
        assert_int_equal(pvmpkcopy(PVM_INT, NULL, 1, 1), PvmBadParam);
        assert_int_equal(pvmpkcopy(PVM_INT, NULL, 0, 5), PvmOk);
        assert_int_equal(pvmpkcopy(PVM_STR - 1, &number, 1, 1), PvmBadParam);
        assert_int_equal(pvmpkcopy(PVM_LONG + 1, &number, 1, 1), PvmBadParam);
        assert_int_equal(pvmi_active_send_buf()->length, 0);
    }
}

/* ---- arrived buffers ---- */

static void an_arrived_message_goes_on_as_it_came(void **state)
{
    const int numbers[3] = { 1, 2, 3 };
    int got[3];
    int id;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 3, 1);
    id = loopback();
    pvm_upkint(got, 1, 1);
    pvm_setsbuf(id);
    assert_int_equal(pvm_getrbuf(), 0);
    loopback();
    assert_int_equal(pvm_upkint(got, 3, 1), PvmOk);
    assert_memory_equal(got, numbers, sizeof(got));
}

static void packing_into_an_arrived_message_appends(void **state)
{
    int number = 5;
    int got[2] = { 0 };

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        number = 5;
        pvm_initsend(encoding);
        pvm_pkint(&number, 1, 1);
        pvm_setsbuf(loopback());
        number = 6;
        assert_int_equal(pvm_pkint(&number, 1, 1), PvmOk);
        loopback();
        assert_int_equal(pvm_upkint(got, 2, 1), PvmOk);
        assert_int_equal(got[0], 5);
        assert_int_equal(got[1], 6);
    }
}

static void packing_into_a_foreign_message_makes_it_native(void **state)
{
    const uint8_t body[] = { 0xc9, 0, 0, 0, 4, PVMI_TYPE_INT32, 0, 0, 1, 2,       /* if big-endian: 258 */
                             0xc9, 0, 0, 0, 2, PVMI_TYPE_BYTES, 'x', 'y',
                             0xc9, 0, 0, 0, 8, PVMI_TYPE_FLOAT64, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0 };
    int foreign = pvmi_format_own() ^ PVMI_FORMAT_LITTLE;
    int numbers[2] = { 0 };
    double real = 0;
    char text[3] = "";

    (void)state;
    if ((foreign & PVMI_FORMAT_LITTLE) != 0)
        return;    /* the bytes above are this machine's own */
    pvm_setsbuf(loopback_deliver(body, sizeof(body), PVMI_ENCODING_DEFAULT, foreign, 5));
    real = 2.5;
    assert_int_equal(pvm_pkdouble(&real, 1, 1), PvmOk);
    assert_int_equal(pvmi_active_send_buf()->format, pvmi_format_own());
    assert_golden("made_native");
    loopback();
    assert_int_equal(pvm_upkint(numbers, 1, 1), PvmOk);
    assert_int_equal(numbers[0], 258);
    assert_int_equal(pvm_upkbyte(text, 2, 1), PvmOk);
    assert_string_equal(text, "xy");
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmOk);
    assert_true(real == 1.5);
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmOk);
    assert_true(real == 2.5);

    pvm_setsbuf(loopback_deliver("raw", 3, PVMI_ENCODING_RAW, foreign, 3));
    assert_int_equal(pvm_pkint(numbers, 1, 1), PvmBadMsg);
}

/* ---- size ---- */

static void long_packs_come_back_whole(void **state)
{
    enum { COUNT = 3000001 };
    double *data = malloc(COUNT * sizeof(double));
    double *got = malloc(COUNT * sizeof(double));
    double one;

    (void)state;
    assert_non_null(data);
    assert_non_null(got);
    for (int i = 0; i < COUNT; i++)
        data[i] = i * 0.5;
    for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
        pvm_initsend(encoding);
        assert_int_equal(pvm_pkdouble(data, COUNT, 1), PvmOk);
        loopback();
        for (int at = 0; at < COUNT; at += 77777)
            assert_int_equal(pvm_upkdouble(got + at, COUNT - at < 77777 ? COUNT - at : 77777, 1), PvmOk);
        assert_memory_equal(got, data, COUNT * sizeof(double));
        assert_int_equal(pvm_upkdouble(&one, 1, 1), PvmNoData);
    }
    free(data);
    free(got);
}

/* A section holds 1 GiB. To see the split without packing so much, the open one is made to look nearly full. */
static void a_full_section_is_followed_by_another(void **state)
{
    const double numbers[4] = { 1, 2, 3, 4 };
    struct pvmi_msgbuf *buf;
    uint8_t *body;
    int type;
    uint32_t length;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkdouble(numbers, 1, 1);
    buf = pvmi_active_send_buf();
    buf->open_length = PVMI_SECTION_LENGTH_MAX - 8;
    assert_int_equal(pvm_pkdouble(numbers + 1, 3, 1), PvmOk);
    body = loopback_body(buf);
    assert_int_equal(buf->length, 2 * PVMI_SECTION_HEADER_SIZE + sizeof(numbers));
    assert_int_equal(pvmi_section_header_decode(body, &type, &length), PvmOk);
    assert_int_equal(length, PVMI_SECTION_LENGTH_MAX);
    assert_int_equal(pvmi_section_header_decode(body + PVMI_SECTION_HEADER_SIZE + 16, &type, &length), PvmOk);
    assert_int_equal(length, 16);
    free(body);
}

/* ---- memory ---- */

/* A pack of each kind; all of them or none is in the buffer afterwards. */
static int pack_kind(int kind, const double *data, int count)
{
    switch (kind) {
    case 0:
        return pvm_pkdouble(data, count, 1);
    case 1:
        return pvm_pkbyte((const char *)data, count, 1);
    case 2:
        return pvm_pkstr("a string");
    default:
        return pvm_pkint((const int *)data, 1, 1);
    }
}

static void a_pack_without_memory_packs_nothing(void **state)
{
    enum { COUNT = 100000 };
    static double data[COUNT];

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        for (int kind = 0; kind < 4; kind++) {
            int rc = PvmNoMem;

            pvm_initsend(encoding);
            pvm_pkint((const int *)data, 1018, 1);    /* the first block is nearly full */
            for (int nth = 0; rc != PvmOk; nth++) {
                struct pvmi_msgbuf *buf = pvmi_active_send_buf();
                uint64_t length = buf->length;
                uint64_t xdr_length = buf->xdr_length;
                uint8_t *before = loopback_body(buf);
                uint8_t *after;

                assert_true(nth < 50);
                pvmi_msgbuf_trim();
                pvmi_alloc_fail_nth(nth);
                rc = pack_kind(kind, data, COUNT);
                pvmi_alloc_fail_nth(-1);
                after = loopback_body(buf);
                if (rc != PvmOk) {
                    assert_int_equal(rc, PvmNoMem);
                    assert_int_equal(buf->length, length);
                    assert_int_equal(buf->xdr_length, xdr_length);
                    assert_memory_equal(before, after, (size_t)length);
                }
                free(before);
                free(after);
            }
        }
    }
}

static void copying_an_arrived_message_survives_out_of_memory(void **state)
{
    static const int numbers[5000] = { 1, 2, 3 };
    int got[5000];

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        int rc = PvmNoMem;

        pvm_initsend(encoding);
        pvm_pkint(numbers, 4999, 1);
        pvm_setsbuf(loopback());
        for (int nth = 0; rc != PvmOk; nth++) {
            assert_true(nth < 50);
            pvmi_alloc_fail_nth(nth);
            rc = pvm_pkint(numbers, 1, 1);
            pvmi_alloc_fail_nth(-1);
        }
        loopback();
        assert_int_equal(pvm_upkint(got, 5000, 1), PvmOk);
        assert_memory_equal(got, numbers, 4999 * sizeof(int));
        assert_int_equal(got[4999], 1);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(typed_bodies_are_the_golden_ones, loopback_reset),
        cmocka_unit_test_setup(trace_messages_say_what_is_in_them, loopback_reset),
        cmocka_unit_test_setup(raw_bodies_are_the_golden_ones, loopback_reset),
        cmocka_unit_test_setup(packs_of_one_type_are_one_section, loopback_reset),
        cmocka_unit_test_setup(a_sealed_section_is_not_extended, loopback_reset),
        cmocka_unit_test_setup(counts_below_0_are_refused_before_anything_else, loopback_reset),
        cmocka_unit_test_setup(no_items_pack_nothing, loopback_reset),
        cmocka_unit_test_setup(null_pointers_with_items_are_refused, loopback_reset),
        cmocka_unit_test_setup(in_place_takes_stride_1_only, loopback_reset),
        cmocka_unit_test_setup(strides_walk_both_ways_and_stand_still, loopback_reset),
        cmocka_unit_test_setup(in_place_data_are_read_when_they_are_sent, loopback_reset),
        cmocka_unit_test_setup(in_place_pieces_that_follow_each_other_are_one, loopback_reset),
        cmocka_unit_test_setup(in_place_pieces_may_be_copied_when_packed, loopback_reset),
        cmocka_unit_test_setup(copying_is_packing_where_nothing_is_in_place, loopback_reset),
        cmocka_unit_test_setup(a_copy_is_refused_as_the_pack_would_be, loopback_reset),
        cmocka_unit_test_setup(an_arrived_message_goes_on_as_it_came, loopback_reset),
        cmocka_unit_test_setup(packing_into_an_arrived_message_appends, loopback_reset),
        cmocka_unit_test_setup(packing_into_a_foreign_message_makes_it_native, loopback_reset),
        cmocka_unit_test_setup(long_packs_come_back_whole, loopback_reset),
        cmocka_unit_test_setup(a_full_section_is_followed_by_another, loopback_reset),
        cmocka_unit_test_setup(a_pack_without_memory_packs_nothing, loopback_reset),
        cmocka_unit_test_setup(copying_an_arrived_message_survives_out_of_memory, loopback_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
