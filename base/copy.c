/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/copy.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

#define LINE 64
#define PIECE sizeof(__m128i)

static void copy_line(uint8_t *to, const uint8_t *from)
{
    for (size_t i = 0; i < LINE; i += PIECE)
        _mm_stream_si128((__m128i *)(void *)(to + i), _mm_loadu_si128((const __m128i *)(const void *)(from + i)));
}

/* A line that is not written whole costs more than an ordinary one. */
void pvmi_copy_past(void *to, const void *from, size_t size)
{
    size_t head = -(uintptr_t)to & (LINE - 1);
    const uint8_t *source = from;
    uint8_t *at = to;

    if (head > size)
        head = size;
    memcpy(at, source, head);
    for (at += head, source += head, size -= head; size >= LINE; at += LINE, source += LINE, size -= LINE)
        copy_line(at, source);
    memcpy(at, source, size);
    _mm_sfence();    /* these stores keep no order by themselves */
}

#else

void pvmi_copy_past(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

#endif
