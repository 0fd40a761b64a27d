/* SPDX-License-Identifier: BSD-3-Clause */
/* The console as a task: joining, messages, leaving. */
#include "console/console.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/host_command.h"
#include "console/report.h"
#include "console/trace_command.h"
#include "pvm3.h"

#define HALT_WAIT_S 30    /* tasks get 5 s to end; then their daemons follow */

/* As PVM 3's console: no direct routes, reserved tags, spared by reset. Errors are told by the commands. */
static void console_joined(struct console *console)
{
    pvm_setopt(PvmRoute, PvmDontRoute);
    pvm_setopt(PvmResvTids, 1);
    pvm_setopt(PvmNoReset, 1);
    pvm_setopt(PvmOutputTid, 0);
    trace_command_begin();
    if (console->prompt) {
        host_command_know_all(console);
        pvm_notify(PvmHostAdd, TAG_HOST_ADD, -1, NULL);
    }
}

int console_enroll(struct console *console)
{
    if (console->tid > 0)
        return console->tid;
    pvm_setopt(PvmAutoErr, 0);
    int tid = pvm_mytid();
    if (tid < 0)
        return tid;
    console->tid = tid;
    console_joined(console);
    return tid;
}

/* Those of the host file: the first line of each says which host, the others why. */
static void tell_failed_hosts(struct console *console)
{
    const char *detail;

    for (int i = 0; *(detail = pvm_errdetail_item(i)) != '\0'; i++) {
        int length = (int)strcspn(detail, "\n");

        report_error("pvm", "%.*s", length, detail);
        report_detail_print(detail + length + (detail[length] == '\n'));
        console->exit_status = EXIT_HOSTS_MISSING;
    }
}

int console_start(struct console *console, int argc, char **argv)
{
    pvm_setopt(PvmAutoErr, 0);
    int rc = pvm_start_pvmd(argc, argv, 1);
    if (rc < 0)
        return rc;
    tell_failed_hosts(console);
    return console_enroll(console);
}

int console_enroll_or_start(struct console *console)
{
    if (console_enroll(console) > 0)
        return EXIT_GOOD;
    int rc = console_start(console, 0, NULL);
    return rc < 0 ? report_call("pvm", rc) : EXIT_GOOD;
}

int console_no_machine(void)
{
    const char *detail = pvm_errdetail();

    report_error("pvm", "%s", *detail != '\0' ? detail : "no virtual machine runs here; start one with: pvm");
    return EXIT_NO_MACHINE;
}

static void on_signal_ignore(int signum)
{
    (void)signum;
}

/* pvm_halt() sends SIGTERM to all tasks, and this is one. What comes after it fails once the daemon has gone. */
int console_halt(struct console *console)
{
    struct sigaction action = { .sa_handler = on_signal_ignore };
    struct timeval limit = { .tv_sec = HALT_WAIT_S };
    int bufid;

    sigaction(SIGTERM, &action, NULL);
    int rc = pvm_halt();
    if (rc < 0)
        return report_call("halt", rc);
    pvm_setopt(PvmAutoErr, 0);
    do {
        bufid = pvm_trecv(-1, -1, &limit);
    } while (bufid > 0);
    console->over = true;
    console->tid = 0;
    if (bufid == 0)
        return report_error("halt", "the pvmd of this host has not ended within %d s", HALT_WAIT_S);
    return EXIT_GOOD;
}

void console_hosts_known(struct console *console, const int *tids, int count)
{
    size_t bytes = (size_t)(console->host_count + count) * sizeof(*tids);
    int *grown = realloc(console->hosts, bytes > 0 ? bytes : 1);

    if (grown == NULL)
        return;    /* the price is a notice about a host that one has added oneself */
    console->hosts = grown;
    for (int i = 0; i < count; i++) {
        if (tids[i] > 0)
            console->hosts[console->host_count++] = tids[i];
    }
}

static bool host_is_known(const struct console *console, int tid)
{
    for (int i = 0; i < console->host_count; i++) {
        if (console->hosts[i] == tid)
            return true;
    }
    return false;
}

/* The notice: a number and so many host tids. Hosts that this console has added itself are no news. */
static void receive_hosts(struct console *console)
{
    int count = 0;
    int fresh = 0;

    if (pvm_upkint(&count, 1, 1) != PvmOk || count < 1)
        return;
    int *tids = calloc((size_t)count, sizeof(*tids));
    if (tids == NULL || pvm_upkint(tids, count, 1) != PvmOk) {
        free(tids);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!host_is_known(console, tids[i]))
            tids[fresh++] = tids[i];
    }
    if (fresh > 0) {
        console_hosts_known(console, tids, fresh);
        host_command_announce(tids, fresh);
    }
    free(tids);
}

void console_received(struct console *console, int bufid)
{
    int bytes, tag, from, tid;

    if (pvm_bufinfo(bufid, &bytes, &tag, &from) != PvmOk)
        return;
    if (tag == TAG_HOST_ADD) {
        receive_hosts(console);
    } else if (tag == TAG_HOST_DELETE) {
        if (pvm_upkint(&tid, 1, 1) == PvmOk)
            job_host_gone(console->jobs, tid);
    } else if (tag >= TAG_TRACE) {
        struct job *job = job_find(console->jobs, tag - TAG_TRACE);

        if (job != NULL && job->trace != NULL)
            job_trace(job, from);
    } else if (tag >= TAG_JOB) {
        struct job *job = job_find(console->jobs, tag - TAG_JOB);

        if (job != NULL)
            job_output(job);
    }
}

void console_lost(struct console *console)
{
    report_error("pvm", "the pvmd of this host has gone, and with it its tasks; pvm starts a new one");
    console->over = true;
    console->tid = 0;
    console->exit_status = EXIT_NO_MACHINE;
}

void console_receive(struct console *console)
{
    int bufid = 0;

    if (console->tid == 0)
        return;
    while ((bufid = pvm_nrecv(-1, -1)) > 0)
        console_received(console, bufid);
    if (bufid < 0 && !console->over)
        console_lost(console);
    fflush(stdout);
}

void console_fini(struct console *console)
{
    while (console->jobs != NULL)
        job_free(&console->jobs, console->jobs);
    alias_free(&console->aliases);
    free(console->hosts);
    console->hosts = NULL;
    console->host_count = 0;
    if (console->tid > 0)
        pvm_exit();
    console->tid = 0;
}
