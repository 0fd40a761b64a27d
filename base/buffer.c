/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/buffer.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "pvm3.h"

#define BUFFER_CAPACITY_MIN 64    /* bytes; smaller steps only cost reallocations */

void pvmi_buffer_init(struct pvmi_buffer *buffer, size_t length_max)
{
    *buffer = (struct pvmi_buffer){ .length_max = length_max };
}

void pvmi_buffer_fini(struct pvmi_buffer *buffer)
{
    pvmi_free(buffer->data);
    pvmi_buffer_init(buffer, buffer->length_max);
}

/* The capacity that holds needed bytes: doubled, so that appending costs constant time for each byte. */
static size_t buffer_capacity_for(const struct pvmi_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity;

    if (capacity < BUFFER_CAPACITY_MIN)
        capacity = BUFFER_CAPACITY_MIN;
    while (capacity < needed && capacity <= buffer->length_max / 2)
        capacity *= 2;
    return capacity < needed ? buffer->length_max : capacity;
}

int pvmi_buffer_reserve(struct pvmi_buffer *buffer, size_t length)
{
    if (length > buffer->length_max - buffer->length)
        return PvmOverflow;
    if (buffer->data != NULL && length <= buffer->capacity - buffer->length)
        return PvmOk;

    size_t capacity = buffer_capacity_for(buffer, buffer->length + length);
    uint8_t *data = pvmi_realloc(buffer->data, capacity);
    if (data == NULL)
        return PvmNoMem;
    buffer->data = data;
    buffer->capacity = capacity;
    return PvmOk;
}

int pvmi_buffer_append(struct pvmi_buffer *buffer, const void *data, size_t length)
{
    int rc;

    if (length == 0)
        return PvmOk;
    rc = pvmi_buffer_reserve(buffer, length);
    if (rc != PvmOk)
        return rc;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    return PvmOk;
}

void pvmi_buffer_consume(struct pvmi_buffer *buffer, size_t length)
{
    assert(length <= buffer->length);
    buffer->length -= length;
    if (length > 0 && buffer->length > 0)
        memmove(buffer->data, buffer->data + length, buffer->length);
}
