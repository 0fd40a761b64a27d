/* SPDX-License-Identifier: BSD-3-Clause */
/* The buffers that this task knows, by names that do not depend on how ids are given out. */
#include "script.h"

#define KNOWN_MAX 64

static struct known known[KNOWN_MAX];
static int count;
static int names;

struct known *buffers_find(int id)
{
    for (int i = 0; i < count; i++)
        if (known[i].id == id)
            return &known[i];
    return NULL;
}

void buffers_gone(int id)
{
    struct known *buffer = buffers_find(id);

    if (buffer != NULL) {
        memmove(buffer, buffer + 1, (char *)&known[count] - (char *)(buffer + 1));
        count--;
    }
}

/* No script has so many: the first would be forgotten, on both sides alike. */
void buffers_made(int id, int encoding, int received)
{
    if (id <= 0)
        return;
    buffers_gone(id);
    if (count == KNOWN_MAX)
        buffers_gone(known[0].id);
    known[count++] = (struct known){ id, ++names, encoding, received, 0, 0, 0, 0, 0 };
}

void buffers_multicast(void)
{
    struct known *buffer = buffers_find(pvm_getsbuf());

    if (buffer != NULL)
        buffer->multicast = 1;
}

struct known *buffers_some(void)
{
    return count == 0 ? NULL : &known[below(count)];
}

const char *buffers_text(int id)
{
    struct known *buffer = buffers_find(id);

    if (id == 0)
        return "none";
    if (buffer != NULL)
        return text_format("b%d", buffer->name);
    return id > 0 ? "unknown" : quiet(id);
}
