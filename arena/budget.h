/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of the host's memory the arena may have, in pages of 4 KiB: a number in the header, from which each task
 * takes before it touches, in steps. There is no error for a page that the kernel cannot give to a process which
 * touches it, only SIGBUS or the OOM killer; so the number has to be smaller than what there is.
 *
 * What a task has taken stands in its control page, and goes back when pvmd frees its slot. A task that is killed
 * between the two stores leaves a difference, which pvmi_budget_audit() finds and gives back.
 */
#ifndef PVMI_ARENA_BUDGET_H
#define PVMI_ARENA_BUDGET_H

#include "arena/arena.h"

/* Half of what is available to this machine or memory group (cgroup), in pages. */
uint32_t pvmi_budget_default(void);

/* The same from the texts of /proc/meminfo and of the limits of memory groups ("max" or bytes; NULL: none). */
uint32_t pvmi_budget_from(const char *meminfo, const char *group_limit, const char *group_used);

/* Takes pages for the task whose control page that is (NULL: pvmd, which notes them itself). Returns PvmOk, or PvmNoMem
 * and nothing is taken. */
int pvmi_budget_take(struct pvmi_arena *arena, struct pvmi_slot_page *control, uint32_t pages);

/* Gives back what was taken; their memory must be gone. */
void pvmi_budget_give(struct pvmi_arena *arena, struct pvmi_slot_page *control, uint32_t pages);

/* pvmd, for a dead task: gives back all of it. Returns how many pages. */
uint32_t pvmi_budget_bury(struct pvmi_arena *arena, struct pvmi_slot_page *control);

/*
 * pvmd: compares what is free with what all slots have taken, and gives
 * back what killed tasks lost in between. Returns how many pages that were; 0 also when others took or gave meanwhile:
 * try again later.
 */
uint32_t pvmi_budget_audit(struct pvmi_arena *arena);

#endif
