/* SPDX-License-Identifier: BSD-3-Clause */
/* A copy that is made past the caches. */
#ifndef PVMI_BASE_COPY_H
#define PVMI_BASE_COPY_H

#include <stddef.h>

/*
 * As memcpy(), but does not bring what is overwritten into the cache first, where the machine can do that: for memory
 * that another processor, far away, has in its own cache. That one fetches it from memory then. Others who are told of
 * the bytes behind this call find them.
 */
void pvmi_copy_past(void *to, const void *from, size_t size);

#endif
