/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/cursor.h"

#include <string.h>

#include "pvm3.h"
#include "wire/section.h"

size_t pvmi_cursor_run(struct pvmi_cursor *cursor)
{
    while (cursor->block != NULL && cursor->at == cursor->block->length) {
        cursor->block = cursor->block->next;
        cursor->at = 0;
    }
    return cursor->block == NULL ? 0 : cursor->block->length - cursor->at;
}

const uint8_t *pvmi_cursor_peek(struct pvmi_cursor *cursor, size_t length, uint8_t bounce[PVMI_CURSOR_PEEK_MAX])
{
    struct pvmi_cursor ahead;
    size_t got = 0;

    if (pvmi_cursor_run(cursor) >= length)
        return pvmi_cursor_bytes(cursor);

    ahead = *cursor;
    while (got < length) {
        size_t run = pvmi_cursor_run(&ahead);
        size_t piece = run < length - got ? run : length - got;

        if (run == 0)
            return NULL;
        memcpy(bounce + got, pvmi_cursor_bytes(&ahead), piece);
        pvmi_cursor_skip(&ahead, piece);
        got += piece;
    }
    return bounce;
}

void pvmi_cursor_skip(struct pvmi_cursor *cursor, uint64_t length)
{
    cursor->done += length;
    while (length > 0) {
        size_t run = pvmi_cursor_run(cursor);

        if (length <= run) {
            cursor->at += (size_t)length;
            return;
        }
        cursor->at += run;
        length -= run;
    }
}

int pvmi_cursor_section(struct pvmi_cursor *cursor, uint64_t body_length)
{
    struct pvmi_cursor next = *cursor;
    uint8_t bounce[PVMI_CURSOR_PEEK_MAX];

    for (;;) {
        const uint8_t *header;

        if (next.done == body_length) {
            *cursor = next;
            return PvmNoData;
        }
        header = pvmi_cursor_peek(&next, PVMI_SECTION_HEADER_SIZE, bounce);
        if (header == NULL || pvmi_section_header_decode(header, &next.type, &next.length) != PvmOk)
            return PvmBadMsg;
        pvmi_cursor_skip(&next, PVMI_SECTION_HEADER_SIZE);
        if (next.length > body_length - next.done)
            return PvmBadMsg;
        next.left = next.length;
        if (next.left > 0) {
            *cursor = next;
            return PvmOk;
        }
    }
}
