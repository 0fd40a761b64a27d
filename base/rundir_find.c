/* SPDX-License-Identifier: BSD-3-Clause */
/* The folder of the daemon that a program should talk to, and advice when that is not clear. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/rundir.h"
#include "base/rundir_inside.h"

#define RUNDIR_LIVE_MAX 64    /* live folders of one virtual machine that are looked at */

/* The live folders of this virtual machine, and in others the names of those of other ones, for texts. */
struct rundir_search {
    char *names[RUNDIR_LIVE_MAX];
    int count;
    char others[200];
};

#define LIST_OR " or "    /* between the commands of a list */

/* True when command is in the list: the hosts of one machine have the same. */
static bool rundir_list_has(const char *list, const char *command)
{
    size_t length = strlen(command);

    while (*list != '\0') {
        const char *end = strstr(list, LIST_OR);

        if (end == NULL)
            return strcmp(list, command) == 0;
        if ((size_t)(end - list) == length && strncmp(list, command, length) == 0)
            return true;
        list = end + strlen(LIST_OR);
    }
    return false;
}

/* Appends command to a list of what to type, "..." in the place of what does not fit. */
static void rundir_list_add(char *list, size_t list_max, const char *command)
{
    size_t used = strlen(list);
    const char *or = used == 0 ? "" : LIST_OR;

    if (rundir_list_has(list, command) || (used >= 3 && strcmp(list + used - 3, "...") == 0))
        return;
    if (used + strlen(or) + strlen(command) + sizeof(LIST_OR "...") > list_max)
        command = "...";
    snprintf(list + used, list_max - used, "%s%s", or, command);
}

/* Appends value to a command so that a shell takes it as one word. */
static void rundir_quote(char *command, size_t command_max, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:+-";
    size_t at = strlen(command);
    bool quoted = value[strspn(value, plain)] != '\0';

    if (quoted)
        at += (size_t)snprintf(command + at, command_max - at, "'");
    for (; *value != '\0' && at + 8 < command_max; value++)
        at += (size_t)snprintf(command + at, command_max - at, *value == '\'' ? "'\\''" : "%c", *value);
    if (quoted)
        snprintf(command + at, command_max - at, "'");
}

/* Notes how to get to the machine of a folder of that name. */
static void rundir_note_other(struct rundir_search *search, const char *name)
{
    char vmid[NAME_MAX + 1];
    char command[4 * NAME_MAX + 32] = "export PVM_VMID=";
    size_t length = 0;

    for (; *name != '.'; name++) {
        unsigned code;

        if (*name == '%' && strspn(name + 1, "0123456789abcdef") >= 2 && sscanf(name + 1, "%2x", &code) == 1) {
            vmid[length++] = (char)code;
            name += 2;
        } else {
            vmid[length++] = *name;
        }
    }
    vmid[length] = '\0';
    if (strcmp(vmid, "default") == 0)
        strcpy(command, "unset PVM_VMID");
    else
        rundir_quote(command, sizeof(command), vmid);
    rundir_list_add(search->others, sizeof(search->others), command);
}

static int rundir_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool rundir_has(int user_dir, const char *name, const char *file)
{
    int folder = openat(user_dir, name, O_RDONLY | PVMI_RUNDIR_OPEN);
    bool there = folder >= 0 && faccessat(folder, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

    if (folder >= 0)
        close(folder);
    return there;
}

/* A lock may also be held by who removes what a dead daemon has left, or by one that does not listen yet. */
static int rundir_search_read(int user_dir, const char *prefix, struct rundir_search *search)
{
    int copy = fcntl(user_dir, F_DUPFD_CLOEXEC, 0);    /* closedir() closes it */
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (dir == NULL) {
        if (copy >= 0)
            close(copy);
        return PvmNoMem;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || strchr(entry->d_name, '.') == NULL
            || !pvmi_rundir_alive_at(user_dir, entry->d_name) || !rundir_has(user_dir, entry->d_name, "sock"))
            continue;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            rundir_note_other(search, entry->d_name);
        else if (search->count < RUNDIR_LIVE_MAX) {
            char *name = pvmi_strdup(entry->d_name);

            if (name == NULL)
                break;
            search->names[search->count++] = name;
        }
    }
    closedir(dir);
    qsort(search->names, (size_t)search->count, sizeof(search->names[0]), rundir_compare);
    return PvmOk;
}

/* The one to talk to, or NULL with fault filled. */
static const char *rundir_choose(int user_dir, const char *user, const char *vmid,
                                 const struct rundir_search *search, struct pvmi_fault *fault)
{
    const char *chosen = NULL;
    char list[300] = "";
    char command[4 * PVMI_RUNDIR_PATH_MAX];
    char path[2 * PVMI_RUNDIR_PATH_MAX];
    int firsts = 0;

    if (search->count == 1)
        return search->names[0];
    for (int i = 0; i < search->count; i++) {
        snprintf(path, sizeof(path), "%s/%s/sock", user, search->names[i]);
        strcpy(command, "export PVMSOCK=");
        rundir_quote(command, sizeof(command), path);
        rundir_list_add(list, sizeof(list), command);
        if (rundir_has(user_dir, search->names[i], "first")) {
            chosen = search->names[i];
            firsts++;
        }
    }
    if (firsts == 1)
        return chosen;

    if (search->count > 1)
        pvmi_fault_set(fault, PvmSysErr, NULL,
                       "several pvmds of virtual machine %s are running here, choose one: %s", vmid, list);
    else if (search->others[0] != '\0')
        pvmi_fault_set(fault, PvmSysErr, NULL,
                       "no pvmd of virtual machine %s is running here: start one with: pvm; "
                       "or take one that runs: %s", vmid, search->others);
    else
        pvmi_fault_set(fault, PvmSysErr, NULL, "no pvmd is running here (none in %s): start one with: pvm",
                       user);
    return NULL;
}

/* Looks through BASE/pvm-UID. */
static int rundir_find_in(int user_dir, const char *user, char *ret_path, size_t path_max,
                          struct pvmi_fault *fault)
{
    struct rundir_search search = { .count = 0 };
    char prefix[NAME_MAX + 1];
    const char *name;
    int rc = PvmSysErr;

    if (!pvmi_rundir_prefix(prefix, sizeof(prefix))) {
        pvmi_fault_set(fault, PvmSysErr, NULL, "PVM_VMID is too long");
        return rc;
    }
    if (rundir_search_read(user_dir, prefix, &search) != PvmOk) {
        pvmi_fault_set(fault, PvmSysErr, NULL, "cannot read %s: %s", user, strerror(errno));
        return rc;
    }
    prefix[strlen(prefix) - 1] = '\0';    /* the name alone, for texts */
    name = rundir_choose(user_dir, user, prefix, &search, fault);
    if (name != NULL) {
        int length = snprintf(ret_path, path_max, "%s/%s/sock", user, name);

        if (length > 0 && (size_t)length < path_max)
            rc = PvmOk;
        else
            pvmi_fault_set(fault, PvmSysErr, NULL, "%s is too long a path: set PVM_TMP to a shorter one", user);
    }
    for (int i = 0; i < search.count; i++)
        pvmi_free(search.names[i]);
    return rc;
}

int pvmi_rundir_find(char *ret_path, size_t path_max, struct pvmi_fault *fault)
{
    const char *given = pvmi_env(PVMI_ENV_PVMSOCK);
    char user[PVMI_RUNDIR_PATH_MAX];
    int user_dir;
    int rc;

    if (given != NULL) {
        if (strlen(given) < path_max) {
            memcpy(ret_path, given, strlen(given) + 1);
            return PvmOk;
        }
        pvmi_fault_set(fault, PvmSysErr, NULL, "PVMSOCK is longer than %zu bytes", path_max - 1);
        return PvmSysErr;
    }
    if (!pvmi_rundir_user_path(user, sizeof(user))) {
        pvmi_fault_set(fault, PvmSysErr, NULL, "PVM_TMP is too long a path");
        return PvmSysErr;
    }

    rc = pvmi_rundir_open_private(AT_FDCWD, user, user, fault, &user_dir);
    if (rc == PvmNoFile)
        pvmi_fault_set(fault, PvmSysErr, NULL, "no pvmd is running here (no folder %s): start one with: pvm",
                       user);
    if (rc != PvmOk) {
        fault->code = PvmSysErr;
        return PvmSysErr;
    }
    rc = rundir_find_in(user_dir, user, ret_path, path_max, fault);
    close(user_dir);
    return rc;
}
