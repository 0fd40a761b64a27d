/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The groups of which this task knows all without asking, because the daemons have lent them to the hosts of their members
 * (arena/team.h): who is a member, and its seat in the memory where barriers of all members pass.
 *
 * What a team says is so while it is open. A change of the group is made only once each team of it was sealed; then the
 * daemon is asked, as for any other group, until it tells of the next team.
 */
#ifndef PVMI_LIBPVM_TEAM_H
#define PVMI_LIBPVM_TEAM_H

#include <stdbool.h>

#include "base/list.h"
#include "libpvm/group.h"
#include "wire/control.h"

/* The daemon says that this task has a seat. Where it cannot be taken, the daemon is asked as before. */
void pvmi_team_told(const struct pvmi_msg_team *msg);

/* The members of group, if it is lent: good until the next call of this file, or until another thread gets in. Else NULL. */
const struct pvmi_members *pvmi_team_members(const char *group);

/*
 * A barrier of group, if it is lent and count (-1: the present size) is that of its members. Returns PvmOk; PVMI_AGAIN:
 * ask the daemon; else why it failed, with the fault noted.
 */
int pvmi_team_barrier(const char *group, int count);

/* This task is in group no more. */
void pvmi_team_left(const char *group);

/* This task leaves the machine, or (forked) is a child that has none of its memory. */
void pvmi_team_forget_all(bool forked);

/* ---- for libpvm/progress: who waits in a team sleeps there ---- */

extern struct pvmi_list pvmi_team_waits;    /* of the barriers that threads wait in */

static inline bool pvmi_team_waiting(void)
{
    return pvmi_team_waits.next != &pvmi_team_waits;
}

bool pvmi_team_ready_slow(void);

/* Whether one of them has ended. */
static inline bool pvmi_team_ready(void)
{
    return pvmi_team_waiting() && pvmi_team_ready_slow();
}

#endif
