/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message handlers of "use pvm": libfpvm3's, with integers converted. It is called by the name that the compiler makes of
 * pvmfm_addmhf, with an underscore or none. And lines about errors.
 */
#include <stdio.h>

#include "array.h"

void pvmfaddmhf(const int *src, const int *tag, const int *ctx, const int *unused, int (*func)(int *mid), int *mhid);

void pvmfm_addmhf(const pvmf_int *src, const pvmf_int *tag, const pvmf_int *ctx, int (*func)(int *mid), pvmf_int *mhid)
{
    int id;

    pvmfaddmhf(&(int){ (int)*src }, &(int){ (int)*tag }, &(int){ (int)*ctx }, &(int){ 0 }, func, &id);
    *mhid = id;
}

void pvmfm_addmhf_(const pvmf_int *src, const pvmf_int *tag, const pvmf_int *ctx, int (*func)(int *mid), pvmf_int *mhid)
{
    pvmfm_addmhf(src, tag, ctx, func, mhid);
}

/* Fortran's own output to a standard error that is a file would begin at its start, over what libpvm has said. */
void pvmfm_say(const char *line)
{
    fprintf(stderr, "%s\n", line);
}
