/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/blob.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

struct pvmi_blob *pvmi_blob_new(size_t length)
{
    struct pvmi_blob *blob;

    if (length > SIZE_MAX - sizeof(*blob))
        return NULL;
    blob = pvmi_malloc(sizeof(*blob) + length);
    if (blob == NULL)
        return NULL;
    blob->refs = 1;
    blob->length = length;
    return blob;
}

struct pvmi_blob *pvmi_blob_copy(const void *data, size_t length)
{
    struct pvmi_blob *blob = pvmi_blob_new(length);

    if (blob != NULL && length > 0)
        memcpy(blob->data, data, length);
    return blob;
}

struct pvmi_blob *pvmi_blob_ref(struct pvmi_blob *blob)
{
    if (blob != NULL)
        blob->refs++;
    return blob;
}

void pvmi_blob_unref(struct pvmi_blob *blob)
{
    if (blob == NULL)
        return;
    assert(blob->refs > 0);
    if (--blob->refs == 0)
        pvmi_free(blob);
}
