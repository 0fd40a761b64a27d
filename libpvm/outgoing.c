/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/outgoing.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/copy.h"
#include "libpvm/shared.h"

#define TIMED_EVERY 16
#define TIMED_BYTES PVMI_OUTGOING_MIN
#define LINE 64
#define SPREAD_MIN (16u << 10)    /* bytes: fewer stay in the receiver's cache however they are spread */

/* Picoseconds a line, some 2000 of them for the clock and the fence. */
#define APART 4000     /* each has a cache of its own */
#define FAR 20000      /* from each other: there spreading makes it worse */

/* For blocks of 2^k bytes. */
static struct {
    uint32_t turn;
    uint32_t last;    /* what a line took the last time */
    uint32_t cost;    /* the less of the last two: the other one may have been interrupted */
} stores[32];

static void timed(unsigned k, uint64_t ns)
{
    uint64_t cost = ns * 1000 * LINE / TIMED_BYTES;
    uint32_t line = cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;

    stores[k].cost = stores[k].turn == 0 || line < stores[k].last ? line : stores[k].last;
    stores[k].last = line;
}

/* So that what is timed are the stores. */
static void load(const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i += LINE)
        (void)*(const volatile uint8_t *)(from + i);
}

/* The first bytes; the time goes until others can see them. */
static void copy_timed(unsigned k, uint8_t *to, const uint8_t *from)
{
    uint64_t start;

    load(from, TIMED_BYTES);
    start = pvmi_clock_ns();
    memcpy(to, from, TIMED_BYTES);
    atomic_thread_fence(memory_order_seq_cst);
    timed(k, pvmi_clock_ns() - start);
}

void pvmi_outgoing_copy_many(size_t capacity, uint8_t *to, const uint8_t *from, size_t size)
{
    unsigned k = 31u - (unsigned)__builtin_clz((uint32_t)capacity | 1);
    size_t done = 0;

    if (size < TIMED_BYTES) {
        memcpy(to, from, size);
        return;
    }
    if (stores[k].turn % TIMED_EVERY == 0) {
        copy_timed(k, to, from);
        done = TIMED_BYTES;
        if (size >= SPREAD_MIN && stores[k].cost > APART && stores[k].cost < FAR)
            pvmi_shared_spread(capacity);
    }
    stores[k].turn++;
    if (stores[k].cost >= FAR)
        pvmi_copy_past(to + done, from + done, size - done);
    else
        memcpy(to + done, from + done, size - done);
}
