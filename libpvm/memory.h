/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_alloc() and pvm_free(), on the regions of libpvm/refer. */
#ifndef PVMI_LIBPVM_MEMORY_H
#define PVMI_LIBPVM_MEMORY_H

/* Before this task leaves: makes ordinary memory of all that lies in the arena. Returns PvmOk, or PvmNoMem, noted: it cannot
 * leave now. */
int pvmi_memory_keep(void);

#endif
