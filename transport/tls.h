/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys, the mac of hellos, and TLS 1.3 pipes between daemons. The only place that knows OpenSSL.
 *
 * Both sides show a self-signed Ed25519 certificate; each is checked against the SHA-256 of the public key
 * that the host table has for the peer, and against nothing else.
 */
#ifndef PVMI_TRANSPORT_TLS_H
#define PVMI_TRANSPORT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/pipe.h"
#include "wire/hello.h"

#define PVMI_KEY_SIZE 32

struct pvmi_identity;    /* this daemon run's key pair and certificate; only in memory */

/* Makes a fresh key pair. Returns PvmOk, PvmSysErr, PvmNoMem. */
int pvmi_identity_new(struct pvmi_identity **ret_identity);
void pvmi_identity_free(struct pvmi_identity *identity);

/* SHA-256 of the public key (SubjectPublicKeyInfo in DER): what the host table has. */
void pvmi_identity_key(const struct pvmi_identity *identity, uint8_t key[PVMI_KEY_SIZE]);

/* Secure random bytes. Returns PvmOk or PvmSysErr. */
int pvmi_random_bytes(void *bytes, size_t length);

/* Overwrites length bytes in a way that is not optimised away. */
void pvmi_secret_wipe(void *bytes, size_t length);

/* Sets hello->nonce freshly and hello->mac with a key derived (HKDF) from secret. */
int pvmi_hello_sign(struct pvmi_hello *hello, const uint8_t secret[PVMI_KEY_SIZE]);

/* True when the mac over the bytes is right; in constant time. */
bool pvmi_hello_verify(const uint8_t bytes[PVMI_HELLO_SIZE], const uint8_t secret[PVMI_KEY_SIZE]);

/*
 * A TLS pipe over a connected socket, which becomes the pipe's, also on failure. server says who accepts.
 * peer_key pins the other side. The identity is needed only for this call.
 *
 * Drive the handshake with pvmi_tls_handshake() before a stream gets the pipe. A client is done one flight
 * before the server has checked its key: when that is refused, it hears of it from its first read, which
 * returns PvmDenied. A link is up at the first frame that comes over it, not sooner.
 */
int pvmi_tls_new(int fd, bool server, struct pvmi_identity *identity,
                 const uint8_t peer_key[PVMI_KEY_SIZE], struct pvmi_pipe **ret_pipe);

/*
 * Drives the handshake, from the first byte: call it at once, then whenever the descriptor is readable or,
 * while the pipe wants_write, writable. Returns PvmOk when done, PVMI_AGAIN, PvmDenied (either side has
 * refused the other's key: logged), PVMI_CLOSED, PvmSysErr (logged).
 */
int pvmi_tls_handshake(struct pvmi_pipe *pipe);

/* For tests: changes the key after so many records written, in the place of 2^22. */
void pvmi_tls_key_update_after(struct pvmi_pipe *pipe, uint64_t records);

#endif
