/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a body piece by piece, across blocks. What arrived is not to be trusted: section headers are
 * checked, and nothing is read behind the body's end.
 */
#ifndef PVMI_LIBPVM_CURSOR_H
#define PVMI_LIBPVM_CURSOR_H

#include "libpvm/msgbuf.h"

#define PVMI_CURSOR_PEEK_MAX 16    /* bytes: the largest element */

/* How many bytes lie in one piece at the cursor; 0 only at the end of the body. */
size_t pvmi_cursor_run(struct pvmi_cursor *cursor);

/* Where they lie. */
static inline const uint8_t *pvmi_cursor_bytes(const struct pvmi_cursor *cursor)
{
    return pvmi_block_bytes(cursor->block) + cursor->at;
}

/* The next length bytes (PVMI_CURSOR_PEEK_MAX at most) in one piece: where they are, or in bounce. NULL when
 * the body has fewer. */
const uint8_t *pvmi_cursor_peek(struct pvmi_cursor *cursor, size_t length, uint8_t bounce[PVMI_CURSOR_PEEK_MAX]);

/* Goes on by length bytes, which are there. */
void pvmi_cursor_skip(struct pvmi_cursor *cursor, uint64_t length);

/*
 * Between sections: goes to the elements of the next one that has any. body_length is that of the buffer.
 *
 * Returns PvmOk, PvmNoData at the end, PvmBadMsg for what is no section; then the cursor stays.
 */
int pvmi_cursor_section(struct pvmi_cursor *cursor, uint64_t body_length);

#endif
