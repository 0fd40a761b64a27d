/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packing and unpacking by a format. A directive is
 *
 *     % [count] [.stride] [h l u ...] letter
 *
 * count and stride are digits or '*', which takes an int argument; letters are c byte, d integer, f float,
 * x complex, s string. All other characters are skipped.
 */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/pack.h"
#include "libpvm/trace.h"

struct directive {
    int count;
    int stride;
    bool counted;        /* count or stride were given: a pointer follows even when packing */
    bool is_short;
    bool is_long;        /* wins over is_short */
    bool is_unsigned;
    char letter;
};

/* A va_list that functions can share. */
struct arguments {
    va_list list;
};

/* Digits or '*'. Moves *at behind them. */
static int number_parse(const char **at, struct arguments *arguments, int *ret_number)
{
    long long number = 0;

    if (**at == '*') {
        (*at)++;
        *ret_number = va_arg(arguments->list, int);
        return PvmOk;
    }
    for (; isdigit((unsigned char)**at); (*at)++)
        if (number <= INT_MAX)
            number = 10 * number + (**at - '0');
    if (number > INT_MAX)
        return PvmBadParam;
    *ret_number = (int)number;
    return PvmOk;
}

/* Reads what stands behind a '%' and moves *at behind it. */
static int directive_parse(const char **at, struct arguments *arguments, struct directive *ret)
{
    int rc = PvmOk;

    *ret = (struct directive){ .count = 1, .stride = 1 };
    if (**at == '*' || isdigit((unsigned char)**at)) {
        ret->counted = true;
        rc = number_parse(at, arguments, &ret->count);
    }
    if (rc == PvmOk && **at == '.') {
        (*at)++;
        ret->counted = true;
        if (**at == '*' || isdigit((unsigned char)**at))
            rc = number_parse(at, arguments, &ret->stride);
    }
    if (rc != PvmOk)
        return rc;
    for (; **at == 'h' || **at == 'l' || **at == 'u'; (*at)++) {
        ret->is_short |= **at == 'h';
        ret->is_long |= **at == 'l';
        ret->is_unsigned |= **at == 'u';
    }
    if (ret->count < 0)
        ret->count = 0;
    ret->letter = **at;
    if (ret->letter != '\0')
        (*at)++;
    return PvmOk;
}

/* The type of a directive's items, and their size in memory; 0 for a letter that is none. */
static int directive_type(const struct directive *directive, size_t *ret_size)
{
    int type;

    switch (directive->letter) {
    case 'c':
        type = PVMI_TYPE_BYTES;
        break;
    case 'd':
        if (directive->is_long)
            type = directive->is_unsigned ? PVMI_TYPE_ULONG : PVMI_TYPE_LONG;
        else if (directive->is_short)
            type = directive->is_unsigned ? PVMI_TYPE_UINT16 : PVMI_TYPE_INT16;
        else
            type = directive->is_unsigned ? PVMI_TYPE_UINT32 : PVMI_TYPE_INT32;
        break;
    case 'f':
        type = directive->is_long ? PVMI_TYPE_FLOAT64 : PVMI_TYPE_FLOAT32;
        break;
    case 'x':
        type = directive->is_long ? PVMI_TYPE_COMPLEX64 : PVMI_TYPE_COMPLEX32;
        break;
    default:
        type = 0;
        break;
    }
    *ret_size = pvmi_type_size(type);
    return type;
}

static int unknown_directive(const struct directive *directive)
{
    if (directive->letter == '\0')
        return pvmi_call_fail(PvmBadParam, "the format ends in a directive");
    return pvmi_call_fail(PvmBadParam, "'%c' is no letter of a directive: c, d, f, x or s", directive->letter);
}

/* Packs the next argument as it stands: values come with C's promotions. */
static int value_pack(struct pvmi_msgbuf *buf, int type, size_t size, struct arguments *arguments)
{
    union {
        char byte;
        short number16;
        int number32;
        long number;
        float real;
        double longreal;
    } value;

    if (type == PVMI_TYPE_BYTES)
        value.byte = (char)va_arg(arguments->list, int);
    else if (size == sizeof(short))
        value.number16 = (short)va_arg(arguments->list, int);
    else if (type == PVMI_TYPE_FLOAT32)
        value.real = (float)va_arg(arguments->list, double);
    else if (type == PVMI_TYPE_FLOAT64)
        value.longreal = va_arg(arguments->list, double);
    else if (size == sizeof(int))
        value.number32 = va_arg(arguments->list, int);
    else
        value.number = va_arg(arguments->list, long);
    return pvmi_pack_value(buf, type, &value, size);
}

/* In a trace record PVM 3 gives this one its length and the NUL, and pvm_pkstr() neither. */
static int string_pack(struct pvmi_msgbuf *buf, const char *text)
{
    size_t length;
    int number;
    int rc;

    if (buf->encoding != PvmDataTrace || text == NULL)
        return pvmi_pack_string(buf, text);
    length = strlen(text) + 1;
    if (length > INT_MAX)
        return pvmi_call_fail(PvmOverflow, "a string of %zu bytes; its length must fit an int", length);
    number = (int)length;
    rc = pvmi_pack_value(buf, PVMI_TYPE_INT32, &number, sizeof(number));
    return rc == PvmOk ? pvmi_pack_items(buf, PVMI_TYPE_BYTES, text, 1, number, 1) : rc;
}

static int directive_pack(struct pvmi_msgbuf *buf, const struct directive *directive, struct arguments *arguments)
{
    size_t size;
    int type = directive_type(directive, &size);

    if (directive->letter == 's')
        return string_pack(buf, va_arg(arguments->list, const char *));
    if (type == 0)
        return unknown_directive(directive);
    if (!directive->counted && directive->letter != 'x')
        return value_pack(buf, type, size, arguments);
    return pvmi_pack_items(buf, type, va_arg(arguments->list, const void *), size, directive->count,
                           directive->stride);
}

static int directive_unpack(struct pvmi_msgbuf *buf, const struct directive *directive, struct arguments *arguments)
{
    size_t size;
    int type = directive_type(directive, &size);

    if (directive->letter == 's')
        return pvmi_unpack_string(buf, va_arg(arguments->list, char *));
    if (type == 0)
        return unknown_directive(directive);
    return pvmi_unpack_items(buf, type, va_arg(arguments->list, void *), size, directive->count, directive->stride);
}

/* Walks the format. buf NULL: there is no active buffer, and as in PVM 3 not even "" can do without. */
static int format_walk(const char *fmt, struct pvmi_msgbuf *buf, struct arguments *arguments,
                       int (*act)(struct pvmi_msgbuf *, const struct directive *, struct arguments *))
{
    int rc = buf == NULL ? PvmNoBuf : PvmOk;

    while (rc == PvmOk && *fmt != '\0') {
        struct directive directive;

        if (*fmt++ != '%')
            continue;
        rc = directive_parse(&fmt, arguments, &directive);
        if (rc == PvmOk)
            rc = act(buf, &directive, arguments);
    }
    return rc;
}

static int format_pack(const char *fmt, struct arguments *arguments)
{
    if (fmt == NULL)
        return pvmi_call_fail(PvmBadParam, "the format is a NULL pointer");
    if (fmt[0] == '%' && fmt[1] == '+') {
        int rc = pvm_initsend(va_arg(arguments->list, int));

        if (rc < 0)
            return rc;
        fmt += 2;
    }
    return format_walk(fmt, pvmi_active_send_buf(), arguments, directive_pack);
}

int pvm_packf(const char *fmt, ...)
{
    struct arguments arguments;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_PACKF, fmt);
    va_start(arguments.list, fmt);
    rc = format_pack(fmt, &arguments);
    va_end(arguments.list);
    return pvmi_call_leave("pvm_packf", rc);
}

int pvm_unpackf(const char *fmt, ...)
{
    struct arguments arguments;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_UNPACKF, fmt);
    va_start(arguments.list, fmt);
    if (fmt == NULL)
        rc = pvmi_call_fail(PvmBadParam, "the format is a NULL pointer");
    else
        rc = format_walk(fmt, pvmi_active_receive_buf(), &arguments, directive_unpack);
    va_end(arguments.list);
    return pvmi_call_leave("pvm_unpackf", rc);
}
