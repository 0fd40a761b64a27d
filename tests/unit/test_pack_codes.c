/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Codes of each function that packs and unpacks, called by its name: no memory, raw data of another kind of machine,
 * something else packed, strings that are too long.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/unit/loopback.h"

enum { COUNT = 100000 };

static union {
    char bytes[COUNT];
    short shorts[COUNT];
    unsigned short ushorts[COUNT];
    int ints[COUNT];
    unsigned int uints[COUNT];
    long longs[COUNT];
    unsigned long ulongs[COUNT];
    float floats[COUNT];
    double doubles[COUNT];
} data;

/* ---- packing without memory ---- */

/* A new message, whose next block cannot be had. */
static void short_of_memory(void)
{
    pvmi_alloc_fail_nth(-1);
    pvm_initsend(PvmDataDefault);
    pvmi_msgbuf_trim();
    pvmi_alloc_fail_nth(0);
}

#define NEEDS_MEMORY(call) (short_of_memory(), assert_int_equal(call, PvmNoMem))

static void packing_needs_memory(void **state)
{
    (void)state;
    NEEDS_MEMORY(pvm_pkbyte(data.bytes, COUNT, 1));
    NEEDS_MEMORY(pvm_pkshort(data.shorts, COUNT, 1));
    NEEDS_MEMORY(pvm_pkushort(data.ushorts, COUNT, 1));
    NEEDS_MEMORY(pvm_pkint(data.ints, COUNT, 1));
    NEEDS_MEMORY(pvm_pkuint(data.uints, COUNT, 1));
    NEEDS_MEMORY(pvm_pklong(data.longs, COUNT, 1));
    NEEDS_MEMORY(pvm_pkulong(data.ulongs, COUNT, 1));
    NEEDS_MEMORY(pvm_pkfloat(data.floats, COUNT, 1));
    NEEDS_MEMORY(pvm_pkdouble(data.doubles, COUNT, 1));
    NEEDS_MEMORY(pvm_pkcplx(data.floats, COUNT / 2, 1));
    NEEDS_MEMORY(pvm_pkdcplx(data.doubles, COUNT / 2, 1));
    NEEDS_MEMORY(pvm_pkstr("text"));
    NEEDS_MEMORY(pvm_packf("%d", 1));
    pvmi_alloc_fail_nth(-1);
    assert_int_equal(pvm_packf("%d", 1), PvmOk);
}

static void messages_in_messages_need_memory(void **state)
{
    int inner = pvm_mkbuf(PvmDataDefault);

    (void)state;
    pvm_setsbuf(inner);
    assert_int_equal(pvm_pkint(data.ints, 10, 1), PvmOk);
    pvm_setsbuf(0);
    NEEDS_MEMORY(pvm_pkmesg(inner));
    NEEDS_MEMORY(pvm_pkmesgbody(inner));
    pvmi_alloc_fail_nth(-1);
    assert_int_equal(pvm_pkmesg(inner), PvmOk);
    pvm_setrbuf(pvm_getsbuf());
    pvmi_msgbuf_trim();
    pvmi_alloc_fail_nth(0);
    assert_int_equal(pvm_upkmesg(), PvmNoMem);
    pvm_freebuf(inner);
}

/* ---- raw data of another kind of machine ---- */

static int foreign_format(void)
{
    return pvmi_format_own() ^ PVMI_FORMAT_LITTLE;
}

static void nothing_is_packed_behind_raw_data_of_another_kind_of_machine(void **state)
{
    int raw = pvm_mkbuf(PvmDataRaw);

    (void)state;
    pvm_setsbuf(loopback_deliver("12345678", 8, PVMI_ENCODING_RAW, foreign_format(), 100));
    assert_int_equal(pvm_pkbyte(data.bytes, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkshort(data.shorts, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkushort(data.ushorts, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkint(data.ints, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkuint(data.uints, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pklong(data.longs, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkulong(data.ulongs, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkfloat(data.floats, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkdouble(data.doubles, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkcplx(data.floats, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkdcplx(data.doubles, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_pkstr("text"), PvmBadMsg);
    assert_int_equal(pvm_packf("%d", 1), PvmBadMsg);
    assert_int_equal(pvm_pkmesg(raw), PvmBadMsg);
    assert_int_equal(pvm_pkmesgbody(raw), PvmMismatch);
    assert_int_equal(pvmi_active_send_buf()->length, 8);
    pvm_freebuf(raw);
}

/* ---- unpacking what is something else ---- */

static void pack_one(int (*pack)(void))
{
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pack(), PvmOk);
    pvm_setrbuf(pvm_getsbuf());
}

static int pack_a_real(void) { return pvm_pkdouble(data.doubles, 1, 1); }
static int pack_a_number(void) { return pvm_pkint(data.ints, 1, 1); }

static void unpacking_as_another_family_is_refused(void **state)
{
    (void)state;
    pack_one(pack_a_real);
    assert_int_equal(pvm_upkshort(data.shorts, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkushort(data.ushorts, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkint(data.ints, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkuint(data.uints, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upklong(data.longs, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkulong(data.ulongs, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkstr(data.bytes), PvmBadMsg);
    assert_int_equal(pvm_unpackf("%d", data.ints), PvmBadMsg);
    assert_int_equal(pvm_upkmesg(), PvmBadMsg);
    assert_int_equal(pvm_upkdouble(data.doubles, 1, 1), PvmOk);
    pvm_freebuf(pvm_getrbuf());
    pack_one(pack_a_number);
    assert_int_equal(pvm_upkfloat(data.floats, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkdouble(data.doubles, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkcplx(data.floats, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkdcplx(data.doubles, 1, 1), PvmBadMsg);
    assert_int_equal(pvm_upkint(data.ints, 1, 1), PvmOk);
    pvm_freebuf(pvm_getrbuf());
}

/* A section that says it has more than the message. */
static void bytes_of_a_damaged_message_are_refused(void **state)
{
    static const uint8_t damaged[] = { 0xc9, 0, 0, 1, 0, PVMI_TYPE_BYTES, 'a', 'b' };

    (void)state;
    loopback_deliver(damaged, sizeof(damaged), PVMI_ENCODING_DEFAULT, pvmi_format_own(), 100);
    assert_int_equal(pvm_upkbyte(data.bytes, 1, 1), PvmBadMsg);
}

/* ---- long strings ---- */

/* Text of length bytes and a NUL, which is one piece of memory again and again. NULL where that cannot be had. */
static char *long_text(size_t length, size_t *ret_size)
{
    enum { PIECE = 1 << 20 };
    int fd = memfd_create("text", MFD_CLOEXEC);
    char *text;

    *ret_size = length / PIECE * PIECE + 2 * (size_t)PIECE;
    text = mmap(NULL, *ret_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fd < 0 || text == MAP_FAILED || ftruncate(fd, PIECE) != 0)
        return NULL;
    for (size_t at = 0; at < *ret_size; at += PIECE) {
        if (mmap(text + at, PIECE, PROT_READ | PROT_WRITE, MAP_FIXED | (at + PIECE == *ret_size ? MAP_PRIVATE : MAP_SHARED),
                 fd, 0) == MAP_FAILED)
            return NULL;
    }
    close(fd);
    memset(text, 'x', PIECE);
    text[*ret_size - 1] = '\0';
    return text;
}

static void a_string_of_2_gib_is_too_long(void **state)
{
    size_t size;
    char *text = long_text(INT32_MAX, &size);

    (void)state;
    if (text == NULL)
        skip();
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_pkstr(text), PvmOverflow);
    assert_int_equal(pvm_packf("%s", text), PvmOverflow);
    assert_int_equal(pvmi_active_send_buf()->length, 0);
    munmap(text, size);
}

static int teardown(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    pvm_freebuf(pvm_getsbuf());
    pvm_freebuf(pvm_getrbuf());
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loopback_reset, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packing_needs_memory),
        TEST(messages_in_messages_need_memory),
        TEST(nothing_is_packed_behind_raw_data_of_another_kind_of_machine),
        TEST(unpacking_as_another_family_is_refused),
        TEST(bytes_of_a_damaged_message_are_refused),
        TEST(a_string_of_2_gib_is_too_long),
    };

    return cmocka_run_group_tests_name("pack_codes", tests, NULL, NULL);
}
