/* SPDX-License-Identifier: BSD-3-Clause */
/* The tasks of one PVM program: the one started by hand has rank 0, and spawns the others with its own arguments. */
#ifndef BENCH_PVM_TEAM_H
#define BENCH_PVM_TEAM_H

#include <pvm3.h>

#include "bench/measure.h"

#define TEAM_MAX 1024
#define TEAM_GROUP "bench"

enum {
    TAG_TEAM = 1,
    TAG_ORDER,
    TAG_READY,
    TAG_DATA,
    TAG_BACK,
};

struct team {
    int rank;
    int size;
    int encoding;
    int tids[TEAM_MAX];    /* of all, by rank */
};

/* What rank 0 wants done next: count turns with messages of size bytes. count 0: the end. */
struct order {
    int size;
    int count;
};

/* The result, if it is no error; else the program ends and says which call it was. */
static inline int team_check(int result, const char *call)
{
    if (__builtin_expect(result < 0, 0))
        die("%s gave %d", call, result);
    return result;
}

/* Makes this process a task; rank 0 comes back when all are there. */
void team_start(struct team *team, const struct options *options, char **argv);

/* Rank 0: tells all others, and waits until they have heard it. The end is told by the order of 0 turns. */
void team_order(struct team *team, int size, long count);

/* The others: waits for an order. false: it was the end. */
bool team_obey(struct team *team, struct order *ret_order);

/* All of them become a group whose instances are the ranks, and which is frozen. */
void team_group(struct team *team);

#endif
