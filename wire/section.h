/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Typed sections: what a PvmDataDefault message is made of. A section is a msgpack ext 32 object:
 *
 *   0xc9, length of the elements in bytes (32 bits, big-endian as msgpack wants), type code, elements
 *
 * Elements are stored as the sender stores them; the frame's format tells how. Type codes name widths,
 * not C types: a long of a 32-bit machine is PVMI_TYPE_INT32.
 */
#ifndef PVMI_WIRE_SECTION_H
#define PVMI_WIRE_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PVMI_SECTION_HEADER_SIZE 6
#define PVMI_SECTION_MARK 0xc9                /* the first byte: msgpack's ext with a 32-bit length */
#define PVMI_SECTION_LENGTH_MAX (1u << 30)    /* bytes of elements; longer packs are split */

enum pvmi_type {
    PVMI_TYPE_BYTES = 1,
    PVMI_TYPE_INT16 = 2,
    PVMI_TYPE_UINT16 = 3,
    PVMI_TYPE_INT32 = 4,
    PVMI_TYPE_UINT32 = 5,
    PVMI_TYPE_INT64 = 6,
    PVMI_TYPE_UINT64 = 7,
    PVMI_TYPE_FLOAT32 = 8,
    PVMI_TYPE_FLOAT64 = 9,
    PVMI_TYPE_COMPLEX32 = 10,     /* two float32 */
    PVMI_TYPE_COMPLEX64 = 11,     /* two float64 */
    PVMI_TYPE_MAX = 11
};

enum pvmi_family { PVMI_FAMILY_BYTES, PVMI_FAMILY_INTEGER, PVMI_FAMILY_REAL };    /* complex is real, in pairs */

/* Bytes of one element; of one scalar in it (half an element for complex). 0 for a type that is none. */
size_t pvmi_type_size(int type);
size_t pvmi_type_scalar_size(int type);
enum pvmi_family pvmi_type_family(int type);
/* For texts: "int32", "bytes", ... */
const char *pvmi_type_name(int type);

/* Bytes of one element in PVM 3's XDR: short 4, int 4, long 8, float 4, double 8, complex 8 and 16, byte 1. */
size_t pvmi_type_xdr_size(int type);

void pvmi_section_header_encode(int type, uint32_t length, uint8_t bytes[PVMI_SECTION_HEADER_SIZE]);

/* PvmOk, or PvmBadMsg: not 0xc9, unknown type, a length that is no multiple of the element or too large. */
int pvmi_section_header_decode(const uint8_t bytes[PVMI_SECTION_HEADER_SIZE], int *ret_type, uint32_t *ret_length);

/*
 * Converts one scalar of from_type, stored in from_format, to one of to_type in this machine's format.
 * Types of one family; signs may differ (bits are kept when widths are equal, else by value).
 *
 * Returns PvmOk, PvmOverflow when the value does not fit (for reals too: a finite double beyond float),
 * PvmBadMsg for types of different families. to is written only on success.
 */
int pvmi_scalar_convert(int from_type, int from_format, const void *from, int to_type, void *to);

/* The big-endian XDR view of one scalar (pvmi_type_xdr_size of the scalar bytes), and back. decode gives the
 * scalar in this machine's format; PvmOverflow when a short does not fit. */
void pvmi_scalar_to_xdr(int type, int format, const void *from, uint8_t *to);
int pvmi_scalar_from_xdr(const uint8_t *from, int type, void *to);

/* Copies count scalars of size bytes (2, 4 or 8) from from to to, with the bytes of each reversed. */
void pvmi_swap_copy(void *to, const void *from, size_t count, size_t size);

#endif
