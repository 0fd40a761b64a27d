/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a launched daemon and its launcher say to each other, on stdin and stdout: one line each way,
 *
 *   pvm4-join VERSION HEX        pvm4-ready VERSION HEX
 *
 * HEX being the control message join or ready. The version stands in clear, so that any version can tell.
 * Or, where there is no stdin, `pvmd --join-public VERSION:HEX`: a join without its secret.
 */
#ifndef PVMD_IO_JOINLINE_H
#define PVMD_IO_JOINLINE_H

#include <stdbool.h>

#include "wire/control.h"

#define JOINLINE_MAX 65536    /* bytes of a line */

/* The line, with its newline, to be freed; NULL when there is no memory. type: PVMI_MSG_join or _ready. */
char *joinline_format(int type, const void *msg);

/* The same of a join as one word for a command line, which everybody can read: it must hold no secret. */
char *joinline_format_argument(const struct pvmi_msg_join *join);

/* And back to a line, to be freed; NULL when there is no memory. */
char *joinline_of_argument(const char *argument);

/* True when line begins as one of type does. */
bool joinline_is(const char *line, int type);

/* Returns PvmOk; PvmBadVersion with *ret_version; PvmBadMsg; PvmNoMem. */
int joinline_parse(const char *line, int type, struct pvmi_control *ret_control, int *ret_version);

#endif
