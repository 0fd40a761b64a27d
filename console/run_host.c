/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine of a job. One that is started for it gets a name of its own (PVM_VMID), so that two jobs at the
 * same time do not end each other's machine, and ends with this process, however that ends (pvmd --job). A machine that
 * runs already is used, and left as it was found.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/host_command.h"
#include "console/report.h"
#include "console/run.h"
#include "pvm3.h"

/* ---- machine ---- */

static int machine_start(struct run *run)
{
    const char *name = getenv("PVM_VMID");
    char own[128];
    char *argv[] = { (char *)"--job", (char *)run->options.hostfile, NULL };

    snprintf(own, sizeof(own), "%.80s%srun-%d", name != NULL ? name : "", name != NULL ? "-" : "", (int)getpid());
    setenv("PVM_VMID", own, 1);
    run->own_machine = true;    /* a signal may come before it is ready */
    int rc = console_start(run->console, run->options.hostfile != NULL ? 2 : 1, argv);
    run->own_machine = rc >= 0;
    return rc < 0 ? report_call("pvm", rc) : EXIT_GOOD;
}

/* ---- hosts ---- */

/* Notes the host of line as one to delete; there is room. Without memory it stays when the job has ended. */
static void added_note(struct run *run, const char *line)
{
    char *name = strndup(line, strcspn(line, " \t"));

    if (name != NULL)
        run->added[run->added_count++] = name;
}

/* A signal may jump out of the adding: what that works on hangs on run meanwhile. */
static void adding_free(struct run *run)
{
    host_command_lines_free(run->adding, run->adding_count);
    free(run->adding_infos);
    run->adding = NULL;
    run->adding_infos = NULL;
    run->adding_count = 0;
}

/* Adds lines and frees them; those that fail are told. Returns EXIT_GOOD if none did (a host that is there already is
 * fine). */
static int lines_add(struct run *run, char **lines, int count)
{
    int status = EXIT_GOOD;
    int *infos = calloc((size_t)count + 1, sizeof(*infos));
    char **grown = realloc(run->added, (size_t)(run->added_count + count + 1) * sizeof(*grown));

    if (grown != NULL)
        run->added = grown;
    run->adding = lines;
    run->adding_infos = infos;
    run->adding_count = count;
    if (infos == NULL || grown == NULL) {
        adding_free(run);
        return report_error("run", "out of memory");
    }
    int rc = count > 0 ? host_command_add_hosts(run->console, lines, count, infos, false) : 0;
    if (rc < 0) {
        status = report_call("run", rc);
    } else {
        for (int i = 0; i < count; i++) {
            if (infos[i] < 0 && infos[i] != PvmDupHost) {
                report_error("pvm", "host %s: %s", lines[i], report_text(infos[i]));
                report_detail_print(report_detail(infos, i));
                status = EXIT_FAILED;
            }
            if (infos[i] > 0)
                added_note(run, lines[i]);
        }
    }
    adding_free(run);
    return status;
}

static bool is_member(const char *name)
{
    int count;
    struct pvmhostinfo *hosts;

    if (strcmp(name, ".") == 0 || pvm_config(&count, NULL, &hosts) < 0)
        return true;
    for (int i = 0; i < count; i++) {
        if (strcmp(hosts[i].hi_name, name) == 0)
            return true;
    }
    return false;
}

/* -H: those that are no members yet. */
static int named_add(struct run *run)
{
    char **lines = calloc((size_t)run->options.host_count + 1, sizeof(*lines));
    int count = 0;

    if (lines == NULL)
        return report_error("run", "out of memory");
    for (int i = 0; i < run->options.host_count; i++) {
        struct run_host *host = &run->options.hosts[i];

        if (strcmp(host->name, "localhost") == 0)
            strcpy(host->name, ".");
        if (is_member(host->name))
            continue;
        lines[count] = strdup(host->name);
        if (lines[count] != NULL)
            count++;
    }
    return lines_add(run, lines, count);
}

/* --hostfile for a machine that runs: its lines but those that are only for a start ('&', '*') or blank. */
static int hostfile_add(struct run *run)
{
    FILE *file = fopen(run->options.hostfile, "re");
    char **lines = NULL;
    char *line = NULL;
    size_t size = 0;
    int count = 0;

    if (file == NULL)
        return report_error("run", "cannot read the host file %s: %s", run->options.hostfile, strerror(errno));
    while (getline(&line, &size, file) >= 0) {
        char *text = line + strspn(line, " \t");
        char **grown = realloc(lines, (size_t)(count + 1) * sizeof(*lines));

        if (grown == NULL)
            break;
        lines = grown;
        text[strcspn(text, "\r\n")] = '\0';
        if (strchr("#&*", *text) == NULL)    /* also finds the end of a blank line */
            lines[count++] = strdup(text);
    }
    fclose(file);
    free(line);
    return lines_add(run, lines, count);
}

static int local_add(struct run *run)
{
    char **lines = host_command_local_lines(run->options.local);

    if (lines == NULL)
        return report_error("run", "out of memory");
    return lines_add(run, lines, run->options.local);
}

/* Daemons do as PVM 3's: where the directory is missing, the copies run in that of the daemon. */
static void directory_check(const struct run_options *options)
{
    if (options->directory != NULL && access(options->directory, X_OK) != 0)
        report_error("run", "directory %s: %s on this host; where it is missing, copies run in the home directory",
                     options->directory, strerror(errno));
}

int run_host_prepare(struct run *run)
{
    int status = EXIT_GOOD;
    bool joined = console_enroll(run->console) > 0;

    if (run->options.hostfile != NULL && access(run->options.hostfile, R_OK) != 0)
        return report_error("run", "cannot read the host file %s: %s", run->options.hostfile, strerror(errno));
    directory_check(&run->options);
    if (!joined)
        status = machine_start(run);
    else if (run->options.hostfile != NULL)
        status = hostfile_add(run);
    if (status == EXIT_GOOD && run->options.local > 0)
        status = local_add(run);
    if (status == EXIT_GOOD && run->options.host_count > 0)
        status = named_add(run);
    return status;
}

void run_host_release(struct run *run)
{
    /* A signal has ended the adding: what is in is ours, the rest is given up when we leave. */
    for (int i = 0; run->adding != NULL && i < run->adding_count; i++) {
        if (run->adding_infos[i] > 0)
            added_note(run, run->adding[i]);
    }
    adding_free(run);
    if (run->own_machine && console_enroll(run->console) > 0)
        console_halt(run->console);
    else if (run->added_count > 0)
        pvm_delhosts(run->added, run->added_count, NULL);
}

/* ---- placement ---- */

/* pvm_spawn() of count copies, and what there is to say and note. */
static int copies_spawn(struct run *run, char **argv, int flags, const char *host, int count)
{
    char *where = NULL;
    char *directory = run->options.directory != NULL ? strdup(run->options.directory) : getcwd(NULL, 0);
    int *tids = calloc((size_t)count, sizeof(*tids));
    int status = EXIT_GOOD;

    if (directory == NULL) {
        free(tids);
        return report_error("run", "the current directory: %s; go to another, or give -wdir DIR", strerror(errno));
    }
    if (tids == NULL || asprintf(&where, "%s:%s", host, directory) < 0) {
        free(tids);
        free(directory);
        return report_error("run", "out of memory");
    }
    int started = pvm_spawn(argv[0], argv + 1, flags | PvmNoSpawnParent, where, count, tids);
    if (started < 0)
        status = report_call(argv[0], started);
    for (int i = 0; i < count && started >= 0; i++) {
        if (tids[i] > 0 || (i > started && tids[i] == tids[i - 1]))
            continue;    /* a hundred copies fail for one reason */
        status = tids[i] == PvmNoFile ? EXIT_NO_PROGRAM : EXIT_FAILED;
        report_error(argv[0], "%s", report_text(tids[i]));
        report_detail_print(report_detail(tids, i));
    }
    for (int i = 0; i < started; i++)
        run_task_add(run, tids[i], true);
    free(where);
    free(directory);
    free(tids);
    return status;
}

static bool is_named(const struct run_options *options, const char *name, int tid)
{
    for (int i = 0; i < options->host_count; i++) {
        if (strcmp(options->hosts[i].name, name) == 0 ||
            (strcmp(options->hosts[i].name, ".") == 0 && tid == pvm_tidtohost(pvm_mytid())))
            return true;
    }
    return false;
}

/*
 * pvm_siblings() of a copy gives those of one pvm_spawn(), so one call is to start all where that can be said:
 * all hosts, one host, or all but one. Returns true with the words for it.
 */
static bool one_call_suffices(const struct run_options *options, int *ret_flags, char *ret_host, size_t host_max)
{
    int count, others = 0;
    struct pvmhostinfo *hosts;
    const char *other = "";

    for (int i = 0; i < options->host_count; i++) {
        if (options->hosts[i].slots > 0 && options->host_count > 1)
            return false;
    }
    if (pvm_config(&count, NULL, &hosts) < 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (!is_named(options, hosts[i].hi_name, hosts[i].hi_tid)) {
            others++;
            other = hosts[i].hi_name;
        }
    }
    *ret_flags = others == 0 || options->host_count == 0 ? PvmTaskDefault
               : options->host_count == 1 ? PvmTaskHost : PvmTaskHost | PvmHostCompl;
    snprintf(ret_host, host_max, "%s", *ret_flags == PvmTaskDefault ? ""
             : *ret_flags == PvmTaskHost ? options->hosts[0].name : other);
    return options->host_count <= 1 || others <= 1;
}

/* So many copies on each host of -H: in turn, as many at a time as its slots. */
static int *copies_share(const struct run_options *options)
{
    int *share = calloc((size_t)options->host_count, sizeof(*share));

    for (int left = options->copies, i = 0; share != NULL && left > 0; i = (i + 1) % options->host_count) {
        int part = options->hosts[i].slots > 0 ? options->hosts[i].slots : 1;

        part = part < left ? part : left;
        share[i] += part;
        left -= part;
    }
    return share;
}

int run_host_spawn(struct run *run, char **argv)
{
    const struct run_options *options = &run->options;
    char host[256];
    int flags;
    int status = EXIT_GOOD;

    pvm_setopt(PvmOutputTid, pvm_mytid());
    pvm_setopt(PvmOutputContext, 0);
    pvm_setopt(PvmOutputCode, TAG_OUTPUT);
    if (one_call_suffices(options, &flags, host, sizeof(host)))
        return copies_spawn(run, argv, flags, host, options->copies);
    int *share = copies_share(options);
    if (share == NULL)
        return report_error("run", "out of memory");
    for (int i = 0; i < options->host_count && status == EXIT_GOOD; i++) {
        if (share[i] > 0)
            status = copies_spawn(run, argv, PvmTaskHost, options->hosts[i].name, share[i]);
    }
    free(share);
    return status;
}
