/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/section.h"

#include <math.h>
#include <string.h>

#include "pvm3.h"
#include "wire/frame.h"

static const struct {
    const char *name;
    enum pvmi_family family;
    uint8_t scalar_size;    /* bytes */
    uint8_t scalars;        /* in an element */
    uint8_t xdr_size;       /* bytes of a scalar in XDR */
    bool is_signed;
} type_list[PVMI_TYPE_MAX + 1] = {
    [0] = { "?", PVMI_FAMILY_BYTES, 0, 0, 0, false },
    [PVMI_TYPE_BYTES] = { "bytes", PVMI_FAMILY_BYTES, 1, 1, 1, false },
    [PVMI_TYPE_INT16] = { "int16", PVMI_FAMILY_INTEGER, 2, 1, 4, true },
    [PVMI_TYPE_UINT16] = { "uint16", PVMI_FAMILY_INTEGER, 2, 1, 4, false },
    [PVMI_TYPE_INT32] = { "int32", PVMI_FAMILY_INTEGER, 4, 1, 4, true },
    [PVMI_TYPE_UINT32] = { "uint32", PVMI_FAMILY_INTEGER, 4, 1, 4, false },
    [PVMI_TYPE_INT64] = { "int64", PVMI_FAMILY_INTEGER, 8, 1, 8, true },
    [PVMI_TYPE_UINT64] = { "uint64", PVMI_FAMILY_INTEGER, 8, 1, 8, false },
    [PVMI_TYPE_FLOAT32] = { "float32", PVMI_FAMILY_REAL, 4, 1, 4, true },
    [PVMI_TYPE_FLOAT64] = { "float64", PVMI_FAMILY_REAL, 8, 1, 8, true },
    [PVMI_TYPE_COMPLEX32] = { "complex32", PVMI_FAMILY_REAL, 4, 2, 4, true },
    [PVMI_TYPE_COMPLEX64] = { "complex64", PVMI_FAMILY_REAL, 8, 2, 8, true },
};

/* type, or 0 for one that is none. */
static int type_known(int type)
{
    return type >= 1 && type <= PVMI_TYPE_MAX ? type : 0;
}

size_t pvmi_type_size(int type)
{
    type = type_known(type);
    return (size_t)type_list[type].scalar_size * type_list[type].scalars;
}

size_t pvmi_type_scalar_size(int type)
{
    return type_list[type_known(type)].scalar_size;
}

enum pvmi_family pvmi_type_family(int type)
{
    return type_list[type_known(type)].family;
}

const char *pvmi_type_name(int type)
{
    return type_list[type_known(type)].name;
}

size_t pvmi_type_xdr_size(int type)
{
    type = type_known(type);
    return (size_t)type_list[type].xdr_size * type_list[type].scalars;
}

static void put_big(uint8_t *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_big(const uint8_t *from, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

static uint64_t get_little(const uint8_t *from, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i > 0; i--)
        value = value << 8 | from[i - 1];
    return value;
}

/* Stores the lowest size bytes of value as this machine does. */
static void put_own(void *to, uint64_t value, size_t size)
{
    uint16_t value16 = (uint16_t)value;
    uint32_t value32 = (uint32_t)value;
    uint8_t value8 = (uint8_t)value;

    switch (size) {
    case 1:
        memcpy(to, &value8, 1);
        break;
    case 2:
        memcpy(to, &value16, 2);
        break;
    case 4:
        memcpy(to, &value32, 4);
        break;
    default:
        memcpy(to, &value, 8);
        break;
    }
}

/* Gives the bits of size bytes the sign that a number of that width has. */
static uint64_t sign_extend(uint64_t bits, size_t size)
{
    uint64_t top = 1ull << (8 * size - 1);

    return (bits ^ top) - top;
}

void pvmi_section_header_encode(int type, uint32_t length, uint8_t bytes[PVMI_SECTION_HEADER_SIZE])
{
    bytes[0] = PVMI_SECTION_MARK;
    put_big(bytes + 1, length, 4);
    bytes[5] = (uint8_t)type;
}

int pvmi_section_header_decode(const uint8_t bytes[PVMI_SECTION_HEADER_SIZE], int *ret_type,
                               uint32_t *ret_length)
{
    int type = type_known(bytes[5]);
    uint32_t length = (uint32_t)get_big(bytes + 1, 4);

    if (bytes[0] != PVMI_SECTION_MARK || type == 0 || length > PVMI_SECTION_LENGTH_MAX
        || length % pvmi_type_size(type) != 0)
        return PvmBadMsg;
    *ret_type = type;
    *ret_length = length;
    return PvmOk;
}

/* value is sign-extended to 64 bits when from_type is signed. */
static bool integer_fits(uint64_t value, int from_type, int to_type)
{
    size_t size = type_list[to_type].scalar_size;
    uint64_t mask = UINT64_MAX >> (64 - 8 * size);

    if (type_list[from_type].is_signed && (int64_t)value < 0)
        return type_list[to_type].is_signed && value == sign_extend(value & mask, size);
    return value <= (type_list[to_type].is_signed ? mask >> 1 : mask);
}

static int integer_convert(uint64_t bits, int from_type, int to_type, void *to)
{
    if (type_list[from_type].is_signed)
        bits = sign_extend(bits, type_list[from_type].scalar_size);
    if (!integer_fits(bits, from_type, to_type))
        return PvmOverflow;
    put_own(to, bits, type_list[to_type].scalar_size);
    return PvmOk;
}

/* Between float32 and float64. */
static int real_convert(uint64_t bits, int from_type, void *to)
{
    uint32_t bits32 = (uint32_t)bits;
    float single;
    double value;

    if (type_list[from_type].scalar_size == 4) {
        memcpy(&single, &bits32, sizeof(single));
        value = single;
        memcpy(to, &value, sizeof(value));
        return PvmOk;
    }
    memcpy(&value, &bits, sizeof(value));
    single = (float)value;
    if (isinf(single) && !isinf(value))
        return PvmOverflow;
    memcpy(to, &single, sizeof(single));
    return PvmOk;
}

int pvmi_scalar_convert(int from_type, int from_format, const void *from, int to_type, void *to)
{
    from_type = type_known(from_type);
    to_type = type_known(to_type);
    if (from_type == 0 || to_type == 0 || type_list[from_type].family != type_list[to_type].family)
        return PvmBadMsg;

    size_t size = type_list[from_type].scalar_size;
    uint64_t bits = from_format & PVMI_FORMAT_LITTLE ? get_little(from, size) : get_big(from, size);
    if (size == type_list[to_type].scalar_size) {
        put_own(to, bits, size);    /* also for reals: a NaN keeps its payload */
        return PvmOk;
    }
    if (type_list[from_type].family == PVMI_FAMILY_INTEGER)
        return integer_convert(bits, from_type, to_type, to);
    return real_convert(bits, from_type, to);
}

void pvmi_scalar_to_xdr(int type, int format, const void *from, uint8_t *to)
{
    type = type_known(type);
    size_t size = type_list[type].scalar_size;
    uint64_t bits = format & PVMI_FORMAT_LITTLE ? get_little(from, size) : get_big(from, size);

    if (size == 2 && type_list[type].is_signed)
        bits = sign_extend(bits, size);
    put_big(to, bits, type_list[type].xdr_size);
}

int pvmi_scalar_from_xdr(const uint8_t *from, int type, void *to)
{
    type = type_known(type);
    size_t xdr_size = type_list[type].xdr_size;
    uint64_t bits = get_big(from, xdr_size);

    if (type_list[type].scalar_size == 2)
        return integer_convert(bits, type_list[type].is_signed ? PVMI_TYPE_INT32 : PVMI_TYPE_UINT32, type,
                               to);
    put_own(to, bits, xdr_size);
    return PvmOk;
}

void pvmi_swap_copy(void *to, const void *from, size_t count, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    for (size_t i = 0; i < count; i++, in += size, out += size) {
        uint64_t value64;
        uint32_t value32;
        uint16_t value16;

        switch (size) {
        case 2:
            memcpy(&value16, in, 2);
            value16 = __builtin_bswap16(value16);
            memcpy(out, &value16, 2);
            break;
        case 4:
            memcpy(&value32, in, 4);
            value32 = __builtin_bswap32(value32);
            memcpy(out, &value32, 4);
            break;
        default:
            memcpy(&value64, in, 8);
            value64 = __builtin_bswap64(value64);
            memcpy(out, &value64, 8);
            break;
        }
    }
}
