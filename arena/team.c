/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/team.h"

#include <sched.h>
#include <string.h>

#include "base/alloc.h"

/* Numbers of rounds, and of arrivals, go round. */
static bool not_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) >= 0;
}

static uint32_t team_size(uint32_t seats)
{
    return (uint32_t)(sizeof(struct pvmi_team_head) + seats * sizeof(struct pvmi_team_seat));
}

static bool is_few(uint32_t seats, bool whole)
{
    return whole && seats <= PVMI_TEAM_FEW;
}

/* Where seat number says in which round it has arrived. */
static _Atomic uint32_t *round_of(struct pvmi_team_head *head, uint32_t seats, bool whole, uint32_t number)
{
    return is_few(seats, whole) ? &head->rounds[number] : &head->seat[number].round;
}

/* ---- a member ---- */

/* Whether one of us cannot be reached by membarrier, or pvmd cannot call it: then there are fences instead. */
static bool needs_fence(const struct pvmi_self *self, const struct pvmi_team_head *head, uint32_t seats)
{
    const struct pvmi_arena *arena = self->arena;
    bool fence = self->fence || atomic_load(&arena->states[0].fence_me) != 0;

    for (uint32_t i = 0; i < seats; i++) {
        uint32_t slot = pvmi_name_slot(head->seat[i].name);

        fence |= slot >= arena->slots || atomic_load(&arena->states[slot].fence_me) != 0;
    }
    return fence;
}

int pvmi_team_open(struct pvmi_self *self, uint64_t position, uint32_t number, uint32_t request,
                   struct pvmi_team *ret_team)
{
    struct pvmi_team team = { .self = self };
    struct pvmi_team_head *head;
    void *mapped;
    int rc = pvmi_arena_at(self->arena, position, sizeof(*head), &mapped);

    if (rc != PvmOk)
        return rc;
    head = mapped;
    team.seats = head->seats;
    if (head->magic != PVMI_TEAM_MAGIC || team.seats > PVMI_TEAM_SEATS_MAX || number >= team.seats)
        return PvmBadMsg;
    rc = pvmi_arena_pin(self->arena, position, team_size(team.seats), &team.pin);
    if (rc != PvmOk)
        return rc;
    team.head = team.pin.at;
    team.seat = &team.head->seat[number];
    team.whole = team.head->whole != 0;
    team.few = is_few(team.seats, team.whole);
    team.number = number;
    team.arrived = round_of(team.head, team.seats, team.whole, number);
    team.round = PVMI_TEAM_FIRST;
    team.woken = pvmi_malloc(team.seats * sizeof(*team.woken));
    if (team.woken == NULL || team.seat->name != self->name) {
        rc = team.woken == NULL ? PvmNoMem : PvmBadMsg;
        pvmi_free(team.woken);
        pvmi_arena_unpin(&team.pin);
        return rc;
    }
    memset(team.woken, 0xff, team.seats * sizeof(*team.woken));    /* PVMI_WAKE_NEVER */
    team.fence = needs_fence(self, team.head, team.seats);
    atomic_store_explicit(&team.seat->request, request, memory_order_relaxed);
    *ret_team = team;
    return PvmOk;
}

void pvmi_team_close(struct pvmi_team *team)
{
    if (team->head == NULL)
        return;
    atomic_store_explicit(&team->seat->held, 0, memory_order_release);
    pvmi_arena_unpin(&team->pin);
    pvmi_team_forget(team);
}

void pvmi_team_forget(struct pvmi_team *team)
{
    pvmi_free(team->woken);
    memset(team, 0, sizeof(*team));
}

#define CPU_UNKNOWN 127u    /* this one, and those beyond */

/* What a member that has arrived in that round says of where it runs. */
static uint8_t where_in(uint32_t round)
{
    unsigned cpu = (unsigned)sched_getcpu();

    return (uint8_t)((cpu < CPU_UNKNOWN ? cpu : CPU_UNKNOWN) | (round & 1) << 7);
}

bool pvmi_team_in_the_way(const struct pvmi_team *team)
{
    uint8_t before = where_in(team->round - 1);

    if (team->seats > PVMI_TEAM_WHERE || (before & CPU_UNKNOWN) == CPU_UNKNOWN)
        return false;
    for (uint32_t i = 0; i < team->seats; i++) {
        if (atomic_load_explicit(&team->head->where[i], memory_order_relaxed) == before)
            return true;
    }
    return false;
}

bool pvmi_team_arrive(struct pvmi_team *team, int32_t count)
{
    struct pvmi_team_seat *seat = team->seat;

    if (atomic_load_explicit(&seat->count, memory_order_relaxed) != count)
        atomic_store_explicit(&seat->count, count, memory_order_relaxed);
    team->round++;
    team->next = 0;
    if (team->number < PVMI_TEAM_WHERE)
        atomic_store_explicit(&team->head->where[team->number], where_in(team->round), memory_order_relaxed);
    pvmi_arena_step("team arrive");
    atomic_store_explicit(team->arrived, team->round, memory_order_release);
    pvmi_arena_step("team arrived");
    if (team->few)
        return false;
    return atomic_fetch_add(&team->head->arrivals, 1) + 1 == team->round * team->seats;
}

/* Whether all have arrived in this round. */
static bool all_arrived(struct pvmi_team *team)
{
    const struct pvmi_team_head *head = team->head;

    if (!team->few)
        return not_before(atomic_load_explicit(&head->arrivals, memory_order_acquire), team->round * team->seats);
    while (team->next < team->seats) {
        if (!not_before(atomic_load_explicit(&head->rounds[team->next], memory_order_acquire), team->round))
            return false;
        team->next++;
    }
    return true;
}

enum pvmi_team_result pvmi_team_look(struct pvmi_team *team)
{
    const struct pvmi_team_head *head = team->head;
    bool complete = team->whole && all_arrived(team);
    uint32_t sealed;

    if (complete && team->fence)
        pvmi_fence();
    sealed = atomic_load_explicit(&head->sealed, memory_order_acquire);
    if (complete && sealed == PVMI_TEAM_OPEN)
        return PVMI_TEAM_DONE;
    if ((!team->whole || sealed == PVMI_TEAM_SEALED) &&
        not_before(atomic_load_explicit(&head->released, memory_order_acquire), team->round))
        return PVMI_TEAM_DONE;
    if (sealed != PVMI_TEAM_SEALED)
        return PVMI_TEAM_WAIT;
    return atomic_load_explicit(&team->seat->counted, memory_order_relaxed) == team->round ? PVMI_TEAM_TAKEN
                                                                                            : PVMI_TEAM_MISSED;
}

void pvmi_team_wait_begin(struct pvmi_team *team)
{
    atomic_store_explicit(&team->seat->waiting, 1, memory_order_relaxed);    /* the fence follows, in wake.c */
}

void pvmi_team_wait_end(struct pvmi_team *team)
{
    atomic_store_explicit(&team->seat->waiting, 0, memory_order_relaxed);
}

/* Behind a fence of the caller, or what makes up for it. */
static void wake_waiting(const struct pvmi_self *self, struct pvmi_team_head *head, uint32_t seats, uint32_t *woken,
                         pvmi_team_poke poke, void *user)
{
    for (uint32_t i = 0; i < seats; i++) {
        uint32_t never = PVMI_WAKE_NEVER;
        uint32_t slot;

        if (atomic_load_explicit(&head->seat[i].waiting, memory_order_relaxed) == 0)
            continue;
        slot = pvmi_name_slot(head->seat[i].name);
        if (slot >= self->arena->slots)
            continue;
        pvmi_arena_step("team wake");
        if (pvmi_wake_slow(self, slot, woken != NULL ? &woken[i] : &never) == PVMI_WOKEN_POKE)
            poke(user, slot);
    }
}

void pvmi_team_wake(struct pvmi_team *team, pvmi_team_poke poke, void *user)
{
    if (!team->few || team->fence)
        pvmi_fence();
    wake_waiting(team->self, team->head, team->seats, team->woken, poke, user);
}

/* ---- pvmd ---- */

static struct pvmi_team_head *own_head(struct pvmi_heap *heap, const struct pvmi_team_place *place)
{
    struct pvmi_arena_block *block = pvmi_heap_block(heap, place->position - sizeof(struct pvmi_arena_block));

    return (struct pvmi_team_head *)(void *)pvmi_block_data(block);
}

int pvmi_team_make(struct pvmi_heap *heap, const uint32_t *names, uint32_t seats, bool whole,
                   struct pvmi_team_place *ret_place)
{
    struct pvmi_arena_block *block;
    struct pvmi_team_head *head;
    uint64_t position;
    int rc;

    if (seats == 0 || seats > PVMI_TEAM_SEATS_MAX)
        return PvmBadParam;
    rc = pvmi_heap_new(heap, team_size(seats), &position, &block);
    if (rc != PvmOk)
        return rc;
    head = (struct pvmi_team_head *)(void *)pvmi_block_data(block);
    memset(head, 0, team_size(seats));
    head->seats = seats;
    head->whole = whole;
    atomic_store_explicit(&head->released, PVMI_TEAM_FIRST, memory_order_relaxed);
    atomic_store_explicit(&head->arrivals, PVMI_TEAM_FIRST * seats, memory_order_relaxed);
    for (uint32_t i = 0; i < seats; i++) {
        head->seat[i].name = names[i];
        atomic_store_explicit(round_of(head, seats, whole, i), PVMI_TEAM_FIRST, memory_order_relaxed);
        atomic_store_explicit(&head->seat[i].held, 1, memory_order_relaxed);
    }
    head->magic = PVMI_TEAM_MAGIC;
    *ret_place = (struct pvmi_team_place){ position + sizeof(struct pvmi_arena_block), seats, whole };
    return PvmOk;
}

/* The last complete round, once all have been read. */
static uint32_t last_complete(const struct pvmi_team_head *head, const struct pvmi_team_place *place)
{
    uint32_t most = atomic_load_explicit(&head->seat[0].counted, memory_order_relaxed);
    bool all = true;

    if (!place->whole)
        return atomic_load_explicit(&head->released, memory_order_relaxed);
    for (uint32_t i = 1; i < place->seats; i++) {
        uint32_t round = atomic_load_explicit(&head->seat[i].counted, memory_order_relaxed);

        all &= round == most;
        most = not_before(round, most) ? round : most;
    }
    return all ? most : most - 1;
}

uint32_t pvmi_team_seal(struct pvmi_heap *heap, const struct pvmi_team_place *place, pvmi_team_taken taken, void *user)
{
    struct pvmi_team_head *head = own_head(heap, place);
    uint32_t complete;

    atomic_store(&head->sealed, PVMI_TEAM_SEALING);
    pvmi_wake_recheck(heap->self);
    pvmi_fence();
    for (uint32_t i = 0; i < place->seats; i++)
        atomic_store_explicit(&head->seat[i].counted, atomic_load(round_of(head, place->seats, place->whole, i)),
                              memory_order_relaxed);
    complete = last_complete(head, place);
    atomic_store_explicit(&head->released, complete, memory_order_relaxed);
    for (uint32_t i = 0; i < place->seats; i++) {
        const struct pvmi_team_seat *seat = &head->seat[i];

        if (atomic_load_explicit(&seat->counted, memory_order_relaxed) == complete + 1)
            taken(user, i, atomic_load_explicit(&seat->request, memory_order_relaxed),
                  atomic_load_explicit(&seat->count, memory_order_relaxed));
    }
    atomic_store_explicit(&head->sealed, PVMI_TEAM_SEALED, memory_order_release);
    return complete + 1;
}

void pvmi_team_release(struct pvmi_heap *heap, const struct pvmi_team_place *place, uint32_t round)
{
    struct pvmi_team_head *head = own_head(heap, place);

    if (not_before(round, atomic_load_explicit(&head->released, memory_order_relaxed)))
        atomic_store_explicit(&head->released, round, memory_order_release);
}

void pvmi_team_wake_all(struct pvmi_heap *heap, const struct pvmi_team_place *place, pvmi_team_poke poke, void *user)
{
    struct pvmi_team_head *head = own_head(heap, place);

    pvmi_fence();
    wake_waiting(heap->self, head, place->seats, NULL, poke, user);
}

bool pvmi_team_idle(struct pvmi_heap *heap, const struct pvmi_team_place *place)
{
    struct pvmi_team_head *head = own_head(heap, place);

    for (uint32_t i = 0; i < place->seats; i++) {
        if (atomic_load_explicit(&head->seat[i].held, memory_order_acquire) != 0 &&
            pvmi_slot_lives(heap->self->arena, head->seat[i].name))
            return false;
    }
    return true;
}

void pvmi_team_free(struct pvmi_heap *heap, const struct pvmi_team_place *place)
{
    pvmi_heap_free(heap, place->position - sizeof(struct pvmi_arena_block));
}
