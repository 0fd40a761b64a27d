/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena/budget.h"
#include "base/alloc.h"
#include "base/descriptor.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23    /* Linux 5.14 */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u        /* Linux 6.3; older ones refuse it, and have no need of it */
#endif

#define DENSE_LIFE PVMI_ARENA_PAGE
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/* ---- where things are ---- */

static uint32_t tids_at(uint32_t slots)
{
    return DENSE_LIFE + slots * (uint32_t)sizeof(uint32_t);
}

static uint32_t states_at(uint32_t slots)
{
    return tids_at(slots) + slots * (uint32_t)sizeof(int32_t);
}

static uint32_t bells_at(uint32_t slots)
{
    return states_at(slots) + slots * (uint32_t)sizeof(struct pvmi_state_line);
}

static uint32_t control_at(uint32_t slots)
{
    uint32_t end = bells_at(slots) + slots * (uint32_t)sizeof(struct pvmi_bell);

    return (end + 8191) & ~8191u;
}

static uint32_t heap_at(uint32_t slots)
{
    return control_at(slots) + slots * (uint32_t)sizeof(struct pvmi_slot_page);
}

/* Whether a window of this size has room for the control area and some heap behind it. */
static bool layout_fits(uint32_t slots, uint32_t stride)
{
    return stride >= PVMI_ARENA_STRIDE_MIN && heap_at(slots) + PVMI_ARENA_PIECE_SMALL <= stride;
}

/* ---- mapping ---- */

/* Small pieces where the address space is small or limited. */
static uint32_t piece_size(void)
{
    struct rlimit limit;

    if (sizeof(void *) == 4 || (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY))
        return PVMI_ARENA_PIECE_SMALL;
    return PVMI_ARENA_PIECE_LARGE;
}

/* At address wanted, in place of what is there; NULL: anywhere. */
static uint8_t *map_bytes(const struct pvmi_arena *arena, uint64_t offset, size_t length, void *wanted)
{
    int flags = MAP_SHARED | MAP_NORESERVE | (wanted != NULL ? MAP_FIXED : 0);
    void *at = mmap64(wanted, length, PROT_READ | PROT_WRITE, flags, arena->fd, (off64_t)offset);

    if (at == MAP_FAILED)
        return NULL;
    if (madvise(at, length, MADV_DONTFORK) != 0) {    /* a child that writes here would do so in our name */
        munmap(at, length);
        return NULL;
    }
    madvise(at, length, MADV_DONTDUMP);
    return at;
}

static uint32_t pieces_of(const struct pvmi_arena *arena)
{
    return arena->stride / arena->piece;
}

/* Unmaps what may be: other tasks' pieces that have no pin. Returns whether there was any. */
static bool unmap_unpinned(struct pvmi_arena *arena)
{
    bool any = false;

    for (struct pvmi_window *window = arena->window; window != NULL; window = window->next) {
        struct pvmi_piece *pieces = window->pieces;

        for (uint32_t i = 0; window->slot != 0 && window->slot != arena->own && i < pieces_of(arena); i++) {
            if (pieces[i].at == NULL || pieces[i].pins > 0)
                continue;
            munmap(pieces[i].at, arena->piece);
            pieces[i].at = NULL;
            any = true;
        }
    }
    return any;
}

static struct pvmi_window *window_new(struct pvmi_arena *arena, uint32_t slot)
{
    struct pvmi_window *window = pvmi_calloc(1, sizeof(*window) + pieces_of(arena) * sizeof(struct pvmi_piece));

    if (window == NULL)
        return NULL;
    window->slot = slot;
    window->next = arena->window;
    arena->window = window;
    arena->windows[slot] = window;
    return window;
}

/* The piece of slot's window that holds offset, mapped. NULL when that is refused. */
static struct pvmi_piece *map_piece(struct pvmi_arena *arena, uint32_t slot, uint32_t offset)
{
    uint32_t index = offset / arena->piece;
    struct pvmi_window *window = arena->windows[slot];
    struct pvmi_piece *piece;

    if (window == NULL)
        window = window_new(arena, slot);
    if (window == NULL)
        return NULL;
    piece = &window->pieces[index];
    if (piece->at == NULL) {
        uint64_t begin = (uint64_t)slot * arena->stride + (uint64_t)index * arena->piece;

        piece->at = map_bytes(arena, begin, arena->piece, NULL);
        if (piece->at == NULL && unmap_unpinned(arena))
            piece->at = map_bytes(arena, begin, arena->piece, NULL);
    }
    return piece->at == NULL ? NULL : piece;
}

/* Whether position names length bytes that may be there. */
static bool position_good(const struct pvmi_arena *arena, uint64_t position, size_t length)
{
    uint32_t slot = pvmi_position_slot(position);
    uint32_t offset = pvmi_position_offset(position);
    uint32_t word;

    if (slot >= arena->slots || (offset & 7) != 0 || length == 0 || length > PVMI_ARENA_PIECE_SMALL)
        return false;
    if (offset >= arena->stride || offset % PVMI_ARENA_PIECE_SMALL + length > PVMI_ARENA_PIECE_SMALL)
        return false;
    word = atomic_load_explicit(&arena->life[slot], memory_order_acquire);
    return pvmi_life_generation(word) == pvmi_position_generation(position);
}

int pvmi_arena_at(struct pvmi_arena *arena, uint64_t position, size_t length, void **ret_at)
{
    uint32_t slot = pvmi_position_slot(position);
    uint32_t offset = pvmi_position_offset(position);
    struct pvmi_piece *piece;

    if (!position_good(arena, position, length))
        return PvmBadMsg;
    piece = map_piece(arena, slot, offset);
    if (piece == NULL)
        return PvmNoMem;
    *ret_at = piece->at + offset % arena->piece;
    return PvmOk;
}

int pvmi_arena_pin(struct pvmi_arena *arena, uint64_t position, size_t length, struct pvmi_pin *ret_pin)
{
    uint32_t slot = pvmi_position_slot(position);
    uint32_t offset = pvmi_position_offset(position);
    struct pvmi_pin pin = { NULL, NULL, NULL, 0 };

    if (!position_good(arena, position, length))
        return PvmBadMsg;
    pin.piece = map_piece(arena, slot, offset);
    if (pin.piece != NULL) {
        pin.piece->pins++;
        pin.at = pin.piece->at + offset % arena->piece;
    } else {    /* no room for a piece: the pages of the object */
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        uint32_t begin = offset & ~(uint32_t)(page - 1);

        pin.pages_length = (offset - begin + length + page - 1) & ~(page - 1);
        pin.pages = map_bytes(arena, (uint64_t)slot * arena->stride + begin, pin.pages_length, NULL);
        if (pin.pages == NULL)
            return PvmNoMem;
        pin.at = pin.pages + (offset - begin);
    }
    *ret_pin = pin;
    return PvmOk;
}

void pvmi_arena_unpin(struct pvmi_pin *pin)
{
    if (pin->piece != NULL) {
        assert(pin->piece->pins > 0);
        pin->piece->pins--;
    } else if (pin->pages != NULL) {
        munmap(pin->pages, pin->pages_length);
    }
    memset(pin, 0, sizeof(*pin));
}

struct pvmi_slot_page *pvmi_arena_control(struct pvmi_arena *arena, uint32_t slot)
{
    uint32_t offset = arena->control_at + slot * (uint32_t)sizeof(struct pvmi_slot_page);
    struct pvmi_piece *piece;

    assert(slot < arena->slots);
    piece = map_piece(arena, 0, offset);
    return piece == NULL ? NULL : (struct pvmi_slot_page *)(void *)(piece->at + offset % arena->piece);
}

size_t pvmi_arena_mapped(const struct pvmi_arena *arena)
{
    size_t total = 0;

    for (const struct pvmi_window *window = arena->window; window != NULL; window = window->next) {
        for (uint32_t i = 0; i < pieces_of(arena); i++)
            total += window->pieces[i].at != NULL ? arena->piece : 0;
    }
    return total;
}

/* ---- memory ---- */

void *pvmi_arena_map(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length, void *at)
{
    assert(offset < arena->stride && length <= arena->stride - offset);
    return map_bytes(arena, (uint64_t)slot * arena->stride + offset, length, at);
}

int pvmi_arena_populate(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length)
{
    struct pvmi_piece *piece = map_piece(arena, slot, offset);

    assert(offset % arena->piece + length <= arena->piece);
    if (piece == NULL)
        return PvmNoMem;
    return pvmi_arena_populate_at(arena, slot, offset, length, piece->at + offset % arena->piece);
}

int pvmi_arena_populate_at(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length, void *at)
{
    if (madvise(at, length, MADV_POPULATE_WRITE) == 0)
        return PvmOk;
    if (errno != EINVAL && errno != ENOSYS)
        return PvmNoMem;
    if (fallocate64(arena->fd, 0, (off64_t)((uint64_t)slot * arena->stride + offset), length) != 0)
        return PvmNoMem;
    return PvmOk;
}

void pvmi_arena_punch(struct pvmi_arena *arena, uint32_t slot, uint32_t offset, uint32_t length)
{
    if (length > 0)
        fallocate64(arena->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    (off64_t)((uint64_t)slot * arena->stride + offset), length);
}

/* ---- making and opening ---- */

static int memfd_make(void)
{
    int fd = memfd_create("pvm-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("pvm-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return pvmi_descriptor_move(fd);
}

/* A limit of file size (ulimit -f) kills by SIGXFSZ whoever goes beyond; here it shall only fail. */
static int truncate_quietly(int fd, uint64_t length)
{
    struct timespec at_once = { 0, 0 };
    sigset_t size_signal, before, pending;
    int rc, err;

    sigemptyset(&size_signal);
    sigaddset(&size_signal, SIGXFSZ);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &size_signal, &before);
    rc = ftruncate64(fd, (off64_t)length);
    err = errno;
    if (rc != 0 && !sigismember(&pending, SIGXFSZ))
        while (sigtimedwait(&size_signal, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return rc;
}

/* The largest number of slots, then the largest windows, that the limits allow. */
static int size_file(int fd, uint32_t *ret_slots, uint32_t *ret_stride)
{
    uint32_t slots = PVMI_ARENA_SLOTS_MAX, stride = PVMI_ARENA_STRIDE_MAX;

    while (truncate_quietly(fd, (uint64_t)slots * stride) != 0) {
        if (errno != EFBIG && errno != EINVAL && errno != EOVERFLOW)
            return PvmNotImpl;
        if (layout_fits(slots, stride / 2))
            stride /= 2;
        else if (slots > PVMI_ARENA_SLOTS_MIN)
            slots /= 2;
        else
            return PvmNotImpl;
    }
    *ret_slots = slots;
    *ret_stride = stride;
    return PvmOk;
}

static size_t windows_size(const struct pvmi_arena *arena)
{
    return arena->slots * sizeof(*arena->windows);
}

/* A handle whose first piece is mapped. Owns fd on success. */
static int handle_new(int fd, uint32_t slots, uint32_t stride, struct pvmi_arena **ret_arena)
{
    struct pvmi_arena *arena = pvmi_calloc(1, sizeof(*arena));
    void *windows;
    uint8_t *first;

    if (arena == NULL)
        return PvmNoMem;
    arena->fd = fd;
    arena->slots = slots;
    arena->stride = stride;
    arena->piece = piece_size();
    arena->control_at = control_at(slots);
    arena->heap_at = heap_at(slots);
    windows = mmap(NULL, windows_size(arena), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    arena->windows = windows == MAP_FAILED ? NULL : windows;
    if (arena->windows == NULL || map_piece(arena, 0, 0) == NULL) {
        bool refused = arena->windows != NULL;

        arena->fd = -1;
        pvmi_arena_close(arena);
        return refused ? PvmNotImpl : PvmNoMem;
    }
    first = arena->windows[0]->pieces[0].at;
    arena->header = (struct pvmi_arena_header *)(void *)first;
    arena->life = (_Atomic uint32_t *)(void *)(first + DENSE_LIFE);
    arena->tids = (_Atomic int32_t *)(void *)(first + tids_at(slots));
    arena->states = (struct pvmi_state_line *)(void *)(first + states_at(slots));
    arena->bells = (struct pvmi_bell *)(void *)(first + bells_at(slots));
    *ret_arena = arena;
    return PvmOk;
}

/* All dense arrays are few pages; a control page gets its memory when its slot is reserved. */
static int header_make(struct pvmi_arena *arena, uint32_t pages, uint64_t incarnation)
{
    struct pvmi_arena_header *header = arena->header;
    uint32_t dense_pages = arena->control_at / PVMI_ARENA_PAGE;

    arena->reserved = pvmi_calloc(arena->slots / 64, sizeof(*arena->reserved));
    if (arena->reserved == NULL || pages <= dense_pages ||
        pvmi_arena_populate(arena, 0, 0, PVMI_ARENA_PAGE + arena->slots * 8) != PvmOk)
        return PvmNoMem;
    header->version = PVMI_ARENA_VERSION;
    header->slots = arena->slots;
    header->stride = arena->stride;
    header->control_at = arena->control_at;
    header->heap_at = arena->heap_at;
    header->pages_total = pages;
    header->incarnation = incarnation;
    atomic_store(&header->reserved_end, 1);
    atomic_store(&header->extended_from, arena->slots);
    atomic_store(&header->pages_free, (int64_t)(pages - dense_pages));    /* states and bells as if all were there */
    for (uint32_t slot = 0; slot < arena->slots; slot++)
        atomic_store_explicit(&arena->life[slot], pvmi_life_word(1, slot, PVMI_LIFE_FREE), memory_order_relaxed);
    atomic_store(&arena->life[0], pvmi_life_word(1, 0, PVMI_LIFE_ALIVE));
    header->magic = PVMI_ARENA_MAGIC;
    return PvmOk;
}

int pvmi_arena_create(uint32_t pages, uint64_t incarnation, struct pvmi_arena **ret_arena)
{
    struct pvmi_arena *arena;
    uint32_t slots, stride;
    int fd = memfd_make();
    int rc;

    if (fd < 0)
        return PvmNotImpl;
    rc = size_file(fd, &slots, &stride);
    if (rc == PvmOk && fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0)
        rc = PvmNotImpl;
    if (rc == PvmOk)
        rc = handle_new(fd, slots, stride, &arena);
    if (rc != PvmOk) {
        close(fd);
        return rc;
    }
    rc = header_make(arena, pages != 0 ? pages : pvmi_budget_default(), incarnation);
    if (rc != PvmOk) {
        pvmi_arena_close(arena);
        return rc;
    }
    *ret_arena = arena;
    return PvmOk;
}

/* What the file says about itself, read before anything is mapped. */
static int header_check(int fd, uint32_t *ret_slots, uint32_t *ret_stride)
{
    struct pvmi_arena_header header;
    struct stat64 status;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & SEALS) != SEALS || fstat64(fd, &status) != 0)
        return PvmBadMsg;
    if (pread64(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) || header.magic != PVMI_ARENA_MAGIC)
        return PvmBadMsg;
    if (header.version != PVMI_ARENA_VERSION)
        return PvmBadVersion;
    if (header.slots < PVMI_ARENA_SLOTS_MIN || header.slots > PVMI_ARENA_SLOTS_MAX ||
        (header.slots & (header.slots - 1)) != 0 || (header.stride & (header.stride - 1)) != 0 ||
        header.stride > PVMI_ARENA_STRIDE_MAX || !layout_fits(header.slots, header.stride))
        return PvmBadMsg;
    if ((uint64_t)status.st_size != (uint64_t)header.slots * header.stride)
        return PvmBadMsg;
    *ret_slots = header.slots;
    *ret_stride = header.stride;
    return PvmOk;
}

int pvmi_arena_open(int fd, struct pvmi_arena **ret_arena)
{
    uint32_t slots, stride;
    int rc = header_check(fd, &slots, &stride);

    return rc == PvmOk ? handle_new(fd, slots, stride, ret_arena) : rc;
}

static void handle_free(struct pvmi_arena *arena, bool mapped)
{
    struct pvmi_window *window;

    while ((window = arena->window) != NULL) {
        arena->window = window->next;
        for (uint32_t i = 0; mapped && i < pieces_of(arena); i++) {
            if (window->pieces[i].at != NULL)
                munmap(window->pieces[i].at, arena->piece);
        }
        pvmi_free(window);
    }
    if (arena->windows != NULL)
        munmap(arena->windows, windows_size(arena));
    pvmi_free(arena->reserved);
    if (arena->fd >= 0)
        close(arena->fd);
    pvmi_free(arena);
}

void pvmi_arena_close(struct pvmi_arena *arena)
{
    if (arena != NULL)
        handle_free(arena, true);
}

void pvmi_arena_after_fork(struct pvmi_arena *arena)
{
    if (arena != NULL)
        handle_free(arena, false);
}
