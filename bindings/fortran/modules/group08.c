/* SPDX-License-Identifier: BSD-3-Clause */
/* reduce, gather and scatter of pvm_f08: arrays that know their size, and the group's name with an end. */
#include <limits.h>
#include <string.h>

#include <pvm3.h>

#include "array.h"

/* ---- reduce ---- */

typedef void reduce_function(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info);
typedef void library_function(int *datatype, void *x, void *y, int *num, int *info);

void pvmsum_(int *datatype, void *x, void *y, int *num, int *info);
void pvmmax_(int *datatype, void *x, void *y, int *num, int *info);
void pvmmin_(int *datatype, void *x, void *y, int *num, int *info);
void pvmproduct_(int *datatype, void *x, void *y, int *num, int *info);

static void call_library(library_function *function, const pvmf_int *datatype, void *x, void *y, const pvmf_int *num,
                         pvmf_int *info)
{
    int code;

    function(&(int){ (int)*datatype }, x, y, &(int){ (int)*num }, &code);
    *info = code;
}

void pvmf08_max(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info)
{
    call_library(PvmMax, datatype, x, y, num, info);
}

void pvmf08_min(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info)
{
    call_library(PvmMin, datatype, x, y, num, info);
}

void pvmf08_sum(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info)
{
    call_library(PvmSum, datatype, x, y, num, info);
}

void pvmf08_product(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info)
{
    call_library(PvmProduct, datatype, x, y, num, info);
}

/* Whether the function is the library's, and has no value of such data: those that PVM has no type of, and sums and
 * products of bytes. */
static bool is_unsuitable(reduce_function *function, const struct pvmi_array *array, int datatype)
{
    library_function *old = (library_function *)function;
    bool order = function == pvmf08_max || function == pvmf08_min || old == pvmmax_ || old == pvmmin_;
    bool other = function == pvmf08_sum || function == pvmf08_product || old == pvmsum_ || old == pvmproduct_;

    return (order || other) && datatype == PVM_BYTE &&
           (other || array->family != PVMI_FAMILY_INTEGER || array->size != 1);
}

/* The function of the call that is running. */
static __thread struct {
    reduce_function *function;
    int per_element;    /* items as PVM counts them */
    int datatype;       /* what the function is told */
} reducing;

/* What the library calls: the program's function with its integers, and elements as the program counts them. */
static void reduce_call(int *datatype, void *x, void *y, int *num, int *info)
{
    pvmf_int type = reducing.datatype;
    pvmf_int count = *num / reducing.per_element;
    pvmf_int code = 0;

    (void)datatype;
    reducing.function(&type, x, y, &count, &code);
    *info = (int)code;    /* PvmSum and the like store 4 bytes of it */
}

#define UNSUITABLE (-1000)    /* the library's function does not know this type */

static int reduce(reduce_function *function, const struct pvmi_array *array, int msgtag, const char *group, int rootginst)
{
    int datatype = pvmi_array_datatype(array);
    ptrdiff_t per_element = datatype == PVM_BYTE ? (ptrdiff_t)array->size : 1;
    ptrdiff_t count = pvmi_array_elements(array) * per_element;
    void *flat;
    int rc;

    if (is_unsuitable(function, array, datatype))
        return UNSUITABLE;
    if (count > INT_MAX)
        return PvmOverflow;
    flat = pvmi_array_flat(array);
    if (flat == NULL && count > 0)
        return PvmNoMem;
    reducing.function = function;
    reducing.datatype = datatype;
    reducing.per_element = 1;
    if (datatype == PVM_BYTE && array->family != PVMI_FAMILY_INTEGER) {
        reducing.datatype = PVM_STR;
        if (array->family != PVMI_FAMILY_CHARACTER)
            reducing.per_element = (int)per_element;
    }
    rc = pvm_reduce(reduce_call, count == 0 ? (void *)"" : flat, (int)count, datatype, msgtag, group, rootginst);
    pvmi_array_put(array, flat);
    return rc;
}

/* Called by the name that the compiler makes of it, with an underscore or none, as no routine of C's can be given a
 * procedure by every compiler. */
void pvmf08_reduce(reduce_function *function, const struct pvmi_array *array, const int *msgtag, const char *group,
                   const int *rootginst, int *ret_code)
{
    *ret_code = reduce(function, array, *msgtag, group, *rootginst);
}

void pvmf08_reduce_(reduce_function *function, const struct pvmi_array *array, const int *msgtag, const char *group,
                    const int *rootginst, int *ret_code)
{
    pvmf08_reduce(function, array, msgtag, group, rootginst, ret_code);
}

/* ---- gather, scatter ---- */

/* How many members there are if whole, with the parts of all, is too small for them or has other elements; else 0. Only
 * the root's matters. */
static int too_small(const struct pvmi_array *whole, const struct pvmi_array *part, const char *group, int rootginst)
{
    int members = pvm_gsize(group);

    if (members <= 0 || (whole->size == part->size &&
                         pvmi_array_elements(whole) / members >= pvmi_array_elements(part)))
        return 0;
    return pvm_getinst(group, pvm_mytid()) == rootginst ? members : 0;
}

static int collect(bool scattered, const struct pvmi_array *result, const struct pvmi_array *array, int msgtag,
                   const char *group, int rootginst, int *ret_members)
{
    const struct pvmi_array *part = scattered ? result : array;
    int datatype = pvmi_array_datatype(part);
    ptrdiff_t count = pvmi_array_elements(part) * (datatype == PVM_BYTE ? (ptrdiff_t)part->size : 1);
    void *results;
    void *items;
    char none;
    int rc;

    *ret_members = too_small(scattered ? array : result, part, group, rootginst);
    if (*ret_members > 0)
        return PvmBadParam;
    if (count > INT_MAX)
        return PvmOverflow;
    results = pvmi_array_flat(result);
    items = pvmi_array_flat(array);
    if ((results == NULL && pvmi_array_elements(result) > 0) || (items == NULL && pvmi_array_elements(array) > 0))
        rc = PvmNoMem;
    else
        rc = (scattered ? pvm_scatter : pvm_gather)(results == NULL ? &none : results, items == NULL ? &none : items,
                                                    (int)count, datatype, msgtag, group, rootginst);
    pvmi_array_drop(array, items);
    pvmi_array_put(result, results);
    return rc;
}

int pvmf08_gather(const struct pvmi_array *result, const struct pvmi_array *array, int msgtag, const char *group,
                  int rootginst, int *ret_members)
{
    return collect(false, result, array, msgtag, group, rootginst, ret_members);
}

int pvmf08_scatter(const struct pvmi_array *result, const struct pvmi_array *array, int msgtag, const char *group,
                   int rootginst, int *ret_members)
{
    return collect(true, result, array, msgtag, group, rootginst, ret_members);
}
