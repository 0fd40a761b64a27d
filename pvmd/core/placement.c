/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which host gets which copy, as in PVM 3: the hosts that fit are walked in order of number, and each gets a
 * block of copies. A spawn begins where the one before would have gone on among the hosts that fitted it: with
 * one host only that is the same host again. Speed and load do not count. Where a host that fits has slots, which
 * PVM 3 did not know, each one is filled before the next one's turn, and all again when none has room.
 */
#include "pvmd/core/placement.h"

#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/state_hosts.h"

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

struct place {
    int host;
    int slots;     /* 0 not given */
    int copies;
};

/* The hosts that fit, the one whose turn it is first. */
static int collect(struct core *core, int flags, const char *where, struct place *places)
{
    int count = 0;

    for (int round = 0; round < 2; round++) {
        PVMI_LIST_EACH(node, &core->state.hosts) {
            const struct pvmi_rec_host *rec = &PVMI_CONTAINER(node, struct host, link)->rec;
            bool due = rec->number >= core->next_placed;

            if (due == (round == 0) && host_fits(core, rec, flags, where))
                places[count++] = (struct place){ .host = rec->number, .slots = rec->slots };
        }
    }
    return count;
}

/* A block for each of the first hosts, as even as can be. Returns the number of hosts that got one. */
static int deal_evenly(struct place *places, int fitting, int count)
{
    int used = fitting < count ? fitting : count;

    for (int i = 0; i < used; i++)
        places[i].copies = count / used + (i < count % used ? 1 : 0);
    return used;
}

/* Fills slots in turn; one that has none given counts as one. Returns how many hosts were begun, the last time round. */
static int deal_slots(struct place *places, int fitting, int count)
{
    long all = 0;
    int used = 0;

    for (int i = 0; i < fitting; i++)
        all += places[i].slots > 0 ? places[i].slots : 1;
    long rounds = count / all, rest = count % all;
    for (int i = 0; i < fitting; i++) {
        long slots = places[i].slots > 0 ? places[i].slots : 1;
        long more = rest < slots ? rest : slots;

        places[i].copies = (int)(rounds * slots + more);
        rest -= more;
        used += more > 0;
    }
    return used;
}

static bool any_has_slots(const struct place *places, int fitting)
{
    for (int i = 0; i < fitting; i++) {
        if (places[i].slots > 0)
            return true;
    }
    return false;
}

int placement_choose(struct core *core, int flags, const char *where, int count, int *ret_hosts,
                     struct pvmi_fault *fault)
{
    struct place *places = core_alloc(core, ((size_t)core->state.host_count + 1) * sizeof(*places));

    if (places == NULL) {
        pvmi_fault_set(fault, PvmNoMem, core->self->rec.name, "no memory to choose hosts");
        return PvmNoMem;
    }
    where = where != NULL ? where : "";
    int fitting = collect(core, flags, where, places);
    if (fitting == 0) {
        no_host(core, flags, where, fault);
        pvmi_free(places);
        return PvmNoHost;
    }
    int used = any_has_slots(places, fitting) ? deal_slots(places, fitting, count)
                                              : deal_evenly(places, fitting, count);
    for (int at = 0, i = 0; i < fitting; i++) {
        for (int n = 0; n < places[i].copies; n++)
            ret_hosts[at++] = places[i].host;
    }
    core->next_placed = places[used % fitting].host;
    pvmi_free(places);
    return PvmOk;
}
