/* SPDX-License-Identifier: BSD-3-Clause */
/* Becoming the resource manager of this host. All that follows is the daemon's business. */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/plugin.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/tid.h"

/* What the last pvm_reg_rm() has given, in one block with its strings. */
static struct pvmhostinfo *host_given;

static int give_host(const struct pvmi_rec_host *from, struct pvmhostinfo **ret_host)
{
    const char *name = from->name == NULL ? "" : from->name;
    const char *arch = from->arch == NULL ? "" : from->arch;
    size_t name_size = strlen(name) + 1;
    struct pvmhostinfo *host = pvmi_malloc(sizeof(*host) + name_size + strlen(arch) + 1);

    if (host == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a host's name");
    *host = (struct pvmhostinfo){ .hi_tid = pvmi_tid_of_host(from->number), .hi_speed = from->speed,
                                  .hi_dsig = from->dsig };
    host->hi_name = (char *)(host + 1);
    strcpy(host->hi_name, name);
    host->hi_arch = host->hi_name + name_size;
    strcpy(host->hi_arch, arch);
    pvmi_free(host_given);
    host_given = host;
    *ret_host = host;
    return PvmOk;
}

/* One that has a manager itself asks that, which decides; else the entry is what counts. */
static int register_manager(const struct pvmi_msg_hosts *msg, struct pvmhostinfo **hip)
{
    int rc = PvmOk;

    if (msg->asked == 0 && msg->manager != pvmi_task.tid)
        rc = pvmi_plugin_enter(PVMRMCLASS);
    if (rc == PvmOk && hip != NULL && msg->hosts.n > 0)
        rc = give_host(&msg->hosts.v[0], hip);
    return rc == PvmOk ? msg->manager : rc;
}

static int manage(struct pvmhostinfo **hip)
{
    struct pvmi_msg_manage msg = { 0 };
    struct pvmi_control control;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = pvmi_request_call(PVMI_MSG_manage, &msg, UINT64_MAX, &control);
    if (rc != PvmOk)
        return rc;
    if (control.type == PVMI_MSG_hosts)
        rc = pvmi_request_fault(&((const struct pvmi_msg_hosts *)control.msg)->error);
    else
        rc = pvmi_call_fail(PvmSysErr, "the daemon answered \"manage\" with \"%s\"", pvmi_control_name(control.type));
    if (rc == PvmOk)
        rc = register_manager(control.msg, hip);
    pvmi_control_free(&control);
    return rc;
}

int pvm_reg_rm(struct pvmhostinfo **hip)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_REG_RM);
    return pvmi_call_leave("pvm_reg_rm", manage(hip));
}
