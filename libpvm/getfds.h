/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The descriptor of pvm_getfds(): readable while a transport has something to read, and when a message has been
 * queued that the program has not looked for since. Nothing here costs anything before the first pvm_getfds().
 */
#ifndef PVMI_LIBPVM_GETFDS_H
#define PVMI_LIBPVM_GETFDS_H

/* A message for the program, or for a handler of its, has been read. */
void pvmi_getfds_queued(void);

/* The program has looked and found nothing, or has taken the last one: but if others stand in the line, it stays
 * readable. */
void pvmi_getfds_looked(void);

/* The transports are open, or about to be closed. */
void pvmi_getfds_opened(void);
void pvmi_getfds_closing(void);

/* A child after fork(): it has none yet. */
void pvmi_getfds_after_fork(void);

#endif
