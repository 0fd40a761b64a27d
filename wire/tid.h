/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Task identifiers, laid out as in PVM 3:
 *
 *   bit 31      pvmd: with a host part the pvmd of that host; alone "my local pvmd"
 *   bit 30      group (multicast) address, not used by us
 *   bits 18-29  host number, 1 to 4095; the first host is 1
 *   bits 0-17   task number on that host, 1 upwards
 */
#ifndef PVMI_WIRE_TID_H
#define PVMI_WIRE_TID_H

#include <stdbool.h>
#include <stdint.h>

#define PVMI_TID_PVMD ((int32_t)0x80000000)    /* my local pvmd: source of notices and output */
#define PVMI_TID_HOST_MASK 0x3ffc0000
#define PVMI_TID_LOCAL_MASK 0x0003ffff
#define PVMI_TID_HOST_SHIFT 18
#define PVMI_HOST_MAX 4095                     /* host numbers 1 to this */
#define PVMI_LOCAL_MAX 0x3ffff                 /* task numbers on a host 1 to this */

/* Contexts that programs cannot get from pvm_newcontext(). */
#define PVMI_CONTEXT_CONTROL 0x7ffff    /* between libraries: output for pvm_catchout */
#define PVMI_CONTEXT_PVMD 0x7fffe
#define PVMI_CONTEXT_GROUP 0x7fffc      /* data of reduce, gather, scatter */

static inline int pvmi_tid_host(int32_t tid)
{
    return (tid & PVMI_TID_HOST_MASK) >> PVMI_TID_HOST_SHIFT;
}

static inline int32_t pvmi_tid_local(int32_t tid)
{
    return tid & PVMI_TID_LOCAL_MASK;
}

static inline int32_t pvmi_tid_make(int host, int32_t local)
{
    return (int32_t)(((uint32_t)host << PVMI_TID_HOST_SHIFT) | (uint32_t)local);
}

/* What pvm_config() shows for a host. */
static inline int32_t pvmi_tid_of_host(int host)
{
    return pvmi_tid_make(host, 0);
}

static inline bool pvmi_tid_is_task(int32_t tid)
{
    return tid > 0 && (tid & 0x40000000) == 0 && pvmi_tid_local(tid) != 0 && pvmi_tid_host(tid) != 0;
}

/* What programs may ask and send to as a task, as in PVM 3: without a host part it is one that does not live. */
static inline bool pvmi_tid_may_be_task(int32_t tid)
{
    return tid > 0 && (tid & 0x40000000) == 0 && pvmi_tid_local(tid) != 0;
}

/* A host part, with or without the pvmd bit, and no task number. */
static inline bool pvmi_tid_is_host(int32_t tid)
{
    return (tid & 0x40000000) == 0 && pvmi_tid_local(tid) == 0 && pvmi_tid_host(tid) != 0;
}

#endif
