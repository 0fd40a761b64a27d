/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.def becomes one table for each record and message, which says where each field lies in its struct
 * and what it is; encoding here and decoding in control_decode.c walk these tables. Only these two files
 * know msgpack-c.
 */
#include "wire/control.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

#include "base/blob.h"
#include "pvm3.h"
#include "wire/control_layout.h"
#include "wire/frame.h"

/*
 * One function for each record and message, control_rec_<record> and control_msg_<message>, that returns
 * its layout. Functions, because a field's line does not say whose field it is, which offsetof() wants to
 * know: inside of a function the struct can have a name that is always the same.
 */
#define LAYOUT_BEGIN(prefix, name)                                  \
    static const struct control_layout *control_##prefix##_##name(void) \
    {                                                               \
        typedef struct pvmi_##prefix##_##name this_struct;          \
        static const struct control_field fields[] = {
#define RECORD(name) LAYOUT_BEGIN(rec, name)
#define MESSAGE(name, number, senders) LAYOUT_BEGIN(msg, name)
#define I32(field) { FIELD_I32, offsetof(this_struct, field), NULL },
#define U32(field) { FIELD_U32, offsetof(this_struct, field), NULL },
#define I64(field) { FIELD_I64, offsetof(this_struct, field), NULL },
#define U64(field) { FIELD_U64, offsetof(this_struct, field), NULL },
#define STR(field) { FIELD_STR, offsetof(this_struct, field), NULL },
#define BIN(field) { FIELD_BIN, offsetof(this_struct, field), NULL },
#define INTS(field) { FIELD_INTS, offsetof(this_struct, field), NULL },
#define STRS(field) { FIELD_STRS, offsetof(this_struct, field), NULL },
#define ARRAY(record, field) { FIELD_ARRAY, offsetof(this_struct, field), control_rec_##record },
#define ONE(record, field) { FIELD_ONE, offsetof(this_struct, field), control_rec_##record },
#define END(name)                                                          \
        };                                                                 \
        static const struct control_layout layout = {                      \
            sizeof(this_struct), sizeof(fields) / sizeof(fields[0]), fields \
        };                                                                 \
        return &layout;                                                    \
    }
#include "wire/control.def"

static const struct {
    const char *name;    /* NULL: no message has this number */
    int senders;
    control_layout_fn *layout;
} control_types[PVMI_MSG_MAX + 1] = {
#define MESSAGE(name, number, senders) [number] = { #name, (senders), control_msg_##name },
#include "wire/control.def"
};

static bool control_type_known(int type)
{
    return type > 0 && type <= PVMI_MSG_MAX && control_types[type].name != NULL;
}

int pvmi_control_senders(int type)
{
    return control_type_known(type) ? control_types[type].senders : PVMI_FROM_NOBODY;
}

const char *pvmi_control_name(int type)
{
    return control_type_known(type) ? control_types[type].name : "?";
}

const struct control_layout *pvmi_control_layout(int type)
{
    return control_type_known(type) ? control_types[type].layout() : NULL;
}

size_t pvmi_control_size(int type)
{
    return control_type_known(type) ? pvmi_control_layout(type)->size : 0;
}

/* ---- encoding ---- */

/* Where the packer writes, and why it had to stop. */
struct control_sink {
    msgpack_packer packer;
    struct pvmi_buffer *out;
    size_t start;    /* of the message in out */
    int rc;
};

static int control_encode_struct(struct control_sink *sink, const struct control_layout *layout, size_t extra,
                                 int type, const uint8_t *from);

/* The packer's callback; it stops at anything but 0. */
static int control_sink_write(void *data, const char *bytes, size_t length)
{
    struct control_sink *sink = data;

    if (sink->out->length - sink->start + length > PVMI_FRAME_CONTROL_MAX)
        sink->rc = PvmOverflow;
    else
        sink->rc = pvmi_buffer_append(sink->out, bytes, length);
    return sink->rc == PvmOk ? 0 : -1;
}

static int control_encode_string(struct control_sink *sink, const char *text)
{
    size_t length;

    if (text == NULL) {
        msgpack_pack_nil(&sink->packer);
        return sink->rc;
    }
    length = strlen(text);
    if (length > PVMI_CONTROL_STRING_MAX)
        return PvmOverflow;
    if (msgpack_pack_str(&sink->packer, length) == 0 && length > 0)
        msgpack_pack_str_body(&sink->packer, text, length);
    return sink->rc;
}

static int control_encode_bytes(struct control_sink *sink, const struct pvmi_bytes *bytes)
{
    if (bytes->length > PVMI_CONTROL_BYTES_MAX)
        return PvmOverflow;
    if (msgpack_pack_bin(&sink->packer, bytes->length) == 0 && bytes->length > 0)
        msgpack_pack_bin_body(&sink->packer, bytes->data, bytes->length);
    return sink->rc;
}

static int control_encode_items(struct control_sink *sink, const struct control_field *field,
                                const uint8_t *from)
{
    struct control_items items;

    memcpy(&items.v, from + offsetof(struct control_items, v), sizeof(items.v));
    memcpy(&items.n, from + offsetof(struct control_items, n), sizeof(items.n));
    if (items.n > PVMI_CONTROL_ITEMS_MAX)
        return PvmOverflow;
    msgpack_pack_array(&sink->packer, items.n);

    for (uint32_t i = 0; i < items.n && sink->rc == PvmOk; i++) {
        if (field->kind == FIELD_INTS) {
            msgpack_pack_int32(&sink->packer, ((const int32_t *)items.v)[i]);
        } else if (field->kind == FIELD_STRS) {
            const char *text = ((char *const *)items.v)[i];

            assert(text != NULL);
            sink->rc = control_encode_string(sink, text);
        } else {
            const struct control_layout *layout = field->record();

            sink->rc = control_encode_struct(sink, layout, 0, 0, (const uint8_t *)items.v + i * layout->size);
        }
    }
    return sink->rc;
}

static int control_encode_field(struct control_sink *sink, const struct control_field *field,
                                const void *from)
{
    switch (field->kind) {
    case FIELD_I32:
        msgpack_pack_int32(&sink->packer, *(const int32_t *)from);
        return sink->rc;
    case FIELD_U32:
        msgpack_pack_uint32(&sink->packer, *(const uint32_t *)from);
        return sink->rc;
    case FIELD_I64:
        msgpack_pack_int64(&sink->packer, *(const int64_t *)from);
        return sink->rc;
    case FIELD_U64:
        msgpack_pack_uint64(&sink->packer, *(const uint64_t *)from);
        return sink->rc;
    case FIELD_STR:
        return control_encode_string(sink, *(const char *const *)from);
    case FIELD_BIN:
        return control_encode_bytes(sink, from);
    case FIELD_ONE:
        return control_encode_struct(sink, field->record(), 0, 0, from);
    case FIELD_INTS:
    case FIELD_STRS:
    case FIELD_ARRAY:
        break;
    }
    return control_encode_items(sink, field, from);
}

/* An array of the fields; with extra 1, type stands in front of them. */
static int control_encode_struct(struct control_sink *sink, const struct control_layout *layout, size_t extra,
                                 int type, const uint8_t *from)
{
    msgpack_pack_array(&sink->packer, layout->count + extra);
    if (extra > 0 && sink->rc == PvmOk)
        msgpack_pack_int(&sink->packer, type);
    for (size_t i = 0; i < layout->count && sink->rc == PvmOk; i++)
        sink->rc = control_encode_field(sink, &layout->fields[i], from + layout->fields[i].offset);
    return sink->rc;
}

int pvmi_control_encode(int type, const void *msg, struct pvmi_buffer *out)
{
    struct control_sink sink = { .out = out, .start = out->length, .rc = PvmOk };

    assert(control_type_known(type));
    msgpack_packer_init(&sink.packer, &sink, control_sink_write);
    if (control_encode_struct(&sink, pvmi_control_layout(type), 1, type, msg) != PvmOk)
        out->length = sink.start;
    return sink.rc;
}

int pvmi_control_encode_blob(int type, const void *msg, struct pvmi_blob **ret_blob)
{
    struct pvmi_buffer buffer;
    struct pvmi_blob *blob;
    int rc;

    pvmi_buffer_init(&buffer, PVMI_FRAME_CONTROL_MAX);
    rc = pvmi_control_encode(type, msg, &buffer);
    if (rc == PvmOk) {
        blob = pvmi_blob_copy(buffer.data, buffer.length);
        if (blob == NULL)
            rc = PvmNoMem;
        else
            *ret_blob = blob;
    }
    pvmi_buffer_fini(&buffer);
    return rc;
}
