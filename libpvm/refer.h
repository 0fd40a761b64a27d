/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies that do not lie in this task's window. What was packed in place and lies in memory of pvm_alloc() is not copied:
 * the body says where it is. What lies elsewhere, or is little, is copied, between them.
 */
#ifndef PVMI_LIBPVM_REFER_H
#define PVMI_LIBPVM_REFER_H

#include <stdint.h>

#include "arena/region.h"

struct pvmi_msgbuf;

/* What pvm_alloc() has given, across enrolments. */
extern struct pvmi_regions pvmi_regions;

#define PVMI_REFER_MIN 1024    /* bytes of a piece: fewer are copied sooner than mapped and listed */

/* The body of buf as a chain in this task's window: *ret_position. Returns PvmOk, PvmNoMem. */
int pvmi_refer_body(const struct pvmi_msgbuf *buf, uint64_t *ret_position);

#endif
