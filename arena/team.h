/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A team: the members of a group that are tasks of this host, and what they share of it. It lies in the daemon's memory
 * (slot 0) and has a seat for each member, which never changes: another membership is another team.
 *
 * While a team is open, the membership is what it was when the team was made, and a barrier of all members needs nobody
 * else. Rounds are counted. To arrive in the next round a member stores its number in its seat. The round is complete
 *
 *      whole team (all members of the group are here): when every seat has arrived in it;
 *      part of one: when pvmd says so (released); who is the last to arrive here tells pvmd.
 *
 * Of few members each looks at all numbers, which lie in one line: so one line goes from each to each, and no locked
 * instruction is needed. Of many, each raises a counter, and all look at that. Each member can be killed at any
 * instruction, so the seats' numbers alone decide: the counter only saves looking.
 *
 * Beside them stands on which processor each has arrived. A member that finds that all it waits for were last on others
 * looks without a pause, also when there are more tasks than processors: letting others run would let those run who wait
 * themselves. That is a hint and no more.
 *
 * ---- a change of membership, or whatever else is not a barrier of all ----
 *
 * pvmd alone ends a team, by sealing it, which gives one answer for each arrival, the same for all:
 *
 *      pvmd:     store SEALING; membarrier, full fence; read all seats; write for each what was counted, and which
 *                round was the last complete one; store SEALED; wake all. What was counted and is not complete, it
 *                takes over: it asks in that member's name.
 *      member:   sees its round complete, and then that the team is not SEALING: it is done. Otherwise it waits for
 *                SEALED: complete by then: done; counted: taken, the answer comes from pvmd; else missed: it has never
 *                arrived, and asks pvmd itself.
 *
 * So no arrival is lost, and none counts twice: a member that is done had seen seats that pvmd sees too, for it looked
 * at them before SEALING was there, and the membarrier (or, where that is refused, a fence between the two looks) makes
 * pvmd's look come after. An arrival that pvmd has not seen is known to its member alone.
 *
 * ---- waking ----
 *
 * Who is going to sleep notes that in its seat first, then sleeps as for anything else (wake.h), with pvmi_team_look()
 * among what it looks at. Who makes a round complete, or (few members) sees that it is, wakes those. If it is killed
 * before, pvmd seals the team, as after each death, and wakes all.
 *
 * A page is free when it is sealed and each member has let go of it, or is dead.
 */
#ifndef PVMI_ARENA_TEAM_H
#define PVMI_ARENA_TEAM_H

#include "arena/heap.h"
#include "arena/wake.h"

#define PVMI_TEAM_MAGIC 0x6d616574u
#define PVMI_TEAM_FEW 4                         /* up to so many seats, all look at all */
#define PVMI_TEAM_WHERE 108                     /* of up to so many it is known who is on which processor */
#define PVMI_TEAM_FIRST (UINT32_MAX - 15)       /* the round before the first one: numbers go round, soon and always */
#define PVMI_TEAM_SEATS_MAX PVMI_ARENA_SLOTS_MAX

enum pvmi_team_seal { PVMI_TEAM_OPEN, PVMI_TEAM_SEALING, PVMI_TEAM_SEALED };

struct pvmi_team_seat {
    /* member */
    alignas(PVMI_ARENA_LINE) _Atomic uint32_t round;    /* of many: the last one it has arrived in */
    _Atomic uint32_t waiting;     /* it may sleep: wake it */
    _Atomic uint32_t request;     /* by this id it waits for an answer when it is taken over */
    _Atomic int32_t count;        /* of the members, as its program said */
    _Atomic uint32_t held;        /* 0: it has let go of the team */
    /* pvmd; processors fetch lines in pairs */
    alignas(PVMI_ARENA_LINE) uint32_t name;    /* before the team is told of */
    _Atomic uint32_t counted;     /* SEALED: the round that pvmd has seen */
};

struct pvmi_team_head {
    /* pvmd, before it is told of */
    alignas(PVMI_ARENA_LINE) uint32_t magic;
    uint32_t seats;
    uint32_t whole;
    /* pvmd */
    alignas(PVMI_ARENA_LINE) _Atomic uint32_t sealed;    /* enum pvmi_team_seal */
    _Atomic uint32_t released;    /* last complete round: of a part, and of any when SEALED */
    /* members */
    alignas(PVMI_ARENA_LINE) uint8_t apart[PVMI_ARENA_LINE];
    _Atomic uint32_t arrivals;                 /* of many: all that there were, seats x rounds, going round */
    _Atomic uint32_t rounds[PVMI_TEAM_FEW];    /* of few: the last round that each has arrived in */
    _Atomic uint8_t where[PVMI_TEAM_WHERE];    /* each: on which processor, and in an odd or an even round */
    alignas(PVMI_ARENA_LINE) uint8_t apart_too[PVMI_ARENA_LINE];
    struct pvmi_team_seat seat[];
};

static_assert(sizeof(struct pvmi_team_seat) == 128, "two lines");
static_assert(offsetof(struct pvmi_team_head, apart_too) - offsetof(struct pvmi_team_head, arrivals) == 128, "two lines");

/* ---- a member ---- */

struct pvmi_team {
    struct pvmi_self *self;
    struct pvmi_team_head *head;
    struct pvmi_team_seat *seat;    /* the own one */
    _Atomic uint32_t *arrived;      /* the last round that this member has arrived in */
    uint32_t number;                /* of the own seat */
    struct pvmi_pin pin;
    uint32_t seats;
    uint32_t round;                 /* the last one it has arrived in */
    uint32_t next;                  /* seat that has to be looked at next */
    bool whole;
    bool few;
    bool fence;                     /* membarrier does not reach one of us */
    uint32_t *woken;                /* by seat: see wake.h */
};

/*
 * Takes seat number of the team at position. request is the id that pvmd may use to answer in the place of a barrier.
 * Returns PvmOk; PvmBadMsg (it is no team, or not our seat), PvmNoMem.
 */
int pvmi_team_open(struct pvmi_self *self, uint64_t position, uint32_t number, uint32_t request,
                   struct pvmi_team *ret_team);

/* Lets go of it. All zeros is fine. */
void pvmi_team_close(struct pvmi_team *team);

/* In a child after fork(): the memory is not there any more. */
void pvmi_team_forget(struct pvmi_team *team);

/* Whether it is open: then all that came with it, as who is a member, is so. */
static inline bool pvmi_team_is_open(const struct pvmi_team *team)
{
    return atomic_load_explicit(&team->head->sealed, memory_order_acquire) == PVMI_TEAM_OPEN;
}

enum pvmi_team_result { PVMI_TEAM_WAIT, PVMI_TEAM_DONE, PVMI_TEAM_TAKEN, PVMI_TEAM_MISSED };

/*
 * Arrives in the next round. The one before must be decided. count is what the program said.
 * Returns true to the last one of many (or of a part), who then calls pvmi_team_wake() or tells pvmd.
 */
bool pvmi_team_arrive(struct pvmi_team *team, int32_t count);

/* What has become of the last arrival. After DONE few members of a whole team call pvmi_team_wake(). */
enum pvmi_team_result pvmi_team_look(struct pvmi_team *team);

/* Whether one for whom we wait was last seen on the processor that we run on: then spinning keeps it waiting. Of more than
 * PVMI_TEAM_WHERE members that is not known. */
bool pvmi_team_in_the_way(const struct pvmi_team *team);

/* Before sleeping with pvmi_team_look() among what is looked at, and after it. */
void pvmi_team_wait_begin(struct pvmi_team *team);
void pvmi_team_wait_end(struct pvmi_team *team);

/* Wakes those who sleep. poke is for who sleeps in epoll: its daemon is to be asked (wake.h). */
typedef void (*pvmi_team_poke)(void *user, uint32_t slot);
void pvmi_team_wake(struct pvmi_team *team, pvmi_team_poke poke, void *user);

/* ---- pvmd ---- */

/* What pvmd knows of a team by itself: members can write what they share. */
struct pvmi_team_place {
    uint64_t position;
    uint32_t seats;
    bool whole;
};

/* A team for the tasks with these names. Returns PvmOk, PvmNoMem, PvmBadParam (too many, or none). */
int pvmi_team_make(struct pvmi_heap *heap, const uint32_t *names, uint32_t seats, bool whole,
                   struct pvmi_team_place *ret_place);

/* Called for each arrival that is taken over. */
typedef void (*pvmi_team_taken)(void *user, uint32_t number, uint32_t request, int32_t count);

/* Seals it, once. Returns the round that those who are taken over wait for. pvmi_team_wake_all() is next. */
uint32_t pvmi_team_seal(struct pvmi_heap *heap, const struct pvmi_team_place *place, pvmi_team_taken taken, void *user);

/* Round of a part is complete; not after it was sealed. pvmi_team_wake_all() is next. */
void pvmi_team_release(struct pvmi_heap *heap, const struct pvmi_team_place *place, uint32_t round);

/* Wakes all members that wait. */
void pvmi_team_wake_all(struct pvmi_heap *heap, const struct pvmi_team_place *place, pvmi_team_poke poke, void *user);

/* Whether nobody looks at it any more: after sealing. */
bool pvmi_team_idle(struct pvmi_heap *heap, const struct pvmi_team_place *place);

/* Gives its memory back. */
void pvmi_team_free(struct pvmi_heap *heap, const struct pvmi_team_place *place);

#endif
