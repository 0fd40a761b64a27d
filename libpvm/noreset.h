/* SPDX-License-Identifier: BSD-3-Clause */
/* What option PvmNoReset does. */
#ifndef PVMI_LIBPVM_NORESET_H
#define PVMI_LIBPVM_NORESET_H

#include <stdbool.h>

/* The console's reset spares this task, or no more. PvmOk, or a negative code with its fault noted. */
int pvmi_noreset_set(bool on);

#endif
