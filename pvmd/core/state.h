/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's state: the log of commands that the first host orders, and what it makes. */
#ifndef PVMD_CORE_STATE_H
#define PVMD_CORE_STATE_H

#include "pvmd/core/core.h"
#include "pvmd/core/state_mailbox.h"
#include "wire/tid.h"

struct peer;

struct state {
    uint64_t index;
    int next_host;
    int host_count;
    struct pvmi_list hosts;
    struct pvmi_list groups;
    struct mailbox mailbox;
    uint8_t met[PVMI_HOST_MAX / 8 + 1];    /* a bit for each host number that was in the table here */
};

void state_init(struct state *state);
void state_fini(struct state *state);
/* At the orderer: a task that once joined a group, used the mailbox or added hosts has ended. */
void state_order_gone(struct core *core, int32_t tid);
/* At the orderer: makes command the next of the log, tells all, applies it. PvmOk or PvmNoMem. */
int state_order(struct core *core, int type, const void *msg);
void state_on_append(struct core *core, const struct pvmi_msg_append *msg);
void state_on_welcome(struct core *core, const struct pvmi_msg_welcome *msg);
void state_send_welcome(struct core *core, struct peer *peer, int number);
uint64_t state_hash(const struct state *state);

/* FNV-1a goes on with these bytes. */
uint64_t state_mix(uint64_t hash, const void *data, size_t length);

#endif
