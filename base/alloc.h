/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory, with one place where a test can make the nth allocation fail. */
#ifndef PVMI_BASE_ALLOC_H
#define PVMI_BASE_ALLOC_H

#include <stddef.h>

/* As malloc, calloc, realloc, strdup and strndup; NULL when there is no memory. */
void *pvmi_malloc(size_t size);
void *pvmi_calloc(size_t count, size_t size);
void *pvmi_realloc(void *block, size_t size);
char *pvmi_strdup(const char *text);
char *pvmi_strndup(const char *text, size_t length_max);
void pvmi_free(void *block);

/* printf into fresh memory; NULL when there is none. */
char *pvmi_asprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For tests: the nth allocation from now on (0 the next) fails, once. Negative: none does. */
void pvmi_alloc_fail_nth(int nth);

/* For tests: how many blocks are allocated and not freed. */
long pvmi_alloc_count(void);

#endif
