/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which host gets which copy, as in PVM 3: the hosts that fit are walked in order of number, and each gets a
 * block of copies. A spawn begins where the one before would have gone on among the hosts that fitted it: with
 * one host only that is the same host again. Speed and load do not count.
 */
#include "pvmd/core/core_internal.h"

#include <string.h>

#include "base/alloc.h"

static bool host_fits(struct core *core, const struct pvmi_rec_host *rec, int flags, const char *where)
{
    bool fits = true;

    if ((flags & PvmTaskHost) != 0)
        fits = strcmp(where, ".") == 0 ? rec->number == core_self(core) : strcmp(where, rec->name) == 0;
    else if ((flags & PvmTaskArch) != 0)
        fits = rec->arch != NULL && strcmp(where, rec->arch) == 0;
    return (flags & PvmHostCompl) != 0 ? !fits : fits;
}

static void no_host(struct core *core, int flags, const char *where, struct pvmi_fault *fault)
{
    const char *self = core->self->rec.name;

    if ((flags & PvmHostCompl) != 0)
        pvmi_fault_set(fault, PvmNoHost, self, "no host of the virtual machine is left but those excluded");
    else if ((flags & PvmTaskHost) != 0)
        pvmi_fault_set(fault, PvmNoHost, self,
                       "%s is not in the virtual machine: add it, or use a name that conf shows", where);
    else
        pvmi_fault_set(fault, PvmNoHost, self, "no host of the virtual machine has architecture %s", where);
}

/* The hosts that fit, the one whose turn it is first. */
static int collect(struct core *core, int flags, const char *where, int *hosts)
{
    int count = 0;

    for (int round = 0; round < 2; round++) {
        PVMI_LIST_EACH(node, &core->state.hosts) {
            const struct pvmi_rec_host *rec = &PVMI_CONTAINER(node, struct host, link)->rec;
            bool due = rec->number >= core->next_placed;

            if (due == (round == 0) && host_fits(core, rec, flags, where))
                hosts[count++] = rec->number;
        }
    }
    return count;
}

int placement_choose(struct core *core, int flags, const char *where, int count, int *ret_hosts,
                     struct pvmi_fault *fault)
{
    int *hosts = core_alloc(core, ((size_t)core->state.host_count + 1) * sizeof(*hosts));

    if (hosts == NULL) {
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name, "no memory to choose hosts");
        return PvmNoMem;
    }
    where = where != NULL ? where : "";
    int fitting = collect(core, flags, where, hosts);
    int used = fitting < count ? fitting : count;
    if (fitting == 0) {
        no_host(core, flags, where, fault);
        pvmi_free(hosts);
        return PvmNoHost;
    }
    for (int at = 0, i = 0; i < used; i++) {
        int block = count / used + (i < count % used ? 1 : 0);

        while (block-- > 0)
            ret_hosts[at++] = hosts[i];
    }
    core->next_placed = hosts[used % fitting];
    pvmi_free(hosts);
    return PvmOk;
}
