/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages to tasks of this host, through the arena. It never waits. */
#ifndef PVMI_LIBPVM_SEND_SHARED_H
#define PVMI_LIBPVM_SEND_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pvmi_msgbuf;

/*
 * Sends buf, which is sealed, to those of tids that are to be reached so; the others are appended to ret_others, which has
 * room for all. Returns PvmOk; PvmNoMem, and the fault is noted: then those before the one where the memory ended have it.
 */
int pvmi_send_shared(const struct pvmi_msgbuf *buf, const int32_t *tids, size_t count, int tag, int ctx,
                     int32_t *ret_others, size_t *ret_other_count);

/* pvm_send() of the active send buffer, when all is as it was with the last one: a short message to the same task, nothing
 * to be read, told, or reported. False: nothing was done. */
bool pvmi_send_quick(int tid, int tag);

/* To one, the usual case. PvmOk, PvmNoMem; PVMI_AGAIN: it is to be reached by another route. */
int pvmi_send_shared_one(const struct pvmi_msgbuf *buf, int32_t tid, int tag, int ctx);

#endif
