/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of a task's output, which come in pieces, made into whole lines. */
#ifndef CONSOLE_LINES_H
#define CONSOLE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_LENGTH_MAX (1 << 20)    /* a longer line is given out in pieces */

struct lines {
    char *bytes;      /* a line that has no end yet */
    size_t length;
    size_t size;
};

/* Gets each line; text is not terminated. newline: one ended it there, and is not in text; else more of the line
 * may follow. */
typedef void lines_line(void *user, const char *text, size_t length, bool newline);

/* Gives each line that ends in these bytes to emit. */
void lines_feed(struct lines *lines, const char *bytes, size_t length, lines_line *emit, void *user);

/* Gives out what there is of a line that has no end yet. */
void lines_flush(struct lines *lines, lines_line *emit, void *user);

/* The end: gives out a last line without newline, and frees. */
void lines_end(struct lines *lines, lines_line *emit, void *user);

#endif
