/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An array of Fortran as C sees it: any rank, any section. Where the compiler hands over descriptors, descriptor.c makes
 * it of one; else the module does (its type array_t is this struct).
 */
#ifndef PVMI_FORTRAN_ARRAY_H
#define PVMI_FORTRAN_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* The default integer of the programs that this is built for. */
#ifndef PVMF_INT
#define PVMF_INT int
#endif
typedef PVMF_INT pvmf_int;

#define PVMI_ARRAY_RANK_MAX 15

/* What the elements are. */
#define PVMI_FAMILY_OTHER 0    /* derived types */
#define PVMI_FAMILY_INTEGER 1  /* and LOGICAL */
#define PVMI_FAMILY_REAL 2
#define PVMI_FAMILY_COMPLEX 3
#define PVMI_FAMILY_CHARACTER 4

struct pvmi_array {
    void *base;
    size_t size;    /* bytes of an element */
    int family;
    int rank;       /* 0: a scalar, or an element that stands for those behind it */
    int lasting;    /* 1: known to be a variable of the program, and no temporary that the compiler has made of it; else 0 */
    ptrdiff_t extent[PVMI_ARRAY_RANK_MAX];    /* the last one -1: of assumed size */
    ptrdiff_t step[PVMI_ARRAY_RANK_MAX];      /* bytes from one element to the next */
};

/* How many elements there are; -1 for a scalar and for assumed size, which may be more than they say. */
ptrdiff_t pvmi_array_count(const struct pvmi_array *array);

/* The same, but 1 for a scalar. */
ptrdiff_t pvmi_array_elements(const struct pvmi_array *array);

/* They lie side by side. */
bool pvmi_array_contiguous(const struct pvmi_array *array);

/* The elements side by side: where they are, or in memory of their own, which put() stores back and drop() does not.
 * NULL: no memory. */
void *pvmi_array_flat(const struct pvmi_array *array);
void pvmi_array_put(const struct pvmi_array *array, void *flat);
void pvmi_array_drop(const struct pvmi_array *array, void *flat);

/* "REAL(8)", in a text of the thread's that the next call overwrites. */
const char *pvmi_array_type_name(const struct pvmi_array *array);

/* ---- items as PVM counts them ---- */

/* The data type of an element; where PVM has none, it is as many bytes (PVM_BYTE). */
int pvmi_array_datatype(const struct pvmi_array *array);

/* Bytes of an item of a data type (PVM_STR to PVM_LONG, as constants of fpvm3.h); 0 for an unknown one. */
size_t pvmi_item_size(int datatype);

/* Whether elements of the array can be packed as datatype: bytes take all, complex and real numbers each other. */
bool pvmi_item_suits(int datatype, const struct pvmi_array *array);

/* pvm_pk and pvm_upk functions by data type. by_value: also in place the items are copied. */
int pvmi_item_pack(int datatype, const void *items, int count, int stride, bool by_value);
int pvmi_item_unpack(int datatype, void *items, int count, int stride);

#endif
