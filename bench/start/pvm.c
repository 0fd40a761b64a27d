/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A machine of one host is started, from the daemon's exec until a task is enrolled; and halted, from pvm_halt until
 * no process of it is left. -l has the daemon's command line.
 */
#include <signal.h>
#include <unistd.h>

#include "bench/launch.h"
#include "bench/pvm_team.h"

/* The task: enrols when it is told to, says that it has, and halts the machine, which ends tasks by SIGTERM. */
static int be_task(int from, int to)
{
    char byte;

    if (read(from, &byte, 1) != 1)
        return 1;
    team_check(pvm_mytid(), "pvm_mytid");
    if (write(to, "\n", 1) != 1 || read(from, &byte, 1) != 1)
        return 1;
    signal(SIGTERM, SIG_DFL);
    pvm_halt();
    return 0;
}

static void tell(struct launched *launched)
{
    if (write(launched->to, "\n", 1) != 1)
        die("the task has ended");
}

static void forget(struct launched *launched)
{
    close(launched->to);
    close(launched->from);
}

static void turn(void *arg, double *ret_start, double *ret_halt)
{
    struct launched task = launch_copy(be_task), daemon;
    double start = clock_now();

    daemon = launch(arg);
    launch_await_line(&daemon, "the daemon");
    tell(&task);
    launch_await_line(&task, "the task");
    *ret_start = clock_now() - start;
    start = clock_now();
    tell(&task);
    launch_await_ends();
    *ret_halt = clock_now() - start;
    forget(&task);
    forget(&daemon);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 1, .seconds = 0.5 };

    options_read(&options, argc, argv);
    launch_adopt();
    launch_measure("PVM Start and Halt Test", options.seconds, turn, launch_words(options.launch, NULL));
    return 0;
}
