/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parts: what members send each other in pvm_reduce(), pvm_gather() and pvm_scatter(), as typed messages in a context of
 * the system.
 *
 * On each host one member, the leader, collects what the others have, or hands it out: the root on its own host, else the
 * one with the lowest instance. So one message a host goes to the root, or comes from there. A part says first whether it
 * is one: who could not do its share tells those that wait for it, and who is to blame.
 */
#ifndef PVMI_LIBPVM_PART_H
#define PVMI_LIBPVM_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libpvm/datatype.h"
#include "libpvm/group.h"
#include "wire/tid.h"

struct pvmi_msgbuf;

/* One call: who takes part and what of. */
struct pvmi_collective {
    const char *group;
    struct pvmi_members *members;
    int32_t tid;                  /* of this task */
    int me;                       /* instances */
    int root;
    int leader;                   /* of this host */
    int tag;
    int count;                    /* items of each member */
    struct pvmi_datatype type;
    size_t size;                  /* bytes of each member's items */
    int32_t missing;              /* the member for which it has failed; 0: another reason, or none */
};

/* Instance of the leader of a host that has members. */
int pvmi_part_leader(const struct pvmi_collective *c, int host);

static inline int pvmi_part_host(const struct pvmi_collective *c, uint32_t instance)
{
    return pvmi_tid_host(c->members->tids[instance]);
}

/* A member of this host, other than this task. */
static inline bool pvmi_part_is_near(const struct pvmi_collective *c, uint32_t instance)
{
    return c->members->tids[instance] != 0 && (int)instance != c->me &&
           pvmi_part_host(c, instance) == pvmi_tid_host(c->tid);
}

/* An instance that is the leader of another host. Asked in order of instances, with *seen all zeros at first. */
struct pvmi_part_hosts {
    uint8_t bits[PVMI_HOST_MAX / 8 + 1];
};
bool pvmi_part_is_far_leader(const struct pvmi_collective *c, uint32_t instance, struct pvmi_part_hosts *seen);

/* A part to be filled with items and sent. rc: PvmOk, or why there are none. PvmOk, PvmNoMem; the fault is noted. */
int pvmi_part_begin(const struct pvmi_collective *c, int rc, struct pvmi_msgbuf **ret_buf);
int pvmi_part_pack(const struct pvmi_collective *c, struct pvmi_msgbuf *buf, const void *data);
/* Sends and frees it. */
int pvmi_part_end(const struct pvmi_collective *c, struct pvmi_msgbuf *buf, int32_t tid);

/* All of that for the items of one member, or (rc negative) for the news that there are none. */
int pvmi_part_send(const struct pvmi_collective *c, int rc, const void *data, int32_t tid);

/*
 * Waits for the part of instance, the caller's to free, and reads whether it is one. A member that has ended ends the
 * wait: PvmNoTask. Else what it says has happened. c->missing is noted.
 */
int pvmi_part_receive(struct pvmi_collective *c, uint32_t instance, struct pvmi_msgbuf **ret_buf);

/* The next member's items. PvmOk, PvmNoData, PvmBadMsg, PvmOverflow. */
int pvmi_part_unpack(const struct pvmi_collective *c, struct pvmi_msgbuf *buf, void *data);

#endif
