/* SPDX-License-Identifier: BSD-3-Clause */
/* The mac of a hello: HMAC-SHA256 with a key of its own, derived from the secret by HKDF-SHA256. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/error.h"
#include "transport/tls_context.h"

#define HELLO_MAC_SIZE (PVMI_HELLO_SIZE - PVMI_HELLO_SIGNED)

/* One secret may open several doors: this text keeps their keys apart. */
static const char HELLO_LABEL[] = "pvm 4 hello";

static int hello_key(const uint8_t secret[PVMI_KEY_SIZE], uint8_t key[PVMI_KEY_SIZE])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, PVMI_KEY_SIZE),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)HELLO_LABEL, strlen(HELLO_LABEL)),
        OSSL_PARAM_construct_end(),
    };
    int derived = context == NULL ? 0 : EVP_KDF_derive(context, key, PVMI_KEY_SIZE, params);

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return derived == 1 ? PvmOk : pvmi_tls_failed("derive the key of a hello");
}

static int hello_mac(const uint8_t bytes[PVMI_HELLO_SIGNED], const uint8_t secret[PVMI_KEY_SIZE],
                     uint8_t mac[HELLO_MAC_SIZE])
{
    uint8_t key[PVMI_KEY_SIZE];
    size_t length = 0;
    int rc;

    ERR_clear_error();
    rc = hello_key(secret, key);
    if (rc != PvmOk)
        return rc;
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, sizeof(key), bytes, PVMI_HELLO_SIGNED, mac,
                  HELLO_MAC_SIZE, &length) == NULL || length != HELLO_MAC_SIZE)
        rc = pvmi_tls_failed("compute the mac of a hello");
    OPENSSL_cleanse(key, sizeof(key));
    return rc;
}

int pvmi_hello_sign(struct pvmi_hello *hello, const uint8_t secret[PVMI_KEY_SIZE])
{
    uint8_t bytes[PVMI_HELLO_SIZE];
    int rc = pvmi_random_bytes(hello->nonce, sizeof(hello->nonce));

    if (rc != PvmOk)
        return rc;
    pvmi_hello_encode(hello, bytes);
    return hello_mac(bytes, secret, hello->mac);
}

bool pvmi_hello_verify(const uint8_t bytes[PVMI_HELLO_SIZE], const uint8_t secret[PVMI_KEY_SIZE])
{
    uint8_t mac[HELLO_MAC_SIZE];

    if (hello_mac(bytes, secret, mac) != PvmOk)
        return false;
    return CRYPTO_memcmp(mac, bytes + PVMI_HELLO_SIGNED, HELLO_MAC_SIZE) == 0;
}
