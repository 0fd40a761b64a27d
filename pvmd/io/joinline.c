/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/joinline.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "transport/tls.h"
#include "wire/hello.h"

static const char *joinline_word(int type)
{
    return type == PVMI_MSG_join ? "pvm4-join " : "pvm4-ready ";
}

static int joinline_append_hex(struct pvmi_buffer *out, const struct pvmi_buffer *bytes)
{
    static const char digits[] = "0123456789abcdef";
    int rc = pvmi_buffer_reserve(out, bytes->length * 2 + 2);

    if (rc != PvmOk)
        return rc;
    for (size_t i = 0; i < bytes->length; i++) {
        out->data[out->length++] = (uint8_t)digits[bytes->data[i] >> 4];
        out->data[out->length++] = (uint8_t)digits[bytes->data[i] & 15];
    }
    return pvmi_buffer_append(out, "\n", 2);
}

char *joinline_format(int type, const void *msg)
{
    struct pvmi_buffer bytes;
    struct pvmi_buffer out;
    char start[64];
    int rc;

    pvmi_buffer_init(&bytes, JOINLINE_MAX / 2);
    pvmi_buffer_init(&out, JOINLINE_MAX + 64);
    snprintf(start, sizeof(start), "%s%d ", joinline_word(type), PVMI_VERSION);
    rc = pvmi_control_encode(type, msg, &bytes);
    if (rc == PvmOk)
        rc = pvmi_buffer_append(&out, start, strlen(start));
    if (rc == PvmOk)
        rc = joinline_append_hex(&out, &bytes);
    pvmi_secret_wipe(bytes.data, bytes.length);
    pvmi_buffer_fini(&bytes);
    if (rc != PvmOk)
        pvmi_buffer_fini(&out);
    return (char *)out.data;
}

char *joinline_format_argument(const struct pvmi_msg_join *join)
{
    char *line;
    char *argument;

    assert(join->secret.length == 0);
    line = joinline_format(PVMI_MSG_join, join);
    if (line == NULL)
        return NULL;
    argument = pvmi_strdup(line + strlen(joinline_word(PVMI_MSG_join)));
    pvmi_free(line);
    if (argument == NULL)
        return NULL;
    argument[strcspn(argument, " ")] = ':';
    argument[strcspn(argument, "\n")] = '\0';
    return argument;
}

char *joinline_of_argument(const char *argument)
{
    char *line = pvmi_asprintf("%s%s", joinline_word(PVMI_MSG_join), argument);

    if (line != NULL && strchr(line, ':') != NULL)
        *strchr(line, ':') = ' ';
    return line;
}

bool joinline_is(const char *line, int type)
{
    return strncmp(line, joinline_word(type), strlen(joinline_word(type))) == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Bytes of hex into fresh memory. */
static int joinline_unhex(const char *hex, uint8_t **ret_bytes, size_t *ret_length)
{
    size_t length = strspn(hex, "0123456789abcdef");
    uint8_t *bytes;

    if (length == 0 || length % 2 != 0 || hex[length + strspn(hex + length, "\r\n")] != '\0')
        return PvmBadMsg;
    bytes = pvmi_malloc(length / 2);
    if (bytes == NULL)
        return PvmNoMem;
    for (size_t i = 0; i < length / 2; i++)
        bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    *ret_bytes = bytes;
    *ret_length = length / 2;
    return PvmOk;
}

int joinline_parse(const char *line, int type, struct pvmi_control *ret_control, int *ret_version)
{
    const char *at = line + strlen(joinline_word(type));
    struct pvmi_control control;
    uint8_t *bytes;
    size_t length;
    char *end;
    long version;
    int rc;

    version = strtol(at, &end, 10);
    if (end == at || *end != ' ')
        return PvmBadMsg;
    *ret_version = (int)version;
    if (version < PVMI_VERSION_MIN || version > PVMI_VERSION)
        return PvmBadVersion;
    rc = joinline_unhex(end + 1, &bytes, &length);
    if (rc != PvmOk)
        return rc;
    rc = pvmi_control_decode(bytes, length, &control);
    pvmi_secret_wipe(bytes, length);
    pvmi_free(bytes);
    if (rc != PvmOk)
        return rc;
    if (control.type != type) {
        pvmi_control_free(&control);
        return PvmBadMsg;
    }
    *ret_control = control;
    return PvmOk;
}
