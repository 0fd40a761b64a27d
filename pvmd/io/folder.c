/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/log.h"
#include "base/rundir.h"
#include "pvmd/keeper/reap.h"

struct folder {
    char path[PVMI_RUNDIR_PATH_MAX];
    char socket[PVMI_RUNDIR_PATH_MAX + 8];
    int dir;
    int lock;
    int log;
    int killed;
};

/* The first line of a file of ours; empty when there is none. */
static void folder_read(const struct folder *folder, const char *name, char *text, size_t text_max)
{
    int fd = openat(folder->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = 0;

    if (fd >= 0) {
        n = read(fd, text, text_max - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static int folder_write(const struct folder *folder, const char *name, const char *text, struct pvmi_fault *fault)
{
    int fd = openat(folder->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t length = strlen(text);
    bool written = fd >= 0 && write(fd, text, length) == (ssize_t)length;

    if (!written)
        pvmi_fault_set(fault, pvmi_error_from_errno(errno), NULL, "cannot write %s/%s: %s", folder->path, name,
                       strerror(errno));
    if (fd >= 0)
        close(fd);
    return written ? PvmOk : fault->code;
}

/* Returns how many processes of the dead daemon were still there. */
static int folder_clear_stale(struct folder *folder)
{
    char run[64];

    folder_read(folder, "run", run, sizeof(run));
    unlinkat(folder->dir, "sock", 0);
    unlinkat(folder->dir, "first", 0);
    unlinkat(folder->dir, "log", 0);
    return run[0] != '\0' ? reap_marked(pvmi_env_name(PVMI_ENV_PVM_RUN), run) : 0;
}

static int folder_fill(struct folder *folder, bool first, const char *run, struct pvmi_fault *fault)
{
    char line[64];
    int rc;

    snprintf(line, sizeof(line), "%ld\n", (long)getpid());
    ftruncate(folder->lock, 0);
    pwrite(folder->lock, line, strlen(line), 0);
    snprintf(line, sizeof(line), "%s\n", run);
    rc = folder_write(folder, "run", line, fault);
    if (rc == PvmOk && first)
        rc = folder_write(folder, "first", "", fault);
    folder->log = openat(folder->dir, "log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    return rc;
}

int folder_take(const char *name, bool first, const char *run, struct folder **ret_folder,
                struct pvmi_fault *fault)
{
    struct folder *folder = pvmi_calloc(1, sizeof(*folder));
    int rc;

    if (folder == NULL) {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory");
        return PvmNoMem;
    }
    rc = pvmi_rundir_path(name, folder->path, sizeof(folder->path));
    if (rc != PvmOk)
        pvmi_fault_set(fault, rc, NULL, "the path of our files would be too long: set PVM_TMP to a shorter one");
    else
        rc = pvmi_rundir_create(folder->path, &folder->dir, &folder->lock, fault);
    if (rc != PvmOk) {
        pvmi_free(folder);
        return rc;
    }
    snprintf(folder->socket, sizeof(folder->socket), "%s/sock", folder->path);
    folder->killed = folder_clear_stale(folder);
    rc = folder_fill(folder, first, run, fault);
    if (rc != PvmOk) {
        folder_remove(folder);
        return rc;
    }
    *ret_folder = folder;
    return PvmOk;
}

const char *folder_path(const struct folder *folder)
{
    return folder->path;
}

const char *folder_socket(const struct folder *folder)
{
    return folder->socket;
}

int folder_killed(const struct folder *folder)
{
    return folder->killed;
}

int folder_log(const struct folder *folder)
{
    return folder->log;
}

/* The lock goes last: who waits for it then finds no file of that name, or makes a new folder. */
void folder_remove(struct folder *folder)
{
    static const char *const names[] = { "sock", "first", "run", "log", "lock" };
    char *slash;

    if (folder == NULL)
        return;
    pvmi_log_open(-1, 0, PVMI_LOG_ERROR, 0);
    if (folder->log >= 0)
        close(folder->log);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlinkat(folder->dir, names[i], 0);
    rmdir(folder->path);
    slash = strrchr(folder->path, '/');
    *slash = '\0';
    rmdir(folder->path);    /* pvm-UID: goes with the last daemon */
    close(folder->dir);
    close(folder->lock);
    pvmi_free(folder);
}
