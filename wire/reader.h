/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bounded reader: everything that is read from outside goes through it. It never reads behind end;
 * after the first miss it is spent, every get gives 0 and failed is set, so one check at the end does.
 * Numbers are little-endian, as in all our fixed layouts.
 */
#ifndef PVMI_WIRE_READER_H
#define PVMI_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pvmi_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

void pvmi_reader_init(struct pvmi_reader *reader, const void *data, size_t length);
uint8_t pvmi_get_u8(struct pvmi_reader *reader);
uint16_t pvmi_get_u16(struct pvmi_reader *reader);
uint32_t pvmi_get_u32(struct pvmi_reader *reader);
uint64_t pvmi_get_u64(struct pvmi_reader *reader);
/* The next length bytes where they are, or NULL. */
const uint8_t *pvmi_get_bytes(struct pvmi_reader *reader, size_t length);
size_t pvmi_reader_left(const struct pvmi_reader *reader);

/* The counterparts: write at *at, which the caller knows to be large enough, and move it. */
void pvmi_put_u8(uint8_t **at, uint8_t value);
void pvmi_put_u16(uint8_t **at, uint16_t value);
void pvmi_put_u32(uint8_t **at, uint32_t value);
void pvmi_put_u64(uint8_t **at, uint64_t value);
void pvmi_put_bytes(uint8_t **at, const void *data, size_t length);

#endif
