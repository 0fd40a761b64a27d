/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hello: 128 bytes, the first thing that a TCP connection carries. A stranger reaches no other parser.
 *
 *    0 8  magic "PVM4hel\n"    12 u16 purpose     32 u64 sender's incarnation      64 32 nonce
 *    8 u16 version_min         14 u16 channel     40 u64 receiver's incarnation    96 32 mac
 *   10 u16 version_max         16 16  machine id  48 u64 ticket   56 u32 sender's host number  60 u32 0
 *
 * The mac is HMAC-SHA256 over the first 96 bytes; making and checking it is the transports' business.
 */
#ifndef PVMI_WIRE_HELLO_H
#define PVMI_WIRE_HELLO_H

#include <stdint.h>

#define PVMI_HELLO_SIZE 128
#define PVMI_HELLO_SIGNED 96    /* bytes that the mac covers */
#define PVMI_VERSION 1          /* of the protocol */
#define PVMI_VERSION_MIN 1      /* the oldest one spoken */

enum pvmi_hello_purpose {
    PVMI_HELLO_DAEMON = 1,    /* a member; key: the gate key of the machine */
    PVMI_HELLO_JOIN = 2,      /* a host that is being added; ticket is the join id, key: the join secret */
    PVMI_HELLO_TASK = 3       /* a task's direct link, by ticket (not yet used) */
};

enum pvmi_channel { PVMI_CHANNEL_CONTROL = 0, PVMI_CHANNEL_BULK = 1, PVMI_CHANNEL_COUNT = 2 };

struct pvmi_hello {
    uint16_t version_min;
    uint16_t version_max;
    uint16_t purpose;
    uint16_t channel;
    uint8_t machine[16];
    uint64_t sender;      /* incarnations */
    uint64_t receiver;
    uint64_t ticket;
    uint32_t host;        /* sender's host number */
    uint8_t nonce[32];
    uint8_t mac[32];
};

void pvmi_hello_encode(const struct pvmi_hello *hello, uint8_t bytes[PVMI_HELLO_SIZE]);

/* PvmOk; PvmBadMsg for wrong magic, purpose, channel or nonzero filler; PvmBadVersion when the ranges of
 * versions do not meet. ret_hello is set also for PvmBadVersion, so that the log can name the versions. */
int pvmi_hello_decode(const uint8_t bytes[PVMI_HELLO_SIZE], struct pvmi_hello *ret_hello);

#endif
