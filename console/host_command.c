/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/host_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/json.h"
#include "console/report.h"
#include "pvm3.h"

/* ---- conf ---- */

static void conf_json(const struct pvmhostinfo *hosts, int count, int formats)
{
    struct json json = json_begin(stdout);

    json_open(&json, NULL, '{');
    json_open(&json, "hosts", '[');
    for (int i = 0; i < count; i++) {
        char dsig[16];

        snprintf(dsig, sizeof(dsig), "0x%08x", (unsigned)hosts[i].hi_dsig);
        json_open(&json, NULL, '{');
        json_string(&json, "name", hosts[i].hi_name);
        json_tid(&json, "tid", hosts[i].hi_tid);
        json_string(&json, "arch", hosts[i].hi_arch);
        json_int(&json, "speed", hosts[i].hi_speed);
        json_string(&json, "dsig", dsig);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_int(&json, "formats", formats);
    json_close(&json, '}');
}

int host_command_conf(struct console *console, int argc, char **argv)
{
    int count, formats;
    struct pvmhostinfo *hosts;

    (void)argc;
    int rc = pvm_config(&count, &formats, &hosts);
    if (rc < 0)
        return report_call(argv[0], rc);
    if (console->json) {
        conf_json(hosts, count, formats);
        return EXIT_GOOD;
    }
    printf("%d host%s, %d data format%s\n", count, count == 1 ? "" : "s", formats, formats == 1 ? "" : "s");
    printf("%24s %8s %8s %7s %10s\n", "HOST", "DTID", "ARCH", "SPEED", "DSIG");
    for (int i = 0; i < count; i++)
        printf("%24s %8x %8s %7d 0x%08x\n", hosts[i].hi_name, (unsigned)hosts[i].hi_tid, hosts[i].hi_arch,
               hosts[i].hi_speed, (unsigned)hosts[i].hi_dsig);
    return EXIT_GOOD;
}

void host_command_know_all(struct console *console)
{
    int count;
    struct pvmhostinfo *hosts;

    if (pvm_config(&count, NULL, &hosts) < 0)
        return;
    for (int i = 0; i < count; i++)
        console_hosts_known(console, &hosts[i].hi_tid, 1);
}

void host_command_announce(const int *tids, int count)
{
    int host_count;
    struct pvmhostinfo *hosts;

    printf("\nConsole: %d new host%s added\n", count, count == 1 ? "" : "s");
    if (pvm_config(&host_count, NULL, &hosts) < 0)
        return;
    printf("%24s %8s %8s %7s\n", "HOST", "DTID", "ARCH", "SPEED");
    for (int i = 0; i < host_count; i++) {
        for (int j = 0; j < count; j++) {
            if (hosts[i].hi_tid == tids[j])
                printf("%24s %8x %8s %7d\n", hosts[i].hi_name, (unsigned)tids[j], hosts[i].hi_arch,
                       hosts[i].hi_speed);
        }
    }
}

/* ---- add ---- */

struct progress {
    int *infos;       /* of the lines, as they are decided */
    bool shown;
    int total;
    int decided;
    int added;
    bool terminal;    /* one line that changes; else a line each */
};

static void progress_step(int index, const char *name, int info, void *user)
{
    struct progress *progress = user;

    progress->infos[index] = info;
    progress->decided++;
    progress->added += info > 0;
    if (!progress->shown)
        return;
    if (progress->terminal)
        fprintf(stderr, "\r\033[Kadded %d of %d", progress->added, progress->total);
    else
        fprintf(stderr, "added %d of %d", progress->added, progress->total);
    if (progress->decided > progress->added)
        fprintf(stderr, ", %d failed", progress->decided - progress->added);
    fprintf(stderr, ": %s%s", name != NULL ? name : "?", progress->terminal ? "" : "\n");
}

int host_command_add_hosts(struct console *console, char **hosts, int count, int *infos, bool progress_forced)
{
    struct progress progress = { .infos = infos, .total = count, .terminal = isatty(STDERR_FILENO) };

    progress.shown = progress_forced || progress.terminal;
    if (progress.terminal)
        fprintf(stderr, "\r\033[Kadded 0 of %d", count);
    int rc = pvm_addhosts_progress(hosts, count, infos, progress_step, &progress);
    if (progress.terminal)
        fputs("\r\033[K", stderr);
    if (rc >= 0)
        console_hosts_known(console, infos, count);
    return rc;
}

static bool name_is_taken(const struct pvmhostinfo *hosts, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(hosts[i].hi_name, name) == 0)
            return true;
    }
    return false;
}

char **host_command_local_lines(int count)
{
    int host_count = 0;
    struct pvmhostinfo *hosts = NULL;
    char **lines = calloc((size_t)count, sizeof(*lines));

    if (lines == NULL || pvm_config(&host_count, NULL, &hosts) < 0)
        host_count = 0;
    for (int i = 0, number = 1; lines != NULL && i < count; number++) {
        char name[32];

        snprintf(name, sizeof(name), "local%d", number);
        if (name_is_taken(hosts, host_count, name))
            continue;
        if (asprintf(&lines[i], "%s via=local", name) < 0) {
            lines[i] = NULL;
            host_command_lines_free(lines, count);
            return NULL;
        }
        i++;
    }
    return lines;
}

void host_command_lines_free(char **lines, int count)
{
    for (int i = 0; lines != NULL && i < count; i++)
        free(lines[i]);
    free(lines);
}

/* "local3" of "local3 via=local": what a table shows. PVM 3 shows the whole line when it is bad. */
static void host_name_print(const char *line, int info)
{
    int length = info > 0 ? (int)strcspn(line, " \t") : (int)strlen(line);
    const char *option = strstr(line, " via=local");

    if (option != NULL && option[10] == '\0')
        length = (int)(option - line);
    printf("%*s%.*s ", length < 24 ? 24 - length : 0, "", length, line);
}

static void add_json(char *const *hosts, const int *infos, int count, int added)
{
    struct json json = json_begin(stdout);

    json_open(&json, NULL, '{');
    json_int(&json, "added", added);
    json_open(&json, "hosts", '[');
    for (int i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "line", hosts[i]);
        json_tid(&json, "tid", infos[i]);
        json_string(&json, "error", infos[i] < 0 ? report_text(infos[i]) : NULL);
        json_string(&json, "detail", infos[i] < 0 ? report_detail(infos, i) : NULL);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

static int add_lines(struct console *console, char **hosts, int count, bool progress_forced)
{
    int *infos = calloc((size_t)count, sizeof(*infos));

    if (infos == NULL)
        return report_error("add", "out of memory");
    int added = host_command_add_hosts(console, hosts, count, infos, progress_forced);
    if (added < 0) {
        free(infos);
        return report_call("add", added);
    }
    if (console->json) {
        add_json(hosts, infos, count, added);
    } else {
        printf("%d successful\n%24s %8s\n", added, "HOST", "DTID");
        for (int i = 0; i < count; i++) {
            host_name_print(hosts[i], infos[i]);
            if (infos[i] > 0) {
                printf("%8x\n", (unsigned)infos[i]);
            } else {
                printf("%s\n", report_text(infos[i]));
                report_detail_print(report_detail(infos, i));
            }
        }
    }
    free(infos);
    return added == count ? EXIT_GOOD : EXIT_FAILED;
}

static int add_local(struct console *console, const char *number, bool progress_forced)
{
    char *end;
    long count = strtol(number, &end, 10);

    if (*number == '\0' || *end != '\0' || count < 1 || count > 4094)
        return report_usage("add", "--local takes the number of hosts, 1 to 4094, not \"%s\"", number);
    int status = console_enroll_or_start(console);    /* only now: wrong words start nothing */
    if (status != EXIT_GOOD)
        return status;
    char **lines = host_command_local_lines((int)count);
    if (lines == NULL)
        return report_error("add", "out of memory");
    status = add_lines(console, lines, (int)count, progress_forced);
    host_command_lines_free(lines, (int)count);
    return status;
}

int host_command_add(struct console *console, int argc, char **argv)
{
    const char *local = NULL;
    bool progress_forced = false;
    int at = 1;

    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--progress") == 0)
            progress_forced = true;
        else if (strcmp(argv[at], "--local") == 0 && at + 1 < argc)
            local = argv[++at];
        else
            return report_usage("add", "no such option, or no number behind it: %s", argv[at]);
    }
    if (local != NULL && at < argc)
        return report_usage("add", "--local N makes up the names: no hosts besides");
    if (local != NULL)
        return add_local(console, local, progress_forced);
    if (at == argc)
        return report_usage("add", "no host named");
    int status = console_enroll_or_start(console);
    return status == EXIT_GOOD ? add_lines(console, argv + at, argc - at, progress_forced) : status;
}

/* ---- delete, mstat ---- */

static void delete_json(char *const *names, const int *infos, int count, int deleted)
{
    struct json json = json_begin(stdout);

    json_open(&json, NULL, '{');
    json_int(&json, "deleted", deleted);
    json_open(&json, "hosts", '[');
    for (int i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "name", names[i]);
        json_string(&json, "error", infos[i] < 0 ? report_text(infos[i]) : NULL);
        json_string(&json, "detail", infos[i] < 0 ? report_detail(infos, i) : NULL);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

int host_command_delete(struct console *console, int argc, char **argv)
{
    int count = argc - 1;
    int *infos = calloc((size_t)argc, sizeof(*infos));

    if (infos == NULL)
        return report_error(argv[0], "out of memory");
    int deleted = pvm_delhosts(argv + 1, count, infos);
    if (deleted < 0) {
        free(infos);
        return report_call(argv[0], deleted);
    }
    if (console->json)
        delete_json(argv + 1, infos, count, deleted);
    else
        printf("%d successful\n%24s  STATUS\n", deleted, "HOST");
    for (int i = 0; i < count && !console->json; i++) {
        printf("%24s  %s\n", argv[i + 1], infos[i] < 0 ? report_text(infos[i]) : "deleted");
        if (infos[i] < 0)
            report_detail_print(report_detail(infos, i));
    }
    free(infos);
    return deleted == count ? EXIT_GOOD : EXIT_FAILED;
}

int host_command_mstat(struct console *console, int argc, char **argv)
{
    struct json json = json_begin(stdout);
    int status = EXIT_GOOD;

    if (console->json) {
        json_open(&json, NULL, '{');
        json_open(&json, "hosts", '[');
    }
    for (int i = 1; i < argc; i++) {
        int rc = pvm_mstat(argv[i]);

        if (rc < 0)
            status = rc == PvmSysErr ? EXIT_NO_MACHINE : EXIT_FAILED;
        if (console->json) {
            json_open(&json, NULL, '{');
            json_string(&json, "host", argv[i]);
            json_string(&json, "status", rc < 0 ? report_text(rc) : "ok");
            json_bool(&json, "ok", rc >= 0);
            json_close(&json, '}');
        } else {
            printf("%24s  %s\n", argv[i], rc < 0 ? report_text(rc) : "ok");
        }
    }
    if (console->json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return status;
}

/* ---- start, halt ---- */

int host_command_start(struct console *console, int argc, char **argv)
{
    if (console_enroll(console) > 0) {
        printf("pvmd already running.\n");
        return EXIT_GOOD;
    }
    int rc = console_start(console, argc - 1, argv + 1);
    if (rc < 0)
        return report_call("start", rc);
    return EXIT_GOOD;
}

int host_command_halt(struct console *console, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return console_halt(console);
}
