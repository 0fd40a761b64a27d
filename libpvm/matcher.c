/* SPDX-License-Identifier: BSD-3-Clause */
/* The function may do anything with the message that it is shown, also free it: nothing is relied on after it. */
#include "libpvm/matcher.h"

#include <stddef.h>

#include "libpvm/call.h"
#include "libpvm/match.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

typedef int matcher_fn(int bufid, int tid, int tag);

/* What a receive does without pvm_recvf(), for programs that call it from their own function. */
static int match_as_usual(int bufid, int tid, int tag)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    buf = pvmi_msgbuf_find(bufid);
    rc = buf != NULL && pvmi_match_suits(buf, tid, tag, pvmmyctx);
    return pvmi_call_end(rc);
}

static matcher_fn *matcher = match_as_usual;

bool pvmi_matcher_set(void)
{
    return matcher != match_as_usual;
}

/* A message that may be gone when it is looked at again. */
struct seen {
    int id;
    uint32_t generation;
};

static struct pvmi_msgbuf *seen_buf(struct seen seen)
{
    struct pvmi_msgbuf *buf = pvmi_msgbuf_find(seen.id);

    if (buf == NULL || pvmi_msgbuf_generation(seen.id) != seen.generation || !pvmi_match_holds(buf))
        return NULL;
    return buf;
}

static int see(struct pvmi_msgbuf *buf, struct seen *ret_seen)
{
    if (buf->id == 0 && pvmi_msgbuf_publish(buf) != PvmOk)
        return pvmi_call_fail(PvmNoMem, "no memory for one more message buffer");
    *ret_seen = (struct seen){ .id = buf->id, .generation = pvmi_msgbuf_generation(buf->id) };
    return PvmOk;
}

static bool is_shown(const struct pvmi_msgbuf *buf, int ctx)
{
    return buf->ctx == ctx || !pvmi_match_is_system(buf->ctx);
}

int pvmi_matcher_try(struct pvmi_msgbuf *buf, int tid, int tag, int ctx)
{
    struct seen seen;
    int rank;

    if (!is_shown(buf, ctx))
        return PVMI_AGAIN;
    if (see(buf, &seen) != PvmOk)
        return PvmNoMem;
    rank = matcher(seen.id, tid, tag);
    if (rank < 0)
        return rank;
    return rank > 0 && seen_buf(seen) != NULL ? PvmOk : PVMI_AGAIN;
}

int pvmi_matcher_find(struct pvmi_match *match, int tid, int tag, int ctx, struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_list *node = pvmi_match_first(match);
    struct seen best = { .id = 0 };
    int best_rank = 0;

    while (node != &match->arrived) {
        struct pvmi_msgbuf *buf = PVMI_CONTAINER(node, struct pvmi_msgbuf, link);
        struct seen seen;
        int rank = 0;

        if (!is_shown(buf, ctx)) {
            node = node->next;
            continue;
        }
        if (see(buf, &seen) != PvmOk)
            return PvmNoMem;
        rank = matcher(seen.id, tid, tag);
        if (rank < 0)
            return rank;
        buf = seen_buf(seen);
        if (buf != NULL && rank > best_rank) {
            best = seen;
            best_rank = rank;
        }
        if (buf != NULL && rank == 1) {
            *ret_buf = buf;
            return PvmOk;
        }
        node = buf == NULL ? pvmi_match_first(match) : buf->link.next;    /* NULL: the function has freed it */
    }
    *ret_buf = seen_buf(best);
    return *ret_buf == NULL ? PVMI_AGAIN : PvmOk;
}

matcher_fn *pvm_recvf(matcher_fn *new_matcher)
{
    matcher_fn *old;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_RECVF);
    old = matcher;
    matcher = new_matcher == NULL ? match_as_usual : new_matcher;
    pvmi_call_end(PvmOk);
    return old;
}
