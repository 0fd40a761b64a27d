/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/alloc.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Atomic, because a program's threads may allocate buffers at the same time. */
static atomic_int fail_countdown = -1;
static atomic_long block_count;

void pvmi_alloc_fail_nth(int nth)
{
    atomic_store(&fail_countdown, nth < 0 ? -1 : nth);
}

long pvmi_alloc_count(void)
{
    return atomic_load(&block_count);
}

/* Counts down to the allocation that has to fail; that one turns the counting off. */
static bool alloc_must_fail(void)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) < 0)
        return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 0;
}

static void *alloc_counted(void *block)
{
    if (block != NULL)
        atomic_fetch_add_explicit(&block_count, 1, memory_order_relaxed);
    return block;
}

/* NULL must mean "no memory" and nothing else, so an empty block is one byte. */
static size_t alloc_size(size_t size)
{
    return size == 0 ? 1 : size;
}

void *pvmi_malloc(size_t size)
{
    return alloc_must_fail() ? NULL : alloc_counted(malloc(alloc_size(size)));
}

void *pvmi_calloc(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    return alloc_must_fail() ? NULL : alloc_counted(calloc(count, size));
}

void *pvmi_realloc(void *block, size_t size)
{
    if (block == NULL)
        return pvmi_malloc(size);
    return alloc_must_fail() ? NULL : realloc(block, alloc_size(size));
}

char *pvmi_strndup(const char *text, size_t length_max)
{
    size_t length = strnlen(text, length_max);
    char *copy = pvmi_malloc(length + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *pvmi_strdup(const char *text)
{
    return pvmi_strndup(text, strlen(text));
}

void pvmi_free(void *block)
{
    if (block == NULL)
        return;
    atomic_fetch_sub_explicit(&block_count, 1, memory_order_relaxed);
    free(block);
}

char *pvmi_asprintf(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return NULL;

    text = pvmi_malloc((size_t)length + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
