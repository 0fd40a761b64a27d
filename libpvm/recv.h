/* SPDX-License-Identifier: BSD-3-Clause */
/* The wait for a message, for the receives of the API and for the library's own. */
#ifndef PVMI_LIBPVM_RECV_H
#define PVMI_LIBPVM_RECV_H

#include <stdint.h>

struct pvmi_msgbuf;

/*
 * The oldest message that matches (as pvmi_match_find()), waiting for it until deadline_us of
 * pvmi_clock_us(). It stays in the queue; pvmi_match_take() makes it the caller's.
 *
 * Returns PvmOk, PVMI_AGAIN when the time has passed, PvmSysErr when the daemon has gone, PvmNoMem when
 * what has arrived finds no memory. The fault is noted but for PVMI_AGAIN.
 */
int pvmi_recv_wait(int tid, int tag, int ctx, uint64_t deadline_us, struct pvmi_msgbuf **ret_buf);

/* Frees the receive buffer that was active. One that still waits in the queue (the program has made a probed
 * message active) only stops being active, and is rewound, so that a receive finds it as it came. */
void pvmi_recv_drop_active(void);

#endif
