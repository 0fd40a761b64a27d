/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/outgoing.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/copy.h"
#include "libpvm/shared.h"

#define TIMED_EVERY (256u << 10)    /* bytes */
#define TIMED_BYTES PVMI_OUTGOING_MIN
#define LINE 64
#define SPREAD_MIN (16u << 10)    /* bytes: fewer stay in the receiver's cache however they are spread */
#define PAST_MIN (32u << 10)      /* bytes: fewer come out of the receiver's cache as fast as out of memory */

/* Picoseconds a line, some 2000 of them for the clock and the fence. */
#define APART 4000     /* each has a cache of its own */
#define DEAR 5000      /* as long as spreading has not helped, or when the receiver reads what has just been written */
#define FAR 20000      /* from each other: there spreading makes it worse */

/* For blocks of 2^k bytes. */
static struct {
    uint64_t copied;    /* bytes, since a line was timed */
    uint64_t cost;      /* what it took */
} stores[32];

/* So that what is timed are the stores. */
static void load(const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i += LINE)
        (void)*(const volatile uint8_t *)(from + i);
}

/* The first bytes, and what a line of them takes until others can see it. */
static uint64_t copy_timed(uint8_t *to, const uint8_t *from)
{
    uint64_t start;

    load(from, TIMED_BYTES);
    start = pvmi_clock_ns();
    memcpy(to, from, TIMED_BYTES);
    atomic_thread_fence(memory_order_seq_cst);
    return (pvmi_clock_ns() - start) * 1000 / (TIMED_BYTES / LINE);
}

void pvmi_outgoing_copy_many(size_t capacity, uint8_t *to, const uint8_t *from, size_t size)
{
    unsigned k = 31u - (unsigned)__builtin_clz((uint32_t)capacity | 1);
    size_t done = 0;

    if (size < TIMED_BYTES) {
        memcpy(to, from, size);
        return;
    }
    if (stores[k].copied >= TIMED_EVERY) {
        stores[k].copied = 0;
        stores[k].cost = copy_timed(to, from);
        done = TIMED_BYTES;
        if (size >= SPREAD_MIN && stores[k].cost > APART && stores[k].cost < FAR)
            pvmi_shared_spread(capacity);
    }
    stores[k].copied += size;
    if (stores[k].cost >= (size < PAST_MIN ? FAR : DEAR))
        pvmi_copy_past(to + done, from + done, size - done);
    else
        memcpy(to + done, from + done, size - done);
}
