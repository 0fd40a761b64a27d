/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/option.h"

#include "base/env.h"
#include "libpvm/call.h"
#include "libpvm/noreset.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "libpvm/trace_record.h"

#define FRAG_SIZE_MIN 52
#define FRAG_SIZE_MAX 1048576

int pvmdebmask;
struct pvmi_options pvmi_options = { .route = PvmAllowDirect, .frag_size = 4080, .show_tids = 1 };

int pvmi_option_tell(void)
{
    const struct pvmi_msg_option msg = { .inherit = pvmi_task.self };

    return pvmi_request_tell(PVMI_MSG_option, &msg);
}

/* ---- get ---- */

/* Where an option that any value suits, or that has its own check, is kept. NULL for what is no such option. */
static int *option_place(int what)
{
    struct pvmi_rec_inherit *children = &pvmi_task.children;
    struct pvmi_rec_inherit *self = &pvmi_task.self;

    switch (what) {
    case PvmRoute:             return &pvmi_options.route;
    case PvmDebugMask:         return &pvmdebmask;
    case PvmAutoErr:           return &pvmi_autoerr;
    case PvmOutputTid:         return &children->output_tid;
    case PvmOutputContext:     return &children->output_ctx;
    case PvmOutputCode:        return &children->output_tag;
    case PvmTraceTid:          return &children->trace_tid;
    case PvmTraceContext:      return &children->trace_ctx;
    case PvmTraceCode:         return &children->trace_tag;
    case PvmTraceBuffer:       return &children->trace_buffer;
    case PvmTraceOptions:      return &children->trace_options;
    case PvmFragSize:          return &pvmi_options.frag_size;
    case PvmResvTids:          return &pvmi_options.reserved;
    case PvmSelfOutputTid:     return &self->output_tid;
    case PvmSelfOutputContext: return &self->output_ctx;
    case PvmSelfOutputCode:    return &self->output_tag;
    case PvmSelfTraceTid:      return &self->trace_tid;
    case PvmSelfTraceContext:  return &self->trace_ctx;
    case PvmSelfTraceCode:     return &self->trace_tag;
    case PvmSelfTraceBuffer:   return &self->trace_buffer;
    case PvmSelfTraceOptions:  return &self->trace_options;
    case PvmShowTids:          return &pvmi_options.show_tids;
    case PvmNoReset:           return &pvmi_options.no_reset;
    default:                   return NULL;
    }
}

/* PVMTASKDEBUG is the debug mask of a program that does not set one. */
static void read_environment(void)
{
    static bool done;

    if (!done)
        pvmdebmask = (int)pvmi_env_number(PVMI_ENV_PVMTASKDEBUG, 0);
    done = true;
}

int pvm_getopt(int what)
{
    const int *place;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETOPT, what);
    read_environment();
    place = option_place(what);
    if (place == NULL) {
        pvmi_trace_result(0);
        return pvmi_call_leave("pvm_getopt", pvmi_call_fail(PvmBadParam, "%d is no option", what));
    }
    return pvmi_call_end(*place);
}

/* ---- set ---- */

/* Output and trace of children may go to nobody, to this task, or to where this task's own goes, then with the
 * tag that they have there. */
static bool may_receive(int tid, int tag, int inherited, int inherited_tag)
{
    return tid == 0 || tid == pvmi_task.tid || (tid == inherited && tag == inherited_tag);
}

/* With another task as the receiver, tag and context are those that it gave with its tid. */
static bool may_label(int receiver, int value, int inherited)
{
    return receiver == 0 || receiver == pvmi_task.tid || value == inherited;
}

static bool is_allowed(int what, int value)
{
    const struct pvmi_rec_inherit *children = &pvmi_task.children;
    const struct pvmi_rec_inherit *self = &pvmi_task.self;

    switch (what) {
    case PvmRoute:
        return value >= PvmDontRoute && value <= PvmRouteDirect;
    case PvmOutputTid:
        return may_receive(value, children->output_tag, self->output_tid, self->output_tag);
    case PvmOutputContext:
        return may_label(children->output_tid, value, self->output_ctx);
    case PvmOutputCode:
        return may_label(children->output_tid, value, self->output_tag);
    case PvmTraceTid:
        return may_receive(value, children->trace_tag, self->trace_tid, self->trace_tag);
    case PvmTraceContext:
        return may_label(children->trace_tid, value, self->trace_ctx);
    case PvmTraceCode:
        return may_label(children->trace_tid, value, self->trace_tag);
    case PvmTraceOptions:
    case PvmSelfTraceOptions:
        return value >= PvmTraceFull && value <= PvmTraceCount;
    case PvmFragSize:
        return value >= FRAG_SIZE_MIN && value <= FRAG_SIZE_MAX;
    case PvmNoReset:
        return pvmi_task.tid != 0;
    default:
        return true;
    }
}

/* Output or trace of later children goes where this task's own does. */
static void copy_receiver(int what)
{
    struct pvmi_rec_inherit *children = &pvmi_task.children;
    const struct pvmi_rec_inherit *self = &pvmi_task.self;

    if (what == PvmSelfOutputTid || what == PvmSelfOutputCode) {
        children->output_tid = self->output_tid;
        children->output_ctx = self->output_ctx;
        children->output_tag = self->output_tag;
    } else if (what == PvmSelfTraceTid || what == PvmSelfTraceCode) {
        children->trace_tid = self->trace_tid;
        children->trace_ctx = self->trace_ctx;
        children->trace_tag = self->trace_tag;
    }
}

/* An option of this task's own output or trace: the daemon has to know. Only a receiver needs a daemon: all else
 * can be set without. */
static int set_self(int what, int value)
{
    bool needs_daemon = (what == PvmSelfOutputTid || what == PvmSelfTraceTid) && value > 0;
    int rc = pvmi_task_enroll();

    if (rc != PvmOk && needs_daemon)
        return rc;
    pvmi_trace_send_collected();    /* what was collected belongs to what is set so far */
    *option_place(what) = value;
    copy_receiver(what);
    pvmi_trace_changed();
    return rc == PvmOk ? pvmi_option_tell() : PvmOk;
}

static int set_no_reset(int value)
{
    int rc = pvmi_noreset_set(value != 0);

    if (rc == PvmOk)
        pvmi_options.no_reset = value;
    return rc;
}

/* Returns PvmOk, or why the option keeps its value. */
static int set_option(int what, int value)
{
    if (what == PvmPollType || what == PvmPollTime || what == PvmSelfOutputContext || what == PvmSelfTraceContext)
        return pvmi_call_fail(PvmNotImpl, "option %d cannot be set", what);
    if (option_place(what) == NULL)
        return pvmi_call_fail(PvmBadParam, "%d is no option", what);
    if (what == PvmNoReset && !is_allowed(what, value))
        return pvmi_call_fail(PvmBadParam, "this process is no task that reset could spare: call pvm_mytid() before");
    if (!is_allowed(what, value))
        return pvmi_call_fail(PvmBadParam, "option %d does not take the value %d", what, value);
    switch (what) {
    case PvmSelfOutputTid:
    case PvmSelfOutputCode:
    case PvmSelfTraceTid:
    case PvmSelfTraceCode:
    case PvmSelfTraceBuffer:
    case PvmSelfTraceOptions:
        return set_self(what, value);
    case PvmNoReset:
        return set_no_reset(value);
    default:
        *option_place(what) = value;
        pvmi_trace_show();
        return PvmOk;
    }
}

/* The tag of own output means nothing without a receiver: PVM 3 then changes nothing and answers 0. */
static bool is_without_effect(int what)
{
    return (what == PvmSelfOutputCode && pvmi_task.self.output_tid <= 0) ||
           (what == PvmSelfTraceCode && pvmi_task.self.trace_tid <= 0);
}

int pvm_setopt(int what, int val)
{
    const int *place;
    int old;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_SETOPT, what, val);
    read_environment();
    if (is_without_effect(what))
        return pvmi_call_end(PvmOk);
    place = option_place(what);
    old = place == NULL ? 0 : *place;
    rc = set_option(what, val);
    if (rc != PvmOk)
        return pvmi_call_leave("pvm_setopt", rc);
    return pvmi_call_end(old);
}
