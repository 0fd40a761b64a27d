/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routines of "use pvm" that take any data, where the compiler hands over descriptors: what is wrong with an argument
 * is told before PVM is called. A section is taken element by element, as if the compiler had made a copy of it.
 */
#include <stdarg.h>
#include <stdio.h>

#include <pvm3.h>

#include "descriptor.h"

int lpvmerr(const char *function, int code);    /* of libpvm: an error as its own functions tell it */

static void give(pvmf_int *info, int rc)
{
    if (info != NULL)
        *info = rc;
}

static int refuse(const char *routine, const char *argument, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const char *routine, const char *argument, const char *format, ...)
{
    va_list args;

    if (pvm_getopt(PvmAutoErr) != 0) {
        fprintf(stderr, "libpvm: %s: argument %s ", routine, argument);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
    }
    lpvmerr(routine, PvmBadParam);
    return PvmBadParam;
}

/* PvmOk if the array holds count items of datatype, stride apart. */
static int fits(const char *routine, const char *argument, const struct pvmi_array *array, pvmf_int datatype,
                pvmf_int count, pvmf_int stride)
{
    static const char *const names[] = { "STRING", "BYTE1", "INTEGER2", "INTEGER4", "REAL4",
                                         "COMPLEX8", "REAL8", "COMPLEX16", "INTEGER8" };
    ptrdiff_t elements = pvmi_array_count(array);
    ptrdiff_t needed;

    if (datatype < PVM_STR || datatype > PVM_LONG)
        return refuse(routine, "what or datatype", "is %lld, which is no type", (long long)datatype);
    if (!pvmi_item_suits((int)datatype, array))
        return refuse(routine, argument, "is %s, but is to be taken as %s", pvmi_array_type_name(array), names[datatype]);
    if (count < 0 || count > 2147483647)
        return refuse(routine, "nitem, len or count", "is %lld", (long long)count);
    needed = count == 0 ? 0 : (ptrdiff_t)((count - 1) * (stride < 0 ? -stride : stride) + 1) * (ptrdiff_t)pvmi_item_size((int)datatype);
    if (elements >= 0 && stride >= 0 && needed > elements * (ptrdiff_t)array->size)
        return refuse(routine, argument, "has %td bytes, but %lld items of %s, %lld apart, need %td",
                      elements * (ptrdiff_t)array->size, (long long)count, names[datatype], (long long)stride, needed);
    return PvmOk;
}

void pvmfm_pack(const pvmf_int *what, const CFI_cdesc_t *xp, const pvmf_int *nitem, const pvmf_int *stride, pvmf_int *info)
{
    struct pvmi_array array;
    void *items;
    int rc;

    pvmi_descriptor_read(xp, &array);
    rc = fits("pvmfpack", "xp", &array, *what, *nitem, *stride);
    if (rc == PvmOk) {
        items = pvmi_array_flat(&array);
        rc = items == NULL && *nitem > 0 ? PvmNoMem
                                         : pvmi_item_pack((int)*what, items, (int)*nitem, (int)*stride, true);
        pvmi_array_drop(&array, items);
    }
    give(info, rc);
}

void pvmfm_unpack(const pvmf_int *what, const CFI_cdesc_t *xp, const pvmf_int *nitem, const pvmf_int *stride,
                  pvmf_int *info)
{
    struct pvmi_array array;
    void *items;
    int rc;

    pvmi_descriptor_read(xp, &array);
    rc = fits("pvmfunpack", "xp", &array, *what, *nitem, *stride);
    if (rc == PvmOk) {
        items = pvmi_array_flat(&array);
        rc = items == NULL && *nitem > 0 ? PvmNoMem : pvmi_item_unpack((int)*what, items, (int)*nitem, (int)*stride);
        pvmi_array_put(&array, items);
    }
    give(info, rc);
}

void pvmfm_psend(const pvmf_int *tid, const pvmf_int *msgtag, const CFI_cdesc_t *buf, const pvmf_int *len,
                 const pvmf_int *datatype, pvmf_int *info)
{
    struct pvmi_array array;
    void *items;
    int rc;

    pvmi_descriptor_read(buf, &array);
    rc = fits("pvmfpsend", "buf", &array, *datatype, *len, 1);
    if (rc == PvmOk) {
        items = pvmi_array_flat(&array);
        rc = pvm_psend((int)*tid, (int)*msgtag, items, (int)*len, (int)*datatype);
        pvmi_array_drop(&array, items);
    }
    give(info, rc);
}

void pvmfm_precv(const pvmf_int *tid, const pvmf_int *msgtag, const CFI_cdesc_t *buf, const pvmf_int *len,
                 const pvmf_int *datatype, pvmf_int *atid, pvmf_int *atag, pvmf_int *alen, pvmf_int *info)
{
    struct pvmi_array array;
    int from = 0;
    int tag = 0;
    int length = 0;
    void *items;
    int rc;

    pvmi_descriptor_read(buf, &array);
    rc = fits("pvmfprecv", "buf", &array, *datatype, *len, 1);
    if (rc == PvmOk && (*tid == 0 || (*tid < -1 && *tid > -1000)))
        rc = refuse("pvmfprecv", "tid", "is %lld, no tid: this would wait for ever", (long long)*tid);
    else if (rc == PvmOk && *msgtag < -1)
        rc = refuse("pvmfprecv", "msgtag", "is %lld, no tag: this would wait for ever", (long long)*msgtag);
    if (rc == PvmOk) {
        items = pvmi_array_flat(&array);
        rc = pvm_precv((int)*tid, (int)*msgtag, items, (int)*len, (int)*datatype, &from, &tag, &length);
        pvmi_array_put(&array, items);
        *atid = from;
        *atag = tag;
        *alen = length;
    }
    give(info, rc);
}

/* ---- groups: by libfpvm3, which finds the end of a group's name ---- */

void pvmfreduce(void (*func)(int *, void *, void *, int *, int *), void *data, const int *count, const int *datatype,
                const int *msgtag, const char *group, const int *rootginst, int *info);
void pvmfgather(void *result, void *data, const int *count, const int *datatype, const int *msgtag, const char *group,
                const int *rootginst, int *info);
void pvmfscatter(void *result, void *data, const int *count, const int *datatype, const int *msgtag, const char *group,
                 const int *rootginst, int *info);

#define INT(x) (&(int){ (int)*(x) })    /* the address of an int with its value */

typedef void reduce_function(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info);

static __thread reduce_function *reducing;

/* What the library calls: the program's function with its integers. */
static void reduce_call(int *datatype, void *x, void *y, int *num, int *info)
{
    pvmf_int type = *datatype;
    pvmf_int count = *num;
    pvmf_int code = 0;

    reducing(&type, x, y, &count, &code);
    *info = (int)code;    /* PvmSum and the like store 4 bytes of it */
}

void pvmfm_reduce(reduce_function *func, const CFI_cdesc_t *data, const pvmf_int *count, const pvmf_int *datatype,
                  const pvmf_int *msgtag, const char *group, const pvmf_int *rootginst, pvmf_int *info)
{
    struct pvmi_array array;
    void *items;
    int rc;

    pvmi_descriptor_read(data, &array);
    rc = fits("pvmfreduce", "data", &array, *datatype, *count, 1);
    if (rc == PvmOk) {
        reducing = func;
        items = pvmi_array_flat(&array);
        pvmfreduce(reduce_call, items, INT(count), INT(datatype), INT(msgtag), group, INT(rootginst), &rc);
        pvmi_array_put(&array, items);
    }
    give(info, rc);
}

void pvmfm_gather(const CFI_cdesc_t *result, const CFI_cdesc_t *data, const pvmf_int *count, const pvmf_int *datatype,
                  const pvmf_int *msgtag, const char *group, const pvmf_int *rootginst, pvmf_int *info)
{
    struct pvmi_array to;
    struct pvmi_array from;
    void *results;
    void *items;
    int rc;

    pvmi_descriptor_read(result, &to);
    pvmi_descriptor_read(data, &from);
    rc = fits("pvmfgather", "data", &from, *datatype, *count, 1);
    if (rc == PvmOk) {
        results = pvmi_array_flat(&to);
        items = pvmi_array_flat(&from);
        pvmfgather(results, items, INT(count), INT(datatype), INT(msgtag), group, INT(rootginst), &rc);
        pvmi_array_drop(&from, items);
        pvmi_array_put(&to, results);
    }
    give(info, rc);
}

void pvmfm_scatter(const CFI_cdesc_t *result, const CFI_cdesc_t *data, const pvmf_int *count, const pvmf_int *datatype,
                   const pvmf_int *msgtag, const char *group, const pvmf_int *rootginst, pvmf_int *info)
{
    struct pvmi_array to;
    struct pvmi_array from;
    void *results;
    void *items;
    int rc;

    pvmi_descriptor_read(result, &to);
    pvmi_descriptor_read(data, &from);
    rc = fits("pvmfscatter", "result", &to, *datatype, *count, 1);
    if (rc == PvmOk) {
        results = pvmi_array_flat(&to);
        items = pvmi_array_flat(&from);
        pvmfscatter(results, items, INT(count), INT(datatype), INT(msgtag), group, INT(rootginst), &rc);
        pvmi_array_drop(&from, items);
        pvmi_array_put(&to, results);
    }
    give(info, rc);
}
