/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/launch.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#define WORDS_MAX 64
#define TURNS_MAX 64

static void make_pipes(int *in, int *out)
{
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        die("pipe: %s", strerror(errno));
}

struct launched launch(char **args)
{
    posix_spawn_file_actions_t actions;
    struct launched launched;
    int in[2], out[2], rc;

    make_pipes(in, out);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    rc = posix_spawnp(&launched.pid, args[0], &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0)
        die("%s: %s", args[0], strerror(rc));
    close(in[0]);
    close(out[1]);
    launched.to = in[1];
    launched.from = out[0];
    return launched;
}

struct launched launch_copy(int (*body)(int from, int to))
{
    struct launched launched;
    int in[2], out[2];

    make_pipes(in, out);
    launched.pid = fork();
    if (launched.pid < 0)
        die("fork: %s", strerror(errno));
    if (launched.pid == 0)
        _exit(body(in[0], out[1]));
    close(in[0]);
    close(out[1]);
    launched.to = in[1];
    launched.from = out[0];
    return launched;
}

void launch_await_line(struct launched *launched, const char *what)
{
    char byte = '\0';

    do {
        if (read(launched->from, &byte, 1) != 1)
            die("%s ended before it was there", what);
    } while (byte != '\n');
}

char **launch_words(const char *command, char **more)
{
    static char *words[WORDS_MAX];
    int count = 0;

    if (command == NULL)
        die("-l COMMAND says what to start");
    for (char *word = strtok(strdup(command), " "); word != NULL && count < WORDS_MAX - 1; word = strtok(NULL, " "))
        words[count++] = word;
    while (more != NULL && *more != NULL && count < WORDS_MAX - 1)
        words[count++] = *more++;
    words[count] = NULL;
    return words;
}

void launch_adopt(void)
{
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void launch_await_ends(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}

void launch_measure(const char *title, double seconds, void (*turn)(void *arg, double *ret_start, double *ret_halt),
                    void *arg)
{
    double starts[TURNS_MAX], halts[TURNS_MAX], end;
    int turns = 0;

    turn(arg, &starts[0], &halts[0]);
    end = clock_now() + seconds;
    do {
        turn(arg, &starts[turns], &halts[turns]);
        turns++;
    } while (turns < 3 || (turns < TURNS_MAX && clock_now() < end));
    print_head(title, "What            Time (ms)");
    print_line("start", 1, median(starts, turns) * 1e3);
    print_line("halt", 1, median(halts, turns) * 1e3);
}
