/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a spawned process finds the arena and its daemon: it inherits two descriptors, that of the arena and one end of a
 * connection to the daemon, and the environment names them with device and inode, its slot and the nonce:
 * "FD:DEV:INODE:FD:DEV:INODE:SLOT:NONCE" in hexadecimal. Programs close descriptors, and their numbers are used again; so
 * the first enrolment checks, claims the slot (of several processes that know it only one gets it), sets close-on-exec,
 * and unsets the variable. Whoever fails here enrols by the socket, and gets the descriptor from there.
 */
#ifndef PVMI_ARENA_HANDOVER_H
#define PVMI_ARENA_HANDOVER_H

#include <stdint.h>

#define PVMI_HANDOVER_TEXT 140    /* bytes with the end */

/* A descriptor, and what it is of. */
struct pvmi_handover_file {
    int fd;
    uint64_t device;
    uint64_t inode;
};

struct pvmi_handover {
    struct pvmi_handover_file arena;
    struct pvmi_handover_file socket;
    uint32_t slot;
    uint64_t nonce;
};

/* Describes descriptor fd. Returns PvmOk or PvmSysErr. */
int pvmi_handover_describe(int fd, struct pvmi_handover_file *ret_file);

void pvmi_handover_write(const struct pvmi_handover *handover, char text[PVMI_HANDOVER_TEXT]);

/* Returns PvmOk, or PvmBadParam. */
int pvmi_handover_read(const char *text, struct pvmi_handover *ret_handover);

/*
 * Whether the descriptors are still what they were. Then they are close-on-exec, and out of the way of stdin, stdout and
 * stderr: those in handover are the ones to use. Returns PvmOk; PvmNotFound (one is something else: that is left alone,
 * the other is closed).
 */
int pvmi_handover_take(struct pvmi_handover *handover);

#endif
