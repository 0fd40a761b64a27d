/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/limit.h"
#include "base/log.h"
#include "pvmd/io/arena_keeper.h"
#include "pvmd/io/dial.h"
#include "pvmd/io/entrance.h"
#include "pvmd/io/folder.h"
#include "pvmd/io/joiner.h"
#include "pvmd/io/keeper_link.h"
#include "pvmd/io/launch.h"
#include "pvmd/io/links.h"
#include "pvmd/io/listener.h"
#include "pvmd/io/own.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/resolve.h"
#include "pvmd/io/tasks.h"
#include "pvmd/io/teams.h"
#include "pvmd/io/tunnel.h"
#include "pvmd/io/watch.h"
#include "pvmd/keeper/keeper.h"
#include "pvmd/keeper/start.h"
#include "wire/tid.h"

#define DAEMON_LOG_MAX (1024 * 1024)    /* PVMDLOGMAX */
#define DAEMON_JOIN_MS 15000
#define DAEMON_HALT_MS 5000
#define DAEMON_FILES_MIN 26             /* open files: without tasks and hosts, and for a first one to be started */

/* ---- random numbers for the core: not secret, only different in each run ---- */

static uint64_t daemon_random(void *user)
{
    uint64_t *state = user;
    uint64_t z = *state += 0x9e3779b97f4a7c15u;    /* splitmix64 */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- the start ---- */

/* wd=, else $PVM_WD, else $HOME, else where we are. What cannot be entered is passed over. */
static void daemon_enter(const struct daemon_options *options, char **ret_refused)
{
    char *wd = own_expand(options->wd);
    const char *places[] = { wd, pvmi_env(PVMI_ENV_PVM_WD), pvmi_env(PVMI_ENV_HOME) };

    *ret_refused = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i] == NULL)
            continue;
        if (chdir(places[i]) == 0)
            break;
        if (places[i] == wd)
            *ret_refused = pvmi_strdup(wd);
    }
    pvmi_free(wd);
}

/* Tasks get the limit as we have found it. */
static int daemon_raise_limits(struct io *io, struct pvmi_fault *fault)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &io->own.files);
    files = io->own.files;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max >= DAEMON_FILES_MIN)
        return PvmOk;
    pvmi_fault_set(fault, PvmOutOfRes, NULL,
                   "it may open no more than %llu files (ulimit -Hn), and needs %d, and some more for each task and host: "
                   "raise that limit, with ulimit -n 1024 as root, or in /etc/security/limits.conf",
                   (unsigned long long)files.rlim_max, DAEMON_FILES_MIN);
    return PvmOutOfRes;
}

static void daemon_open_log(struct io *io, const struct daemon_options *options, const char *refused_wd)
{
    long size_max = pvmi_env_number(PVMI_ENV_PVMDLOGMAX, DAEMON_LOG_MAX);
    enum pvmi_log_level level = options->debug_mask != 0 ? PVMI_LOG_DEBUG : PVMI_LOG_INFO;
    int tid = (int)(PVMI_TID_PVMD | pvmi_tid_of_host(options->number));

    pvmi_log_open(folder_log(io->folder), tid, level, size_max > 0 ? (size_t)size_max : 0);
    pvmi_log(PVMI_LOG_INFO, "pvmd %s of %s begins, pid %d, host number %d", PVMI_VERSION_TEXT, options->name,
             (int)getpid(), options->number);
    if (geteuid() == 0)
        pvmi_log(PVMI_LOG_INFO, "running as root: so do all tasks");
    if (folder_killed(io->folder) > 0)
        pvmi_log(PVMI_LOG_INFO, "ended %d processes of pvmds that were killed", folder_killed(io->folder));
    if (refused_wd != NULL)
        pvmi_log(PVMI_LOG_WARN, "wd=%s cannot be entered, it is left aside", refused_wd);
}

static int daemon_find_ip(struct io *io, const struct daemon_options *options, struct pvmi_fault *fault)
{
    char addresses[1][64];

    if (options->ip == NULL)
        return PvmOk;
    if (resolve_now(options->ip, addresses, 1) == 0) {
        pvmi_fault_set(fault, PvmNoHost, NULL, "ip=%s: no such host name", options->ip);
        return PvmNoHost;
    }
    io->own.ip = pvmi_strdup(addresses[0]);
    if (io->own.ip != NULL)
        return PvmOk;
    pvmi_fault_set(fault, PvmNoMem, NULL, "no memory");
    return PvmNoMem;
}

static int daemon_listen(struct io *io, const struct daemon_options *options, struct pvmi_fault *fault)
{
    char *advertised = NULL;
    int rc = daemon_find_ip(io, options, fault);

    if (rc != PvmOk)
        return rc;
    rc = listener_new(io, folder_socket(io->folder), options->ports, &io->listener, fault);
    if (rc != PvmOk && options->ip_may_be_other && io->own.ip != NULL) {
        advertised = io->own.ip;
        io->own.ip = NULL;
        rc = listener_new(io, folder_socket(io->folder), options->ports, &io->listener, fault);
    }
    if (rc == PvmOk)
        own_find_addresses(&io->own, advertised);
    pvmi_free(advertised);
    return rc;
}

static int daemon_make_objects(struct io *io, int keeper_fd, pid_t keeper_pid, struct pvmi_fault *fault)
{
    io->links = links_new(io);
    io->dials = dials_new();
    io->peers = peers_new();
    io->entrance = entrance_new();
    io->tasks = tasks_new(folder_socket(io->folder));
    io->launches = launches_new();
    io->tunnels = tunnels_new();
    io->arena_keeper = arena_keeper_new(io);
    io->teams = teams_new(io);
    io->keeper = keeper_link_new(io, keeper_fd, keeper_pid);
    if (io->keeper == NULL)
        close(keeper_fd);
    if (io->links != NULL && io->dials != NULL && io->peers != NULL && io->entrance != NULL &&
        io->tasks != NULL && io->launches != NULL && io->tunnels != NULL && io->keeper != NULL &&
        io->arena_keeper != NULL && io->teams != NULL) {
        arena_keeper_start(io);
        return PvmOk;
    }
    pvmi_fault_set(fault, PvmNoMem, NULL, "no memory to start");
    return PvmNoMem;
}

/* What needs the keeper to be there already. */
static int daemon_begin_kept(struct io *io, const struct daemon_options *options, const char *refused_wd,
                             int keeper_fd, pid_t keeper_pid, struct pvmi_fault *fault)
{
    int rc = io_open(io);

    io->own.first = options->first;
    io->own.number = options->number;
    io->own.suspect_ms = options->suspect_ms;
    io->own.dead_ms = options->dead_ms;
    io->own.name = pvmi_strdup(options->name);
    if (rc == PvmOk)
        rc = io->own.name != NULL ? own_identify(&io->own) : PvmNoMem;
    if (rc != PvmOk) {
        close(keeper_fd);
        pvmi_fault_set(fault, rc, NULL, "cannot make a key pair: %s", pvmi_error_text(rc));
        return rc;
    }
    rc = folder_take(options->name, options->first, io->own.run, &io->folder, fault);
    if (rc != PvmOk) {
        close(keeper_fd);
        return rc;
    }
    folder_sweep(io->folder);
    daemon_open_log(io, options, refused_wd);
    rc = daemon_make_objects(io, keeper_fd, keeper_pid, fault);
    return rc == PvmOk ? daemon_listen(io, options, fault) : rc;
}

int daemon_begin(struct io *io, const struct daemon_options *options, struct pvmi_fault *fault)
{
    char *refused_wd;
    int keeper_fd;
    pid_t keeper_pid;
    int rc;

    rc = daemon_raise_limits(io, fault);
    if (rc != PvmOk)
        return rc;
    daemon_enter(options, &refused_wd);
    rc = keeper_fork(&io->own.files, &keeper_fd, &keeper_pid);
    if (rc != PvmOk)
        pvmi_fault_set(fault, rc, NULL, "cannot start the keeper: %s%s", strerror(errno), pvmi_limit_text(errno));
    else
        rc = daemon_begin_kept(io, options, refused_wd, keeper_fd, keeper_pid, fault);
    pvmi_free(refused_wd);
    return rc;
}

/* ---- the run ---- */

static int64_t daemon_clock(void *user)
{
    struct timespec now;

    (void)user;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int daemon_run(struct io *io, const struct daemon_options *options, const struct pvmi_rec_host *orderer)
{
    long tasks_max = pvmi_env_number(PVMI_ENV_PVM_MAX_TASKS, 0);
    char *ep = own_expand(options->ep != NULL ? options->ep : pvmi_env(PVMI_ENV_PVM_PATH));
    char *bx = own_expand(options->bx);
    char wd[4096];
    struct own_strings strings;
    uint64_t seed = 0;
    struct core_config config = {
        .first = options->first,
        .suspect_ms = (uint32_t)options->suspect_ms,
        .dead_ms = (uint32_t)options->dead_ms,
        .join_ms = DAEMON_JOIN_MS,
        .welcome_ms = (uint32_t)options->welcome_ms,
        .job_ms = (uint32_t)options->job_ms,
        .halt_ms = DAEMON_HALT_MS,
        .debug_mask = (int32_t)options->debug_mask,
        .tasks_max = tasks_max > 0 ? (int)tasks_max : 0,
        .ep = ep,
        .wd = getcwd(wd, sizeof(wd)),
        .bx = bx,
        .manager = pvmi_env(PVMI_ENV_PVM_RM),
        .tasker = pvmi_env(PVMI_ENV_PVM_TASKER),
        .hoster = pvmi_env(PVMI_ENV_PVM_HOSTER),
        .tracer = pvmi_env(PVMI_ENV_PVM_TRACER),
        .random = daemon_random,
        .random_user = &seed,
        .clock = daemon_clock,
    };
    int status;

    own_record(&io->own, options->speed, options->slots, options->launcher, &strings, &config.self);
    if (orderer != NULL)
        config.orderer = *orderer;
    if (pvmi_random_bytes(&seed, sizeof(seed)) != PvmOk ||
        pvmi_random_bytes(config.gate, sizeof(config.gate)) != PvmOk) {
        pvmi_log(PVMI_LOG_ERROR, "no random numbers from the system");
        status = 1;
    } else {
        listener_start(io->listener);
        keeper_link_start(io->keeper);
        status = io_run(io, &config);
    }
    pvmi_secret_wipe(config.gate, sizeof(config.gate));
    pvmi_free(ep);
    pvmi_free(bx);
    return status;
}

void daemon_end(struct io *io)
{
    io_close(io);
    own_fini(&io->own);
}
