/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting, and waking who waits: one word for each task, the state word.
 *
 *      number (28 bits) | state (4 bits): AWAKE, ASLEEP, ASLEEP_FD, WAKING, WAKING_FD
 *
 * Only the owner writes AWAKE and ASLEEP and raises the number; peers change ASLEEP to WAKING and ASLEEP_FD to
 * WAKING_FD, by compare-and-swap, and nothing else.
 *
 * To sleep: store ASLEEP with a new number; full fence; look at every ring, inbox and socket; wait on the word for 2 ms.
 * Time over: leave the word alone, membarrier(GLOBAL_EXPEDITED), look once more, wait without limit; but every again_us,
 * if the owner has set it, look again, for what wakes nobody: the end of a daemon that was killed.
 *
 * To send: publish (release), load the word. AWAKE: done, and that costs no fence. Else full fence, load again; who has
 * not yet woken it at this number changes ASLEEP to WAKING and calls futex_wake; that also when it is WAKING already:
 * the other one may be killed before its call.
 *
 * The first load may be early, and give AWAKE although the receiver is going to sleep and has not seen the record: both
 * have it in their store buffers. That is what the 2 ms and the membarrier are for: behind it the record is seen, or the
 * sender's load comes after it. tests/models shows that; what of it only saves time stands there. Where a process is
 * refused membarrier, its senders fence each time (fence_me); where one cannot be reached by it, it does (fence).
 *
 * A task's socket to its daemon is no reason to sleep in epoll: the daemon raises mail in the task's bell after it has
 * written there, and wakes it as any sender does. So look() asks for mail (one load), and reads the socket only then.
 *
 * ASLEEP_FD is for who sleeps in epoll, or in the program (pvm_getfds): who is to be woken has to be poked through its
 * daemon's socket, as pvmi_wake_peer() tells.
 *
 * Spinning is allowed while those awake that may run on the same processors as we are no more than these: one counter
 * for each affinity mask, in the header; who wakes another one counts it, for it may take a while until that runs. A guide, not a truth: pvmd counts anew after deaths.
 */
#ifndef PVMI_ARENA_WAKE_H
#define PVMI_ARENA_WAKE_H

#include "arena/slot.h"

enum pvmi_state { PVMI_AWAKE, PVMI_ASLEEP, PVMI_ASLEEP_FD, PVMI_WAKING, PVMI_WAKING_FD };

#define PVMI_WAKE_NEVER UINT32_MAX    /* a number at which nobody was woken yet */
#define PVMI_WAKE_NO_DEADLINE UINT64_MAX

static inline enum pvmi_state pvmi_state_of(uint32_t word)
{
    return (enum pvmi_state)(word & 15);
}

static inline uint32_t pvmi_state_number(uint32_t word)
{
    return word >> 4;
}

/* A full fence, which sanitizers that know none see through. */
static inline void pvmi_fence(void)
{
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
    atomic_thread_fence(memory_order_seq_cst);
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

/* ---- the owner's side ---- */

/* Finds out about membarrier: for pvmd, which is not counted. */
void pvmi_wake_probe(struct pvmi_self *self);

/* Before the first record is sent or received: finds out about membarrier, and counts this task as awake. */
void pvmi_wake_join(struct pvmi_self *self);

/* Before leaving: not counted any more. */
void pvmi_wake_leave(struct pvmi_self *self);

/* Counts this task for the processors that it may run on now, if they have changed. */
void pvmi_wake_remask(struct pvmi_self *self);

void pvmi_wake_entered(struct pvmi_self *self);

/* At each entry into the library: programs longjmp out of receives, and pvm_getfds leaves the word at rest. */
static inline void pvmi_wake_enter(struct pvmi_self *self)
{
    if (pvmi_state_of(self->state_word) != PVMI_AWAKE)
        pvmi_wake_entered(self);
}

/* Between two looks without sleeping. */
static inline void pvmi_spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* Whether polling without a pause takes no processor away from others. */
bool pvmi_wake_may_spin(const struct pvmi_self *self);

/*
 * Whether our last sleep ended on the processor of the one that ended it; true once. Counting does not show that: of two
 * that are awake on two processors one may wait for the other's, as long as the kernel leaves them there. To yield is no
 * help where the two are of different sessions (autogroups).
 */
static inline bool pvmi_wake_displaced(struct pvmi_self *self)
{
    bool displaced = self->displaced;

    self->displaced = false;
    return displaced;
}

/* Whether pvmd has written to this task's socket since pvmi_wake_take_mail(); true at first. */
static inline bool pvmi_wake_has_mail(const struct pvmi_self *self)
{
    return atomic_load_explicit(&self->bell->mail, memory_order_acquire) != self->mail;
}

/* Before the socket is read until it is empty: what is written meanwhile is mail again. */
static inline void pvmi_wake_take_mail(struct pvmi_self *self)
{
    self->mail = atomic_load_explicit(&self->bell->mail, memory_order_acquire);
}

/* How many processors this task may run on, as far as is known; else 0. */
uint32_t pvmi_wake_cpus(const struct pvmi_self *self);

/* How often a task has slept, and found by a look what nobody had woken it for. */
struct pvmi_wake_count {
    uint64_t sleeps;    /* in which it called the kernel */
    uint64_t late;      /* after 2 ms: the sender was between its two steps, or its first load was early */
    uint64_t lost;      /* later than that, behind the membarrier: never, unless a sender is stopped there, or pvmd was killed */
};

/*
 * Sleeps until look(user) is true or a peer wakes us, or until deadline_us of CLOCK_MONOTONIC. look must look at all
 * that could have come. Signals do not end it. The word is AWAKE again afterwards.
 *
 * Returns PvmOk (look again), or PVMI_AGAIN at the deadline when there is nothing. count, if not NULL, is raised.
 */
int pvmi_wake_wait(struct pvmi_self *self, bool (*look)(void *user), void *user, uint64_t deadline_us,
                   struct pvmi_wake_count *count);

/*
 * The same in two halves, for who sleeps elsewhere: rest() stores ASLEEP_FD; then look at all, then sleep in epoll for
 * at most 2 ms, then recheck() and look again, and only then sleep for long. pvmi_wake_enter() ends it.
 */
void pvmi_wake_rest(struct pvmi_self *self);
void pvmi_wake_recheck(struct pvmi_self *self);

/* Whether it still rests so, and nobody has woken it since. */
static inline bool pvmi_wake_rests(const struct pvmi_self *self)
{
    return pvmi_state_of(self->state_word) == PVMI_ASLEEP_FD &&
           atomic_load_explicit(&self->state->word, memory_order_acquire) == self->state_word;
}

/* ---- the sender's side ---- */

enum pvmi_woken { PVMI_WOKEN_NOT_NEEDED, PVMI_WOKEN, PVMI_WOKEN_POKE };

/*
 * After a record was published for the task in slot: wakes it if it sleeps. woken is the caller's memory of that task,
 * PVMI_WAKE_NEVER at first. PVMI_WOKEN_POKE: it sleeps in epoll, the caller has to ask its daemon for a poke.
 */
enum pvmi_woken pvmi_wake_slow(const struct pvmi_self *self, uint32_t slot, uint32_t *woken);

static inline enum pvmi_woken pvmi_wake_peer(const struct pvmi_self *self, uint32_t slot, uint32_t *woken)
{
    const struct pvmi_state_line *state = &self->arena->states[slot];

    if (self->fence || atomic_load_explicit(&state->fence_me, memory_order_relaxed) != 0)
        pvmi_fence();
    atomic_signal_fence(memory_order_seq_cst);
    if (pvmi_state_of(atomic_load_explicit(&state->word, memory_order_relaxed)) == PVMI_AWAKE)
        return PVMI_WOKEN_NOT_NEEDED;
    return pvmi_wake_slow(self, slot, woken);
}

/*
 * pvmd, after it has written bytes to the socket of the task in slot: raises its mail, and wakes it. Who sleeps in epoll
 * (PVMI_WOKEN_POKE) is woken by those bytes.
 */
enum pvmi_woken pvmi_wake_mail(const struct pvmi_self *daemon, uint32_t slot, uint32_t *woken);

#endif
