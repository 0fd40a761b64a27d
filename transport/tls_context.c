/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of our links, all in one place. They are set one by one, for the machine's openssl.cnf may have
 * changed the defaults.
 *
 * One cipher suite: AES-128-GCM with SHA-256. Its hash is that of everything else here (keys in the host
 * table, hellos, later the pre-shared keys of task links, whose hash must be the suite's), it is the faster
 * of the two AES suites, and TLS 1.3 demands that everybody has it.
 */
#include "transport/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "base/log.h"

#define TLS_CERTIFICATES_MAX 4096    /* bytes of certificates that a peer may send; ours have some 300 */

int pvmi_tls_failed(const char *what)
{
    char text[256];

    ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
    ERR_clear_error();
    pvmi_log(PVMI_LOG_ERROR, "%s: %s", what, text);
    return PvmSysErr;
}

bool pvmi_tls_certificate_key(const X509 *certificate, uint8_t key[PVMI_KEY_SIZE])
{
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    bool done;

    if (length <= 0)
        return false;
    done = EVP_Digest(der, (size_t)length, key, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return done;
}

/*
 * Takes the place of OpenSSL's whole check of a certificate: nothing but the key counts. That the peer has
 * the private part too, the handshake proves.
 */
static int tls_on_certificate(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct pvmi_tls_peer *peer = SSL_get_app_data(ssl);
    const X509 *certificate = X509_STORE_CTX_get0_cert(store);
    uint8_t key[PVMI_KEY_SIZE];

    (void)arg;
    if (certificate == NULL || !pvmi_tls_certificate_key(certificate, key)
        || CRYPTO_memcmp(key, peer->key, PVMI_KEY_SIZE) != 0) {
        peer->refused = true;
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        return 0;
    }
    peer->accepted = true;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

/* Returns false when OpenSSL cannot do one of them. */
static bool tls_context_set_rules(SSL_CTX *context)
{
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, TLS_CERTIFICATES_MAX);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, tls_on_certificate, NULL);

    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
           && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
           && SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1
           && SSL_CTX_set1_groups_list(context, "X25519") == 1
           && SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1
           && SSL_CTX_set1_client_sigalgs_list(context, "ed25519") == 1
           && SSL_CTX_set_num_tickets(context, 0) == 1
           && SSL_CTX_set_max_early_data(context, 0) == 1
           && SSL_CTX_set_recv_max_early_data(context, 0) == 1;
}

int pvmi_tls_context_new(const struct pvmi_identity *identity, SSL_CTX **ret_context)
{
    SSL_CTX *context;

    ERR_clear_error();
    context = SSL_CTX_new(TLS_method());
    if (context == NULL)
        return pvmi_tls_failed("make a TLS context");
    if (!tls_context_set_rules(context) || SSL_CTX_use_certificate(context, identity->certificate) != 1
        || SSL_CTX_use_PrivateKey(context, identity->key_pair) != 1) {
        SSL_CTX_free(context);
        return pvmi_tls_failed("set up TLS 1.3 with Ed25519");
    }
    *ret_context = context;
    return PvmOk;
}
