/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/items.h"

#include <string.h>

#include "base/alloc.h"
#include "pvm3.h"
#include "wire/frame.h"
#include "wire/section.h"

#define ITEMS_FIRST_CAPACITY 512

/* ---- writing ---- */

/* Room for size bytes more, or NULL. */
static uint8_t *writer_room(struct pvmi_items_writer *writer, size_t size)
{
    size_t capacity = writer->capacity == 0 ? ITEMS_FIRST_CAPACITY : writer->capacity;
    uint8_t *data;

    if (writer->failed)
        return NULL;
    while (capacity - writer->length < size)
        capacity *= 2;
    if (capacity != writer->capacity) {
        data = pvmi_realloc(writer->data, capacity);
        if (data == NULL) {
            writer->failed = true;
            return NULL;
        }
        writer->data = data;
        writer->capacity = capacity;
    }
    return writer->data + writer->length;
}

static void put_section(struct pvmi_items_writer *writer, int type, const void *data, uint32_t length)
{
    uint8_t *to = writer_room(writer, PVMI_SECTION_HEADER_SIZE + (size_t)length);

    if (to == NULL)
        return;
    pvmi_section_header_encode(type, length, to);
    memcpy(to + PVMI_SECTION_HEADER_SIZE, data, length);
    writer->length += PVMI_SECTION_HEADER_SIZE + (size_t)length;
    writer->ints_bytes = 0;
}

/* Ints next to each other are one section, as a program's packing makes it. */
void pvmi_items_put_int(struct pvmi_items_writer *writer, int32_t value)
{
    uint32_t bytes = writer->ints_bytes;
    uint8_t *to;

    if (bytes == 0) {
        put_section(writer, PVMI_TYPE_INT32, &value, sizeof(value));
    } else {
        to = writer_room(writer, sizeof(value));
        if (to == NULL)
            return;
        memcpy(to, &value, sizeof(value));
        pvmi_section_header_encode(PVMI_TYPE_INT32, bytes + (uint32_t)sizeof(value),
                                   to - bytes - PVMI_SECTION_HEADER_SIZE);
        writer->length += sizeof(value);
    }
    writer->ints_bytes = bytes + (uint32_t)sizeof(value);
}

void pvmi_items_put_string(struct pvmi_items_writer *writer, const char *text)
{
    size_t length = text == NULL ? 1 : strlen(text) + 1;

    if (length > PVMI_SECTION_LENGTH_MAX) {
        writer->failed = true;
        return;
    }
    pvmi_items_put_int(writer, (int32_t)length);
    put_section(writer, PVMI_TYPE_BYTES, text == NULL ? "" : text, (uint32_t)length);
}

void pvmi_items_append(struct pvmi_items_writer *writer, const struct pvmi_items_writer *more)
{
    uint8_t *to = more->length == 0 ? NULL : writer_room(writer, more->length);

    writer->failed |= more->failed;
    writer->ints_bytes = 0;
    if (to == NULL)
        return;
    memcpy(to, more->data, more->length);
    writer->length += more->length;
}

void pvmi_items_free(struct pvmi_items_writer *writer)
{
    pvmi_free(writer->data);
    *writer = (struct pvmi_items_writer){ 0 };
}

/* ---- reading ---- */

void pvmi_items_read(struct pvmi_items_reader *reader, int encoding, int format, const void *data, size_t length)
{
    *reader = (struct pvmi_items_reader){
        .at = data,
        .end = (const uint8_t *)data + length,
        .typed = encoding != PVMI_ENCODING_RAW,
        .format = format,
    };
    reader->failed = !reader->typed && format != pvmi_format_own();
}

static size_t bytes_left(const struct pvmi_items_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

bool pvmi_items_end(const struct pvmi_items_reader *reader)
{
    return reader->at == reader->end;
}

/* Goes to the next section that has something, when this one is used up. False: there is none, or it is damaged. */
static bool settle(struct pvmi_items_reader *reader)
{
    while (!reader->failed && reader->left == 0) {
        if (bytes_left(reader) < PVMI_SECTION_HEADER_SIZE ||
            pvmi_section_header_decode(reader->at, &reader->type, &reader->left) != PvmOk) {
            reader->failed = true;
            break;
        }
        reader->at += PVMI_SECTION_HEADER_SIZE;
        if (reader->left > bytes_left(reader))
            reader->failed = true;
    }
    return !reader->failed;
}

/* The next length bytes of this section (or of a raw message), or NULL. */
static const uint8_t *take(struct pvmi_items_reader *reader, size_t length)
{
    const uint8_t *from = reader->at;

    if (reader->failed || length > (reader->typed ? reader->left : bytes_left(reader))) {
        reader->failed = true;
        return NULL;
    }
    reader->at += length;
    if (reader->typed)
        reader->left -= (uint32_t)length;
    return from;
}

int32_t pvmi_items_int(struct pvmi_items_reader *reader)
{
    const uint8_t *from;
    int32_t value = 0;

    if (!reader->typed) {
        from = take(reader, sizeof(value));
        if (from != NULL)
            memcpy(&value, from, sizeof(value));
        return value;
    }
    if (!settle(reader))
        return 0;
    if (pvmi_type_family(reader->type) != PVMI_FAMILY_INTEGER) {
        reader->failed = true;
        return 0;
    }
    from = take(reader, pvmi_type_size(reader->type));
    if (from == NULL)
        return 0;
    if (pvmi_scalar_convert(reader->type, reader->format, from, PVMI_TYPE_INT32, &value) != PvmOk) {
        reader->failed = true;
        return 0;
    }
    return value;
}

const char *pvmi_items_string(struct pvmi_items_reader *reader)
{
    int32_t length = pvmi_items_int(reader);
    const uint8_t *text;

    if (!reader->failed && (length < 1 || (reader->typed && !settle(reader)) ||
                            (reader->typed && reader->type != PVMI_TYPE_BYTES)))
        reader->failed = true;
    text = reader->failed ? NULL : take(reader, (size_t)length);
    if (text != NULL && text[length - 1] != '\0') {
        reader->failed = true;
        return NULL;
    }
    return (const char *)text;
}
