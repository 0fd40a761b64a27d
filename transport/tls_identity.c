/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon run's key pair. OpenSSL 3.0 has no raw public keys in TLS, so the key is wrapped in a certificate
 * that it signs itself; names and dates in it mean nothing, and nobody looks at them. It is made with the first link: most
 * virtual machines are one host and have none, and it takes as long as a fifth of their start.
 */
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "base/alloc.h"
#include "base/error.h"
#include "transport/tls_context.h"

#define IDENTITY_VALID_SECONDS (100L * 365 * 86400)

int pvmi_random_bytes(void *bytes, size_t length)
{
    if (length > INT_MAX || RAND_bytes(bytes, (int)length) != 1)
        return pvmi_tls_failed("get random bytes");
    return PvmOk;
}

void pvmi_secret_wipe(void *bytes, size_t length)
{
    OPENSSL_cleanse(bytes, length);
}

/* As pvmi_tls_certificate_key() finds it in the certificate. */
static bool identity_key(EVP_PKEY *key_pair, uint8_t key[PVMI_KEY_SIZE])
{
    static const uint8_t algorithm[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
    uint8_t encoded[sizeof(algorithm) + 32];    /* the DER of every Ed25519 key's SubjectPublicKeyInfo: RFC 8410 */
    size_t length = sizeof(encoded) - sizeof(algorithm);

    memcpy(encoded, algorithm, sizeof(algorithm));
    return EVP_PKEY_get_raw_public_key(key_pair, encoded + sizeof(algorithm), &length) == 1
           && EVP_Digest(encoded, sizeof(encoded), key, NULL, EVP_sha256(), NULL) == 1;
}

static X509 *identity_certificate(EVP_PKEY *key_pair)
{
    X509 *certificate = X509_new();
    X509_NAME *name;

    if (certificate == NULL)
        return NULL;
    name = X509_get_subject_name(certificate);
    if (X509_set_version(certificate, X509_VERSION_3) != 1
        || ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) != 1
        || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"pvmd", -1, -1, 0) != 1
        || X509_set_issuer_name(certificate, name) != 1
        || X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) == NULL
        || X509_gmtime_adj(X509_getm_notAfter(certificate), IDENTITY_VALID_SECONDS) == NULL
        || X509_set_pubkey(certificate, key_pair) != 1 || X509_sign(certificate, key_pair, NULL) == 0) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static int identity_make(struct pvmi_identity *identity)
{
    /* Tidying up at exit would take longer than all the rest of a halt. Secrets are overwritten before. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    ERR_clear_error();
    identity->key_pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (identity->key_pair == NULL)
        return pvmi_tls_failed("make an Ed25519 key pair");
    return identity_key(identity->key_pair, identity->key) ? PvmOk : pvmi_tls_failed("read the public key");
}

int pvmi_identity_new(struct pvmi_identity **ret_identity)
{
    struct pvmi_identity *identity = pvmi_calloc(1, sizeof(*identity));
    int rc;

    if (identity == NULL)
        return PvmNoMem;
    rc = identity_make(identity);
    if (rc != PvmOk) {
        pvmi_identity_free(identity);
        return rc;
    }
    *ret_identity = identity;
    return PvmOk;
}

int pvmi_identity_context(struct pvmi_identity *identity, SSL_CTX **ret_context)
{
    int rc = PvmOk;

    if (identity->certificate == NULL) {
        ERR_clear_error();
        identity->certificate = identity_certificate(identity->key_pair);
        if (identity->certificate == NULL)
            return pvmi_tls_failed("make a certificate");
    }
    if (identity->context == NULL)
        rc = pvmi_tls_context_new(identity, &identity->context);
    *ret_context = identity->context;
    return rc;
}

void pvmi_identity_free(struct pvmi_identity *identity)
{
    if (identity == NULL)
        return;
    SSL_CTX_free(identity->context);
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key_pair);    /* overwrites the private key, too */
    pvmi_free(identity);
}

void pvmi_identity_key(const struct pvmi_identity *identity, uint8_t key[PVMI_KEY_SIZE])
{
    memcpy(key, identity->key, PVMI_KEY_SIZE);
}
