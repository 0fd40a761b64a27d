/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts: the daemon gives their numbers, and the current one is this task's own affair. */
#include "libpvm/call.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

static int ask(int number)
{
    struct pvmi_msg_context msg = { .number = number };
    int rc = pvmi_task_enroll();

    return rc == PvmOk ? pvmi_request_value(PVMI_MSG_context, &msg) : rc;
}

int pvm_newcontext(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_NEWCONTEXT);
    return pvmi_call_leave("pvm_newcontext", ask(0));
}

int pvm_freecontext(int ctx)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_FREECONTEXT, ctx);
    return pvmi_call_leave("pvm_freecontext", ask(ctx));
}

/* A task that was spawned learns its context when it enrols. */
static void know_context(void)
{
    if (pvmi_task.tid == 0)
        pvmi_task_enroll();
}

int pvm_setcontext(int ctx)
{
    int old;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_SETCONTEXT, ctx);
    know_context();
    old = pvmmyctx;
    pvmmyctx = ctx;
    return pvmi_call_end(old);
}

int pvm_getcontext(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETCONTEXT);
    know_context();
    return pvmi_call_end(pvmmyctx);
}
