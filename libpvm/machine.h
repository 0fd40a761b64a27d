/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PVMI_LIBPVM_MACHINE_H
#define PVMI_LIBPVM_MACHINE_H

/* How many hosts of the host file are not yet decided, or a negative code. Enrols. When none is, those that
 * failed are noted for pvm_errdetail() (the first one) and pvm_errdetail_item(). */
int pvmi_machine_pending(void);

#endif
