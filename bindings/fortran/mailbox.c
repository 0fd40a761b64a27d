/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox, and message handlers. */
#include <stdlib.h>

#include <pvm3.h>

#include "bindings/fortran/fstring.h"

void pvmfputinfo_(const char *name, const int *bufid, const int *flags, int *index, size_t name_length)
{
    struct pvmi_fstring class;

    *index = pvm_putinfo(pvmi_fstring_take(&class, name, name_length), *bufid, *flags);
    pvmi_fstring_drop(&class);
}

void pvmfrecvinfo_(const char *name, const int *index, const int *flags, int *bufid, size_t name_length)
{
    struct pvmi_fstring class;

    *bufid = pvm_recvinfo(pvmi_fstring_take(&class, name, name_length), *index, *flags);
    pvmi_fstring_drop(&class);
}

void pvmfdelinfo_(const char *name, const int *index, const int *flags, int *info, size_t name_length)
{
    struct pvmi_fstring class;

    *info = pvm_delinfo(pvmi_fstring_take(&class, name, name_length), *index, *flags);
    pvmi_fstring_drop(&class);
}

/*
 * One entry a call: of each class in turn all entries, then PvmNotFound in info; the next call begins anew, and so does
 * one with info -1. (PVM 3 gave the first entry for ever.)
 */
void pvmfgetmboxinfo_(const char *pattern, char *name, int *nclasses, int *nentries, int *index, int *owner, int *flags,
                      int *info, size_t pattern_length, size_t name_length)
{
    static int class = -1;    /* none is listed */
    static int entry;
    static int count;
    static struct pvmmboxinfo *classes;
    struct pvmi_fstring text;
    int rc = PvmOk;

    if (class == -1 || *info == -1) {
        rc = pvm_getmboxinfo(pvmi_fstring_take(&text, pattern, pattern_length), &count, &classes);
        pvmi_fstring_drop(&text);
        class = entry = 0;
    } else if (++entry >= classes[class].mi_nentries) {
        class++;
        entry = 0;
    }
    if (rc == PvmOk && class >= count)
        rc = PvmNotFound;
    *info = rc;
    if (rc != PvmOk) {
        class = -1;
        return;
    }
    *nclasses = count;
    *nentries = classes[class].mi_nentries;
    *index = classes[class].mi_indices[entry];
    *owner = classes[class].mi_owners[entry];
    *flags = classes[class].mi_flags[entry];
    pvmi_fstring_fill(name, name_length, classes[class].mi_name);
}

/* ---- message handlers ---- */

/* Fortran passes addresses, PVM calls with a number, and 3.4.6 calls Fortran's routine so, too (seen by calling it:
 * tests/compat/fortran_handler): this table leads from a message to its routine. Handlers never overlap, so one entry at
 * most fits. */
struct handler {
    struct handler *next;
    int id;
    int src;
    int tag;
    int ctx;
    int (*func)(int *mid);
};

static struct handler *handlers;

static int handler_call(int mid)
{
    struct pvmminfo header;
    struct {
        int mid;
        int high;    /* on little-endian machines a function with 8-byte integers sees the number, too */
    } number = { mid, 0 };

    if (pvm_getminfo(mid, &header) < 0)
        return 0;
    for (struct handler *one = handlers; one != NULL; one = one->next)
        if ((one->src == -1 || one->src == header.src) && (one->tag == -1 || one->tag == header.tag) &&
            (one->ctx == -1 || one->ctx == header.ctx))
            return one->func(&number.mid);
    return 0;
}

static void handler_forget(int id)
{
    struct handler **at = &handlers;

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    if (*at != NULL) {
        struct handler *one = *at;

        *at = one->next;
        free(one);
    }
}

/* func is an integer function of the buffer id; unused is, well, not used. */
void pvmfaddmhf_(const int *src, const int *tag, const int *ctx, const int *unused, int (*func)(int *mid), int *mhid)
{
    struct handler *one = malloc(sizeof(*one));

    (void)unused;
    *mhid = one == NULL ? PvmNoMem : pvm_addmhf(*src, *tag, *ctx, handler_call);
    if (*mhid < 0) {
        free(one);
        return;
    }
    handler_forget(*mhid);    /* pvm_exit() takes handlers away, and their ids come again */
    *one = (struct handler){ handlers, *mhid, *src, *tag, *ctx, func };
    handlers = one;
}

void pvmfdelmhf_(const int *mhid, int *info)
{
    *info = pvm_delmhf(*mhid);
    if (*info == PvmOk)
        handler_forget(*mhid);
}
