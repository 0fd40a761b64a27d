/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages that have arrived, and for which nobody has decided yet: each goes to its handler, or into the queue, when
 * its turn comes.
 *
 * The transports hand on all that has come, and that may be more or less. What a program sees must not depend on it:
 * so a receive goes down the line as far as the message that it wants, and a handler that is installed next gets what
 * stands behind, as in PVM 3, which reads one message after the other. A send moves on by one message, when there are
 * handlers; what waits for the daemon or for room goes through the whole line.
 *
 * Messages between libraries keep out of it: the group functions rely on finding them in the queue.
 */
#ifndef PVMI_LIBPVM_LINE_H
#define PVMI_LIBPVM_LINE_H

#include <stdbool.h>

#include "base/list.h"

struct pvmi_msgbuf;

/* A message has come. */
void pvmi_line_push(struct pvmi_msgbuf *buf);

extern struct pvmi_list pvmi_line;    /* struct pvmi_msgbuf.link, oldest first */

static inline bool pvmi_line_empty(void)
{
    return pvmi_list_empty(&pvmi_line);
}

/*
 * Deals with the first one: *ret_buf is that message, in the queue now, or NULL when its handler has run.
 *
 * Returns 1; 0 when none waits, a handler runs, for they do not nest, or the task still enrols; PvmNoMem when its
 * handler cannot be shown the message, which stays.
 */
int pvmi_line_step(struct pvmi_msgbuf **ret_buf);

/* All of them, to the end or until there is no memory for one; that is no reason to fail what the caller waits for. */
void pvmi_line_drain(void);

/* Frees them. */
void pvmi_line_clear(void);

#endif
