/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unpacking. The large test walks all pairs of packed and unpacked type, both byte orders, packed in one or
 * several sections, unpacked in one or several calls, at several strides. Bodies are made here by hand, with
 * loops of their own, so that packing and unpacking cannot err together.
 */
#include <limits.h>
#include <math.h>

#include "loopback.h"

#define SCALARS 24    /* in a message of the large test: whole complex numbers, words and splits by 2, 3, 4 */
#define GUARD 0x5a    /* what is in memory that unpacking must not touch */

/* ---- bodies by hand ---- */

struct body {
    uint8_t bytes[4096];
    size_t length;
    size_t header;    /* of the last section */
    bool little;
};

static bool own_little(void)
{
    return (pvmi_format_own() & PVMI_FORMAT_LITTLE) != 0;
}

static void body_begin(struct body *body, int type)
{
    body->header = body->length;
    body->bytes[body->length] = 0xc9;
    body->bytes[body->length + 5] = (uint8_t)type;
    memset(body->bytes + body->length + 1, 0, 4);
    body->length += 6;
}

static void body_end(struct body *body)
{
    size_t length = body->length - body->header - 6;

    for (int i = 0; i < 4; i++)
        body->bytes[body->header + 1 + (size_t)i] = (uint8_t)(length >> (24 - 8 * i));
}

static void body_put(struct body *body, uint64_t bits, size_t size)
{
    for (size_t i = 0; i < size; i++)
        body->bytes[body->length++] = (uint8_t)(bits >> (8 * (body->little ? i : size - 1 - i)));
}

/* The bits of a small value as a scalar of type. */
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

static int body_deliver(const struct body *body, size_t piece)
{
    int format = pvmi_format_own() ^ (body->little == own_little() ? 0 : PVMI_FORMAT_LITTLE);

    return loopback_deliver(body->bytes, body->length, PVMI_ENCODING_DEFAULT, format, piece);
}

/* The i-th value of every message: some negative for signed types, all small enough for a byte. */
static int value_of(int i, bool is_signed)
{
    return is_signed && i % 3 == 2 ? -1 - i : 1 + i;
}

static bool type_signed(int type)
{
    return type != PVMI_TYPE_UINT16 && type != PVMI_TYPE_UINT32 && type != PVMI_TYPE_UINT64 && type != PVMI_TYPE_BYTES;
}

/* XDR's bytes of a scalar of type. */
static size_t xdr_put(uint8_t *to, int type, int value)
{
    struct body xdr = { .little = false };
    size_t size = pvmi_type_scalar_size(type);

    body_put(&xdr, scalar_bits(type, value), size == 2 ? 4 : size);
    memcpy(to, xdr.bytes, xdr.length);
    return xdr.length;
}

/* ---- the large test ---- */

struct table_case {
    int packed;      /* types */
    int unpacked;
    bool little;
    int sections;
    int calls;
    int stride;
};

/* What the message should give: the memory of the items one after the other, or an error at the first. */
static int expected_items(const struct table_case *c, uint8_t *items, size_t *ret_length)
{
    size_t size = pvmi_type_scalar_size(c->unpacked);
    struct body memory = { .little = own_little() };
    bool both_signed = type_signed(c->packed) && type_signed(c->unpacked);

    if (c->packed == PVMI_TYPE_BYTES || c->unpacked == PVMI_TYPE_BYTES) {
        int other = c->packed == PVMI_TYPE_BYTES ? c->unpacked : c->packed;

        for (int i = 0; i < SCALARS; i++) {
            if (c->unpacked == PVMI_TYPE_BYTES)
                memory.length += xdr_put(memory.bytes + memory.length, other, value_of(i, both_signed));
            else
                body_put(&memory, scalar_bits(c->unpacked, value_of(i, both_signed)), size);
        }
    } else {
        if (pvmi_type_family(c->packed) != pvmi_type_family(c->unpacked))
            return PvmBadMsg;
        for (int i = 0; i < SCALARS; i++)
            body_put(&memory, scalar_bits(c->unpacked, value_of(i, both_signed)), size);
    }
    memcpy(items, memory.bytes, memory.length);
    *ret_length = memory.length;
    return PvmOk;
}

static void table_pack(const struct table_case *c, struct body *body)
{
    bool both_signed = type_signed(c->packed) && type_signed(c->unpacked);

    *body = (struct body){ .little = c->little };
    for (int i = 0; i < SCALARS; i++) {
        if (i % (SCALARS / c->sections) == 0)
            body_begin(body, c->packed);
        if (c->packed == PVMI_TYPE_BYTES && c->unpacked != PVMI_TYPE_BYTES)
            body->length += xdr_put(body->bytes + body->length, c->unpacked, value_of(i, both_signed));
        else
            body_put(body, scalar_bits(c->packed, value_of(i, both_signed)), pvmi_type_scalar_size(c->packed));
        body_end(body);
    }
}

/* Unpacks in c->calls calls, and compares with what is expected. */
static void table_check(const struct table_case *c)
{
    static uint8_t memory[64 * 1024];
    struct body body;
    uint8_t expected[SCALARS * 16];
    size_t expected_length = 0;
    size_t size = pvmi_type_size(c->unpacked);
    int rc = expected_items(c, expected, &expected_length);
    int count = rc == PvmOk ? (int)(expected_length / size) : 4;
    int step = c->stride * (int)size;
    uint8_t *start = memory + sizeof(memory) / 2;
    struct pvmi_msgbuf *buf;

    table_pack(c, &body);
    buf = pvmi_msgbuf_find(body_deliver(&body, 100));
    memset(memory, GUARD, sizeof(memory));
    for (int at = 0; at < count; at += count / c->calls)
        assert_int_equal(pvmi_unpack_items(buf, c->unpacked, start + at * step, size, count / c->calls, c->stride), rc);

    if (rc != PvmOk) {
        for (size_t i = 0; i < sizeof(memory); i++)
            assert_int_equal(memory[i], GUARD);
        assert_int_equal(buf->cursor.done, 0);
        return;
    }
    for (int i = 0; i < count; i++) {    /* backwards, for at stride 0 the last one stays */
        int item = count - 1 - i;

        if (c->stride != 0 || item == count - 1)
            assert_memory_equal(start + item * step, expected + (size_t)item * size, size);
        memset(start + item * step, GUARD, size);
    }
    for (size_t i = 0; i < sizeof(memory); i++)
        assert_int_equal(memory[i], GUARD);
    assert_int_equal(pvmi_unpack_items(buf, c->unpacked, start, size, 1, 1), PvmNoData);
    pvmi_msgbuf_free(buf);
}

static void every_type_is_read_as_every_other(void **state)
{
    static const int splits[] = { 1, 2, 4 };
    static const int strides[] = { 1, 2, 3, 0, -1, -2 };
    struct table_case c;

    (void)state;
    for (c.packed = 1; c.packed <= PVMI_TYPE_MAX; c.packed++)
        for (c.unpacked = 1; c.unpacked <= PVMI_TYPE_MAX; c.unpacked++)
            for (int order = 0; order < 2; order++)
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++)
                        for (int k = 0; k < 6; k++) {
                            c.little = order == 0;
                            c.sections = splits[i];
                            c.calls = splits[j];
                            c.stride = strides[k];
                            table_check(&c);
                        }
}

/* ---- values ---- */

/* Packs one item, unpacks it as another type. */
static int through(int packed, const void *from, int unpacked, void *to)
{
    struct pvmi_msgbuf *buf;

    pvm_initsend(PvmDataDefault);
    buf = pvmi_active_send_buf();
    assert_int_equal(pvmi_pack_items(buf, packed, from, pvmi_type_size(packed), 1, 1), PvmOk);
    loopback();
    return pvmi_unpack_items(pvmi_active_receive_buf(), unpacked, to, pvmi_type_size(unpacked), 1, 1);
}

static void same_width_keeps_the_bits(void **state)
{
    int number = -2;
    unsigned int bits = 0;

    (void)state;
    assert_int_equal(through(PVMI_TYPE_INT32, &number, PVMI_TYPE_UINT32, &bits), PvmOk);
    assert_int_equal(bits, 4294967294u);
}

static void other_widths_go_by_value(void **state)
{
    int16_t number16 = -2;
    int32_t number32 = 0;
    uint64_t wide = 70000;
    int64_t negative = INT32_MIN;

    (void)state;
    assert_int_equal(through(PVMI_TYPE_INT16, &number16, PVMI_TYPE_INT32, &number32), PvmOk);
    assert_int_equal(number32, -2);
    assert_int_equal(through(PVMI_TYPE_UINT64, &wide, PVMI_TYPE_INT32, &number32), PvmOk);
    assert_int_equal(number32, 70000);
    assert_int_equal(through(PVMI_TYPE_INT64, &negative, PVMI_TYPE_INT32, &number32), PvmOk);
    assert_int_equal(number32, INT32_MIN);
}

/* Makes what was packed since pvm_initsend() readable, from its beginning. */
static void read_own(void)
{
    pvm_setrbuf(pvm_getsbuf());
}

static void each_function_refuses_what_its_type_cannot_hold(void **state)
{
    long wide = LONG_MAX;
    int negative = -1;
    double reals[2] = { 1e300, 1e300 };
    uint64_t got = 0;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pklong(&wide, 1, 1);
    read_own();
    assert_int_equal(pvm_upkshort((short *)&got, 1, 1), PvmOverflow);
    assert_int_equal(pvm_upkushort((unsigned short *)&got, 1, 1), PvmOverflow);
    assert_int_equal(pvm_upkint((int *)&got, 1, 1), PvmOverflow);
    assert_int_equal(pvm_upkuint((unsigned int *)&got, 1, 1), PvmOverflow);
    assert_int_equal(pvm_upklong(&wide, 1, 1), PvmOk);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&negative, 1, 1);
    read_own();
    assert_int_equal(pvm_upkulong((unsigned long *)&got, 1, 1), PvmOverflow);
    pvm_initsend(PvmDataDefault);
    pvm_pkdouble(reals, 2, 1);
    read_own();
    assert_int_equal(pvm_upkfloat((float *)&got, 1, 1), PvmOverflow);
    assert_int_equal(pvm_upkcplx((float *)&got, 1, 1), PvmOverflow);
    assert_int_equal(got, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    int32_t number = 70000;
    int32_t negative = -1;
    int16_t small = GUARD;
    uint64_t wide = GUARD;
    double real = 1e300;
    float single = GUARD;

    (void)state;
    assert_int_equal(through(PVMI_TYPE_INT32, &number, PVMI_TYPE_INT16, &small), PvmOverflow);
    assert_int_equal(small, GUARD);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);    /* it is still there */
    assert_int_equal(number, 70000);
    assert_int_equal(through(PVMI_TYPE_INT32, &negative, PVMI_TYPE_UINT64, &wide), PvmOverflow);
    assert_int_equal(wide, GUARD);
    assert_int_equal(through(PVMI_TYPE_FLOAT64, &real, PVMI_TYPE_FLOAT32, &single), PvmOverflow);
    assert_true(single == GUARD);
    real = INFINITY;
    assert_int_equal(through(PVMI_TYPE_FLOAT64, &real, PVMI_TYPE_FLOAT32, &single), PvmOk);
    assert_true(isinf(single));
}

static void items_before_the_one_that_fails_are_stored(void **state)
{
    int numbers[4] = { 1, 2, 70000, 3 };
    short got[4] = { 0 };
    int rest[2] = { 0 };

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 4, 1);
    loopback();
    assert_int_equal(pvm_upkshort(got, 4, 1), PvmOverflow);
    assert_int_equal(got[0], 1);
    assert_int_equal(got[1], 2);
    assert_int_equal(got[2], 0);
    assert_int_equal(pvm_upkint(rest, 2, 1), PvmOk);
    assert_int_equal(rest[0], 70000);
    assert_int_equal(rest[1], 3);
}

static void the_text_of_an_error_says_what_is_there(void **state)
{
    double real = 1;
    long number;
    struct body body = { .little = own_little() };

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkdouble(&real, 1, 1);
    loopback();
    assert_int_equal(pvm_upklong(&number, 1, 1), PvmBadMsg);
    if (sizeof(long) == 8)
        assert_string_equal(pvm_errdetail(), "int64 asked for, but float64 is what was packed");
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmOk);

    body_begin(&body, PVMI_TYPE_INT32);
    body_put(&body, 5, 4);
    body_end(&body);
    body.bytes[body.length++] = 0x17;
    body_deliver(&body, 100);
    assert_int_equal(pvm_upklong(&number, 2, 1), PvmBadMsg);
    assert_int_equal(number, 5);
    assert_string_equal(pvm_errdetail(), "the message is damaged at byte 10");
}

static void a_complex_number_that_fails_is_not_half_read(void **state)
{
    float halves[3] = { 1, 2, 3 };
    int number = 4;
    float got[4] = { 0 };

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkfloat(halves, 3, 1);
    pvm_pkint(&number, 1, 1);
    loopback();
    assert_int_equal(pvm_upkcplx(got, 2, 1), PvmBadMsg);
    assert_true(got[0] == 1 && got[1] == 2 && got[2] == 0);
    assert_int_equal(pvm_upkfloat(got, 1, 1), PvmOk);
    assert_true(got[0] == 3);
}

/* ---- the end ---- */

static void past_the_end_the_rest_is_used_up(void **state)
{
    int numbers[3] = { 1, 2, 3 };

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        int got[4] = { 0 };

        pvm_initsend(encoding);
        pvm_pkint(numbers, 3, 1);
        loopback();
        assert_int_equal(pvm_upkint(got, 4, 1), PvmNoData);
        assert_int_equal(got[2], 3);
        assert_int_equal(got[3], 0);
        assert_int_equal(pvm_upkint(got, 1, 1), PvmNoData);
        assert_int_equal(pvm_upkint(got, 0, 1), PvmOk);
    }
}

static void half_an_item_at_the_end_uses_it_up_too(void **state)
{
    float singles[3] = { 1, 2, 3 };
    float got[4] = { 0 };
    int numbers[3] = { 1, 2, 3 };
    double real = -1;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkfloat(singles, 3, 1);
    loopback();
    assert_int_equal(pvm_upkcplx(got, 2, 1), PvmNoData);
    assert_true(got[1] == 2 && got[2] == 0);
    assert_int_equal(pvm_upkfloat(got, 1, 1), PvmNoData);

    pvm_initsend(PvmDataRaw);
    pvm_pkint(numbers, 3, 1);
    loopback();
    assert_int_equal(pvm_upkint(numbers, 2, 1), PvmOk);
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmNoData);
    assert_int_equal(pvm_upkint(numbers, 1, 1), PvmNoData);
}

static void an_empty_message_has_no_data(void **state)
{
    int number;
    char text[4];

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
        pvm_initsend(encoding);
        loopback();
        assert_int_equal(pvm_upkint(&number, 1, 1), PvmNoData);
        assert_int_equal(pvm_upkstr(text), PvmNoData);
        assert_int_equal(pvm_upkbyte(text, 1, 1), PvmNoData);
        assert_int_equal(pvm_upkbyte(text, 0, 1), PvmOk);
    }
}

/* ---- arguments ---- */

static void arguments_are_checked_in_pvm_3s_order(void **state)
{
    int number = 0;

    (void)state;
    pvm_setrbuf(0);
    assert_int_equal(pvm_upkint(&number, -1, 1), PvmBadParam);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmNoBuf);
    assert_int_equal(pvm_upkstr((char *)&number), PvmNoBuf);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&number, 1, 1);
    loopback();
    assert_int_equal(pvm_upkint(NULL, 0, 1), PvmOk);
    assert_int_equal(pvm_upkint(NULL, 1, 1), PvmBadParam);
    assert_int_equal(pvm_upkstr(NULL), PvmBadParam);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
}

/* ---- strings ---- */

static void a_string_is_an_int_and_bytes(void **state)
{
    char text[8] = "";
    int length = 4;

    (void)state;
    for (int encoding = PvmDataDefault; encoding <= PvmDataRaw; encoding++) {
        pvm_initsend(encoding);
        pvm_pkstr("hey");
        pvm_pkint(&length, 1, 1);
        pvm_pkbyte("xyz", 4, 1);
        loopback();
        assert_int_equal(pvm_upkint(&length, 1, 1), PvmOk);
        assert_int_equal(length, 4);
        assert_int_equal(pvm_upkbyte(text, length, 1), PvmOk);
        assert_string_equal(text, "hey");
        assert_int_equal(pvm_upkstr(text), PvmOk);
        assert_string_equal(text, "xyz");
    }
}

static void a_string_whose_length_lies_is_refused(void **state)
{
    char text[64];
    int length = -5;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&length, 1, 1);
    loopback();
    assert_int_equal(pvm_upkstr(text), PvmBadMsg);
    length = 3;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&length, 1, 1);
    loopback();
    assert_int_equal(pvm_upkstr(text), PvmNoData);
}

/* ---- bytes as the XDR view ---- */

static void bytes_packed_in_portions_are_one_run(void **state)
{
    char got[14] = "";

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkbyte("abcde", 5, 1);
    pvm_pkbyte("fghijklm", 8, 1);
    loopback();
    assert_int_equal(pvm_upkbyte(got, 13, 1), PvmOk);
    assert_string_equal(got, "abcdefghijklm");

    pvm_initsend(PvmDataDefault);
    pvm_pkbyte("abcdefgh", 8, 1);
    loopback();
    memset(got, 0, sizeof(got));
    assert_int_equal(pvm_upkbyte(got, 3, 1), PvmOk);
    assert_int_equal(pvm_upkbyte(got + 3, 5, 1), PvmOk);
    assert_string_equal(got, "abcdefgh");
}

static void what_bufinfo_counts_can_be_unpacked_as_bytes(void **state)
{
    const uint8_t expected[20] = { 0, 0, 0, 5, 'a', 'b', 'c', 'd', 0, 0, 0, 0, 0, 0, 0, 7, 'x', 0, 0, 0 };
    uint8_t got[24];
    int number = 7;
    int length;

    (void)state;
    memset(got, GUARD, sizeof(got));
    pvm_initsend(PvmDataDefault);
    pvm_pkstr("abcd");
    pvm_pkint(&number, 1, 1);
    pvm_pkbyte("x", 1, 1);
    pvm_bufinfo(loopback(), &length, NULL, NULL);
    assert_int_equal(length, 20);
    assert_int_equal(pvm_upkbyte((char *)got, length, 1), PvmOk);
    assert_memory_equal(got, expected, sizeof(expected));
    assert_int_equal(pvm_upkbyte((char *)got, 1, 1), PvmNoData);
}

static void filling_is_for_the_call_that_runs_into_it(void **state)
{
    char got[8];
    int number = 7;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkbyte("abcde", 5, 1);
    pvm_pkint(&number, 1, 1);
    loopback();
    assert_int_equal(pvm_upkbyte(got, 5, 1), PvmOk);
    assert_int_equal(pvm_upkbyte(got, 4, 1), PvmOk);    /* the int, as in PVM 3 */
    assert_memory_equal(got, "\0\0\0\7", 4);
    assert_int_equal(pvm_upkbyte(got, 1, 1), PvmNoData);
}

static void numbers_are_read_from_bytes_that_end_in_the_middle_of_a_word(void **state)
{
    int ints[3] = { 0 };
    short small[2];
    double real;
    char byte;

    (void)state;
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_pkbyte("abc", 3, 1), PvmOk);
    assert_int_equal(pvm_pkbyte("def", 3, 1), PvmOk);
    ints[0] = 7;
    assert_int_equal(pvm_pkint(ints, 1, 1), PvmOk);
    assert_int_equal(pvm_pkbyte("\x3f\xf8\0\0\0", 5, 1), PvmOk);
    assert_int_equal(pvm_pkstr(""), PvmOk);
    assert_int_equal(pvm_pkbyte("\0\0\0\5\0\1x", 7, 1), PvmOk);
    loopback();
    assert_int_equal(pvm_upkint(ints, 3, 1), PvmOk);
    assert_int_equal(ints[0], 0x61626300);    /* each call's bytes are whole words, as in PVM 3 */
    assert_int_equal(ints[1], 0x64656600);
    assert_int_equal(ints[2], 7);
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmOk);
    assert_true(real == 1.5);
    assert_int_equal(pvm_upkint(ints, 1, 1), PvmOk);    /* the length of "" */
    assert_int_equal(pvm_upkbyte(&byte, 1, 1), PvmOk);
    assert_int_equal(pvm_upkshort(small, 1, 1), PvmOk);
    assert_int_equal(small[0], 5);
    assert_int_equal(pvm_upkshort(small, 1, 1), PvmOverflow);
    assert_int_equal(pvm_upkint(ints, 1, 1), PvmOk);
    assert_int_equal(ints[0], 0x17800);
    assert_int_equal(pvm_upkint(ints, 1, 1), PvmNoData);
}

/* Reads a message as bytes, in calls of chunk, sends these on, and unpacks what was packed first. */
static void relay(int chunk)
{
    char relayed[64];
    char text[8] = "";
    char bytes[3];
    short small = -3;
    double real = 2.5;
    unsigned short usmall = 65533;
    int number = 9;
    int length;

    pvm_initsend(PvmDataDefault);
    pvm_pkstr("hello");
    pvm_pkshort(&small, 1, 1);
    pvm_pkushort(&usmall, 1, 1);
    pvm_pkdouble(&real, 1, 1);
    pvm_pkbyte("xyz", 3, 1);
    pvm_pkint(&number, 1, 1);
    pvm_bufinfo(loopback(), &length, NULL, NULL);
    assert_int_equal(length, 4 + 8 + 4 + 4 + 8 + 4 + 4);
    pvm_initsend(PvmDataDefault);
    for (int at = 0; at < length; at += chunk) {
        int count = length - at < chunk ? length - at : chunk;

        assert_int_equal(pvm_upkbyte(relayed + at, count, 1), PvmOk);
        assert_int_equal(pvm_pkbyte(relayed + at, count, 1), PvmOk);
    }

    loopback();
    small = 0;
    usmall = 0;
    real = 0;
    number = 0;
    assert_int_equal(pvm_upkstr(text), PvmOk);
    assert_string_equal(text, "hello");
    assert_int_equal(pvm_upkshort(&small, 1, 1), PvmOk);
    assert_int_equal(small, -3);
    assert_int_equal(pvm_upkushort(&usmall, 1, 1), PvmOk);
    assert_int_equal(usmall, 65533);
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmOk);
    assert_true(real == 2.5);
    assert_int_equal(pvm_upkbyte(bytes, 3, 1), PvmOk);
    assert_memory_equal(bytes, "xyz", 3);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_int_equal(number, 9);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmNoData);
}

static void a_relay_of_bytes_keeps_the_numbers(void **state)
{
    (void)state;
    relay(1000);
    relay(4);
    relay(12);
}

static void bytes_of_a_number_may_be_read_in_portions(void **state)
{
    int numbers[2] = { 0x01020304, 0x05060708 };
    double real = 1.5;
    char bytes[8];
    int number;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 2, 1);
    pvm_pkdouble(&real, 1, 1);
    loopback();
    assert_int_equal(pvm_upkbyte(bytes, 3, 1), PvmOk);
    assert_memory_equal(bytes, "\1\2\3", 3);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);    /* begins at the next multiple of 4, as in PVM 3 */
    assert_int_equal(number, 0x05060708);
    assert_int_equal(pvm_upkbyte(bytes, 2, 1), PvmOk);
    assert_memory_equal(bytes, "\x3f\xf8", 2);
    assert_int_equal(pvm_upkdouble(&real, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkbyte(bytes, 6, 1), PvmOk);
    assert_memory_equal(bytes, "\0\0\0\0\0\0", 6);
}

/* ---- raw ---- */

static void raw_data_are_any_type(void **state)
{
    short shorts[2] = { 1, 2 };
    int number = 0;

    (void)state;
    pvm_initsend(PvmDataRaw);
    pvm_pkshort(shorts, 2, 1);
    loopback();
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_memory_equal(&number, shorts, sizeof(number));
}

static void raw_data_of_another_machine_are_bytes_only(void **state)
{
    char bytes[4] = "";
    int number = 0;
    int id = loopback_deliver("abc", 4, PVMI_ENCODING_RAW, pvmi_format_own() ^ PVMI_FORMAT_LITTLE, 4);
    struct pvmminfo info;

    (void)state;
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkbyte(bytes, 4, 1), PvmOk);
    assert_string_equal(bytes, "abc");
    assert_int_equal(pvm_getminfo(id, &info), PvmOk);
    assert_int_equal(info.enc, pvmi_format_dsig(pvmi_format_own() ^ PVMI_FORMAT_LITTLE));
}

/* Raw items that lie in two blocks: they arrive in blocks of 4 MiB less a header. */
static void raw_items_may_lie_across_blocks(void **state)
{
    enum { LENGTH = 9 << 20 };
    uint8_t *bytes = malloc(LENGTH);
    double *got = malloc(LENGTH);

    (void)state;
    assert_non_null(bytes);
    assert_non_null(got);
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (uint8_t)(i % 61);
    loopback_deliver(bytes, LENGTH, PVMI_ENCODING_RAW, pvmi_format_own(), 100000);
    assert_int_equal(pvm_upkbyte((char *)got, 1, 1), PvmOk);    /* now nothing is aligned */
    assert_int_equal(pvm_upkdouble(got, LENGTH / 8 - 1, 1), PvmOk);
    assert_memory_equal(got, bytes + 1, LENGTH - 8);
    free(bytes);
    free(got);
}

/* ---- damage ---- */

/* Every body of a few sections, cut or with any byte changed, gives errors only. */
static void damaged_bodies_are_refused_or_read_and_never_crash(void **state)
{
    struct body body = { .little = own_little() };
    double memory[64];
    char text[256];

    (void)state;
    body_begin(&body, PVMI_TYPE_INT32);
    body_put(&body, 5, 4);
    body_end(&body);
    body_begin(&body, PVMI_TYPE_BYTES);
    body_put(&body, 0, 5);
    body_end(&body);
    body_begin(&body, PVMI_TYPE_COMPLEX64);
    body_put(&body, 0, 8);
    body_put(&body, 0, 8);
    body_end(&body);
    for (size_t at = 0; at < body.length; at++) {
        for (int value = 0; value < 256; value++) {
            struct body bad = body;

            bad.bytes[at] = (uint8_t)value;
            if (value == 1)
                bad.length = at;
            body_deliver(&bad, 1000);
            pvm_bufinfo(pvm_getrbuf(), NULL, NULL, NULL);
            if (value % 2 == 0)
                pvm_upkbyte(text, 3, 1);
            if (bad.bytes[9] < 100)
                pvm_upkstr(text);
            pvm_upkdcplx(memory, 3, 1);
            pvm_upkshort((short *)memory, 3, 1);
            pvm_upkbyte(text, 100, 1);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_type_is_read_as_every_other, loopback_reset),
        cmocka_unit_test_setup(same_width_keeps_the_bits, loopback_reset),
        cmocka_unit_test_setup(other_widths_go_by_value, loopback_reset),
        cmocka_unit_test_setup(what_does_not_fit_is_refused, loopback_reset),
        cmocka_unit_test_setup(each_function_refuses_what_its_type_cannot_hold, loopback_reset),
        cmocka_unit_test_setup(items_before_the_one_that_fails_are_stored, loopback_reset),
        cmocka_unit_test_setup(the_text_of_an_error_says_what_is_there, loopback_reset),
        cmocka_unit_test_setup(a_complex_number_that_fails_is_not_half_read, loopback_reset),
        cmocka_unit_test_setup(past_the_end_the_rest_is_used_up, loopback_reset),
        cmocka_unit_test_setup(half_an_item_at_the_end_uses_it_up_too, loopback_reset),
        cmocka_unit_test_setup(an_empty_message_has_no_data, loopback_reset),
        cmocka_unit_test_setup(arguments_are_checked_in_pvm_3s_order, loopback_reset),
        cmocka_unit_test_setup(a_string_is_an_int_and_bytes, loopback_reset),
        cmocka_unit_test_setup(a_string_whose_length_lies_is_refused, loopback_reset),
        cmocka_unit_test_setup(bytes_packed_in_portions_are_one_run, loopback_reset),
        cmocka_unit_test_setup(what_bufinfo_counts_can_be_unpacked_as_bytes, loopback_reset),
        cmocka_unit_test_setup(filling_is_for_the_call_that_runs_into_it, loopback_reset),
        cmocka_unit_test_setup(numbers_are_read_from_bytes_that_end_in_the_middle_of_a_word, loopback_reset),
        cmocka_unit_test_setup(a_relay_of_bytes_keeps_the_numbers, loopback_reset),
        cmocka_unit_test_setup(bytes_of_a_number_may_be_read_in_portions, loopback_reset),
        cmocka_unit_test_setup(raw_data_are_any_type, loopback_reset),
        cmocka_unit_test_setup(raw_data_of_another_machine_are_bytes_only, loopback_reset),
        cmocka_unit_test_setup(raw_items_may_lie_across_blocks, loopback_reset),
        cmocka_unit_test_setup(damaged_bodies_are_refused_or_read_and_never_crash, loopback_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
