/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/joiner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "pvmd/io/daemon.h"
#include "pvmd/io/folder.h"
#include "pvmd/io/joinline.h"
#include "pvmd/io/own.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/watch.h"

#define JOINER_LINE_MS 30000      /* for the join line to come */
#define JOINER_WELCOME_MS 30000   /* from the ready line to the welcome */
#define JOINER_GRACE_MS 30000     /* and so much later at the latest */
#define JOINER_PUBLIC_MAX_MS (3600 * 1000)

struct joiner {
    struct io *io;
    int parent;             /* tells the process that waits; -1 done */
    struct watch *input;    /* stdin; NULL where it cannot be watched */
    struct alarm *limit;
    bool heard;             /* who launched us reads our stderr */
};

/* ---- the two processes ---- */

/* The launcher's child: waits until the daemon has said 'M', or is no more. */
static int joiner_wait(int fd)
{
    char said = 0;
    ssize_t n;

    do
        n = read(fd, &said, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 && said == 'M' ? 0 : 1;
}

/* Returns in the daemon with the descriptor to tell its parent by, or -1; in the parent never. */
static int joiner_fork(void)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    if (pid > 0) {
        close(ends[1]);
        _exit(joiner_wait(ends[0]));
    }
    close(ends[0]);
    setsid();
    return ends[1];
}

/* ---- the two lines ---- */

/* Reads the line from stdin, byte by byte: what is behind it is not ours. NULL: its end, or too late. */
static char *joiner_read_line(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    uint64_t limit_ms = pvmi_clock_ms() + JOINER_LINE_MS;
    char *line = pvmi_malloc(JOINLINE_MAX);
    size_t length = 0;

    while (line != NULL && length < JOINLINE_MAX - 1) {
        uint64_t now_ms = pvmi_clock_ms();
        int ready = now_ms < limit_ms ? poll(&input, 1, (int)(limit_ms - now_ms)) : 0;
        ssize_t n;

        if (ready < 0 && errno == EINTR)
            continue;
        n = ready > 0 ? read(STDIN_FILENO, line + length, 1) : 0;
        if (n <= 0)
            break;
        if (line[length] == '\n') {
            line[length] = '\0';
            return line;
        }
        length++;
    }
    pvmi_free(line);
    return NULL;
}

static int joiner_say_ready(const struct pvmi_msg_ready *ready)
{
    char *line = joinline_format(PVMI_MSG_ready, ready);
    size_t length = line != NULL ? strlen(line) : 0;
    size_t done = 0;

    while (done < length) {
        ssize_t n = write(STDOUT_FILENO, line + done, length - done);

        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (line != NULL)
        pvmi_secret_wipe(line, length);
    pvmi_free(line);
    return length > 0 && done == length ? PvmOk : PvmSysErr;
}

/* Tells the launcher what is wrong here. Returns the exit status. */
static int joiner_say_failed(int code, const char *name, const char *text)
{
    struct pvmi_msg_ready ready = {
        .version = PVMI_VERSION,
        .error = { .code = code, .host = name, .text = text },
    };

    joiner_say_ready(&ready);
    return 1;
}

static int joiner_read_join(const char *argument, struct pvmi_control *ret_control)
{
    char *line = argument != NULL ? joinline_of_argument(argument) : joiner_read_line();
    char text[160];
    int version = 0;
    int rc;

    if (line == NULL || !joinline_is(line, PVMI_MSG_join)) {
        pvmi_free(line);
        fprintf(stderr, "pvmd: no join line on stdin: pvmd -s is for other pvmds to call\n");
        return PvmBadMsg;
    }
    rc = joinline_parse(line, PVMI_MSG_join, ret_control, &version);
    pvmi_secret_wipe(line, strlen(line));
    pvmi_free(line);
    if (rc == PvmBadVersion) {
        snprintf(text, sizeof(text), "the pvmd here speaks version %d to %d, the first host %d",
                 PVMI_VERSION_MIN, PVMI_VERSION, version);
        joiner_say_failed(rc, NULL, text);
    } else if (rc != PvmOk) {
        joiner_say_failed(PvmCantStart, NULL, "the join line cannot be read");
    }
    return rc;
}

/* A secret in an argument is none. */
static bool join_is_sound(const struct pvmi_msg_join *join, bool public)
{
    bool secret = public ? join->secret.length == 0 && join->limit_ms > 0 && join->limit_ms <= JOINER_PUBLIC_MAX_MS
                         : join->secret.length == PVMI_KEY_SIZE;

    return secret && join->machine.length == 16 && join->key.length == PVMI_KEY_SIZE && join->number > 1 &&
           join->number <= 4095 && join->ticket != 0 && join->incarnation != 0 && join->port > 0 &&
           join->port < 65536 && join->addresses.n > 0 && join->name != NULL && join->name[0] != '\0';
}

/* ---- until it is a member ---- */

static void joiner_on_input(void *owner, int events)
{
    struct joiner *joiner = owner;
    char rest[256];
    ssize_t n = read(STDIN_FILENO, rest, sizeof(rest));

    (void)events;
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
        watch_set(joiner->input, UV_READABLE);
        return;
    }
    io_stop(joiner->io, "who started this host has gone before it was a member");
}

static void joiner_on_limit(void *owner)
{
    struct joiner *joiner = owner;

    io_stop(joiner->io, "not let into the virtual machine in time");
}

/* Who launched us is done with us. */
static void joiner_let_go(struct joiner *joiner)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    joiner->heard = false;
    watch_free(joiner->input);
    joiner->input = NULL;
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    close(null);
    if (write(joiner->parent, "M", 1) != 1)
        pvmi_log(PVMI_LOG_WARN, "the process that waited for this host has gone");
    close(joiner->parent);
    joiner->parent = -1;
}

void joiner_on_member(struct io *io)
{
    struct joiner *joiner = io->joiner;

    if (joiner == NULL)
        return;
    folder_joined(io->folder);
    alarm_stop(joiner->limit);
    if (joiner->heard)
        joiner_let_go(joiner);
}

bool joiner_is_heard(const struct joiner *joiner)
{
    return joiner != NULL && joiner->heard;
}

void joiner_free(struct joiner *joiner)
{
    if (joiner == NULL)
        return;
    watch_free(joiner->input);
    alarm_free(joiner->limit);
    if (joiner->parent >= 0)
        close(joiner->parent);
    pvmi_free(joiner);
}

static int joiner_new(struct io *io, const struct daemon_options *options, bool public, int parent)
{
    struct joiner *joiner = pvmi_calloc(1, sizeof(*joiner));

    if (joiner == NULL)
        return PvmNoMem;
    joiner->io = io;
    joiner->parent = parent;
    joiner->limit = alarm_new(io->loop, joiner_on_limit, joiner);
    if (joiner->limit == NULL) {
        pvmi_free(joiner);
        return PvmNoMem;
    }
    joiner->heard = true;
    alarm_set(joiner->limit, (uint64_t)options->welcome_ms + JOINER_GRACE_MS);
    if (!public)
        joiner->input = watch_new(io->loop, STDIN_FILENO, joiner_on_input, joiner);
    if (joiner->input != NULL)
        watch_set(joiner->input, UV_READABLE);
    io->joiner = joiner;
    return PvmOk;
}

/* ---- the daemon ---- */

/* The first host is known before the core says so: it may dial us at once. */
static int joiner_add_first(struct io *io, const struct pvmi_msg_join *join, const uint8_t *secret)
{
    struct core_action set = { .type = CORE_ACTION_PEER_SET };
    char **addresses = pvmi_calloc((size_t)join->addresses.n + 1, sizeof(*addresses));
    int rc = addresses != NULL ? peers_add_ticket(io->peers, join->ticket, secret, NULL) : PvmNoMem;

    if (rc == PvmOk) {
        memcpy(addresses, join->addresses.v, join->addresses.n * sizeof(*addresses));
        set.peer.number = 1;
        set.peer.incarnation = join->incarnation;
        set.peer.ticket = join->ticket;
        set.peer.addresses = addresses;
        set.peer.port = (uint16_t)join->port;
        memcpy(set.peer.key, join->key.data, sizeof(set.peer.key));
        set.peer.name = (char *)"the first host";
        peers_set(io, &set);
    }
    pvmi_free(addresses);
    return rc;
}

/* secret: NULL when the first host has it already. */
static int joiner_ready(struct io *io, const struct daemon_options *options, const uint8_t *secret)
{
    struct own_strings strings;
    struct pvmi_msg_ready ready = { .version = PVMI_VERSION, .secret = { secret, secret != NULL ? PVMI_KEY_SIZE : 0 } };

    own_record(&io->own, options->speed, options->slots, options->launcher, &strings, &ready.host);
    return joiner_say_ready(&ready);
}

/* The secret is in peers.c afterwards, and nowhere else. */
static int joiner_meet(struct io *io, const struct daemon_options *options, const struct pvmi_msg_join *join, int parent)
{
    bool public = join->secret.length == 0;
    uint8_t secret[PVMI_KEY_SIZE];
    int rc = PvmOk;

    if (public)
        rc = pvmi_random_bytes(secret, sizeof(secret));
    else
        memcpy(secret, join->secret.data, sizeof(secret));
    if (rc == PvmOk)
        rc = joiner_add_first(io, join, secret);
    if (rc == PvmOk)
        rc = joiner_new(io, options, public, parent);
    if (rc != PvmOk)
        joiner_say_failed(rc, options->name, "no memory to start");
    else
        rc = joiner_ready(io, options, public ? secret : NULL);
    pvmi_secret_wipe(secret, sizeof(secret));
    pvmi_secret_wipe((void *)join->secret.data, join->secret.length);
    if (rc == PvmOk && public)
        joiner_let_go(io->joiner);
    return rc;
}

static int joiner_run(struct io *io, const struct daemon_options *options, const struct pvmi_msg_join *join,
                      int parent)
{
    struct pvmi_rec_host orderer = {
        .number = 1,
        .incarnation = join->incarnation,
        .name = join->addresses.v[0],    /* its own comes with the welcome */
        .addresses = join->addresses,
        .port = join->port,
        .key = join->key,
        .arch = "",
        .launcher = "first",
    };

    memcpy(io->own.machine, join->machine.data, sizeof(io->own.machine));
    return joiner_meet(io, options, join, parent) == PvmOk ? daemon_run(io, options, &orderer) : 1;
}

/* $PVM_PORT; but on the first host's computer that one has it already, unless it names a range. */
static const char *joiner_ports(const struct pvmi_msg_join *join)
{
    const char *ports = pvmi_env(PVMI_ENV_PVM_PORT);
    bool local = join->launcher != NULL && strcmp(join->launcher, "local") == 0;

    return ports != NULL && (!local || strchr(ports, '-') != NULL) ? ports : NULL;
}

/* "-nNAME" of the command gives way to the name in the join line, which no shell has seen. */
static int joiner_start(const struct pvmi_msg_join *join, long debug_mask, int parent)
{
    struct daemon_options options = {
        .number = join->number,
        .name = join->name,
        .ip = join->ip,
        .ip_may_be_other = true,
        .ports = join->ports != NULL ? join->ports : joiner_ports(join),
        .ep = join->ep,
        .wd = join->wd,
        .bx = join->bx,
        .speed = join->speed,
        .slots = join->slots,
        .launcher = join->launcher != NULL ? join->launcher : "ssh",
        .debug_mask = debug_mask,
        .suspect_ms = join->suspect_ms,
        .dead_ms = join->dead_ms,
        .welcome_ms = join->secret.length == 0 ? join->limit_ms : JOINER_WELCOME_MS,
    };
    struct pvmi_fault fault;
    struct io io;
    int status;

    if (join->vmid != NULL && join->vmid[0] != '\0')
        setenv(pvmi_env_name(PVMI_ENV_PVM_VMID), join->vmid, 1);
    memset(&io, 0, sizeof(io));
    pvmi_fault_clear(&fault);
    folder_evict(join->name, join->incarnation, join->ticket);
    if (daemon_begin(&io, &options, &fault) != PvmOk || folder_joins(io.folder, join->incarnation, join->ticket, &fault) != PvmOk) {
        status = joiner_say_failed(fault.code == PvmAlready ? PvmDupHost : PvmCantStart, join->name, fault.text);
    } else {
        status = joiner_run(&io, &options, join, parent);
    }
    daemon_end(&io);
    return status;
}

int joiner_main(const char *argument, long debug_mask)
{
    struct pvmi_control control;
    int parent = joiner_fork();
    int status = 1;

    if (parent < 0) {
        joiner_say_failed(PvmCantStart, NULL, strerror(errno));
        return 1;
    }
    if (joiner_read_join(argument, &control) != PvmOk)
        return 1;
    if (join_is_sound(control.msg, argument != NULL))
        status = joiner_start(control.msg, debug_mask, parent);
    else
        joiner_say_failed(PvmCantStart, NULL, "the join line makes no sense");
    pvmi_control_free(&control);
    return status;
}
