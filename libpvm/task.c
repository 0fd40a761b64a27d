/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/task.h"

#include <stdio.h>
#include <unistd.h>

#include "libpvm/arrive.h"
#include "libpvm/getfds.h"
#include "libpvm/group.h"
#include "libpvm/line.h"
#include "libpvm/notify.h"
#include "libpvm/output.h"
#include "libpvm/peer.h"
#include "libpvm/request.h"
#include "libpvm/trace.h"
#include "libpvm/undeclared.h"
#include "libpvm/window.h"

#define NO_EVENTS "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"

struct pvmi_task pvmi_task = {
    .child_mask = NO_EVENTS,
    .self_mask = NO_EVENTS,
    .children = { .trace_mask = pvmi_task.child_mask },
    .self = { .trace_mask = pvmi_task.self_mask },
};

int pvmmyctx = PvmBaseContext;
int pvmmytid = -1;

int32_t pvmi_task_tid(void)
{
    return pvmi_task.tid;
}

const char *pvmi_task_name(void)
{
    static _Thread_local char name[24];

    if (pvmi_task.tid != 0)
        snprintf(name, sizeof(name), "t%x", (unsigned)pvmi_task.tid);
    else
        snprintf(name, sizeof(name), "pid%d", (int)getpid());
    return name;
}

void pvmi_task_lose(void)
{
    pvmi_task.lost = true;
    pvmi_task.last_tid = pvmi_task.tid;
}

/* Settings that named the old tid would send output to a task that is no more. */
static void forget_own_tid(struct pvmi_rec_inherit *inherit, int32_t tid)
{
    if (inherit->output_tid == tid) {
        inherit->output_tid = 0;
        inherit->output_ctx = 0;
        inherit->output_tag = 0;
    }
    if (inherit->trace_tid == tid) {
        inherit->trace_tid = 0;
        inherit->trace_ctx = 0;
        inherit->trace_tag = 0;
    }
}

void pvmi_task_forget(void)
{
    pvmi_getfds_closing();
    pvmi_window_close();
    if (pvmi_task.unix_tp != NULL)
        pvmi_task.unix_tp->ops->close(pvmi_task.unix_tp);
    if (pvmi_task.self_tp != NULL)
        pvmi_task.self_tp->ops->close(pvmi_task.self_tp);
    pvmi_task.unix_tp = NULL;
    pvmi_task.self_tp = NULL;
    pvmi_task.daemon = NULL;
    pvmi_task.oneself = NULL;
    pvmi_request_abandon_all();
    pvmi_arrive_reset();
    pvmi_line_clear();
    pvmi_notify_forget();
    pvmi_match_clear(&pvmi_task.arrived);
    pvmi_peer_clear();
    pvmi_group_forget();
    pvmi_output_forget();
    if (pvmi_task.tid != 0)
        forget_own_tid(&pvmi_task.children, pvmi_task.tid);
    pvmi_task.tid = 0;
    pvmmytid = -1;
    pvmi_task.lost = false;
    pvmi_trace_changed();
}
