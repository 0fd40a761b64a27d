/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoding of control messages by the tables of control.c.
 *
 * What comes from outside passes a walk of our own before msgpack-c sees it: its unpacker believes the
 * count of an array and allocates for it, so that six bytes could cost 8 GiB.
 */
#include <msgpack.h>
#include <string.h>

#include "base/alloc.h"
#include "pvm3.h"
#include "wire/control.h"
#include "wire/control_layout.h"
#include "wire/frame.h"
#include "wire/reader.h"

#define CONTROL_CHUNK_SIZE 1008    /* bytes that a chunk of decoded memory has at least */
#define CONTROL_ZONE_SIZE 2048     /* bytes of msgpack-c's first chunk */

/* ---- the bounded walk ---- */

/* The next size bytes as a big-endian number, as msgpack has them; 0 when they are not there. */
static uint32_t walk_number(struct pvmi_reader *reader, size_t size)
{
    const uint8_t *bytes = pvmi_get_bytes(reader, size);
    uint32_t value = 0;

    for (size_t i = 0; bytes != NULL && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool walk_value(struct pvmi_reader *reader, int depth);

static bool walk_array(struct pvmi_reader *reader, uint32_t count, int depth)
{
    /* Each element has one byte at least. */
    if (depth >= PVMI_CONTROL_DEPTH_MAX || count > PVMI_CONTROL_ITEMS_MAX || count > pvmi_reader_left(reader))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!walk_value(reader, depth + 1))
            return false;
    return true;
}

static bool walk_text(struct pvmi_reader *reader, uint32_t length)
{
    return length <= PVMI_CONTROL_STRING_MAX && pvmi_get_bytes(reader, length) != NULL;
}

static bool walk_bytes(struct pvmi_reader *reader, uint32_t length)
{
    return length <= PVMI_CONTROL_BYTES_MAX && pvmi_get_bytes(reader, length) != NULL;
}

/* True when one value of a kind that we use lies within all limits; moves the reader behind it. */
static bool walk_value(struct pvmi_reader *reader, int depth)
{
    uint8_t lead = pvmi_get_u8(reader);

    if (reader->failed)
        return false;
    if (lead <= 0x7f || lead >= 0xe0)    /* small integers */
        return true;
    if (lead >= 0x90 && lead <= 0x9f)
        return walk_array(reader, lead & 0x0f, depth);
    if (lead >= 0xa0 && lead <= 0xbf)
        return walk_text(reader, lead & 0x1f);

    switch (lead) {
    case 0xc0:    /* nil */
        return true;
    case 0xc4:    /* bin 8 to 32 */
        return walk_bytes(reader, walk_number(reader, 1)) && !reader->failed;
    case 0xc5:
        return walk_bytes(reader, walk_number(reader, 2)) && !reader->failed;
    case 0xc6:
        return walk_bytes(reader, walk_number(reader, 4)) && !reader->failed;
    case 0xd9:    /* str 8 to 32 */
        return walk_text(reader, walk_number(reader, 1)) && !reader->failed;
    case 0xda:
        return walk_text(reader, walk_number(reader, 2)) && !reader->failed;
    case 0xdb:
        return walk_text(reader, walk_number(reader, 4)) && !reader->failed;
    case 0xcc:    /* uint 8 to 64 */
    case 0xcd:
    case 0xce:
    case 0xcf:
        return pvmi_get_bytes(reader, (size_t)1 << (lead - 0xcc)) != NULL;
    case 0xd0:    /* int 8 to 64 */
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return pvmi_get_bytes(reader, (size_t)1 << (lead - 0xd0)) != NULL;
    case 0xdc:
        return walk_array(reader, walk_number(reader, 2), depth) && !reader->failed;
    case 0xdd:
        return walk_array(reader, walk_number(reader, 4), depth) && !reader->failed;
    default:    /* maps, floats, booleans, ext: no message has them */
        return false;
    }
}

/* ---- decoding ---- */

/* What a decoded message points to. Freed all at once. */
struct control_chunk {
    struct control_chunk *next;
    size_t used;
    size_t capacity;
    _Alignas(max_align_t) uint8_t data[];
};

static int control_decode_struct(struct control_chunk **chunks, const struct control_layout *layout,
                                 const msgpack_object_array *array, uint32_t first, uint8_t *to);

/* size zeroed bytes, or NULL. */
static void *control_take(struct control_chunk **chunks, size_t size)
{
    struct control_chunk *chunk = *chunks;

    size = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    if (chunk == NULL || size > chunk->capacity - chunk->used) {
        size_t capacity = size > CONTROL_CHUNK_SIZE ? size : CONTROL_CHUNK_SIZE;

        chunk = pvmi_calloc(1, sizeof(*chunk) + capacity);
        if (chunk == NULL)
            return NULL;
        chunk->capacity = capacity;
        chunk->next = *chunks;
        *chunks = chunk;
    }
    chunk->used += size;
    return chunk->data + chunk->used - size;
}

static void control_free_chunks(struct control_chunk *chunk)
{
    while (chunk != NULL) {
        struct control_chunk *next = chunk->next;

        pvmi_free(chunk);
        chunk = next;
    }
}

void pvmi_control_free(struct pvmi_control *control)
{
    control_free_chunks(control->memory);
    *control = (struct pvmi_control){ .type = PVMI_MSG_none };
}

/* An integer from min to max. */
static int control_decode_signed(const msgpack_object *from, int64_t min, int64_t max, int64_t *ret_value)
{
    if (from->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
        if (from->via.u64 > (uint64_t)max)
            return PvmBadMsg;
        *ret_value = (int64_t)from->via.u64;
        return PvmOk;
    }
    if (from->type != MSGPACK_OBJECT_NEGATIVE_INTEGER || from->via.i64 < min)
        return PvmBadMsg;
    *ret_value = from->via.i64;
    return PvmOk;
}

static int control_decode_int32(const msgpack_object *from, int32_t *to)
{
    int64_t value = 0;
    int rc = control_decode_signed(from, INT32_MIN, INT32_MAX, &value);

    *to = (int32_t)value;
    return rc;
}

static int control_decode_unsigned(const msgpack_object *from, uint64_t max, uint64_t *ret_value)
{
    if (from->type != MSGPACK_OBJECT_POSITIVE_INTEGER || from->via.u64 > max)
        return PvmBadMsg;
    *ret_value = from->via.u64;
    return PvmOk;
}

/* A copy that ends with NUL; one inside would hide what follows it from every later check. */
static int control_decode_string(struct control_chunk **chunks, const msgpack_object *from, char **to)
{
    uint32_t length;
    char *copy;

    if (from->type != MSGPACK_OBJECT_STR)
        return PvmBadMsg;
    length = from->via.str.size;
    if (length > 0 && memchr(from->via.str.ptr, '\0', length) != NULL)
        return PvmBadMsg;
    copy = control_take(chunks, (size_t)length + 1);
    if (copy == NULL)
        return PvmNoMem;
    if (length > 0)    /* msgpack-c has NULL for an empty one */
        memcpy(copy, from->via.str.ptr, length);
    *to = copy;
    return PvmOk;
}

static int control_decode_bytes(struct control_chunk **chunks, const msgpack_object *from,
                                struct pvmi_bytes *to)
{
    uint8_t *copy;

    if (from->type != MSGPACK_OBJECT_BIN)
        return PvmBadMsg;
    copy = control_take(chunks, (size_t)from->via.bin.size + 1);
    if (copy == NULL)
        return PvmNoMem;
    if (from->via.bin.size > 0)
        memcpy(copy, from->via.bin.ptr, from->via.bin.size);
    to->data = copy;
    to->length = from->via.bin.size;
    return PvmOk;
}

static size_t control_item_size(const struct control_field *field)
{
    if (field->kind == FIELD_INTS)
        return sizeof(int32_t);
    return field->kind == FIELD_STRS ? sizeof(char *) : field->record()->size;
}

static int control_decode_items(struct control_chunk **chunks, const struct control_field *field,
                                const msgpack_object *from, uint8_t *to)
{
    struct control_items items = { NULL, 0 };
    int rc = PvmOk;

    if (from->type != MSGPACK_OBJECT_ARRAY)
        return PvmBadMsg;
    items.n = from->via.array.size;
    if (items.n == 0)
        return PvmOk;    /* as it is: all is zeroed */
    items.v = control_take(chunks, items.n * control_item_size(field));
    if (items.v == NULL)
        return PvmNoMem;

    for (uint32_t i = 0; i < items.n && rc == PvmOk; i++) {
        const msgpack_object *item = &from->via.array.ptr[i];

        if (field->kind == FIELD_INTS)
            rc = control_decode_int32(item, (int32_t *)items.v + i);
        else if (field->kind == FIELD_STRS)
            rc = control_decode_string(chunks, item, (char **)items.v + i);
        else if (item->type == MSGPACK_OBJECT_ARRAY)
            rc = control_decode_struct(chunks, field->record(), &item->via.array, 0,
                                       (uint8_t *)items.v + i * field->record()->size);
        else
            rc = PvmBadMsg;
    }
    memcpy(to + offsetof(struct control_items, v), &items.v, sizeof(items.v));
    memcpy(to + offsetof(struct control_items, n), &items.n, sizeof(items.n));
    return rc;
}

static int control_decode_field(struct control_chunk **chunks, const struct control_field *field,
                                const msgpack_object *from, void *to)
{
    uint64_t number = 0;
    int rc;

    switch (field->kind) {
    case FIELD_I32:
        return control_decode_int32(from, to);
    case FIELD_U32:
        rc = control_decode_unsigned(from, UINT32_MAX, &number);
        *(uint32_t *)to = (uint32_t)number;
        return rc;
    case FIELD_I64:
        return control_decode_signed(from, INT64_MIN, INT64_MAX, to);
    case FIELD_U64:
        return control_decode_unsigned(from, UINT64_MAX, to);
    case FIELD_STR:
        return from->type == MSGPACK_OBJECT_NIL ? PvmOk : control_decode_string(chunks, from, to);
    case FIELD_BIN:
        return control_decode_bytes(chunks, from, to);
    case FIELD_ONE:
        if (from->type != MSGPACK_OBJECT_ARRAY)
            return PvmBadMsg;
        return control_decode_struct(chunks, field->record(), &from->via.array, 0, to);
    case FIELD_INTS:
    case FIELD_STRS:
    case FIELD_ARRAY:
        break;
    }
    return control_decode_items(chunks, field, from, to);
}

/* Fields that are missing stay zero, those that we do not know are left alone. */
static int control_decode_struct(struct control_chunk **chunks, const struct control_layout *layout,
                                 const msgpack_object_array *array, uint32_t first, uint8_t *to)
{
    int rc = PvmOk;

    for (size_t i = 0; i < layout->count && first + i < array->size && rc == PvmOk; i++)
        rc = control_decode_field(chunks, &layout->fields[i], &array->ptr[first + i],
                                  to + layout->fields[i].offset);
    return rc;
}

/* object is a whole message. */
static int control_decode_message(const msgpack_object *object, struct pvmi_control *ret_control)
{
    struct control_chunk *chunks = NULL;
    const struct control_layout *layout;
    uint64_t type = 0;
    void *msg;
    int rc;

    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size == 0
        || control_decode_unsigned(&object->via.array.ptr[0], PVMI_MSG_MAX, &type) != PvmOk)
        return PvmBadMsg;
    layout = pvmi_control_layout((int)type);
    if (layout == NULL)
        return PvmBadMsg;

    msg = control_take(&chunks, layout->size);
    if (msg == NULL)
        return PvmNoMem;
    rc = control_decode_struct(&chunks, layout, &object->via.array, 1, msg);
    if (rc != PvmOk) {
        control_free_chunks(chunks);
        return rc;
    }
    *ret_control = (struct pvmi_control){ .type = (int)type, .msg = msg, .memory = chunks };
    return PvmOk;
}

int pvmi_control_decode(const void *bytes, size_t length, struct pvmi_control *ret_control)
{
    struct pvmi_reader reader;
    msgpack_object object;
    msgpack_zone zone;
    size_t offset = 0;
    int rc;

    pvmi_reader_init(&reader, bytes, length);
    if (length > PVMI_FRAME_CONTROL_MAX || !walk_value(&reader, 0) || pvmi_reader_left(&reader) > 0)
        return PvmBadMsg;
    if (!msgpack_zone_init(&zone, CONTROL_ZONE_SIZE))
        return PvmNoMem;

    switch (msgpack_unpack(bytes, length, &offset, &zone, &object)) {
    case MSGPACK_UNPACK_SUCCESS:
        rc = control_decode_message(&object, ret_control);
        break;
    case MSGPACK_UNPACK_NOMEM_ERROR:
        rc = PvmNoMem;
        break;
    default:
        rc = PvmBadMsg;
        break;
    }
    msgpack_zone_destroy(&zone);
    return rc;
}
