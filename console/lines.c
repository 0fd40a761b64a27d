/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/lines.h"

#include <stdlib.h>
#include <string.h>

/* Keeps bytes behind what there is. Returns 0 or -1: too long, or no memory. */
static int lines_keep(struct lines *lines, const char *bytes, size_t length)
{
    if (lines->length + length > LINES_LENGTH_MAX)
        return -1;
    if (lines->length + length > lines->size) {
        size_t size = 2 * (lines->length + length);
        char *grown = realloc(lines->bytes, size);

        if (grown == NULL)
            return -1;
        lines->bytes = grown;
        lines->size = size;
    }
    memcpy(lines->bytes + lines->length, bytes, length);
    lines->length += length;
    return 0;
}

void lines_flush(struct lines *lines, lines_line *emit, void *user)
{
    if (lines->length > 0)
        emit(user, lines->bytes, lines->length, false);
    lines->length = 0;
}

/* A piece that cannot be kept goes out by itself. */
static void lines_add(struct lines *lines, const char *bytes, size_t length, lines_line *emit, void *user)
{
    if (lines_keep(lines, bytes, length) == 0)
        return;
    lines_flush(lines, emit, user);
    emit(user, bytes, length, false);
}

void lines_feed(struct lines *lines, const char *bytes, size_t length, lines_line *emit, void *user)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end == NULL ? length : (size_t)(end - bytes);

        if (end == NULL) {
            lines_add(lines, bytes, part, emit, user);
            return;
        }
        if (lines->length == 0) {
            emit(user, bytes, part, true);
        } else if (lines_keep(lines, bytes, part) == 0) {
            emit(user, lines->bytes, lines->length, true);
        } else {
            emit(user, lines->bytes, lines->length, false);
            emit(user, bytes, part, true);
        }
        lines->length = 0;
        bytes += part + 1;
        length -= part + 1;
    }
}

void lines_end(struct lines *lines, lines_line *emit, void *user)
{
    lines_flush(lines, emit, user);
    free(lines->bytes);
    *lines = (struct lines){ 0 };
}
