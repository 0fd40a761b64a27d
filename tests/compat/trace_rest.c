/* SPDX-License-Identifier: BSD-3-Clause */
/* Trace messages of calls about the mailbox, contexts, message handlers and groups. */
#include "trace.h"

static int on_message(int mid)
{
    int tag;

    pvm_bufinfo(mid, NULL, &tag, NULL);
    return 0;
}

static int first(int bufid, int tid, int tag)
{
    return 1;
}

static void mailbox(void)
{
    struct pvmmboxinfo *classes;
    int mid, n, ctx, bufid;
    int *fds;

    pvm_setopt(PvmAutoErr, 0);
    bufid = pvm_initsend(PvmDataDefault);
    pvm_pkint(&bufid, 1, 1);
    pvm_putinfo("class", bufid, PvmMboxDefault);
    pvm_putinfo("class", bufid, PvmMboxDefault);
    pvm_recvinfo("class", 0, PvmMboxDefault);
    pvm_recvinfo("none", 0, PvmMboxFirstAvail);
    pvm_getmboxinfo("cla*", &n, &classes);
    pvm_delinfo("class", 0, 0);
    pvm_delinfo("class", 0, 0);
    pvm_insert("old", -1, 5);
    pvm_lookup("old", 0, &n);
    pvm_delete("old", 0);
    pvm_lookup("old", 0, &n);
    ctx = pvm_newcontext();
    pvm_getcontext();
    pvm_freecontext(ctx);
    pvm_freecontext(5);
    mid = pvm_addmhf(pvm_mytid(), 66, 0, on_message);
    pvm_addmhf(pvm_mytid(), 66, 0, on_message);
    pvm_delmhf(mid);
    pvm_delmhf(77);
    pvm_recvf(first);
    pvm_recvf(NULL);
    pvm_archcode("LINUX64");
}

static void groups(void)
{
    int numbers[4] = { 1, 2, 3, 4 };
    int me = pvm_mytid();

    pvm_setopt(PvmAutoErr, 0);
    pvm_joingroup("group");
    pvm_joingroup("group");
    pvm_gsize("group");
    pvm_getinst("group", me);
    pvm_gettid("group", 0);
    pvm_gettid("group", 5);
    pvm_barrier("group", 1);
    pvm_initsend(PvmDataDefault);
    pvm_bcast("group", 5);
    pvm_reduce(PvmSum, numbers, 2, PVM_INT, 7, "group", 0);
    pvm_gather(numbers + 2, numbers, 2, PVM_INT, 7, "group", 0);
    pvm_initsend(PvmDataDefault);
    pvm_scatter(numbers + 2, numbers, 2, PVM_INT, 7, "group", 0);
    pvm_lvgroup("group");
    pvm_gsize("group");
    pvm_bcast("group", 2);
    pvm_barrier("none", 2);
}

int main(int argc, char **argv)
{
    Pvmtmask mask;

    case_roles(argc, argv);
    if (argc > 1) {
        if (case_role(argc, argv, "mailbox"))
            mailbox();
        else
            groups();
        pvm_exit();
        return 0;
    }
    case_begin();
    trace_mask_outside(mask);
    trace_run("mailbox", mask, PvmTraceFull, 0);
    trace_run("groups", mask, PvmTraceFull, 0);
    pvm_exit();
    return 0;
}
