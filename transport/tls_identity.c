/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon run's key pair. OpenSSL 3.0 has no raw public keys in TLS, so the key is wrapped in a certificate
 * that it signs itself; names and dates in it mean nothing, and nobody looks at them.
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
    identity->certificate = identity_certificate(identity->key_pair);
    if (identity->certificate == NULL || !pvmi_tls_certificate_key(identity->certificate, identity->key))
        return pvmi_tls_failed("make a certificate");
    return pvmi_tls_context_new(identity, &identity->context);
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
