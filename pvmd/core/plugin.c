/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that have registered for a part of the daemon's work. A registration is an entry of the mailbox, as in PVM 3:
 * so all daemons know of it, and it goes with its task.
 */
#include "pvmd/core/core_internal.h"

#define FLAG_HOSTER 0x200
#define FLAG_TASKER 0x400
#define FLAG_TRACER 0x800

int32_t plugin_owner(const struct core *core, const char *class_name, int number)
{
    const struct mailbox_class *class = mailbox_class_find(&core->state.mailbox, class_name);

    if (class == NULL)
        return 0;
    PVMI_LIST_EACH(node, &class->entries) {
        const struct mailbox_entry *entry = PVMI_CONTAINER(node, struct mailbox_entry, link);

        if (entry->owner != 0 && (number == 0 || pvmi_tid_host(entry->owner) == number))
            return entry->owner;
    }
    return 0;
}

int32_t plugin_flags(const struct core *core, int32_t tid)
{
    int32_t flags = 0;

    if (plugin_owner(core, PVMHOSTERCLASS, 0) == tid)
        flags |= FLAG_HOSTER;
    if (plugin_owner(core, PVMTASKERCLASS, pvmi_tid_host(tid)) == tid)
        flags |= FLAG_TASKER;
    if (plugin_owner(core, PVMTRACERCLASS, 0) == tid)
        flags |= FLAG_TRACER;
    return flags;
}
