/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading what has come through the arena. A task without one has nothing to read here. */
#ifndef PVMI_LIBPVM_SWEEP_H
#define PVMI_LIBPVM_SWEEP_H

#include <stdbool.h>

/* Hands on the next message. Returns 1; 0 when all was looked at and there is none; PvmNoMem: it stays. */
int pvmi_sweep(void);

/* Hands on all that has been sent before this call. Returns PvmOk, PvmNoMem. */
int pvmi_sweep_all(void);

/* Whether there may be one. */
bool pvmi_sweep_ready(void);

#endif
