/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of processes that do nothing but wait on a pipe: what all others need is counted from there. */
#include "bench/idle.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

#define CHILD "child"
#define CHILDREN_MAX 1024

/* Says on its stdout that it runs, and waits until its stdin ends. */
static int be_child(void)
{
    char byte;

    if (write(1, "", 1) != 1)
        return 1;
    while (read(0, &byte, 1) > 0)
        continue;
    return 0;
}

static void start_child(const int *in, const int *out, pid_t *ret_pid)
{
    char *args[] = { CHILD, NULL };
    posix_spawn_file_actions_t actions;
    int rc;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    for (int i = 0; i < 2; i++) {
        posix_spawn_file_actions_addclose(&actions, in[i]);
        posix_spawn_file_actions_addclose(&actions, out[i]);
    }
    rc = posix_spawn(ret_pid, "/proc/self/exe", &actions, NULL, args, environ);
    if (rc != 0)
        die("posix_spawn: %s", strerror(rc));
    posix_spawn_file_actions_destroy(&actions);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 17, .seconds = 1 };
    double pss[CHILDREN_MAX];
    pid_t pids[CHILDREN_MAX];
    int in[2], out[2], children;
    char byte;

    if (argc == 1 && strcmp(argv[0], CHILD) == 0)
        return be_child();
    options_read(&options, argc, argv);
    children = options.tasks - 1;
    if (children < 1 || children > CHILDREN_MAX)
        die("-n %d: 2 to %d", options.tasks, CHILDREN_MAX + 1);
    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe: %s", strerror(errno));
    for (int i = 0; i < children; i++)
        start_child(in, out, &pids[i]);
    for (int i = 0; i < children; i++) {
        if (read(out[0], &byte, 1) != 1)
            die("a child did not report");
    }
    for (int i = 0; i < children; i++)
        pss[i] = idle_pss(pids[i]);
    print_head("Bare Memory Test", "Processes       Memory of one (KiB)");
    print_size(children, 1, median(pss, children));
    close(in[1]);
    for (int i = 0; i < children; i++)
        waitpid(pids[i], NULL, 0);
    return 0;
}
