/* SPDX-License-Identifier: BSD-3-Clause */
/* What packing and unpacking share. Items: pvmi_pack_items(), pvmi_unpack_items() in msgbuf.h. */
#ifndef PVMI_LIBPVM_PACK_H
#define PVMI_LIBPVM_PACK_H

#include "libpvm/msgbuf.h"
#include "wire/section.h"

/* Type codes name widths; long's differs between machines. */
#define PVMI_TYPE_LONG (sizeof(long) == 8 ? PVMI_TYPE_INT64 : PVMI_TYPE_INT32)
#define PVMI_TYPE_ULONG (sizeof(long) == 8 ? PVMI_TYPE_UINT64 : PVMI_TYPE_UINT32)

/* One item that need not stay where it is, also in place. PvmOk, PvmNoMem, PvmBadMsg as pvmi_msgbuf_own(). */
int pvmi_pack_value(struct pvmi_msgbuf *buf, int type, const void *value, size_t size);

/* A string by value: an int, its length with the NUL, and the bytes. Returns as pvm_pkstr(), but in place it is
 * copied. */
int pvmi_pack_string(struct pvmi_msgbuf *buf, const char *text);

/* The same read back to where there is room for it, length unknown. Returns as pvm_upkstr(). */
int pvmi_unpack_string(struct pvmi_msgbuf *buf, char *text);

#endif
