/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/budget.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena/slot.h"

/* ---- how much there is ---- */

static uint64_t field_of(const char *meminfo, const char *name)
{
    const char *found = meminfo == NULL ? NULL : strstr(meminfo, name);

    return found == NULL ? 0 : strtoull(found + strlen(name), NULL, 10) * 1024;
}

uint32_t pvmi_budget_from(const char *meminfo, const char *group_limit, const char *group_used)
{
    uint64_t bytes = field_of(meminfo, "MemAvailable:");
    uint64_t pages;

    if (bytes == 0)
        bytes = field_of(meminfo, "MemFree:");
    if (group_limit != NULL && group_limit[0] >= '0' && group_limit[0] <= '9') {
        uint64_t limit = strtoull(group_limit, NULL, 10);
        uint64_t used = group_used == NULL ? 0 : strtoull(group_used, NULL, 10);
        uint64_t left = limit > used ? limit - used : 0;

        if (bytes == 0 || left < bytes)
            bytes = left;
    }
    pages = bytes / 2 / PVMI_ARENA_PAGE;
    return pages > INT32_MAX ? INT32_MAX : (uint32_t)pages;
}

/* The file's text, NULL when it cannot be read. */
static const char *file_text(const char *path, char *room, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, room, size - 1);

    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return NULL;
    room[length] = '\0';
    return room;
}

/* The folder of this process's memory group: of version 2 "0::/PATH", of version 1 "N:memory:/PATH". */
static bool group_folder(char *folder, size_t size, bool *ret_second)
{
    char text[4096];
    const char *mark;

    if (file_text("/proc/self/cgroup", text, sizeof(text)) == NULL)
        return false;
    mark = strstr(text, ":memory:");
    *ret_second = mark == NULL;
    mark = mark != NULL ? mark + strlen(":memory:") : strstr(text, "0::");
    if (mark == NULL)
        return false;
    if (*ret_second)
        mark += strlen("0::");
    snprintf(folder, size, "/sys/fs/cgroup%s%.*s", *ret_second ? "" : "/memory", (int)strcspn(mark, "\n"), mark);
    return true;
}

/* The smallest is that of the group or of one above it. */
uint32_t pvmi_budget_default(void)
{
    char folder[4200], path[4300], meminfo[4096], limit[64], used[64];
    bool second;
    uint32_t pages, group_pages;

    if (file_text("/proc/meminfo", meminfo, sizeof(meminfo)) == NULL)
        meminfo[0] = '\0';
    pages = pvmi_budget_from(meminfo, NULL, NULL);
    if (!group_folder(folder, sizeof(folder), &second))
        return pages;
    for (;;) {
        char *slash;

        snprintf(path, sizeof(path), "%s/%s", folder, second ? "memory.max" : "memory.limit_in_bytes");
        if (file_text(path, limit, sizeof(limit)) != NULL) {
            snprintf(path, sizeof(path), "%s/%s", folder, second ? "memory.current" : "memory.usage_in_bytes");
            group_pages = pvmi_budget_from(meminfo, limit, file_text(path, used, sizeof(used)));
            pages = group_pages < pages ? group_pages : pages;
        }
        slash = strrchr(folder, '/');
        if (slash == NULL || strlen(folder) <= strlen("/sys/fs/cgroup"))
            return pages;
        *slash = '\0';
    }
}

/* ---- taking and giving ---- */

/* takes is odd in between: the audit sees that free and pages may differ, and for the living waits. */
static void takes_step(struct pvmi_slot_page *control)
{
    uint32_t takes = atomic_load_explicit(&control->takes, memory_order_relaxed);

    atomic_store(&control->takes, takes + 1);
}

static void pages_add(struct pvmi_slot_page *control, uint32_t pages)
{
    uint32_t before = atomic_load_explicit(&control->pages, memory_order_relaxed);

    atomic_store(&control->pages, before + pages);
}

int pvmi_budget_take(struct pvmi_arena *arena, struct pvmi_slot_page *control, uint32_t pages)
{
    _Atomic int64_t *left = &arena->header->pages_free;
    int64_t before = atomic_load_explicit(left, memory_order_relaxed);

    if (control != NULL)
        takes_step(control);
    while (before >= (int64_t)pages && !atomic_compare_exchange_weak(left, &before, before - pages))
        ;
    pvmi_arena_step("budget taken");
    if (control != NULL) {
        pages_add(control, before >= (int64_t)pages ? pages : 0);
        takes_step(control);
    }
    return before >= (int64_t)pages ? PvmOk : PvmNoMem;
}

/* The own number goes down first: whoever is killed in between has lost pages, and never given them twice. */
void pvmi_budget_give(struct pvmi_arena *arena, struct pvmi_slot_page *control, uint32_t pages)
{
    assert(atomic_load(&control->pages) >= pages);
    takes_step(control);
    pages_add(control, 0u - pages);
    pvmi_arena_step("budget giving");
    atomic_fetch_add(&arena->header->pages_free, pages);
    takes_step(control);
}

uint32_t pvmi_budget_bury(struct pvmi_arena *arena, struct pvmi_slot_page *control)
{
    uint32_t pages = atomic_load(&control->pages);

    if (pages > arena->header->pages_total)
        pages = 0;    /* nonsense: a broken task; the audit will see */
    atomic_store(&control->takes, 0);
    atomic_store(&control->pages, 0);
    atomic_fetch_add(&arena->header->pages_free, pages);
    return pages;
}

/* ---- the audit ---- */

/* All that slots have taken, and a number that changes with every take and give; false while one of the living is at
 * it. */
static bool count_taken(struct pvmi_arena *arena, uint64_t *ret_pages, uint64_t *ret_takes)
{
    *ret_pages = 0;
    *ret_takes = 0;
    uint32_t slot = 0;

    do {    /* slot 0 as well */
        uint32_t word = atomic_load(&arena->life[slot]);
        struct pvmi_slot_page *control;
        uint32_t takes;

        if (pvmi_life_of(word) == PVMI_LIFE_FREE || pvmi_life_owner(word) != slot)
            continue;
        control = pvmi_arena_control(arena, slot);
        if (control == NULL)
            return false;
        takes = atomic_load(&control->takes);
        if ((takes & 1) != 0 && pvmi_life_of(word) == PVMI_LIFE_ALIVE)
            return false;
        *ret_takes += takes;
        *ret_pages += atomic_load(&control->pages);
    } while ((slot = pvmi_slot_next(arena, slot)) != 0);
    return true;
}

uint32_t pvmi_budget_audit(struct pvmi_arena *arena)
{
    uint64_t pages, takes, pages_again, takes_again;
    int64_t left, lost;
    uint32_t fixed = arena->control_at / PVMI_ARENA_PAGE;

    if (!count_taken(arena, &pages, &takes))
        return 0;
    left = atomic_load(&arena->header->pages_free);
    if (!count_taken(arena, &pages_again, &takes_again) || pages != pages_again || takes != takes_again)
        return 0;
    lost = (int64_t)arena->header->pages_total - fixed - (int64_t)pages - left;
    if (lost <= 0)
        return 0;
    atomic_fetch_add(&arena->header->pages_free, lost);
    return (uint32_t)lost;
}
