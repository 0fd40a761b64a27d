/* SPDX-License-Identifier: BSD-3-Clause */
/* A task of transport/shm in this process, with a view of its own of the arena. Include after cmocka.h. */
#ifndef TESTS_UNIT_SHM_SIDE_H
#define TESTS_UNIT_SHM_SIDE_H

#include "tests/unit/arena_task.h"
#include "transport/shm.h"

struct side {
    struct pvmi_arena *arena;
    struct pvmi_self self;
    struct pvmi_shm *shm;
    uint32_t slot;
};

/* The slot of a task with that tid, which may come. */
static inline void side_reserve(struct side *side, struct arena_daemon *daemon, int32_t tid)
{
    side->slot = daemon_reserve(daemon, tid);
}

/* The task comes. */
static inline void side_open(struct side *side, struct arena_daemon *daemon, pvmi_shm_poke_fn *poke, void *user)
{
    MUST(pvmi_arena_open(dup(daemon->arena->fd), &side->arena) == PvmOk);
    MUST(pvmi_slot_claim(side->arena, side->slot, side->slot + 1000, &side->self) == PvmOk);
    pvmi_wake_join(&side->self);
    MUST(pvmi_shm_open(&side->self, poke, user, &side->shm) == PvmOk);
}

/* It ends; the daemon has still to bury it. */
static inline void side_close(struct side *side)
{
    pvmi_shm_close(side->shm);
    side->shm = NULL;
    pvmi_wake_leave(&side->self);
    pvmi_arena_close(side->arena);
}

#endif
