/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/match.h"

#include <stdint.h>

#include "base/alloc.h"
#include "libpvm/msgbuf.h"
#include "wire/tid.h"

#define WALK_MAX 32        /* messages looked at one by one before the index pays */
#define BUCKETS_MIN 256

void pvmi_match_init(struct pvmi_match *match)
{
    *match = (struct pvmi_match){ 0 };
    pvmi_list_init(&match->arrived);
}

bool pvmi_match_is_system(int ctx)
{
    return ctx == PVMI_CONTEXT_CONTROL || ctx == PVMI_CONTEXT_PVMD || ctx == PVMI_CONTEXT_GROUP;
}

bool pvmi_match_suits(const struct pvmi_msgbuf *buf, int tid, int tag, int ctx)
{
    if (tid != -1 && buf->src != tid)
        return false;
    if (tag != -1 && buf->tag != tag)
        return false;
    return ctx == -1 ? !pvmi_match_is_system(buf->ctx) : buf->ctx == ctx;
}

static struct pvmi_list *bucket_of(const struct pvmi_match *match, int src, int tag, int ctx)
{
    uint64_t hash = (uint32_t)src * UINT64_C(0x9e3779b97f4a7c15);

    hash = (hash ^ (hash >> 32) ^ (uint32_t)tag) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 32) ^ (uint32_t)ctx) * UINT64_C(0x94d049bb133111eb);
    return &match->buckets[(hash >> 32) & (match->bucket_count - 1)];
}

static void index_add(struct pvmi_match *match, struct pvmi_msgbuf *buf)
{
    pvmi_list_push(bucket_of(match, buf->src, buf->tag, buf->ctx), &buf->same);
    match->indexed++;
}

static void index_drop(struct pvmi_match *match)
{
    PVMI_LIST_EACH(node, &match->arrived)
        pvmi_list_init(&PVMI_CONTAINER(node, struct pvmi_msgbuf, link)->same);
    pvmi_free(match->buckets);
    match->buckets = NULL;
    match->bucket_count = 0;
    match->indexed = 0;
}

/* Makes the index anew for what is queued now. Without memory the queue goes on without it. */
static void index_build(struct pvmi_match *match)
{
    size_t messages = 0;
    size_t bucket_count = BUCKETS_MIN;

    index_drop(match);
    PVMI_LIST_EACH(node, &match->arrived)
        messages++;
    while (bucket_count < 2 * messages)
        bucket_count *= 2;

    match->buckets = pvmi_malloc(bucket_count * sizeof(*match->buckets));
    if (match->buckets == NULL)
        return;
    match->bucket_count = bucket_count;
    for (size_t i = 0; i < bucket_count; i++)
        pvmi_list_init(&match->buckets[i]);
    PVMI_LIST_EACH(node, &match->arrived)
        index_add(match, PVMI_CONTAINER(node, struct pvmi_msgbuf, link));
}

void pvmi_match_push(struct pvmi_match *match, struct pvmi_msgbuf *buf)
{
    if (match->arrived.next == NULL)
        pvmi_match_init(match);
    pvmi_list_init(&buf->same);
    pvmi_list_push(&match->arrived, &buf->link);
    match->pushed++;
    if (match->buckets != NULL)
        index_add(match, buf);
}

struct pvmi_list *pvmi_match_first(struct pvmi_match *match)
{
    if (match->arrived.next == NULL)
        pvmi_match_init(match);
    return match->arrived.next;
}

static struct pvmi_msgbuf *find_in_index(const struct pvmi_match *match, int tid, int tag, int ctx)
{
    struct pvmi_list *bucket = bucket_of(match, tid, tag, ctx);

    PVMI_LIST_EACH(node, bucket) {
        struct pvmi_msgbuf *buf = PVMI_CONTAINER(node, struct pvmi_msgbuf, same);

        if (pvmi_match_suits(buf, tid, tag, ctx))
            return buf;
    }
    return NULL;
}

struct pvmi_msgbuf *pvmi_match_find(struct pvmi_match *match, int tid, int tag, int ctx)
{
    bool exact = tid != -1 && tag != -1 && ctx != -1;
    int walked = 0;

    if (match->arrived.next == NULL || pvmi_list_empty(&match->arrived)) {
        if (match->buckets != NULL)
            index_drop(match);
        return NULL;
    }
    /* Buckets that were made for few messages and have seen many are long by now. */
    if (match->buckets != NULL && match->indexed > 4 * match->bucket_count)
        index_build(match);
    if (exact && match->buckets != NULL)
        return find_in_index(match, tid, tag, ctx);

    PVMI_LIST_EACH(node, &match->arrived) {
        struct pvmi_msgbuf *buf = PVMI_CONTAINER(node, struct pvmi_msgbuf, link);

        if (pvmi_match_suits(buf, tid, tag, ctx))
            return buf;
        if (exact && ++walked == WALK_MAX) {
            index_build(match);
            if (match->buckets != NULL)
                return find_in_index(match, tid, tag, ctx);
        }
    }
    return NULL;
}

void pvmi_match_take(struct pvmi_msgbuf *buf)
{
    pvmi_list_remove(&buf->link);
    pvmi_list_remove(&buf->same);
}

void pvmi_match_clear(struct pvmi_match *match)
{
    struct pvmi_list *node;

    if (match->arrived.next == NULL)
        return;
    while ((node = match->arrived.next) != &match->arrived) {
        struct pvmi_msgbuf *buf = PVMI_CONTAINER(node, struct pvmi_msgbuf, link);

        pvmi_match_take(buf);
        pvmi_msgbuf_free(buf);
    }
    index_drop(match);
}
