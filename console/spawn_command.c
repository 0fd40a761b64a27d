/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/spawn_command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/json.h"
#include "console/report.h"
#include "pvm3.h"

#define COPIES_MAX 1000000

/* ---- options ---- */

/* "alpha:/tmp", ":/tmp" or "alpha": the place and what is behind the first colon. */
static void option_place(struct spawn_options *options, int flag, const char *word)
{
    const char *colon = strchr(word, ':');
    int length = colon != NULL ? (int)(colon - word) : (int)strlen(word);

    if (colon != NULL)
        options->directory = colon + 1;
    if (length == 0)
        return;
    options->flags |= flag;
    options->place = word;
    options->place_length = length;
}

static int option_count(struct spawn_options *options, const char *word)
{
    char *end;
    long count = strtol(word, &end, 10);

    if (*end != '\0' || count < 1 || count > COPIES_MAX) {
        report_usage("spawn", "-%s: the number of copies is 1 to %d", word, COPIES_MAX);
        return -1;
    }
    options->count = (int)count;
    return 0;
}

static void option_output(struct spawn_options *options, bool append, const char *file)
{
    options->output = true;
    options->append = append;
    options->file = *file != '\0' ? file : NULL;
}

static void option_trace(struct spawn_options *options, const char *file)
{
    options->trace = true;
    options->trace_file = *file != '\0' ? file : NULL;
}

/* Words for a shell, which takes > for itself. */
static int option_long(struct spawn_options *options, const char *word)
{
    if (strcmp(word, "--output") == 0)
        option_output(options, false, "");
    else if (strncmp(word, "--output=", 9) == 0)
        option_output(options, false, word + 9);
    else if (strncmp(word, "--append=", 9) == 0)
        option_output(options, true, word + 9);
    else if (strcmp(word, "--trace") == 0)
        option_trace(options, "");
    else if (strncmp(word, "--trace=", 8) == 0)
        option_trace(options, word + 8);
    else if (strncmp(word, "--host=", 7) == 0)
        option_place(options, PvmTaskHost, word + 7);
    else {
        report_usage("spawn", "no such option: %s", word);
        return -1;
    }
    return 0;
}

static int option_parse(struct spawn_options *options, const char *word)
{
    const char *rest = word + 1;

    if (*rest == '-')
        return option_long(options, word);
    if (*rest == '~') {
        options->flags |= PvmHostCompl;
        rest++;
    }
    if (*rest == '>' && rest[1] == '>')
        option_output(options, true, rest + 2);
    else if (*rest == '>')
        option_output(options, false, rest + 1);
    else if (*rest == '?')
        options->flags |= PvmTaskDebug;
    else if (isdigit((unsigned char)*rest))
        return option_count(options, rest);
    else if (*rest == '@')
        option_trace(options, rest + 1);
    else if (isupper((unsigned char)*rest))
        option_place(options, PvmTaskArch, rest);
    else if (islower((unsigned char)*rest) || *rest == '.' || *rest == ':')
        option_place(options, PvmTaskHost, rest);
    else {
        report_usage("spawn", "no such option: %s", word);
        return -1;
    }
    return 0;
}

int spawn_options_parse(int argc, char **argv, struct spawn_options *ret_options)
{
    int at = 1;

    *ret_options = (struct spawn_options){ .count = 1 };
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (option_parse(ret_options, argv[at]) < 0)
            return -1;
    }
    return at;
}

/* ---- spawn ---- */

static void spawn_print(const struct job *job, const int *tids, int count, int started)
{
    if (job != NULL)
        printf("[%d]\n", job->number);
    printf("%d successful\n", started);
    for (int i = 0; i < count; i++) {
        if (tids[i] > 0) {
            printf("t%x\n", (unsigned)tids[i]);
            continue;
        }
        printf("%s\n", report_text(tids[i]));
        report_detail_print(report_detail(tids, i));
    }
}

static void spawn_json(const struct job *job, const int *tids, int count, int started)
{
    struct json json = json_begin(stdout);

    json_open(&json, NULL, '{');
    if (job != NULL)
        json_int(&json, "job", job->number);
    json_int(&json, "started", started);
    json_open(&json, "tasks", '[');
    for (int i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        json_tid(&json, "tid", tids[i]);
        json_string(&json, "error", tids[i] < 0 ? report_text(tids[i]) : NULL);
        json_string(&json, "detail", tids[i] < 0 ? report_detail(tids, i) : NULL);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

/* stdout for no file, NULL when that cannot be written, which is told. */
static FILE *spawn_open(const char *file, bool append)
{
    FILE *out = file == NULL ? stdout : fopen(file, append ? "a" : "w");

    if (out == NULL)
        report_error("spawn", "cannot write %s: %s", file, strerror(errno));
    return out;
}

/* The job that takes output and trace; ret_job stays NULL without one. */
static int spawn_job_new(struct console *console, const struct spawn_options *options, struct job **ret_job)
{
    FILE *out = options->output ? spawn_open(options->file, options->append) : NULL;
    FILE *trace_out = NULL;

    if (options->output && out == NULL)
        return EXIT_FAILED;
    if (options->trace && (trace_out = spawn_open(options->trace_file, false)) == NULL) {
        if (out != NULL && out != stdout)
            fclose(out);
        return EXIT_FAILED;
    }
    if (out == NULL && trace_out == NULL)
        return EXIT_GOOD;
    *ret_job = job_new(&console->jobs, console->job_count + 1, out, trace_out);
    if (*ret_job == NULL)
        return report_error("spawn", "out of memory");
    (*ret_job)->file = options->file != NULL ? strdup(options->file) : NULL;
    (*ret_job)->trace_file = options->trace_file != NULL ? strdup(options->trace_file) : NULL;
    console->job_count++;
    return EXIT_GOOD;
}

static void spawn_trace(const struct job *job)
{
    bool traced = job != NULL && job->trace != NULL;

    pvm_setopt(PvmTraceTid, traced ? pvm_mytid() : 0);
    pvm_setopt(PvmTraceContext, 0);
    pvm_setopt(PvmTraceCode, traced ? TAG_TRACE + job->number : 0);
}

/* pvm_spawn() with the output going to the job. Nothing is called behind it, so that pvm_errdetail() holds. */
static int spawn_call(const struct spawn_options *options, char **argv, const struct job *job, int *tids)
{
    char *where = NULL;

    if (asprintf(&where, "%.*s%s%s", options->place_length, options->place_length > 0 ? options->place : "",
                 options->directory != NULL ? ":" : "", options->directory != NULL ? options->directory : "") < 0)
        return PvmNoMem;
    pvm_setopt(PvmOutputTid, job != NULL ? pvm_mytid() : 0);
    if (job != NULL) {
        pvm_setopt(PvmOutputContext, 0);
        pvm_setopt(PvmOutputCode, TAG_JOB + job->number);
    }
    spawn_trace(job);
    int started = pvm_spawn(argv[0], argv + 1, options->flags | PvmNoSpawnParent, where, options->count, tids);
    free(where);
    return started;
}

/* What is to be said and done once pvm_spawn() has answered. */
static void spawn_told(struct console *console, struct job *job, int *tids, int count, int started)
{
    if (console->json)
        spawn_json(job, tids, count, started);
    else
        spawn_print(job, tids, count, started);
    if (job == NULL)
        return;
    job_spawned(job, tids, count);
    if (started > 0)
        pvm_notify(PvmHostDelete, TAG_HOST_DELETE, started, tids);
    else
        job_free(&console->jobs, job);
}

int spawn_command(struct console *console, int argc, char **argv)
{
    struct spawn_options options;
    struct job *job = NULL;
    int at = spawn_options_parse(argc, argv, &options);

    if (at < 0)
        return EXIT_USAGE;
    if (at == argc) {
        printf("incorrect arg count\n");
        return EXIT_USAGE;
    }
    int *tids = calloc((size_t)options.count, sizeof(*tids));
    if (tids == NULL)
        return report_error("spawn", "out of memory");
    int status = spawn_job_new(console, &options, &job);
    if (status == EXIT_GOOD) {
        int started = spawn_call(&options, argv + at, job, tids);

        if (started >= 0) {
            status = started == options.count ? EXIT_GOOD : EXIT_FAILED;
            spawn_told(console, job, tids, options.count, started);
        } else {
            status = report_call("spawn", started);
            if (job != NULL)
                job_free(&console->jobs, job);
        }
    }
    free(tids);
    return status;
}
