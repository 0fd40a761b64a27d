/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/env.h"
#include "base/limit.h"

#define RUNDIR_OPEN (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define RUNDIR_LOCK_TRIES 50           /* pvmi_rundir_alive() holds the lock for some microseconds: */
#define RUNDIR_LOCK_PAUSE_NS 10000000  /* a daemon that starts must outlast a program that looks */
#define RUNDIR_LIVE_MAX 64             /* live folders of one virtual machine that find() looks at */

/* ---- names ---- */

/* Appends text to name with what may not stand in a folder's name as %XX. False when it does not fit. */
static bool rundir_escape(char *name, size_t name_max, const char *text, const char *forbidden)
{
    size_t at = strlen(name);

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (at + 4 > name_max)
            return false;
        if (c < 0x20 || strchr(forbidden, c) != NULL)
            at += (size_t)snprintf(name + at, 4, "%%%02x", c);
        else
            name[at++] = (char)c;
    }
    name[at] = '\0';
    return true;
}

/* "VMID.", with which the folders of this virtual machine begin. */
static bool rundir_prefix(char *prefix, size_t prefix_max)
{
    const char *vmid = pvmi_env(PVMI_ENV_PVM_VMID);

    prefix[0] = '\0';
    if (!rundir_escape(prefix, prefix_max - 1, vmid == NULL ? "default" : vmid, "./%"))
        return false;
    strcat(prefix, ".");
    return true;
}

/* "BASE/pvm-UID" */
static bool rundir_user_path(char *path, size_t path_max)
{
    const char *base = pvmi_env(PVMI_ENV_PVM_TMP);
    int length = snprintf(path, path_max, "%s/pvm-%u", base == NULL ? "/tmp" : base, (unsigned)geteuid());

    return length > 0 && (size_t)length < path_max;
}

int pvmi_rundir_path(const char *host, char *ret_path, size_t path_max)
{
    char user[PVMI_RUNDIR_PATH_MAX];
    char name[NAME_MAX + 1];
    int length;

    if (!rundir_prefix(name, sizeof(name)) || !rundir_escape(name, sizeof(name), host, "/%"))
        return PvmBadParam;
    if (!rundir_user_path(user, sizeof(user)))
        return PvmOverflow;
    if (strlen(user) + 1 + strlen(name) >= path_max)
        return PvmOverflow;
    length = snprintf(ret_path, path_max, "%s/%s", user, name);
    return length > 0 && (size_t)length < path_max ? PvmOk : PvmOverflow;
}

/* ---- the folder ---- */

/* What to do about an errno value, behind its text. */
static const char *rundir_remedy(int error)
{
    const char *limit = pvmi_limit_text(error);

    return *limit != '\0' ? limit : ": set PVM_TMP to a folder of yours that can be written";
}

/*
 * Opens folder name in dir and checks that nobody else can put things into it. Returns a descriptor, -1 when
 * it is not there, or another negative code with fault filled. path is for texts.
 */
static int rundir_open_private(int dir, const char *name, const char *path, struct pvmi_fault *fault,
                               int *ret_fd)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | RUNDIR_OPEN);

    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
        pvmi_fault_set(fault, PvmDenied, NULL, "%s is not a folder, but a link or a file: remove it", path);
        return fault->code;
    }
    if (fd < 0) {
        pvmi_fault_set(fault, pvmi_error_from_errno(errno), NULL, "cannot open %s: %s%s", path, strerror(errno),
                       rundir_remedy(errno));
        return fault->code;
    }
    if (fstat(fd, &st) < 0)
        pvmi_fault_set(fault, PvmSysErr, NULL, "cannot look at %s: %s", path, strerror(errno));
    else if (st.st_uid != geteuid())
        pvmi_fault_set(fault, PvmDenied, NULL,
                       "%s belongs to user %u, not to user %u: set PVM_TMP to another folder", path,
                       (unsigned)st.st_uid, (unsigned)geteuid());
    else if ((st.st_mode & 077) != 0)
        pvmi_fault_set(fault, PvmDenied, NULL, "%s is open to others (mode %03o): chmod 700 %s", path,
                       (unsigned)st.st_mode & 0777, path);
    else {
        *ret_fd = fd;
        return PvmOk;
    }
    close(fd);
    return fault->code;
}

/* Makes the folder if need be, then opens it. PVMI_AGAIN: somebody who tidies up has removed it, or dir. */
static int rundir_make_private(int dir, const char *name, const char *path, struct pvmi_fault *fault,
                               int *ret_fd)
{
    int rc;

    if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST) {
        if (errno == ENOENT && dir != AT_FDCWD)
            return PVMI_AGAIN;
        pvmi_fault_set(fault, pvmi_error_from_errno(errno), NULL, "cannot make %s: %s%s", path, strerror(errno),
                       rundir_remedy(errno));
        return fault->code;
    }
    rc = rundir_open_private(dir, name, path, fault, ret_fd);
    return rc == PvmNoFile ? PVMI_AGAIN : rc;
}

/* Takes the lock. PVMI_AGAIN: somebody has it, or its file was removed under our hands. */
static int rundir_lock(int dir, const char *path, struct pvmi_fault *fault, int *ret_lock)
{
    struct stat held;
    struct stat named;
    int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 && errno == ENOENT)
        return PVMI_AGAIN;    /* the folder itself is gone: a daemon has just tidied up */
    if (fd < 0 || fstat(fd, &held) < 0)
        goto err_errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            goto err_errno;
        close(fd);
        return PVMI_AGAIN;
    }
    if (fstatat(dir, "lock", &named, AT_SYMLINK_NOFOLLOW) < 0 || named.st_ino != held.st_ino
        || named.st_dev != held.st_dev) {
        close(fd);
        return PVMI_AGAIN;
    }
    *ret_lock = fd;
    return PvmOk;

err_errno:
    pvmi_fault_set(fault, pvmi_error_from_errno(errno), NULL, "cannot lock %s/lock: %s%s", path, strerror(errno),
                   rundir_remedy(errno));
    if (fd >= 0)
        close(fd);
    return fault->code;
}

static int rundir_create_once(const char *user, const char *path, const char *name, struct pvmi_fault *fault,
                              int *ret_dir, int *ret_lock)
{
    int user_dir;
    int dir;
    int rc;

    rc = rundir_make_private(AT_FDCWD, user, user, fault, &user_dir);
    if (rc != PvmOk)
        return rc;
    rc = rundir_make_private(user_dir, name, path, fault, &dir);
    close(user_dir);
    if (rc != PvmOk)
        return rc;
    rc = rundir_lock(dir, path, fault, ret_lock);
    if (rc != PvmOk)
        close(dir);
    else
        *ret_dir = dir;
    return rc;
}

int pvmi_rundir_create(const char *path, int *ret_dir, int *ret_lock, struct pvmi_fault *fault)
{
    const struct timespec pause = { .tv_nsec = RUNDIR_LOCK_PAUSE_NS };
    char user[PVMI_RUNDIR_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int rc = PVMI_AGAIN;

    if (slash == NULL || (size_t)(slash - path) >= sizeof(user)) {
        pvmi_fault_set(fault, PvmBadParam, NULL, "%s is no path of a daemon's folder", path);
        return PvmBadParam;
    }
    memcpy(user, path, (size_t)(slash - path));
    user[slash - path] = '\0';

    for (int tries = 0; tries < RUNDIR_LOCK_TRIES && rc == PVMI_AGAIN; tries++) {
        if (tries > 0)
            nanosleep(&pause, NULL);
        rc = rundir_create_once(user, path, slash + 1, fault, ret_dir, ret_lock);
    }
    if (rc == PVMI_AGAIN) {
        pvmi_fault_set(fault, PvmAlready, NULL, "a pvmd is already running here, in %s", path);
        rc = PvmAlready;
    }
    return rc;
}

int pvmi_rundir_seize(int user_dir, const char *name, int *ret_dir, int *ret_lock)
{
    struct pvmi_fault fault;
    int dir;
    int rc = rundir_open_private(user_dir, name, name, &fault, &dir);

    if (rc != PvmOk)
        return rc;
    rc = rundir_lock(dir, name, &fault, ret_lock);
    if (rc == PvmOk)
        *ret_dir = dir;
    else
        close(dir);
    return rc;
}

/* True when somebody holds the lock of folder name in dir. Must not create the file, nor keep the lock. */
static bool rundir_alive_at(int dir, const char *name)
{
    int folder = openat(dir, name, O_RDONLY | RUNDIR_OPEN);
    bool alive = false;
    int fd;

    if (folder < 0)
        return false;
    fd = openat(folder, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    close(folder);
    if (fd < 0)
        return false;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        alive = errno == EWOULDBLOCK;
    close(fd);
    return alive;
}

bool pvmi_rundir_alive(const char *path)
{
    return rundir_alive_at(AT_FDCWD, path);
}

/* ---- finding ---- */

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
    int folder = openat(user_dir, name, O_RDONLY | RUNDIR_OPEN);
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
            || !rundir_alive_at(user_dir, entry->d_name) || !rundir_has(user_dir, entry->d_name, "sock"))
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

    if (!rundir_prefix(prefix, sizeof(prefix))) {
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
    if (!rundir_user_path(user, sizeof(user))) {
        pvmi_fault_set(fault, PvmSysErr, NULL, "PVM_TMP is too long a path");
        return PvmSysErr;
    }

    rc = rundir_open_private(AT_FDCWD, user, user, fault, &user_dir);
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

/* ---- the socket ---- */

/*
 * Fills addr for path. One that is longer than sun_path goes by a descriptor of its folder, which has to stay
 * open until addr was used: *ret_dir, else -1. Returns 0, or -1 and errno.
 */
static int rundir_address(const char *path, struct sockaddr_un *addr, int *ret_dir)
{
    const char *slash = strrchr(path, '/');
    char folder[PVMI_RUNDIR_PATH_MAX];
    int length;

    *addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
    *ret_dir = -1;
    if (strlen(path) < sizeof(addr->sun_path)) {
        memcpy(addr->sun_path, path, strlen(path) + 1);
        return 0;
    }
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    *ret_dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_dir < 0)
        return -1;
    length = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", *ret_dir, slash + 1);
    if (length > 0 && (size_t)length < sizeof(addr->sun_path))
        return 0;
    close(*ret_dir);
    *ret_dir = -1;
    errno = ENAMETOOLONG;
    return -1;
}

/* Closes what is open and keeps errno; for the ends of functions that return -1. */
static int rundir_fail(int fd, int dir)
{
    int saved_errno = errno;

    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    errno = saved_errno;
    return -1;
}

int pvmi_rundir_connect(const char *path)
{
    struct sockaddr_un addr;
    int dir;
    int fd;
    int rc;

    if (rundir_address(path, &addr, &dir) < 0)
        return -1;
    fd = pvmi_descriptor_move(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd < 0)
        return rundir_fail(fd, dir);

    /* Blocking: a non-blocking connect fails when the daemon has many to accept. Its death ends the wait. */
    do
        rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    while (rc < 0 && errno == EINTR);
    if (rc < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return rundir_fail(fd, dir);
    if (dir >= 0)
        close(dir);
    return fd;
}

/* Removes the socket file of a dead daemon. Returns 0, or -1 with EADDRINUSE when it is no such thing. */
static int rundir_unlink_dead(const char *path, const struct sockaddr_un *addr)
{
    struct stat st;
    int fd;
    int rc;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
    if (S_ISSOCK(st.st_mode) && rc < 0 && errno == ECONNREFUSED) {
        close(fd);
        return unlink(path);
    }
    close(fd);
    errno = EADDRINUSE;
    return -1;
}

int pvmi_rundir_listen(const char *path)
{
    struct sockaddr_un addr;
    int dir;
    int fd;
    int rc;

    if (rundir_address(path, &addr, &dir) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return rundir_fail(fd, dir);
    rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
    if (rc < 0 && errno == EADDRINUSE && rundir_unlink_dead(path, &addr) == 0)
        rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
    if (rc < 0 || listen(fd, SOMAXCONN) < 0)
        return rundir_fail(fd, dir);
    if (dir >= 0)
        close(dir);
    return fd;
}
