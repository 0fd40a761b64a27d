/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The arena: the memory that the tasks of one host and virtual machine share. This page is its manual.
 *
 * pvmd makes one anonymous file (memfd) and hands its descriptor to each task. Every task has a slot: a window of the
 * file from which it allocates, a page of control, an inbox. It packs messages into its own window, and tells the
 * receiver where they are; the receiver unpacks from there.
 *
 *      slot      whose window is it: reserve (pvmd), claim, more windows for who needs them, tid to slot
 *      budget    how much of the host's memory all of it may take
 *      heap      blocks of the own window, last freed first used
 *      block     a message's block, lent to receivers, one word for each; what one holds of others
 *      span      room in further windows, for what is larger than a block
 *      region    memory for the program's own data, which messages refer to
 *      ring      from one sender to one receiver: cells in order, without end and without waiting
 *      inbox     from anybody: the first few messages, and requests to open a ring
 *      wake      the state word: who sleeps, how long to spin, nobody sleeps over a message
 *      team      the members of a group that are on this host, and their barrier
 *      heal      what pvmd does for the dead
 *      handover  how a spawned process finds descriptor and slot
 *      layout    all that lies in the file
 *
 * ---- the rules, and where they hold ----
 *
 * "Nobody maps it whole." arena.c maps pieces of 64 MiB when a position in them is first asked for; of 16 MiB in a 32-bit
 * process and under a limit of the address space (ulimit -v). No object crosses a multiple of 16 MiB. Where even that
 * is refused, pieces that nobody has pinned are unmapped, and then a pin maps the pages of its object alone.
 *
 * "Every position is (slot, offset), resolved by one function": pvmi_arena_at(). It checks slot, generation, offset,
 * length, alignment and piece: "each offset is checked by whoever follows it". A position bears its slot's generation:
 * one that outlived its task is refused.
 *
 * "No pointer is kept across calls" is here: no pointer is kept without a pin (pvmi_arena_pin()). Polling a ring and
 * unpacking an int cost 2 to 4 ns each; asking again each time would double that, and a piece with a pin cannot go.
 * The dense arrays of slot 0 and the task's own window are always mapped.
 *
 * "A budget, taken before first touch": budget.h; heap.c and region.c alone grow windows: take, populate, use. Populating is
 * MADV_POPULATE_WRITE, else fallocate(): both say no, where touching would end in SIGBUS or the OOM killer.
 *
 * "MADV_DONTFORK, MADV_DONTDUMP": every mapping. A child calls pvmi_arena_after_fork() and has no arena any more.
 *
 * "No lock word": all is done by single stores, compare-and-swap, or one writer; who is killed leaves at most a cell
 * BUSY, a bit unset, a word held, a budget taken: others know whose it is, and finish for him (heal.h).
 *
 * "One word for each receiver, release = 0, no counts": block.h. "What a receiver holds stands in a list in its slot
 * before the ring moves on": pvmi_hold_add() before pvmi_ring_advance() or pvmi_inbox_advance().
 *
 * "Followers before the first cell's number, a chunk is zeroed before it is linked, first cells last": ring.h.
 *
 * "A busy inbox cell is skipped and returned to; a full inbox makes the sender open its ring and set its bit": inbox.h.
 *
 * "A sender compares the peer's generation at each send": pvmi_slot_lives(), one load of a line that changes only when
 * tasks come and go.
 *
 * "What a dead sender left is copied out when drained": the receiver of a record whose sender is dead copies the blocks
 * instead of holding them; pvmi_ring_ended() then tells pvmd.
 *
 * tests/models has the same protocols for an exhaustive search; a change here belongs there too.
 *
 * ---- errors, threads ----
 *
 * Functions return PvmOk or a negative code and log nothing. Errors are PvmNoMem (budget, mapping, private memory),
 * PvmBadMsg (what lies in the arena cannot be: the peer is broken), PvmNotImpl (refused by this system: use the daemon),
 * PvmOutOfRes (no slot). A handle belongs to one process and one thread at a time: libpvm's lock. The peers are other
 * processes, which may be stopped or killed at any instruction.
 */
#ifndef PVMI_ARENA_ARENA_H
#define PVMI_ARENA_ARENA_H

#include <stddef.h>

#include "arena/layout.h"
#include "arena/step.h"
#include "base/error.h"

/* One mapped piece of a window. */
struct pvmi_piece {
    uint8_t *at;      /* NULL: not mapped */
    uint32_t pins;
};

/* What is mapped of a slot's window. */
struct pvmi_window {
    struct pvmi_window *next;    /* of another slot; NULL the last */
    uint32_t slot;
    struct pvmi_piece pieces[];
};

/* A process's view of the arena. */
struct pvmi_arena {
    int fd;
    uint32_t slots;
    uint32_t stride;        /* bytes of a window */
    uint32_t piece;         /* bytes mapped at once */
    uint32_t control_at;
    uint32_t heap_at;       /* where slot 0's heap begins */
    uint32_t own;           /* slot whose pieces are never unmapped; those of 0 are not, too */
    uint32_t turn;          /* pvmd: slot that was reserved last */
    struct pvmi_arena_header *header;    /* these in the first piece */
    _Atomic uint32_t *life;
    _Atomic int32_t *tids;
    struct pvmi_state_line *states;
    struct pvmi_bell *bells;
    struct pvmi_window **windows;        /* by slot, NULL: none was ever mapped. Mapped memory: few of its pages are used */
    struct pvmi_window *window;          /* all of them */
    uint64_t *reserved;                  /* pvmd: a bit for each slot that is reserved and not yet free again */
};

/* A position that stays mapped. */
struct pvmi_pin {
    void *at;
    struct pvmi_piece *piece;    /* whose pin it is; NULL: pages of its own */
    uint8_t *pages;
    size_t pages_length;
};

/*
 * Makes the arena of a daemon run, with a budget of pages of 4 KiB (0: pvmi_budget_default()). Takes what number and
 * stride of slots the limits of file size allow. Slot 0 is claimed for the caller.
 *
 * Returns PvmOk; PvmNotImpl where the system has no memfd or limits its size too much (errno says), PvmNoMem.
 */
int pvmi_arena_create(uint32_t pages, uint64_t incarnation, struct pvmi_arena **ret_arena);

/*
 * The arena behind descriptor fd, which becomes the handle's on success. Refuses what is no arena of this version or can
 * be made shorter by others. Returns PvmOk, PvmBadVersion, PvmBadMsg, PvmNoMem, PvmNotImpl (mapping it is refused).
 */
int pvmi_arena_open(int fd, struct pvmi_arena **ret_arena);

/* Unmaps all, closes the descriptor, frees the handle. NULL is fine. */
void pvmi_arena_close(struct pvmi_arena *arena);

/* In a child after fork(), which has none of the mappings: frees the handle. NULL is fine. */
void pvmi_arena_after_fork(struct pvmi_arena *arena);

/*
 * The address of length bytes at position, mapped if need be, aligned to 8. It is good until the next call of this or
 * pvmi_arena_pin(). Returns PvmOk; PvmBadMsg (no such slot, another generation, not inside a piece), PvmNoMem (the
 * mapping is refused).
 */
int pvmi_arena_at(struct pvmi_arena *arena, uint64_t position, size_t length, void **ret_at);

/* The same, good until it is unpinned. */
int pvmi_arena_pin(struct pvmi_arena *arena, uint64_t position, size_t length, struct pvmi_pin *ret_pin);

/* A pin that was never set, or all zeros, is fine. */
void pvmi_arena_unpin(struct pvmi_pin *pin);

/* The control page of a slot, always mapped from the first call on; NULL when the mapping is refused. */
struct pvmi_slot_page *pvmi_arena_control(struct pvmi_arena *arena, uint32_t slot);

/*
 * Gives memory to length bytes from offset of a slot's window, both in whole pages, without which they may not be
 * touched; the budget for it was taken. Returns PvmOk, or PvmNoMem.
 */
int pvmi_arena_populate(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length);

/* The same bytes mapped in one piece of the caller's own, at address at in place of what is there (NULL: anywhere), to be
 * unmapped with munmap(); NULL when that is refused. Then giving them memory there. */
void *pvmi_arena_map(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length, void *at);
int pvmi_arena_populate_at(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length, void *at);

/* Takes that memory away again; what was there is then 0. */
void pvmi_arena_punch(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length);

/* How much of the address space is mapped now, in bytes: for tests and for pvmd's status. */
size_t pvmi_arena_mapped(const struct pvmi_arena *arena);

#endif
