/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/heal.h"

#include "arena/budget.h"
#include "arena/inbox.h"
#include "arena/wake.h"

/* ---- walks ---- */

static bool slot_is(const struct pvmi_arena *arena, uint32_t slot, enum pvmi_life life)
{
    uint32_t word = atomic_load_explicit(&arena->life[slot], memory_order_acquire);

    return pvmi_life_of(word) == life && pvmi_life_owner(word) == slot;
}

static uint32_t slot_name(const struct pvmi_arena *arena, uint32_t slot)
{
    return pvmi_name(slot, pvmi_life_generation(atomic_load_explicit(&arena->life[slot], memory_order_acquire)));
}

/*
 * Calls each(user, name) for every living task that has a ring of the task in slot open, or not opened yet. A list that
 * is broken ends there: what follows in it nobody can find. PvmNoMem when it cannot be mapped; stops when each is false.
 */
static int each_receiver(struct pvmi_arena *arena, uint32_t slot, bool (*each)(void *user, uint32_t name), void *user)
{
    struct pvmi_slot_page *control = pvmi_arena_control(arena, slot);
    uint64_t at = control == NULL ? 0 : atomic_load_explicit(&control->rings, memory_order_acquire);

    for (uint32_t rings = 0; at != 0 && rings <= arena->slots; rings++) {
        struct pvmi_ring *ring;
        uint32_t peer, opening;
        void *mapped;
        int rc = pvmi_arena_at(arena, at, sizeof(*ring), &mapped);

        if (rc == PvmNoMem)
            return rc;
        if (rc != PvmOk)
            return PvmOk;
        ring = mapped;
        at = atomic_load_explicit(&ring->next, memory_order_relaxed);
        peer = atomic_load_explicit(&ring->peer, memory_order_acquire);
        opening = atomic_load_explicit(&ring->opening, memory_order_relaxed);
        if (peer == 0 || !pvmi_slot_lives(arena, peer) ||
            atomic_load_explicit(&ring->closed, memory_order_acquire) == opening)
            continue;
        if (!each(user, peer))
            return PvmOk;
    }
    return control == NULL ? PvmNoMem : PvmOk;
}

/* Whether a cell of the inbox of slot is claimed or filled by sender (0: by any that lives). */
static bool inbox_has(struct pvmi_arena *arena, const struct pvmi_slot_page *control, uint32_t sender, bool busy_only)
{
    for (int i = 0; i < PVMI_INBOX_CELLS; i++) {
        uint64_t word = atomic_load_explicit(&control->inbox[i].word, memory_order_acquire);
        enum pvmi_inbox_state state = pvmi_inbox_state_of(word);
        uint32_t from = pvmi_inbox_sender_of(word);

        if (state == PVMI_INBOX_FREE || (busy_only && state != PVMI_INBOX_BUSY))
            continue;
        if (sender != 0 ? from == sender : pvmi_slot_lives(arena, from))
            return true;
    }
    return false;
}

/* Whether the living task in slot lists a block of owner. When its list cannot be read, it may. */
static bool lists_block_of(struct pvmi_arena *arena, const struct pvmi_slot_page *control, uint32_t owner)
{
    uint64_t at = atomic_load_explicit(&control->holds, memory_order_acquire);

    for (uint32_t pages = 0; at != 0; pages++) {
        struct pvmi_hold_page *page;
        void *mapped;
        int rc = pages > arena->header->pages_total
                     ? PvmBadMsg
                     : pvmi_arena_at(arena, at + sizeof(struct pvmi_arena_block), sizeof(*page), &mapped);

        if (rc != PvmOk)
            return rc == PvmNoMem;
        page = mapped;
        for (uint32_t i = 0; i < PVMI_HOLD_PAGE; i++) {
            uint64_t block = atomic_load_explicit(&page->block[i], memory_order_acquire);

            if (block != 0 && pvmi_slot_owner(arena, pvmi_position_slot(block)) == owner)
                return true;
        }
        at = atomic_load_explicit(&page->next, memory_order_acquire);
    }
    return false;
}

/* ---- the end of a task ---- */

struct healing {
    struct pvmi_self *daemon;
    uint32_t dead;
    pvmi_heal_poke poke;
    void *user;
    int rc;
};

/* Lets the living task look at everything. */
static void ring_sweep(struct healing *healing, uint32_t receiver)
{
    struct pvmi_arena *arena = healing->daemon->arena;
    uint32_t slot = pvmi_name_slot(receiver);
    uint32_t woken = PVMI_WAKE_NEVER;

    atomic_store(&arena->bells[slot].sweep, 1);
    if (pvmi_wake_peer(healing->daemon, slot, &woken) == PVMI_WOKEN_POKE)
        healing->poke(healing->user, slot);
}

static bool finish_ring(void *user, uint32_t receiver)
{
    struct healing *healing = user;
    int rc = pvmi_inbox_request(healing->daemon->arena, healing->dead, receiver);

    if (rc != PvmOk)
        healing->rc = rc;
    ring_sweep(healing, receiver);
    return true;
}

/* Slot and all that were claimed for its heap. */
static void end_slots(struct pvmi_arena *arena, uint32_t owner)
{
    for (uint32_t slot = 0; (slot = pvmi_slot_next(arena, slot)) != 0;) {
        uint32_t word = atomic_load(&arena->life[slot]);

        if (pvmi_life_of(word) == PVMI_LIFE_FREE || pvmi_life_owner(word) != owner)
            continue;
        atomic_store(&arena->life[slot], pvmi_life_word(pvmi_life_generation(word), owner, PVMI_LIFE_DEAD));
    }
}

int pvmi_heal_dead(struct pvmi_self *daemon, uint32_t slot, pvmi_heal_poke poke, void *user)
{
    struct pvmi_arena *arena = daemon->arena;
    struct healing healing = { daemon, slot_name(arena, slot), poke, user, PvmOk };
    int rc;

    assert(slot > 0 && slot < arena->slots);
    if (!slot_is(arena, slot, PVMI_LIFE_RESERVED) && !slot_is(arena, slot, PVMI_LIFE_ALIVE) &&
        !slot_is(arena, slot, PVMI_LIFE_DEAD))
        return PvmOk;
    end_slots(arena, slot);
    rc = each_receiver(arena, slot, finish_ring, &healing);
    for (uint32_t other = 0; (other = pvmi_slot_next(arena, other)) != 0;) {
        struct pvmi_slot_page *control;

        if (!slot_is(arena, other, PVMI_LIFE_ALIVE))
            continue;
        control = pvmi_arena_control(arena, other);
        if (control == NULL)
            rc = PvmNoMem;
        else if (inbox_has(arena, control, healing.dead, false))
            ring_sweep(&healing, slot_name(arena, other));
    }
    return rc != PvmOk ? rc : healing.rc;
}

/* ---- freeing ---- */

static bool found(void *user, uint32_t name)
{
    (void)name;
    *(bool *)user = true;
    return false;
}

/* Whether somebody living still needs what the dead task in slot left. Rings and inboxes first, then lists. */
static bool needed(struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t dead = slot_name(arena, slot);
    bool any = false;

    if (each_receiver(arena, slot, found, &any) != PvmOk || any)
        return true;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t other = 0; (other = pvmi_slot_next(arena, other)) != 0;) {
            struct pvmi_slot_page *control;

            if (!slot_is(arena, other, PVMI_LIFE_ALIVE))
                continue;
            control = pvmi_arena_control(arena, other);
            if (control == NULL || (pass == 0 ? inbox_has(arena, control, dead, false)
                                              : lists_block_of(arena, control, dead)))
                return true;
        }
    }
    return false;
}

static void next_generation(struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t generation = (pvmi_life_generation(atomic_load(&arena->life[slot])) + 1) & 0xffff;

    pvmi_arena_punch(arena, slot, 0, arena->stride);
    atomic_store(&arena->life[slot],
                 pvmi_life_word(generation != 0 ? generation : 1, slot, PVMI_LIFE_FREE));
    pvmi_slot_forget(arena, slot);
}

/* A living sender may still be writing into a cell of the dead one's inbox; then that page stays as it is. */
static void free_slots(struct pvmi_arena *arena, uint32_t owner)
{
    struct pvmi_slot_page *control = pvmi_arena_control(arena, owner);
    uint32_t offset = arena->control_at + owner * (uint32_t)sizeof(struct pvmi_slot_page);

    pvmi_budget_bury(arena, control);
    atomic_store(&arena->tids[owner], 0);
    if (!inbox_has(arena, control, 0, true))
        pvmi_arena_punch(arena, 0, offset, sizeof(struct pvmi_slot_page));
    for (uint32_t slot = 0; (slot = pvmi_slot_next(arena, slot)) != 0;) {
        uint32_t word = atomic_load(&arena->life[slot]);

        if (slot != owner && pvmi_life_of(word) == PVMI_LIFE_DEAD && pvmi_life_owner(word) == owner)
            next_generation(arena, slot);
    }
    next_generation(arena, owner);
}

uint32_t pvmi_heal_sweep(struct pvmi_self *daemon)
{
    struct pvmi_arena *arena = daemon->arena;
    uint32_t left = 0;

    for (uint32_t slot = 0; (slot = pvmi_slot_next(arena, slot)) != 0;) {
        if (!slot_is(arena, slot, PVMI_LIFE_DEAD))
            continue;
        if (pvmi_arena_control(arena, slot) == NULL || needed(arena, slot))
            left++;
        else
            free_slots(arena, slot);
    }
    pvmi_budget_audit(arena);
    return left;
}

void pvmi_heal_recount(struct pvmi_arena *arena)
{
    int32_t before[PVMI_ARENA_MASKS], awake[PVMI_ARENA_MASKS] = { 0 };

    for (int i = 0; i < PVMI_ARENA_MASKS; i++)
        before[i] = atomic_load(&arena->header->masks[i].awake);
    for (uint32_t slot = 0; (slot = pvmi_slot_next(arena, slot)) != 0;) {
        struct pvmi_slot_page *control = slot_is(arena, slot, PVMI_LIFE_ALIVE) ? pvmi_arena_control(arena, slot) : NULL;
        uint32_t mask = control == NULL ? 0 : atomic_load(&control->mask);
        enum pvmi_state state;

        if (mask == 0)
            continue;    /* a look at the line of a slot that was never used would give it memory */
        state = pvmi_state_of(atomic_load(&arena->states[slot].word));
        if (mask <= PVMI_ARENA_MASKS && state != PVMI_ASLEEP && state != PVMI_ASLEEP_FD)
            awake[mask - 1]++;
    }
    for (int i = 0; i < PVMI_ARENA_MASKS; i++)    /* who counted meanwhile is right; the next death counts again */
        atomic_compare_exchange_strong(&arena->header->masks[i].awake, &before[i], awake[i]);
}
