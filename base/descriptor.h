/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that a library keeps open in somebody else's program. */
#ifndef PVMI_BASE_DESCRIPTOR_H
#define PVMI_BASE_DESCRIPTOR_H

/*
 * Moves fd, which was just opened, out of the way of stdin, stdout and stderr: a program that has closed one of
 * these would else print into our socket. Returns the descriptor to use, close-on-exec; -1 and errno when fd is
 * -1 or there is no room, and fd is closed then.
 */
int pvmi_descriptor_move(int fd);

#endif
