/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to add hosts: what has become of each of their lines, and who hears of it. */
#ifndef PVMD_CORE_JOIN_REQUEST_H
#define PVMD_CORE_JOIN_REQUEST_H

#include "pvmd/core/asker.h"
#include "pvmd/core/core.h"

struct launch;

struct add {
    struct pvmi_list link;    /* in core.adds */
    struct asker asker;       /* NONE: from the host file */
    int32_t tid;              /* of the task that asks; 0 none */
    struct pvmi_list fresh;   /* struct launch: members that those who wait for new hosts have not heard of */
    uint64_t tell_at;         /* they hear of them then, if not before */
    int count;                /* lines */
    int undecided;            /* hosts */
    int added;
    int32_t *values;
    struct pvmi_fault *faults;
};

/* count lines, not yet decided: add_decided() is due when all have been begun. NULL: no memory. */
struct add *add_new(struct core *core, const struct asker *asker, uint32_t count);
void add_free(struct add *add);
/* One more of what it waits for is decided. The last one answers the request and frees it. */
void add_decided(struct core *core, struct add *add);
/* A host that is being added: value is its tid, or a code with fault. A line may stand for several: its value is the
 * first one's tid, or the first failure. */
void add_result(struct core *core, struct add *add, int index, const char *name, int32_t value,
                const struct pvmi_fault *fault);
/* The same of one that could not be begun. */
void add_failed(struct core *core, struct add *add, int index, const char *name, const struct pvmi_fault *fault);
/* launch has become a member: those who wait for new hosts are to hear of it. Takes launch. */
void add_fresh(struct core *core, struct add *add, struct launch *launch);
void add_timers(struct core *core);
int join_pending(const struct core *core);    /* hosts of the host file not yet decided */

#endif
