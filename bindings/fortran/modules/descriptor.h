/* SPDX-License-Identifier: BSD-3-Clause */
/* From the standard's descriptors, as this compiler lays them out, to struct pvmi_array. */
#ifndef PVMI_FORTRAN_DESCRIPTOR_H
#define PVMI_FORTRAN_DESCRIPTOR_H

#include <ISO_Fortran_binding.h>

#include "array.h"

void pvmi_descriptor_read(const CFI_cdesc_t *from, struct pvmi_array *ret_array);

#endif
