/* SPDX-License-Identifier: BSD-3-Clause */
/* Counted, immutable bytes: what frames carry, shared by everybody who forwards them. */
#ifndef PVMI_BASE_BLOB_H
#define PVMI_BASE_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct pvmi_blob {
    unsigned refs;
    size_t length;    /* bytes */
    uint8_t data[];
};

/* A blob of length bytes, not yet filled, with one reference. NULL when there is no memory. */
struct pvmi_blob *pvmi_blob_new(size_t length);

/* The same with a copy of data. */
struct pvmi_blob *pvmi_blob_copy(const void *data, size_t length);

/* One reference more; returns blob. NULL is fine. */
struct pvmi_blob *pvmi_blob_ref(struct pvmi_blob *blob);

/* One reference less; the last one frees. NULL is fine. */
void pvmi_blob_unref(struct pvmi_blob *blob);

#endif
