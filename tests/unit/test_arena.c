/* SPDX-License-Identifier: BSD-3-Clause */
/* The arena: making and opening, positions, windows on demand, budget, heap, slots, handover, fork. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "arena/handover.h"
#include "arena_task.h"
#include "base/alloc.h"

static int64_t pages_free(const struct arena_daemon *daemon)
{
    return atomic_load(&daemon->arena->header->pages_free);
}

/* Runs child in a process of its own; its status must be 0. */
static void in_child(void (*child)(struct arena_daemon *daemon), struct arena_daemon *daemon)
{
    pid_t pid = fork();

    if (pid == 0) {
        child(daemon);
        _exit(0);
    }
    assert_int_equal(status_of(pid), 0);
}

/* ---- making and opening ---- */

static void a_second_process_opens_what_the_daemon_made(void **state)
{
    struct arena_daemon daemon;
    struct pvmi_arena *arena;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    assert_int_equal(daemon.arena->slots, PVMI_ARENA_SLOTS_MAX);
    assert_int_equal(daemon.arena->stride, PVMI_ARENA_STRIDE_MAX);
    assert_int_equal(pvmi_arena_open(dup(daemon.arena->fd), &arena), PvmOk);
    assert_int_equal(arena->slots, daemon.arena->slots);
    assert_int_equal(arena->header->incarnation, 77);
    assert_ptr_not_equal(arena->header, daemon.arena->header);
    pvmi_arena_close(arena);
    daemon_end(&daemon);
}

static void what_is_no_arena_is_refused(void **state)
{
    struct pvmi_arena *arena;
    int fd = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint64_t magic = PVMI_ARENA_MAGIC;
    uint32_t version = PVMI_ARENA_VERSION + 1;

    (void)state;
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(pvmi_arena_open(fd, &arena), PvmBadMsg);    /* it could be made shorter */
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(pvmi_arena_open(fd, &arena), PvmBadMsg);    /* no magic */
    assert_int_equal(pwrite(fd, &magic, sizeof(magic), 0), sizeof(magic));
    assert_int_equal(pwrite(fd, &version, sizeof(version), 8), sizeof(version));
    assert_int_equal(pvmi_arena_open(fd, &arena), PvmBadVersion);
    version = PVMI_ARENA_VERSION;
    assert_int_equal(pwrite(fd, &version, sizeof(version), 8), sizeof(version));
    assert_int_equal(pvmi_arena_open(fd, &arena), PvmBadMsg);    /* no slots */
    assert_int_equal(pvmi_arena_open(-1, &arena), PvmBadMsg);
    close(fd);
}

static void with_file_size(uint64_t limit, int expected, uint32_t slots, uint32_t stride)
{
    struct rlimit size = { limit, RLIM_INFINITY };
    struct pvmi_arena *arena;
    int rc;

    MUST(setrlimit(RLIMIT_FSIZE, &size) == 0);
    rc = pvmi_arena_create(ARENA_PAGES, 1, &arena);
    MUST(rc == expected);
    MUST(rc != PvmOk || (arena->slots == slots && arena->stride == stride));
    if (rc == PvmOk)
        pvmi_arena_close(arena);
}

static void limited_files(struct arena_daemon *daemon)
{
    (void)daemon;
    with_file_size((UINT64_C(16384) << 30) - 1, PvmOk, 16384, 1u << 29);
    with_file_size(UINT64_C(16384) << 28, PvmOk, 16384, 1u << 28);
    with_file_size(UINT64_C(1) << 40, PvmOk, 8192, 1u << 27);
    with_file_size(UINT64_C(64) << 28, PvmOk, 256, 1u << 26);
    with_file_size(UINT64_C(1) << 30, PvmNotImpl, 0, 0);
}

/* ulimit -f: windows are halved, then slots; and nobody dies of SIGXFSZ. */
static void a_limit_of_file_size_gives_smaller_windows_or_a_refusal(void **state)
{
    (void)state;
    in_child(limited_files, NULL);
}

static void every_failed_allocation_is_an_error(void **state)
{
    struct pvmi_arena *arena;
    int rc = PvmNoMem;

    (void)state;
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 10);
        pvmi_alloc_fail_nth(nth);
        rc = pvmi_arena_create(ARENA_PAGES, 1, &arena);
        assert_true(rc == PvmOk || rc == PvmNoMem || rc == PvmNotImpl);
    }
    pvmi_alloc_fail_nth(-1);
    pvmi_arena_close(arena);
}

/* ---- positions and windows ---- */

static void a_position_is_checked_by_whoever_follows_it(void **state)
{
    struct arena_daemon daemon;
    void *at;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    struct pvmi_arena *arena = daemon.arena;

    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, 64), 64, &at), PvmOk);
    assert_int_equal(pvmi_arena_at(arena, 0, 64, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 2, 64), 64, &at), PvmBadMsg);    /* generation */
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(16384, 1, 64), 64, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(0xffff, 1, 64), 64, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, 65), 64, &at), PvmBadMsg);    /* alignment */
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, 64), 0, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, 1u << 30), 8, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, 0xfffffff8u), 8, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, (16u << 20) - 64), 72, &at), PvmBadMsg);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, (16u << 20) - 64), 64, &at), PvmOk);
    assert_int_equal(pvmi_arena_at(arena, pvmi_position(5, 1, 0), SIZE_MAX, &at), PvmBadMsg);
    daemon_end(&daemon);
}

static void windows_are_mapped_when_they_are_needed(void **state)
{
    struct arena_daemon daemon;
    void *at, *again;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    size_t before = pvmi_arena_mapped(daemon.arena);

    assert_int_equal(pvmi_arena_at(daemon.arena, pvmi_position(9, 1, 0), 64, &at), PvmOk);
    assert_int_equal(pvmi_arena_mapped(daemon.arena), before + daemon.arena->piece);
    assert_int_equal(pvmi_arena_at(daemon.arena, pvmi_position(9, 1, 4096), 64, &again), PvmOk);
    assert_ptr_equal((char *)again, (char *)at + 4096);
    assert_int_equal(pvmi_arena_mapped(daemon.arena), before + daemon.arena->piece);
    daemon_end(&daemon);
}

/* With 60 MiB more of address space there is room for three pieces of 16 MiB; pins beyond map single pages. */
static void little_address_space(struct arena_daemon *daemon)
{
    struct pvmi_pin pins[20];
    struct pvmi_arena *arena;
    struct rlimit limit;
    uint64_t used_pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    void *at;

    MUST(statm != NULL && fscanf(statm, "%lu", (unsigned long *)&used_pages) == 1 && fclose(statm) == 0);
    limit.rlim_cur = limit.rlim_max = used_pages * 4096 + (60u << 20);
    MUST(setrlimit(RLIMIT_AS, &limit) == 0);
    MUST(pvmi_arena_open(dup(daemon->arena->fd), &arena) == PvmOk);
    MUST(arena->piece == PVMI_ARENA_PIECE_SMALL);
    for (uint32_t slot = 100; slot < 120; slot++)    /* nobody pins them: one goes for the next */
        MUST(pvmi_arena_at(arena, pvmi_position(slot, 1, 64), 64, &at) == PvmOk);
    for (uint32_t i = 0; i < 20; i++)
        MUST(pvmi_arena_pin(arena, pvmi_position(100 + i, 1, 8256), 64, &pins[i]) == PvmOk);
    MUST(pins[19].piece == NULL);
    memcpy(pins[19].at, "seen", 5);
    MUST(pvmi_arena_at(arena, pvmi_position(119, 1, 8256), 64, &at) == PvmNoMem);
    for (uint32_t i = 0; i < 20; i++)
        pvmi_arena_unpin(&pins[i]);
    MUST(pvmi_arena_at(arena, pvmi_position(119, 1, 8256), 64, &at) == PvmOk && strcmp(at, "seen") == 0);
    pvmi_arena_close(arena);
}

static void little_address_space_is_enough(void **state)
{
    struct arena_daemon daemon;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();    /* it takes terabytes of address space itself */
#endif
    daemon_make(&daemon, ARENA_PAGES);
    in_child(little_address_space, &daemon);
    daemon_end(&daemon);
}

static void child_of_fork(struct arena_daemon *daemon)
{
    unsigned char there;

    MUST(mincore((void *)daemon->arena->header, 4096, &there) != 0 && errno == ENOMEM);    /* DONTFORK */
    pvmi_arena_after_fork(daemon->arena);
}

static void a_child_after_fork_has_nothing_of_it(void **state)
{
    struct arena_daemon daemon;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    in_child(child_of_fork, &daemon);
    assert_int_equal(daemon.arena->header->magic == PVMI_ARENA_MAGIC, 1);
    daemon_end(&daemon);
}

/* ---- slots ---- */

static void a_slot_is_claimed_once(void **state)
{
    struct arena_daemon daemon;
    struct pvmi_self self;
    uint32_t slot, name;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    assert_int_equal(pvmi_slot_reserve(daemon.arena, 0x40001, 0x1234, &slot), PvmOk);
    assert_int_equal(pvmi_slot_claim(daemon.arena, slot, 0x1235, &self), PvmDenied);
    assert_int_equal(pvmi_slot_claim(daemon.arena, slot + 1, 0, &self), PvmDenied);
    assert_int_equal(pvmi_slot_claim(daemon.arena, 0, 0, &self), PvmDenied);
    assert_int_equal(pvmi_slot_claim(daemon.arena, 99999, 0, &self), PvmDenied);
    assert_int_equal(pvmi_slot_claim(daemon.arena, slot, 0x1234, &self), PvmOk);
    assert_int_equal(pvmi_slot_claim(daemon.arena, slot, 0x1234, &self), PvmDenied);
    assert_int_equal(pvmi_slot_find(daemon.arena, 0x40001, &name), PvmOk);
    assert_int_equal(name, self.name);
    assert_int_equal(pvmi_slot_tid(daemon.arena, name), 0x40001);
    assert_int_equal(pvmi_slot_find(daemon.arena, 0x40002, &name), PvmNoTask);
    daemon_end(&daemon);
}

static void a_dead_task_s_slot_comes_back_with_another_generation(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    uint64_t position;
    struct pvmi_arena_block *block;
    struct stat64 before, after;
    void *at;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    int64_t pages = pages_free(&daemon);
    uint32_t slot = daemon_reserve(&daemon, 1);

    assert_int_equal(fstat64(daemon.arena->fd, &before), 0);
    task_claim(&task, daemon.arena, slot);
    assert_int_equal(pvmi_heap_new(&task.heap, 100000, &position, &block), PvmOk);
    memset(pvmi_block_data(block), 7, 100000);
    uint32_t name = task.self.name;

    task_end(&task, false);
    daemon.arena->own = 0;
    assert_true(pvmi_slot_lives(daemon.arena, name));
    daemon_bury(&daemon, slot);
    assert_false(pvmi_slot_lives(daemon.arena, name));
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    assert_int_equal(pages_free(&daemon), pages);
    assert_int_equal(pvmi_slot_tid(daemon.arena, name), 0);
    assert_int_equal(pvmi_arena_at(daemon.arena, position, 64, &at), PvmBadMsg);
    assert_int_equal(fstat64(daemon.arena->fd, &after), 0);
    assert_true(after.st_blocks <= before.st_blocks);
    daemon_end(&daemon);
}

/* What pvmd walks over: with 16384 slots each death would cost as many steps. */
static void a_walk_meets_the_slots_in_use_and_no_others(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    uint32_t slots[200], extension;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    assert_int_equal(pvmi_slot_next(daemon.arena, 0), 0);
    for (int i = 0; i < 200; i++)
        slots[i] = daemon_reserve(&daemon, i + 1);
    for (int i = 0; i < 200; i++)
        if (i % 67 != 0)
            daemon_bury(&daemon, slots[i]);
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    assert_int_equal(pvmi_slot_next(daemon.arena, 0), slots[0]);
    assert_int_equal(pvmi_slot_next(daemon.arena, slots[0]), slots[67]);
    assert_int_equal(pvmi_slot_next(daemon.arena, slots[67]), slots[134]);
    assert_int_equal(pvmi_slot_next(daemon.arena, slots[134]), 0);

    task_claim(&task, daemon.arena, slots[134]);
    assert_int_equal(pvmi_slot_extend(&task.self, &extension), PvmOk);
    assert_int_equal(pvmi_slot_next(daemon.arena, slots[134]), extension);
    assert_int_equal(pvmi_slot_next(daemon.arena, extension), 0);
    task_end(&task, false);
    daemon.arena->own = 0;
    daemon_bury(&daemon, slots[134]);
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    assert_int_equal(pvmi_slot_owner(daemon.arena, extension), 0);
    daemon_end(&daemon);
}

static void reserved_slots_run_out(void **state)
{
    struct arena_daemon daemon;
    struct pvmi_arena *arena;
    uint32_t slot;
    int rc;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    arena = daemon.arena;
    for (uint32_t i = 1; i < arena->slots - 1; i++)
        atomic_store(&arena->life[i], pvmi_life_word(1, i, PVMI_LIFE_RESERVED));
    assert_int_equal(pvmi_slot_reserve(arena, 1, 1, &slot), PvmOk);
    assert_int_equal(slot, arena->slots - 1);
    rc = pvmi_slot_reserve(arena, 2, 1, &slot);
    assert_int_equal(rc, PvmOutOfRes);
    daemon_end(&daemon);
}

/* ---- budget ---- */

static void the_default_budget_is_half_of_what_there_is(void **state)
{
    (void)state;
    assert_int_equal(pvmi_budget_from("MemTotal: 9 kB\nMemAvailable:  8000 kB\n", NULL, NULL), 1000);
    assert_int_equal(pvmi_budget_from("MemAvailable: 8000 kB\n", "max", "5"), 1000);
    assert_int_equal(pvmi_budget_from("MemAvailable: 8000 kB\n", "4194304", "2097152"), 256);
    assert_int_equal(pvmi_budget_from("MemAvailable: 8000 kB\n", "4096", "8192"), 0);
    assert_int_equal(pvmi_budget_from(NULL, "8388608", NULL), 1024);
    assert_true(pvmi_budget_default() > 1000);
}

static void an_exhausted_budget_is_no_memory_and_comes_back(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    struct pvmi_arena_block *block;
    uint64_t positions[64], other;
    int count = 0;

    (void)state;
    daemon_make(&daemon, 4096);    /* 16 MiB */
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    int64_t before = pages_free(&daemon);

    while (count < 64 && pvmi_heap_new(&task.heap, 1u << 20, &positions[count], &block) == PvmOk)
        memset(pvmi_block_data(block), count++, 1u << 20);
    assert_in_range(count, 3, 15);
    assert_true(pages_free(&daemon) >= 0);
    assert_int_equal(pvmi_heap_new(&task.heap, 1u << 20, &other, &block), PvmNoMem);
    assert_int_equal(pvmi_heap_new(&task.heap, PVMI_HEAP_BYTES_MAX + 1, &other, &block), PvmBadParam);
    assert_int_equal(*pvmi_block_data(pvmi_heap_block(&task.heap, positions[1])), 1);
    for (int i = 0; i < count; i++)
        pvmi_heap_free(&task.heap, positions[i]);
    assert_int_equal(pvmi_heap_new(&task.heap, PVMI_HEAP_BYTES_MAX, &other, &block), PvmOk);    /* the free ones go */
    pvmi_heap_free(&task.heap, other);
    pvmi_heap_trim(&task.heap);
    assert_int_equal(pages_free(&daemon), before);
    for (int i = 0; i < count; i++)    /* and their places are used again */
        assert_int_equal(pvmi_heap_new(&task.heap, 1u << 20, &positions[i], &block), PvmOk);
    assert_int_equal(*pvmi_block_data(block), 0);
    task_end(&task, false);
    daemon_end(&daemon);
}

/* Blocks of 2 KiB in all of the budget, then one of 1 MiB: what is free is free for all sizes. */
static void the_memory_of_small_blocks_serves_large_ones(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    struct pvmi_arena_block *block;
    uint64_t positions[2500], large;
    int count = 0;

    (void)state;
    daemon_make(&daemon, 1600);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    for (int round = 0; round < 3; round++) {
        for (count = 0; pvmi_heap_new(&task.heap, 2000, &positions[count], &block) == PvmOk; count++)
            assert_in_range(count, 0, 2400);
        assert_true(count > 1000);
        assert_int_equal(pvmi_heap_new(&task.heap, 1u << 20, &large, &block), PvmNoMem);
        while (count > 0)
            pvmi_heap_free(&task.heap, positions[--count]);
        assert_int_equal(pvmi_heap_new(&task.heap, 1u << 20, &large, &block), PvmOk);
        pvmi_heap_free(&task.heap, large);
    }
    task_end(&task, false);
    daemon_end(&daemon);
}

static void the_audit_finds_what_was_lost(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    assert_int_equal(pvmi_budget_audit(daemon.arena), 0);
    atomic_fetch_sub(&daemon.arena->header->pages_free, 17);
    atomic_fetch_add(&task.self.control->takes, 1);
    assert_int_equal(pvmi_budget_audit(daemon.arena), 0);    /* one of the living is taking */
    atomic_fetch_add(&task.self.control->takes, 1);
    assert_int_equal(pvmi_budget_audit(daemon.arena), 17);
    assert_int_equal(pvmi_budget_audit(daemon.arena), 0);
    task_end(&task, false);
    daemon_end(&daemon);
}

/* ---- heap ---- */

static void blocks_of_all_sizes_are_apart_and_reused_last_freed_first(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    struct pvmi_arena_block *block;
    uint64_t positions[200], again;
    uint32_t sizes[200];

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    for (uint32_t i = 0; i < 200; i++) {
        sizes[i] = i % 20 == 0 ? i * 4000 : i * 61;
        assert_int_equal(pvmi_heap_new(&task.heap, sizes[i], &positions[i], &block), PvmOk);
        assert_true(block->capacity >= sizes[i]);
        assert_int_equal(pvmi_position_offset(positions[i]) % 64, 0);
        message_fill(pvmi_block_data(block), i, sizes[i]);
    }
    for (uint32_t i = 0; i < 200; i++)
        assert_true(message_good(pvmi_block_data(pvmi_heap_block(&task.heap, positions[i])), i, sizes[i]));
    pvmi_heap_free(&task.heap, positions[3]);
    pvmi_heap_free(&task.heap, positions[4]);
    assert_int_equal(pvmi_heap_new(&task.heap, sizes[4], &again, &block), PvmOk);
    assert_true(again == positions[4]);
    task_end(&task, false);
    daemon_end(&daemon);
}

/* Allocates and frees one block count times. Returns how many different ones that were. */
static uint32_t different_blocks(struct arena_task *task, uint32_t size, uint32_t count)
{
    uint64_t seen[600];
    uint32_t different = 0;

    assert_true(count <= 600);
    for (uint32_t i = 0, at; i < count; i++) {
        struct pvmi_arena_block *block;

        assert_int_equal(pvmi_heap_new(&task->heap, size, &seen[different], &block), PvmOk);
        pvmi_heap_free(&task->heap, seen[different]);
        for (at = 0; seen[at] != seen[different]; at++)
            ;
        different += at == different;
    }
    return different;
}

static void blocks_that_are_spread_are_reused_first_freed_first(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    uint32_t last = 1;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    assert_int_equal(different_blocks(&task, 50000, 10), 1);
    for (int times = 0; times < 3; times++) {
        uint32_t blocks;

        pvmi_heap_spread(&task.heap, 50000);
        blocks = different_blocks(&task, 50000, 40);
        assert_int_equal(blocks, times == 0 ? 1 : 2 * last);
        last = blocks;
    }
    assert_int_equal(different_blocks(&task, 200, 10), 1);    /* not those of other sizes */
    for (int times = 0; times < 40; times++)
        pvmi_heap_spread(&task.heap, 50000);
    assert_true(task.heap.spread[16 - PVMI_HEAP_SMALLEST] * 65536ull < 64u << 20);
    pvmi_heap_trim(&task.heap);
    assert_int_equal(different_blocks(&task, 50000, 10), 1);    /* memory was short */
    task_end(&task, false);
    daemon_end(&daemon);
}

/* And none of what was wanted counts against other sizes any more. */
static void a_spread_that_finds_no_memory_makes_do_with_the_blocks_that_there_are(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    for (int times = 0; times < 5; times++)
        pvmi_heap_spread(&task.heap, 50000);
    assert_int_equal(different_blocks(&task, 50000, 8), 8);
    pvmi_alloc_fail_nth(0);    /* the list of nine free ones */
    assert_int_equal(different_blocks(&task, 50000, 10), 1);
    pvmi_alloc_fail_nth(-1);
    assert_int_equal(task.heap.spread[16 - PVMI_HEAP_SMALLEST], 0);
    assert_true(task.heap.spread_bytes == 0);
    task_end(&task, false);
    daemon_end(&daemon);
}

static void a_budget_that_is_half_used_up_is_not_for_spreading(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    struct pvmi_arena_block *block;
    uint64_t positions[512];
    uint32_t count = 0;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    pvmi_heap_spread(&task.heap, 50000);
    pvmi_heap_spread(&task.heap, 50000);
    while (count < 512 && pvmi_heap_new(&task.heap, 100000, &positions[count], &block) == PvmOk)
        count++;
    assert_in_range(count, 2, 511);
    pvmi_heap_spread(&task.heap, 100000);
    assert_int_equal(task.heap.spread[17 - PVMI_HEAP_SMALLEST], 0);
    pvmi_heap_free(&task.heap, positions[--count]);
    assert_int_equal(different_blocks(&task, 50000, 10), 1);    /* 2 were wanted, and one has found room */
    task_end(&task, false);
    daemon_end(&daemon);
}

static void a_full_window_goes_on_in_another_slot(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    struct pvmi_arena_block *block;
    uint64_t first, position;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    int64_t pages = pages_free(&daemon);
    uint32_t slot = daemon_reserve(&daemon, 1);

    task_claim(&task, daemon.arena, slot);
    assert_int_equal(pvmi_heap_new(&task.heap, 100, &first, &block), PvmOk);
    task.heap.top = daemon.arena->stride - (1u << 20);    /* as if the rest were used */
    assert_int_equal(pvmi_heap_new(&task.heap, 3u << 20, &position, &block), PvmOk);
    assert_int_not_equal(pvmi_position_slot(position), slot);
    assert_int_equal(pvmi_slot_owner(daemon.arena, pvmi_position_slot(position)), task.self.name);
    memset(pvmi_block_data(block), 5, 3u << 20);
    pvmi_heap_free(&task.heap, position);
    task_end(&task, false);
    daemon.arena->own = 0;
    daemon_bury(&daemon, slot);
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    assert_int_equal(pages_free(&daemon), pages);
    assert_int_equal(pvmi_slot_owner(daemon.arena, pvmi_position_slot(position)), 0);
    daemon_end(&daemon);
}

static void the_heap_survives_failed_allocations(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    struct pvmi_arena_block *block;
    uint64_t position;
    uint32_t index;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    task_claim(&task, daemon.arena, daemon_reserve(&daemon, 1));
    for (int nth = 0, failed = 1; failed > 0; nth++) {
        failed = 0;
        assert_true(nth < 30);
        pvmi_alloc_fail_nth(nth);
        for (int i = 0; i < 40; i++) {
            int rc = pvmi_lend_new(&task.lend, 1000, &position, &block);

            if (rc == PvmOk) {
                rc = pvmi_lend_to(&task.lend, position, task.self.name, &index);
                pvmi_lend_drop(&task.lend, position);
            }
            failed += rc == PvmNoMem;
            assert_true(rc == PvmOk || rc == PvmNoMem);
        }
    }
    pvmi_alloc_fail_nth(-1);
    task_end(&task, false);
    daemon_end(&daemon);
}

/* ---- handover ---- */

static void a_descriptor_that_was_used_again_is_not_taken(void **state)
{
    struct pvmi_handover handover = { .slot = 12, .nonce = UINT64_MAX }, read;
    char text[PVMI_HANDOVER_TEXT];
    struct arena_daemon daemon;
    int fds[2];

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    fds[0] = fcntl(daemon.arena->fd, F_DUPFD, 50);
    fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(pvmi_handover_describe(fds[0], &handover.arena), PvmOk);
    assert_int_equal(pvmi_handover_describe(fds[1], &handover.socket), PvmOk);
    pvmi_handover_write(&handover, text);
    assert_int_equal(pvmi_handover_read(text, &read), PvmOk);
    assert_int_equal(pvmi_handover_take(&read), PvmOk);
    assert_int_equal(fcntl(read.arena.fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(read.socket.fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(read.slot, 12);
    assert_true(read.nonce == UINT64_MAX);
    assert_int_equal(dup2(STDERR_FILENO, fds[1]), fds[1]);
    assert_int_equal(pvmi_handover_take(&read), PvmNotFound);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);    /* of no use without the other one */
    assert_true(fcntl(fds[1], F_GETFD) >= 0);        /* somebody else's */
    close(fds[1]);
    assert_int_equal(pvmi_handover_take(&read), PvmNotFound);
    const char *const bad[] = { "", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:8:9", "-1:2:3:4:5:6:7:8",
                                "x:2:3:4:5:6:7:8", "80000000:2:3:4:5:6:7:8", "1:2:3:80000000:5:6:7:8",
                                "1:2:3:4:5:6:100000000:8", " 1:2:3:4:5:6:7:8" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pvmi_handover_read(bad[i], &read), PvmBadParam);
    daemon_end(&daemon);
}

static void a_slot_is_either_claimed_or_revoked(void **state)
{
    struct arena_daemon daemon;
    struct arena_task task;
    uint32_t slots[2];

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    slots[0] = daemon_reserve(&daemon, 1);
    slots[1] = daemon_reserve(&daemon, 2);
    task_claim(&task, daemon.arena, slots[0]);
    assert_true(pvmi_slot_claimed(daemon.arena, task.self.name));
    assert_false(pvmi_slot_revoke(daemon.arena, slots[0]));
    assert_true(pvmi_slot_claimed(daemon.arena, task.self.name));
    assert_false(pvmi_slot_claimed(daemon.arena, name_of(daemon.arena, slots[1])));
    assert_true(pvmi_slot_revoke(daemon.arena, slots[1]));
    assert_true(pvmi_slot_revoke(daemon.arena, slots[1]));
    assert_int_equal(pvmi_slot_claim(daemon.arena, slots[1], slots[1] + 1000, &task.self), PvmDenied);
    task_end(&task, false);
    daemon_bury(&daemon, slots[1]);
    assert_int_equal(pvmi_heal_sweep(&daemon.self), 0);
    daemon_end(&daemon);
}

/* Who polls the rings of many tasks has their pages in few entries of the TLB otherwise. */
static void windows_begin_at_different_pages(void **state)
{
    struct arena_daemon daemon;
    uint32_t offsets[2];

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    for (int i = 0; i < 2; i++) {
        struct arena_task task;
        struct pvmi_arena_block *block;
        uint64_t position;

        task_claim(&task, daemon.arena, daemon_reserve(&daemon, i + 1));
        assert_int_equal(pvmi_heap_new(&task.heap, 100, &position, &block), PvmOk);
        offsets[i] = pvmi_position_offset(position) / PVMI_ARENA_PAGE;
        task_end(&task, false);
    }
    assert_int_not_equal(offsets[0] % 64, offsets[1] % 64);
    daemon_end(&daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_begin_at_different_pages),
        cmocka_unit_test(a_second_process_opens_what_the_daemon_made),
        cmocka_unit_test(what_is_no_arena_is_refused),
        cmocka_unit_test(a_limit_of_file_size_gives_smaller_windows_or_a_refusal),
        cmocka_unit_test(every_failed_allocation_is_an_error),
        cmocka_unit_test(a_position_is_checked_by_whoever_follows_it),
        cmocka_unit_test(windows_are_mapped_when_they_are_needed),
        cmocka_unit_test(little_address_space_is_enough),
        cmocka_unit_test(a_child_after_fork_has_nothing_of_it),
        cmocka_unit_test(a_slot_is_claimed_once),
        cmocka_unit_test(a_dead_task_s_slot_comes_back_with_another_generation),
        cmocka_unit_test(a_walk_meets_the_slots_in_use_and_no_others),
        cmocka_unit_test(reserved_slots_run_out),
        cmocka_unit_test(the_default_budget_is_half_of_what_there_is),
        cmocka_unit_test(an_exhausted_budget_is_no_memory_and_comes_back),
        cmocka_unit_test(the_memory_of_small_blocks_serves_large_ones),
        cmocka_unit_test(the_audit_finds_what_was_lost),
        cmocka_unit_test(blocks_of_all_sizes_are_apart_and_reused_last_freed_first),
        cmocka_unit_test(blocks_that_are_spread_are_reused_first_freed_first),
        cmocka_unit_test(a_spread_that_finds_no_memory_makes_do_with_the_blocks_that_there_are),
        cmocka_unit_test(a_budget_that_is_half_used_up_is_not_for_spreading),
        cmocka_unit_test(a_full_window_goes_on_in_another_slot),
        cmocka_unit_test(the_heap_survives_failed_allocations),
        cmocka_unit_test(a_descriptor_that_was_used_again_is_not_taken),
        cmocka_unit_test(a_slot_is_either_claimed_or_revoked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
