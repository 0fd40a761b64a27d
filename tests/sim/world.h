/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One simulated run: virtual time, a queue of events, a seeded generator, and everybody who lives in it.
 *
 * Objects (nodes, connections, processes, tasks) live until the end of the run, so an event for one that
 * has died finds it and sees that. All times are microseconds of virtual time unless a name says otherwise.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/table.h"
#include "tests/sim/plant.h"

#define MS 1000ull
#define SECOND 1000000ull

struct node;
struct process;
struct actor;

/* From the command line. */
struct sim_options {
    uint64_t seed_first;
    uint64_t seeds;
    int hosts_min;
    int hosts_max;
    int steps; /* of the plan; 0 as the seed likes */
    enum plant plant;
    int workers;
    bool trace;   /* print what happens */
    bool verbose; /* print the statistics of each seed */
};

/* What a seed is about: each seed uses some kinds of faults and leaves others out. */
struct sim_faults {
    bool breaks;    /* connections break */
    bool walls;     /* some hosts can never reach each other, some only one way */
    bool cuts;      /* hosts cannot reach one another for a while */
    bool freezes;   /* daemons stop and go on */
    bool crashes;   /* daemons are killed, hosts lose power */
    bool first_too; /* the first host is not spared */
    bool deletes;
    bool launch_failures;
    bool slow;      /* late timers, slow links */
    bool bulk;      /* much data, so that credit and congestion matter */
    bool stubborn;  /* processes that ignore SIGTERM */
    bool memory;    /* allocations of the core fail */
    bool flood;     /* a task sends more than may wait, to one that does not read */
    bool freezing;  /* groups are frozen */
    bool few_tasks; /* hosts take few tasks */
    bool hostile;   /* programs say what they may not say */
};

struct sim_event {
    uint64_t at;
    uint64_t order; /* among those of one time: first come, first served */
    void (*run)(void *object, uint64_t value);
    void *object;
    uint64_t value;
};

struct sim_stats {
    uint64_t steps, actions, frames, messages, notices, answers, outputs, joins, drops, resumes;
};

struct world {
    const struct sim_options *options;
    struct sim_faults faults;
    struct sim_stats stats;
    enum plant plant;
    uint64_t planted; /* how often the planted bug has struck */
    void *shift;      /* shim.c: the session that it has struck */
    uint64_t seed;
    uint64_t random;
    uint64_t now;
    struct sim_event *heap;
    size_t heap_count, heap_size;
    uint64_t order;
    uint64_t hash; /* over all that went into and came out of the cores */
    bool trace;
    bool failed;
    char failure[600]; /* rule and what happened */
    void *chunks;      /* memory of the run */
    size_t chunk_left;
    struct pvmi_buffer scratch;

    uint32_t suspect_ms, dead_ms, join_ms, halt_ms;
    bool slept;   /* all at once have been frozen */
    bool calm;    /* no more faults */
    bool closing; /* programs do nothing more by themselves */
    int hosts_wanted;
    int steps_left;
    bool halt_asked;
    struct node *first;
    struct node **nodes; /* all there ever were, in order of birth */
    int node_count, node_size;
    struct process **processes;
    int process_count, process_size;
    int process_max;       /* no new programs above that */
    struct actor **actors; /* all that ever had a tid */
    int actor_count, actor_size;
    struct pvmi_table by_tid;  /* struct actor by tid */
    struct pvmi_table started; /* tids that were given to a start: any pointer that is not NULL */
    struct pvmi_table spawns;  /* struct spawn by uid */
    uint64_t uid;              /* last one given: pids, spawns, tags */
};

/* Makes an empty world for seed, with the faults and time limits it likes. */
void world_init(struct world *world, const struct sim_options *options, uint64_t seed);

/* Frees everything, cores too. */
void world_fini(struct world *world);

/* The generator: any number, one below n (n > 0), one from low to high, true in so many of 1000 cases. */
uint64_t world_random(struct world *world);
uint64_t world_below(struct world *world, uint64_t n);
uint64_t world_between(struct world *world, uint64_t low, uint64_t high);
bool world_chance(struct world *world, unsigned per_mille);

/* Zeroed memory that lives as long as the run. */
void *world_alloc(struct world *world, size_t size);

/* Runs function(object, value) after delay. */
void world_after(struct world *world, uint64_t delay, void (*run)(void *object, uint64_t value), void *object,
                 uint64_t value);

/* Runs events up to time until; stops at the first failure. */
void world_run(struct world *world, uint64_t until);

/* Notes that rule was broken; the first one counts and ends the run. */
void world_fail(struct world *world, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line for --trace. */
void world_say(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Mixes numbers into the hash of the run. */
void world_note(struct world *world, uint64_t a, uint64_t b, uint64_t c);
void world_note_bytes(struct world *world, const void *bytes, size_t length);

/* Appends item to a growing array of pointers. */
void world_append(void ***array, int *count, int *size, void *item);

/* malloc() that gives up when there is none: the simulator's own memory is never short. */
void *sim_alloc(size_t size);

#endif
