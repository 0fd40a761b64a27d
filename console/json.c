/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/json.h"

#include <stddef.h>

/* Bytes of the UTF-8 character at p, 0 if there is none: overlong forms and surrogates are none. */
static int utf8_length(const unsigned char *p)
{
    unsigned lead = p[0];
    int more = lead < 0x80 ? 0 : lead >= 0xc2 && lead <= 0xdf ? 1 : (lead & 0xf0) == 0xe0 ? 2
             : lead >= 0xf0 && lead <= 0xf4 ? 3 : -1;

    if (more < 0)
        return 0;
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) || (lead == 0xf0 && p[1] < 0x90) ||
        (lead == 0xf4 && p[1] > 0x8f))
        return 0;
    return more + 1;
}

static void text_print(FILE *out, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    putc('"', out);
    while (*p != '\0') {
        int length = utf8_length(p);

        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p == '\n')
            fputs("\\n", out);
        else if (*p == '\t')
            fputs("\\t", out);
        else if (*p < 0x20 || *p == 0x7f)
            fprintf(out, "\\u%04x", *p);
        else if (length == 0)
            fputs("\\ufffd", out);
        else
            fwrite(p, 1, (size_t)length, out);
        p += length == 0 ? 1 : length;
    }
    putc('"', out);
}

static void value_begin(struct json *json, const char *key)
{
    if (json->comma)
        putc(',', json->out);
    json->comma = true;
    if (key != NULL) {
        text_print(json->out, key);
        putc(':', json->out);
    }
}

struct json json_begin(FILE *out)
{
    return (struct json){ .out = out };
}

void json_open(struct json *json, const char *key, char bracket)
{
    value_begin(json, key);
    putc(bracket, json->out);
    json->comma = false;
    json->depth++;
}

void json_close(struct json *json, char bracket)
{
    putc(bracket, json->out);
    json->comma = true;
    if (--json->depth == 0)
        putc('\n', json->out);
}

void json_string(struct json *json, const char *key, const char *text)
{
    value_begin(json, key);
    if (text == NULL)
        fputs("null", json->out);
    else
        text_print(json->out, text);
}

void json_int(struct json *json, const char *key, long value)
{
    value_begin(json, key);
    fprintf(json->out, "%ld", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    value_begin(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_tid(struct json *json, const char *key, int tid)
{
    value_begin(json, key);
    if (tid <= 0)
        fputs("null", json->out);
    else
        fprintf(json->out, "\"%x\"", (unsigned)tid);
}
