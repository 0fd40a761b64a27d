/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting a process and knowing why it could not be started. */
#ifndef PVMD_KEEPER_START_H
#define PVMD_KEEPER_START_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#define START_PID_ROOM 12

/* A descriptor of ours, and the number that it has in the process. */
struct start_inherit {
    int fd;
    int number;
};

struct start_spec {
    const char *path;             /* of the executable, as execve() takes it */
    char *const *argv;            /* NULL-terminated, with the program's name */
    char *const *env;             /* NULL-terminated, the whole environment */
    const char *directory;        /* to run in; NULL, or one that cannot be entered: where the caller is */
    int fds[3];                   /* become 0, 1 and 2; none of them below 3 */
    const struct start_inherit *inherit;    /* two more, with two numbers that follow each other; NULL: none. All others
                                             * are closed */
    char *pid_text;               /* NULL, or START_PID_ROOM bytes in env that get the process's pid as text */
    const struct rlimit *files;   /* RLIMIT_NOFILE of the process; NULL: the caller's */
    /*
     * It stays in the caller's session, whose terminal the keeper has left, and is only a process group of its own. Tasks
     * do so: see base/terminal.h.
     */
    bool same_session;
};

/*
 * Starts a process in a session or process group of its own, with no signal blocked or ignored. The caller's memory is
 * shared until the exec (vfork), so it costs the same in a small and in a large process.
 *
 * Returns 0, or an errno value; then ret_step names the step that failed ("start", "connect", "exec").
 */
int start_process(const struct start_spec *spec, pid_t *ret_pid, const char **ret_step);

#endif
