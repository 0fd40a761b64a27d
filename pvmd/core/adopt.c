/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has called pvm_reg_tracer() gets trace and output of each task that begins from then on, whether it is spawned or
 * enrols by hand, as far as they go to nobody else. That is decided once, by the task's daemon: what it does not tell the
 * task any more is what the task was started with. So each daemon must know what the tracer asked for: its entry of the
 * mailbox is told to all with its body (state_mailbox).
 */
#include "pvmd/core/adopt.h"

#include "base/blob.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/state_mailbox.h"
#include "pvmd/core/task.h"
#include "wire/items.h"

/* Anybody may have put something else there. False: no tracer, or that. Points into its entry. */
static bool read_tracer(struct core *core, struct pvmi_rec_inherit *ret_tracer)
{
    const struct mailbox_entry *entry = mailbox_told(&core->state.mailbox, PVMTRACERCLASS);
    struct pvmi_items_reader reader;
    int32_t tid;

    if (entry == NULL || entry->body == NULL)
        return false;
    pvmi_items_read(&reader, entry->message.encoding, entry->message.format, entry->body->data, entry->body->length);
    tid = pvmi_items_int(&reader);
    *ret_tracer = (struct pvmi_rec_inherit){ .trace_tid = tid, .output_tid = tid };
    ret_tracer->trace_ctx = pvmi_items_int(&reader);
    ret_tracer->trace_tag = pvmi_items_int(&reader);
    ret_tracer->output_ctx = pvmi_items_int(&reader);
    ret_tracer->output_tag = pvmi_items_int(&reader);
    ret_tracer->trace_mask = pvmi_items_string(&reader);
    ret_tracer->trace_buffer = pvmi_items_int(&reader);
    ret_tracer->trace_options = pvmi_items_int(&reader);
    return !reader.failed && tid != 0 && tid == plugin_find(core, PLUGIN_TRACER);
}

void adopt_by_tracer(struct core *core, struct task *task)
{
    struct pvmi_rec_inherit inherit = task->self;
    struct pvmi_rec_inherit tracer;
    bool trace = inherit.trace_tid == 0;
    bool output = inherit.output_tid == 0;

    if ((!trace && !output) || !read_tracer(core, &tracer))
        return;
    if (trace) {
        inherit.trace_tid = tracer.trace_tid;
        inherit.trace_ctx = tracer.trace_ctx;
        inherit.trace_tag = tracer.trace_tag;
        inherit.trace_mask = tracer.trace_mask;
        inherit.trace_buffer = tracer.trace_buffer;
        inherit.trace_options = tracer.trace_options;
    }
    if (output) {
        inherit.output_tid = tracer.output_tid;
        inherit.output_ctx = tracer.output_ctx;
        inherit.output_tag = tracer.output_tag;
    }
    if (task_set_inherit(core, task, &inherit) != PvmOk) {
        core_log(core, PVMI_LOG_ERROR, "no memory: the tracer t%x gets nothing of t%x", (unsigned)tracer.trace_tid,
                 (unsigned)task->tid);
        return;
    }
    task->trace_adopted = trace;
    task->output_adopted = output;
}
