/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that travel with bytes over a Unix socket (SCM_RIGHTS). */
#ifndef PVMI_BASE_PASSING_H
#define PVMI_BASE_PASSING_H

#include <stddef.h>
#include <sys/types.h>

#define PVMI_PASSING_MAX 2    /* descriptors with one call */

/* As send(); the count descriptors travel with the first byte, and stay the caller's. */
ssize_t pvmi_passing_send(int socket, const void *bytes, size_t length, int flags, const int *fds, int count);

/*
 * As recv(). One call brings the descriptors of one send at most, with the first of its bytes. They are the caller's and
 * close-on-exec: ret_fds[0..*ret_count), of which -1 stand for those that found no room here.
 */
ssize_t pvmi_passing_recv(int socket, void *bytes, size_t length, int flags, int ret_fds[PVMI_PASSING_MAX],
                          int *ret_count);

#endif
