/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages that have arrived and that no receive has taken yet, and the choice among them.
 *
 * Of several that match the oldest is taken. A short queue is walked; a long one also has an index by
 * (source, tag, context), so that a receive without wildcards costs the same however many wait.
 */
#ifndef PVMI_LIBPVM_MATCH_H
#define PVMI_LIBPVM_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct pvmi_msgbuf;

struct pvmi_match {
    struct pvmi_list arrived;     /* struct pvmi_msgbuf.link, oldest first; zeroed: nothing has come yet */
    struct pvmi_list *buckets;    /* struct pvmi_msgbuf.same, oldest first; NULL while the queue is short */
    size_t bucket_count;          /* a power of two */
    size_t indexed;               /* messages put into the buckets since they were made */
    uint64_t pushed;              /* messages that have ever come: who has looked at all of them need not look again */
};

/* An empty queue. A zeroed one is fine, too. */
void pvmi_match_init(struct pvmi_match *match);

static inline bool pvmi_match_empty(const struct pvmi_match *match)
{
    return match->arrived.next == NULL || match->arrived.next == &match->arrived;
}

/* Appends buf, which is the queue's until it is taken. Never fails: the index is only a help. */
void pvmi_match_push(struct pvmi_match *match, struct pvmi_msgbuf *buf);

/*
 * The oldest message from tid with tag in context ctx, or NULL; it stays in the queue. -1 matches any tid,
 * any tag, and any context but those of the system.
 */
struct pvmi_msgbuf *pvmi_match_find(struct pvmi_match *match, int tid, int tag, int ctx);

/* What that means for one message. */
bool pvmi_match_suits(const struct pvmi_msgbuf *buf, int tid, int tag, int ctx);

/* A context in which libraries talk to each other. */
bool pvmi_match_is_system(int ctx);

/* The node of the oldest message, or &match->arrived; the others follow in their order. */
struct pvmi_list *pvmi_match_first(struct pvmi_match *match);

/* Takes buf out of its queue; the caller's then. */
void pvmi_match_take(struct pvmi_msgbuf *buf);

/* Frees all messages and the index. */
void pvmi_match_clear(struct pvmi_match *match);

#endif
