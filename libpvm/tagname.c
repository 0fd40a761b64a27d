/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdio.h>

#include "libpvm/undeclared.h"
#include "pvmproto.h"

#define COUNT_OF(names) ((int)(sizeof(names) / sizeof((names)[0])))

/* In the order of their numbers, each list from its first one on. */
static const char *const task_daemon_names[] = {
    "TM_CONNECT", "TM_CONN2", "TM_EXIT", "TM_ADDHOST", "TM_DELHOST", "TM_CONFIG", "TM_MSTAT", "TM_HALT",
    "TM_TICKLE", "TM_SPAWN", "TM_PSTAT", "TM_SENDSIG", "TM_TASK", "TM_MCA", "TM_NOTIFY", "TM_DB", "TM_SCHED",
    "TM_TASKER", "TM_HOSTER", "TM_TRACER", "TM_HOSTSYNC", "TM_SETOPT", "TM_GETOPT", "TM_CONTEXT", "TM_SHMCONN",
};

static const char *const daemon_daemon_names[] = {
    "DM_ADD", "DM_ADDACK", "DM_EXEC", "DM_EXECACK", "DM_SENDSIG", "DM_HTUPD", "DM_HTUPDACK", "DM_HTCOMMIT",
    "DM_SLCONF", "DM_STARTACK", "DM_TASK", "DM_TASKACK", "DM_DELHOST", "DM_DELHOSTACK", "DM_NULL", "DM_TASKOUT",
    "DM_PSTAT", "DM_PSTATACK", "DM_HALT", "DM_MCA", "DM_NOTIFY", "DM_NOTIFYACK", "DM_DB", "DM_DBACK",
    "DM_RESET", "DM_RESETACK", "DM_HTDEL", "DM_HOSTSYNC", "DM_HOSTSYNCACK",
};

static const char *const task_task_names[] = {
    "TC_CONREQ", "TC_CONACK", "TC_TASKEXIT", "TC_NOOP", "TC_OUTPUT", "TC_SETTRACE", "TC_SETTMASK",
    "TC_SETTRCBUF", "TC_SETTRCOPT", "TC_SHMAT", "TC_OUTPUTX", "TC_SIBLINGS",
};

static const char *const plugin_names[] = {
    "SM_SPAWN", "SM_EXEC", "SM_EXECACK", "SM_TASK", "SM_CONFIG", "SM_ADDHOST", "SM_DELHOST", "SM_ADD",
    "SM_ADDACK", "SM_NOTIFY", "SM_TASKX", "SM_HOSTX", "SM_HANDOFF", "SM_SCHED", "SM_STHOST", "SM_STHOSTACK",
    "SM_STTASK",
};

static const struct {
    int first;
    int count;
    const char *const *names;
} tag_lists[] = {
    { TM_FIRST, COUNT_OF(task_daemon_names), task_daemon_names },
    { DM_FIRST, COUNT_OF(daemon_daemon_names), daemon_daemon_names },
    { TC_FIRST, COUNT_OF(task_task_names), task_task_names },
    { SM_FIRST, COUNT_OF(plugin_names), plugin_names },
};

static const char *tag_name(int tag)
{
    for (int i = 0; i < COUNT_OF(tag_lists); i++)
        if (tag >= tag_lists[i].first && tag < tag_lists[i].first + tag_lists[i].count)
            return tag_lists[i].names[tag - tag_lists[i].first];
    return NULL;
}

char *pvmnametag(int tag, int *ret_found)
{
    static _Thread_local char text[32];
    const char *name = tag_name(tag);

    if (ret_found != NULL)
        *ret_found = name != NULL;
    if (name != NULL)
        snprintf(text, sizeof(text), "%s", name);
    else
        snprintf(text, sizeof(text), "%d", tag);
    return text;
}
