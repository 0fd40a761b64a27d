/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A registration is an entry in a class of the mailbox, as PVM 3 keeps it: it goes with its task, and all can see who it
 * is. Registering twice takes it back.
 */
#include "libpvm/plugin.h"

#include <string.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/mailbox.h"
#include "libpvm/msgbuf.h"
#include "libpvm/pack.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/section.h"
#include "wire/tid.h"

#define PLUGIN_MASTER 1    /* number of the first host */

/* ---- the entries ---- */

/* Who has registered in class, for host (its tid; 0: for the machine). *ret_owner is 0 for nobody. */
static int find_owner(const char *class, int host, int *ret_owner, int *ret_index)
{
    struct pvmmboxinfo *classes;
    int count;
    int rc = pvmi_mailbox_list(class, &count, &classes);

    *ret_owner = 0;
    if (rc != PvmOk)
        return rc;
    for (int i = 0; i < count; i++) {
        for (int at = 0; at < classes[i].mi_nentries && strcmp(classes[i].mi_name, class) == 0; at++) {
            if (*ret_owner == 0 && (host == 0 || pvm_tidtohost(classes[i].mi_owners[at]) == host)) {
                *ret_owner = classes[i].mi_owners[at];
                *ret_index = classes[i].mi_indices[at];
            }
        }
    }
    pvmi_free(classes);
    return PvmOk;
}

/* Puts entry into class, or takes back what this task has there. It is freed. */
static int toggle(const char *class, int host, int flags, struct pvmi_msgbuf *entry)
{
    int owner;
    int index = 0;
    int rc = find_owner(class, host, &owner, &index);

    if (rc == PvmOk && owner == pvmi_task.tid)
        rc = pvmi_mailbox_delete(class, index);
    else if (rc == PvmOk && owner != 0)
        rc = pvmi_call_fail(PvmAlready, "t%x is registered: only one can be", (unsigned)owner);
    else if (rc == PvmOk)
        rc = pvmi_mailbox_put(class, flags, entry);
    if (rc == PvmDenied)
        rc = pvmi_call_fail(PvmAlready, "another task has registered meanwhile");
    return rc < 0 ? rc : PvmOk;
}

static int put_int(struct pvmi_msgbuf *buf, int value)
{
    return pvmi_pack_value(buf, PVMI_TYPE_INT32, &value, sizeof(value));
}

/* ---- hoster, tasker, manager ---- */

/* An entry that only says who it is, as PVM 3 makes them. */
static int entry_new(struct pvmi_msgbuf **ret_entry)
{
    int rc = pvmi_msgbuf_new(PvmDataDefault, ret_entry);

    if (rc != PvmOk)
        return rc;
    rc = put_int(*ret_entry, pvmi_task.tid);
    if (rc != PvmOk)
        pvmi_msgbuf_free(*ret_entry);
    return rc;
}

/* The class has one for each host, or one in all. */
static int register_as(const char *class, bool each_host)
{
    struct pvmi_msgbuf *entry;
    int rc = entry_new(&entry);

    if (rc != PvmOk)
        return rc;
    rc = toggle(class, each_host ? pvm_tidtohost(pvmi_task.tid) : 0, PvmMboxMultiInstance, entry);
    pvmi_msgbuf_free(entry);
    return rc;
}

int pvmi_plugin_enter(const char *class_name)
{
    struct pvmi_msgbuf *entry;
    int rc = entry_new(&entry);

    if (rc != PvmOk)
        return rc;
    rc = pvmi_mailbox_put(class_name, PvmMboxMultiInstance, entry);
    pvmi_msgbuf_free(entry);
    return rc < 0 ? rc : PvmOk;
}

static int register_hoster(void)
{
    int rc = pvmi_task_enroll();

    if (rc == PvmOk && pvmi_tid_host(pvmi_task.tid) != PLUGIN_MASTER)
        rc = pvmi_call_fail(PvmHostrNMstr, "a hoster runs on the first host, which has the others started");
    return rc == PvmOk ? register_as(PVMHOSTERCLASS, false) : rc;
}

int pvm_reg_hoster(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_REG_HOSTER);
    return pvmi_call_leave("pvm_reg_hoster", register_hoster());
}

static int register_tasker(void)
{
    int rc = pvmi_task_enroll();

    return rc == PvmOk ? register_as(PVMTASKERCLASS, true) : rc;
}

int pvm_reg_tasker(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_REG_TASKER);
    return pvmi_call_leave("pvm_reg_tasker", register_tasker());
}

/* ---- the tracer ---- */

static int pack_tracer(struct pvmi_msgbuf *buf, const struct pvmi_rec_inherit *tracer)
{
    int rc = put_int(buf, pvmi_task.tid);

    if (rc == PvmOk)
        rc = put_int(buf, tracer->trace_ctx);
    if (rc == PvmOk)
        rc = put_int(buf, tracer->trace_tag);
    if (rc == PvmOk)
        rc = put_int(buf, tracer->output_ctx);
    if (rc == PvmOk)
        rc = put_int(buf, tracer->output_tag);
    if (rc == PvmOk)
        rc = pvmi_pack_string(buf, tracer->trace_mask);
    if (rc == PvmOk)
        rc = put_int(buf, tracer->trace_buffer);
    return rc == PvmOk ? put_int(buf, tracer->trace_options) : rc;
}

static int register_tracer(const struct pvmi_rec_inherit *tracer)
{
    struct pvmi_msgbuf *buf;
    int rc = pvmi_task_enroll();

    if (rc != PvmOk)
        return rc;
    if (tracer->trace_mask == NULL)
        return pvmi_call_fail(PvmBadParam, "the mask is NULL");
    rc = pvmi_msgbuf_new(PvmDataDefault, &buf);
    if (rc != PvmOk)
        return pvmi_call_fail(rc, "no memory for a message");
    rc = pack_tracer(buf, tracer);
    if (rc == PvmOk)
        rc = toggle(PVMTRACERCLASS, 0, PvmMboxDefault, buf);
    pvmi_msgbuf_free(buf);
    return rc;
}

int pvm_reg_tracer(int trace_ctx, int trace_tag, int out_ctx, int out_tag, const char *tmask, int tbuf,
                   int topt)
{
    struct pvmi_rec_inherit tracer = { .trace_ctx = trace_ctx, .trace_tag = trace_tag, .output_ctx = out_ctx,
                                       .output_tag = out_tag, .trace_mask = tmask, .trace_buffer = tbuf,
                                       .trace_options = topt };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_REG_TRACER, trace_ctx, trace_tag, out_ctx, out_tag, tmask, tbuf, topt);
    return pvmi_call_leave("pvm_reg_tracer", register_tracer(&tracer));
}
