/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/reader.h"

#include <string.h>

void pvmi_reader_init(struct pvmi_reader *reader, const void *data, size_t length)
{
    reader->at = data;
    reader->end = length == 0 ? reader->at : reader->at + length;
    reader->failed = false;
}

size_t pvmi_reader_left(const struct pvmi_reader *reader)
{
    return reader->at == reader->end ? 0 : (size_t)(reader->end - reader->at);
}

const uint8_t *pvmi_get_bytes(struct pvmi_reader *reader, size_t length)
{
    const uint8_t *bytes = reader->at;

    if (length > pvmi_reader_left(reader)) {
        reader->failed = true;
        reader->at = reader->end;
        return NULL;
    }
    if (length > 0)
        reader->at += length;
    return bytes;
}

/* The next size bytes as a little-endian number, or 0. */
static uint64_t reader_number(struct pvmi_reader *reader, size_t size)
{
    const uint8_t *bytes = pvmi_get_bytes(reader, size);
    uint64_t value = 0;

    if (bytes == NULL)
        return 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

uint8_t pvmi_get_u8(struct pvmi_reader *reader)
{
    return (uint8_t)reader_number(reader, 1);
}

uint16_t pvmi_get_u16(struct pvmi_reader *reader)
{
    return (uint16_t)reader_number(reader, 2);
}

uint32_t pvmi_get_u32(struct pvmi_reader *reader)
{
    return (uint32_t)reader_number(reader, 4);
}

uint64_t pvmi_get_u64(struct pvmi_reader *reader)
{
    return reader_number(reader, 8);
}

static void put_number(uint8_t **at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *(*at)++ = (uint8_t)(value >> (8 * i));
}

void pvmi_put_u8(uint8_t **at, uint8_t value)
{
    put_number(at, value, 1);
}

void pvmi_put_u16(uint8_t **at, uint16_t value)
{
    put_number(at, value, 2);
}

void pvmi_put_u32(uint8_t **at, uint32_t value)
{
    put_number(at, value, 4);
}

void pvmi_put_u64(uint8_t **at, uint64_t value)
{
    put_number(at, value, 8);
}

void pvmi_put_bytes(uint8_t **at, const void *data, size_t length)
{
    if (length > 0)
        memcpy(*at, data, length);
    *at += length;
}
