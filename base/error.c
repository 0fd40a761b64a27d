/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *name;
    const char *text;
} error_list[] = {
#define ERROR_ENTRY(code, text) { code, #code, text },
    PVMI_ERROR_LIST(ERROR_ENTRY)
#undef ERROR_ENTRY
};

const char *pvmi_error_text(int code)
{
    for (size_t i = 0; i < sizeof(error_list) / sizeof(error_list[0]); i++)
        if (error_list[i].code == code)
            return error_list[i].text;
    return "Unknown Error";
}

const char *pvmi_error_name(int code)
{
    for (size_t i = 0; i < sizeof(error_list) / sizeof(error_list[0]); i++)
        if (error_list[i].code == code)
            return error_list[i].name;
    return "?";
}

int pvmi_error_from_errno(int err)
{
    switch (err) {
    case 0:
        return PvmOk;
    case ENOMEM:
        return PvmNoMem;
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case ENOBUFS:
    case EAGAIN:    /* fork: too many processes */
        return PvmOutOfRes;
    case ENOENT:
    case ENOTDIR:
        return PvmNoFile;
    case EACCES:
    case EPERM:
    case EROFS:
        return PvmDenied;
    default:
        return PvmSysErr;
    }
}

/* True for a byte inside a UTF-8 character: 10xxxxxx. */
static bool utf8_continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* How many bytes a UTF-8 character has that begins with byte; 1 for what begins none. */
static size_t utf8_length(char byte)
{
    unsigned char lead = (unsigned char)byte;

    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* text was cut by its room: drops the character at its end if that is not whole any more. */
static void utf8_trim(char *text)
{
    size_t length = strlen(text);
    size_t at = length;

    while (at > 0 && length - at < 3 && utf8_continues(text[at - 1]))
        at--;
    if (at > 0 && at - 1 + utf8_length(text[at - 1]) > length)
        text[at - 1] = '\0';
}

void pvmi_fault_set(struct pvmi_fault *fault, int code, const char *host, const char *format, ...)
{
    char text[sizeof(fault->text)];    /* the arguments may be parts of fault itself */
    char name[sizeof(fault->host)];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length < 0)
        text[0] = '\0';
    else if ((size_t)length >= sizeof(text))
        utf8_trim(text);

    if (snprintf(name, sizeof(name), "%s", host == NULL ? "" : host) >= (int)sizeof(name))
        utf8_trim(name);

    fault->code = code;
    memcpy(fault->text, text, sizeof(text));
    memcpy(fault->host, name, sizeof(name));
}

void pvmi_fault_clear(struct pvmi_fault *fault)
{
    *fault = (struct pvmi_fault){ .code = PvmOk };
}
