/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtual machine: its hosts, adding and deleting them, halting. */
#include "libpvm/machine.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/detail.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/tid.h"

/* ---- pvm_config ---- */

/* The array that the last pvm_config() has given, in one block with its strings. */
static struct pvmhostinfo *hosts_given;

static size_t text_size(const char *text)
{
    return text == NULL ? 1 : strlen(text) + 1;
}

static int hosts_copy(const struct pvmi_msg_hosts *msg, struct pvmhostinfo **ret_hosts)
{
    struct pvmhostinfo *hosts;
    size_t strings = 0;
    char *text;

    for (uint32_t i = 0; i < msg->hosts.n; i++)
        strings += text_size(msg->hosts.v[i].name) + text_size(msg->hosts.v[i].arch);
    hosts = pvmi_malloc((msg->hosts.n + 1) * sizeof(*hosts) + strings);
    if (hosts == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %u hosts", msg->hosts.n);
    text = (char *)(hosts + msg->hosts.n + 1);
    for (uint32_t i = 0; i < msg->hosts.n; i++) {
        const struct pvmi_rec_host *from = &msg->hosts.v[i];

        hosts[i] = (struct pvmhostinfo){ .hi_tid = pvmi_tid_of_host(from->number), .hi_speed = from->speed,
                                         .hi_dsig = from->dsig };
        hosts[i].hi_name = text;
        text = stpcpy(text, from->name == NULL ? "" : from->name) + 1;
        hosts[i].hi_arch = text;
        text = stpcpy(text, from->arch == NULL ? "" : from->arch) + 1;
    }
    *ret_hosts = hosts;
    return PvmOk;
}

/* How many different data formats the hosts have. */
static int count_formats(const struct pvmi_msg_hosts *msg)
{
    int formats = 0;

    for (uint32_t i = 0; i < msg->hosts.n; i++) {
        uint32_t first = 0;

        while (msg->hosts.v[first].dsig != msg->hosts.v[i].dsig)
            first++;
        formats += first == i;
    }
    return formats;
}

/* Asks for the host table; the answer is to be freed. */
static int hosts_query(struct pvmi_control *ret_control)
{
    struct pvmi_msg_hosts_query msg = { 0 };
    struct pvmi_control control;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = pvmi_request_call(PVMI_MSG_hosts_query, &msg, UINT64_MAX, &control);
    if (rc != PvmOk)
        return rc;
    if (control.type == PVMI_MSG_hosts)
        rc = pvmi_request_fault(&((const struct pvmi_msg_hosts *)control.msg)->error);
    else
        rc = pvmi_call_fail(PvmSysErr, "the daemon answered \"hosts_query\" with \"%s\"",
                            pvmi_control_name(control.type));
    if (rc != PvmOk)
        pvmi_control_free(&control);
    else
        *ret_control = control;
    return rc;
}

static int config(int *nhost, int *narch, struct pvmhostinfo **hostp)
{
    struct pvmi_control control;
    const struct pvmi_msg_hosts *msg;
    struct pvmhostinfo *hosts = NULL;
    int rc = hosts_query(&control);

    if (rc != PvmOk)
        return rc;
    msg = control.msg;
    rc = hosts_copy(msg, &hosts);
    if (rc == PvmOk) {
        pvmi_free(hosts_given);
        hosts_given = hosts;
        if (nhost != NULL)
            *nhost = (int)msg->hosts.n;
        if (narch != NULL)
            *narch = count_formats(msg);
        if (hostp != NULL)
            *hostp = hosts;
        pvmi_trace_result((int)msg->hosts.n, count_formats(msg), PvmOk);
    }
    pvmi_control_free(&control);
    return rc;
}

int pvm_config(int *nhost, int *narch, struct pvmhostinfo **hostp)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_CONFIG);
    return pvmi_call_leave("pvm_config", config(nhost, narch, hostp));
}

/* "NAME: Can't start pvmd", and on the next line why. NULL when there is no memory. */
static char *failed_text(const char *name, const struct pvmi_rec_error *error)
{
    const char *host = error->host == NULL ? "" : error->host;
    const char *text = error->text == NULL ? "" : error->text;

    return pvmi_asprintf("%s: %s%s%s%s%s", name == NULL ? "" : name, pvmi_error_text(error->code),
                         text[0] == '\0' ? "" : "\n", text[0] == '\0' ? "" : host,
                         text[0] == '\0' || host[0] == '\0' ? "" : ": ", text);
}

/* Each of the host file that failed becomes an item; if the daemon did not keep all, one more says so. */
static void note_failed(const struct pvmi_msg_hosts *msg)
{
    uint32_t count = msg->failed_names.n < msg->errors.n ? msg->failed_names.n : msg->errors.n;
    int more = msg->failed - (int)count;
    struct pvmi_rec_error *errors = pvmi_calloc(count + 1, sizeof(*errors));
    int32_t *codes = pvmi_calloc(count + 1, sizeof(*codes));
    struct pvmi_msg_answer items = { .values = { .v = codes }, .errors = { .v = errors } };

    for (uint32_t i = 0; codes != NULL && errors != NULL && i < count + (more > 0); i++) {
        errors[i].code = codes[i] = i < count ? msg->errors.v[i].code : PvmCantStart;
        errors[i].text = i < count ? failed_text(msg->failed_names.v[i], &msg->errors.v[i])
                                   : pvmi_asprintf("and %d more: the log of pvmd tells which", more);
        items.values.n = items.errors.n = i + 1;
    }
    if (items.errors.n > 0) {
        pvmi_request_fault(&errors[0]);
        pvmi_detail_take(&items, false);
    }
    for (uint32_t i = 0; i < items.errors.n; i++)
        pvmi_free((char *)errors[i].text);
    pvmi_free(errors);
    pvmi_free(codes);
}

int pvmi_machine_pending(void)
{
    struct pvmi_control control;
    const struct pvmi_msg_hosts *msg;
    int rc = hosts_query(&control);

    if (rc != PvmOk)
        return rc;
    msg = control.msg;
    rc = msg->pending;
    if (rc == 0)
        note_failed(msg);
    pvmi_control_free(&control);
    return rc;
}

/* ---- adding and deleting ---- */

/* Copies the values of an answer for count things into infos, and notes what failed for pvm_errdetail() (the
 * first one) and pvm_errdetail_item(). Returns the answer's value, and frees it. */
static int take_infos(struct pvmi_control *control, int count, int *infos)
{
    const struct pvmi_msg_answer *answer = control->msg;
    int value = answer->value;

    for (int i = 0; infos != NULL && i < count; i++)
        infos[i] = (uint32_t)i < answer->values.n ? answer->values.v[i] : PvmDSysErr;
    if (answer->errors.n > 0)
        pvmi_request_fault(&answer->errors.v[0]);
    pvmi_detail_take(answer, false);
    pvmi_control_free(control);
    return value;
}

static int check_names(char **names, int count)
{
    pvmi_detail_clear();
    if (count < 1 || count > PVMI_HOST_MAX)
        return pvmi_call_fail(PvmBadParam, "%d hosts: 1 to %d can be given", count, PVMI_HOST_MAX);
    if (names == NULL)
        return pvmi_call_fail(PvmBadParam, "the list of hosts is NULL");
    for (int i = 0; i < count; i++) {
        if (names[i] == NULL)
            return pvmi_call_fail(PvmBadParam, "host %d of the list is NULL", i);
    }
    return pvmi_task_enroll();
}

/* What pvm_addhosts_progress() was given, for the reports. */
struct report {
    void (*progress)(int index, const char *name, int info, void *user);
    void *user;
};

static void on_progress(void *user, const struct pvmi_control *control)
{
    const struct report *report = user;
    const struct pvmi_msg_host_progress *msg = control->msg;

    if (control->type == PVMI_MSG_host_progress && report->progress != NULL)
        report->progress(msg->index, msg->name == NULL ? "" : msg->name, msg->value, report->user);
}

static int add_hosts(char **hosts, int nhost, int *infos, struct report *report)
{
    struct pvmi_msg_host_add msg = { .lines = { .v = hosts, .n = (uint32_t)nhost } };
    struct pvmi_control answer;
    int rc = check_names(hosts, nhost);

    if (rc == PvmOk)
        rc = pvmi_request_ask(PVMI_MSG_host_add, &msg, on_progress, report, &answer);
    return rc == PvmOk ? take_infos(&answer, nhost, infos) : rc;
}

int pvm_addhosts(char **hosts, int nhost, int *infos)
{
    struct report report = { NULL, NULL };

    pvmi_call_enter();
    pvmi_trace_enter(TEV_ADDHOSTS, nhost, hosts);
    return pvmi_call_leave("pvm_addhosts", add_hosts(hosts, nhost, infos, &report));
}

int pvm_addhosts_progress(char **hosts, int nhost, int *infos,
                          void (*progress)(int index, const char *name, int info, void *user), void *user)
{
    struct report report = { progress, user };

    pvmi_call_enter();
    return pvmi_call_leave("pvm_addhosts_progress", add_hosts(hosts, nhost, infos, &report));
}

static int delete_hosts(char **hosts, int nhost, int *infos)
{
    struct pvmi_msg_host_delete msg = { .names = { .v = hosts, .n = (uint32_t)nhost } };
    struct pvmi_control answer;
    int rc = check_names(hosts, nhost);

    if (rc == PvmOk)
        rc = pvmi_request_ask(PVMI_MSG_host_delete, &msg, NULL, NULL, &answer);
    return rc == PvmOk ? take_infos(&answer, nhost, infos) : rc;
}

int pvm_delhosts(char **hosts, int nhost, int *infos)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_DELHOSTS, nhost, hosts);
    return pvmi_call_leave("pvm_delhosts", delete_hosts(hosts, nhost, infos));
}

/* ---- the rest ---- */

static int host_status(const char *host)
{
    struct pvmi_msg_host_query msg = { .name = host };
    int rc;

    if (host == NULL || host[0] == '\0')
        return pvmi_call_fail(PvmBadParam, "the host has no name");
    rc = pvmi_task_enroll();
    if (rc != PvmOk)
        return rc;
    rc = pvmi_request_value(PVMI_MSG_host_query, &msg);
    return rc < 0 ? rc : PvmOk;
}

int pvm_mstat(const char *host)
{
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_MSTAT, host);
    rc = host_status(host);
    if (rc == PvmNoHost || rc == PvmHostFail)
        return pvmi_call_leave_quiet(rc);
    return pvmi_call_leave("pvm_mstat", rc);
}

/* ---- clocks and architectures ---- */

static struct timeval local_clock(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return now;
}

static int64_t clock_us(const struct timeval *clk)
{
    return (int64_t)clk->tv_sec * 1000000 + clk->tv_usec;
}

/* Below 0, too, tv_usec is from 0 to 999999. */
static struct timeval clock_of_us(int64_t us)
{
    struct timeval clk = { .tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000) };

    if (clk.tv_usec < 0) {
        clk.tv_usec += 1000000;
        clk.tv_sec--;
    }
    return clk;
}

static int host_sync(int host, struct timeval *clk, struct timeval *delta)
{
    struct pvmi_msg_clock msg = { .host = host };
    struct pvmi_control control;
    const struct pvmi_msg_answer *answer;
    struct timeval before, remote, after;
    int rc = pvmi_task_enroll();

    if (rc != PvmOk)
        return rc;
    before = local_clock();
    rc = pvmi_request_ask(PVMI_MSG_clock, &msg, NULL, NULL, &control);
    if (rc != PvmOk)
        return rc;
    after = local_clock();
    answer = control.msg;
    if (answer->values.n != 3) {
        pvmi_control_free(&control);
        return pvmi_call_fail(PvmSysErr, "the daemon's answer about a clock cannot be understood");
    }
    remote.tv_sec = (time_t)(((int64_t)answer->values.v[0] << 30) + answer->values.v[1]);
    remote.tv_usec = answer->values.v[2];
    pvmi_control_free(&control);
    if (clk != NULL)
        *clk = remote;
    if (delta != NULL)
        *delta = clock_of_us((clock_us(&before) + clock_us(&after)) / 2 - clock_us(&remote));
    return PvmOk;
}

int pvm_hostsync(int host, struct timeval *clk, struct timeval *delta)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_host_sync", host_sync(host, clk, delta));    /* PVM 3's spelling */
}

static int archcode(const char *arch)
{
    struct pvmi_control control;
    const struct pvmi_msg_hosts *msg;
    int rc;

    if (arch == NULL)
        return pvmi_call_fail(PvmBadParam, "the architecture has no name");
    rc = hosts_query(&control);
    if (rc != PvmOk)
        return rc;
    msg = control.msg;
    rc = PvmNotFound;
    for (uint32_t i = 0; rc == PvmNotFound && i < msg->hosts.n; i++) {
        if (msg->hosts.v[i].arch != NULL && strcmp(msg->hosts.v[i].arch, arch) == 0)
            rc = msg->hosts.v[i].dsig;
    }
    pvmi_control_free(&control);
    return rc == PvmNotFound ? pvmi_call_fail(rc, "no host has the architecture \"%s\"", arch) : rc;
}

int pvm_archcode(const char *arch)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_ARCHCODE, arch);
    return pvmi_call_leave("pvm_archcode", archcode(arch));
}

static int halt(void)
{
    struct pvmi_msg_halt msg = { 0 };
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = pvmi_request_value(PVMI_MSG_halt, &msg);
    return rc < 0 ? rc : PvmOk;
}

int pvm_halt(void)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_HALT);
    return pvmi_call_leave("pvm_halt", halt());
}

int pvm_tidtohost(int tid)
{
    return tid & PVMI_TID_HOST_MASK;
}
