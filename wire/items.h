/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ints and strings of a program's message, for those who have no library under them: a daemon that talks with a
 * plug-in. Written as typed sections; read from those, or from raw bytes of this kind of machine. A string is an int,
 * its length with the 0 at its end, and so many bytes, as pvm_pkstr() makes it.
 */
#ifndef PVMI_WIRE_ITEMS_H
#define PVMI_WIRE_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as zeros. After the first write for which there is no memory it stays failed. */
struct pvmi_items_writer {
    uint8_t *data;        /* to be freed */
    size_t length;
    size_t capacity;
    uint32_t ints_bytes;  /* of the last section, if that is of ints */
    bool failed;
};

void pvmi_items_put_int(struct pvmi_items_writer *writer, int32_t value);
void pvmi_items_put_string(struct pvmi_items_writer *writer, const char *text);    /* NULL is "" */
void pvmi_items_append(struct pvmi_items_writer *writer, const struct pvmi_items_writer *more);
void pvmi_items_free(struct pvmi_items_writer *writer);

/* After the first read that does not find what it wants, every read gives 0 or NULL, and failed is set. */
struct pvmi_items_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool typed;
    int format;         /* PVMI_FORMAT_* */
    int type;           /* of the section that is being read */
    uint32_t left;      /* bytes of it */
    bool failed;
};

/* encoding and format are those of the message's frames. A raw one from another kind of machine has failed already. */
void pvmi_items_read(struct pvmi_items_reader *reader, int encoding, int format, const void *data, size_t length);
int32_t pvmi_items_int(struct pvmi_items_reader *reader);
/* Points into the message; its length is at most what is left. */
const char *pvmi_items_string(struct pvmi_items_reader *reader);
/* True when nothing is left. */
bool pvmi_items_end(const struct pvmi_items_reader *reader);

#endif
