/* SPDX-License-Identifier: BSD-3-Clause */
/* Adding hosts, at the orderer; and joining, at the host that is added. */
#ifndef PVMD_CORE_JOIN_H
#define PVMD_CORE_JOIN_H

#include "pvmd/core/core.h"

struct add;
struct asker;
struct host;
struct peer;

enum launch_state {
    LAUNCH_STARTING,
    LAUNCH_PREPARING, LAUNCH_PREPARED, LAUNCH_ORDERED,    /* instead, or before: a hoster is to start it (hoster.c) */
    LAUNCH_LINKING, LAUNCH_WELCOMING
};

struct launch {
    struct pvmi_list link;    /* in core.launches; in add.fresh once its host is a member */
    uint64_t handle;          /* which is its ticket */
    int number;
    char *name;
    enum launch_state state;
    uint64_t deadline_ms;     /* ORDERED, LINKING and later */
    char *words[4];           /* PREPARED, ORDERED: what the hoster is told of it, in order */
    int32_t order;            /* ORDERED: with which question */
    struct host *host;        /* LINKING and later: what the ready line said */
    struct add *add;
    int index;                /* of the line */
    char dialled[128];        /* what the last dial came to */
};

void join_begin(struct core *core);    /* this host joins */
/* tid: the task that asks, or 0. */
void join_add(struct core *core, const struct asker *asker, int32_t tid, const struct pvmi_strings *lines, bool file);
/* A task has ended, or (tid 0) all of host number: what it has asked for and is not in yet is given up. */
void join_asker_gone(struct core *core, int32_t tid, int number);
void join_on_launched(struct core *core, struct core_event *event);
struct launch *join_find_number(struct core *core, int number);
struct launch *join_find_handle(struct core *core, uint64_t handle);
void join_on_link(struct core *core, struct peer *peer);
/* And so long it does not. */
void join_on_dial_failed(struct core *core, struct peer *peer, const char *text);
void join_on_welcomed(struct core *core, struct peer *peer);
void join_on_member(struct core *core, int number);
void join_abandon_all(struct core *core);    /* the machine halts */
void join_timers(struct core *core, uint64_t late_ms);
void join_free_all(struct core *core);

void launch_free(struct launch *launch);
void join_fail(struct core *core, struct launch *launch, const struct pvmi_fault *fault);    /* which is gone then */

#endif
