/* SPDX-License-Identifier: BSD-3-Clause */
/* The data types of pvm_psend(), pvm_precv(), pvm_reduce() and their like. */
#ifndef PVMI_LIBPVM_DATATYPE_H
#define PVMI_LIBPVM_DATATYPE_H

#include <stddef.h>

struct pvmi_datatype {
    int type;       /* PVMI_TYPE_* */
    size_t size;    /* bytes of an item in memory */
};

/* What PVM_BYTE to PVM_ULONG stand for. PvmOk, PvmNotImpl (PVM_STR), PvmBadParam; the fault is noted. */
int pvmi_datatype_find(int datatype, struct pvmi_datatype *ret_type);

#endif
