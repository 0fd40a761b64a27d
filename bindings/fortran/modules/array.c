/* SPDX-License-Identifier: BSD-3-Clause */
#include "array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

ptrdiff_t pvmi_array_count(const struct pvmi_array *array)
{
    ptrdiff_t count = 1;

    if (array->rank == 0 || array->extent[array->rank - 1] < 0)
        return -1;
    for (int i = 0; i < array->rank; i++)
        count *= array->extent[i];
    return count;
}

bool pvmi_array_contiguous(const struct pvmi_array *array)
{
    ptrdiff_t expected = (ptrdiff_t)array->size;

    if (pvmi_array_count(array) <= 0)
        return true;
    for (int i = 0; i < array->rank; i++) {
        if (array->extent[i] != 1 && array->step[i] != expected)
            return false;
        expected *= array->extent[i];
    }
    return true;
}

/* Copies each element to or from its place in flat, in Fortran's order. */
static void copy_elements(const struct pvmi_array *array, char *flat, bool out)
{
    ptrdiff_t index[PVMI_ARRAY_RANK_MAX] = { 0 };
    char *at = array->base;
    int i;

    do {
        if (out)
            memcpy(at, flat, array->size);
        else
            memcpy(flat, at, array->size);
        flat += array->size;
        for (i = 0; i < array->rank; i++) {
            at += array->step[i];
            if (++index[i] < array->extent[i])
                break;
            at -= index[i] * array->step[i];
            index[i] = 0;
        }
    } while (i < array->rank);
}

void *pvmi_array_flat(const struct pvmi_array *array)
{
    char *flat;

    if (pvmi_array_contiguous(array))
        return array->base;
    flat = malloc((size_t)pvmi_array_count(array) * array->size);
    if (flat != NULL)
        copy_elements(array, flat, false);
    return flat;
}

void pvmi_array_put(const struct pvmi_array *array, void *flat)
{
    if (flat != NULL && flat != array->base)
        copy_elements(array, flat, true);
    pvmi_array_drop(array, flat);
}

void pvmi_array_drop(const struct pvmi_array *array, void *flat)
{
    if (flat != array->base)
        free(flat);
}

const char *pvmi_array_type_name(const struct pvmi_array *array)
{
    static const char *const names[] = { "of a derived type", "INTEGER", "REAL", "COMPLEX", "CHARACTER" };
    static __thread char text[40];
    size_t kind = array->family == PVMI_FAMILY_COMPLEX ? array->size / 2 : array->size;

    if (array->family == PVMI_FAMILY_OTHER || array->family == PVMI_FAMILY_CHARACTER)
        return names[array->family];
    snprintf(text, sizeof(text), "%s(%zu)", names[array->family], kind);
    return text;
}

int pvmi_array_datatype(const struct pvmi_array *array)
{
    switch (array->family) {
    case PVMI_FAMILY_INTEGER:
        return array->size == 2 ? PVM_SHORT : array->size == 4 ? PVM_INT : array->size == 8 ? PVM_LONG : PVM_BYTE;
    case PVMI_FAMILY_REAL:
        return array->size == 4 ? PVM_FLOAT : array->size == 8 ? PVM_DOUBLE : PVM_BYTE;
    case PVMI_FAMILY_COMPLEX:
        return array->size == 8 ? PVM_CPLX : array->size == 16 ? PVM_DCPLX : PVM_BYTE;
    default:
        return PVM_BYTE;
    }
}

ptrdiff_t pvmi_array_elements(const struct pvmi_array *array)
{
    return array->rank == 0 ? 1 : pvmi_array_count(array);
}

size_t pvmi_item_size(int datatype)
{
    static const size_t sizes[] = { 1, 1, 2, 4, 4, 8, 8, 16, 8 };

    return datatype >= PVM_STR && datatype <= PVM_LONG ? sizes[datatype] : 0;
}

bool pvmi_item_suits(int datatype, const struct pvmi_array *array)
{
    size_t size = pvmi_item_size(datatype);

    if (datatype == PVM_BYTE || array->family == PVMI_FAMILY_OTHER)
        return true;
    switch (array->family) {
    case PVMI_FAMILY_CHARACTER:
        return datatype == PVM_STR;
    case PVMI_FAMILY_INTEGER:
        if (datatype == PVM_STR)    /* gfortran 12 gives a constant of text as this */
            return array->size == 1 && array->rank == 0;
        return array->size == size && (datatype == PVM_SHORT || datatype == PVM_INT || datatype == PVM_LONG);
    case PVMI_FAMILY_REAL:
        return (datatype == PVM_FLOAT || datatype == PVM_CPLX) ? array->size == sizeof(float)
               : (datatype == PVM_DOUBLE || datatype == PVM_DCPLX) && array->size == sizeof(double);
    default:
        return (datatype == PVM_FLOAT || datatype == PVM_CPLX) ? array->size == 2 * sizeof(float)
               : (datatype == PVM_DOUBLE || datatype == PVM_DCPLX) && array->size == 2 * sizeof(double);
    }
}

int pvmpkcopy(int datatype, const void *xp, int nitem, int stride);    /* of libpvm: by value also in place */

int pvmi_item_pack(int datatype, const void *items, int count, int stride, bool by_value)
{
    if (by_value)
        return pvmpkcopy(datatype, items, count, stride);
    switch (datatype) {
    case PVM_STR:
    case PVM_BYTE: return pvm_pkbyte(items, count, stride);
    case PVM_SHORT: return pvm_pkshort(items, count, stride);
    case PVM_INT: return pvm_pkint(items, count, stride);
    case PVM_FLOAT: return pvm_pkfloat(items, count, stride);
    case PVM_CPLX: return pvm_pkcplx(items, count, stride);
    case PVM_DOUBLE: return pvm_pkdouble(items, count, stride);
    case PVM_DCPLX: return pvm_pkdcplx(items, count, stride);
    case PVM_LONG: return pvm_pklong(items, count, stride);
    default: return PvmBadParam;
    }
}

int pvmi_item_unpack(int datatype, void *items, int count, int stride)
{
    switch (datatype) {
    case PVM_STR:
    case PVM_BYTE: return pvm_upkbyte(items, count, stride);
    case PVM_SHORT: return pvm_upkshort(items, count, stride);
    case PVM_INT: return pvm_upkint(items, count, stride);
    case PVM_FLOAT: return pvm_upkfloat(items, count, stride);
    case PVM_CPLX: return pvm_upkcplx(items, count, stride);
    case PVM_DOUBLE: return pvm_upkdouble(items, count, stride);
    case PVM_DCPLX: return pvm_upkdcplx(items, count, stride);
    case PVM_LONG: return pvm_upklong(items, count, stride);
    default: return PvmBadParam;
    }
}
