/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/wake.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define FIRST_SLEEP_US 2000

/* ---- system calls ---- */

static long membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0);
}

/* Waits while *word is value, until at_us of CLOCK_MONOTONIC. */
static int futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t at_us)
{
    struct timespec at = { (time_t)(at_us / 1000000), (long)(at_us % 1000000) * 1000 };
    long number = SYS_futex;

#ifdef SYS_futex_time64
    if (sizeof(at.tv_sec) > sizeof(long))
        number = SYS_futex_time64;
#endif
    return (int)syscall(number, word, FUTEX_WAIT_BITSET, value, at_us == PVMI_WAKE_NO_DEADLINE ? NULL : &at, NULL,
                        FUTEX_BITSET_MATCH_ANY);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* ---- who is awake ---- */

static struct pvmi_arena_mask *own_mask(const struct pvmi_self *self)
{
    uint32_t index = atomic_load_explicit(&self->state->mask, memory_order_relaxed);

    return index == 0 || index > PVMI_ARENA_MASKS ? NULL : &self->arena->header->masks[index - 1];
}

static void count_awake(const struct pvmi_self *self, int change)
{
    struct pvmi_arena_mask *mask = own_mask(self);

    if (mask != NULL)
        atomic_fetch_add_explicit(&mask->awake, change, memory_order_relaxed);
}

/* Whoever wakes a task counts it: until that one runs, the processors are already promised to it. */
static void count_woken(const struct pvmi_self *self, uint32_t slot)
{
    uint32_t index = atomic_load_explicit(&self->arena->states[slot].mask, memory_order_relaxed);

    if (index > 0 && index <= PVMI_ARENA_MASKS)
        atomic_fetch_add_explicit(&self->arena->header->masks[index - 1].awake, 1, memory_order_relaxed);
}

/* The entry of those that have the same key; 0 when all are taken by others: then nobody spins. */
static uint32_t mask_find(struct pvmi_arena *arena, uint64_t key, uint32_t cpus)
{
    for (uint32_t i = 0; i < PVMI_ARENA_MASKS; i++) {
        struct pvmi_arena_mask *mask = &arena->header->masks[(key + i) % PVMI_ARENA_MASKS];
        uint64_t found = 0;

        if (!atomic_compare_exchange_strong(&mask->key, &found, key) && found != key)
            continue;
        atomic_store_explicit(&mask->cpus, cpus, memory_order_relaxed);
        return (uint32_t)((key + i) % PVMI_ARENA_MASKS) + 1;
    }
    return 0;
}

void pvmi_wake_remask(struct pvmi_self *self)
{
    cpu_set_t cpus;
    uint64_t key = UINT64_C(0xcbf29ce484222325);
    uint32_t index;

    if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
        return;    /* more than 1024 processors: never spins */
    for (size_t i = 0; i < sizeof(cpus); i++)
        key = (key ^ ((const uint8_t *)&cpus)[i]) * UINT64_C(0x100000001b3);
    index = mask_find(self->arena, key != 0 ? key : 1, (uint32_t)CPU_COUNT(&cpus));
    if (index == atomic_load_explicit(&self->control->mask, memory_order_relaxed))
        return;
    count_awake(self, -1);
    atomic_store_explicit(&self->control->mask, index, memory_order_relaxed);
    atomic_store_explicit(&self->state->mask, index, memory_order_relaxed);
    count_awake(self, 1);
}

void pvmi_wake_probe(struct pvmi_self *self)
{
    long offered = membarrier(MEMBARRIER_CMD_QUERY);

    self->barrier = offered > 0 && (offered & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0 &&
                    membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0;
    self->fence = offered <= 0 || membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0;
    atomic_store(&self->state->fence_me, self->barrier ? 0 : 1);
}

void pvmi_wake_join(struct pvmi_self *self)
{
    pvmi_wake_probe(self);
    pvmi_wake_remask(self);
}

void pvmi_wake_leave(struct pvmi_self *self)
{
    if (!self->away)
        count_awake(self, -1);
    self->away = false;
    atomic_store_explicit(&self->control->mask, 0, memory_order_relaxed);
    atomic_store_explicit(&self->state->mask, 0, memory_order_relaxed);
}

bool pvmi_wake_may_spin(const struct pvmi_self *self)
{
    const struct pvmi_arena_mask *mask = own_mask(self);

    return mask != NULL && atomic_load_explicit(&mask->awake, memory_order_relaxed) <=
                               (int32_t)atomic_load_explicit(&mask->cpus, memory_order_relaxed);
}

uint32_t pvmi_wake_cpus(const struct pvmi_self *self)
{
    const struct pvmi_arena_mask *mask = own_mask(self);

    return mask != NULL ? atomic_load_explicit(&mask->cpus, memory_order_relaxed) : 0;
}

/* ---- sleeping ---- */

/* Shows that we sleep, with a new number, so that those who woke us before do it again. */
static void show_asleep(struct pvmi_self *self, enum pvmi_state state)
{
    self->state_word = ((pvmi_state_number(self->state_word) + 1) << 4) | (uint32_t)state;
    pvmi_arena_step("sleep shown");
    atomic_store_explicit(&self->state->word, self->state_word, memory_order_relaxed);
    pvmi_fence();
    pvmi_arena_step("sleep fenced");
}

/* A signal handler may have jumped out of a sleep: then this is where it ends. */
void pvmi_wake_entered(struct pvmi_self *self)
{
    uint32_t before;

    self->state_word &= ~15u;
    if (!self->away) {
        atomic_store_explicit(&self->state->word, self->state_word, memory_order_relaxed);
        return;
    }
    before = atomic_exchange_explicit(&self->state->word, self->state_word, memory_order_relaxed);
    if (pvmi_state_of(before) != PVMI_WAKING)    /* else who woke us has counted us */
        count_awake(self, 1);
    self->away = false;
}

void pvmi_wake_rest(struct pvmi_self *self)
{
    show_asleep(self, PVMI_ASLEEP_FD);
}

void pvmi_wake_recheck(struct pvmi_self *self)
{
    if (self->barrier)
        membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

/* Waits on the word until it changes or the time is over: true when it has changed. */
static bool wait_word(struct pvmi_self *self, uint64_t at_us)
{
    while (atomic_load_explicit(&self->state->word, memory_order_acquire) == self->state_word) {
        if (futex_wait(&self->state->word, self->state_word, at_us) != 0 && errno == ETIMEDOUT)
            return atomic_load_explicit(&self->state->word, memory_order_acquire) != self->state_word;
    }
    return true;
}

/* Whether there is something; that counts in *found if nobody has woken us for it yet. */
static bool look_unwoken(struct pvmi_self *self, bool (*look)(void *user), void *user, uint64_t *found)
{
    if (!look(user))
        return false;
    if (atomic_load(&self->state->word) == self->state_word)
        ++*found;
    return true;
}

/* Nobody sends without waking us any more. The word stays as it is while we look again: that costs one wake-up. */
static int sleep_long(struct pvmi_self *self, bool (*look)(void *user), void *user, uint64_t deadline_us,
                      uint64_t *lost)
{
    bool again;

    do {
        uint64_t now = pvmi_clock_us();

        again = self->again_us != 0 && now < deadline_us && deadline_us - now > self->again_us;
        if (wait_word(self, again ? now + self->again_us : deadline_us) || look_unwoken(self, look, user, lost))
            return PvmOk;
    } while (again);
    return PVMI_AGAIN;
}

/* Whether we run where the one was that woke us: then it waits for this processor, whatever the count says. */
static bool took_its_place(const struct pvmi_self *self)
{
    int cpu = sched_getcpu();

    return cpu >= 0 && atomic_load_explicit(&self->state->woken_on, memory_order_relaxed) == (uint32_t)cpu + 1;
}

static int sleep_shown(struct pvmi_self *self, bool (*look)(void *user), void *user, uint64_t deadline_us,
                       struct pvmi_wake_count *count)
{
    uint64_t now = pvmi_clock_us();
    uint64_t first = deadline_us - now < FIRST_SLEEP_US && deadline_us > now ? deadline_us : now + FIRST_SLEEP_US;

    if (deadline_us <= now)
        return PVMI_AGAIN;
    count->sleeps++;
    if (wait_word(self, first))
        return PvmOk;
    pvmi_wake_recheck(self);
    if (look_unwoken(self, look, user, &count->late))
        return PvmOk;
    return first == deadline_us ? PVMI_AGAIN : sleep_long(self, look, user, deadline_us, &count->lost);
}

int pvmi_wake_wait(struct pvmi_self *self, bool (*look)(void *user), void *user, uint64_t deadline_us,
                   struct pvmi_wake_count *count)
{
    struct pvmi_wake_count none = { 0 };
    int rc = PvmOk;

    count_awake(self, -1);    /* before it shows: who wakes us counts us again */
    self->away = true;
    atomic_store_explicit(&self->state->woken_on, 0, memory_order_relaxed);
    show_asleep(self, PVMI_ASLEEP);
    if (!look(user))
        rc = sleep_shown(self, look, user, deadline_us, count != NULL ? count : &none);
    pvmi_wake_enter(self);
    self->displaced = took_its_place(self);
    return rc;
}

/* ---- waking ---- */

enum pvmi_woken pvmi_wake_slow(const struct pvmi_self *self, uint32_t slot, uint32_t *woken)
{
    _Atomic uint32_t *state = &self->arena->states[slot].word;
    uint32_t word;

    pvmi_fence();
    word = atomic_load_explicit(state, memory_order_relaxed);
    for (;;) {
        bool by_fd = pvmi_state_of(word) == PVMI_ASLEEP_FD || pvmi_state_of(word) == PVMI_WAKING_FD;
        bool asleep = pvmi_state_of(word) == PVMI_ASLEEP || pvmi_state_of(word) == PVMI_ASLEEP_FD;
        uint32_t waking = (word & ~15u) | (by_fd ? PVMI_WAKING_FD : PVMI_WAKING);

        if (pvmi_state_of(word) == PVMI_AWAKE || pvmi_state_number(word) == *woken)
            return PVMI_WOKEN_NOT_NEEDED;
        pvmi_arena_step("wake change");
        if (asleep && !atomic_compare_exchange_strong(state, &word, waking))
            continue;    /* it woke up, or somebody else is waking it, or it sleeps again */
        if (asleep && !by_fd)
            count_woken(self, slot);
        *woken = pvmi_state_number(word);
        pvmi_arena_step("wake call");
        if (by_fd)
            return PVMI_WOKEN_POKE;
        atomic_store_explicit(&self->arena->states[slot].woken_on, (uint32_t)sched_getcpu() + 1, memory_order_relaxed);
        futex_wake(state);
        return PVMI_WOKEN;
    }
}

/* Beside the write, which was a system call, the fence costs nothing; without it the sleeper may find out 2 ms later. */
enum pvmi_woken pvmi_wake_mail(const struct pvmi_self *daemon, uint32_t slot, uint32_t *woken)
{
    atomic_fetch_add_explicit(&daemon->arena->bells[slot].mail, 1, memory_order_release);
    pvmi_arena_step("mail raised");
    pvmi_fence();
    return pvmi_wake_peer(daemon, slot, woken);
}
