/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tls files share with each other, and with nobody else. */
#ifndef PVMI_TRANSPORT_TLS_CONTEXT_H
#define PVMI_TRANSPORT_TLS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "transport/tls.h"

struct pvmi_identity {
    EVP_PKEY *key_pair;
    X509 *certificate;               /* NULL: not yet made */
    SSL_CTX *context;                /* the same; for both roles, each SSL holds a reference */
    uint8_t key[PVMI_KEY_SIZE];
};

/* Who has to be at the other end of an SSL: its app data. */
struct pvmi_tls_peer {
    uint8_t key[PVMI_KEY_SIZE];
    bool accepted;    /* it has shown the right certificate */
    bool refused;     /* it has shown another */
};

/* Its context, made with the first link. Returns PvmOk or PvmSysErr; then the next call tries again. */
int pvmi_identity_context(struct pvmi_identity *identity, SSL_CTX **ret_context);

/* A context with all rules of our links, that shows identity's certificate. Returns PvmOk or PvmSysErr. */
int pvmi_tls_context_new(const struct pvmi_identity *identity, SSL_CTX **ret_context);

/* SHA-256 of the certificate's SubjectPublicKeyInfo. */
bool pvmi_tls_certificate_key(const X509 *certificate, uint8_t key[PVMI_KEY_SIZE]);

/* Logs OpenSSL's first error behind what, empties its queue, and returns PvmSysErr. */
int pvmi_tls_failed(const char *what);

#endif
