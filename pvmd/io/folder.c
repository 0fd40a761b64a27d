/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/log.h"
#include "base/rundir.h"
#include "pvmd/keeper/reap.h"

#define FOLDER_FILES 6
#define FOLDER_RUN 4         /* of these, what says nothing of processes */
#define EVICT_TRIES 250            /* looks whether it has gone; half of them before it is killed */
#define EVICT_PAUSE_NS 20000000    /* between two */

struct folder {
    char path[PVMI_RUNDIR_PATH_MAX];
    char socket[PVMI_RUNDIR_PATH_MAX + 8];
    int dir;
    int lock;
    int log;
    int killed;
};

/* What is in the file run: who marks its tasks so, and on which computer; "" for what is not there. */
struct run {
    char mark[64];
    char computer[256];
};

static void folder_read_run(const struct folder *folder, struct run *run)
{
    char text[sizeof(*run)] = "";
    int fd = openat(folder->dir, "run", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    memset(run, 0, sizeof(*run));
    if (fd < 0)
        return;
    if (read(fd, text, sizeof(text) - 1) > 0)
        sscanf(text, "%63s %255s", run->mark, run->computer);
    close(fd);
}

static void name_computer(char *name, size_t name_max)
{
    if (gethostname(name, name_max) < 0)
        name[0] = '\0';
    name[name_max - 1] = '\0';
}

static int folder_write(const struct folder *folder, const char *name, const char *text, struct pvmi_fault *fault)
{
    int fd = openat(folder->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    ssize_t length = (ssize_t)strlen(text);
    ssize_t n = fd >= 0 ? write(fd, text, (size_t)length) : -1;
    bool written = n == length;

    if (n >= 0 && !written)
        errno = ENOSPC;    /* a short write says nothing itself */
    if (!written)
        pvmi_fault_set(fault, pvmi_error_from_errno(errno), NULL, "cannot write %s/%s: %s: set PVM_TMP to a "
                       "folder of yours that can be written", folder->path, name, strerror(errno));
    if (fd >= 0)
        close(fd);
    return written ? PvmOk : fault->code;
}

/*
 * What is in the folder, in the order in which it goes. The lock goes last: who waits for it then finds no file of that
 * name, or makes a new folder. With run the next daemon finds the processes of one that was killed.
 */
static void folder_unlink(const struct folder *folder, int begin, int end)
{
    static const char *const names[FOLDER_FILES] = { "sock", "first", "joins", "log", "run", "lock" };

    for (int i = begin; i < end; i++)
        unlinkat(folder->dir, names[i], 0);
}

/* Returns how many processes of the dead daemon were still there. */
static int folder_clear_stale(const struct folder *folder, const struct run *run)
{
    folder_unlink(folder, 0, FOLDER_RUN);
    return run->mark[0] != '\0' ? reap_marked(pvmi_env_name(PVMI_ENV_PVM_RUN), run->mark) : 0;
}

static int folder_fill(struct folder *folder, bool first, const char *run, struct pvmi_fault *fault)
{
    char line[sizeof(struct run)];
    char computer[256];
    int rc;

    snprintf(line, sizeof(line), "%ld\n", (long)getpid());
    ftruncate(folder->lock, 0);
    pwrite(folder->lock, line, strlen(line), 0);
    name_computer(computer, sizeof(computer));
    snprintf(line, sizeof(line), "%s\n%s\n", run, computer);
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
    struct run stale;
    int rc;

    if (folder == NULL) {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory");
        return PvmNoMem;
    }
    rc = pvmi_rundir_path(name, folder->path, sizeof(folder->path));
    if (rc == PvmBadParam)
        pvmi_fault_set(fault, rc, NULL,
                       "the names of the virtual machine (PVM_VMID) and of host %.40s make one that is too long for a "
                       "folder: give it shorter ones", name);
    else if (rc != PvmOk)
        pvmi_fault_set(fault, rc, NULL, "the path of our files would be too long: set PVM_TMP to a shorter one");
    else
        rc = pvmi_rundir_create(folder->path, &folder->dir, &folder->lock, fault);
    if (rc != PvmOk) {
        pvmi_free(folder);
        return rc;
    }
    snprintf(folder->socket, sizeof(folder->socket), "%s/sock", folder->path);
    folder_read_run(folder, &stale);
    folder->killed = folder_clear_stale(folder, &stale);
    rc = folder_fill(folder, first, run, fault);
    if (rc != PvmOk) {
        folder_remove(folder);
        return rc;
    }
    *ret_folder = folder;
    return PvmOk;
}

/* ---- who waits to be let in ---- */

int folder_joins(const struct folder *folder, uint64_t first, uint64_t ticket, struct pvmi_fault *fault)
{
    char line[64];

    snprintf(line, sizeof(line), "%" PRIx64 " %" PRIx64 "\n", first, ticket);
    return folder_write(folder, "joins", line, fault);
}

void folder_joined(const struct folder *folder)
{
    unlinkat(folder->dir, "joins", 0);
}

/* A small file of folder path; "" when it is not there. */
static void read_file(const char *path, const char *name, char *text, size_t text_max)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = dir >= 0 ? openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, text, text_max - 1) : 0;

    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
}

/* The pid of the daemon that waits in folder path for the first host with another ticket; 0: there is none. */
static pid_t find_waiting(const char *path, uint64_t first, uint64_t ticket)
{
    uint64_t its_first = 0, its_ticket = 0;
    char text[64];
    long pid = 0;

    read_file(path, "joins", text, sizeof(text));
    if (sscanf(text, "%" SCNx64 " %" SCNx64, &its_first, &its_ticket) != 2 || its_first != first || its_ticket == ticket)
        return 0;
    read_file(path, "lock", text, sizeof(text));
    if (sscanf(text, "%ld", &pid) != 1 || pid < 2 || !pvmi_rundir_alive(path))
        return 0;
    return (pid_t)pid;
}

void folder_evict(const char *name, uint64_t first, uint64_t ticket)
{
    const struct timespec pause = { .tv_nsec = EVICT_PAUSE_NS };
    char path[PVMI_RUNDIR_PATH_MAX];
    pid_t pid = pvmi_rundir_path(name, path, sizeof(path)) == PvmOk ? find_waiting(path, first, ticket) : 0;

    if (pid == 0 || kill(pid, SIGTERM) < 0)
        return;
    for (int tries = 0; tries < EVICT_TRIES && pvmi_rundir_alive(path); tries++) {
        if (tries == EVICT_TRIES / 2)
            kill(pid, SIGKILL);
        nanosleep(&pause, NULL);
    }
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

/* Returns how many processes were ended. On a file system that computers share, a lock of another one's may say nothing
 * here: what it has is left alone. */
static int sweep_one(int user_dir, const char *name)
{
    struct folder stale = { .dir = -1 };
    char computer[256];
    struct run run;
    int killed = 0;

    if (pvmi_rundir_seize(user_dir, name, &stale.dir, &stale.lock) != PvmOk)
        return 0;
    name_computer(computer, sizeof(computer));
    folder_read_run(&stale, &run);
    if (run.computer[0] == '\0' || strcmp(run.computer, computer) == 0) {
        killed = folder_clear_stale(&stale, &run);
        folder_unlink(&stale, 0, FOLDER_FILES);
        unlinkat(user_dir, name, AT_REMOVEDIR);
    }
    close(stale.dir);
    close(stale.lock);
    return killed;
}

void folder_sweep(struct folder *folder)
{
    const char *own = strrchr(folder->path, '/') + 1;
    int user_fd = openat(folder->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *user = user_fd >= 0 ? fdopendir(user_fd) : NULL;
    struct dirent *entry;

    if (user == NULL) {
        if (user_fd >= 0)
            close(user_fd);
        return;
    }
    while ((entry = readdir(user)) != NULL)
        if (entry->d_name[0] != '.' && strchr(entry->d_name, '.') != NULL && strcmp(entry->d_name, own) != 0)
            folder->killed += sweep_one(user_fd, entry->d_name);
    closedir(user);
}

void folder_thin(struct folder *folder)
{
    if (folder == NULL)
        return;
    pvmi_log_open(-1, 0, PVMI_LOG_ERROR, 0);
    if (folder->log >= 0)
        close(folder->log);
    folder->log = -1;
    folder_unlink(folder, 0, FOLDER_RUN);
}

void folder_remove(struct folder *folder)
{
    char *slash;

    if (folder == NULL)
        return;
    folder_thin(folder);
    folder_unlink(folder, FOLDER_RUN, FOLDER_FILES);
    rmdir(folder->path);
    slash = strrchr(folder->path, '/');
    *slash = '\0';
    rmdir(folder->path);    /* pvm-UID: goes with the last daemon */
    close(folder->dir);
    close(folder->lock);
    pvmi_free(folder);
}
