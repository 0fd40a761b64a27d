/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "base/log.h"
#include "pvmd/io/launch.h"
#include "pvmd/io/watch.h"
#include "pvmd/keeper/start.h"

#define TUNNEL_GO_MS 2000      /* for ssh to end by itself; and from SIGTERM to SIGKILL */
#define TUNNEL_LAST_MS 1000    /* the same when the daemon ends */
#define TUNNEL_ROUND_MS 2

struct tunnel {
    struct pvmi_list node;
    struct io *io;
    pid_t pid;                /* 0: it has ended */
    int status;               /* of its end */
    int err;                  /* its stderr; -1 at the end */
    struct watch *watch;
    struct alarm *alarm;      /* closed: its time to end */
    bool closed;
    bool told;                /* SIGTERM was sent */
    char said[512];           /* the last of what it printed */
    tunnel_fn *fn;
    void *owner;
};

struct tunnels {
    struct pvmi_list all;
};

extern char **environ;

/* ---- the way ---- */

struct tunnel_way *tunnel_way_new(const char *address, const char *login)
{
    struct tunnel_way *way = pvmi_calloc(1, sizeof(*way));

    if (way == NULL)
        return NULL;
    way->address = pvmi_strdup(address);
    way->login = login != NULL ? pvmi_strdup(login) : NULL;
    if (way->address != NULL && (login == NULL || way->login != NULL))
        return way;
    tunnel_way_free(way);
    return NULL;
}

void tunnel_way_free(struct tunnel_way *way)
{
    if (way == NULL)
        return;
    pvmi_free(way->address);
    pvmi_free(way->login);
    pvmi_free(way);
}

/* ---- what ssh says ---- */

/* Keeps the end of it. */
static void tunnel_remember(struct tunnel *tunnel, const char *text, size_t length)
{
    size_t have = strlen(tunnel->said);
    size_t room = sizeof(tunnel->said) - 1;

    if (length > room) {
        text += length - room;
        length = room;
    }
    if (have + length > room) {
        memmove(tunnel->said, tunnel->said + have + length - room, room - length);
        have = room - length;
    }
    memcpy(tunnel->said + have, text, length);
    tunnel->said[have + length] = '\0';
}

static void tunnel_close_err(struct tunnel *tunnel)
{
    watch_free(tunnel->watch);
    tunnel->watch = NULL;
    if (tunnel->err >= 0)
        close(tunnel->err);
    tunnel->err = -1;
}

/* All that is there now. */
static void tunnel_read(struct tunnel *tunnel)
{
    char text[256];
    ssize_t n;

    while (tunnel->err >= 0 && (n = read(tunnel->err, text, sizeof(text))) != 0) {
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0)
            tunnel_remember(tunnel, text, (size_t)n);
    }
    tunnel_close_err(tunnel);
}

static void tunnel_on_err(void *owner, int events)
{
    (void)events;
    tunnel_read(owner);
}

/* The last line but what ssh says of itself in each case. */
static void tunnel_last_line(const char *said, char *line, size_t line_max)
{
    const char *end = strstr(said, "stdio forwarding failed");
    const char *start;

    if (end == NULL)
        end = said + strlen(said);
    while (end > said && strchr("\r\n ", end[-1]) != NULL)
        end--;
    for (start = end; start > said && start[-1] != '\n'; start--)
        continue;
    snprintf(line, line_max, "%.*s", (int)(end - start), start);
}

enum tunnel_end tunnel_explain(const char *said, int status, char *text, size_t text_max)
{
    char line[80];

    if (strstr(said, "administratively prohibited") != NULL) {
        snprintf(text, text_max, "and its ssh server forbids forwarding (AllowTcpForwarding)");
        return TUNNEL_FORBIDDEN;
    }
    tunnel_last_line(said, line, sizeof(line));
    if (WIFEXITED(status) && line[0] == '\0') {
        snprintf(text, text_max, "through ssh: our hello was not accepted");
        return TUNNEL_CLOSED;
    }
    if (line[0] == '\0')
        snprintf(line, sizeof(line), "ssh was killed by signal %d", WTERMSIG(status));
    snprintf(text, text_max, "nor through ssh: %s", line);
    /* Of the port; ssh says "port 22: Connection refused" when there is no ssh server. */
    return strstr(said, "open failed: connect failed: Connection refused") != NULL ? TUNNEL_REFUSED : TUNNEL_FAILED;
}

/* ---- its end ---- */

static void tunnel_free(struct tunnel *tunnel)
{
    pvmi_list_remove(&tunnel->node);
    tunnel_close_err(tunnel);
    alarm_free(tunnel->alarm);
    pvmi_free(tunnel);
}

static void tunnel_signal(struct tunnel *tunnel)
{
    /* It leads a group: a ProxyCommand of its own is in it. */
    kill(-tunnel->pid, tunnel->told ? SIGKILL : SIGTERM);
    tunnel->told = true;
    alarm_set(tunnel->alarm, TUNNEL_GO_MS);
}

static void tunnel_on_alarm(void *owner)
{
    tunnel_signal(owner);
}

void tunnel_keep(struct tunnel *tunnel)
{
    tunnel->fn = NULL;
}

void tunnel_close(struct tunnel *tunnel, bool now)
{
    if (tunnel == NULL)
        return;
    tunnel->fn = NULL;
    tunnel->closed = true;
    if (tunnel->pid == 0)
        tunnel_free(tunnel);
    else if (now)
        tunnel_signal(tunnel);
    else
        alarm_set(tunnel->alarm, TUNNEL_GO_MS);
}

/* One whose ssh has just ended, or NULL. */
static struct tunnel *tunnels_reap(struct tunnels *tunnels)
{
    PVMI_LIST_EACH(node, &tunnels->all) {
        struct tunnel *tunnel = PVMI_CONTAINER(node, struct tunnel, node);

        if (tunnel->pid > 0 && waitpid(tunnel->pid, &tunnel->status, WNOHANG) == tunnel->pid) {
            tunnel->pid = 0;
            return tunnel;
        }
    }
    return NULL;
}

/* A link that has it reads the end of its connection, and closes it then. */
static void tunnel_ended(struct tunnel *tunnel)
{
    tunnel_fn *fn = tunnel->fn;
    void *owner = tunnel->owner;
    enum tunnel_end end;
    char text[128];

    tunnel_read(tunnel);
    alarm_stop(tunnel->alarm);
    if (fn == NULL && !tunnel->closed)
        return;
    end = tunnel_explain(tunnel->said, tunnel->status, text, sizeof(text));
    tunnel_free(tunnel);
    if (fn != NULL)
        fn(owner, end, text);
}

void tunnels_on_child(struct io *io)
{
    struct tunnel *tunnel;

    while ((tunnel = tunnels_reap(io->tunnels)) != NULL)
        tunnel_ended(tunnel);
}

struct tunnels *tunnels_new(void)
{
    struct tunnels *tunnels = pvmi_calloc(1, sizeof(*tunnels));

    if (tunnels != NULL)
        pvmi_list_init(&tunnels->all);
    return tunnels;
}

/* Without the loop, which is over. */
static void tunnels_wait(struct tunnels *tunnels, int limit_ms)
{
    struct timespec pause = { .tv_nsec = TUNNEL_ROUND_MS * 1000000L };
    struct tunnel *tunnel;

    for (int waited_ms = 0; waited_ms <= limit_ms && !pvmi_list_empty(&tunnels->all); waited_ms += TUNNEL_ROUND_MS) {
        while ((tunnel = tunnels_reap(tunnels)) != NULL)
            tunnel_free(tunnel);
        if (!pvmi_list_empty(&tunnels->all))
            nanosleep(&pause, NULL);
    }
}

void tunnels_free(struct tunnels *tunnels)
{
    if (tunnels == NULL)
        return;
    tunnels_wait(tunnels, TUNNEL_LAST_MS);
    PVMI_LIST_EACH(node, &tunnels->all) {
        struct tunnel *tunnel = PVMI_CONTAINER(node, struct tunnel, node);

        if (tunnel->pid > 0) {
            kill(-tunnel->pid, SIGKILL);
            waitpid(tunnel->pid, NULL, 0);
        }
        tunnel_free(tunnel);
    }
    pvmi_free(tunnels);
}

/* ---- its start ---- */

/* Starts ssh on ends[1], with stderr on err. Returns 0 or an errno value. */
static int tunnel_spawn(struct tunnel *tunnel, struct launch_command *command, int end, int err)
{
    struct start_spec spec = {
        .path = command->path,
        .argv = command->argv,
        .env = environ,
        .fds = { end, end, err },
        .files = &tunnel->io->own.files,
    };
    const char *step;

    return start_process(&spec, &tunnel->pid, &step);
}

/* Between a fresh socket pair and a fresh pipe. */
static int tunnel_connect(struct tunnel *tunnel, struct launch_command *command, int *ret_fd)
{
    int ends[2] = { -1, -1 };
    int err[2] = { -1, -1 };
    int error = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 || pipe2(err, O_CLOEXEC) < 0)
        error = errno;
    if (error == 0)
        error = tunnel_spawn(tunnel, command, ends[1], err[1]);
    if (ends[1] >= 0)
        close(ends[1]);
    if (err[1] >= 0)
        close(err[1]);
    if (error != 0) {
        if (ends[0] >= 0)
            close(ends[0]);
        if (err[0] >= 0)
            close(err[0]);
        return error;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    tunnel->err = err[0];
    *ret_fd = ends[0];
    return 0;
}

static void tunnel_watch(struct tunnel *tunnel)
{
    tunnel->watch = watch_new(tunnel->io->loop, tunnel->err, tunnel_on_err, tunnel);
    if (tunnel->watch != NULL)    /* else it is read at the end */
        watch_set(tunnel->watch, UV_READABLE);
}

struct tunnel *tunnel_start(struct io *io, const struct tunnel_way *way, const char *target, tunnel_fn *fn, void *owner,
                            int *ret_fd, struct pvmi_fault *fault)
{
    struct tunnel *tunnel = pvmi_calloc(1, sizeof(*tunnel));
    struct launch_command command = { .argc = 0 };
    int error = ENOMEM;

    pvmi_fault_set(fault, PvmNoMem, NULL, "no memory for an ssh");
    if (tunnel == NULL)
        return NULL;
    pvmi_list_init(&tunnel->node);
    tunnel->io = io;
    tunnel->err = -1;
    tunnel->fn = fn;
    tunnel->owner = owner;
    tunnel->alarm = alarm_new(io->loop, tunnel_on_alarm, tunnel);
    if (tunnel->alarm != NULL && launch_ssh_tunnel_command(way, target, &command, fault) == PvmOk) {
        error = tunnel_connect(tunnel, &command, ret_fd);
        if (error != 0)
            pvmi_fault_set(fault, PvmOutOfRes, NULL, "ssh cannot be started: %s%s", strerror(error), pvmi_limit_text(error));
    }
    launch_command_fini(&command);
    if (error != 0) {
        tunnel_free(tunnel);
        return NULL;
    }
    tunnel_watch(tunnel);
    pvmi_list_push(&io->tunnels->all, &tunnel->node);
    return tunnel;
}
