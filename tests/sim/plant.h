/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Planted bugs: each makes the simulated machine break one promise, by a change of what moves between the
 * cores and the world around them, never inside a core. A simulator that does not find them proves nothing.
 */
#ifndef SIM_PLANT_H
#define SIM_PLANT_H

enum plant {
    PLANT_NONE,
    PLANT_DOUBLE_NOTICE,  /* a notice is delivered twice */
    PLANT_LOST_NOTICE,    /* a notice is lost */
    PLANT_EARLY_NOTICE,   /* a notice overtakes the messages before it */
    PLANT_NO_FENCE,       /* what a dropped host still sent reaches tasks after its notice */
    PLANT_NO_DEDUP,       /* a numbered frame is taken twice by the other daemon */
    PLANT_LOST_FRAME,     /* a numbered data frame is lost, and nobody notices the gap */
    PLANT_LOST_OUTPUT,    /* a piece of output is lost */
    PLANT_SWAPPED_OUTPUT, /* two pieces of output change places */
    PLANT_REUSED_TID,     /* a task gets a tid that was used before */
    PLANT_LOST_ANSWER,    /* a request is not answered */
    PLANT_DOUBLE_ANSWER,  /* a request is answered twice */
    PLANT_MISSED_DROP,    /* one daemon does not hear that a host was dropped */
    PLANT_LOST_CREDIT,    /* a sender never gets its credit back */
    PLANT_DOUBLE_START,   /* a start runs twice */
    PLANT_LIVING_DEAD,    /* a dropped daemon does not end */
    PLANT_ORPHANS,        /* a daemon that ends leaves its tasks */
    PLANT_CUT_MESSAGE,    /* a message loses its end */
    PLANT_LOST_EXIT,      /* another daemon does not hear of a task's end */
    PLANT_GROUP_GHOST,    /* the orderer does not hear of the end of a group's member */
    PLANT_MISSED_PUT,     /* one daemon does not hear of an entry of the mailbox */
    PLANT_TORN_ENTRY,     /* a reader of the mailbox gets other bytes */
    PLANT_DEAF,           /* a member's beats and resumes do not arrive */
    PLANT_LEAK,           /* an action is never freed */
    PLANT_UNSEEDED,       /* a random number that does not come from the seed */
    PLANT_COUNT
};

/* Its name on the command line, and the words for the table. */
const char *plant_name(enum plant plant);
const char *plant_text(enum plant plant);

/* PLANT_COUNT when there is none of that name. */
enum plant plant_find(const char *name);

struct world;

/* True when this run has the bug planted and it strikes now, in so many of 1000 cases. */
int plant_strikes(struct world *world, enum plant plant, unsigned per_mille);

#endif
