/* SPDX-License-Identifier: BSD-3-Clause */
/* The function of pvm_recvf(), by which a program chooses itself among the messages that wait. */
#ifndef PVMI_LIBPVM_MATCHER_H
#define PVMI_LIBPVM_MATCHER_H

#include <stdbool.h>

struct pvmi_match;
struct pvmi_msgbuf;

/* The program has set one. */
bool pvmi_matcher_set(void);

/*
 * Asks it for each message that waits, oldest first, with the tid and tag of the receive; messages between
 * libraries are not shown, unless ctx is theirs. The message chosen stays in the queue.
 *
 * Returns PvmOk, PVMI_AGAIN for none, PvmNoMem (fault noted), or the error that the function has given.
 */
int pvmi_matcher_find(struct pvmi_match *match, int tid, int tag, int ctx, struct pvmi_msgbuf **ret_buf);

/* Asks it for one message that has come to this queue behind those: whatever its rank, it is taken. The same
 * results. */
int pvmi_matcher_try(struct pvmi_msgbuf *buf, int tid, int tag, int ctx);

#endif
