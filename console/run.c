/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm run: join or start a machine, add hosts, spawn, forward output until the last task has ended, undo.
 *
 * A signal ends the job in steps: SIGTERM to all tasks; after 5 s, or with the next signal, SIGKILL; and 5 s
 * later it is over even if tasks are still listed (their host may be cut off). Then the machine is undone as
 * ever.
 */
#include "console/run.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/host_command.h"
#include "console/report.h"
#include "pvm3.h"

#define WAIT_MS 200       /* a wait in libpvm does not end by a signal: look this often */
#define GRACE_MS 5000

/* ---- options ---- */

static int number_parse(const char *option, const char *text, int *ret_number)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || number < 1 || number > 1000000)
        return report_usage("run", "%s takes a number from 1 on, not \"%s\"", option, text);
    *ret_number = (int)number;
    return EXIT_GOOD;
}

/* "h1,h2:4" */
static int hosts_parse(struct run_options *options, const char *list)
{
    do {
        int length = (int)strcspn(list, ",");
        int name_length = (int)strcspn(list, ",:");
        struct run_host host = { 0 };
        struct run_host *grown;

        if (name_length < length)
            host.slots = atoi(list + name_length + 1);
        if (name_length == 0 || (name_length < length && host.slots < 1))
            return report_usage("run", "-H takes hosts as in h1,h2:4, not \"%s\"", list);
        grown = realloc(options->hosts, (size_t)(options->host_count + 1) * sizeof(*grown));
        host.name = strndup(list, (size_t)name_length);
        if (grown == NULL || host.name == NULL) {
            free(host.name);
            return report_error("run", "out of memory");
        }
        options->hosts = grown;
        options->hosts[options->host_count++] = host;
        list += length + (list[length] == ',');
    } while (*list != '\0');
    return EXIT_GOOD;
}

/* -x NAME or NAME=VALUE */
static int variable_parse(const char *word)
{
    char *name = strdup(word);
    char *value = name != NULL ? strchr(name, '=') : NULL;

    if (name == NULL)
        return report_error("run", "out of memory");
    if (value != NULL) {
        *value++ = '\0';
        setenv(name, value, 1);
    }
    pvm_export(name);
    free(name);
    return EXIT_GOOD;
}

static bool is_one_of(const char *word, const char *first, const char *second, const char *third)
{
    return strcmp(word, first) == 0 || (second != NULL && strcmp(word, second) == 0) ||
           (third != NULL && strcmp(word, third) == 0);
}

/* An option that takes a value. */
static int option_parse(struct run_options *options, const char *option, const char *value)
{
    if (is_one_of(option, "-n", "-np", NULL))
        return number_parse(option, value, &options->copies);
    if (is_one_of(option, "-H", "-host", "--host"))
        return hosts_parse(options, value);
    if (is_one_of(option, "--local", NULL, NULL))
        return number_parse(option, value, &options->local);
    if (is_one_of(option, "--timeout", NULL, NULL))
        return number_parse(option, value, &options->timeout_s);
    if (is_one_of(option, "-x", NULL, NULL))
        return variable_parse(value);
    if (is_one_of(option, "-wdir", "--wdir", "-wd"))
        options->directory = value;
    else if (is_one_of(option, "--hostfile", "-machinefile", "--machinefile"))
        options->hostfile = value;
    else
        return report_usage("run", "no such option: %s", option);
    return EXIT_GOOD;
}

/* Takes the options; *ret_at is the index of the program. */
static int options_parse(struct run_options *options, int argc, char **argv, int *ret_at)
{
    int at = 1;

    *options = (struct run_options){ .copies = 1 };
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--label") == 0) {
            options->label = true;
            continue;
        }
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (at + 1 == argc)
            return report_usage("run", "%s: no such option, or its value is missing", argv[at]);
        int status = option_parse(options, argv[at], argv[at + 1]);
        if (status != EXIT_GOOD)
            return status;
        at++;
    }
    if (at >= argc)
        return report_usage("run", "no program named");
    *ret_at = at;
    return EXIT_GOOD;
}

static void options_free(struct run_options *options)
{
    for (int i = 0; i < options->host_count; i++)
        free(options->hosts[i].name);
    free(options->hosts);
}

/* ---- signals ---- */

static volatile sig_atomic_t signal_first;    /* the one that ends the job */
static volatile sig_atomic_t signal_count;

static volatile sig_atomic_t preparing;
static sigjmp_buf prepare_end;

static void on_signal(int signum)
{
    if (signal_count == 0)
        signal_first = signum;
    signal_count = signal_count + 1;
    if (preparing) {
        preparing = 0;
        siglongjmp(prepare_end, 1);
    }
}

static void signals_catch(void)
{
    static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal };

    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        struct sigaction before;

        sigaction(caught[i], NULL, &before);
        if (before.sa_handler != SIG_IGN)    /* nohup, or a script's background job */
            sigaction(caught[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;    /* a reader that has gone is seen by fflush() */
    sigaction(SIGPIPE, &action, NULL);
}

/* ---- the course of the job ---- */

enum run_stage {
    RUN_RUNNING,
    RUN_TERMINATING,    /* SIGTERM was sent */
    RUN_KILLING,        /* SIGKILL was sent */
    RUN_OVER,
};

/* The next step towards the end, if there is reason for one. */
static enum run_stage stage_next(struct run *run, enum run_stage stage, int signals_seen, uint64_t limit_ms)
{
    bool due = signal_count > signals_seen || (limit_ms != 0 && run_now_ms() >= limit_ms);

    if (!due)
        return stage;
    if (stage == RUN_RUNNING) {
        run_task_signal_all(run, SIGTERM);
        return RUN_TERMINATING;
    }
    if (stage == RUN_TERMINATING) {
        run_task_signal_all(run, SIGKILL);
        return RUN_KILLING;
    }
    return RUN_OVER;
}

/* Why a running job has to end now: an exit status, or 0 for no reason. */
static int stop_reason(uint64_t limit_ms)
{
    if (signal_count > 0)
        return EXIT_SIGNAL + signal_first;
    return limit_ms != 0 && run_now_ms() >= limit_ms ? EXIT_TIMEOUT : 0;
}

/* Forwards output until all tasks have ended. Returns an exit status. */
static int run_watch(struct run *run)
{
    enum run_stage stage = RUN_RUNNING;
    int signals_seen = 0;
    int stopped = 0;
    uint64_t limit_ms = run->options.timeout_s > 0 ? run_now_ms() + (uint64_t)run->options.timeout_s * 1000 : 0;

    while (stage != RUN_OVER && run_task_any_left(run)) {
        struct timeval wait = { .tv_usec = WAIT_MS * 1000 };
        int bufid = pvm_trecv(-1, -1, &wait);

        while (bufid > 0) {
            run_task_received(run, bufid);
            bufid = pvm_nrecv(-1, -1);
        }
        if (bufid < 0) {
            console_lost(run->console);
            return EXIT_NO_MACHINE;
        }
        if (fflush(stdout) != 0 && signal_count == 0) {
            if (errno != EPIPE)
                report_error("run", "cannot write the output: %s; the job is ended", strerror(errno));
            on_signal(SIGPIPE);
        }
        if (stage == RUN_RUNNING)
            stopped = stop_reason(limit_ms);
        enum run_stage next = stage_next(run, stage, signals_seen, limit_ms);
        if (next != stage) {
            signals_seen = signal_count;
            limit_ms = run_now_ms() + GRACE_MS;
            stage = next;
        }
    }
    return stopped != 0 ? stopped : run->status;
}

/* Hosts may take a minute to come, or not to come: a signal ends the wait. */
static int prepare(struct run *run)
{
    if (sigsetjmp(prepare_end, 1) != 0)
        return EXIT_SIGNAL + signal_first;
    preparing = 1;
    int status = run_host_prepare(run);
    preparing = 0;
    return status;
}

static int run_job(struct run *run, char **argv)
{
    int status = prepare(run);

    if (status == EXIT_GOOD && signal_count == 0) {
        status = run_host_spawn(run, argv);
        if (status != EXIT_GOOD)
            run_task_signal_all(run, SIGKILL);    /* a part of a job is none */
        int ended = run_watch(run);
        if (status == EXIT_GOOD)
            status = ended;
    } else if (status == EXIT_GOOD) {
        status = EXIT_SIGNAL + signal_first;
    }
    if (!run->console->over)
        run_host_release(run);
    return status;
}

int console_run(struct console *console, int argc, char **argv)
{
    struct run run = { .console = console };
    int at = 0;
    int status = options_parse(&run.options, argc, argv, &at);

    if (status == EXIT_GOOD) {
        signals_catch();
        status = run_job(&run, argv + at);
        console->over = true;
    }
    run_task_free_all(&run);
    host_command_lines_free(run.added, run.added_count);
    options_free(&run.options);
    return status;
}
