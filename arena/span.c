/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/span.h"

#include <string.h>

#include "base/alloc.h"

void pvmi_spans_init(struct pvmi_spans *spans, struct pvmi_self *self)
{
    memset(spans, 0, sizeof(*spans));
    spans->self = self;
}

void pvmi_spans_fini(struct pvmi_spans *spans)
{
    pvmi_free(spans->free);
    memset(spans, 0, sizeof(*spans));
}

/* Room for so many more, free or taken. */
static int make_room(struct pvmi_spans *spans, uint32_t more)
{
    uint32_t room = spans->count + spans->taken + more;
    void *list;

    if (room <= spans->room)
        return PvmOk;
    room += room / 2;
    list = pvmi_realloc(spans->free, room * sizeof(*spans->free));
    if (list == NULL)
        return PvmNoMem;
    spans->free = list;
    spans->room = room;
    return PvmOk;
}

static bool touches(const struct pvmi_span *span, const struct pvmi_span *next)
{
    return span->slot == next->slot && span->offset + span->length == next->offset;
}

static void free_insert(struct pvmi_spans *spans, const struct pvmi_span *span)
{
    struct pvmi_span *list = spans->free;
    uint32_t at = spans->count;

    while (at > 0 && (list[at - 1].slot > span->slot ||
                      (list[at - 1].slot == span->slot && list[at - 1].offset > span->offset)))
        at--;
    if (at < spans->count && touches(span, &list[at])) {
        list[at].offset = span->offset;
        list[at].length += span->length;
    } else {
        assert(spans->count < spans->room);
        memmove(&list[at + 1], &list[at], (spans->count - at) * sizeof(*list));
        list[at] = *span;
        spans->count++;
    }
    if (at > 0 && touches(&list[at - 1], &list[at])) {
        list[at - 1].length += list[at].length;
        spans->count--;
        memmove(&list[at], &list[at + 1], (spans->count - at) * sizeof(*list));
    }
}

/* A slot that is taken is listed at once: there is room. */
static int window_add(struct pvmi_spans *spans)
{
    struct pvmi_arena *arena = spans->self->arena;
    struct pvmi_span window = { .length = arena->stride };
    int rc = pvmi_slot_extend(spans->self, &window.slot);

    if (rc != PvmOk)
        return rc;
    window.generation = pvmi_life_generation(atomic_load(&arena->life[window.slot]));
    free_insert(spans, &window);
    return PvmOk;
}

/* The smallest that is large enough; count when there is none. */
static uint32_t best_fit(const struct pvmi_spans *spans, uint32_t length)
{
    uint32_t best = spans->count;

    for (uint32_t i = 0; i < spans->count; i++) {
        if (spans->free[i].length >= length &&
            (best == spans->count || spans->free[i].length < spans->free[best].length))
            best = i;
    }
    return best;
}

static int take_one(struct pvmi_spans *spans, uint32_t length, struct pvmi_span *ret_span)
{
    uint32_t at = best_fit(spans, length);
    struct pvmi_span *from;

    if (at == spans->count) {
        int rc = window_add(spans);

        if (rc != PvmOk)
            return rc;
        at = best_fit(spans, length);
    }
    from = &spans->free[at];
    *ret_span = *from;
    ret_span->length = length;
    from->offset += length;
    from->length -= length;
    if (from->length == 0) {
        spans->count--;
        memmove(from, from + 1, (spans->count - at) * sizeof(*from));
    }
    spans->taken++;
    return PvmOk;
}

int pvmi_spans_take(struct pvmi_spans *spans, uint64_t length, struct pvmi_span **ret_spans, uint32_t *ret_count)
{
    uint32_t stride = spans->self->arena->stride;
    uint64_t count = (length + stride - 1) / stride;
    struct pvmi_span *list;
    uint32_t taken = 0;
    int rc;

    assert(length > 0);
    if (count > spans->self->arena->slots)
        return PvmOutOfRes;
    list = pvmi_malloc((size_t)count * sizeof(*list));
    rc = list == NULL ? PvmNoMem : make_room(spans, 2 * (uint32_t)count);    /* those, and what is left of windows */
    for (; rc == PvmOk && length > 0; length -= list[taken - 1].length) {
        rc = take_one(spans, length < stride ? (uint32_t)length : stride, &list[taken]);
        if (rc != PvmOk)
            break;
        taken++;
    }
    if (rc != PvmOk) {
        pvmi_spans_give(spans, list, taken);
        return rc;
    }
    *ret_spans = list;
    *ret_count = taken;
    return PvmOk;
}

void pvmi_spans_give(struct pvmi_spans *spans, struct pvmi_span *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        spans->taken--;
        free_insert(spans, &list[i]);
    }
    pvmi_free(list);
}
