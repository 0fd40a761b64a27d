/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fastest ways that we know from the memory of one process to the memory of one other. Small messages travel in
 * the cache line of their number. Larger ones are copied twice, through a ring of chunks in shared memory, so that
 * both processors copy at once; or the receiver copies once, by process_vm_readv. Which is faster depends on where the
 * two processors are: all are tried, and the best is the limit.
 */
#ifndef BENCH_LIMIT_RING_H
#define BENCH_LIMIT_RING_H

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "bench/limit_team.h"

#define CELLS 1024
#define CELL_BYTES 56
#define CHUNKS 8
#define CHUNK_MIN 4096
#define CHUNK_MAX 32768

enum ring_way {
    RING_COPY,      /* two copies */
    RING_STREAM,    /* two copies, the first past the caches of the sender */
    RING_READ,      /* one copy, by the kernel; the sender must keep the bytes as they are */
    RING_WAYS,
};

struct ring_cell {
    _Alignas(64) _Atomic uint32_t number;
    uint32_t length;
    char data[CELL_BYTES];
};

struct ring {
    enum ring_way way;
    pid_t sender;
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

/* The next chunk that the sender may fill; ring_filled hands it over. */
static inline char *ring_to_fill(struct ring_end *end)
{
    while (end->chunk - atomic_load_explicit(&end->ring->chunks_taken, memory_order_acquire) >= CHUNKS)
        relax();
    return end->ring->chunks[end->chunk % CHUNKS];
}

static inline void ring_filled(struct ring_end *end)
{
    atomic_store_explicit(&end->ring->chunks_put, ++end->chunk, memory_order_release);
}

/* The next chunk for the receiver; ring_emptied gives it back. */
static inline const char *ring_to_empty(struct ring_end *end)
{
    while (atomic_load_explicit(&end->ring->chunks_put, memory_order_acquire) == end->chunk)
        relax();
    return end->ring->chunks[end->chunk % CHUNKS];
}

static inline void ring_emptied(struct ring_end *end)
{
    atomic_store_explicit(&end->ring->chunks_taken, ++end->chunk, memory_order_release);
}

/* memcpy that leaves nothing in the sender's caches, so that the receiver's need not fetch it from there. */
static inline void copy_past_caches(char *to, const char *from, size_t size)
{
#ifdef __SSE2__
    for (; size >= 64; to += 64, from += 64, size -= 64) {
        for (int i = 0; i < 64; i += 16)
            _mm_stream_si128((__m128i *)(to + i), _mm_loadu_si128((const __m128i *)(from + i)));
    }
    _mm_sfence();
#endif
    memcpy(to, from, size);
}

static inline void ring_put(struct ring_end *end, const char *data, size_t size)
{
    size_t chunk = ring_chunk(size);

    if (size <= CELL_BYTES) {
        ring_put_cell(end, data, size);
        return;
    }
    if (end->ring->way == RING_READ) {
        ring_put_cell(end, (const char *)&data, sizeof(data));
        return;
    }
    for (size_t part; size > 0; data += part, size -= part) {
        part = size < chunk ? size : chunk;
        if (end->ring->way == RING_STREAM)
            copy_past_caches(ring_to_fill(end), data, part);
        else
            memcpy(ring_to_fill(end), data, part);
        ring_filled(end);
    }
}

/* Copies out of the memory of another process. false: the kernel does not allow it. */
static inline bool process_read(pid_t other, char *to, const char *from, size_t size)
{
    struct iovec here = { to, size }, there = { (void *)(uintptr_t)from, size };

    return process_vm_readv(other, &here, 1, &there, 1, 0) == (ssize_t)size;
}

static inline void ring_read(struct ring_end *end, char *data, size_t size)
{
    const char *source;

    ring_get_cell(end, (char *)&source, sizeof(source));
    if (!process_read(end->ring->sender, data, source, size))
        die("process_vm_readv failed");
}

static inline void ring_get(struct ring_end *end, char *data, size_t size)
{
    size_t chunk = ring_chunk(size);

    if (size <= CELL_BYTES) {
        ring_get_cell(end, data, size);
        return;
    }
    if (end->ring->way == RING_READ) {
        ring_read(end, data, size);
        return;
    }
    for (size_t part; size > 0; data += part, size -= part) {
        part = size < chunk ? size : chunk;
        memcpy(data, ring_to_empty(end), part);
        ring_emptied(end);
    }
}

/* The two ends of this process, of two rings between ranks 0 and 1. */
static inline void ring_open(struct ring *rings, const struct team *team, struct ring_end *to, struct ring_end *from)
{
    *to = (struct ring_end){ .ring = &rings[team->rank] };
    *from = (struct ring_end){ .ring = &rings[!team->rank] };
    to->ring->sender = getpid();
}

/* As measure(), by the fastest of the ways up to `last`. */
static inline double ring_measure(struct ring *rings, enum ring_way last, double seconds, long turns_max,
                                  turns_fn turns, void *arg, enum ring_way *ret_way)
{
    double least = 0;
    char byte;

    *ret_way = RING_COPY;
    for (enum ring_way way = RING_COPY; way <= last; way++) {
        double took;

        if (way == RING_READ && !process_read(rings[1].sender, &byte, (const char *)rings, 1))
            continue;
        rings[0].way = rings[1].way = way;
        took = measure(seconds / (last + 1), turns_max, turns, arg);
        if (way == RING_COPY || took < least) {
            least = took;
            *ret_way = way;
        }
    }
    return least;
}

#endif
