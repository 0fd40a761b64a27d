/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of teams: a daemon that makes them, and members that wait as the library does, without its messages. */
#ifndef TESTS_ARENA_TEAM_H
#define TESTS_ARENA_TEAM_H

#include "arena/team.h"
#include "tests/unit/arena_task.h"

#define TEAM_MAX 24
#define TEAM_REQUEST 700    /* of member 0; the next one has one more */

struct team_daemon {
    struct arena_daemon daemon;
    struct pvmi_heap heap;
    uint32_t count;
    uint32_t slots[TEAM_MAX];
    uint32_t names[TEAM_MAX];
    struct pvmi_team_place team;
    int64_t pages;
    uint32_t taken[TEAM_MAX];    /* by number: the request, 0 not taken over */
    int32_t said[TEAM_MAX];
};

static inline void team_make(struct team_daemon *d, uint32_t count, bool whole)
{
    memset(d, 0, sizeof(*d));
    daemon_make(&d->daemon, ARENA_PAGES);
    MUST(pvmi_heap_init(&d->heap, &d->daemon.self) == PvmOk);
    d->pages = atomic_load(&d->daemon.arena->header->pages_free);
    d->count = count;
    for (uint32_t i = 0; i < count; i++) {
        d->slots[i] = daemon_reserve(&d->daemon, (int32_t)i + 1);
        d->names[i] = name_of(d->daemon.arena, d->slots[i]);
    }
    MUST(pvmi_team_make(&d->heap, d->names, count, whole, &d->team) == PvmOk);
}

static inline void team_taken(void *user, uint32_t number, uint32_t request, int32_t count)
{
    struct team_daemon *d = user;

    MUST(number < d->count && d->taken[number] == 0);
    d->taken[number] = request;
    d->said[number] = count;
}

static inline void team_seal(struct team_daemon *d)
{
    pvmi_team_seal(&d->heap, &d->team, team_taken, d);
    pvmi_team_wake_all(&d->heap, &d->team, no_poke, d);
}

/* Buries who is left; then nobody holds the team, and all memory is back. */
static inline void team_end(struct team_daemon *d)
{
    for (uint32_t i = 0; i < d->count; i++)
        daemon_bury(&d->daemon, d->slots[i]);
    MUST(pvmi_heal_sweep(&d->daemon.self) == 0);
    MUST(pvmi_team_idle(&d->heap, &d->team));
    pvmi_team_free(&d->heap, &d->team);
    pvmi_heap_trim(&d->heap);
    MUST(atomic_load(&d->daemon.arena->header->pages_free) == d->pages);
    pvmi_heap_fini(&d->heap);
    daemon_end(&d->daemon);
}

/* A member in a process of its own. */
static inline void member_start(const struct team_daemon *d, uint32_t number, struct arena_task *ret_task,
                                struct pvmi_team *ret_team)
{
    task_start(ret_task, d->daemon.arena->fd, d->slots[number]);
    MUST(pvmi_team_open(&ret_task->self, d->team.position, number, TEAM_REQUEST + number, ret_team) == PvmOk);
}

static inline bool member_look(void *user)
{
    return pvmi_team_look(user) != PVMI_TEAM_WAIT;
}

/* Waits for what becomes of the last arrival: spins a little if it may, then sleeps. */
static inline enum pvmi_team_result member_wait(struct pvmi_team *team)
{
    enum pvmi_team_result result = pvmi_team_look(team);

    for (int i = 0; i < 200 && result == PVMI_TEAM_WAIT && pvmi_wake_may_spin(team->self); i++)
        result = pvmi_team_look(team);
    while (result == PVMI_TEAM_WAIT) {
        pvmi_team_wait_begin(team);
        pvmi_wake_wait(team->self, member_look, team, PVMI_WAKE_NO_DEADLINE, NULL);
        pvmi_team_wait_end(team);
        result = pvmi_team_look(team);
    }
    if (result == PVMI_TEAM_DONE && team->few)
        pvmi_team_wake(team, no_poke, NULL);
    return result;
}

/* A barrier of a whole team. */
static inline enum pvmi_team_result member_barrier(struct pvmi_team *team)
{
    if (pvmi_team_arrive(team, -1))
        pvmi_team_wake(team, no_poke, NULL);
    return member_wait(team);
}

#endif
