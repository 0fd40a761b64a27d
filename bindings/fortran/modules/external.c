/* SPDX-License-Identifier: BSD-3-Clause */
/* The routines that take any data for a compiler without type(*), and with 8-byte integers: libfpvm3's, known there without
 * the underscore, with integers converted. */
#include "array.h"

void pvmfpack(const int *what, const void *xp, const int *nitem, const int *stride, int *info);
void pvmfunpack(const int *what, void *xp, const int *nitem, const int *stride, int *info);
void pvmfpsend(const int *tid, const int *msgtag, const void *buf, const int *len, const int *datatype, int *info);
void pvmfprecv(const int *tid, const int *msgtag, void *buf, const int *len, const int *datatype, int *atid, int *atag,
               int *alen, int *info);
void pvmfreduce(void (*func)(int *, void *, void *, int *, int *), void *data, const int *count, const int *datatype,
                const int *msgtag, const char *group, const int *rootginst, int *info);
void pvmfgather(void *result, void *data, const int *count, const int *datatype, const int *msgtag, const char *group,
                const int *rootginst, int *info);
void pvmfscatter(void *result, void *data, const int *count, const int *datatype, const int *msgtag, const char *group,
                 const int *rootginst, int *info);

#define INT(x) (&(int){ (int)*(x) })    /* the address of an int with its value */

void pvmfpack_(const pvmf_int *what, const void *xp, const pvmf_int *nitem, const pvmf_int *stride, pvmf_int *info)
{
    int rc;

    pvmfpack(INT(what), xp, INT(nitem), INT(stride), &rc);
    *info = rc;
}

void pvmfunpack_(const pvmf_int *what, void *xp, const pvmf_int *nitem, const pvmf_int *stride, pvmf_int *info)
{
    int rc;

    pvmfunpack(INT(what), xp, INT(nitem), INT(stride), &rc);
    *info = rc;
}

void pvmfpsend_(const pvmf_int *tid, const pvmf_int *msgtag, const void *buf, const pvmf_int *len,
                const pvmf_int *datatype, pvmf_int *info)
{
    int rc;

    pvmfpsend(INT(tid), INT(msgtag), buf, INT(len), INT(datatype), &rc);
    *info = rc;
}

void pvmfprecv_(const pvmf_int *tid, const pvmf_int *msgtag, void *buf, const pvmf_int *len, const pvmf_int *datatype,
                pvmf_int *atid, pvmf_int *atag, pvmf_int *alen, pvmf_int *info)
{
    int from = 0;
    int tag = 0;
    int length = 0;
    int rc;

    pvmfprecv(INT(tid), INT(msgtag), buf, INT(len), INT(datatype), &from, &tag, &length, &rc);
    *atid = from;
    *atag = tag;
    *alen = length;
    *info = rc;
}

typedef void reduce_function(pvmf_int *datatype, void *x, void *y, pvmf_int *num, pvmf_int *info);

static __thread reduce_function *reducing;

static void reduce_call(int *datatype, void *x, void *y, int *num, int *info)
{
    pvmf_int type = *datatype;
    pvmf_int count = *num;
    pvmf_int code = 0;

    reducing(&type, x, y, &count, &code);
    *info = (int)code;    /* PvmSum and the like store 4 bytes of it */
}

void pvmfreduce_(reduce_function *func, void *data, const pvmf_int *count, const pvmf_int *datatype,
                 const pvmf_int *msgtag, const char *group, const pvmf_int *rootginst, pvmf_int *info)
{
    int rc;

    reducing = func;
    pvmfreduce(reduce_call, data, INT(count), INT(datatype), INT(msgtag), group, INT(rootginst), &rc);
    *info = rc;
}

void pvmfgather_(void *result, void *data, const pvmf_int *count, const pvmf_int *datatype, const pvmf_int *msgtag,
                 const char *group, const pvmf_int *rootginst, pvmf_int *info)
{
    int rc;

    pvmfgather(result, data, INT(count), INT(datatype), INT(msgtag), group, INT(rootginst), &rc);
    *info = rc;
}

void pvmfscatter_(void *result, void *data, const pvmf_int *count, const pvmf_int *datatype, const pvmf_int *msgtag,
                  const char *group, const pvmf_int *rootginst, pvmf_int *info)
{
    int rc;

    pvmfscatter(result, data, INT(count), INT(datatype), INT(msgtag), group, INT(rootginst), &rc);
    *info = rc;
}
