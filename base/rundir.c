/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/env.h"
#include "base/limit.h"
#include "base/rundir_inside.h"

#define RUNDIR_LOCK_TRIES 50           /* pvmi_rundir_alive() holds the lock for some microseconds: */
#define RUNDIR_LOCK_PAUSE_NS 10000000  /* a daemon that starts must outlast a program that looks */

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

bool pvmi_rundir_prefix(char *prefix, size_t prefix_max)
{
    const char *vmid = pvmi_env(PVMI_ENV_PVM_VMID);

    prefix[0] = '\0';
    if (!rundir_escape(prefix, prefix_max - 1, vmid == NULL ? "default" : vmid, "./%"))
        return false;
    strcat(prefix, ".");
    return true;
}

bool pvmi_rundir_user_path(char *path, size_t path_max)
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

    if (!pvmi_rundir_prefix(name, sizeof(name)) || !rundir_escape(name, sizeof(name), host, "/%"))
        return PvmBadParam;
    if (!pvmi_rundir_user_path(user, sizeof(user)))
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

int pvmi_rundir_open_private(int dir, const char *name, const char *path, struct pvmi_fault *fault,
                             int *ret_fd)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | PVMI_RUNDIR_OPEN);

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
    rc = pvmi_rundir_open_private(dir, name, path, fault, ret_fd);
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
    int rc = pvmi_rundir_open_private(user_dir, name, name, &fault, &dir);

    if (rc != PvmOk)
        return rc;
    rc = rundir_lock(dir, name, &fault, ret_lock);
    if (rc == PvmOk)
        *ret_dir = dir;
    else
        close(dir);
    return rc;
}

bool pvmi_rundir_alive_at(int dir, const char *name)
{
    int folder = openat(dir, name, O_RDONLY | PVMI_RUNDIR_OPEN);
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
    return pvmi_rundir_alive_at(AT_FDCWD, path);
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
