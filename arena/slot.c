/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/slot.h"

#include <string.h>
#include <unistd.h>

#include "arena/budget.h"

#define CONTROL_PAGES ((uint32_t)(sizeof(struct pvmi_slot_page) / PVMI_ARENA_PAGE))

static uint32_t control_offset(const struct pvmi_arena *arena, uint32_t slot)
{
    return arena->control_at + slot * (uint32_t)sizeof(struct pvmi_slot_page);
}

/* Memory for what the daemon and others write of a slot. */
static int control_populate(struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t state = (uint32_t)((uint8_t *)&arena->states[slot] - (uint8_t *)arena->header);
    uint32_t bell = (uint32_t)((uint8_t *)&arena->bells[slot] - (uint8_t *)arena->header);
    int rc = pvmi_arena_populate(arena, 0, state & ~(PVMI_ARENA_PAGE - 1), PVMI_ARENA_PAGE);

    if (rc == PvmOk)
        rc = pvmi_arena_populate(arena, 0, bell & ~(PVMI_ARENA_PAGE - 1), PVMI_ARENA_PAGE);
    if (rc == PvmOk)
        rc = pvmi_arena_populate(arena, 0, control_offset(arena, slot), sizeof(struct pvmi_slot_page));
    return rc;
}

/* The owner's part of a control page, for a new owner; the budget for it was taken. Inbox, bell and request map stay:
 * what a sender to the task before has left there bears the old generation. */
static void control_reset(struct pvmi_slot_page *control)
{
    atomic_store(&control->rings, 0);
    atomic_store(&control->holds, 0);
    atomic_store(&control->pages, CONTROL_PAGES);
    atomic_store(&control->takes, 0);
    atomic_store(&control->mask, 0);
    atomic_store(&control->pid, 0);
}

/* Budget, then memory, then its first contents. */
static int control_make(struct pvmi_arena *arena, uint32_t slot)
{
    struct pvmi_slot_page *control = pvmi_arena_control(arena, slot);

    if (control == NULL || pvmi_budget_take(arena, NULL, CONTROL_PAGES) != PvmOk)
        return PvmNoMem;
    if (control_populate(arena, slot) != PvmOk) {
        atomic_fetch_add(&arena->header->pages_free, CONTROL_PAGES);
        return PvmNoMem;
    }
    control_reset(control);
    return PvmOk;
}

static bool life_change(struct pvmi_arena *arena, uint32_t slot, uint32_t from, uint32_t owner, enum pvmi_life life)
{
    return atomic_compare_exchange_strong(&arena->life[slot], &from,
                                          pvmi_life_word(pvmi_life_generation(from), owner, life));
}

/* Before slot can become anybody's. */
static void slot_remember(struct pvmi_arena *arena, uint32_t slot)
{
    arena->reserved[slot / 64] |= UINT64_C(1) << slot % 64;
    if (slot >= atomic_load_explicit(&arena->header->reserved_end, memory_order_relaxed))
        atomic_store(&arena->header->reserved_end, slot + 1);
}

void pvmi_slot_forget(struct pvmi_arena *arena, uint32_t slot)
{
    arena->reserved[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

uint32_t pvmi_slot_next(const struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t extended = atomic_load_explicit(&arena->header->extended_from, memory_order_acquire);
    uint32_t end = extended < arena->slots ? extended : arena->slots;    /* from there on each may be */

    if (++slot >= end)
        return slot < arena->slots ? slot : 0;
    for (; slot < end; slot = (slot | 63) + 1) {
        uint64_t here = arena->reserved[slot / 64] >> slot % 64;

        if (here != 0 && slot + (uint32_t)__builtin_ctzll(here) < end)
            return slot + (uint32_t)__builtin_ctzll(here);
    }
    return end < arena->slots ? end : 0;
}

int pvmi_slot_reserve(struct pvmi_arena *arena, int32_t tid, uint64_t nonce, uint32_t *ret_slot)
{
    struct pvmi_slot_page *control;
    uint32_t slot, word = 0;

    for (uint32_t n = 0;; n++) {
        if (n == arena->slots)
            return PvmOutOfRes;
        slot = ++arena->turn & (arena->slots - 1);
        word = atomic_load(&arena->life[slot]);
        if (slot != 0 && pvmi_life_of(word) == PVMI_LIFE_FREE)
            break;
    }
    if (control_make(arena, slot) != PvmOk)
        return PvmNoMem;
    control = pvmi_arena_control(arena, slot);
    slot_remember(arena, slot);
    atomic_store(&arena->states[slot].word, 0);
    atomic_store(&arena->states[slot].fence_me, 0);
    atomic_store(&arena->states[slot].mask, 0);
    atomic_store(&control->nonce, nonce);
    atomic_store(&arena->tids[slot], tid);
    if (!life_change(arena, slot, word, slot, PVMI_LIFE_RESERVED)) {    /* a task took it for its heap meanwhile */
        atomic_store(&arena->tids[slot], 0);
        pvmi_slot_forget(arena, slot);
        pvmi_budget_bury(arena, control);
        return pvmi_slot_reserve(arena, tid, nonce, ret_slot);
    }
    *ret_slot = slot;
    return PvmOk;
}

bool pvmi_slot_revoke(struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t word = atomic_load(&arena->life[slot]);

    if (pvmi_life_of(word) == PVMI_LIFE_RESERVED && life_change(arena, slot, word, slot, PVMI_LIFE_DEAD))
        return true;
    return pvmi_life_of(atomic_load(&arena->life[slot])) == PVMI_LIFE_DEAD;
}

static int self_init(struct pvmi_arena *arena, uint32_t slot, uint32_t generation, struct pvmi_self *ret_self)
{
    struct pvmi_slot_page *control = pvmi_arena_control(arena, slot);

    if (control == NULL)
        return PvmNoMem;
    memset(ret_self, 0, sizeof(*ret_self));
    ret_self->arena = arena;
    ret_self->slot = slot;
    ret_self->generation = generation;
    ret_self->name = pvmi_name(slot, generation);
    ret_self->control = control;
    ret_self->state = &arena->states[slot];
    ret_self->bell = &arena->bells[slot];
    ret_self->state_word = atomic_load(&ret_self->state->word);
    ret_self->mail = atomic_load(&ret_self->bell->mail) - 1;    /* what came before is not known: look once */
    arena->own = slot;
    return PvmOk;
}

int pvmi_slot_claim(struct pvmi_arena *arena, uint32_t slot, uint64_t nonce, struct pvmi_self *ret_self)
{
    uint32_t word = slot < arena->slots ? atomic_load(&arena->life[slot]) : 0;
    struct pvmi_self self;
    int rc;

    if (slot == 0 || pvmi_life_of(word) != PVMI_LIFE_RESERVED)
        return PvmDenied;
    rc = self_init(arena, slot, pvmi_life_generation(word), &self);
    if (rc != PvmOk)
        return rc;
    if (atomic_load(&self.control->nonce) != nonce || !life_change(arena, slot, word, slot, PVMI_LIFE_ALIVE))
        return PvmDenied;
    atomic_store(&self.control->pid, (int32_t)getpid());
    *ret_self = self;
    return PvmOk;
}

int pvmi_slot_daemon(struct pvmi_arena *arena, struct pvmi_self *ret_self)
{
    int rc = control_make(arena, 0);

    return rc == PvmOk ? self_init(arena, 0, 1, ret_self) : rc;
}

/* Before slot is ours: pvmd has to find it, wherever we are killed. */
static void extend_remember(struct pvmi_arena *arena, uint32_t slot)
{
    _Atomic uint32_t *from = &arena->header->extended_from;
    uint32_t before = atomic_load_explicit(from, memory_order_relaxed);

    while (slot < before && !atomic_compare_exchange_weak(from, &before, slot))
        ;
    pvmi_arena_step("extension shown");
}

/* From the other end than pvmd does: they rarely meet. */
int pvmi_slot_extend(struct pvmi_self *self, uint32_t *ret_slot)
{
    struct pvmi_arena *arena = self->arena;

    for (uint32_t slot = arena->slots - 1; slot > 0; slot--) {
        uint32_t word = atomic_load_explicit(&arena->life[slot], memory_order_relaxed);

        if (pvmi_life_of(word) != PVMI_LIFE_FREE)
            continue;
        extend_remember(arena, slot);
        if (!life_change(arena, slot, word, self->slot, PVMI_LIFE_ALIVE))
            continue;
        *ret_slot = slot;
        return PvmOk;
    }
    return PvmOutOfRes;
}

int pvmi_slot_find(const struct pvmi_arena *arena, int32_t tid, uint32_t *ret_name)
{
    uint32_t end = atomic_load_explicit(&arena->header->reserved_end, memory_order_acquire);

    for (uint32_t slot = 1; tid != 0 && slot < end && slot < arena->slots; slot++) {
        uint32_t name;

        if (atomic_load_explicit(&arena->tids[slot], memory_order_acquire) != tid)
            continue;
        name = pvmi_name(slot, pvmi_life_generation(atomic_load(&arena->life[slot])));
        if (!pvmi_slot_lives(arena, name))
            continue;
        *ret_name = name;
        return PvmOk;
    }
    return PvmNoTask;
}

int32_t pvmi_slot_tid(const struct pvmi_arena *arena, uint32_t name)
{
    uint32_t slot = pvmi_name_slot(name);
    int32_t tid;

    if (slot >= arena->slots)
        return 0;
    tid = atomic_load(&arena->tids[slot]);
    return pvmi_life_generation(atomic_load(&arena->life[slot])) == pvmi_name_generation(name) ? tid : 0;
}

uint32_t pvmi_slot_owner(const struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t word, owner;

    if (slot >= arena->slots)
        return 0;
    word = atomic_load_explicit(&arena->life[slot], memory_order_acquire);
    owner = pvmi_life_owner(word);
    if (pvmi_life_of(word) == PVMI_LIFE_FREE || owner >= arena->slots)
        return 0;
    return pvmi_name(owner, pvmi_life_generation(atomic_load_explicit(&arena->life[owner], memory_order_acquire)));
}
