/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/task_command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/json.h"
#include "console/report.h"
#include "pvm3.h"

/* "t40001" or "40001". Returns 0 and says so when it is neither. */
static int tid_parse(const char *command, const char *word)
{
    char *end;
    const char *digits = word[0] == 't' ? word + 1 : word;
    unsigned long tid = strtoul(digits, &end, 16);

    if (*digits == '\0' || *end != '\0' || *digits == '-' || tid == 0 || tid > 0x7fffffff) {
        report_error(command, "\"%s\" is no task id; they look like t40001", word);
        return 0;
    }
    return (int)tid;
}

int task_command_id(struct console *console, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("t%x\n", (unsigned)console->tid);
    return EXIT_GOOD;
}

/* ---- ps, jobs ---- */

struct ps_options {
    int where;         /* 0 all, or a host */
    bool all;          /* also the console and tasks without a name */
    bool ids;          /* with PTID and PID */
};

/* Letters of ti_flag in the order of the bits; the other bits have none. */
static const char *flag_letters(int flags, char letters[16])
{
    static const struct {
        int bit;
        char letter;
    } known[] = { { 0x2, 'f' }, { 0x4, 'c' }, { 0x8, 'a' }, { 0x10, 'o' },
                  { 0x20, 's' }, { 0x100, 'R' }, { 0x200, 'H' }, { 0x400, 'T' } };
    int count = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (flags & known[i].bit)
            letters[count++] = known[i].letter;
    }
    letters[count] = '\0';
    return letters;
}

static const char *host_name(int tid, const struct pvmhostinfo *hosts, int count)
{
    for (int i = 0; i < count; i++) {
        if (hosts[i].hi_tid == pvm_tidtohost(tid))
            return hosts[i].hi_name;
    }
    return "-";
}

static void ps_header(bool ids)
{
    if (ids)
        printf("%24s %8s %8s %6s %6s 0x COMMAND\n", "HOST", "TID", "PTID", "PID", "FLAG");
    else
        printf("%24s %8s %6s 0x COMMAND\n", "HOST", "TID", "FLAG");
}

static void ps_row(const struct console *console, const struct pvmtaskinfo *task, const char *host, bool ids)
{
    char letters[16];
    char flag[32];
    char tid[16];
    char parent[16] = "-";

    snprintf(tid, sizeof(tid), "%x", (unsigned)task->ti_tid);
    snprintf(flag, sizeof(flag), "%x/%s", (unsigned)task->ti_flag, flag_letters(task->ti_flag, letters));
    if (task->ti_ptid > 0)
        snprintf(parent, sizeof(parent), "%x", (unsigned)task->ti_ptid);
    printf("%24s %8s", host, task->ti_tid == console->tid ? "(cons)" : tid);
    if (ids)
        printf(" %8s %6d", parent, task->ti_pid);
    printf(" %9s %-12s\n", flag, task->ti_a_out[0] != '\0' ? task->ti_a_out : "-");
}

static void ps_json(struct json *json, const struct pvmtaskinfo *task, const char *host)
{
    char letters[16];

    json_open(json, NULL, '{');
    json_tid(json, "tid", task->ti_tid);
    json_tid(json, "parent", task->ti_ptid);
    json_string(json, "host", host);
    json_int(json, "pid", task->ti_pid);
    json_int(json, "flags", task->ti_flag);
    json_string(json, "letters", flag_letters(task->ti_flag, letters));
    json_string(json, "command", task->ti_a_out);
    json_close(json, '}');
}

/* The host that has name, 0 if none. */
static int host_by_name(const char *name)
{
    int count;
    struct pvmhostinfo *hosts;

    if (pvm_config(&count, NULL, &hosts) < 0)
        return 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(hosts[i].hi_name, name) == 0)
            return hosts[i].hi_tid;
    }
    return 0;
}

/* One word of options: letters, of which h and n take the rest of it. */
static int ps_option(const char *word, struct ps_options *options)
{
    if (word[0] != '-')
        return report_usage("ps", "\"%s\" is no option", word);
    for (const char *p = word + 1; *p != '\0'; p++) {
        if (*p == 'a') {
            options->where = 0;
        } else if (*p == 'l') {
            options->ids = true;
        } else if (*p == 'x') {
            options->all = true;
        } else if (*p == 'h') {
            options->where = tid_parse("ps", p + 1);
            return options->where == 0 ? EXIT_FAILED : EXIT_GOOD;
        } else if (*p == 'n') {
            options->where = host_by_name(p + 1);
            return options->where == 0 ? report_error("ps", "no host named \"%s\"", p + 1) : EXIT_GOOD;
        } else {
            printf("unknown flag -%c\n", *p);
            return EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

int task_command_ps(struct console *console, int argc, char **argv)
{
    struct ps_options options = { .where = pvm_tidtohost(console->tid) };
    int host_count, task_count;
    struct pvmhostinfo *hosts;
    struct pvmtaskinfo *tasks;
    struct json json = json_begin(stdout);

    for (int i = 1; i < argc; i++) {
        int status = ps_option(argv[i], &options);
        if (status != EXIT_GOOD)
            return status;
    }
    int rc = pvm_config(&host_count, NULL, &hosts);
    if (rc >= 0)
        rc = pvm_tasks(options.where, &task_count, &tasks);
    if (rc < 0)
        return report_call("ps", rc);

    if (console->json) {
        json_open(&json, NULL, '{');
        json_open(&json, "tasks", '[');
    } else {
        ps_header(options.ids);
    }
    for (int i = 0; i < task_count; i++) {
        const struct pvmtaskinfo *task = &tasks[i];
        const char *host = host_name(task->ti_tid, hosts, host_count);

        if (!options.all && (task->ti_tid == console->tid || task->ti_a_out[0] == '\0'))
            continue;
        if (console->json)
            ps_json(&json, task, host);
        else
            ps_row(console, task, host, options.ids);
    }
    if (console->json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return EXIT_GOOD;
}

static void jobs_json(const struct console *console)
{
    struct json json = json_begin(stdout);

    json_open(&json, NULL, '{');
    json_open(&json, "jobs", '[');
    for (const struct job *job = console->jobs; job != NULL; job = job->next) {
        if (job->finished)
            continue;
        json_open(&json, NULL, '{');
        json_int(&json, "job", job->number);
        json_open(&json, "tasks", '[');
        for (const struct job_task *task = job->tasks; task != NULL; task = task->next) {
            if (!task->ended)
                json_tid(&json, NULL, task->tid);
        }
        json_close(&json, ']');
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

/* The ps lines of a job's tasks, as far as they are still there. */
static void jobs_long(const struct console *console, const struct job *job)
{
    int host_count, count;
    struct pvmhostinfo *hosts;
    struct pvmtaskinfo *tasks;

    if (pvm_config(&host_count, NULL, &hosts) < 0)
        return;
    for (const struct job_task *task = job->tasks; task != NULL; task = task->next) {
        if (!task->ended && pvm_tasks(task->tid, &count, &tasks) >= 0 && count == 1)
            ps_row(console, tasks, host_name(task->tid, hosts, host_count), false);
    }
}

int task_command_jobs(struct console *console, int argc, char **argv)
{
    bool ids = argc == 2 && strcmp(argv[1], "-l") == 0;

    if (argc == 2 && !ids)
        return report_usage("jobs", "no such option: %s", argv[1]);
    if (console->json) {
        jobs_json(console);
        return EXIT_GOOD;
    }
    if (ids)
        ps_header(false);
    for (const struct job *job = console->jobs; job != NULL; job = job->next) {
        if (job->finished)
            continue;
        printf("%c%d:", job->trace != NULL ? 'T' : ' ', job->number);
        for (const struct job_task *task = job->tasks; !ids && task != NULL; task = task->next) {
            if (!task->ended)
                printf(" t%x", (unsigned)task->tid);
        }
        putchar('\n');
        if (ids)
            jobs_long(console, job);
    }
    return EXIT_GOOD;
}

/* ---- kill, sig, pstat ---- */

static int kill_one(const struct console *console, int tid)
{
    int rc;

    if (tid == console->tid) {
        printf("t%x: that's me.\n", (unsigned)tid);
        return EXIT_FAILED;
    }
    rc = pvm_pstat(tid);    /* pvm_kill() says PvmOk for a task that is not there, too */
    if (rc == PvmOk)
        rc = pvm_kill(tid);
    if (rc < 0)
        return report_error("kill", "t%x: %s", (unsigned)tid, report_text(rc));
    return EXIT_GOOD;
}

static int kill_children(const struct console *console, int parent)
{
    int count;
    struct pvmtaskinfo *tasks;
    int status = EXIT_GOOD;
    int rc = pvm_tasks(0, &count, &tasks);

    if (rc < 0)
        return report_call("kill", rc);
    for (int i = 0; i < count; i++) {
        if (tasks[i].ti_ptid == parent && tasks[i].ti_tid != console->tid && pvm_kill(tasks[i].ti_tid) < 0)
            status = EXIT_FAILED;
    }
    return status;
}

int task_command_kill(struct console *console, int argc, char **argv)
{
    bool children = strcmp(argv[1], "-c") == 0;
    int status = EXIT_GOOD;

    if (!children && argv[1][0] == '-')
        return report_usage("kill", "no such option: %s", argv[1]);
    if (children && argc == 2)
        return report_usage("kill", "-c needs the task whose children are to end");
    for (int i = children ? 2 : 1; i < argc; i++) {
        int tid = tid_parse("kill", argv[i]);
        int rc = tid == 0 ? EXIT_FAILED : children ? kill_children(console, tid) : kill_one(console, tid);

        if (rc != EXIT_GOOD)
            status = rc;
    }
    return status;
}

/* A number, "TERM" or "SIGTERM". -1: none. */
static int signal_parse(const char *word)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {
        { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ABRT", SIGABRT }, { "KILL", SIGKILL },
        { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CONT", SIGCONT },
        { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "WINCH", SIGWINCH },
    };
    char *end;
    long number = strtol(word, &end, 10);

    if (*word != '\0' && *end == '\0' && number >= 0 && number < NSIG)
        return (int)number;
    if (strncmp(word, "SIG", 3) == 0)
        word += 3;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(word, names[i].name) == 0)
            return names[i].number;
    }
    return -1;
}

int task_command_sig(struct console *console, int argc, char **argv)
{
    int signum = signal_parse(argv[1]);
    int status = EXIT_GOOD;

    (void)console;
    if (signum < 0)
        return report_error("sig", "\"%s\" is no signal: a number, or a name such as TERM", argv[1]);
    for (int i = 2; i < argc; i++) {
        int tid = tid_parse("sig", argv[i]);
        int rc = tid == 0 ? PvmBadParam : pvm_pstat(tid);

        if (rc == PvmOk)
            rc = pvm_sendsig(tid, signum);
        if (rc < 0)
            status = EXIT_FAILED;
        if (rc < 0 && tid != 0)
            report_error("sig", "t%x: %s", (unsigned)tid, report_text(rc));
    }
    return status;
}

int task_command_pstat(struct console *console, int argc, char **argv)
{
    struct json json = json_begin(stdout);
    int status = EXIT_GOOD;

    if (console->json) {
        json_open(&json, NULL, '{');
        json_open(&json, "tasks", '[');
    }
    for (int i = 1; i < argc; i++) {
        int tid = tid_parse("pstat", argv[i]);
        int rc = tid == 0 ? PvmBadParam : pvm_pstat(tid);

        if (rc < 0)
            status = EXIT_FAILED;
        if (console->json) {
            json_open(&json, NULL, '{');
            json_tid(&json, "tid", tid);
            json_string(&json, "status", rc < 0 ? report_text(rc) : "run");
            json_bool(&json, "running", rc >= 0);
            json_close(&json, '}');
        } else if (tid != 0) {
            printf("t%8x  %s\n", (unsigned)tid, rc < 0 ? report_text(rc) : "run");
        }
    }
    if (console->json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return status;
}
