/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strings between Fortran and C: Fortran's have a length and are filled with blanks, C's end with a NUL.
 *
 * A Fortran compiler passes the lengths of CHARACTER arguments behind all others, in their order: as size_t today, as
 * int in its time. Only the lower 32 bits are looked at, which are right in both.
 */
#ifndef PVMI_FORTRAN_FSTRING_H
#define PVMI_FORTRAN_FSTRING_H

#include <stddef.h>

/* A copy for C of one argument: short ones need no memory. */
struct pvmi_fstring {
    char *copy;
    char room[128];
};

/* Copies length characters without the trailing blanks. Returns the copy, which drop() frees; NULL without memory,
 * which the functions of PVM take for a bad parameter. */
char *pvmi_fstring_take(struct pvmi_fstring *string, const char *text, size_t length);
void pvmi_fstring_drop(struct pvmi_fstring *string);

/* Stores a C string in length characters, cut off or filled with blanks. */
void pvmi_fstring_fill(char *to, size_t length, const char *text);

#endif
