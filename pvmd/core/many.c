/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that a frame for many causes is what one frame for each would: their order with others of the same source, who is
 * held back by it, and what is owed for it. So it costs its sender what these would, on the way between the hosts, too.
 */
#include "pvmd/core/many.h"

#include <string.h>

#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/route.h"
#include "wire/many.h"
#include "wire/tid.h"

/* Receivers of one frame that are tasks of one host. */
struct group {
    uint32_t count;
    struct pvmi_receiver receivers[PVMI_MANY_MAX];
};

/* The frame for the receiver at index alone. NULL: the core has stopped. */
static struct pvmi_frame *one_of(struct core *core, const struct pvmi_frame *frame, uint32_t index)
{
    struct pvmi_frame *one = pvmi_many_one(frame, index);

    if (one == NULL && core_release_reserve(core))
        one = pvmi_many_one(frame, index);
    if (one == NULL)
        core_out_of_memory(core);
    return one;
}

static void route_group(struct core *core, const struct pvmi_frame *frame, const struct group *group)
{
    uint32_t length;
    const uint8_t *piece = pvmi_many_piece(frame, &length);
    struct pvmi_frame *many = pvmi_many_new(&frame->header, group->receivers, group->count, piece, length);

    if (many == NULL && core_release_reserve(core))
        many = pvmi_many_new(&frame->header, group->receivers, group->count, piece, length);
    if (many == NULL)
        core_out_of_memory(core);
    else
        route_frame(core, many);
}

/* Those from index on that are tasks of the same host as that at index, and not routed yet. */
static void collect(const struct pvmi_frame *frame, uint32_t index, bool *routed, struct group *group)
{
    int host = pvmi_tid_host(pvmi_many_get(frame, index).tid);

    group->count = 0;
    for (uint32_t i = index; i < frame->header.message; i++) {
        struct pvmi_receiver receiver = pvmi_many_get(frame, i);

        if (routed[i] || !pvmi_tid_is_task(receiver.tid) || pvmi_tid_host(receiver.tid) != host)
            continue;
        group->receivers[group->count++] = receiver;
        routed[i] = true;
    }
}

void many_route(struct core *core, struct pvmi_frame *frame)
{
    bool routed[PVMI_MANY_MAX] = { false };
    struct group group;

    for (uint32_t i = 0; i < frame->header.message && !core->stopped; i++) {
        int32_t tid = pvmi_many_get(frame, i).tid;

        if (routed[i])
            continue;
        group.count = 0;
        if (pvmi_tid_is_task(tid) && pvmi_tid_host(tid) != core_self(core))
            collect(frame, i, routed, &group);
        if (group.count > 1) {
            route_group(core, frame, &group);
        } else {
            struct pvmi_frame *one = one_of(core, frame, i);

            if (one != NULL)
                route_frame(core, one);
        }
    }
    pvmi_frame_free(frame);
}

void many_deliver(struct core *core, struct pvmi_frame *frame)
{
    for (uint32_t i = 0; i < frame->header.message && !core->stopped; i++) {
        struct pvmi_frame *one = one_of(core, frame, i);

        if (one == NULL)
            break;
        if (pvmi_tid_is_task(one->header.dst) && pvmi_tid_host(one->header.dst) == core_self(core)) {
            route_deliver(core, one);
        } else {
            credit_owe(core, one->header.src, &one->header);
            pvmi_frame_free(one);
        }
    }
    pvmi_frame_free(frame);
}

bool many_any(const struct core *core, const struct pvmi_frame *frame, bool (*is_so)(const struct core *core, int32_t tid))
{
    for (uint32_t i = 0; i < frame->header.message; i++) {
        if (is_so(core, pvmi_many_get(frame, i).tid))
            return true;
    }
    return false;
}
