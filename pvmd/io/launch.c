/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/launch.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "pvmd/io/own.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/watch.h"

#define LAUNCH_AT_A_TIME 32
#define LAUNCH_GO_MS 10000        /* for a launcher whose host is in to end by itself */
#define LAUNCH_KILL_MS 2000       /* from SIGTERM to SIGKILL */

struct launches {
    struct pvmi_list all;    /* in the order of their actions */
    bool filling;            /* inside launches_next() */
};

static void launches_next(struct io *io);

struct launches *launches_new(void)
{
    struct launches *launches = pvmi_calloc(1, sizeof(*launches));

    if (launches != NULL)
        pvmi_list_init(&launches->all);
    return launches;
}

/* ---- the end of one ---- */

static void launch_free(struct launch *launch)
{
    pvmi_list_remove(&launch->node);
    resolve_cancel(launch->resolve);
    launch_close(launch);
    alarm_free(launch->alarm);
    hostspec_free(launch->spec);
    pvmi_free(launch->command);
    pvmi_free(launch->target);
    pvmi_secret_wipe(launch->secret, sizeof(launch->secret));
    pvmi_free(launch);
}

void launches_free(struct launches *launches)
{
    if (launches == NULL)
        return;
    PVMI_LIST_EACH(node, &launches->all) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, node);

        if (launch->pid > 0) {
            kill(-launch->pid, SIGKILL);
            waitpid(launch->pid, NULL, 0);
        }
        launch_free(launch);
    }
    pvmi_free(launches);
}

void launch_finish(struct launch *launch, uint64_t limit_ms)
{
    launch->step = LAUNCH_ENDING;
    launch_close_in(launch);
    if (launch->pid == 0)
        launch_free(launch);
    else if (launch->alarm != NULL)
        alarm_set(launch->alarm, limit_ms);
}

static void launch_kill(struct launch *launch)
{
    if (launch->pid > 0 && !launch->reaped)
        kill(-launch->pid, SIGTERM);
    launch->killed = true;
    launch_finish(launch, LAUNCH_KILL_MS);
}

void launch_fail(struct launch *launch, const struct pvmi_fault *fault)
{
    struct io *io = launch->io;
    struct core_event *event = io_event(io, CORE_EVENT_LAUNCHED, launch->handle);

    memset(&event->launched, 0, sizeof(event->launched));
    event->launched.fault = *fault;
    peers_drop_ticket(io->peers, launch->ticket);
    launch_kill(launch);
    io_post(io, event);
    launches_next(io);
}

/* The next one whose launcher has ended. */
static struct launch *launches_reap(struct io *io, int *ret_status)
{
    PVMI_LIST_EACH(node, &io->launches->all) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, node);

        if (launch->pid > 0 && waitpid(launch->pid, ret_status, WNOHANG) == launch->pid)
            return launch;
    }
    return NULL;
}

void launches_on_child(struct io *io)
{
    struct launch *launch;
    int status;

    while ((launch = launches_reap(io, &status)) != NULL)
        launch_on_exit(launch, status);
}

static void launch_on_alarm(void *owner)
{
    struct launch *launch = owner;

    if (launch->step == LAUNCH_RUNNING) {
        launch_on_no_answer(launch);
    } else if (launch->step == LAUNCH_ENDING && launch->pid > 0) {
        kill(-launch->pid, launch->killed ? SIGKILL : SIGTERM);
        launch->killed = true;
        alarm_set(launch->alarm, LAUNCH_KILL_MS);
    }
}

/* The one that has waited longest; NULL when none does, or there is no place. */
static struct launch *launches_first_waiting(struct io *io)
{
    struct launch *first = NULL;
    int running = 0;

    PVMI_LIST_EACH(node, &io->launches->all) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, node);

        running += launch->step == LAUNCH_RUNNING;
        if (launch->step == LAUNCH_WAITING && first == NULL)
            first = launch;
    }
    return running < LAUNCH_AT_A_TIME ? first : NULL;
}

/* Runs those that wait, as long as there are places. One that fails at once comes here again: only the
 * outermost call works. */
static void launches_next(struct io *io)
{
    struct launch *launch;

    if (io->stopping || io->launches->filling)
        return;
    io->launches->filling = true;
    while ((launch = launches_first_waiting(io)) != NULL)
        launch_run(launch);
    io->launches->filling = false;
}

/* ---- which host it is ---- */

static const char *launch_target(const struct launch *launch)
{
    return launch->spec->ip != NULL ? launch->spec->ip : launch->spec->name;
}

static bool launch_shares_address(const struct launch *launch, const struct launch *other)
{
    if (strcmp(launch_target(launch), launch_target(other)) == 0)
        return true;
    for (int i = 0; i < launch->address_count; i++)
        for (int k = 0; k < other->address_count; k++)
            if (strcmp(launch->addresses[i], other->addresses[k]) == 0)
                return true;
    return false;
}

/* Who has this host already; NULL for nobody. One behind it that may be a second daemon there is no hindrance. */
static const char *launch_holder(const struct launch *launch, const char **ret_address)
{
    struct io *io = launch->io;
    const char *name;
    bool behind = false;

    *ret_address = launch_target(launch);
    PVMI_LIST_EACH(node, &io->launches->all) {
        const struct launch *other = PVMI_CONTAINER(node, struct launch, node);

        behind = behind || other == launch;
        if (other != launch && !(behind && other->spec->overload) && other->step != LAUNCH_ENDING && !launch_is_local(other->spec) &&
            launch_shares_address(launch, other))
            return other->spec->name;
    }
    for (int i = 0; i < launch->address_count; i++) {
        *ret_address = launch->addresses[i];
        if (own_has_address(&io->own, launch->addresses[i]))
            return io->own.name;
        if (peers_has_address(io->peers, launch->addresses[i], &name))
            return name;
    }
    return NULL;
}

/* True when it may go on. Of a host whose name only ssh knows this cannot be told. */
static bool launch_is_new(struct launch *launch)
{
    struct pvmi_fault fault;
    const char *address;
    const char *holder;

    if (launch->spec->overload || launch_is_local(launch->spec))
        return true;
    holder = launch_holder(launch, &address);
    if (holder == NULL)
        return true;
    pvmi_fault_set(&fault, PvmDupHost, NULL,
                   "%s (%s) is host %s already; \"$ %s\" starts a second pvmd there, via=local one here",
                   launch->spec->name, address, holder, launch->spec->name);
    launch_fail(launch, &fault);
    return false;
}

static void launch_on_resolved(void *owner, char (*addresses)[64], int count, const char *why)
{
    struct launch *launch = owner;
    struct pvmi_fault fault;

    launch->resolve = NULL;
    if (count == 0 && !launch_ssh_is_builtin() && launch->hoster_ms == 0) {
        pvmi_fault_set(&fault, PvmNoHost, NULL, "%s: %s; correct it, or give ip=ADDRESS", launch_target(launch),
                       why);
        launch_fail(launch, &fault);
        return;
    }
    launch->address_count = count;
    if (count > 0)
        memcpy(launch->addresses, addresses, (size_t)count * sizeof(launch->addresses[0]));
    if (!launch_is_new(launch))
        return;
    if (launch->hoster_ms != 0) {
        launch_ask(launch);
        return;
    }
    launch->step = LAUNCH_WAITING;
    launches_next(launch->io);
}

/* ---- what the core says ---- */

/* The host's secret, and how ssh gets there. */
static int launch_add_ticket(struct launch *launch)
{
    struct tunnel_way *way = NULL;

    if (!launch_is_local(launch->spec) && launch_ssh_is_builtin()) {
        way = tunnel_way_new(launch_target(launch), launch->spec->login);
        if (way == NULL)
            return PvmNoMem;
    }
    return peers_add_ticket(launch->io->peers, launch->ticket, launch->secret, way);
}

int launch_wait(struct launch *launch)
{
    if (launch_add_ticket(launch) != PvmOk)
        return PvmNoMem;
    launch->step = LAUNCH_WAITING;
    launches_next(launch->io);
    return PvmOk;
}

static int launch_begin(struct launch *launch)
{
    if (launch->alarm == NULL || (launch->hoster_ms == 0 && launch_add_ticket(launch) != PvmOk))
        return PvmNoMem;
    if (!launch_is_new(launch))
        return PvmOk;
    if (launch_is_local(launch->spec)) {
        launch->step = LAUNCH_WAITING;
        launches_next(launch->io);
        return PvmOk;
    }
    launch->resolve = resolve_start(launch->io, launch_target(launch), launch_on_resolved, launch);
    return launch->resolve != NULL ? PvmOk : PvmNoMem;
}

void launch_start(struct io *io, struct core_action *action)
{
    struct launch *launch = pvmi_calloc(1, sizeof(*launch));
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmNoMem, NULL, "no memory to start %s", action->launch.spec->name);
    if (launch == NULL) {
        struct core_event *event = io_event(io, CORE_EVENT_LAUNCHED, action->handle);

        memset(&event->launched, 0, sizeof(event->launched));
        event->launched.fault = fault;
        io_post(io, event);
        return;
    }
    launch->io = io;
    launch->handle = action->handle;
    launch->number = action->launch.number;
    launch->ticket = action->launch.ticket;
    memcpy(launch->secret, action->launch.secret, sizeof(launch->secret));
    launch->hoster_ms = action->launch.hoster_ms;
    launch->spec = action->launch.spec;
    action->launch.spec = NULL;
    pvmi_list_init(&launch->spec->link);
    launch_open(launch);
    launch->alarm = alarm_new(io->loop, launch_on_alarm, launch);
    pvmi_list_push(&io->launches->all, &launch->node);
    if (launch_begin(launch) != PvmOk)
        launch_fail(launch, &fault);
}

void launch_answer(struct io *io, struct core_action *action)
{
    PVMI_LIST_EACH(node, &io->launches->all) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, node);

        if (launch->handle == action->handle && launch->step == LAUNCH_ASKING) {
            launch_take_answer(launch, action->launch_answer.line);
            return;
        }
    }
}

bool launch_is_asked(const struct io *io, uint64_t ticket)
{
    PVMI_LIST_EACH(node, &io->launches->all) {
        const struct launch *launch = PVMI_CONTAINER(node, struct launch, node);

        if (launch->ticket == ticket && launch->step == LAUNCH_ASKING)
            return true;
    }
    return false;
}

void launch_end(struct io *io, uint64_t handle, bool keep)
{
    PVMI_LIST_EACH(node, &io->launches->all) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, node);

        if (launch->handle != handle || launch->step == LAUNCH_ENDING)
            continue;
        if (keep) {
            launch_finish(launch, LAUNCH_GO_MS);
        } else {
            peers_drop_ticket(io->peers, launch->ticket);
            launch_kill(launch);
        }
        launches_next(io);
        return;
    }
}
