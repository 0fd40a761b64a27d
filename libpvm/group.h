/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups: the daemons keep them; members of a frozen one are kept here, too. */
#ifndef PVMI_LIBPVM_GROUP_H
#define PVMI_LIBPVM_GROUP_H

#include <stdint.h>

struct pvmi_members {
    uint32_t count;      /* instances 0 to count - 1 */
    int32_t tids[];      /* by instance, 0 for a hole */
};

/* A list of them, or NULL when there is no memory (the fault is noted). */
struct pvmi_members *pvmi_members_new(const int32_t *tids, uint32_t count);

/* Who is in group; to be freed with pvmi_free(). Enrols. PvmOk, PvmNullGroup, PvmNoGroup, PvmNoMem,
 * PvmSysErr; the fault is noted. */
int pvmi_group_members(const char *group, struct pvmi_members **ret_members);

/* The instance of tid in members, or -1. */
int pvmi_members_find(const struct pvmi_members *members, int32_t tid);

/* This task has left: frozen groups are forgotten. */
void pvmi_group_forget(void);

#endif
