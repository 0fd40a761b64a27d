/* SPDX-License-Identifier: BSD-3-Clause */
/* The launcher's process: its start, the join line to it, what it prints, the ready line from it, its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/limit.h"
#include "base/log.h"
#include "pvmd/io/joinline.h"
#include "pvmd/io/launch.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/watch.h"
#include "pvmd/keeper/start.h"

#define LAUNCH_ANSWER_MS 60000    /* from the start to the ready line */
#define LAUNCH_READ 16384

extern char **environ;

/* ---- its pipes ---- */

void launch_open(struct launch *launch)
{
    launch->in = launch->outs[0] = launch->outs[1] = -1;
    for (int i = 0; i < 2; i++)
        pvmi_buffer_init(&launch->lines[i], JOINLINE_MAX + LAUNCH_READ);
}

void launch_close_in(struct launch *launch)
{
    if (launch->in >= 0)
        close(launch->in);
    launch->in = -1;
}

static void launch_close_out(struct launch *launch, int which)
{
    watch_free(launch->watches[which]);
    launch->watches[which] = NULL;
    if (launch->outs[which] >= 0)
        close(launch->outs[which]);
    launch->outs[which] = -1;
}

void launch_close(struct launch *launch)
{
    launch_close_in(launch);
    for (int i = 0; i < 2; i++) {
        launch_close_out(launch, i);
        pvmi_buffer_fini(&launch->lines[i]);
    }
}

/* ---- the ready line ---- */

/* The address by which we have reached it comes first in its line of the host table. */
static void launch_order_addresses(struct launch *launch, struct pvmi_rec_host *host)
{
    char **out = launch->host_addresses;
    uint32_t n = 0;

    if (launch->address_count > 0 && launch->spec->ip == NULL)
        out[n++] = launch->addresses[0];
    for (uint32_t i = 0; i < host->addresses.n && n < IO_ADDRESSES_MAX; i++)
        if (n == 0 || strcmp(host->addresses.v[i], out[0]) != 0)
            out[n++] = host->addresses.v[i];
    host->addresses.v = out;
    host->addresses.n = n;
}

static bool ready_is_sound(const struct launch *launch, const struct pvmi_msg_ready *ready)
{
    const struct pvmi_rec_host *host = &ready->host;

    return ready->secret.length == (launch->hoster_ms != 0 ? PVMI_KEY_SIZE : 0) && host->number == launch->number && host->incarnation != 0 && host->key.length == PVMI_KEY_SIZE &&
           host->port > 0 && host->port < 65536 && host->name != NULL && host->arch != NULL;
}

/* What the daemon that a hoster has started shows to us, and we to it. */
static int launch_take_secret(struct launch *launch, const struct pvmi_msg_ready *ready)
{
    if (launch->hoster_ms == 0)
        return PvmOk;
    return peers_add_ticket(launch->io->peers, launch->ticket, ready->secret.data, NULL);
}

static void launch_on_ready(struct launch *launch, struct pvmi_control *control)
{
    struct pvmi_msg_ready *ready = control->msg;
    struct pvmi_fault fault;
    struct core_event *event;

    pvmi_fault_clear(&fault);
    if (ready->error.code != PvmOk)
        pvmi_fault_set(&fault, ready->error.code, launch->spec->name, "%s",
                       ready->error.text != NULL ? ready->error.text : "");
    else if (!ready_is_sound(launch, ready))
        pvmi_fault_set(&fault, PvmCantStart, NULL, "the ready line of pvmd on %s makes no sense",
                       launch->spec->name);
    else if (launch_take_secret(launch, ready) != PvmOk)
        pvmi_fault_set(&fault, PvmNoMem, NULL, "no memory to start %s", launch->spec->name);
    pvmi_secret_wipe((void *)ready->secret.data, ready->secret.length);
    if (fault.code != PvmOk) {
        pvmi_control_free(control);
        launch_fail(launch, &fault);
        return;
    }
    launch->step = LAUNCH_JOINING;
    alarm_stop(launch->alarm);
    event = io_event(launch->io, CORE_EVENT_LAUNCHED, launch->handle);
    pvmi_fault_clear(&event->launched.fault);
    event->launched.host = ready->host;
    launch_order_addresses(launch, &event->launched.host);
    io_event_keep(event, control);
    io_post(launch->io, event);
}

void launch_on_ready_line(struct launch *launch, const char *line)
{
    struct pvmi_control control;
    struct pvmi_fault fault;
    int version = 0;
    int rc = joinline_parse(line, PVMI_MSG_ready, &control, &version);

    if (rc == PvmOk) {
        launch_on_ready(launch, &control);
        return;
    }
    if (rc == PvmBadVersion)
        pvmi_fault_set(&fault, PvmBadVersion, NULL, "pvmd on %s speaks version %d, we speak %d to %d",
                       launch->spec->name, version, PVMI_VERSION_MIN, PVMI_VERSION);
    else
        pvmi_fault_set(&fault, PvmCantStart, NULL, "the ready line of pvmd on %s cannot be read",
                       launch->spec->name);
    launch_fail(launch, &fault);
}

/* ---- what the launcher says ---- */

/* Keeps the end of all that. */
static void launch_remember(struct launch *launch, const char *line)
{
    size_t length = strlen(line);
    size_t have = strlen(launch->said);

    if (length > sizeof(launch->said) / 2)
        length = sizeof(launch->said) / 2;
    if (have + length + 2 > sizeof(launch->said)) {
        size_t drop = have + length + 2 - sizeof(launch->said);

        memmove(launch->said, launch->said + drop, have - drop + 1);
        have -= drop;
    }
    snprintf(launch->said + have, sizeof(launch->said) - have, "%.*s\n", (int)length, line);
}

void launch_redact(char *text)
{
    static const char *const words[] = { "pvm4-join", "pvm4-ready" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char *at = strstr(text, words[i]);

        if (at == NULL)
            continue;
        at += strlen(words[i]);
        pvmi_secret_wipe(at, strlen(at));
    }
}

static void launch_on_line(struct launch *launch, int which, char *line)
{
    line[strcspn(line, "\r")] = '\0';
    if (which == 0 && launch->step == LAUNCH_RUNNING && joinline_is(line, PVMI_MSG_ready)) {
        launch_on_ready_line(launch, line);
        return;
    }
    launch_redact(line);
    if (line[0] == '\0')
        return;
    pvmi_log(PVMI_LOG_INFO, "%s@%s: %s", which == 0 ? "stdout" : "stderr", launch->spec->name, line);
    launch->old_pvmd |= which == 0 && strncmp(line, "ddpro<", 6) == 0;
    launch_remember(launch, line);
}

/* Whole lines; what is too long for one is one. */
static void launch_on_bytes(struct launch *launch, int which)
{
    struct pvmi_buffer *in = &launch->lines[which];

    for (;;) {
        uint8_t *newline = in->length > 0 ? memchr(in->data, '\n', in->length) : NULL;
        size_t length = newline != NULL ? (size_t)(newline - in->data) : in->length;
        char *line;

        if (newline == NULL && in->length < JOINLINE_MAX)
            return;
        line = pvmi_strndup((const char *)in->data, length);
        pvmi_buffer_consume(in, length + (newline != NULL));
        if (line != NULL)
            launch_on_line(launch, which, line);
        pvmi_free(line);
    }
}

/* Reads once. False when there is nothing more, now or at all. */
static bool launch_read(struct launch *launch, int which)
{
    struct pvmi_buffer *in = &launch->lines[which];
    ssize_t n;

    if (launch->outs[which] < 0 || pvmi_buffer_reserve(in, LAUNCH_READ) != PvmOk)
        return false;
    n = read(launch->outs[which], in->data + in->length, LAUNCH_READ);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        launch_close_out(launch, which);
        return false;
    }
    in->length += (size_t)n;
    launch_on_bytes(launch, which);
    return true;
}

static void launch_on_stdout(void *owner, int events)
{
    (void)events;
    launch_read(owner, 0);
}

static void launch_on_stderr(void *owner, int events)
{
    (void)events;
    launch_read(owner, 1);
}

/* ---- its start ---- */

/* What the new daemon binds to; NULL: all its addresses. */
static const char *launch_ip(const struct launch *launch)
{
    const struct hostspec *spec = launch->spec;

    if (spec->ip == NULL)
        return launch_is_local(spec) ? launch->io->own.ip : NULL;
    if (launch_is_local(spec))
        return spec->ip;
    return launch->address_count > 0 ? launch->addresses[0] : NULL;    /* a name that only ssh knows is none there */
}

void launch_fill_join(const struct launch *launch, char **addresses, struct pvmi_msg_join *ret_join)
{
    const struct io_own *own = &launch->io->own;
    const struct hostspec *spec = launch->spec;

    for (int i = 0; i < own->address_count; i++)
        addresses[i] = (char *)own->addresses[i];
    *ret_join = (struct pvmi_msg_join){
        .version = PVMI_VERSION,
        .machine = { own->machine, sizeof(own->machine) },
        .number = launch->number,
        .name = spec->name,
        .ticket = launch->ticket,
        .key = { own->key, sizeof(own->key) },
        .incarnation = own->incarnation,
        .addresses = { addresses, (uint32_t)own->address_count },
        .port = own->port,
        .vmid = spec->id != NULL ? spec->id : pvmi_env(PVMI_ENV_PVM_VMID),
        .suspect_ms = own->suspect_ms,
        .dead_ms = own->dead_ms,
        .ep = spec->ep,
        .wd = spec->wd,
        .bx = spec->bx,
        .ip = launch_ip(launch),
        .ports = spec->ports,
        .speed = spec->speed,
        .slots = spec->slots,
        .launcher = launch->hoster_ms != 0 ? "hoster" : launch_is_local(spec) ? "local" : "ssh",
    };
}

/* The line that the new daemon reads first. */
static char *launch_join_line(const struct launch *launch)
{
    char *addresses[IO_ADDRESSES_MAX];
    struct pvmi_msg_join join;

    launch_fill_join(launch, addresses, &join);
    join.secret.data = launch->secret;
    join.secret.length = sizeof(launch->secret);
    return joinline_format(PVMI_MSG_join, &join);
}

/* An empty pipe takes the whole line, which is some kilobytes. A launcher that has ended before it could be told
 * says why itself (launch_on_exit). */
static int launch_say_join(struct launch *launch)
{
    char *line = launch_join_line(launch);
    ssize_t written = line != NULL ? write(launch->in, line, strlen(line)) : 0;
    bool said = line != NULL && (written == (ssize_t)strlen(line) || (written < 0 && errno == EPIPE));

    if (line != NULL)
        pvmi_secret_wipe(line, strlen(line));
    pvmi_free(line);
    return said ? PvmOk : PvmSysErr;
}

/* Starts it between three fresh pipes. Returns 0 or an errno value; ret_step says where. */
static int launch_spawn(struct launch *launch, struct launch_command *command, const char **ret_step)
{
    int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    int error = 0;

    *ret_step = "pipe";
    for (int i = 0; i < 3 && error == 0; i++)
        if (pipe2(pipes[i], O_CLOEXEC) < 0)
            error = errno;
    if (error == 0) {
        struct start_spec spec = {
            .path = command->path,
            .argv = command->argv,
            .env = environ,
            .fds = { pipes[0][0], pipes[1][1], pipes[2][1] },
            .files = &launch->io->own.files,
        };
        error = start_process(&spec, &launch->pid, ret_step);
    }
    launch->in = pipes[0][1];
    launch->outs[0] = pipes[1][0];
    launch->outs[1] = pipes[2][0];
    for (int i = 0; i < 3; i++)
        if (pipes[i][i == 0 ? 0 : 1] >= 0)
            close(pipes[i][i == 0 ? 0 : 1]);
    return error;
}

static int launch_watch(struct launch *launch)
{
    static watch_fn *const fns[2] = { launch_on_stdout, launch_on_stderr };

    for (int i = 0; i < 2; i++) {
        fcntl(launch->outs[i], F_SETFL, O_NONBLOCK);
        launch->watches[i] = watch_new(launch->io->loop, launch->outs[i], fns[i], launch);
        if (launch->watches[i] == NULL)
            return PvmNoMem;
        watch_set(launch->watches[i], UV_READABLE);
    }
    return PvmOk;
}

void launch_run(struct launch *launch)
{
    struct launch_command command = { .argc = 0 };
    struct pvmi_fault fault;
    const char *step;
    int error;
    int rc;

    pvmi_fault_clear(&fault);
    launch->step = LAUNCH_RUNNING;
    alarm_set(launch->alarm, LAUNCH_ANSWER_MS);
    rc = launch_is_local(launch->spec) ? launch_local_command(launch, &command, &fault)
                                       : launch_ssh_command(launch, &command, &fault);
    if (rc == PvmOk) {
        error = launch_spawn(launch, &command, &step);
        if (error != 0)
            pvmi_fault_set(&fault, PvmCantStart, NULL, "cannot start %s for %s (%s): %s%s", command.path,
                           launch->spec->name, step, strerror(error), pvmi_limit_text(error));
        else if (launch_watch(launch) != PvmOk || launch_say_join(launch) != PvmOk)
            pvmi_fault_set(&fault, PvmCantStart, NULL, "cannot talk to the launcher of %s", launch->spec->name);
    }
    launch_command_fini(&command);
    if (fault.code != PvmOk)
        launch_fail(launch, &fault);
}

/* ---- its end ---- */

void launch_on_exit(struct launch *launch, int status)
{
    struct pvmi_fault fault;

    launch->reaped = true;
    for (int i = 0; i < 2; i++) {
        while (launch_read(launch, i))
            continue;
        if (launch->lines[i].length > 0 && pvmi_buffer_append(&launch->lines[i], "\n", 1) == PvmOk)
            launch_on_bytes(launch, i);
    }
    launch->pid = 0;
    if (launch->step == LAUNCH_RUNNING) {
        launch_explain_end(launch, status, &fault);
        launch_fail(launch, &fault);
    } else if (launch->step == LAUNCH_ENDING) {
        launch_finish(launch, 0);
    }
}

void launch_on_no_answer(struct launch *launch)
{
    struct pvmi_fault fault;

    launch_explain_silence(launch, LAUNCH_ANSWER_MS / 1000, &fault);
    launch_fail(launch, &fault);
}
