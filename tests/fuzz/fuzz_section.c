/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A format byte and a body of sections: each scalar is converted to each type, and goes through its XDR view
 * and back. What a daemon reads of a plug-in's message is the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pvm3.h"
#include "wire/frame.h"
#include "wire/items.h"
#include "wire/section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_conversions(int type, int format, const uint8_t *scalar)
{
    for (int to_type = 0; to_type <= PVMI_TYPE_MAX + 1; to_type++) {
        uint8_t out[9];
        size_t size = pvmi_type_scalar_size(to_type);
        int rc;

        memset(out, 0xee, sizeof(out));
        rc = pvmi_scalar_convert(type, format, scalar, to_type, out);
        if (rc != PvmOk && rc != PvmOverflow && rc != PvmBadMsg)
            abort();
        if ((rc == PvmBadMsg) != (size == 0 || pvmi_type_family(type) != pvmi_type_family(to_type)))
            abort();
        if (rc == PvmOverflow && pvmi_type_family(type) == PVMI_FAMILY_REAL
            && size >= pvmi_type_scalar_size(type))
            abort();
        if (out[rc == PvmOk ? size : 0] != 0xee)
            abort();
    }
}

static void check_xdr(int type, int format, const uint8_t *scalar)
{
    uint8_t own[8];
    uint8_t back[8];
    uint8_t xdr[8];
    size_t size = pvmi_type_scalar_size(type);

    if (pvmi_scalar_convert(type, format, scalar, type, own) != PvmOk)
        abort();
    pvmi_scalar_to_xdr(type, format, scalar, xdr);
    if (pvmi_scalar_from_xdr(xdr, type, back) != PvmOk || memcmp(back, own, size) != 0)
        abort();
}

/* Ints and strings in turn, until one cannot be read. */
static void check_items(int encoding, int format, const uint8_t *data, size_t size)
{
    struct pvmi_items_reader reader;

    pvmi_items_read(&reader, encoding, format, data, size);
    while (!reader.failed && !pvmi_items_end(&reader)) {
        const char *text = pvmi_items_int(&reader) % 2 == 0 ? NULL : pvmi_items_string(&reader);

        if (text != NULL && strlen(text) >= size)
            abort();
    }
    if (reader.at > reader.end)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int format = size > 0 ? data[0] & PVMI_FORMAT_MASK : 0;
    size_t at = 1;

    if (size > 0) {
        check_items(PVMI_ENCODING_DEFAULT, format, data + 1, size - 1);
        check_items(PVMI_ENCODING_RAW, pvmi_format_own(), data + 1, size - 1);
    }

    while (at < size && size - at >= PVMI_SECTION_HEADER_SIZE) {
        uint8_t header[PVMI_SECTION_HEADER_SIZE];
        uint32_t length;
        int type;

        if (pvmi_section_header_decode(data + at, &type, &length) != PvmOk)
            return 0;
        pvmi_section_header_encode(type, length, header);
        if (memcmp(header, data + at, sizeof(header)) != 0 || length % pvmi_type_size(type) != 0)
            abort();
        at += PVMI_SECTION_HEADER_SIZE;
        if (length > size - at)
            return 0;
        for (uint32_t i = 0; i < length; i += (uint32_t)pvmi_type_scalar_size(type)) {
            check_conversions(type, format, data + at + i);
            check_xdr(type, format, data + at + i);
        }
        at += length;
    }
    return 0;
}
