/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: contents for every control message, and a comparison, both made from control.def: each field
 * by its name, without the tables of wire/control.c. What a canonical message contains depends only on the
 * order of the fields, so the golden bytes stay as they are until the protocol changes.
 */
#ifndef TESTS_UNIT_CONTROL_FILL_H
#define TESTS_UNIT_CONTROL_FILL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/control.h"

enum fill_how {
    FILL_CANONICAL,    /* the nth scalar has a value made from n; arrays have two elements */
    FILL_LOWEST,       /* the smallest numbers, empty strings, empty arrays */
    FILL_HIGHEST,      /* the largest numbers, longer strings, arrays of 20 */
    FILL_RANDOM        /* from seed */
};

struct fill {
    enum fill_how how;
    unsigned seed;
    unsigned n;    /* scalars so far */
    void *blocks[8192];
    unsigned block_count;
};

static inline void fill_init(struct fill *fill, enum fill_how how, unsigned seed)
{
    fill->how = how;
    fill->seed = seed;
    fill->n = 0;
    fill->block_count = 0;
}

static inline void fill_fini(struct fill *fill)
{
    for (unsigned i = 0; i < fill->block_count; i++)
        free(fill->blocks[i]);
    fill->block_count = 0;
}

/* size zeroed bytes that live as long as fill. */
static inline void *fill_memory(struct fill *fill, size_t size)
{
    void *block = calloc(1, size == 0 ? 1 : size);

    if (block == NULL || fill->block_count == sizeof(fill->blocks) / sizeof(fill->blocks[0]))
        abort();
    fill->blocks[fill->block_count++] = block;
    return block;
}

/* A number of bits width; the sign is the caller's cast. */
static inline uint64_t fill_number(struct fill *fill, bool is_signed, int bits)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    uint64_t value = 0;

    fill->n++;
    switch (fill->how) {
    case FILL_CANONICAL:
        /* Small and large ones in turn, so that each width of msgpack's occurs. */
        value = fill->n % 3 == 0 ? fill->n : fill->n % 3 == 1 ? fill->n * 1000 : fill->n * 0x01000193u;
        if (bits == 64 && fill->n % 2 == 0)
            value <<= 29;
        return is_signed && fill->n % 4 == 0 ? (0 - value) & mask : value & (mask >> (is_signed ? 1 : 0));
    case FILL_LOWEST:
        return is_signed ? (mask >> 1) + 1 : 0;
    case FILL_HIGHEST:
        return is_signed ? mask >> 1 : mask;
    case FILL_RANDOM:
        for (int i = 0; i < 4; i++)
            value = value << 16 ^ (uint64_t)rand_r(&fill->seed);
        return (value >> (rand_r(&fill->seed) % 64)) & mask;
    }
    return 0;
}

static inline uint32_t fill_count(struct fill *fill)
{
    static const uint32_t counts[] = { [FILL_CANONICAL] = 2, [FILL_LOWEST] = 0, [FILL_HIGHEST] = 20 };

    return fill->how == FILL_RANDOM ? (uint32_t)rand_r(&fill->seed) % 5 : counts[fill->how];
}

static inline char *fill_string(struct fill *fill)
{
    static const int lengths[] = { [FILL_CANONICAL] = 12, [FILL_LOWEST] = 0, [FILL_HIGHEST] = 300 };
    int length = fill->how == FILL_RANDOM ? rand_r(&fill->seed) % 50 : lengths[fill->how];
    char *text = fill_memory(fill, (size_t)length + 1);

    fill->n++;
    if (fill->how == FILL_CANONICAL)
        snprintf(text, (size_t)length + 1, "text-%u", fill->n);
    else
        memset(text, 'a' + (int)(fill->n % 26), (size_t)length);
    return text;
}

/* Where NULL is allowed: so is every fourth canonical one. */
static inline const char *fill_string_or_null(struct fill *fill)
{
    if (fill->how == FILL_CANONICAL && fill->n % 4 == 3)
        return fill->n++, NULL;
    if (fill->how == FILL_RANDOM && rand_r(&fill->seed) % 3 == 0)
        return NULL;
    return fill_string(fill);
}

static inline struct pvmi_bytes fill_bytes(struct fill *fill)
{
    uint32_t length = fill_count(fill) * 16;
    uint8_t *data = fill_memory(fill, length);

    fill->n++;
    for (uint32_t i = 0; i < length; i++)
        data[i] = (uint8_t)(fill->n + i);
    return (struct pvmi_bytes){ data, length };
}

static inline struct pvmi_ints fill_ints(struct fill *fill)
{
    struct pvmi_ints ints = { NULL, fill_count(fill) };

    ints.v = fill_memory(fill, ints.n * sizeof(*ints.v));
    for (uint32_t i = 0; i < ints.n; i++)
        ints.v[i] = (int32_t)fill_number(fill, true, 32);
    return ints;
}

static inline struct pvmi_strings fill_strings(struct fill *fill)
{
    struct pvmi_strings strings = { NULL, fill_count(fill) };

    strings.v = fill_memory(fill, strings.n * sizeof(*strings.v));
    for (uint32_t i = 0; i < strings.n; i++)
        strings.v[i] = fill_string(fill);
    return strings;
}

/* fill_rec_<record>, fill_msg_<message> */
#define RECORD(name) static inline void fill_rec_##name(struct fill *fill, struct pvmi_rec_##name *to) {
#define MESSAGE(name, number, senders) \
    static inline void fill_msg_##name(struct fill *fill, struct pvmi_msg_##name *to) {
#define I32(field) to->field = (int32_t)fill_number(fill, true, 32);
#define U32(field) to->field = (uint32_t)fill_number(fill, false, 32);
#define I64(field) to->field = (int64_t)fill_number(fill, true, 64);
#define U64(field) to->field = fill_number(fill, false, 64);
#define STR(field) to->field = fill_string_or_null(fill);
#define BIN(field) to->field = fill_bytes(fill);
#define INTS(field) to->field = fill_ints(fill);
#define STRS(field) to->field = fill_strings(fill);
#define ARRAY(record, field)                                               \
    to->field.n = fill_count(fill);                                        \
    to->field.v = fill_memory(fill, to->field.n * sizeof(*to->field.v));   \
    for (uint32_t i = 0; i < to->field.n; i++)                             \
        fill_rec_##record(fill, &to->field.v[i]);
#define ONE(record, field) fill_rec_##record(fill, &to->field);
#define END(name) }
#include "wire/control.def"

static inline bool same_string(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static inline bool same_bytes(const struct pvmi_bytes *a, const struct pvmi_bytes *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static inline bool same_ints(const struct pvmi_ints *a, const struct pvmi_ints *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0);
}

static inline bool same_strings(const struct pvmi_strings *a, const struct pvmi_strings *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_string(a->v[i], b->v[i]))
            return false;
    return true;
}

/* same_rec_<record>, same_msg_<message> */
#define RECORD(name)                                                                                       \
    static inline bool same_rec_##name(const struct pvmi_rec_##name *a, const struct pvmi_rec_##name *b) { \
        bool same = true;
#define MESSAGE(name, number, senders)                                                                     \
    static inline bool same_msg_##name(const struct pvmi_msg_##name *a, const struct pvmi_msg_##name *b) { \
        bool same = true;
#define I32(field) same = same && a->field == b->field;
#define U32(field) same = same && a->field == b->field;
#define I64(field) same = same && a->field == b->field;
#define U64(field) same = same && a->field == b->field;
#define STR(field) same = same && same_string(a->field, b->field);
#define BIN(field) same = same && same_bytes(&a->field, &b->field);
#define INTS(field) same = same && same_ints(&a->field, &b->field);
#define STRS(field) same = same && same_strings(&a->field, &b->field);
#define ARRAY(record, field)                                       \
    same = same && a->field.n == b->field.n;                       \
    for (uint32_t i = 0; same && i < a->field.n; i++)              \
        same = same_rec_##record(&a->field.v[i], &b->field.v[i]);
#define ONE(record, field) same = same && same_rec_##record(&a->field, &b->field);
#define END(name) return same; }
#include "wire/control.def"

/* A message of type with contents, in memory of fill's. */
static inline void *fill_message(struct fill *fill, int type)
{
    void *msg = fill_memory(fill, pvmi_control_size(type));

    switch (type) {
#define MESSAGE(name, number, senders) case number: fill_msg_##name(fill, msg); break;
#include "wire/control.def"
    default:
        abort();
    }
    return msg;
}

static inline bool same_message(int type, const void *a, const void *b)
{
    switch (type) {
#define MESSAGE(name, number, senders) case number: return same_msg_##name(a, b);
#include "wire/control.def"
    default:
        return false;
    }
}

#endif
