/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/inbox.h"

#include <string.h>

#define MAP_WORDS (PVMI_ARENA_SLOTS_MAX / 64)
#define WORDS_PER_BIT (MAP_WORDS / 64)

/* ---- the sender's side ---- */

/* A free cell, claimed; NULL when there is none. Senders begin at different ones. */
static struct pvmi_inbox_cell *claim(struct pvmi_slot_page *control, uint32_t sender, uint32_t receiver, int *ret_index)
{
    uint64_t busy = pvmi_inbox_word(PVMI_INBOX_BUSY, sender, receiver);

    for (uint32_t n = 0; n < PVMI_INBOX_CELLS; n++) {
        uint32_t index = (pvmi_name_slot(sender) * 5 + n) % PVMI_INBOX_CELLS;
        struct pvmi_inbox_cell *cell = &control->inbox[index];
        uint64_t word = atomic_load_explicit(&cell->word, memory_order_relaxed);

        if (pvmi_inbox_state_of(word) != PVMI_INBOX_FREE)
            continue;
        pvmi_arena_step("inbox claim");
        if (!atomic_compare_exchange_strong_explicit(&cell->word, &word, busy, memory_order_acquire,
                                                     memory_order_relaxed))
            continue;
        *ret_index = (int)index;
        return cell;
    }
    return NULL;
}

int pvmi_inbox_put(struct pvmi_self *self, uint32_t receiver, const void *bytes, size_t size)
{
    struct pvmi_slot_page *control = pvmi_arena_control(self->arena, pvmi_name_slot(receiver));
    struct pvmi_bell *bell = &self->arena->bells[pvmi_name_slot(receiver)];
    struct pvmi_inbox_cell *cell;
    int index;

    assert(size <= PVMI_INBOX_BYTES);
    if (control == NULL)
        return PvmNoMem;
    cell = claim(control, self->name, receiver, &index);
    if (cell == NULL)
        return PVMI_AGAIN;
    pvmi_arena_step("inbox write");
    cell->size = (uint16_t)size;
    memcpy(cell->bytes, bytes, size);
    pvmi_arena_step("inbox publish");
    atomic_store_explicit(&cell->word, pvmi_inbox_word(PVMI_INBOX_FULL, self->name, receiver), memory_order_release);
    pvmi_arena_step("inbox bell");
    atomic_fetch_or_explicit(&bell->full, UINT64_C(1) << index, memory_order_release);
    pvmi_arena_step("inbox rung");
    return PvmOk;
}

int pvmi_inbox_request(struct pvmi_arena *arena, uint32_t sender, uint32_t receiver)
{
    struct pvmi_slot_page *control = pvmi_arena_control(arena, pvmi_name_slot(receiver));
    struct pvmi_bell *bell = &arena->bells[pvmi_name_slot(receiver)];
    uint32_t slot = pvmi_name_slot(sender);
    uint32_t word = slot / 64;

    if (control == NULL)
        return PvmNoMem;
    atomic_fetch_or_explicit(&control->request_map[word], UINT64_C(1) << slot % 64, memory_order_release);
    pvmi_arena_step("request bell");
    atomic_fetch_or_explicit(&bell->requests, UINT64_C(1) << word / WORDS_PER_BIT, memory_order_release);
    pvmi_arena_step("request rung");
    return PvmOk;
}

/* ---- the receiver's side ---- */

void pvmi_inbox_init(struct pvmi_inbox *inbox, struct pvmi_self *self)
{
    memset(inbox, 0, sizeof(*inbox));
    inbox->self = self;
    inbox->pending = ~UINT64_C(0);    /* whatever senders to the slot's last task have left is thrown away now */
    inbox->asking = ~UINT64_C(0);
    inbox->cell = -1;
}

static int lowest(uint64_t bits)
{
    return __builtin_ctzll(bits);
}

/* What is to be done with cell: true when it holds a record for us. */
static bool cell_good(struct pvmi_inbox *inbox, struct pvmi_inbox_cell *cell, uint32_t *ret_sender)
{
    uint64_t word = atomic_load_explicit(&cell->word, memory_order_acquire);
    enum pvmi_inbox_state state = pvmi_inbox_state_of(word);

    *ret_sender = pvmi_inbox_sender_of(word);
    if (state == PVMI_INBOX_FULL) {
        if (word >> 32 == inbox->self->generation && cell->size <= PVMI_INBOX_BYTES)
            return true;
        atomic_store_explicit(&cell->word, 0, memory_order_release);    /* it was for the task before us, or nonsense */
    } else if (state == PVMI_INBOX_BUSY && pvmi_slot_ended(inbox->self->arena, *ret_sender)) {
        pvmi_arena_step("inbox healed");
        atomic_compare_exchange_strong(&cell->word, &word, 0);    /* it may have become FULL before that end */
        return pvmi_inbox_state_of(word) == PVMI_INBOX_FULL && cell_good(inbox, cell, ret_sender);
    }
    return false;
}

int pvmi_inbox_get(struct pvmi_inbox *inbox, void *ret_bytes, size_t *ret_size, uint32_t *ret_sender)
{
    for (;;) {
        struct pvmi_inbox_cell *cell;
        int index;

        /* New bits only when the old are done with, so that none starves; and before it says that there is none. */
        if (inbox->pending == 0 && atomic_load_explicit(&inbox->self->bell->full, memory_order_relaxed) != 0)
            inbox->pending = atomic_exchange_explicit(&inbox->self->bell->full, 0, memory_order_acquire);
        if (inbox->pending == 0)
            return PVMI_AGAIN;
        index = lowest(inbox->pending);
        cell = &inbox->self->control->inbox[index];
        if (cell_good(inbox, cell, ret_sender)) {
            *ret_size = cell->size;
            memcpy(ret_bytes, cell->bytes, cell->size);
            inbox->cell = index;
            return PvmOk;
        }
        inbox->pending &= inbox->pending - 1;
    }
}

void pvmi_inbox_advance(struct pvmi_inbox *inbox)
{
    assert(inbox->cell >= 0);
    pvmi_arena_step("inbox free");
    atomic_store_explicit(&inbox->self->control->inbox[inbox->cell].word, 0, memory_order_release);
    inbox->pending &= ~(UINT64_C(1) << inbox->cell);
    inbox->cell = -1;
}

/* The next word of the request map with a bit in it. */
static bool next_word(struct pvmi_inbox *inbox)
{
    struct pvmi_slot_page *control = inbox->self->control;

    for (;;) {
        if (inbox->words_left == 0) {
            if (inbox->asking == 0 && atomic_load_explicit(&inbox->self->bell->requests, memory_order_relaxed) != 0)
                inbox->asking = atomic_exchange_explicit(&inbox->self->bell->requests, 0, memory_order_acquire);
            if (inbox->asking == 0)
                return false;
            inbox->askers_at = (uint32_t)lowest(inbox->asking) * WORDS_PER_BIT;
            inbox->asking &= inbox->asking - 1;
            inbox->words_left = WORDS_PER_BIT;
        } else {
            inbox->askers_at++;
        }
        inbox->words_left--;
        if (atomic_load_explicit(&control->request_map[inbox->askers_at], memory_order_relaxed) == 0)
            continue;
        inbox->askers = atomic_exchange_explicit(&control->request_map[inbox->askers_at], 0, memory_order_acquire);
        return true;
    }
}

int pvmi_inbox_next_request(struct pvmi_inbox *inbox, uint32_t *ret_sender)
{
    while (inbox->askers != 0 || next_word(inbox)) {
        uint32_t slot = inbox->askers_at * 64 + (uint32_t)lowest(inbox->askers);
        uint32_t word;

        inbox->askers &= inbox->askers - 1;
        if (slot >= inbox->self->arena->slots)
            continue;
        word = atomic_load_explicit(&inbox->self->arena->life[slot], memory_order_acquire);
        if (pvmi_life_of(word) != PVMI_LIFE_ALIVE && pvmi_life_of(word) != PVMI_LIFE_DEAD)
            continue;
        *ret_sender = pvmi_name(slot, pvmi_life_generation(word));
        return PvmOk;
    }
    return PVMI_AGAIN;
}

bool pvmi_inbox_swept(struct pvmi_inbox *inbox)
{
    if (atomic_load_explicit(&inbox->self->bell->sweep, memory_order_relaxed) == 0)
        return false;
    atomic_exchange_explicit(&inbox->self->bell->sweep, 0, memory_order_acquire);
    inbox->pending = ~UINT64_C(0);
    inbox->asking = ~UINT64_C(0);
    return true;
}
