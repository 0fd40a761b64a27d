/* SPDX-License-Identifier: BSD-3-Clause */
/* For control.c and control_decode.c only: where each field of control.def lies, and what it is. */
#ifndef PVMI_WIRE_CONTROL_LAYOUT_H
#define PVMI_WIRE_CONTROL_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "wire/control.h"

enum control_kind {
    FIELD_I32,
    FIELD_U32,
    FIELD_I64,
    FIELD_U64,
    FIELD_STR,
    FIELD_BIN,
    FIELD_INTS,
    FIELD_STRS,
    FIELD_ARRAY,
    FIELD_ONE
};

struct control_layout;
typedef const struct control_layout *control_layout_fn(void);

struct control_field {
    enum control_kind kind;
    size_t offset;                /* in its struct */
    control_layout_fn *record;    /* ARRAY, ONE: what it is made of */
};

struct control_layout {
    size_t size;    /* bytes of the struct */
    size_t count;
    const struct control_field *fields;
};

/* What INTS, STRS and ARRAY look like, whatever v points to. */
struct control_items {
    void *v;
    uint32_t n;
};

/* The layout of a message's struct; NULL for a type that is none. */
const struct control_layout *pvmi_control_layout(int type);

#endif
