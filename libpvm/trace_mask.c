/* SPDX-License-Identifier: BSD-3-Clause */
/* The trace masks, and PVM 3's own view of what goes where. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/option.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

/* Exported, for programs that look: what goes where of later children. Never read here. */
struct Pvmtracer pvmctrc;

void pvmi_trace_show(void)
{
    const struct pvmi_rec_inherit *inherit = &pvmi_task.children;

    pvmctrc = (struct Pvmtracer){
        .trctid = inherit->trace_tid,
        .trcctx = inherit->trace_ctx,
        .trctag = inherit->trace_tag,
        .outtid = inherit->output_tid,
        .outctx = inherit->output_ctx,
        .outtag = inherit->output_tag,
        .trcbuf = inherit->trace_buffer,
        .trcopt = inherit->trace_options,
    };
    snprintf(pvmctrc.tmask, sizeof(pvmctrc.tmask), "%s", inherit->trace_mask);
}

/* The mask of who, or NULL. */
static char *mask_of(int who)
{
    switch (who) {
    case PvmTaskSelf:
        return pvmi_task.self_mask;
    case PvmTaskChild:
        return pvmi_task.child_mask;
    default:
        return NULL;
    }
}

static int check(int who, const char *mask)
{
    if (mask_of(who) == NULL)
        return pvmi_call_fail(PvmBadParam, "%d is neither PvmTaskSelf nor PvmTaskChild", who);
    if (mask == NULL)
        return pvmi_call_fail(PvmBadParam, "the mask is NULL");
    return PvmOk;
}

/* A spawned task finds its masks when it enrols; where there is no daemon, a mask is as good as any option. */
static bool begin(void)
{
    return pvmi_task_enroll() == PvmOk;
}

int pvm_gettmask(int who, Pvmtmask mask)
{
    int rc;

    pvmi_call_enter();
    rc = check(who, mask);
    if (rc == PvmOk) {
        begin();
        memcpy(mask, mask_of(who), TEV_MASK_LENGTH);
    }
    return pvmi_call_leave("pvm_gettmask", rc);
}

/* The daemon passes the task's own mask to nobody, but tells it to who asks: it has to know. */
static int set_mask(int who, const char *mask, bool enrolled)
{
    char *place = mask_of(who);
    size_t length = strnlen(mask, TEV_MASK_LENGTH - 1);

    memset(place, 0, TEV_MASK_LENGTH);
    memcpy(place, mask, length);
    pvmi_trace_changed();
    return who == PvmTaskSelf && enrolled ? pvmi_option_tell() : PvmOk;
}

int pvm_settmask(int who, Pvmtmask mask)
{
    int rc;

    pvmi_call_enter();
    rc = check(who, mask);
    if (rc == PvmOk)
        rc = set_mask(who, mask, begin());
    return pvmi_call_leave("pvm_settmask", rc);
}
