/* SPDX-License-Identifier: BSD-3-Clause */
/* The models of the arena, and the rules that can be broken in each to see that the search finds it. */
#ifndef TESTS_MODELS_MODELS_H
#define TESTS_MODELS_MODELS_H

#include <stddef.h>

#include "explore.h"

#define MUTATIONS(X)                                                                                  \
    X(WAKE_NO_FENCE_OF_SLEEPER, "no fence between ASLEEP and the look")                               \
    X(WAKE_NO_LOOK, "no look before sleeping")                                                        \
    X(WAKE_NO_MEMBARRIER, "no membarrier when 2 ms are over")                                         \
    X(WAKE_NO_FENCE_OF_SENDER, "no fence of a sender to whom has no membarrier")                      \
    X(WAKE_SAME_NUMBER, "the number of a sleep is not raised")                                        \
    X(WAKE_BY_AWAKE, "a sender writes AWAKE for WAKING")                                              \
    X(WAKE_TIMEOUT_AWAKE, "AWAKE when 2 ms are over")                                                 \
    X(WAKE_LEFT_TO_THE_OTHER, "no futex_wake by who finds WAKING")                                    \
    X(RING_RELAXED, "a cell's number without release")                                                \
    X(RING_FIRST_CELL_FIRST, "a record's first cell before its followers")                            \
    X(RING_FOLLOWERS_UNNUMBERED, "a follower's bytes where its number would stand")                      \
    X(RING_CHUNK_NOT_ZEROED, "a chunk is linked as it is")                                            \
    X(RING_NO_CELL_KEPT, "no cell is kept for the LINK")                                              \
    X(RING_CONSUMED_EARLY, "consumed is told before the record is read")                              \
    X(RING_READY_THEN_DEAD, "the end is asked for after the last look")                               \
    X(INBOX_RELAXED, "FULL without release")                                                          \
    X(INBOX_CLAIM_BY_STORE, "a cell is claimed by a store")                                           \
    X(INBOX_BELL_FIRST, "the bell before FULL")                                                       \
    X(INBOX_NO_SWEEP, "no sweep after a death")                                                       \
    X(INBOX_FREE_BUSY, "a BUSY cell of the living is freed")                                          \
    X(INBOX_FREE_BY_STORE, "a cell of the dead is freed by a store, not if it is still BUSY")         \
    X(BLOCK_LISTED_LATE, "a block is listed after the ring has moved on")                             \
    X(BLOCK_LISTS_FIRST, "pvmd looks at lists before rings")                                          \
    X(BLOCK_COUNT, "a count of receivers, which pvmd lowers for the dead")                            \
    X(TEAM_SEAL_NOT_LOOKED_AT, "a member does not look whether the team is being sealed")             \
    X(TEAM_SEAL_LOOKED_AT_FIRST, "a member looks for the seal before the seats")                      \
    X(TEAM_NO_MEMBARRIER, "no membarrier between SEALING and the look at the seats")                  \
    X(TEAM_NO_FENCE, "no fence of a member that membarrier does not reach")                           \
    X(TEAM_SEALED_EARLY, "SEALED before what was counted")                                            \
    X(TEAM_COUNTER_FIRST, "the counter before the seat")                                              \
    X(TEAM_WAITING_LATE, "waiting is noted behind the look")                                          \
    X(TEAM_NO_WAKE, "the last one wakes nobody")                                                      \
    X(TEAM_WAKE_WITHOUT_FENCE, "no fence of the last one of many before it looks who waits")          \
    X(TEAM_SEAL_WAKES_NOBODY, "pvmd seals and wakes nobody")

enum mutations {
    MUTATION_NONE,
#define MUTATION_ENUM(name, text) name,
    MUTATIONS(MUTATION_ENUM)
#undef MUTATION_ENUM
    MUTATION_COUNT
};

/* Each explores one; see explore(). */
const char *model_wake(char *trace, unsigned size, unsigned long *states);
const char *model_wake_unnoticed(char *trace, unsigned size, unsigned long *states);
const char *model_wake_fencing(char *trace, unsigned size, unsigned long *states);
const char *model_wake_again(char *trace, unsigned size, unsigned long *states);
const char *model_ring(char *trace, unsigned size, unsigned long *states);
const char *model_inbox(char *trace, unsigned size, unsigned long *states);
const char *model_block(char *trace, unsigned size, unsigned long *states);
const char *model_team(char *trace, unsigned size, unsigned long *states);
const char *model_team_fencing(char *trace, unsigned size, unsigned long *states);
const char *model_team_many(char *trace, unsigned size, unsigned long *states);
const char *model_team_wake(char *trace, unsigned size, unsigned long *states);
const char *model_team_wake_fencing(char *trace, unsigned size, unsigned long *states);
const char *model_team_wake_many(char *trace, unsigned size, unsigned long *states);

#endif
