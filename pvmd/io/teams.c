/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/teams.h"

#include "arena/team.h"
#include "base/alloc.h"
#include "base/list.h"
#include "pvmd/io/arena_keeper.h"

struct team {
    struct pvmi_list link;              /* in teams.open, or sealed */
    uint64_t handle;
    struct pvmi_team_place place;
    uint32_t arrived;
    struct core_arrival *arrivals;      /* room for all, so that sealing cannot fail */
};

struct teams {
    struct io *io;
    struct pvmi_list open;
    struct pvmi_list sealed;    /* members may still look at them */
};

struct teams *teams_new(struct io *io)
{
    struct teams *teams = pvmi_calloc(1, sizeof(*teams));

    if (teams == NULL)
        return NULL;
    teams->io = io;
    pvmi_list_init(&teams->open);
    pvmi_list_init(&teams->sealed);
    return teams;
}

static void team_free(struct team *team)
{
    pvmi_list_remove(&team->link);
    pvmi_free(team->arrivals);
    pvmi_free(team);
}

/* The memory itself ends with the arena. */
void teams_free(struct teams *teams)
{
    if (teams == NULL)
        return;
    PVMI_LIST_EACH(node, &teams->open)
        team_free(PVMI_CONTAINER(node, struct team, link));
    PVMI_LIST_EACH(node, &teams->sealed)
        team_free(PVMI_CONTAINER(node, struct team, link));
    pvmi_free(teams);
}

/* Before memory is taken, what nobody looks at any more is given back. */
static void teams_sweep(struct teams *teams, struct pvmi_heap *heap)
{
    PVMI_LIST_EACH(node, &teams->sealed) {
        struct team *team = PVMI_CONTAINER(node, struct team, link);

        if (!pvmi_team_idle(heap, &team->place))
            continue;
        pvmi_team_free(heap, &team->place);
        team_free(team);
    }
}

static struct team *team_find(const struct teams *teams, uint64_t handle)
{
    PVMI_LIST_EACH(node, &teams->open) {
        struct team *team = PVMI_CONTAINER(node, struct team, link);

        if (team->handle == handle)
            return team;
    }
    return NULL;
}

/* ---- making ---- */

/* False when one of them has no slot, or there is no memory. */
static bool team_make(struct io *io, struct team *team, const int32_t *tids, uint32_t count, bool whole)
{
    struct pvmi_heap *heap = arena_keeper_heap(io);
    uint32_t *names = pvmi_malloc(count * sizeof(*names));
    bool good = names != NULL;

    for (uint32_t i = 0; good && i < count; i++) {
        names[i] = arena_keeper_name(io, tids[i]);
        good = names[i] != 0;
    }
    teams_sweep(io->teams, heap);
    good = good && pvmi_team_make(heap, names, count, whole, &team->place) == PvmOk;
    pvmi_free(names);
    return good;
}

static struct team *team_new(struct io *io, uint64_t handle, uint32_t count)
{
    struct team *team = pvmi_calloc(1, sizeof(*team));

    if (team == NULL)
        return NULL;
    pvmi_list_push(&io->teams->open, &team->link);
    team->handle = handle;
    team->arrivals = pvmi_calloc(count, sizeof(*team->arrivals));
    if (team->arrivals == NULL) {
        team_free(team);
        return NULL;
    }
    return team;
}

static void teams_make(struct io *io, uint64_t handle, const int32_t *tids, uint32_t count, bool whole)
{
    struct core_event *event = io_event(io, CORE_EVENT_TEAM_MADE, handle);
    struct team *team = arena_keeper_heap(io) != NULL ? team_new(io, handle, count) : NULL;

    event->team_made.round = PVMI_TEAM_FIRST;
    if (team != NULL && team_make(io, team, tids, count, whole))
        event->team_made.position = team->place.position;
    else if (team != NULL)
        team_free(team);
    io_post(io, event);
}

/* ---- sealing ---- */

static void team_taken(void *user, uint32_t seat, uint32_t request, int32_t count)
{
    struct team *team = user;

    team->arrivals[team->arrived++] = (struct core_arrival){ .seat = seat, .request = request, .count = count };
}

static void teams_seal(struct io *io, uint64_t handle)
{
    struct core_event *event = io_event(io, CORE_EVENT_TEAM_SEALED, handle);
    struct team *team = team_find(io->teams, handle);

    if (team != NULL) {
        uint32_t round = pvmi_team_seal(arena_keeper_heap(io), &team->place, team_taken, team);

        pvmi_team_wake_all(arena_keeper_heap(io), &team->place, arena_keeper_poke, io);
        for (uint32_t i = 0; i < team->arrived; i++)
            team->arrivals[i].round = round;
        event->team_sealed.count = team->arrived;
        event->team_sealed.arrivals = team->arrivals;
        team->arrivals = NULL;
        pvmi_list_remove(&team->link);
        pvmi_list_push(&io->teams->sealed, &team->link);
    }
    io_post(io, event);
}

static void teams_release(struct io *io, uint64_t handle, uint32_t round)
{
    const struct team *team = team_find(io->teams, handle);

    if (team == NULL)
        return;
    pvmi_team_release(arena_keeper_heap(io), &team->place, round);
    pvmi_team_wake_all(arena_keeper_heap(io), &team->place, arena_keeper_poke, io);
}

void teams_act(struct io *io, const struct core_action *action)
{
    if (action->type == CORE_ACTION_TEAM_MAKE)
        teams_make(io, action->handle, action->team.tids, action->team.count, action->team.whole);
    else if (action->type == CORE_ACTION_TEAM_SEAL)
        teams_seal(io, action->handle);
    else
        teams_release(io, action->handle, action->team.round);
}
