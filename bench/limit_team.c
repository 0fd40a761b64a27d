/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/limit_team.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define YIELDS 4

struct team_shared {
    struct signal ordered;
    struct signal heard;
    struct order order;
};

void *team_memory(size_t bytes)
{
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (block == MAP_FAILED)
        die("no shared memory of %zu bytes: %s", bytes, strerror(errno));
    return block;
}

void team_start(struct team *team, const struct options *options)
{
    memset(team, 0, sizeof(*team));
    team->size = options->tasks;
    if (team->size > TEAM_MAX)
        die("-n %d: %d processes are the most", team->size, TEAM_MAX);
    team->crowded = team->size > sysconf(_SC_NPROCESSORS_ONLN);
    team->shared = team_memory(sizeof(*team->shared));
    for (int rank = 1; rank < team->size && team->rank == 0; rank++) {
        team->pids[rank] = fork();
        if (team->pids[rank] < 0)
            die("fork: %s", strerror(errno));
        if (team->pids[rank] == 0)
            team->rank = rank;
    }
    if (team->rank != 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options->pinned)
        pin_to(team->rank);
}

void team_order(struct team *team, long size, long count)
{
    uint32_t others = (uint32_t)team->size - 1;

    team->shared->order = (struct order){ size, count };
    signal_raise(&team->shared->ordered, ++team->orders);
    signal_await(team, &team->shared->heard, others * team->orders);
    for (int i = 1; i < team->size && count == 0; i++)
        waitpid(team->pids[i], NULL, 0);
}

bool team_obey(struct team *team, struct order *ret_order)
{
    signal_await(team, &team->shared->ordered, ++team->orders);
    *ret_order = team->shared->order;
    signal_add(&team->shared->heard);
    return ret_order->count > 0;
}

static bool has_come(struct signal *signal, uint32_t value)
{
    return (int32_t)(atomic_load_explicit(&signal->value, memory_order_acquire) - value) >= 0;
}

static void signal_sleep(struct signal *signal, uint32_t value)
{
    atomic_fetch_add(&signal->sleepers, 1);
    for (;;) {
        uint32_t seen = atomic_load(&signal->value);

        if ((int32_t)(seen - value) >= 0)
            break;
        syscall(SYS_futex, &signal->value, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
    atomic_fetch_sub(&signal->sleepers, 1);
}

void signal_await(const struct team *team, struct signal *signal, uint32_t value)
{
    if (!team->crowded) {
        while (!has_come(signal, value))
            relax();
        return;
    }
    for (int i = 0; i < YIELDS; i++) {
        if (has_come(signal, value))
            return;
        sched_yield();
    }
    if (!has_come(signal, value))
        signal_sleep(signal, value);
}

static void signal_wake(struct signal *signal)
{
    if (atomic_load(&signal->sleepers) != 0)
        syscall(SYS_futex, &signal->value, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void signal_raise(struct signal *signal, uint32_t value)
{
    atomic_store(&signal->value, value);
    signal_wake(signal);
}

void signal_add(struct signal *signal)
{
    atomic_fetch_add(&signal->value, 1);
    signal_wake(signal);
}
