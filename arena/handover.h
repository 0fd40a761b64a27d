/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a spawned process finds the arena: it inherits a descriptor, and the environment names it with device, inode, slot
 * and nonce: "FD:DEV:INODE:SLOT:NONCE" in hexadecimal. Programs close descriptors, and their numbers are used again; so
 * the first enrolment checks, claims the slot (of several processes that know it only one gets it), sets close-on-exec,
 * and unsets the variable. Whoever fails here enrols by the socket, and gets the descriptor from there.
 */
#ifndef PVMI_ARENA_HANDOVER_H
#define PVMI_ARENA_HANDOVER_H

#include <stdint.h>

#define PVMI_HANDOVER_TEXT 88    /* bytes with the end */

struct pvmi_handover {
    int fd;
    uint64_t device;
    uint64_t inode;
    uint32_t slot;
    uint64_t nonce;
};

/* Describes descriptor fd. Returns PvmOk or PvmSysErr. */
int pvmi_handover_make(int fd, uint32_t slot, uint64_t nonce, struct pvmi_handover *ret_handover);

void pvmi_handover_write(const struct pvmi_handover *handover, char text[PVMI_HANDOVER_TEXT]);

/* Returns PvmOk, or PvmBadParam. */
int pvmi_handover_read(const char *text, struct pvmi_handover *ret_handover);

/* Whether the descriptor is still what it was. Then it is close-on-exec, and out of the way of stdin, stdout and stderr:
 * handover->fd is the one to use. Returns PvmOk, PvmNotFound (it is something else, and is left alone). */
int pvmi_handover_take(struct pvmi_handover *handover);

#endif
