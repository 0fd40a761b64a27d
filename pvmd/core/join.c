/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adding hosts, at the orderer. All lines at once; io limits how many starts run at a time.
 *
 *   STARTING (or with a hoster, hoster.c) --its daemon has printed its ready line--> LINKING --either side reached the other-->
 *   WELCOMING --it has taken the snapshot: cmd_host_add is ordered--> member
 *   any --failure, or no link within join_ms--> failed: the daemon is told to end, its key is forgotten
 *
 * And at the host that joins: it dials the orderer until the welcome has come, and gives up after a while.
 */
#include "pvmd/core/join.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/hoster.h"
#include "pvmd/core/join_failed.h"
#include "pvmd/core/join_request.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_hosts.h"
#include "wire/tid.h"

/* ---- this host joins ---- */

static uint32_t welcome_ms(const struct core *core)
{
    return core->config.welcome_ms != 0 ? core->config.welcome_ms : 2 * core->config.join_ms;
}

void join_begin(struct core *core)
{
    const struct pvmi_rec_host *orderer = &core->orderer->rec;
    struct peer *peer = peer_new(core, orderer->number, orderer->incarnation, orderer->name);

    if (peer == NULL) {
        core_out_of_memory(core);
        return;
    }
    action_peer_set(core, orderer, 0);
    core->join_deadline_ms = core->now_ms + welcome_ms(core);
    core_wake_at(core, core->join_deadline_ms);
    peer_touch(core, &peer->channels[PVMI_CHANNEL_CONTROL]);
}

static void join_deadline(struct core *core)
{
    struct pvmi_fault fault;

    if (core->ready || core->halting || core->join_deadline_ms == CORE_NEVER)
        return;
    if (core->now_ms < core->join_deadline_ms) {
        core_wake_at(core, core->join_deadline_ms);
        return;
    }
    pvmi_fault_set(&fault, PvmCantStart, NULL,
                   "the first host, %s, did not let this host in within %u s: is a firewall between them?",
                   core->orderer->rec.name, (unsigned)(welcome_ms(core) / 1000));
    halt_begin(core, false, fault.text);
}

/* ---- one host ---- */

void launch_free(struct launch *launch)
{
    pvmi_list_remove(&launch->link);
    host_free(launch->host);
    for (int i = 0; i < 4; i++)
        pvmi_free(launch->words[i]);
    pvmi_free(launch->name);
    pvmi_free(launch);
}

struct launch *join_find_number(struct core *core, int number)
{
    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->number == number)
            return launch;
    }
    return NULL;
}

struct launch *join_find_handle(struct core *core, uint64_t handle)
{
    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->handle == handle)
            return launch;
    }
    return NULL;
}

static bool launch_named(struct core *core, const char *name)
{
    PVMI_LIST_EACH(node, &core->launches) {
        if (strcmp(PVMI_CONTAINER(node, struct launch, link)->name, name) == 0)
            return true;
    }
    return false;
}

/* Numbers come round as late as possible. 0 when all are in use. */
static int number_next(struct core *core)
{
    for (int tries = 0; tries < PVMI_HOST_MAX; tries++) {
        int number = core->next_number;

        core->next_number = number >= PVMI_HOST_MAX ? core_self(core) + 1 : number + 1;
        if (number <= PVMI_HOST_MAX && host_find(&core->state, number) == NULL &&
            peer_find(core, number) == NULL && join_find_number(core, number) == NULL)
            return number;
    }
    return 0;
}

/* Where nothing was started the number is as new. */
static void number_back(struct core *core, const struct launch *launch, int code)
{
    bool untouched = code == PvmNoHost || code == PvmDupHost || code == PvmBadParam || code == PvmNoMem;

    if (launch->host == NULL && untouched && launch->number + 1 == core->next_number)
        core->next_number--;
}

static void launch_end(struct core *core, const struct launch *launch, bool keep)
{
    struct core_action *action = action_add(core, CORE_ACTION_LAUNCH_END, launch->handle);

    if (action != NULL)
        action->launch_end.keep = keep;
}

void join_fail(struct core *core, struct launch *launch, const struct pvmi_fault *fault)
{
    struct peer *peer = peer_find(core, launch->number);
    struct add *add = launch->add;
    int index = launch->index;
    char *name = launch->name;

    number_back(core, launch, fault->code);
    launch_end(core, launch, false);
    if (launch->host != NULL) {
        if (peer != NULL && !peer->member)
            peer_free(core, peer);
        action_peer_drop(core, launch->number, launch->host->rec.incarnation);
    }
    launch->name = NULL;
    launch_free(launch);
    add_result(core, add, index, name, fault->code, fault);
    pvmi_free(name);
}

static struct launch *launch_new(struct core *core, struct add *add, int index, const char *name)
{
    struct launch *launch = core_alloc(core, sizeof(*launch));

    if (launch == NULL)
        return NULL;
    pvmi_list_init(&launch->link);
    launch->name = core_strdup(core, name);
    if (launch->name == NULL) {
        pvmi_free(launch);
        return NULL;
    }
    do {
        launch->handle = core_random(core);
    } while (launch->handle < UINT32_MAX || join_find_handle(core, launch->handle) != NULL);
    launch->add = add;
    launch->index = index;
    launch->deadline_ms = CORE_NEVER;
    pvmi_list_push(&core->launches, &launch->link);
    return launch;
}

/* Takes spec. */
static void launch_begin(struct core *core, struct launch *launch, struct hostspec *spec)
{
    struct core_action *action = action_add(core, CORE_ACTION_LAUNCH, launch->handle);

    if (action == NULL) {
        hostspec_free(spec);
        return;
    }
    action->launch.spec = spec;
    action->launch.number = launch->number;
    action->launch.ticket = launch->handle;
    action->launch.hoster_ms = hoster_begin(core, launch, spec);
    for (size_t i = 0; i < sizeof(action->launch.secret); i += sizeof(uint64_t)) {
        uint64_t random = core_random(core);

        memcpy(action->launch.secret + i, &random, sizeof(random));
    }
}

/* Takes spec. */
static void add_host(struct core *core, struct add *add, int index, struct hostspec *spec)
{
    struct pvmi_fault fault;
    struct launch *launch = NULL;

    if (host_by_name(&core->state, spec->name) != NULL)
        pvmi_fault_set(&fault, PvmDupHost, core->self->rec.name, "%s is in the virtual machine already", spec->name);
    else if (launch_named(core, spec->name))
        pvmi_fault_set(&fault, PvmDupHost, core->self->rec.name,
                       "%s is being added already: conf shows it once it is there; if that fails, add it again",
                       spec->name);
    else if (core->halting)
        pvmi_fault_set(&fault, PvmSysErr, core->self->rec.name, "the virtual machine is halting");
    else if ((launch = launch_new(core, add, index, spec->name)) == NULL)
        pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "no memory to add %s", spec->name);
    else if ((launch->number = number_next(core)) == 0)
        pvmi_fault_set(&fault, PvmOutOfRes, core->self->rec.name,
                       "no more than %d hosts can be in a virtual machine: delete some first",
                       PVMI_HOST_MAX);
    if (launch == NULL || launch->number == 0) {
        if (launch != NULL)
            launch_free(launch);
        add_failed(core, add, index, spec->name, &fault);
        hostspec_free(spec);
        return;
    }
    add->undecided++;
    launch_begin(core, launch, spec);
}

/* ---- lines ---- */

static const struct hostspec *known_find(const struct core *core, const char *name)
{
    PVMI_LIST_EACH(node, &core->known) {
        const struct hostspec *spec = PVMI_CONTAINER(node, struct hostspec, link);

        if (strcmp(spec->name, name) == 0)
            return spec;
    }
    return NULL;
}

/* From the host file: remembered, and started unless it says "not now". Takes spec. */
static int add_from_file(struct core *core, struct add *add, int index, struct hostspec *spec)
{
    struct hostspec *copy;

    if (strcmp(spec->name, "*") == 0) {
        hostspec_free(core->defaults);
        core->defaults = spec;
        return PvmOk;
    }
    if (core->defaults != NULL && hostspec_inherit(spec, core->defaults) != PvmOk) {
        hostspec_free(spec);
        return PvmNoMem;
    }
    copy = hostspec_copy(spec);
    if (copy == NULL) {
        hostspec_free(spec);
        return PvmNoMem;
    }
    pvmi_list_push(&core->known, &copy->link);
    if (spec->deferred || strcmp(spec->name, core->self->rec.name) == 0)
        hostspec_free(spec);
    else
        add_host(core, add, index, spec);
    return PvmOk;
}

/* Asked for by a task. Takes spec. */
static int add_from_task(struct core *core, struct add *add, int index, struct hostspec *spec)
{
    const struct hostspec *known = known_find(core, spec->name);
    struct pvmi_fault fault;

    if (known == NULL)
        known = core->defaults;
    if (known != NULL && hostspec_inherit(spec, known) != PvmOk) {
        hostspec_free(spec);
        return PvmNoMem;
    }
    if (strcmp(spec->name, "*") == 0) {
        pvmi_fault_set(&fault, PvmBadParam, core->self->rec.name,
                       "\"*\" names no host: it belongs into a host file");
        add_failed(core, add, index, spec->name, &fault);
        hostspec_free(spec);
        return PvmOk;
    }
    add_host(core, add, index, spec);
    return PvmOk;
}

static void add_line(struct core *core, struct add *add, int index, const char *line, bool file)
{
    struct pvmi_list specs;
    struct pvmi_list *node;
    struct pvmi_fault fault;
    char text[sizeof(fault.text)];
    int column = 0;

    pvmi_list_init(&specs);
    pvmi_fault_clear(&fault);
    line = line != NULL ? line : "";
    int rc = hostspec_parse(line, &specs, &column, &fault);
    if (rc == PvmNoMem && core_release_reserve(core))
        rc = hostspec_parse(line, &specs, &column, &fault);
    if (rc == PvmBadParam) {
        snprintf(text, sizeof(text), "%s", fault.text);
        pvmi_fault_set(&fault, rc, core->self->rec.name, "line %d, column %d: %s", index + 1, column, text);
    } else if (rc == PvmOk && pvmi_list_empty(&specs) && !file) {
        rc = PvmBadParam;
        pvmi_fault_set(&fault, rc, core->self->rec.name, "the line names no host");
    }
    while (rc == PvmOk && (node = pvmi_list_pop(&specs)) != NULL) {
        struct hostspec *spec = PVMI_CONTAINER(node, struct hostspec, link);

        rc = file ? add_from_file(core, add, index, spec) : add_from_task(core, add, index, spec);
    }
    while ((node = pvmi_list_pop(&specs)) != NULL)
        hostspec_free(PVMI_CONTAINER(node, struct hostspec, link));
    if (rc == PvmNoMem)
        pvmi_fault_set(&fault, rc, core->self->rec.name, "no memory to add hosts");
    if (rc != PvmOk)
        add_failed(core, add, index, line, &fault);
}

void join_add(struct core *core, const struct asker *asker, int32_t tid, const struct pvmi_strings *lines, bool file)
{
    struct add *add;

    if (!file && (lines->n < 1 || lines->n > PVMI_HOST_MAX)) {
        asker_fail(core, asker, PvmBadParam, "%u hosts cannot be added in one request", lines->n);
        return;
    }
    if (!core_is_orderer(core))
        return;
    add = add_new(core, asker, lines->n);
    if (add == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory to add hosts");
        return;
    }
    add->tid = tid;
    for (uint32_t i = 0; i < lines->n; i++)
        add_line(core, add, (int)i, lines->v[i], file);
    add_decided(core, add);
}

/* ---- its daemon runs ---- */

static const struct host *member_like(struct core *core, const struct pvmi_rec_host *rec)
{
    PVMI_LIST_EACH(node, &core->state.hosts) {
        const struct host *host = PVMI_CONTAINER(node, struct host, link);

        if (host->rec.incarnation == rec->incarnation ||
            (host->rec.key.length == rec->key.length && rec->key.length > 0 &&
             memcmp(host->rec.key.data, rec->key.data, rec->key.length) == 0))
            return host;
    }
    return NULL;
}

static void launch_link(struct core *core, struct launch *launch, const struct pvmi_rec_host *ready)
{
    struct pvmi_rec_host rec = *ready;
    const struct host *other = member_like(core, ready);
    struct pvmi_fault fault;
    struct peer *peer;

    if (other != NULL) {
        pvmi_fault_set(&fault, PvmDupHost, core->self->rec.name,
                       "the daemon that answered for %s is that of %s", launch->name, other->rec.name);
        join_fail(core, launch, &fault);
        return;
    }
    rec.number = launch->number;
    rec.name = launch->name;
    launch->host = host_new(core, &rec);
    peer = launch->host != NULL ? peer_new(core, rec.number, rec.incarnation, rec.name) : NULL;
    if (peer == NULL) {
        pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "no memory to add %s", launch->name);
        join_fail(core, launch, &fault);
        return;
    }
    launch->state = LAUNCH_LINKING;
    launch->deadline_ms = core->now_ms + core->config.join_ms;
    core_wake_at(core, launch->deadline_ms);
    action_peer_set(core, &launch->host->rec, launch->handle);
    peer_touch(core, &peer->channels[PVMI_CHANNEL_CONTROL]);
}

void join_on_launched(struct core *core, struct core_event *event)
{
    struct launch *launch = join_find_handle(core, event->handle);

    if (launch == NULL || launch->state >= LAUNCH_LINKING)
        return;
    if (event->launched.fault.code != PvmOk)
        join_fail(core, launch, &event->launched.fault);
    else
        launch_link(core, launch, &event->launched.host);
    hoster_ask_all(core);
}

void join_on_dial_failed(struct core *core, struct peer *peer, const char *text)
{
    struct launch *launch = join_find_number(core, peer->number);

    if (launch != NULL)
        snprintf(launch->dialled, sizeof(launch->dialled), "%s", text);
}

void join_on_link(struct core *core, struct peer *peer)
{
    struct launch *launch = join_find_number(core, peer->number);

    if (launch == NULL || launch->state != LAUNCH_LINKING)
        return;
    launch->state = LAUNCH_WELCOMING;
    state_send_welcome(core, peer, launch->number);
}

void join_on_welcomed(struct core *core, struct peer *peer)
{
    struct launch *launch = join_find_number(core, peer->number);
    struct pvmi_msg_cmd_host_add cmd;
    struct pvmi_fault fault;

    if (launch == NULL || launch->state != LAUNCH_WELCOMING)
        return;
    cmd.host = launch->host->rec;
    int rc = state_order(core, PVMI_MSG_cmd_host_add, &cmd);
    if (rc == PvmOk)
        return;
    pvmi_fault_set(&fault, rc, core->self->rec.name, "no memory to add %s", launch->name);
    join_fail(core, launch, &fault);
}

void join_on_member(struct core *core, int number)
{
    struct launch *launch = join_find_number(core, number);

    if (launch == NULL)
        return;
    launch_end(core, launch, true);
    failed_host_forget(core, launch->name);
    add_fresh(core, launch->add, launch);
    add_result(core, launch->add, launch->index, launch->name, pvmi_tid_of_host(number), NULL);
}

/* ---- what time brings ---- */

/* Both ways are named: it may be one firewall or the other. */
static void launch_unreached(struct core *core, struct launch *launch)
{
    const struct pvmi_rec_host *its = &launch->host->rec;
    const struct pvmi_rec_host *our = &core->self->rec;
    struct pvmi_fault fault;

    pvmi_fault_set(
        &fault, PvmCantStart, core->self->rec.name,
        "%s's daemon was started, but within %u s neither reached the other: %s at %s port %u, %s at %s "
        "port %u: is a firewall between them?%s%s%s",
        launch->name, (unsigned)(core->config.join_ms / 1000), launch->name,
        its->addresses.n > 0 ? its->addresses.v[0] : "?", (unsigned)its->port, our->name,
        our->addresses.n > 0 ? our->addresses.v[0] : "?", (unsigned)our->port,
        launch->dialled[0] != '\0' ? " (" : "", launch->dialled, launch->dialled[0] != '\0' ? ")" : "");
    join_fail(core, launch, &fault);
}

/* A loop that was late, because the computer slept, has not yet read what came in time. */
static void join_extend(struct core *core, uint64_t late_ms)
{
    if (core->join_deadline_ms != CORE_NEVER)
        core->join_deadline_ms += late_ms;
    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->deadline_ms != CORE_NEVER)
            launch->deadline_ms += late_ms;
    }
}

void join_timers(struct core *core, uint64_t late_ms)
{
    if (late_ms > core->config.suspect_ms / 2)
        join_extend(core, late_ms);
    join_deadline(core);
    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->deadline_ms <= core->now_ms && launch->state == LAUNCH_ORDERED)
            hoster_late(core, launch);
        else if (launch->deadline_ms <= core->now_ms)
            launch_unreached(core, launch);
        else if (launch->deadline_ms != CORE_NEVER)
            core_wake_at(core, launch->deadline_ms);
    }
    add_timers(core);
}

void join_abandon_all(struct core *core)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmSysErr, core->self->rec.name, "the virtual machine is halting");
    while (!pvmi_list_empty(&core->launches))
        join_fail(core, PVMI_CONTAINER(core->launches.next, struct launch, link), &fault);
}

void join_asker_gone(struct core *core, int32_t tid, int number)
{
    struct pvmi_fault fault;

    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);
        int32_t asker = launch->add->tid;

        if (asker == 0 || (tid != 0 ? asker != tid : pvmi_tid_host(asker) != number))
            continue;
        pvmi_fault_set(&fault, PvmNoTask, core->self->rec.name, "t%x, which asked for it, has ended", (unsigned)asker);
        join_fail(core, launch, &fault);
    }
}

void join_free_all(struct core *core)
{
    PVMI_LIST_EACH(node, &core->launches)
        launch_free(PVMI_CONTAINER(node, struct launch, link));
    PVMI_LIST_EACH(node, &core->adds)
        add_free(PVMI_CONTAINER(node, struct add, link));
    PVMI_LIST_EACH(node, &core->known)
        hostspec_free(PVMI_CONTAINER(node, struct hostspec, link));
    hostspec_free(core->defaults);
    failed_hosts_free(core);
}
