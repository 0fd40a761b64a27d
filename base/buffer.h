/* SPDX-License-Identifier: BSD-3-Clause */
/* Growable bytes with a written maximum. */
#ifndef PVMI_BASE_BUFFER_H
#define PVMI_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct pvmi_buffer {
    uint8_t *data;
    size_t length;        /* bytes in use */
    size_t capacity;      /* bytes allocated */
    size_t length_max;    /* never grows above this */
};

/* An empty buffer; allocates nothing. */
void pvmi_buffer_init(struct pvmi_buffer *buffer, size_t length_max);

/* Frees the memory; the buffer is then as after init. */
void pvmi_buffer_fini(struct pvmi_buffer *buffer);

/*
 * Makes room for length bytes more behind those in use.
 *
 * Returns PvmOk, PvmOverflow above length_max, PvmNoMem; then nothing has changed.
 */
int pvmi_buffer_reserve(struct pvmi_buffer *buffer, size_t length);

/* Appends a copy of the bytes. Errors as pvmi_buffer_reserve(). */
int pvmi_buffer_append(struct pvmi_buffer *buffer, const void *data, size_t length);

/* Drops the first length bytes, which must be there. */
void pvmi_buffer_consume(struct pvmi_buffer *buffer, size_t length);

#endif
