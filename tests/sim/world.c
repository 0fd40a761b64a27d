/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual time, the event queue, the generator, and the run's memory. */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/node.h"

#define CHUNK_SIZE (256 * 1024)

struct chunk {
    struct chunk *next;
    size_t used;
    uint64_t data[];
};

void *sim_alloc(size_t size)
{
    void *block = calloc(1, size);

    if (block == NULL) {
        fprintf(stderr, "sim: no memory for %zu bytes\n", size);
        exit(2);
    }
    return block;
}

void *world_alloc(struct world *world, size_t size)
{
    struct chunk *chunk = world->chunks;
    void *block;

    size = (size + 7) & ~(size_t)7;
    if (chunk == NULL || world->chunk_left < size) {
        size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

        chunk = sim_alloc(sizeof(*chunk) + room);
        chunk->next = world->chunks;
        world->chunks = chunk;
        world->chunk_left = room;
    }
    block = (char *)chunk->data + chunk->used;
    chunk->used += size;
    world->chunk_left -= size;
    return block;
}

void world_append(void ***array, int *count, int *size, void *item)
{
    if (*count == *size) {
        *size = *size == 0 ? 16 : *size * 2;
        *array = realloc(*array, (size_t)*size * sizeof(**array));
        if (*array == NULL) {
            fprintf(stderr, "sim: no memory\n");
            exit(2);
        }
    }
    (*array)[(*count)++] = item;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

uint64_t world_random(struct world *world)
{
    world->random += 0x9e3779b97f4a7c15ull;
    return mix(world->random);
}

uint64_t world_below(struct world *world, uint64_t n)
{
    return world_random(world) % n;
}

uint64_t world_between(struct world *world, uint64_t low, uint64_t high)
{
    return low + world_below(world, high - low + 1);
}

bool world_chance(struct world *world, unsigned per_mille)
{
    return world_below(world, 1000) < per_mille;
}

void world_note(struct world *world, uint64_t a, uint64_t b, uint64_t c)
{
    world->hash = mix(world->hash ^ a) + b * 0x9e3779b97f4a7c15ull + c;
}

void world_note_bytes(struct world *world, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint64_t word, hash = length;

    for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = (hash ^ word) * 0x100000001b3ull;
        hash ^= hash >> 29;
    }
    for (; length > 0; at++, length--)
        hash = (hash ^ *at) * 0x100000001b3ull;
    world->hash = mix(world->hash ^ hash);
}

/* ---- the queue: a binary heap ---- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void world_after(struct world *world, uint64_t delay, void (*run)(void *object, uint64_t value), void *object,
                 uint64_t value)
{
    struct sim_event event = {
        .at = world->now + delay, .order = world->order++, .run = run, .object = object, .value = value
    };
    size_t at = world->heap_count++;

    if (world->heap_count > world->heap_size) {
        world->heap_size = world->heap_size == 0 ? 1024 : world->heap_size * 2;
        world->heap = realloc(world->heap, world->heap_size * sizeof(*world->heap));
        if (world->heap == NULL) {
            fprintf(stderr, "sim: no memory\n");
            exit(2);
        }
    }
    while (at > 0 && earlier(&event, &world->heap[(at - 1) / 2])) {
        world->heap[at] = world->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world->heap[at] = event;
}

static struct sim_event heap_pop(struct world *world)
{
    struct sim_event first = world->heap[0];
    struct sim_event last = world->heap[--world->heap_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= world->heap_count)
            break;
        if (child + 1 < world->heap_count && earlier(&world->heap[child + 1], &world->heap[child]))
            child++;
        if (!earlier(&world->heap[child], &last))
            break;
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = last;
    return first;
}

void world_run(struct world *world, uint64_t until)
{
    while (!world->failed && world->heap_count > 0 && world->heap[0].at <= until) {
        struct sim_event event = heap_pop(world);

        world->now = event.at;
        event.run(event.object, event.value);
    }
    if (world->now < until)
        world->now = until;
}

/* ---- telling ---- */

void world_fail(struct world *world, const char *rule, const char *format, ...)
{
    va_list args;
    int length;

    if (world->failed)
        return;
    world->failed = true;
    length = snprintf(world->failure, sizeof(world->failure), "%s: ", rule);
    va_start(args, format);
    vsnprintf(world->failure + length, sizeof(world->failure) - (size_t)length, format, args);
    va_end(args);
    world_say(world, "FAILED %s", world->failure);
}

void world_say(struct world *world, const char *format, ...)
{
    va_list args;

    if (!world->trace)
        return;
    printf("%6llu.%06llu ", (unsigned long long)(world->now / SECOND),
           (unsigned long long)(world->now % SECOND));
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* ---- a run ---- */

/* Faults are drawn one by one, so that many seeds have only a few kinds and a failure is easy to read. */
static void faults_draw(struct world *world)
{
    struct sim_faults *faults = &world->faults;

    faults->breaks = world_chance(world, 600);
    faults->cuts = world_chance(world, 500);
    faults->freezes = world_chance(world, 400);
    faults->crashes = world_chance(world, 500);
    faults->first_too = world_chance(world, 80);
    faults->deletes = world_chance(world, 500);
    faults->launch_failures = world_chance(world, 400);
    faults->slow = world_chance(world, 300);
    faults->flood = world_chance(world, 8);
    faults->bulk = faults->flood || world_chance(world, 15);
    faults->stubborn = world_chance(world, 300);
    faults->memory = world_chance(world, 50);
    faults->freezing = world_chance(world, 100);
    faults->walls = world_chance(world, 150);
    faults->few_tasks = world_chance(world, 60);
    faults->hostile = world_chance(world, 100);
}

void world_init(struct world *world, const struct sim_options *options, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->options = options;
    world->plant = options->plant;
    world->trace = options->trace;
    world->seed = seed;
    world->random = mix(seed + 0x5851f42d4c957f2dull);
    pvmi_buffer_init(&world->scratch, 64u * 1024 * 1024);
    pvmi_table_init(&world->by_tid);
    pvmi_table_init(&world->started);
    pvmi_table_init(&world->spawns);
    faults_draw(world);
    world->suspect_ms = (uint32_t)world_between(world, 500, 2000);
    world->dead_ms = world->suspect_ms * (uint32_t)world_between(world, 3, 6);
    world->join_ms = (uint32_t)world_between(world, 3000, 8000);
    world->halt_ms = (uint32_t)world_between(world, 1000, 5000);
    world->hosts_wanted =
        (int)world_between(world, (uint64_t)options->hosts_min, (uint64_t)options->hosts_max);
    world->process_max = world->hosts_wanted < 20 ? 50 + 10 * world->hosts_wanted : 150;
    world->steps_left = options->steps > 0 ? options->steps : (int)world_between(world, 5, 50);
}

void world_fini(struct world *world)
{
    nodes_fini(world);
    pvmi_table_fini(&world->by_tid);
    pvmi_table_fini(&world->started);
    pvmi_table_fini(&world->spawns);
    pvmi_buffer_fini(&world->scratch);
    for (struct chunk *chunk = world->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(world->heap);
    free(world->nodes);
    free(world->processes);
    free(world->actors);
}
