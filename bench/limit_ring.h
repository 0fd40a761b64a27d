/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of shared memory from one process to one other: the fastest way that we know for bytes that lie in the
 * memory of one and are wanted in the memory of the other. Small messages travel in the cache line of their number;
 * larger ones are copied twice, in chunks, so that both processors copy at once.
 */
#ifndef BENCH_LIMIT_RING_H
#define BENCH_LIMIT_RING_H

#include <string.h>

#include "bench/limit_team.h"

#define CELLS 1024
#define CELL_BYTES 56
#define CHUNKS 8
#define CHUNK_MIN 4096
#define CHUNK_MAX 32768

struct ring_cell {
    _Alignas(64) _Atomic uint32_t number;
    uint32_t length;
    char data[CELL_BYTES];
};

struct ring {
    _Alignas(128) _Atomic uint32_t cells_taken;
    _Alignas(128) _Atomic uint32_t chunks_put;
    _Alignas(128) _Atomic uint32_t chunks_taken;
    _Alignas(128) struct ring_cell cells[CELLS];
    _Alignas(4096) char chunks[CHUNKS][CHUNK_MAX];
};

/* What one end knows of a ring. */
struct ring_end {
    struct ring *ring;
    uint32_t cell, chunk;    /* the next ones */
    uint32_t seen;           /* cells known to be taken */
};

static inline size_t ring_chunk(size_t size)
{
    size_t chunk = size / CHUNKS;

    return chunk < CHUNK_MIN ? CHUNK_MIN : chunk > CHUNK_MAX ? CHUNK_MAX : chunk;
}

static inline void ring_put_cell(struct ring_end *end, const char *data, size_t size)
{
    struct ring_cell *cell = &end->ring->cells[end->cell % CELLS];

    while (end->cell - end->seen >= CELLS)
        end->seen = atomic_load_explicit(&end->ring->cells_taken, memory_order_acquire);
    cell->length = (uint32_t)size;
    memcpy(cell->data, data, size);
    atomic_store_explicit(&cell->number, ++end->cell, memory_order_release);
}

static inline void ring_get_cell(struct ring_end *end, char *data, size_t size)
{
    struct ring_cell *cell = &end->ring->cells[end->cell % CELLS];

    while (atomic_load_explicit(&cell->number, memory_order_acquire) != end->cell + 1)
        relax();
    memcpy(data, cell->data, size);
    if (++end->cell % (CELLS / 4) == 0)
        atomic_store_explicit(&end->ring->cells_taken, end->cell, memory_order_release);
}

static inline void ring_put(struct ring_end *end, const char *data, size_t size)
{
    size_t chunk = ring_chunk(size);

    if (size <= CELL_BYTES) {
        ring_put_cell(end, data, size);
        return;
    }
    for (size_t part; size > 0; data += part, size -= part) {
        part = size < chunk ? size : chunk;
        while (end->chunk - atomic_load_explicit(&end->ring->chunks_taken, memory_order_acquire) >= CHUNKS)
            relax();
        memcpy(end->ring->chunks[end->chunk % CHUNKS], data, part);
        atomic_store_explicit(&end->ring->chunks_put, ++end->chunk, memory_order_release);
    }
}

static inline void ring_get(struct ring_end *end, char *data, size_t size)
{
    size_t chunk = ring_chunk(size);

    if (size <= CELL_BYTES) {
        ring_get_cell(end, data, size);
        return;
    }
    for (size_t part; size > 0; data += part, size -= part) {
        part = size < chunk ? size : chunk;
        while (atomic_load_explicit(&end->ring->chunks_put, memory_order_acquire) == end->chunk)
            relax();
        memcpy(data, end->ring->chunks[end->chunk % CHUNKS], part);
        atomic_store_explicit(&end->ring->chunks_taken, ++end->chunk, memory_order_release);
    }
}

#endif
