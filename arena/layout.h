/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lies in the arena, byte for byte. 32-bit and 64-bit processes see the same.
 *
 * The file is slots x stride bytes: slot s has the window [s x stride, (s + 1) x stride). Slot 0 is the daemon's,
 * and its window begins with the control area:
 *
 *      header | life[slots] | tids[slots] | state lines[slots] | bells[slots] | control[slots] | slot 0's heap
 *
 * The first five are dense and lie in the first piece of every size, so that a process has them always mapped: who
 * sends to many peers then touches few pages, and lines that are not 4 KiB apart (those fall into one cache set).
 *
 * A position is 64 bits: offset (32) | slot (14) | 2 zero bits | generation of the slot (16). Generations are never 0,
 * so 0 is no position.
 *
 * Who writes what stands at each member: "owner" is the task of the slot, "peers" the tasks that send to it, "pvmd" the
 * daemon. Lines that several write are apart from those that are mostly read.
 */
#ifndef PVMI_ARENA_LAYOUT_H
#define PVMI_ARENA_LAYOUT_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PVMI_ARENA_MAGIC UINT64_C(0x616e657261345650)
#define PVMI_ARENA_VERSION 2
#define PVMI_ARENA_SLOTS_MAX 16384
#define PVMI_ARENA_SLOTS_MIN 64
#define PVMI_ARENA_PAGE 4096u                  /* unit of the budget, whatever the machine's page is */
#define PVMI_ARENA_PIECE_SMALL (16u << 20)     /* no object crosses a multiple of this: any piece holds it whole */
#define PVMI_ARENA_PIECE_LARGE (64u << 20)
#define PVMI_ARENA_STRIDE_MAX (1u << 30)
#define PVMI_ARENA_STRIDE_MIN PVMI_ARENA_PIECE_LARGE
#define PVMI_ARENA_MASKS 32
#define PVMI_ARENA_LINE 64

/* ---- positions ---- */

static inline uint64_t pvmi_position(uint32_t slot, uint32_t generation, uint32_t offset)
{
    return (uint64_t)generation << 48 | (uint64_t)slot << 32 | offset;
}

static inline uint32_t pvmi_position_slot(uint64_t position)
{
    return (uint32_t)(position >> 32) & 0xffff;    /* two bits too many: such a slot is refused */
}

static inline uint32_t pvmi_position_generation(uint64_t position)
{
    return (uint32_t)(position >> 48);
}

static inline uint32_t pvmi_position_offset(uint64_t position)
{
    return (uint32_t)position;
}

/* ---- who a slot belongs to ----
 *
 *   FREE --pvmd--> RESERVED --the task claims it--> ALIVE --pvmd saw its end--> DEAD --drained--> FREE, next generation
 *   FREE --a task whose window is full--> ALIVE, owner is that task: more room for its heap
 *
 * A life word is generation (16) | owner's slot (14) | state (2). Whoever finds another generation than the one that it
 * knows is dealing with another task; the old one is dead.
 */
enum pvmi_life { PVMI_LIFE_FREE, PVMI_LIFE_RESERVED, PVMI_LIFE_ALIVE, PVMI_LIFE_DEAD };

static inline uint32_t pvmi_life_word(uint32_t generation, uint32_t owner, enum pvmi_life life)
{
    return generation << 16 | owner << 2 | (uint32_t)life;
}

static inline enum pvmi_life pvmi_life_of(uint32_t word)
{
    return (enum pvmi_life)(word & 3);
}

static inline uint32_t pvmi_life_owner(uint32_t word)
{
    return word >> 2 & 0x3fff;
}

static inline uint32_t pvmi_life_generation(uint32_t word)
{
    return word >> 16;
}

/* A task, wherever one word names it: slot and generation, never 0. */
static inline uint32_t pvmi_name(uint32_t slot, uint32_t generation)
{
    return generation << 16 | slot;
}

static inline uint32_t pvmi_name_slot(uint32_t name)
{
    return name & 0xffff;
}

static inline uint32_t pvmi_name_generation(uint32_t name)
{
    return name >> 16;
}

/* ---- the header ---- */

/* Tasks that may run on the same processors; see wake.h. */
struct pvmi_arena_mask {
    alignas(PVMI_ARENA_LINE) _Atomic uint64_t key;    /* of the affinity mask, 0: free. Claimed by compare-and-swap */
    _Atomic int32_t awake;                            /* tasks of this mask that are not asleep */
    _Atomic uint32_t cpus;
};

struct pvmi_arena_header {
    uint64_t magic;          /* pvmd, once; the last one written */
    uint32_t version;
    uint32_t slots;          /* a power of two */
    uint32_t stride;         /* bytes, a power of two */
    uint32_t control_at;     /* offset of control[0] */
    uint32_t heap_at;        /* of slot 0's heap */
    uint32_t pages_total;    /* the budget; pages_free of it are left */
    uint64_t incarnation;    /* of the daemon run */
    _Atomic uint32_t reserved_end;     /* pvmd: behind the last slot that was ever reserved */
    _Atomic uint32_t extended_from;    /* tasks: no slot below this was ever claimed for a heap */
    alignas(PVMI_ARENA_LINE) _Atomic int64_t pages_free;    /* all */
    struct pvmi_arena_mask masks[PVMI_ARENA_MASKS];         /* all */
};

/* ---- what each slot has in the dense arrays ---- */

/* Read by each send to this task; written when it goes to sleep or is woken. */
struct pvmi_state_line {
    alignas(PVMI_ARENA_LINE) _Atomic uint32_t word;    /* owner; peers change ASLEEP to WAKING. See wake.h */
    _Atomic uint32_t fence_me;                         /* owner, before it is ALIVE: it was refused membarrier */
    _Atomic uint32_t mask;                             /* owner: as in its control page, for who wakes it */
    _Atomic uint32_t woken_on;                         /* peers: the processor on which it was last woken, and 1 */
};

/* What a task looks at to see whether there is anything beside its open rings. */
struct pvmi_bell {
    alignas(PVMI_ARENA_LINE) _Atomic uint64_t full;    /* a bit for each inbox cell: peers set, owner clears */
    _Atomic uint64_t requests;                         /* a bit for each 1/64 of the request map */
    _Atomic uint32_t sweep;                            /* pvmd: somebody died, look at everything */
    _Atomic uint32_t mail;                             /* pvmd, raised: it has written to this task's socket */
};

/* ---- the inbox: first messages, from whoever has no ring to this task ---- */

#define PVMI_INBOX_CELLS 64
#define PVMI_INBOX_BYTES 52

struct pvmi_inbox_cell {
    alignas(PVMI_ARENA_LINE) _Atomic uint64_t word;    /* see inbox.h; peers claim, owner frees */
    uint16_t size;
    uint16_t reserved;
    uint8_t bytes[PVMI_INBOX_BYTES];
};

/* ---- the control page of a slot ---- */

struct pvmi_slot_page {
    /* pvmd */
    alignas(PVMI_ARENA_LINE) _Atomic uint64_t nonce;       /* what a spawned process must know to claim the slot */
    _Atomic int32_t pid;          /* owner */
    /* owner */
    alignas(PVMI_ARENA_LINE) _Atomic uint64_t rings;    /* position of the first ring that it sends by */
    _Atomic uint64_t holds;       /* position of the first page of what it holds of others */
    _Atomic uint32_t pages;       /* taken from the budget */
    _Atomic uint32_t takes;       /* odd while it takes or gives */
    _Atomic uint32_t mask;        /* index in header.masks and 1; 0: not counted */
    /* peers set a bit of their slot: "I have a ring to you, open it"; owner clears */
    alignas(PVMI_ARENA_LINE) _Atomic uint64_t request_map[PVMI_ARENA_SLOTS_MAX / 64];
    alignas(4096) struct pvmi_inbox_cell inbox[PVMI_INBOX_CELLS];
};

/* ---- rings: in the window of the sender ---- */

#define PVMI_RING_CELL_BYTES 56      /* of a record in its first cell */
#define PVMI_RING_MORE_BYTES 60      /* in each that follows */
#define PVMI_RING_RECORD_CELLS 24    /* most for one record */
#define PVMI_RECORD_MAX (PVMI_RING_CELL_BYTES + (PVMI_RING_RECORD_CELLS - 1) * PVMI_RING_MORE_BYTES)

struct pvmi_ring_cell {
    alignas(PVMI_ARENA_LINE) _Atomic uint32_t number;    /* written last: see ring.h */
    union {
        struct {
            uint16_t size;
            uint8_t kind;
            uint8_t reserved;
            uint8_t bytes[PVMI_RING_CELL_BYTES];
        } first;
        uint8_t more[PVMI_RING_MORE_BYTES];
    };
};

/* Never freed while its slot lives: others walk the list of them. */
struct pvmi_ring {
    /* sender */
    alignas(PVMI_ARENA_LINE) _Atomic uint32_t peer;    /* name of the receiver; 0: for nobody. Written last */
    uint32_t first;                                    /* number of the first cell */
    uint32_t cells;                                    /* of the first chunk */
    _Atomic uint32_t opening;                          /* raised each time it is opened */
    _Atomic uint64_t next;                             /* position of the next ring of this slot */
    uint64_t chunk;                                    /* position of the first chunk */
    /* receiver, but while peer is 0 the sender */
    alignas(PVMI_ARENA_LINE) uint8_t apart[PVMI_ARENA_LINE];   /* processors fetch lines in pairs */
    _Atomic uint32_t consumed;                         /* all before this number were read */
    _Atomic uint32_t closed;                           /* opening number of what it will not read any more */
};

/* ---- blocks of a heap ---- */

#define PVMI_BLOCK_HOLDERS 7            /* words in the block itself */
#define PVMI_ARENA_BLOCK_MAGIC 0x6b6f6c62u
#define PVMI_ARENA_EXTENTS_MAGIC 0x74786574u    /* a block that holds struct pvmi_arena_extent: the bytes lie there */

/* Before the bytes of every block. All is the owner's; but receivers set their word to 0. */
struct pvmi_arena_block {
    alignas(PVMI_ARENA_LINE) uint64_t next;    /* position of the message's next block, 0: none */
    uint32_t length;                           /* bytes in use */
    uint32_t capacity;
    uint64_t more;                             /* position of the words of receivers beyond the first 7 */
    uint32_t holders;                          /* how many words there are */
    uint32_t magic;
    _Atomic uint32_t holder[PVMI_BLOCK_HOLDERS];    /* name of a receiver that still needs it, 0: released */
    uint32_t kind;                             /* the owner's: size, and where it was cut from */
};

/* Bytes of a message that the program has in memory of a region (region.h), in one piece of a window. */
struct pvmi_arena_extent {
    uint64_t position;    /* of the first one; not a multiple of 8, as other positions are */
    uint32_t length;
    uint32_t region;      /* the owner's: which region and which object of it they are in */
    uint32_t object;
    uint32_t reserved;
};

/* ---- what a task holds of others, so that pvmd sees when a dead sender's window is no longer needed ---- */

#define PVMI_HOLD_PAGE 510

struct pvmi_hold_page {
    _Atomic uint64_t next;
    uint64_t reserved;
    _Atomic uint64_t block[PVMI_HOLD_PAGE];    /* position of a first block, 0: free */
};

static_assert(sizeof(struct pvmi_arena_header) <= PVMI_ARENA_PAGE, "the header is a page");
static_assert(sizeof(struct pvmi_state_line) == 64 && sizeof(struct pvmi_bell) == 64, "a line each");
static_assert(sizeof(struct pvmi_inbox_cell) == 64 && sizeof(struct pvmi_ring_cell) == 64, "a line each");
static_assert(sizeof(struct pvmi_arena_block) == 64, "a line");
static_assert(sizeof(struct pvmi_arena_extent) == 24, "the same in 32 bits");
static_assert(sizeof(struct pvmi_slot_page) == 8192, "two pages");
static_assert(sizeof(struct pvmi_hold_page) == 4096, "a page");
static_assert(sizeof(struct pvmi_ring) == 192, "the receiver's line is apart");

#endif
