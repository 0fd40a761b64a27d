/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox, for other parts of the library that keep things there. */
#ifndef PVMI_LIBPVM_MAILBOX_H
#define PVMI_LIBPVM_MAILBOX_H

#include "pvm3.h"

/* An entry without contents in class name, at the lowest free index. Returns that, or a negative code. */
int pvmi_mailbox_mark(const char *name);

struct pvmi_msgbuf;

/* buf as an entry in class name, with these flags. Returns its index, or a negative code. */
int pvmi_mailbox_put(const char *name, int flags, struct pvmi_msgbuf *buf);

/* The entry as a buffer that the program does not see; to be freed. Returns its index, or a negative code. */
int pvmi_mailbox_read(const char *name, int index, int flags, struct pvmi_msgbuf **ret_buf);

/* As pvm_delinfo(), without its frame. */
int pvmi_mailbox_delete(const char *name, int index);

/* The classes that match pattern, in one block to be freed. *ret_count gets how many. PvmOk, or a negative code with
 * its fault noted. */
int pvmi_mailbox_list(const char *pattern, int *ret_count, struct pvmmboxinfo **ret_classes);

#endif
