/* SPDX-License-Identifier: BSD-3-Clause */
#include "bindings/fortran/fstring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

char *pvmi_fstring_take(struct pvmi_fstring *string, const char *text, size_t length)
{
    length = (uint32_t)length;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    string->copy = length < sizeof(string->room) ? string->room : malloc(length + 1);
    if (string->copy == NULL)
        return NULL;
    memcpy(string->copy, text, length);
    string->copy[length] = '\0';
    return string->copy;
}

void pvmi_fstring_drop(struct pvmi_fstring *string)
{
    if (string->copy != string->room)
        free(string->copy);
}

void pvmi_fstring_fill(char *to, size_t length, const char *text)
{
    size_t used = strlen(text);

    length = (uint32_t)length;
    if (used > length)
        used = length;
    memcpy(to, text, used);
    memset(to + used, ' ', length - used);
}
