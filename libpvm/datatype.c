/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/datatype.h"

#include "libpvm/call.h"
#include "pvm3.h"
#include "wire/section.h"

#define LONG_TYPE (sizeof(long) == 8 ? PVMI_TYPE_INT64 : PVMI_TYPE_INT32)
#define ULONG_TYPE (sizeof(long) == 8 ? PVMI_TYPE_UINT64 : PVMI_TYPE_UINT32)

int pvmi_datatype_find(int datatype, struct pvmi_datatype *ret_type)
{
    static const struct pvmi_datatype types[] = {
        [PVM_BYTE] = { PVMI_TYPE_BYTES, 1 },
        [PVM_SHORT] = { PVMI_TYPE_INT16, sizeof(short) },
        [PVM_INT] = { PVMI_TYPE_INT32, sizeof(int) },
        [PVM_FLOAT] = { PVMI_TYPE_FLOAT32, sizeof(float) },
        [PVM_CPLX] = { PVMI_TYPE_COMPLEX32, 2 * sizeof(float) },
        [PVM_DOUBLE] = { PVMI_TYPE_FLOAT64, sizeof(double) },
        [PVM_DCPLX] = { PVMI_TYPE_COMPLEX64, 2 * sizeof(double) },
        [PVM_LONG] = { LONG_TYPE, sizeof(long) },
        [PVM_USHORT] = { PVMI_TYPE_UINT16, sizeof(short) },
        [PVM_UINT] = { PVMI_TYPE_UINT32, sizeof(int) },
        [PVM_ULONG] = { ULONG_TYPE, sizeof(long) },
    };

    if (datatype == PVM_STR)
        return pvmi_call_fail(PvmNotImpl, "PVM_STR cannot be sent like this: pack it with pvm_pkstr()");
    if (datatype < PVM_BYTE || datatype > PVM_ULONG)
        return pvmi_call_fail(PvmBadParam, "%d is no data type", datatype);
    *ret_type = types[datatype];
    return PvmOk;
}
