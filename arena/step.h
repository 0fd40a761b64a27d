/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Points between the steps of claim, write, publish, free, sleep and wake, at which a test stops or kills a process.
 * The library is compiled without them; a second copy of this room, for tests, with PVMI_ARENA_STEPS.
 */
#ifndef PVMI_ARENA_STEP_H
#define PVMI_ARENA_STEP_H

#ifdef PVMI_ARENA_STEPS
/* Called with the name of the step that comes next; a test defines it. */
void pvmi_arena_step(const char *next);
#else
static inline void pvmi_arena_step(const char *next)
{
    (void)next;
}
#endif

#endif
