/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, random bytes, and the mac of hellos. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "transport/tls.h"

static void every_identity_has_a_key_of_its_own(void **state)
{
    struct pvmi_identity *identities[2];
    uint8_t keys[2][PVMI_KEY_SIZE];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pvmi_identity_new(&identities[i]), PvmOk);
        pvmi_identity_key(identities[i], keys[i]);
    }
    assert_memory_not_equal(keys[0], keys[1], PVMI_KEY_SIZE);
    for (int i = 0; i < 2; i++)
        pvmi_identity_free(identities[i]);
    pvmi_identity_free(NULL);
    assert_int_equal(pvmi_alloc_count(), 0);
}

static void making_an_identity_survives_out_of_memory(void **state)
{
    struct pvmi_identity *identity;

    (void)state;
    pvmi_alloc_fail_nth(0);
    assert_int_equal(pvmi_identity_new(&identity), PvmNoMem);
}

static void random_bytes_differ(void **state)
{
    uint8_t first[32] = { 0 };
    uint8_t second[32] = { 0 };

    (void)state;
    assert_int_equal(pvmi_random_bytes(first, sizeof(first)), PvmOk);
    assert_int_equal(pvmi_random_bytes(second, sizeof(second)), PvmOk);
    assert_memory_not_equal(first, second, sizeof(first));
    pvmi_secret_wipe(first, sizeof(first));
    pvmi_secret_wipe(second, sizeof(second));
    assert_memory_equal(first, second, sizeof(first));
    assert_int_equal(first[0], 0);
}

static const uint8_t SECRET[PVMI_KEY_SIZE] = { 1, 2, 3, 4 };

static void hello_sample(uint8_t bytes[PVMI_HELLO_SIZE])
{
    struct pvmi_hello hello = { .version_min = PVMI_VERSION_MIN, .version_max = PVMI_VERSION,
                                .purpose = PVMI_HELLO_DAEMON, .sender = 5, .receiver = 6, .host = 2 };

    assert_int_equal(pvmi_hello_sign(&hello, SECRET), PvmOk);
    pvmi_hello_encode(&hello, bytes);
}

static void a_hello_is_verified_with_the_same_secret_only(void **state)
{
    uint8_t bytes[PVMI_HELLO_SIZE];
    uint8_t other[PVMI_KEY_SIZE] = { 1, 2, 3, 5 };

    (void)state;
    hello_sample(bytes);
    assert_true(pvmi_hello_verify(bytes, SECRET));
    assert_false(pvmi_hello_verify(bytes, other));
}

static void a_hello_with_any_bit_changed_is_refused(void **state)
{
    uint8_t bytes[PVMI_HELLO_SIZE];

    (void)state;
    hello_sample(bytes);
    for (int bit = 0; bit < PVMI_HELLO_SIZE * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(pvmi_hello_verify(bytes, SECRET));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(pvmi_hello_verify(bytes, SECRET));
}

static void no_two_hellos_are_the_same(void **state)
{
    uint8_t first[PVMI_HELLO_SIZE];
    uint8_t second[PVMI_HELLO_SIZE];

    (void)state;
    hello_sample(first);
    hello_sample(second);
    assert_memory_not_equal(first, second, sizeof(first));
}

/* Computed with OpenSSL's command line: kdf HKDF over the secret, then dgst -mac HMAC. */
static void the_mac_is_the_documented_one(void **state)
{
    static const uint8_t MAC[32] = {
        0x47, 0x7b, 0x54, 0x12, 0xf8, 0x9b, 0xdf, 0x14, 0xd4, 0x22, 0x87, 0xed,
        0x78, 0x19, 0x9f, 0xc5, 0x63, 0xc3, 0x50, 0xad, 0xf2, 0x69, 0x68, 0xa8,
        0x1b, 0x2d, 0xcf, 0x9b, 0x3f, 0x26, 0x2c, 0x46,
    };
    uint8_t bytes[PVMI_HELLO_SIZE] = { 0 };

    (void)state;
    memcpy(bytes + PVMI_HELLO_SIGNED, MAC, sizeof(MAC));
    assert_true(pvmi_hello_verify(bytes, SECRET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_identity_has_a_key_of_its_own),
        cmocka_unit_test(making_an_identity_survives_out_of_memory),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(a_hello_is_verified_with_the_same_secret_only),
        cmocka_unit_test(a_hello_with_any_bit_changed_is_refused),
        cmocka_unit_test(no_two_hellos_are_the_same),
        cmocka_unit_test(the_mac_is_the_documented_one),
    };

    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
