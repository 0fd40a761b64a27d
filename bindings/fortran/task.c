/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks, options, output, errors: pvmf routines of this task and others. Every routine here and in the other files is
 * also known without the underscore: see libfpvm3.names. */
#include <stdio.h>
#include <unistd.h>

#include <pvm3.h>

#include "bindings/fortran/fstring.h"

void pvmfmytid_(int *tid)
{
    *tid = pvm_mytid();
}

void pvmfparent_(int *tid)
{
    *tid = pvm_parent();
}

/* index outside of 0 to ntids - 1 leaves sibling alone: -1 only counts. */
void pvmfsiblings_(int *ntids, const int *index, int *sibling)
{
    int *tids;

    *ntids = pvm_siblings(&tids);
    if (*index >= 0 && *index < *ntids)
        *sibling = tids[*index];
}

/* No arguments for the tasks can be given. */
void pvmfspawn_(const char *task, const int *flag, const char *where, const int *ntask, int *tids, int *numt,
                size_t task_length, size_t where_length)
{
    struct pvmi_fstring file;
    struct pvmi_fstring place;

    pvmi_fstring_take(&file, task, task_length);
    pvmi_fstring_take(&place, where, where_length);
    *numt = pvm_spawn(file.copy, NULL, *flag, place.copy, *ntask, tids);
    pvmi_fstring_drop(&place);
    pvmi_fstring_drop(&file);
}

void pvmfkill_(const int *tid, int *info)
{
    *info = pvm_kill(*tid);
}

void pvmfsendsig_(const int *tid, const int *signum, int *info)
{
    *info = pvm_sendsig(*tid, *signum);
}

void pvmfpstat_(const int *tid, int *status)
{
    *status = pvm_pstat(*tid);
}

/* One task a call, in a cycle, which ntask -1 begins anew. info is 1 (as in PVM 3), 0 when there is no task. */
void pvmftasks_(const int *where, int *ntask, int *tid, int *ptid, int *dtid, int *flag, char *aout, int *info,
                size_t aout_length)
{
    static int next;
    static int count;
    static struct pvmtaskinfo *tasks;

    if (next >= count || *ntask == -1) {
        next = count = 0;
        *info = pvm_tasks(*where, &count, &tasks);
        if (*info < 0)
            return;
    }
    *ntask = count;
    *info = count > 0;
    if (count == 0)
        return;
    *tid = tasks[next].ti_tid;
    *ptid = tasks[next].ti_ptid;
    *dtid = tasks[next].ti_host;
    *flag = tasks[next].ti_flag;
    pvmi_fstring_fill(aout, aout_length, tasks[next].ti_a_out);
    next++;
}

void pvmfexit_(int *info)
{
    *info = pvm_exit();
}

void pvmfsetopt_(const int *what, const int *val, int *oldval)
{
    *oldval = pvm_setopt(*what, *val);
}

void pvmfgetopt_(const int *what, int *val)
{
    *val = pvm_getopt(*what);
}

/* To the standard output, or nowhere. */
void pvmfcatchout_(const int *onoff, int *info)
{
    *info = pvm_catchout(*onoff != 0 ? stdout : NULL);
}

void pvmfperror_(const char *msg, int *info, size_t msg_length)
{
    struct pvmi_fstring text;

    pvmi_fstring_take(&text, msg, msg_length);
    *info = pvm_perror(text.copy);
    pvmi_fstring_drop(&text);
}

void pvmfsleep_(const int *seconds)
{
    sleep((unsigned)*seconds);
}

/* Of PVM 3.2, where these two were no options yet: info is PvmOk or an error, oldset the value before. */
void pvmfadvise_(const int *route, int *info)
{
    int before = pvm_setopt(PvmRoute, *route);

    *info = before < 0 ? before : PvmOk;
}

void pvmfserror_(const int *set, int *oldset)
{
    *oldset = pvm_setopt(PvmAutoErr, *set);
}

void pvmfnewcontext_(int *ctx)
{
    *ctx = pvm_newcontext();
}

void pvmffreecontext_(const int *ctx, int *info)
{
    *info = pvm_freecontext(*ctx);
}

void pvmfgetcontext_(int *ctx)
{
    *ctx = pvm_getcontext();
}

void pvmfsetcontext_(const int *new_ctx, int *old_ctx)
{
    *old_ctx = pvm_setcontext(*new_ctx);
}
